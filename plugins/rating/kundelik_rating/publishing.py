"""Publish the groups of a school whose day has come, some dozens of groups in a transaction."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import islice
from typing import Final

from kundelik_core.sdk import PluginContext, PluginTx
from kundelik_rating.domain.credit import Period
from kundelik_rating.domain.publish import Outcome
from kundelik_rating.domain.schedule import Rhythm, closing_day, due_day
from kundelik_rating.rounds import Round, advance, rolls, save, states, take_gate
from kundelik_rating.rounds_sql import GROUPS
from kundelik_rating.store import codes_of, year_of
from kundelik_rating.store_sql import PERIODS

__all__ = ["Due", "due_periods", "groups_due", "periods_of", "publish_due"]

AT_ONCE: Final = 60
"""So many groups in a transaction: a family that opts out meanwhile waits less than a second."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """A period one of whose days has come."""

    year: int
    period: Period
    day: date
    closing: bool


async def periods_of(tx: PluginTx, year: int) -> list[Period]:
    """Return the periods of a school year without the year itself, which is never compared."""
    rows = await tx.fetch(PERIODS, year)
    return [
        Period(code=row["period"], first=row["begin_date"], last=row["end_date"]) for row in rows
    ]


def due_periods(periods: Sequence[Period], year: int, rhythm: Rhythm, today: date) -> Iterator[Due]:
    """Yield the periods that are to be seen to, each with the latest of its days that has come."""
    for one in periods:
        day = due_day(one.first, one.last, rhythm, today)
        if day is not None:
            yield Due(year=year, period=one, day=day, closing=day == closing_day(one.last))


async def groups_due(tx: PluginTx, due: Due, left_out: str) -> list[Round]:
    """Return the groups that were not seen to on that day, as rounds that have not begun."""
    codes = codes_of(left_out)
    rows = await tx.fetch(GROUPS, due.year, due.period.code, due.day)
    return [
        Round(
            group=row["group_id"],
            year=due.year,
            metric=row["rating_metric"],
            low=row["scale_low"],
            high=row["scale_high"],
        )
        for row in rows
        if row["subject_code"].casefold() not in codes
    ]


async def publish_due(ctx: PluginContext, today: date) -> dict[Outcome, int]:
    """Do all that is due, and return how many groups came to what.

    A run that broke off has left whole groups done and whole groups not; the next one goes on.
    """
    done = dict.fromkeys(Outcome, 0)
    year = year_of(today)
    async with ctx.db.read() as tx:
        periods = await periods_of(tx, year)
    for due in due_periods(periods, year, ctx.settings.rhythm, today):
        async with ctx.db.read() as tx:
            waiting = iter(await groups_due(tx, due, ctx.settings.left_out))
        while some := [*islice(waiting, AT_ONCE)]:
            async with ctx.db.write() as tx:
                for one in await _publish(tx, ctx.school.id, due, some, today):
                    done[one.outcome] += 1
    return done


async def _publish(
    tx: PluginTx, school_id: int, due: Due, fresh: Sequence[Round], today: date
) -> list[Round]:
    await take_gate(tx, school_id)
    # Read behind the gate: another run may have been here since the groups were looked for.
    ids = [one.group for one in fresh]
    known = await states(tx, ids, due.period.code)
    found = await rolls(tx, ids, due.period.code, min(today, due.period.last))
    pairs: list[tuple[Round, Round]] = []
    for one in fresh:
        before = known.get(one.group, one)
        if before.closed or (before.asked_on is not None and before.asked_on >= due.day):
            continue
        roll = sorted(found.get(one.group, ()), key=lambda child: child.id)
        after = advance(before, roll, due.day, today, closing=due.closing)
        pairs.append((before, after))
    await save(tx, school_id, due.period.code, pairs)
    return [after for _before, after in pairs]
