"""Call plugins with care: only where they are on, in time, apart from each other, at nobody's cost.

One place for every channel. The allow-list, the breaker, the budget and the error boundary are
here; how a handler is reached is the runner's to know.
"""

import logging
import traceback
from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final, Protocol, TypeAlias

import msgspec
from markupsafe import Markup

from kundelik_core.plugins.breaker import Board, LocalBoard
from kundelik_core.plugins.calls import Answer, Calls, Late, Raised
from kundelik_core.plugins.context import CallContext
from kundelik_core.plugins.database.grants import asking_of
from kundelik_core.plugins.declared import HandlerKind, HandlerRef
from kundelik_core.plugins.outcome import Outcome, OutcomeState, Report
from kundelik_core.plugins.registry import Registry, SlotEntry
from kundelik_core.plugins.runner import Runner, packed, packed_answer
from kundelik_core.plugins.scopes import within_scopes
from kundelik_core.plugins.shown import Shown
from kundelik_core.sdk import MAX_BUDGET_MS, SLOTS, Actor, Fragment, Html, SlotArgs, WebhookReply

__all__ = [
    "BUDGETS",
    "MAX_FRAGMENT_BYTES",
    "MAX_PAGE_BYTES",
    "Asked",
    "Dispatcher",
    "Equip",
    "RenderedFragment",
    "Renderer",
    "Settle",
    "log_failure",
]

MAX_FRAGMENT_BYTES: Final = 16 * 1024
"""The most HTML that one plugin may add to a page; a diary week as a whole may cost 60 KB."""

MAX_PAGE_BYTES: Final = 512 * 1024
"""The most HTML of one of a plugin's own pages."""

BUDGETS: Final[Mapping[HandlerKind, float]] = MappingProxyType(
    {
        "page": 10,
        "event": 10,
        "job": 60,
        "lifecycle": 30,
        "privacy": 60,
        "command": 600,
        "demo": 600,
        "webhook": 10,
        "service": 2,
        "payment": 8,
    }
)
"""How long a call may take, in seconds; events and jobs name their own."""

HEALTH_S: Final = 5

# What answers a question that a page has asked: a wish of theirs is left to the workers.
_ONLY_TOLD: Final = frozenset({"service", "payment", "privacy"})

Equip: TypeAlias = Callable[[str, CallContext], CallContext]
"""Adds what belongs to one plugin alone: the school's settings and a key to its database."""

Settle: TypeAlias = Callable[[str, int], Awaitable[None]]
"""Fulfils what a plugin has asked for in a school; never raises."""

_log = logging.getLogger(__name__)


class Renderer(Protocol):
    """Turn a fragment or a page into HTML, every value escaped."""

    def pieces(self, plugin: str, fragment: Fragment | Html, locale: str) -> Iterator[str]:
        """Yield the HTML piece by piece, so that too much of it can be stopped on the way."""
        ...

    def steady(self) -> bool:
        """Say whether the same values make the same HTML as before."""
        ...


class RenderedFragment(msgspec.Struct, frozen=True):
    """What one plugin adds to a page, ready to be put into a template."""

    plugin: str
    html: Markup


class Asked(msgspec.Struct, frozen=True):
    """One handler of several that are called side by side; only for whom ``permission`` is.

    ``fit`` turns what it hands back into what is shown; ValueError refuses it as a misfit.
    """

    ref: HandlerRef
    seconds: float
    permission: str | None
    fit: Callable[[Any, CallContext], object]


class _FailedError(Exception):
    """A call came to nothing."""

    def __init__(self, state: OutcomeState, error: BaseException) -> None:
        super().__init__(state)
        self.state, self.error = state, error


class _TooLargeError(Exception):
    """A template made more than may be shown."""


def _as_it_is(_plugin: str, call: CallContext) -> CallContext:
    return call


