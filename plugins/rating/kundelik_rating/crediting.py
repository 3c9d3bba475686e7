"""Give days back to those who had nothing to look at, once a period is settled."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, time, tzinfo
from typing import Any, Final
from uuid import UUID

from kundelik_core.sdk import Credited, PluginContext, PluginTx
from kundelik_rating.domain.credit import Period, Span, Window, credit_days, finest, shown_until
from kundelik_rating.domain.credit import windows as windows_of
from kundelik_rating.domain.schedule import Rhythm
from kundelik_rating.publishing import periods_of
from kundelik_rating.store import FEATURE, year_of

__all__ = ["credit_due"]

Row = Mapping[str, Any]
Held = dict[tuple[UUID, str], list[Span]]

_LATEST: Final = 30
"""Days after which a period that was never settled is left alone: the school was not there."""

_AT_ONCE: Final = 200

# What was open to children within some time ($2 to $3), but for what has been settled for a
# period ($4, $5).
_HELD: Final = """
select e.student_id, e.scope, e.begins_at, least(e.ends_at, e.grace_at) as ends_at
  from core_api.entitlement_v1 e
 where e.feature = $1 and e.student_id is not null
   and e.begins_at < $3 and (e.ends_at is null or e.ends_at > $2)
   and not exists (select from credit c
                    where c.student_id = e.student_id and c.feature = $1 and c.scope = e.scope
                      and c.school_year = $4 and c.period = $5)
"""

_PUPILS: Final = """
select n.student_id from core_api.enrolment_v1 n
 where n.kind = 'class' and (n.end_date is null or n.end_date >= $1)
"""

_SUBJECTS: Final = """
select g.group_id, g.subject_code from core_api.group_v1 g where g.school_year = $1
"""

# The first day on which each group and period showed some children ($1) their own.
_SHOWN: Final = """
select s.student_id, s.group_id, s.period, p.day
  from standing s
  join snapshot p
    on p.school_id = s.school_id and p.group_id = s.group_id and p.period = s.period
   and p.number = s.numbers[1]
 where s.student_id = any($1::uuid[])
"""

_AWAY: Final = """
select student_id, since, until from opt_out where student_id = any($1::uuid[])
"""

_SETTLE: Final = """
insert into credit (school_id, student_id, feature, scope, school_year, period, begins, ends, days,
                    day)
select $1, x.student_id, $2, x.scope, $3, $4, $5, $6, x.days, $7
  from unnest($8::uuid[], $9::text[], $10::smallint[]) as x (student_id, scope, days)
on conflict do nothing
returning student_id, scope
"""


async def credit_due(ctx: PluginContext, today: date) -> int:
    """Settle each period that is over, and return how many were given days for one."""
    given, year = 0, year_of(today)
    async with ctx.db.read() as tx:
        periods = await periods_of(tx, year)
    for window in windows_of(finest(periods)):
        if 0 <= (today - window.ends).days <= _LATEST:
            given += await _settle(ctx, year, periods, window, today)
    return given


async def _settle(
    ctx: PluginContext, year: int, periods: Sequence[Period], window: Window, today: date
) -> int:
    days = [*(await _days(ctx, year, periods, window)).items()]
    for at in range(0, len(days), _AT_ONCE):
        async with ctx.db.write() as tx:
            await _write(ctx, tx, year, window, dict(days[at : at + _AT_ONCE]), today)
    return sum(1 for _whose, many in days if many)


async def _days(
    ctx: PluginContext, year: int, periods: Sequence[Period], window: Window
) -> dict[tuple[UUID, str], int]:
    """Return by student and scope the days of a window with nothing to see, those with none too."""
    zone = ctx.clock.now().tzinfo
    async with ctx.db.read() as tx:
        held = await _held(tx, year, window, zone)
        if not held:
            return {}
        students = sorted({student for student, _scope in held})
        shown = await _shown(tx, students, year, periods, ctx.settings.rhythm)
        away = await _away(tx, students)
    return {
        (student, scope): credit_days(
            window,
            spans,
            [span for subject, span in shown[student] if scope in {"*", subject}],
            away[student],
        )
        for (student, scope), spans in held.items()
    }


async def _held(tx: PluginTx, year: int, window: Window, zone: tzinfo | None) -> Held:
    begins, ends = (datetime.combine(day, time(), zone) for day in (window.begins, window.ends))
    found: Held = defaultdict(list)
    rows = await tx.fetch(_HELD, FEATURE, begins, ends, year, window.period)
    # Whoever has left the school gets no more of it.
    pupils = {row["student_id"] for row in await tx.fetch(_PUPILS, window.begins)} if rows else ()
    for row in (row for row in rows if row["student_id"] in pupils):
        since = row["begins_at"].astimezone(zone).date()
        until = row["ends_at"].astimezone(zone).date() if row["ends_at"] else window.ends
        found[row["student_id"], row["scope"]].append((since, until))
    return found


async def _shown(
    tx: PluginTx, students: Iterable[UUID], year: int, periods: Sequence[Period], rhythm: Rhythm
) -> dict[UUID, list[tuple[str, Span]]]:
    """Return by student, with the subject, the spans in which there was something to see."""
    until = shown_until(periods, rhythm)
    found: dict[UUID, list[tuple[str, Span]]] = defaultdict(list)
    rows = await tx.fetch(_SUBJECTS, year)
    subjects = {row["group_id"]: str(row["subject_code"]) for row in rows}
    for row in await tx.fetch(_SHOWN, students):
        if row["group_id"] in subjects:
            span = (row["day"], until.get(row["period"], row["day"]))
            found[row["student_id"]].append((subjects[row["group_id"]], span))
    return found


async def _away(tx: PluginTx, students: Iterable[UUID]) -> dict[UUID, list[Span]]:
    found: dict[UUID, list[Span]] = defaultdict(list)
    for row in await tx.fetch(_AWAY, students):
        found[row["student_id"]].append((row["since"], row["until"] or date.max))
    return found


async def _write(
    ctx: PluginContext,
    tx: PluginTx,
    year: int,
    window: Window,
    days: Mapping[tuple[UUID, str], int],
    today: date,
) -> None:
    """Note what is settled now, and ask for the days, in one transaction."""
    settled = await tx.fetch(
        _SETTLE,
        ctx.school.id,
        FEATURE,
        year,
        window.period,
        window.begins,
        window.ends,
        today,
        [student for student, _scope in days],
        [scope for _student, scope in days],
        [*days.values()],
    )
    for student, scope in ((row["student_id"], row["scope"]) for row in settled):
        if many := days[student, scope]:
            wish = Credited(
                ref=f"{year}/{window.period}/{scope}",
                student_id=student,
                feature=FEATURE,
                scope=scope,
                days=many,
            )
            await ctx.wishes.ask(tx, wish)
