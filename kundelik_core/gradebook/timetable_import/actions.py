"""Bring the lessons of a year in line with a changed week; what was written on one stays.

Marks and absences lie on this floor, which is why the floor of schools cannot do it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Final, NamedTuple
from uuid import UUID

from kundelik_core.kernel.db import Tenant

__all__ = ["LessonKey", "move_lessons", "remove_lessons"]

_UNTOUCHED: Final = """
   and l.status = 'planned'
   and not exists (select from core.work w
                    where w.school_id = $1 and (w.lesson_id = l.id or w.id = l.id))
   and not exists (select from core.absence a where a.school_id = $1 and a.lesson_id = l.id)
"""
_KEYS: Final = "unnest($2::uuid[], $3::date[], $4::smallint[]) as x (grp, day, slot)"


class LessonKey(NamedTuple):
    """A group has one lesson at a time of a day."""

    group: UUID
    date: dt.date
    slot: int


async def remove_lessons(tx: Tenant, keys: Sequence[LessonKey]) -> tuple[int, int]:
    """Take away planned lessons on which nothing is written; give how many, and how many stay."""
    if not keys:
        return 0, 0
    columns = ([k.group for k in keys], [k.date for k in keys], [k.slot for k in keys])
    gone = await tx.fetch(
        f"delete from core.lesson l using {_KEYS} where l.school_id = $1 "
        "and l.group_id = x.grp and l.date = x.day and l.slot = x.slot "
        f"and l.topic = '' and l.homework = '' {_UNTOUCHED} returning l.id",
        tx.school_id,
        *columns,
    )
    stay = await tx.fetchval(
        f"select count(*) from core.lesson l join {_KEYS} "
        "on l.group_id = x.grp and l.date = x.day and l.slot = x.slot "
        "where l.school_id = $1 and l.status <> 'cancelled'",
        tx.school_id,
        *columns,
    )
    return len(gone), stay


async def move_lessons(tx: Tenant, lessons: Sequence[tuple[LessonKey, UUID | None, str]]) -> int:
    """Give planned lessons without marks another teacher or room; give how many."""
    if not lessons:
        return 0
    moved = await tx.fetch(
        "update core.lesson l set teacher_id = x.teacher, room = x.room "
        "from unnest($2::uuid[], $3::date[], $4::smallint[], $5::uuid[], $6::text[]) "
        "as x (grp, day, slot, teacher, room) "
        "where l.school_id = $1 and l.group_id = x.grp and l.date = x.day and l.slot = x.slot "
        f"and (l.teacher_id, l.room) is distinct from (x.teacher, x.room) {_UNTOUCHED} "
        "returning l.id",
        tx.school_id,
        [key.group for key, _, _ in lessons],
        [key.date for key, _, _ in lessons],
        [key.slot for key, _, _ in lessons],
        [teacher for _, teacher, _ in lessons],
        [room for _, _, room in lessons],
    )
    return len(moved)
