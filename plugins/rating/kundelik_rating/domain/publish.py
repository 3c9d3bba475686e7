"""Publish a group's standing: on set days, as snapshots that never change, for a fixed list.

Who is counted in a period is settled once. Whoever leaves or opts out goes on standing in the sums
with the result that was last published, without a name; whoever comes waits for the next period.
So no two snapshots of a period differ by a child that came or went.
"""

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, replace
from datetime import date
from enum import Enum
from fractions import Fraction
from types import MappingProxyType
from typing import Final
from uuid import UUID

from kundelik_rating.domain.measure import (
    FEWEST,
    SEVERAL,
    Band,
    Scale,
    Spread,
    band_of,
    fresh_needed,
    measure,
    varied,
)

__all__ = [
    "SETTLED",
    "Child",
    "Counted",
    "Outcome",
    "Snapshot",
    "Standing",
    "State",
    "Step",
    "publish",
    "without",
]

SETTLED: Final = 3
"""So many marks make a result that is worth comparing; three quarters of a group need them."""


class Outcome(Enum):
    """What came of a day of publication; the refusals are told to families as they are."""

    PUBLISHED = "published"
    # The snapshot before stays; nobody is told that, or why, there was no newer one.
    KEPT = "kept"
    SMALL_GROUP = "small_group"
    AT_CLOSE = "at_close"
    # Too few have results yet, or the results hardly differ: never which, it would tell of others.
    NOT_ENOUGH_DATA = "not_enough_data"


@dataclass(frozen=True, slots=True, kw_only=True)
class Child:
    """One child of the group whose family lets it be counted.

    ``result`` is the period's so far, in the scheme's metric; None before there is one. ``marks``
    grows with each mark behind it, also with one that leaves the result as it was.
    """

    id: UUID
    result: Fraction | None
    marks: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What a snapshot holds of one child, for that child's family."""

    result: Fraction
    band: Band


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """One publication of a group; ``standings`` are by child, and each goes to its own family."""

    number: int
    day: date
    middle: Fraction
    spread: Spread | None
    standings: Mapping[UUID, Standing]


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """One child as last published."""

    id: UUID
    result: Fraction
    marks: int


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """Where a group stands within one period.

    ``counted`` is the list of the period as far as it still has names, ``nameless`` the last
    results of those who went. ``alike`` is set once the results hardly differed.
    """

    counted: tuple[Counted, ...] = ()
    nameless: tuple[Fraction, ...] = ()
    latest: Snapshot | None = None
    alike: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What one day of publication brought, and the state to keep."""

    outcome: Outcome
    state: State


def publish(
    state: State, roll: Sequence[Child], day: date, *, scale: Scale, closing: bool = False
) -> Step:
    """Publish a group if that may be, else say why not; ``roll`` are those who may be counted.

    ``closing`` is set from the day on which the period is over: then nothing is worth waiting for.
    """
    if state.latest is not None:
        return _again(state, state.latest, roll, day, scale)
    if len(roll) < FEWEST:
        return Step(outcome=Outcome.SMALL_GROUP, state=state)
    if len(roll) < SEVERAL and not closing:
        return Step(outcome=Outcome.AT_CLOSE, state=state)
    return _first(state, roll, day, scale, closing=closing)


def without(state: State, gone: Set[UUID]) -> State:
    """Take the names of those who left or opted out off the list of the period, for good.

    To be called at once when a family opts out, so that no newer result can reach the sums.
    """
    results = (one.result for one in state.counted if one.id in gone)
    return replace(
        state,
        counted=tuple(one for one in state.counted if one.id not in gone),
        # Sorted: the order would tell who went first.
        nameless=tuple(sorted([*state.nameless, *results])),
    )


def _first(state: State, roll: Sequence[Child], day: date, scale: Scale, *, closing: bool) -> Step:
    """Settle the list of the period, once enough of the group has results."""
    counted = _with_results(roll)
    # A list drawn too early would shut out, for a whole period, those who are marked later.
    settled = sum(one.marks >= SETTLED for one in counted)
    early = 4 * settled < 3 * len(roll) or len(counted) < SEVERAL
    if len(counted) < FEWEST or state.alike or (early and not closing):
        return Step(outcome=Outcome.NOT_ENOUGH_DATA, state=state)
    # Asked once in a period: in a small group two answers can tell what all others have.
    if not varied([one.result for one in counted]):
        return Step(outcome=Outcome.NOT_ENOUGH_DATA, state=replace(state, alike=True))
    return _published(replace(state, counted=counted), 1, day, scale)


def _again(state: State, latest: Snapshot, roll: Sequence[Child], day: date, scale: Scale) -> Step:
    """Measure the same list anew, once so many have new marks that no change points at anybody."""
    here = {child.id: child for child in roll}
    kept = without(state, {one.id for one in state.counted} - here.keys())
    now = tuple(_newer(one, here[one.id]) for one in kept.counted)
    size = len(now) + len(kept.nameless)
    fresh = sum(old != new for old, new in zip(kept.counted, now, strict=True))
    if len(now) < FEWEST or size < SEVERAL or fresh < fresh_needed(size):
        return Step(outcome=Outcome.KEPT, state=kept)
    return _published(replace(kept, counted=now), latest.number + 1, day, scale)


def _published(state: State, number: int, day: date, scale: Scale) -> Step:
    """Return the step with a snapshot of the list as it now is."""
    group = measure([*(one.result for one in state.counted), *state.nameless], scale)
    snapshot = Snapshot(
        number=number,
        day=day,
        middle=group.middle,
        spread=group.spread,
        standings=MappingProxyType(
            {
                one.id: Standing(result=one.result, band=band_of(one.result, group))
                for one in state.counted
            }
        ),
    )
    return Step(outcome=Outcome.PUBLISHED, state=replace(state, latest=snapshot))


def _with_results(roll: Sequence[Child]) -> tuple[Counted, ...]:
    return tuple(
        Counted(id=child.id, result=child.result, marks=child.marks)
        for child in sorted(roll, key=lambda child: child.id)
        if child.result is not None
    )


def _newer(old: Counted, child: Child) -> Counted:
    """Return the child as it is now; a result that was taken back stays as it was published."""
    if child.result is None:
        return old
    return Counted(id=old.id, result=child.result, marks=child.marks)
