"""Leave a plugin alone for a while when too many of its calls fail: a circuit breaker.

The rules are pure functions over a frozen state. A board keeps the states; the one here lives in
the process, tells of every change, and takes over what it hears from elsewhere, so that a table can
hold what all processes know.
"""

import time
from collections.abc import Callable
from typing import Final, Literal, Protocol, TypeAlias

import msgspec

__all__ = [
    "OPEN_S",
    "WINDOW_S",
    "Board",
    "BreakerState",
    "LocalBoard",
    "Phase",
    "admit",
    "record",
    "tripped",
]

Phase: TypeAlias = Literal["closed", "open", "half_open"]

WINDOW_S: Final = 300
"""How far back failures count, in seconds."""

OPEN_S: Final = 120
"""How long a plugin is left alone before one call tries it again, in seconds."""

MIN_FAILURES: Final = 20
MIN_SHARE: Final = 35
"""It opens at this many failures that are at least this share of all calls, in percent."""

_BUCKET_S: Final = 30

_Bucket: TypeAlias = tuple[int, int, int]


class BreakerState(msgspec.Struct, frozen=True):
    """What is known of one plugin: its phase, since when, and calls by half minutes.

    A bucket is (its number, good calls, failures); times are seconds since 1970. In ``half_open``
    one call is under way that decides.
    """

    phase: Phase = "closed"
    since: float = 0.0
    buckets: tuple[_Bucket, ...] = ()


_CLOSED: Final = BreakerState()


def admit(state: BreakerState, at: float) -> tuple[BreakerState, bool]:
    """Return whether a call may be made, and the state with it under way."""
    if state.phase == "closed":
        return state, True
    # Also in half_open: the call that was to decide may have been lost with its process.
    if at - state.since >= OPEN_S:
        return BreakerState("half_open", at), True
    return state, False


def record(state: BreakerState, good: bool, at: float) -> BreakerState:
    """Return the state after a call came to its end."""
    if state.phase == "half_open":
        return BreakerState("closed", at) if good else tripped(at)
    if state.phase == "open":
        return state  # a call from before; it has been judged with the others
    buckets = _added(state.buckets, int(at // _BUCKET_S), int(good), int(not good))
    if good:
        return BreakerState("closed", state.since, buckets)
    failures = sum(bucket[2] for bucket in buckets)
    calls = failures + sum(bucket[1] for bucket in buckets)
    if failures >= MIN_FAILURES and failures * 100 >= calls * MIN_SHARE:
        return tripped(at)
    return BreakerState("closed", state.since, buckets)


def _added(
    buckets: tuple[_Bucket, ...], number: int, good: int, failures: int
) -> tuple[_Bucket, ...]:
    last = buckets[-1] if buckets else None
    # A clock that was set back goes into the last bucket rather than before it.
    if last is not None and last[0] >= number:
        return (*buckets[:-1], (last[0], last[1] + good, last[2] + failures))
    oldest = number - WINDOW_S // _BUCKET_S
    kept = tuple(bucket for bucket in buckets if bucket[0] > oldest)
    return (*kept, (number, good, failures))


def tripped(at: float) -> BreakerState:
    """Return the state of a plugin that is left alone from now on."""
    return BreakerState("open", at)


class Board(Protocol):
    """Keep the breakers of all plugins, as the dispatcher asks them; neither call may wait."""

    def admits(self, plugin: str) -> bool:
        """Say whether a call may be made; if so, ``record`` is called at its end."""
        ...

    def record(self, plugin: str, good: bool) -> None:
        """Note how a call ended."""
        ...


class _Run(msgspec.Struct):
    """Good calls of one half minute that are not in the state yet: most calls are good."""

    number: int
    until: float
    good: int = 0


OnChange = Callable[[str, BreakerState], None]
"""Is told of a plugin whose phase changed; it must not wait nor raise."""


class LocalBoard:
    """The breakers of one process.

    ``on_change`` hears of each change of phase, to write it where other processes read; ``adopt``
    takes over what they wrote, or what an operator decided. The time is the real one: a demo whose
    clock stands still has to get its plugins back too.
    """

    def __init__(
        self, on_change: OnChange | None = None, clock: Callable[[], float] = time.time
    ) -> None:
        self._states: dict[str, BreakerState] = {}
        self._runs: dict[str, _Run] = {}
        self._on_change = on_change
        self._clock = clock

    def admits(self, plugin: str) -> bool:
        """Say whether a call may be made."""
        state = self._states.get(plugin)
        if state is None or state.phase == "closed":
            return True
        after, admitted = admit(state, self._clock())
        self._put(plugin, state, after)
        return admitted

    def record(self, plugin: str, good: bool) -> None:
        """Note how a call ended."""
        at = self._clock()
        if good:
            run = self._runs.get(plugin)
            # Also by a clock that was set back, as in ``record``.
            if run is not None and at < run.until:
                run.good += 1
                return
        state = self.state(plugin)
        after = record(state, good, at)
        self._put(plugin, state, after)
        if good and after.phase == "closed" and after.buckets:
            # The bucket that took it in takes in what follows; a trial's end leaves none.
            number = after.buckets[-1][0]
            self._runs[plugin] = _Run(number, (number + 1) * _BUCKET_S)

    def state(self, plugin: str) -> BreakerState:
        """Return what is known of a plugin."""
        state, run = self._states.get(plugin, _CLOSED), self._runs.pop(plugin, None)
        if run is not None and run.good:
            buckets = _added(state.buckets, run.number, run.good, 0)
            state = self._states[plugin] = BreakerState(state.phase, state.since, buckets)
        return state

    def adopt(self, plugin: str, state: BreakerState) -> None:
        """Take over a state from elsewhere, without telling of it again."""
        self._runs.pop(plugin, None)
        self._states[plugin] = state

    def _put(self, plugin: str, before: BreakerState, after: BreakerState) -> None:
        self._states[plugin] = after
        if after.phase != before.phase and self._on_change is not None:
            self._on_change(plugin, after)
