"""Call one handler of one plugin by its address, wherever the plugin runs.

A runner knows nothing of schools' choices, budgets or failures: the dispatcher above it asks all
that, once for every channel. What goes in and what comes out is plain data.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final, Protocol

import msgspec

from kundelik_core.plugins.context import Ask, CallContext, Facades, PoolFor
from kundelik_core.plugins.declared import HandlerKind, HandlerRef
from kundelik_core.plugins.registry import Registry
from kundelik_core.sdk import (
    EVENTS,
    SERVICES,
    SLOTS,
    Away,
    CommandAnswer,
    CommandRequest,
    DemoRequest,
    Erased,
    Erasure,
    Event,
    File,
    ForSchool,
    Fragment,
    Health,
    Html,
    JobRun,
    JsonAnswer,
    NotFound,
    PageRequest,
    PageShown,
    PaymentQuery,
    PaymentsBetween,
    PaymentsSeen,
    PaymentStart,
    PaymentStarted,
    PaymentTrouble,
    PayoutReturn,
    PayoutSeen,
    PayoutStart,
    Record,
    Redirect,
    RefundSeen,
    RefundStart,
    RenewalEnd,
    RenewalPage,
    RenewalRest,
    RenewalSeen,
    SearchHit,
    SearchQuery,
    Subject,
    WebhookReply,
    WebhookRequest,
)

__all__ = [
    "LocalRunner",
    "Runner",
    "answer_type",
    "packed",
    "packed_answer",
    "payload_type",
    "plain_answer",
]

_PAYLOADS: Final[Mapping[tuple[HandlerKind, str], Any]] = MappingProxyType(
    {
        ("privacy", "export"): Subject,
        ("privacy", "erase"): Erasure,
        ("demo", "fill"): DemoRequest,
        ("payment", "start"): PaymentStart,
        ("payment", "status"): PaymentQuery,
        ("payment", "reconcile"): PaymentsBetween,
        ("payment", "refund"): RefundStart,
        ("payment", "end_renewal"): RenewalEnd,
        ("payment", "rest"): RenewalRest,
        ("payment", "page"): RenewalPage,
        ("payment", "payout"): PayoutStart,
        ("payment", "take_back"): PayoutReturn,
    }
)
_PAYLOAD_KINDS: Final[Mapping[HandlerKind, Any]] = MappingProxyType(
    {
        "page": PageRequest,
        "search": SearchQuery,
        "job": JobRun,
        "command": CommandRequest,
        "webhook": WebhookRequest,
        "lifecycle": None,
    }
)
_ANSWERS: Final[Mapping[tuple[HandlerKind, str], Any]] = MappingProxyType(
    {
        ("privacy", "export"): tuple[Record, ...],
        ("privacy", "erase"): Erased,
        ("lifecycle", "health"): Health,
        ("payment", "start"): PaymentStarted | PaymentTrouble,
        ("payment", "status"): PaymentsSeen | PaymentTrouble,
        ("payment", "reconcile"): PaymentsSeen | PaymentTrouble,
        ("payment", "refund"): RefundSeen | PaymentTrouble,
        ("payment", "end_renewal"): RenewalSeen | PaymentTrouble,
        ("payment", "rest"): RenewalSeen | PaymentTrouble,
        ("payment", "page"): PageShown | PaymentTrouble,
        ("payment", "payout"): PayoutSeen | PaymentTrouble,
        ("payment", "take_back"): PayoutSeen | PaymentTrouble,
    }
)
_ANSWER_KINDS: Final[Mapping[HandlerKind, Any]] = MappingProxyType(
    {
        "slot": Fragment | None,
        "search": tuple[SearchHit, ...],
        "page": Html | Redirect | Away | JsonAnswer | File | NotFound,
        "command": CommandAnswer,
        "webhook": WebhookReply | ForSchool,
    }
)
# What a handler may hand back, before it is looked at from within.
_SHAPES: Final[Mapping[tuple[HandlerKind, str], tuple[type, ...]]] = MappingProxyType(
    {("privacy", "export"): (list, tuple)}
)
_SHAPE_KINDS: Final[Mapping[HandlerKind, tuple[type, ...]]] = MappingProxyType(
    {"search": (list, tuple)}
)


class Runner(Protocol):
    """Call handlers; raises whatever the handler raises, or what keeps it from being reached."""

    async def call(self, ref: HandlerRef, call: CallContext, payload: object) -> object:
        """Return what the handler answers; without a payload it gets the context alone."""
        ...


class LocalRunner:
    """Call the handlers of plugins that run in this process."""

    def __init__(
        self, registry: Registry, pool_for: PoolFor | None = None, ask: Ask | None = None
    ) -> None:
        self._loaded = registry.loaded
        self._pool_for = pool_for
        self._ask = ask

    async def call(self, ref: HandlerRef, call: CallContext, payload: object) -> object:
        """Return what the handler answers; LookupError when there is no such handler here."""
        one = self._loaded[ref.plugin]
        handler = one.handlers[ref.kind, ref.name]
        ctx = Facades(
            ref.plugin,
            call,
            one.settings_model,
            one.declared.settings,
            self._pool_for,
            manifest=one.manifest,
            ask=self._ask,
        )
        return await (handler(ctx) if payload is None else handler(ctx, payload))


def payload_type(ref: HandlerRef) -> Any:  # noqa: ANN401 - a type, or None for no payload
    """Return the type of what a handler is given besides its context."""
    if ref.kind == "slot":
        return SLOTS[ref.name]
    if ref.kind == "event":
        generic: Any = Event  # which data is known when it runs, not before
        return generic[EVENTS[ref.name]]
    if ref.kind == "service":
        return SERVICES[ref.name][0]
    return _PAYLOADS.get((ref.kind, ref.name), _PAYLOAD_KINDS.get(ref.kind))


def answer_type(ref: HandlerRef) -> Any:  # noqa: ANN401 - a type, or None for no answer
    """Return the type of what a handler hands back."""
    if ref.kind == "service":
        return SERVICES[ref.name][1]
    return _ANSWERS.get((ref.kind, ref.name), _ANSWER_KINDS.get(ref.kind))


packed: Final = msgspec.msgpack.Encoder().encode
"""Pack anything plain."""

_fragment: Final = msgspec.msgpack.Decoder(Fragment).decode
_decoders: dict[tuple[HandlerKind, str], msgspec.msgpack.Decoder[Any]] = {}


def plain_answer(ref: HandlerRef, answer: object) -> Any:  # noqa: ANN401 - of answer_type(ref)
    """Return an answer as if it came from another process: whole, plain, of the right type.

    Raises:
        TypeError: it holds something that cannot be sent, or is of another type.
        msgspec.ValidationError: one of its values is of another type.
    """
    return packed_answer(ref, answer)[1]


def packed_answer(ref: HandlerRef, answer: object) -> tuple[bytes, Any]:
    """Return the same with its msgpack before it.

    Raises:
        TypeError: it holds something that cannot be sent, or is of another type.
        msgspec.ValidationError: one of its values is of another type.
    """
    if type(answer) is Fragment and ref.kind == "slot":  # what most answers are
        body = packed(answer)
        return body, _fragment(body)
    wanted = answer_type(ref)
    if wanted is None:
        if answer is not None:
            raise TypeError(f"returned {type(answer).__name__}, not None")
        return packed(None), None
    shape = _SHAPES.get((ref.kind, ref.name)) or _SHAPE_KINDS.get(ref.kind) or wanted
    if not isinstance(answer, shape):
        names = getattr(wanted, "__name__", str(wanted).replace("kundelik_core.sdk.", ""))
        raise TypeError(f"returned {type(answer).__name__}, not {names}")
    own = ref.kind == "service" or (ref.kind, ref.name) in _ANSWERS
    key = (ref.kind, ref.name if own else "")
    decoder = _decoders.get(key)
    if decoder is None:
        decoder = _decoders[key] = msgspec.msgpack.Decoder(wanted)
    body = packed(answer)
    return body, decoder.decode(body)
