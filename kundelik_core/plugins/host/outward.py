"""Let what runs in a plugin's process reach outside through the gate, whichever library it uses.

Names that may be reached are looked up to addresses that nobody has, and a connection to one of
those is asked of the gate: so ``http.client``, a vendor's SDK or asyncio need not know. This only
makes it work; that nothing else is reached is the fence's doing and the gate's.
"""

import asyncio
import errno
import itertools
import json
import os
import socket
from collections.abc import Iterable
from typing import Any, Final

from typing_extensions import override

__all__ = ["Outward", "OutwardLoop"]

_SECONDS: Final = 12.0
_MESSAGE: Final = 1024
# For measuring networks (RFC 2544): no host of the Internet has one of these.
_NOBODYS: Final = "198.18.{}.{}"
_TCP: Final = (0, socket.SOCK_STREAM)

_look_up: Final = socket.getaddrinfo
_connect: Final = socket.socket.connect


class Outward:
    """What is outside, for a process whose ``control`` leads to the gate.

    ``names`` are those that may be reached; ``own`` is looked up and connected as ever, for the
    database.
    """

    def __init__(self, control: socket.socket, names: Iterable[str], own: str = "") -> None:
        self._control, self._own = control, own
        numbers = itertools.count(1)
        self._stands_for = {name: _NOBODYS.format(*divmod(next(numbers), 256)) for name in names}
        self._names = {address: name for name, address in self._stands_for.items()}
        # Somebody may connect to an address that the operator added without looking it up.
        self._names |= {name: name for name in self._stands_for if _is_address(name)}

    def take_over(self) -> None:
        """Have the standard library's sockets ask here first."""
        socket.getaddrinfo = self.getaddrinfo
        outward = self

        def connect(self: socket.socket, address: Any) -> None:  # noqa: ANN401 - as theirs
            outward.connect(self, address)

        def connect_ex(self: socket.socket, address: Any) -> int:  # noqa: ANN401 - as theirs
            try:
                outward.connect(self, address)
            except OSError as error:
                return error.errno or errno.EACCES
            return 0

        socket.socket.connect = connect  # type: ignore[assignment,method-assign]
        socket.socket.connect_ex = connect_ex  # type: ignore[assignment,method-assign]

    def getaddrinfo(
        self,
        host: bytes | str | None,
        port: bytes | str | int | None,
        family: int = 0,
        type: int = 0,  # noqa: A002 - as theirs
        proto: int = 0,
        flags: int = 0,
    ) -> list[tuple[Any, ...]]:
        """Look a name up, as ``socket.getaddrinfo`` does.

        Raises:
            socket.gaierror: it may not be reached, or is not known.
        """
        name = (host.decode("idna") if isinstance(host, bytes) else host or "").lower().rstrip(".")
        address = self._stands_for.get(name)
        if address is not None and type in _TCP:
            found = _look_up(address, port, 0, socket.SOCK_STREAM, proto, flags)
        elif not name or name == self._own or _is_address(name) or type not in _TCP:
            found = _look_up(host, port, family, type, proto, flags)
        else:
            raise socket.gaierror(
                socket.EAI_NONAME, f"{name} does not stand under uses.http_out of this plugin"
            )
        return list(found)

    def leads(self, made: socket.socket, address: object) -> bool:
        """Tell whether a connection is the gate's to make."""
        return (
            made.family in {socket.AF_INET, socket.AF_INET6}
            and bool(made.type & socket.SOCK_STREAM)
            and isinstance(address, tuple)
            and address[0] in self._names
        )

    def connect(self, made: socket.socket, address: Any) -> None:  # noqa: ANN401 - as theirs
        """Connect, as ``socket.connect`` does; waits, also where the socket says not to.

        Raises:
            OSError: the gate does not let it through, or nobody answers.
        """
        if not self.leads(made, address):
            _connect(made, address)
            return
        got = self._ask(self._names[address[0]], address[1], made.gettimeout())
        try:
            os.set_blocking(got, os.get_blocking(made.fileno()))
            os.dup2(got, made.fileno(), inheritable=False)
        finally:
            os.close(got)

    def _ask(self, name: str, port: int, seconds: float | None) -> int:
        mine, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with mine:
            with theirs:
                message = json.dumps([name, port]).encode()
                socket.send_fds(self._control, [message], [theirs.fileno()])
            mine.settimeout(min(seconds or _SECONDS, _SECONDS))
            answer, fds, _flags, _address = socket.recv_fds(mine, _MESSAGE, 1)
        if fds:
            return fds[0]
        if not answer:
            raise ConnectionAbortedError(errno.ECONNABORTED, "the way to the network has ended")
        number, text = json.loads(answer)
        raise OSError(number, text)


class OutwardLoop(asyncio.SelectorEventLoop):
    """A loop whose own connections go that way too, without its standing still meanwhile."""

    def __init__(self, outward: Outward) -> None:
        super().__init__()
        self._outward = outward

    @override
    async def sock_connect(self, sock: socket.socket, address: Any) -> None:
        if self._outward.leads(sock, address):
            await self.run_in_executor(None, self._outward.connect, sock, address)
        else:
            await super().sock_connect(sock, address)


def _is_address(name: str) -> bool:
    for family in (socket.AF_INET, socket.AF_INET6):
        try:
            socket.inet_pton(family, name)
        except OSError:
            continue
        return True
    return False