class Dispatcher:
    """Call the handlers of the plugins that are on for a school."""

    def __init__(
        self,
        registry: Registry,
        runner: Runner,
        renderer: Renderer,
        *,
        board: Board | None = None,
        report: Report | None = None,
        equip: Equip = _as_it_is,
        settle: Settle | None = None,
    ) -> None:
        self._registry = registry
        self._runner = runner
        self._renderer = renderer
        self._board = board or LocalBoard()
        self._report = report or log_failure
        self._equip = equip
        self._settle = settle
        # Those without any permission of their own, whoever asks.
        self._open = frozenset(
            name for name, one in registry.loaded.items() if not one.declared.permissions
        )
        self._calls = Calls()
        self._shown = Shown()

    async def render_slot(
        self, slot: str, args: SlotArgs, active: Collection[str], call: CallContext
    ) -> list[RenderedFragment]:
        """Return a slot's fragments in order, without those that fail or are late."""
        if type(args) is not SLOTS[slot]:
            raise TypeError(f"{slot} takes {SLOTS[slot].__name__}, not {type(args).__name__}")
        chosen: list[tuple[SlotEntry, CallContext, SlotArgs]] = []
        told: dict[frozenset[str], SlotArgs] = {}
        for entry in self._registry.slots(slot):
            plugin, reads = entry.ref.plugin, entry.reads
            if plugin not in active:
                continue
            own = self._own(plugin, call)
            if _permitted(entry.slot.permission, own) and self._board.admits(plugin):
                if reads not in told:
                    told[reads] = within_scopes(args, reads)
                chosen.append((entry, own, told[reads]))
        if not chosen:
            return []
        answers = await self._calls.run(
            [
                (
                    entry.ref,
                    self._runner.call(entry.ref, own, its),
                    min(entry.slot.budget_ms, MAX_BUDGET_MS) / 1000,
                )
                for entry, own, its in chosen
            ]
        )
        fragments = []
        steady = self._renderer.steady()
        for (entry, own, _its), answer in zip(chosen, answers, strict=True):
            ref = entry.ref
            try:
                html = self._fragment(ref, answer, own.locale, steady=steady)
            except _FailedError as failed:
                self._fail(ref, failed, own)
            else:
                self._board.record(ref.plugin, good=True)
                if html:
                    fragments.append(RenderedFragment(ref.plugin, html))
        return fragments

    async def together(
        self, asked: Sequence[Asked], payload: object, active: Collection[str], call: CallContext
    ) -> list[Outcome]:
        """Call several handlers side by side, each within its own time; this never raises.

        Those that are off, tripped or not for this person are not called, and not in the list.
        """
        chosen: list[tuple[Asked, CallContext]] = []
        for one in asked:
            plugin = one.ref.plugin
            if plugin in active and plugin in self._registry.loaded:
                own = self._own(plugin, call)
                if _permitted(one.permission, own) and self._board.admits(plugin):
                    chosen.append((one, own))
        answers = await self._calls.run(
            [(one.ref, self._runner.call(one.ref, own, payload), one.seconds)
             for one, own in chosen]
        )  # fmt: skip
        outcomes = []
        for (one, own), answer in zip(chosen, answers, strict=True):
            try:
                value = one.fit(_plain(one.ref, answer)[1], own)
            except _FailedError as failed:
                outcomes.append(self._fail(one.ref, failed, own))
            except ValueError as error:
                misfit = _FailedError(OutcomeState.MISFIT, error)
                outcomes.append(self._fail(one.ref, misfit, own))
            else:
                self._board.record(one.ref.plugin, good=True)
                outcomes.append(Outcome(ref=one.ref, state=OutcomeState.DONE, value=value))
        return outcomes

    async def call(
        self, ref: HandlerRef, payload: object, active: Collection[str], call: CallContext
    ) -> Outcome:
        """Call one handler of any other kind and return what came of it; this never raises.

        Without a payload (lifecycle) the handler gets its context alone. The caller has checked
        what is its own to check: the permission of a page, the school of an event.
        """
        if ref.plugin not in active or ref.plugin not in self._registry.loaded:
            return Outcome(ref=ref, state=OutcomeState.OFF)
        if not self._board.admits(ref.plugin):
            return Outcome(ref=ref, state=OutcomeState.TRIPPED)
        own = self._own(ref.plugin, call)
        (answer,) = await self._calls.run(
            [(ref, self._runner.call(ref, own, payload), self.budget(ref))]
        )
        try:
            _bytes, value = _plain(ref, answer)
        except _FailedError as failed:
            # Whether it failed does not matter: what it saved is saved.
            await self._fulfil(ref, own)
            return self._fail(ref, failed, own)
        await self._fulfil(ref, own, value)
        self._board.record(ref.plugin, good=True)
        return Outcome(ref=ref, state=OutcomeState.DONE, value=value)

    async def _fulfil(self, ref: HandlerRef, call: CallContext, value: object = None) -> None:
        """Do what the handler has asked the core for, before its answer goes on its way."""
        if self._settle is None or ref.kind in _ONLY_TOLD or call.school_id is None:
            return
        if type(value) is WebhookReply and value.then is not None:
            return  # nobody waits for it to be fulfilled, and the job that follows sees to it
        asking = asking_of(self._registry.loaded[ref.plugin].manifest)
        if asking == "credits" and ref.kind == "page" and ref.name.startswith("GET "):
            return  # to look at a page earns nobody a day; to come back from paying may
        if call.db_token and asking:
            await self._settle(ref.plugin, call.school_id)

    def render_page(self, ref: HandlerRef, page: Html, call: CallContext) -> Outcome:
        """Return the body of a page as Markup, to be put into the frame."""
        made = ref.plugin, call.locale, msgspec.msgpack.encode((page.template, page.context))
        steady = self._renderer.steady()
        html = self._shown.find(made) if steady else None
        if html is None:
            try:
                html = self._html(ref, page, call.locale, MAX_PAGE_BYTES)
            except _FailedError as failed:
                return self._fail(ref, failed, call)
            if steady:
                self._shown.keep(made, html)
        return Outcome(ref=ref, state=OutcomeState.DONE, value=html)

    def budget(self, ref: HandlerRef) -> float:
        """Return how long a call may take, in seconds."""
        one = self._registry.loaded.get(ref.plugin)
        if ref.kind == "event":
            subscription = self._registry.subscription(ref.plugin, ref.name)
            return subscription.timeout_s if subscription else BUDGETS["event"]
        if ref.kind == "job" and one is not None:
            found = (job.timeout_s for job in one.declared.jobs if job.name == ref.name)
            return next(found, BUDGETS["job"])
        if (ref.kind, ref.name) == ("lifecycle", "health"):
            return HEALTH_S
        # Somebody waits for the first as for a page; the second asks a provider.
        if (ref.kind, ref.name) in {("privacy", "export"), ("service", "payment.payout.v1")}:
            return BUDGETS["page"]
        return BUDGETS[ref.kind]

    def _own(self, plugin: str, call: CallContext) -> CallContext:
        """Return the call as one plugin may see it: with its own permissions, settings and key."""
        actor = call.actor
        if actor is not None and (actor.permissions or plugin not in self._open):
            codes = self._registry.permitted(plugin, actor.roles)
            if codes != actor.permissions:
                actor = Actor(
                    person_id=actor.person_id,
                    roles=actor.roles,
                    permissions=codes,
                    students=actor.students,
                )
                call = msgspec.structs.replace(call, actor=actor)
        return self._equip(plugin, call)

    def _fragment(self, ref: HandlerRef, answer: Answer, locale: str, *, steady: bool) -> Markup:
        """Return what a plugin shows in a place; empty when it shows nothing."""
        if answer is None:
            return Markup()
        if steady and type(answer) is Fragment:
            # What was packed to the same before was also whole and plain.
            html = self._shown.find((ref.plugin, locale, _packed(answer)))
            if html is not None:
                return html
        packed, fragment = _plain(ref, answer)
        html = self._html(ref, fragment, locale, MAX_FRAGMENT_BYTES)
        if steady:
            self._shown.keep((ref.plugin, locale, packed), html)
        return html

    def _html(self, ref: HandlerRef, made: Fragment | Html, locale: str, most: int) -> Markup:
        """Render a fragment or a page, as far as it may go."""
        parts: list[str] = []
        size = 0
        try:
            for piece in self._renderer.pieces(ref.plugin, made, locale):
                # There are at least as many bytes as letters: they are counted once it is whole.
                size += len(piece)
                if size > most:
                    raise _TooLargeError(f"is larger than {most} bytes")
                parts.append(piece)
            text = "".join(parts)
            if size * 4 > most and len(text.encode()) > most:
                raise _TooLargeError(f"is larger than {most} bytes")
        except (Exception, SystemExit) as error:
            raise _FailedError(OutcomeState.MISFIT, error) from error
        # Escaped already, by the renderer's autoescape.
        return Markup(text.strip())  # noqa: S704

    def _fail(self, ref: HandlerRef, failed: _FailedError, call: CallContext) -> Outcome:
        outcome = Outcome(ref=ref, state=failed.state, error=failed.error)
        # Before a message is proved anybody may have sent it, and nobody outside trips a plugin.
        if ref.kind != "webhook" or call.school is not None:
            self._board.record(ref.plugin, good=False)
        self._report(outcome, call)
        return outcome


