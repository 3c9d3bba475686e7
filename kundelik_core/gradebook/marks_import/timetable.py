"""Give imported groups a week and the lessons of a year, since a mark file has none.

Teachers and classes are never in two places at once as long as a week has room for it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from typing import Final
from uuid import UUID

import msgspec

from kundelik_core.gradebook.columns.queries import column_facts
from kundelik_core.gradebook.columns.rules import calendar_of
from kundelik_core.kernel.db import Tenant
from kundelik_core.kernel.ids import new_id
from kundelik_core.schools.actions.classes import ClassRow, write_classes
from kundelik_core.schools.actions.structure import write_bells
from kundelik_core.schools.actions.timetable import SlotRow, plan_lessons, write_slots
from kundelik_core.schools.bells import Bell, BellSchedule, BellSet, load_bells
from kundelik_core.schools.timetable import Slot
from kundelik_core.schools.titles import Title

__all__ = ["ensure_lessons", "make_week"]

_DAYS: Final = 5
_LESSONS: Final = 7
_MOST_HOURS: Final = 3
# More groups than this and their teacher needs mornings and afternoons.
_ONE_SHIFT: Final = _DAYS * _LESSONS // _MOST_HOURS


class Need(msgspec.Struct, frozen=True, kw_only=True):
    """A group without lessons: who teaches it, and which class it is of."""

    group: UUID
    grade: int
    teacher: UUID | None
    school_class: UUID | None
    shift: int


class Hour(msgspec.Struct, frozen=True, kw_only=True):
    """One lesson of every week."""

    group: UUID
    shift: int
    weekday: int
    lesson: int


def make_week(needs: Sequence[Need]) -> list[Hour]:
    """Place the lessons of a week; the same groups in the same order give the same week."""
    load: dict[tuple[object, int], int] = defaultdict(int)
    for need in needs:
        load[need.teacher or need.group, need.shift] += 1
    busy: set[tuple[object, int, int, int]] = set()
    found: list[Hour] = []
    for number, need in enumerate(needs):
        groups = load[need.teacher or need.group, need.shift]
        hours = max(1, min(_MOST_HOURS, _DAYS * _LESSONS // groups))
        whom = [who for who in (need.teacher, need.school_class) if who is not None]
        placed = 0
        for step in range(_DAYS * _LESSONS):
            weekday, lesson = (number + 2 * step) % _DAYS + 1, step // _DAYS + 1
            keys = [(who, need.shift, weekday, lesson) for who in whom]
            if placed < hours and busy.isdisjoint(keys):
                busy.update(keys)
                placed += 1
                found.append(
                    Hour(group=need.group, shift=need.shift, weekday=weekday, lesson=lesson)
                )
        if not placed:
            # A teacher of more groups than a week has lessons: told apart by their journals only.
            found.append(Hour(group=need.group, shift=need.shift, weekday=1, lesson=1))
    return found


async def ensure_lessons(
    tx: Tenant, groups: Sequence[UUID], new_classes: Sequence[UUID], year: int, locale: str
) -> int:
    """Plan the year of those groups that have no lesson; give how many lessons were added."""
    bells = await _bells(tx)
    if bells is None:
        bells = await _new_bells(tx, groups, new_classes, year, locale)
    needs = await _needs(tx, groups)
    if not needs:
        return 0
    row = await tx.fetchrow(
        "select y.begins, y.ends from core.school_year y where y.school_id = $1 and y.year = $2",
        tx.school_id,
        year,
    )
    facts = await column_facts(tx, needs[0].group, row["begins"]) if row else None
    if row is None or facts is None:
        return 0
    begins: date = row["begins"]
    teachers = {need.group: need.teacher for need in needs}
    hours = [(new_id(), hour) for hour in make_week(needs)]
    await write_slots(
        tx,
        [
            SlotRow(
                id=key,
                group_id=hour.group,
                weekday=hour.weekday,
                slot=hour.lesson,
                from_date=begins,
                teacher_id=teachers[hour.group],
            )
            for key, hour in hours
        ],
    )
    slots = [
        Slot(
            id=key, group=hour.group, weekday=hour.weekday, lesson=hour.lesson, shift=hour.shift,
            teacher=teachers[hour.group],
        )
        for key, hour in hours
    ]  # fmt: skip
    grades = {need.group: need.grade for need in needs}
    calendar = calendar_of(facts)
    return await plan_lessons(tx, slots, calendar, bells, begins, row["ends"], grades)


async def _needs(tx: Tenant, groups: Sequence[UUID]) -> list[Need]:
    rows = await tx.fetch(
        """
        select g.id as group, g.grade, coalesce(c.shift, 1) as shift, c.id as school_class,
               (select t.teacher_id from core.group_teacher t
                 where t.school_id = $1 and t.group_id = g.id and not t.substitute
                 order by t.from_date desc limit 1) as teacher
          from core.teaching_group g
          left join lateral (
                select c.id, c.shift from core.group_class x
                  join core.school_class c on c.school_id = x.school_id and c.id = x.class_id
                 where x.school_id = $1 and x.group_id = g.id
                 order by c.grade, c.letter limit 1) c on true
         where g.school_id = $1 and g.id = any($2::uuid[])
           and not exists (select from core.lesson l
                            where l.school_id = $1 and l.group_id = g.id)
         order by g.grade, g.title, g.id
        """,
        tx.school_id,
        list(groups),
    )
    return [msgspec.convert(dict(row), Need, strict=False) for row in rows]


async def _bells(tx: Tenant) -> BellSchedule | None:
    """The bells of the school; None when it has none yet."""
    sets = await tx.fetch(
        "select s.id, s.code, s.title, s.shift, s.grades, s.weekdays, s.shortened "
        "from core.bell_set s where s.school_id = $1 order by s.shift, s.id",
        tx.school_id,
    )
    rings = await tx.fetch(
        "select b.bell_set_id, b.slot, b.begins, b.ends from core.bell b "
        "where b.school_id = $1 order by b.slot",
        tx.school_id,
    )
    if not rings:
        return None
    return BellSchedule(
        sets=tuple(
            BellSet(
                code=row["code"] or str(row["id"]),
                title=Title(row["title"], row["title"], row["title"]),
                shift=row["shift"],
                grades=_numbers(row["grades"]),
                weekdays=_numbers(row["weekdays"]),
                shortened=row["shortened"],
                bells=tuple(
                    Bell(ring["slot"], ring["begins"], ring["ends"])
                    for ring in rings
                    if ring["bell_set_id"] == row["id"]
                ),
            )
            for row in sets
        )
    )


def _numbers(text: str | None) -> tuple[int, ...]:
    return tuple(int(part) for part in (text or "").split(",") if part)


async def _new_bells(
    tx: Tenant, groups: Sequence[UUID], new_classes: Sequence[UUID], year: int, locale: str
) -> BellSchedule:
    """Give a new school bells; where teachers have many groups, half the classes come later."""
    most = await tx.fetchval(
        "select max(n) from (select count(*) as n from core.group_teacher t "
        "where t.school_id = $1 and t.group_id = any($2::uuid[]) group by t.teacher_id) x",
        tx.school_id,
        list(groups),
    )
    two = (most or 0) > _ONE_SHIFT
    bells = load_bells("two-shifts" if two else "one-shift")
    sets = await write_bells(tx, bells, locale)
    rows = await tx.fetch(
        "select c.id, c.grade, c.letter, c.language from core.school_class c "
        "where c.school_id = $1 and c.id = any($2::uuid[]) order by c.grade, c.letter",
        tx.school_id,
        list(new_classes),
    )
    classes = []
    for number, row in enumerate(rows):
        shift = 2 if two and number % 2 else 1
        picked = bells.pick(shift, row["grade"], 1)
        classes.append(
            ClassRow(
                id=row["id"], year=year, grade=row["grade"], letter=row["letter"],
                language=row["language"], shift=shift,
                bell_set_id=sets[picked.code] if picked else None,
            )
        )  # fmt: skip
    await write_classes(tx, classes)
    return bells
