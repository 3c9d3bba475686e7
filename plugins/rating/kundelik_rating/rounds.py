"""Keep where groups stand: read many at once, publish, write many at once; take a child out.

Whoever changes who is counted takes the school's gate first, so that a child that is being taken
out cannot slip onto a list that is being drawn.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from fractions import Fraction
from typing import Any, Final
from uuid import UUID

from kundelik_core.sdk import PluginTx
from kundelik_rating import rounds_sql as sql
from kundelik_rating.domain.measure import Scale, Spread
from kundelik_rating.domain.publish import (
    Child,
    Counted,
    Outcome,
    Snapshot,
    State,
    publish,
    without,
)
from kundelik_rating.exact import fraction, scale_of, text

__all__ = ["Round", "advance", "new_edition", "rolls", "save", "states", "take_gate", "take_out"]

Row = Mapping[str, Any]
Roll = Sequence[Child]

_BEGINNING: Final = State()


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """A group in a period. ``asked_on`` is the last set day that was seen to, None before any."""

    group: UUID
    year: int
    metric: str
    low: int
    high: int
    asked_on: date | None = None
    outcome: Outcome = Outcome.NOT_ENOUGH_DATA
    closed: bool = False
    state: State = _BEGINNING

    @property
    def scale(self) -> Scale:
        """Return what the group's results are measured on."""
        return scale_of(self.metric, self.low, self.high)


async def take_gate(tx: PluginTx, school_id: int) -> None:
    """Wait until nobody else changes who is counted at the school, and keep others waiting."""
    await tx.execute(sql.GATE_THERE, school_id)
    await tx.execute(sql.GATE, school_id)


async def new_edition(tx: PluginTx, school_id: int) -> None:
    """Say that something of what families see is another now; within the gate."""
    await tx.execute(sql.EDITION, school_id)


async def rolls(
    tx: PluginTx, groups: Collection[UUID], period: str, day: date
) -> dict[UUID, list[Child]]:
    """Return who of each group may be counted, with their exact results of the period so far."""
    ids = list(groups)
    results = {
        (row["group_id"], row["student_id"]): row
        for row in await tx.fetch(sql.RESULTS, ids, period)
    }
    found: dict[UUID, list[Child]] = defaultdict(list)
    for group, student in {
        (row["group_id"], row["student_id"]) for row in await tx.fetch(sql.ROLL, ids, day)
    }:
        row = results.get((group, student))
        exact = None if row is None else Fraction(int(row["top"]), int(row["bottom"]))
        found[group].append(Child(id=student, result=exact, marks=row["marks"] if row else 0))
    return found


async def states(tx: PluginTx, groups: Collection[UUID], period: str) -> dict[UUID, Round]:
    """Return where groups stand in a period; those that nobody asked for yet are not there."""
    rows: dict[UUID, list[Row]] = defaultdict(list)
    for row in await tx.fetch(sql.STATES, list(groups), period):
        rows[row["group_id"]].append(row)
    return {group: _round(there) for group, there in rows.items()}


def _round(rows: Sequence[Row]) -> Round:
    first = rows[0]
    counted = (
        Counted(id=row["student_id"], result=fraction(row["result"]), marks=row["marks"])
        for row in rows
        if row["student_id"] is not None
    )
    return Round(
        group=first["group_id"],
        year=first["school_year"],
        metric=first["metric"],
        low=first["scale_low"],
        high=first["scale_high"],
        asked_on=first["asked_on"],
        outcome=Outcome(first["outcome"]),
        closed=first["closed"],
        state=State(
            counted=tuple(sorted(counted, key=lambda one: one.id)),
            nameless=tuple(map(fraction, first["nameless"])),
            latest=_latest(first),
            alike=first["alike"],
        ),
    )


def _latest(row: Row) -> Snapshot | None:
    """Return the last snapshot without anybody's standing: what follows does not ask for those."""
    if row["number"] is None:
        return None
    return Snapshot(
        number=row["number"],
        day=row["day"],
        middle=fraction(row["middle"]),
        spread=Spread(row["spread"]) if row["spread"] else None,
        standings={},
    )


def advance(before: Round, roll: Roll, due: date, today: date, *, closing: bool) -> Round:
    """Return the round after a day of publication; nothing is written."""
    step = publish(before.state, roll, today, scale=before.scale, closing=closing)
    state = step.state
    if closing:
        # Nothing is measured any more, so nothing of those who went is needed.
        state = replace(state, nameless=())
    return replace(before, asked_on=due, outcome=step.outcome, closed=closing, state=state)


async def save(
    tx: PluginTx, school_id: int, period: str, pairs: Collection[tuple[Round, Round]]
) -> None:
    """Write what became of rounds, each with how it was before."""
    after = [new for _old, new in pairs]
    if not after:
        return
    await tx.execute(
        sql.SAVE_ROUNDS,
        school_id,
        period,
        [one.group for one in after],
        [one.year for one in after],
        [one.metric for one in after],
        [one.low for one in after],
        [one.high for one in after],
        [one.asked_on for one in after],
        [one.outcome.value for one in after],
        [one.state.alike for one in after],
        [one.closed for one in after],
        [" ".join(map(text, one.state.nameless)) for one in after],
    )
    await _strike(tx, period, pairs)
    await _add_snapshots(tx, school_id, period, [new for old, new in pairs if _is_new(old, new)])
    await new_edition(tx, school_id)


def _is_new(old: Round, new: Round) -> bool:
    before, after = old.state.latest, new.state.latest
    return after is not None and (before is None or after.number > before.number)


async def _strike(tx: PluginTx, period: str, pairs: Iterable[tuple[Round, Round]]) -> None:
    gone = [
        (new.group, child)
        for old, new in pairs
        for child in {one.id for one in old.state.counted} - {one.id for one in new.state.counted}
    ]
    if gone:
        groups, children = map(list, zip(*gone, strict=True))
        await tx.execute(sql.STRIKE, period, groups, children)


async def _add_snapshots(
    tx: PluginTx, school_id: int, period: str, rounds: Collection[Round]
) -> None:
    shown = [(one.group, one.state.latest) for one in rounds if one.state.latest]
    if not shown:
        return
    await tx.execute(
        sql.SAVE_SNAPSHOTS,
        school_id,
        period,
        [group for group, _one in shown],
        [one.number for _group, one in shown],
        [one.day for _group, one in shown],
        [text(one.middle) for _group, one in shown],
        [one.spread.value if one.spread else None for _group, one in shown],
    )
    lines = [
        (child.id, one.group, child.marks, latest.number, latest.standings[child.id])
        for one in rounds
        if (latest := one.state.latest)
        for child in one.state.counted
    ]
    await tx.execute(
        sql.SAVE_STANDINGS,
        school_id,
        period,
        [line[0] for line in lines],
        [line[1] for line in lines],
        [line[2] for line in lines],
        [line[3] for line in lines],
        [text(line[4].result) for line in lines],
        [line[4].band.value for line in lines],
    )


async def take_out(
    tx: PluginTx, school_id: int, student: UUID, left_by: date | None = None
) -> None:
    """Take a child off the lists of all open rounds; within the gate.

    With ``left_by`` only off those of groups in which the child is no longer after that day.
    """
    groups: dict[str, list[UUID]] = defaultdict(list)
    for row in await tx.fetch(sql.OPEN_OF, student, left_by):
        groups[row["period"]].append(row["group_id"])
    for period, there in groups.items():
        before = await states(tx, there, period)
        pairs = [
            (one, replace(one, state=without(one.state, {student}))) for one in before.values()
        ]
        await save(tx, school_id, period, pairs)
