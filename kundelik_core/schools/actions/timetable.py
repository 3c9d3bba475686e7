"""Write the weekly timetable and the dated lessons it gives.

Lessons are only ever added or cancelled: what was marked, set or written on one stays.
"""

from collections.abc import Collection, Iterable, Mapping
from datetime import date, time
from typing import Literal
from uuid import UUID

import msgspec

from kundelik_core.kernel.audit import Doer, audit_each
from kundelik_core.kernel.db import Tenant
from kundelik_core.kernel.ids import new_id
from kundelik_core.schools.actions.rows import fields_of, upsert
from kundelik_core.schools.bells import BellSchedule
from kundelik_core.schools.calendar import SchoolCalendar
from kundelik_core.schools.tables import Lesson, TimetableSlot
from kundelik_core.schools.timetable import Slot, expand

__all__ = [
    "LessonRow",
    "SlotRow",
    "cancel_lessons",
    "end_slots",
    "plan_lessons",
    "write_lessons",
    "write_slots",
]


class SlotRow(msgspec.Struct, frozen=True, kw_only=True):
    """One lesson of every week, or of every second (``week_cycle`` A or B); Monday is 1."""

    id: UUID
    group_id: UUID
    weekday: int
    slot: int
    from_date: date
    to_date: date | None = None
    week_cycle: Literal["", "A", "B"] = ""
    room: str = ""
    teacher_id: UUID | None = None


class LessonRow(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One lesson on one day. Homework is what is to be done for it."""

    id: UUID
    group_id: UUID
    date: date
    slot: int
    begins: time
    ends: time
    teacher_id: UUID | None = None
    room: str = ""
    topic: str = ""
    homework: str = ""
    status: Literal["planned", "held", "cancelled"] = "planned"


async def write_slots(tx: Tenant, slots: Iterable[SlotRow]) -> int:
    """Create slots, or bring those with the same ids up to date; give how many changed."""
    return await upsert(
        tx,
        TimetableSlot,
        fields_of(SlotRow),
        map(msgspec.structs.astuple, slots),
        fixed=("group_id",),
    )


async def end_slots(tx: Tenant, doer: Doer, slots: Collection[UUID], last_day: date) -> int:
    """Let slots end after ``last_day``; their lessons until then stay."""
    ended = await tx.fetch(
        "update core.timetable_slot t set to_date = $3 where t.school_id = $1 "
        "and t.id = any($2::uuid[]) and (t.to_date is null or t.to_date > $3) returning t.id",
        tx.school_id,
        list(slots),
        last_day,
    )
    changes = [(row["id"], None, {"to_date": last_day}) for row in ended]
    await audit_each(tx, doer, "timetable.end", "timetable_slot", changes)
    return len(ended)


async def write_lessons(tx: Tenant, lessons: Iterable[LessonRow]) -> int:
    """Add the lessons that are missing; a group has one at a time of a day. Give how many."""
    # All columns but the key are fixed: what teachers have written on a lesson is theirs.
    columns = fields_of(LessonRow)
    return await upsert(
        tx,
        Lesson,
        columns,
        map(msgspec.structs.astuple, lessons),
        key=("group_id", "date", "slot"),
        fixed=columns,
    )


async def plan_lessons(
    tx: Tenant,
    slots: Iterable[Slot],
    calendar: SchoolCalendar,
    bells: BellSchedule,
    begin: date,
    end: date,
    grades: Mapping[UUID, int],
) -> int:
    """Add the missing lessons of slots from ``begin`` to ``end``; give how many.

    The slots' groups, teachers and rooms are ids as the database has them. A lesson number that
    no bell rings is left out: it has no time.
    """
    planned = expand(slots, calendar, bells, begin, end, lambda group: grades.get(_id(group)))
    return await write_lessons(
        tx,
        (
            LessonRow(
                id=new_id(),
                group_id=_id(lesson.group),
                date=lesson.date,
                slot=lesson.lesson,
                begins=lesson.begins,
                ends=lesson.ends,
                teacher_id=None if lesson.teacher is None else _id(lesson.teacher),
                room=str(lesson.room or ""),
            )
            for lesson in planned
            if lesson.begins is not None and lesson.ends is not None
        ),
    )


def _id(key: object) -> UUID:
    if not isinstance(key, UUID):
        raise TypeError(f"a slot of the database has ids for keys, not {key!r}")
    return key


async def cancel_lessons(
    tx: Tenant, doer: Doer, lessons: Collection[UUID], *, reason: str | None = None
) -> int:
    """Cancel lessons that were planned or held; they stay in the journal, crossed out."""
    cancelled = await tx.fetch(
        "update core.lesson l set status = 'cancelled' where l.school_id = $1 "
        "and l.id = any($2::uuid[]) and l.status <> 'cancelled' returning l.id",
        tx.school_id,
        list(lessons),
    )
    changes = [(row["id"], None, {"status": "cancelled"}) for row in cancelled]
    await audit_each(tx, doer, "lesson.cancel", "lesson", changes, reason=reason)
    return len(cancelled)
