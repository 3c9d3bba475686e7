"""Say what goes over the socket between the core and a plugin's process, in frames of plain data.

A frame is four bytes of length and that many bytes of msgpack. First each side proves that it
knows the secret of this plugin and installation; then calls and answers go side by side, by number.
Nothing here imports a plugin, waits, or trusts the other side.
"""

import hashlib
import hmac
import secrets
import struct
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Annotated, Any, Final, Literal, TypeAlias

import msgspec

from kundelik_core.plugins.context import CallContext
from kundelik_core.plugins.declared import Declared, HandlerKind
from kundelik_core.sdk import MAX_UPLOAD_BYTES

__all__ = [
    "ANSWER_BYTES",
    "HEAD",
    "MAX_CALL_BYTES",
    "MAX_FRAME_BYTES",
    "MAX_GREETING_BYTES",
    "NOTHING",
    "PROTOCOL",
    "Asked",
    "Call",
    "Cancel",
    "Done",
    "Failed",
    "Fault",
    "Frames",
    "FromCore",
    "FromHost",
    "Garbled",
    "Hello",
    "Proof",
    "Told",
    "Welcome",
    "frame",
    "from_core",
    "from_host",
    "length",
    "nonce",
    "proof",
    "proven",
]

PROTOCOL: Final = 2
"""The version of this very protocol; both ends come from one release, so it only has to differ."""

HEAD: Final = struct.Struct(">I")
NOTHING: Final = b"\xc0"
"""The msgpack of None: no payload, or no answer."""

_KB: Final = 1024
_MB: Final = 1024 * _KB

ANSWER_BYTES: Final[Mapping[HandlerKind, int]] = MappingProxyType(
    {
        "slot": 64 * _KB,
        "search": 64 * _KB,
        "page": 2 * _MB,
        "event": _KB,
        "job": _KB,
        "lifecycle": 16 * _KB,
        "privacy": 2 * _MB,
        "command": 256 * _KB,
        "demo": _KB,
        "webhook": 4 * _KB,
        "service": 64 * _KB,
        "payment": 64 * _KB,
    }
)
"""The most that one answer may weigh; the templates make HTML of it, which has bounds of its own"""

MAX_FRAME_BYTES: Final = max(ANSWER_BYTES.values()) + 64 * _KB
MAX_CALL_BYTES: Final = MAX_UPLOAD_BYTES + _MB
MAX_GREETING_BYTES: Final = 4 * _KB
"""The most that is read of somebody who has proven nothing yet."""

_NONCE: Final = 32
_Nonce: TypeAlias = Annotated[bytes, msgspec.Meta(min_length=_NONCE, max_length=_NONCE)]
_Line: TypeAlias = Annotated[str, msgspec.Meta(max_length=400)]

Fault: TypeAlias = Literal["raised", "misfit", "busy", "cancelled"]
"""Why there is no answer: the handler raised, what it returned does not fit, too much at once."""


class Garbled(Exception):
    """What came is no frame of this protocol, too large, or out of turn; the line is cut."""


class Hello(msgspec.Struct, frozen=True, tag=True, array_like=True):
    """The core's first words."""

    protocol: int
    api: str
    nonce: _Nonce


class Proof(msgspec.Struct, frozen=True, tag=True, array_like=True):
    """The core's proof that it is the core."""

    proof: bytes


class Call(msgspec.Struct, frozen=True, tag=True, array_like=True):
    """Call one handler; ``payload`` is of its ``payload_type``."""

    id: int
    kind: HandlerKind
    name: str
    context: CallContext
    payload: msgspec.Raw


class Cancel(msgspec.Struct, frozen=True, tag=True, array_like=True):
    """Nobody waits for this call any more. It still gets its one answer, whatever it is."""

    id: int


class Told(msgspec.Struct, frozen=True, tag=True, array_like=True):
    """The reply to a question of the host's; that of nobody is ``NOTHING``."""

    id: int
    value: msgspec.Raw


FromCore: TypeAlias = Hello | Proof | Call | Cancel | Told


