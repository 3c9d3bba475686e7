"""Do at night what nobody waits for: publish, give days back, clear away."""

from datetime import date, timedelta
from typing import Final

from kundelik_core.sdk import JobRun, PluginContext
from kundelik_rating.crediting import credit_due
from kundelik_rating.domain.publish import Outcome
from kundelik_rating.publishing import publish_due
from kundelik_rating.rounds import take_gate
from kundelik_rating.store import year_of

__all__ = ["publish_night"]

KEPT_YEARS: Final = 1
"""So many school years besides the running one are kept, for families to look back."""

# A period that nobody closed, say because the school was away: its nameless results are done with.
_OVER: Final = timedelta(days=14)
_CLOSE: Final = """
update round k set closed = true, nameless = '{}'
  from core_api.period_v1 p
 where not k.closed and p.school_year = k.school_year and p.period = k.period and p.end_date < $1
"""
_LINES: Final = """
delete from standing s using round k
 where k.school_id = s.school_id and k.group_id = s.group_id and k.period = s.period
   and k.school_year < $1
"""
_SNAPSHOTS: Final = """
delete from snapshot n using round k
 where k.school_id = n.school_id and k.group_id = n.group_id and k.period = n.period
   and k.school_year < $1
"""
_CLEAR: Final = (
    _LINES,
    _SNAPSHOTS,
    "delete from round where school_year < $1",
    "delete from credit where school_year < $1",
)
_CAME_BACK: Final = "delete from opt_out where until < $1"


async def publish_night(ctx: PluginContext, run: JobRun) -> None:  # noqa: ARG001 - as jobs are called
    """Publish the groups whose day has come, then settle periods that are over, then clear."""
    today = ctx.clock.today()
    done = await publish_due(ctx, today)
    given = await credit_due(ctx, today)
    await clear(ctx, today)
    ctx.log.info(
        "published %s groups, kept %s, nothing for %s; days back for %s",
        done[Outcome.PUBLISHED],
        done[Outcome.KEPT],
        sum(done.values()) - done[Outcome.PUBLISHED] - done[Outcome.KEPT],
        given,
    )


async def clear(ctx: PluginContext, today: date) -> None:
    """Take away what is kept no longer."""
    oldest = year_of(today) - KEPT_YEARS
    async with ctx.db.write() as tx:
        await take_gate(tx, ctx.school.id)
        await tx.execute(_CLOSE, today - _OVER - timedelta(days=3))
        for statement in _CLEAR:
            await tx.execute(statement, oldest)
        await tx.execute(_CAME_BACK, date(oldest, 8, 1))
