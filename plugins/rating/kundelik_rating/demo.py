"""Publish a demo school as if the plugin had been there all year, by the very method of real ones.

What is invented are the results of weeks before: a little beside those of today.
"""

import random
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from fractions import Fraction
from typing import Final
from uuid import UUID

from kundelik_core.sdk import DemoRequest, PluginContext, PluginTx
from kundelik_rating.domain.credit import Period
from kundelik_rating.domain.publish import Child
from kundelik_rating.domain.schedule import closing_day, publication_days
from kundelik_rating.publishing import Due, groups_due, periods_of
from kundelik_rating.rounds import Round, advance, rolls, save, take_gate
from kundelik_rating.store import set_choice, year_of

__all__ = ["fill"]

_PUPILS: Final = """
select distinct e.student_id from core_api.enrolment_v1 e where e.kind = 'class' order by 1
"""
_SHY: Final = 25
"""Of so many families one does not let its child see the rating."""

_WEEKS: Final = 5
_FEW: Final = 20
_AT_ONCE: Final = 40


async def fill(ctx: PluginContext, request: DemoRequest) -> None:
    """Publish the last weeks of each period of the year up to today, and let families choose."""
    dice = random.Random(request.seed)
    today = ctx.clock.today()
    year = year_of(today)
    async with ctx.db.write() as tx:
        periods = await periods_of(tx, year)
        pupils = [row["student_id"] for row in await tx.fetch(_PUPILS)]
        for pupil in dice.sample(pupils, -(-len(pupils) // _SHY)):
            await set_choice(tx, ctx.school.id, pupil, today=today, hidden=True)
    for period in periods:
        days = publication_days(period.first, period.last, ctx.settings.rhythm)
        past = [day for day in days if day <= today][-_WEEKS:]
        if not past:
            continue
        due = Due(year=year, period=period, day=past[-1], closing=past[-1] == days[-1])
        async with ctx.db.read() as tx:
            groups = await groups_due(tx, due, ctx.settings.left_out)
        if request.size == "small":
            groups = groups[:_FEW]
        for at in range(0, len(groups), _AT_ONCE):
            async with ctx.db.write() as tx:
                await take_gate(tx, ctx.school.id)
                await _weeks(tx, ctx.school.id, period, past, groups[at : at + _AT_ONCE], dice)


async def _weeks(
    tx: PluginTx,
    school_id: int,
    period: Period,
    days: Sequence[date],
    fresh: Sequence[Round],
    dice: random.Random,
) -> None:
    last = min(days[-1], period.last)
    found = await rolls(tx, [one.group for one in fresh], period.code, last)
    now: Mapping[UUID, Round] = {one.group: one for one in fresh}
    for left, day in zip(reversed(range(len(days))), days, strict=True):
        closing = day == closing_day(period.last)
        pairs = []
        for group, before in now.items():
            roll = [_earlier(child, before, left, dice) for child in found.get(group, ())]
            pairs.append((before, advance(before, roll, day, day, closing=closing)))
        await save(tx, school_id, period.code, pairs)
        now = {new.group: new for _old, new in pairs}


def _earlier(child: Child, group: Round, weeks: int, dice: random.Random) -> Child:
    """Return a child as it may have been some weeks before."""
    if child.result is None:
        return child
    unit = (group.scale.high - group.scale.low) / 100
    moved = child.result + dice.randint(-2 * weeks, 2 * weeks) * unit
    held = max(group.scale.low, min(group.scale.high, Fraction(moved)))
    return replace(child, result=held, marks=max(3, child.marks + _WEEKS - weeks))