class Welcome(msgspec.Struct, frozen=True, tag=True, array_like=True):
    """The host's first words: who it is, and what the plugin declares or why it is refused.

    ``confined`` says what the operating system keeps from it: files, network, signals.
    """

    protocol: int
    api: _Line
    sha256: _Line
    pid: int
    confined: tuple[_Line, ...]
    nonce: _Nonce
    proof: bytes
    declared: Declared | None
    refused: _Line = ""


class Done(msgspec.Struct, frozen=True, tag=True, array_like=True):
    """What a handler answered, of its ``answer_type``."""

    id: int
    value: msgspec.Raw


class Failed(msgspec.Struct, frozen=True, tag=True, array_like=True):
    """There is no answer: why, the name of the error, its text, and where it came from."""

    id: int
    fault: Fault
    error: _Line
    text: _Line
    trace: Annotated[str, msgspec.Meta(max_length=8192)] = ""


class Asked(msgspec.Struct, frozen=True, tag=True, array_like=True):
    """The handler of a call that is under way asks other plugins for a service."""

    id: int
    call: int
    service: _Line
    question: msgspec.Raw


FromHost: TypeAlias = Welcome | Done | Failed | Asked

_encode = msgspec.msgpack.Encoder().encode
_from_core: msgspec.msgpack.Decoder[FromCore] = msgspec.msgpack.Decoder(FromCore)
_from_host: msgspec.msgpack.Decoder[FromHost] = msgspec.msgpack.Decoder(FromHost)


def frame(message: FromCore | FromHost) -> bytes:
    """Return the bytes of a message."""
    body = _encode(message)
    return HEAD.pack(len(body)) + body


def length(head: bytes | bytearray, most: int) -> int:
    """Return how long the frame is that begins so.

    Raises:
        Garbled: longer than ``most``.
    """
    size: int = HEAD.unpack(head)[0]
    if size > most:
        raise Garbled(f"a frame of {size} bytes, where {most} are the most")
    return size


class Frames:
    """Cut what comes over a line into frames, of ``most`` bytes each at the most."""

    __slots__ = ("_rest", "most")

    def __init__(self, most: int) -> None:
        self.most = most
        self._rest = bytearray()

    def cut(self, data: bytes) -> Iterator[bytes]:
        """Yield each frame that is whole with ``data``; ``most`` may change in between.

        Raises:
            Garbled: longer than any frame may be; nothing that comes after it counts.
        """
        if not self._rest and len(data) >= HEAD.size:
            end = HEAD.size + length(data[: HEAD.size], self.most)
            if len(data) == end:  # as it mostly comes
                yield data[HEAD.size :]
                return
        rest = self._rest
        rest += data
        while len(rest) >= HEAD.size:
            end = HEAD.size + length(rest[: HEAD.size], self.most)
            if len(rest) < end:
                return
            body = bytes(rest[HEAD.size : end])
            del rest[:end]
            yield body


def from_core(body: bytes) -> FromCore:
    """Return what the core said.

    Raises:
        Garbled: it is not one of its messages.
    """
    message: FromCore = _decoded(_from_core, body)
    return message


def from_host(body: bytes) -> FromHost:
    """Return what a host said.

    Raises:
        Garbled: it is not one of its messages.
    """
    message: FromHost = _decoded(_from_host, body)
    return message


def _decoded(decoder: msgspec.msgpack.Decoder[Any], body: bytes) -> Any:  # noqa: ANN401 - as it is
    try:
        return decoder.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, OverflowError) as error:
        raise Garbled(str(error)[:200]) from error


def nonce() -> bytes:
    """Return bytes that were never there before."""
    return secrets.token_bytes(_NONCE)


def proof(key: bytes, side: Literal["core", "host"], theirs: bytes) -> bytes:
    """Return what shows that this side knows the key; ``theirs`` is the other side's nonce."""
    return hmac.digest(key, side.encode() + theirs, hashlib.sha256)


def proven(key: bytes, side: Literal["core", "host"], ours: bytes, given: bytes) -> bool:
    """Tell whether the other side knows the key."""
    return hmac.compare_digest(proof(key, side, ours), given)
