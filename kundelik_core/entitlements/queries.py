"""Read what is granted, and who may use it."""

import itertools
from collections.abc import Collection
from datetime import date, datetime, time, timedelta
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec

from kundelik_core.entitlements.model import EVERYTHING, Granted, Pause
from kundelik_core.entitlements.rules import Span, concerns, is_active
from kundelik_core.entitlements.verdict import Facts, Question, Standing, Verdict, judge
from kundelik_core.kernel.db import Tenant
from kundelik_core.kernel.wire import Record

__all__ = [
    "active",
    "by_id",
    "by_source",
    "by_sources",
    "entitled",
    "grants_of",
    "history",
    "is_granted",
    "standing",
    "summers",
]

_FIELDS: Final = (
    "e.id, e.feature, e.source, e.source_ref, e.granted_at, e.holder_id, e.scope, e.revoked_at, "
    "e.revoke_reason, e.grace_from, e.seats, "
    "(select json_agg(json_build_array(p.begins, p.ends) order by p.begins) "
    "from core.entitlement_pause p where p.school_id = e.school_id and p.entitlement_id = e.id) "
    "as pauses"
)
FEBRUARY: Final = 2
_COLUMNS: Final = f"{_FIELDS}, e.pupil_id, e.valid_from, e.valid_until"


async def active(tx: Tenant, pupils: Collection[UUID], at: datetime) -> list[Granted]:
    """Return what is in force for these pupils, with what is granted to the whole school."""
    return [grant for grant in await grants_of(tx, pupils) if is_active(grant, at)]


async def grants_of(tx: Tenant, pupils: Collection[UUID]) -> list[Granted]:
    """Return every grant for these pupils and the whole school, past and future ones too.

    A seat of a licence comes as a grant to the pupil who sits on it, for as long as that lasts.
    """
    rows = await tx.fetch(
        f"select {_COLUMNS} from core.entitlement e "
        "where e.school_id = $1 and (e.pupil_id = any($2::uuid[]) "
        "or (e.pupil_id is null and e.seats is null)) "
        f"union all select {_FIELDS}, s.pupil_id, greatest(e.valid_from, s.begins), "
        "least(e.valid_until, s.ends) from core.entitlement_seat s "
        "join core.entitlement e on e.school_id = s.school_id and e.id = s.entitlement_id "
        "where s.school_id = $1 and s.pupil_id = any($2::uuid[]) "
        "and s.ends is distinct from s.begins",
        tx.school_id,
        list(pupils),
    )
    return sorted(map(_granted, rows), key=lambda one: (one.feature, one.valid_from, one.id))


async def is_granted(
    tx: Tenant, feature: str, pupil: UUID, at: datetime, scope: str = EVERYTHING
) -> bool:
    """Tell whether a feature is in force for a pupil, whoever asks; the free core never does."""
    return any(concerns(grant, feature, scope) for grant in await active(tx, [pupil], at))


async def entitled(tx: Tenant, question: Question, facts: Facts) -> Verdict:
    """Tell whether somebody may use what was granted for a pupil; the free core never asks."""
    there = await standing(tx, question.viewer, question.pupil, question.at)
    return judge(question, facts, there, await grants_of(tx, [question.pupil]))


async def standing(tx: Tenant, viewer: UUID, pupil: UUID, at: datetime) -> Standing:
    """Return whether somebody is the pupil's guardian, and the pupil at the school, on a day."""
    row = await tx.fetchrow(
        """
        with day as (
          select ($4::timestamptz at time zone s.time_zone)::date as today
            from core.school s where s.id = $1
        )
        select exists (select from core.guardianship g, day where g.school_id = $1
                 and g.guardian_id = $2 and g.pupil_id = $3 and g.from_date <= day.today
                 and (g.to_date is null or g.to_date >= day.today)) as guardian,
               exists (select from core.membership m, day where m.school_id = $1
                 and m.person_id = $3 and m.role = 'pupil' and m.from_date <= day.today
                 and (m.to_date is null or m.to_date >= day.today)) as enrolled
        """,
        tx.school_id,
        viewer,
        pupil,
        at,
    )
    assert row is not None
    return Standing(guardian=row["guardian"], enrolled=row["enrolled"])


async def history(tx: Tenant, pupil: UUID | None) -> list[Granted]:
    """Return everything ever granted for a pupil, or with None to the whole school."""
    rows = await tx.fetch(
        f"select {_COLUMNS} from core.entitlement e "
        "where e.school_id = $1 and e.pupil_id is not distinct from $2::uuid "
        "order by e.granted_at, e.id",
        tx.school_id,
        pupil,
    )
    return [_granted(row) for row in rows]


async def by_source(tx: Tenant, source: str, source_ref: str) -> Granted | None:
    """Return what an act has granted."""
    return next(iter(await by_sources(tx, [(source, source_ref)])), None)


async def by_sources(tx: Tenant, acts: Collection[tuple[str, str]]) -> list[Granted]:
    """Return what acts have granted, each a source and its number there."""
    rows = await tx.fetch(
        f"select {_COLUMNS} from core.entitlement e "
        "join unnest($2::text[], $3::text[]) as x (source, ref) "
        "on x.source = e.source and x.ref = e.source_ref where e.school_id = $1",
        tx.school_id,
        [source for source, _ in acts],
        [ref for _, ref in acts],
    )
    return [_granted(row) for row in rows]


async def by_id(tx: Tenant, entitlement: UUID) -> Granted | None:
    """Return one grant."""
    row = await tx.fetchrow(
        f"select {_COLUMNS} from core.entitlement e where e.school_id = $1 and e.id = $2",
        tx.school_id,
        entitlement,
    )
    return _granted(row) if row else None


async def summers(tx: Tenant, at: datetime, zone: str) -> tuple[Span, ...]:
    """Return the summers between school years from a moment on: what a family may leave out.

    What the school has not planned yet is taken from the years before.
    """
    rows = await tx.fetch(
        "select y.begins, y.ends from core.school_year y where y.school_id = $1 order by y.year",
        tx.school_id,
    )
    years: list[tuple[date, date]] = [(row["begins"], row["ends"]) for row in rows]
    if not years:
        return ()
    while len(years) < 2 or years[-1][0].year < at.year + 6:
        begins, ends = years[-1]
        years.append((_year_on(begins), _year_on(ends)))
    gaps = (
        Span(_start(ends + timedelta(days=1), zone), _start(begins, zone))
        for (_, ends), (begins, _) in itertools.pairwise(years)
    )
    return tuple(gap for gap in gaps if gap.ends is not None and gap.begins < gap.ends > at)


def _year_on(day: date) -> date:
    return day.replace(
        year=day.year + 1, day=min(day.day, 28) if day.month == FEBRUARY else day.day
    )


def _start(day: date, zone: str) -> datetime:
    return datetime.combine(day, time(), ZoneInfo(zone))


def _granted(row: Record) -> Granted:
    fields = dict(row)
    pauses = msgspec.json.decode(fields["pauses"] or "[]", type=tuple[Pause, ...])
    return msgspec.convert(fields | {"pauses": pauses}, Granted)