def _packed(answer: Fragment) -> bytes:
    """Return the bytes of a fragment; none when it cannot be sent."""
    try:
        return packed(answer)
    except Exception:  # noqa: BLE001 - it is looked at once more, and told then
        return b""


def _plain(ref: HandlerRef, answer: Answer) -> tuple[bytes, Any]:
    """Return what a handler handed back, packed too; only what is whole and plain gets through."""
    # Not isinstance: it asks an object for its __class__, and a plugin's may answer anything.
    if type(answer) is Late:
        raise _FailedError(OutcomeState.LATE, TimeoutError())
    if type(answer) is Raised:
        raise _FailedError(OutcomeState.RAISED, answer.error)
    try:
        # There and back: only plain values get to the template, so none of them is markup.
        return packed_answer(ref, answer)
    except Exception as error:
        raise _FailedError(OutcomeState.MISFIT, error) from error


def _permitted(wanted: str | None, own: CallContext) -> bool:
    return wanted is None or (own.actor is not None and own.actor.may(wanted))


def log_failure(outcome: Outcome, call: CallContext) -> None:
    """Write down what failed, for the operator and the vendor."""
    ref = outcome.ref
    error = outcome.error if outcome.state is not OutcomeState.LATE else None
    if ref.kind == "webhook" and error is not None:
        # Where it was, without its words: they may quote a message that nobody is to read.
        notes = getattr(error, "__notes__", ())  # where it was in a process of its own
        _log.warning("%s", "".join([*traceback.format_tb(error.__traceback__), *map(str, notes)]))
        error = None
    _log.warning(
        "plugin %s %s in %s %s of school %s: %s [%s]",
        ref.plugin,
        "was late" if outcome.state is OutcomeState.LATE else "failed",
        ref.kind,
        ref.name,
        call.school_id,
        type(outcome.error).__name__,
        call.request_id,
        exc_info=error,
    )
