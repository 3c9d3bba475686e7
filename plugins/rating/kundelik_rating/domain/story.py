"""Put snapshots together as one family sees them: over time, and across subjects."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import Enum
from fractions import Fraction
from typing import Final
from uuid import UUID

import msgspec

from kundelik_rating.domain.measure import Band, Spread
from kundelik_rating.domain.publish import Outcome, Snapshot

__all__ = ["Line", "Look", "Missing", "Turn", "look", "places", "profile", "turn"]


class Turn(Enum):
    """How the own band went between the last two snapshots that show it."""

    UP = "up"
    SAME = "same"
    DOWN = "down"


class Missing(Enum):
    """Why a family sees nothing of a group; each is told as it is."""

    SMALL_GROUP = "small_group"
    AT_CLOSE = "at_close"
    NOT_ENOUGH_DATA = "not_enough_data"
    NOT_COUNTED = "not_counted"


_REFUSED: Final = {
    Outcome.SMALL_GROUP: Missing.SMALL_GROUP,
    Outcome.AT_CLOSE: Missing.AT_CLOSE,
}
_HEIGHT: Final = {Band.LOWER: 0, Band.MIDDLE: 1, Band.UPPER: 2}


class Look(msgspec.Struct, frozen=True, kw_only=True):
    """All that a family sees of one snapshot: nothing of this is another child's."""

    day: date
    result: Fraction
    band: Band
    middle: Fraction
    spread: Spread | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One subject of the profile: what is seen of it, or why nothing."""

    subject: str
    seen: Look | Missing


def look(snapshot: Snapshot | None, child: UUID, outcome: Outcome) -> Look | Missing:
    """Return what the child's family sees; ``outcome`` is what the last day of publication brought.

    Whoever is not on the list of the period sees nothing of the group: they came after it was
    drawn, or their family does not want them counted.
    """
    if snapshot is None:
        return _REFUSED.get(outcome, Missing.NOT_ENOUGH_DATA)
    own = snapshot.standings.get(child)
    if own is None:
        return Missing.NOT_COUNTED
    return Look(
        day=snapshot.day,
        result=own.result,
        band=own.band,
        middle=snapshot.middle,
        spread=snapshot.spread,
    )


def turn(looks: Sequence[Look]) -> Turn | None:
    """Return how the band went between the last two; None where there is only one."""
    if len(looks) < 2:
        return None
    before, after = (_HEIGHT[one.band] for one in looks[-2:])
    if before == after:
        return Turn.SAME
    return Turn.UP if after > before else Turn.DOWN


def profile(subjects: Mapping[str, Look | Missing]) -> tuple[Line, ...]:
    """Return the subjects side by side in the given order.

    Bands of subjects are never added up: a sum over subjects would be one more number on a group.
    """
    return tuple(Line(subject=subject, seen=seen) for subject, seen in subjects.items())


def places(results: Mapping[UUID, Fraction]) -> dict[UUID, int]:
    """Return exact places, the best first, equal ones alike: for staff, where the school allows."""
    ordered = sorted(results.values(), reverse=True)
    return {child: ordered.index(result) + 1 for child, result in results.items()}
