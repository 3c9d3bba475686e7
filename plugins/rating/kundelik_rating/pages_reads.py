"""Read what family pages need beside the plugin's own tables: names, and the periods to come."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Final
from uuid import UUID

import msgspec

from kundelik_core.sdk import PluginTx
from kundelik_rating.domain.schedule import Rhythm, publication_days
from kundelik_rating.kept import KEPT, Child, Sheet
from kundelik_rating.store import FEATURE, Family, family_of, looks, offered
from kundelik_rating.store_sql import FIRST, HOME

__all__ = ["Names", "at_home"]


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


_names: Final = msgspec.json.Decoder(Names).decode


async def at_home(
    tx: PluginTx, child: Child, viewer: UUID | None, students: Sequence[UUID], now: datetime
) -> tuple[Names, Family, Sheet]:
    """Return names and periods, what there is between the family and the rating, and the sheet."""
    known = KEPT.find(child)
    sql = FIRST if known is None else HOME
    args = child.student, now, FEATURE, viewer, list(students), child.year, now.date()
    (row,) = await tx.fetch(sql, *args)
    told = _names(row["told"])
    if known is None:
        known = KEPT.keep(child, told.edition, offered(row["rated"], child.left_out))
    elif known.edition != told.edition:
        rated = await looks(tx, child.student, child.year, left_out=child.left_out)
        known = KEPT.keep(child, told.edition, rated)
    return told, family_of(row), known
