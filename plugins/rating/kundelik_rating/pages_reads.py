"""Read what family pages need beside the plugin's own tables: names, and the periods to come."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Final
from uuid import UUID

import msgspec

from kundelik_core.sdk import PluginTx
from kundelik_rating.domain.schedule import Rhythm, publication_days
from kundelik_rating.store import FEATURE, Family, family_of
from kundelik_rating.store_sql import FAMILY

__all__ = ["Names", "at_home"]

# All of it is found by keys: to plan it anew, through five views, takes longer than to run it.
_PLANNED_ONCE: Final = "set local plan_cache_mode = force_generic_plan"

# With what the store asks of the family itself, in one statement: a message less for each page.
_HOME: Final = f"""
select f.*, json_build_object(
         'children', (
           select coalesce(json_agg(json_build_object('id', s.student_id, 'name', s.given_name)
                                    order by s.sort_key), '[]')
             from core_api.student_v1 s where s.student_id = any($4::uuid[])),
         'periods', (
           select coalesce(json_agg(json_build_object(
                    'code', p.period, 'begins', p.begin_date, 'ends', p.end_date)), '[]')
             from core_api.period_v1 p
            where p.school_year = $5 and p.end_date >= $6),
         'edition', coalesce((select g.edition from gate g), 0))::text as told
  from ({FAMILY}) f
"""


class _Child(msgspec.Struct, frozen=True):
    id: UUID
    name: str


class _Period(msgspec.Struct, frozen=True):
    code: str
    begins: date
    ends: date


class Names(msgspec.Struct, frozen=True):
    """What somebody's children are called, and the school's periods that are not over.

    ``edition`` changes with what is published.
    """

    children: tuple[_Child, ...] = ()
    periods: tuple[_Period, ...] = ()
    edition: int = 0

    def of(self, student: UUID) -> str:
        """Return a child's name; an empty word for one who is not at this school."""
        return next((one.name for one in self.children if one.id == student), "")

    def next_day(self, today: date, rhythm: Rhythm) -> date | None:
        """Return the next set day of publication; it is known to everybody beforehand."""
        days = (
            day
            for one in self.periods
            if one.code != "y"
            for day in publication_days(one.begins, one.ends, rhythm)
        )
        return min((day for day in days if day > today), default=None)


async def at_home(
    tx: PluginTx, student: UUID, students: Sequence[UUID], year: int, now: datetime
) -> tuple[Names, Family]:
    """Return names and periods, and what there is between one child's family and the rating."""
    await tx.execute(_PLANNED_ONCE)
    rows = await tx.fetch(_HOME, student, now, FEATURE, list(students), year, now.date())
    return msgspec.json.decode(rows[0]["told"], type=Names), family_of(rows[0])
