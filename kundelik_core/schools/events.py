"""Tell plugins who came, who left and which period was closed; nothing where nobody listens."""

from collections.abc import Collection, Iterable
from typing import Final
from uuid import UUID

from kundelik_core.kernel.db import Tenant
from kundelik_core.kernel.outbox.emit import Happened, emit, wanted
from kundelik_core.sdk.events import PeriodClosed, StudentEnrolled, StudentLeft

__all__ = ["classes_of", "tell_closed", "tell_enrolled", "tell_left"]

Place = tuple[UUID, UUID]
"""A class and a pupil of it."""

_PLACES: Final = """
select c.class_id, c.pupil_id from core.class_pupil c
 where c.school_id = $1 and c.pupil_id = any($2::uuid[]) and c.to_date is null
"""

_GROUPS: Final = """
select g.id from core.teaching_group g
 where g.school_id = $1 and g.year = $2 and g.status = 'active'
   and left(g.period_kind, 1) = left($3, 1)
 order by g.id
"""


async def classes_of(tx: Tenant, pupils: Iterable[UUID]) -> frozenset[Place]:
    """Return where pupils are now, if anybody wants to hear of who comes; else nothing."""
    if not wanted(tx.school_id, StudentEnrolled):
        return frozenset()
    rows = await tx.fetch(_PLACES, tx.school_id, list(pupils))
    return frozenset((_plain(row["class_id"]), _plain(row["pupil_id"])) for row in rows)


async def tell_enrolled(tx: Tenant, places: Iterable[Place], before: Collection[Place]) -> None:
    """Tell of pupils who came into a class where they were not ``before``."""
    await emit(
        tx,
        (StudentEnrolled,),
        lambda: [
            Happened(StudentEnrolled(student_id=pupil, class_id=school_class))
            for school_class, pupil in dict.fromkeys(places)
            if (school_class, pupil) not in before
        ],
    )


async def tell_left(tx: Tenant, actor: UUID | None, places: Iterable[Place]) -> None:
    """Tell of pupils whose last day in a class was written."""
    await emit(
        tx,
        (StudentLeft,),
        lambda: [
            Happened(StudentLeft(student_id=_plain(pupil), class_id=_plain(school_class)), actor)
            for school_class, pupil in places
        ],
    )


async def tell_closed(tx: Tenant, actor: UUID | None, year: int, period: str) -> None:
    """Tell that a period was closed, group by group."""
    if not wanted(tx.school_id, PeriodClosed):
        return
    rows = await tx.fetch(_GROUPS, tx.school_id, year, period)
    await emit(
        tx,
        (PeriodClosed,),
        lambda: [
            Happened(PeriodClosed(group_id=_plain(row["id"]), period=period), actor) for row in rows
        ],
    )


def _plain(value: UUID) -> UUID:
    """Return the standard library's kind of UUID for that of the database's driver."""
    return UUID(int=value.int)
