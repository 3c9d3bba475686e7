"""Write a made-up school into the database, all but its marks, through the same actions as others.

Ids come from the seed too: two runs with one seed give the same rows. Marks lie a floor higher and
are written by whoever calls this.
"""

import hashlib
import random
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Final
from uuid import UUID

import msgspec

from kundelik_core.kernel.db import Tenant
from kundelik_core.schools.actions import classes, people, structure, timetable
from kundelik_core.schools.calendar import PeriodKind
from kundelik_core.schools.generate import (
    GeneratedLesson,
    Group,
    Journal,
    Outline,
    StaffMember,
)
from kundelik_core.schools.generate.marks import held

__all__ = ["Keys", "SchemeOf", "SeededIds", "leave_unfilled", "load_lessons", "load_outline"]

SchemeOf = Callable[[str], tuple[int, PeriodKind]]
"""Gives the version and the kind of period of a scheme by its code."""

# One journal in so many has its latest lesson still to be filled in.
_BEHIND: Final = 4


class SeededIds:
    """Ids of the form of UUIDv7 that depend on a seed alone."""

    def __init__(self, seed: str, day: date) -> None:
        # Not `hash()`: that differs from run to run.
        self._rng = random.Random(hashlib.sha256(seed.encode()).digest())
        begin = datetime.combine(day, time(3), UTC)
        self._stamp = int(begin.timestamp() * 1000) << 12

    def new(self) -> UUID:
        """Give an id greater than all before it."""
        self._stamp += 1
        stamp = self._stamp
        value = (stamp >> 12) << 80 | 7 << 76 | (stamp & 0xFFF) << 64 | 2 << 62
        return UUID(int=value | self._rng.getrandbits(62))

    def many(self, count: int) -> list[UUID]:
        """Give several at once."""
        return [self.new() for _ in range(count)]


class Keys(msgspec.Struct, kw_only=True):
    """Which ids the generator's small integers have become."""

    school_id: int
    year: int
    begins: date
    people: list[UUID]
    accounts: list[UUID]
    classes: list[UUID]
    groups: list[UUID]
    lessons: dict[int, UUID]


async def load_outline(
    tx: Tenant,
    outline: Outline,
    ids: SeededIds,
    scheme_of: SchemeOf,
    locale: str,
    accounts: Mapping[int, UUID] | None = None,
) -> Keys:
    """Write everybody and everything but lessons and what is written on them.

    ``accounts`` are those of people who have one already, from another school.
    """
    keys = Keys(
        school_id=tx.school_id,
        year=outline.year,
        begins=outline.calendar.begins,
        people=ids.many(len(outline.people)),
        accounts=ids.many(len(outline.people)),
        classes=ids.many(len(outline.classes)),
        groups=ids.many(len(outline.groups)),
        lessons={},
    )
    for person, account in (accounts or {}).items():
        keys.accounts[person] = account
    await _people(tx, outline, keys)
    await structure.open_year(tx, outline.calendar)
    sets = await structure.write_bells(tx, outline.bells, locale)
    await _classes(tx, outline, keys, sets)
    await _groups(tx, outline, keys, scheme_of)
    slots = zip(outline.slots, ids.many(len(outline.slots)), strict=True)
    await timetable.write_slots(
        tx,
        [
            timetable.SlotRow(
                id=slot_id,
                group_id=keys.groups[_key(slot.group)],
                weekday=slot.weekday,
                slot=slot.lesson,
                from_date=slot.begins or keys.begins,
                to_date=slot.ends,
                week_cycle=slot.cycle,
                room=str(slot.room or ""),
                teacher_id=keys.people[_key(slot.teacher)],
            )
            for slot, slot_id in slots
        ],
    )
    return keys


async def _people(tx: Tenant, outline: Outline, keys: Keys) -> None:
    await people.write_people(
        tx,
        [
            people.PersonRow(
                id=keys.people[person.key],
                account_id=keys.accounts[person.key],
                surname=person.surname,
                given=person.given,
                patronymic=person.patronymic,
                birth_date=person.birth,
                sex=person.sex,
                source="generated",
                source_id=str(person.key),
            )
            for person in outline.people
        ],
    )
    await people.write_memberships(
        tx,
        (
            people.MembershipRow(person_id=keys.people[key], role=role, from_date=keys.begins)
            for key, role in _roles(outline)
        ),
    )
    await people.write_guardianships(
        tx,
        (
            people.GuardianshipRow(
                guardian_id=keys.people[tie.parent],
                pupil_id=keys.people[tie.pupil],
                from_date=keys.begins,
                relation=tie.relation,
            )
            for tie in outline.guardianships
        ),
    )


def _roles(outline: Outline) -> list[tuple[int, people.Role]]:
    """Who is what: heads who teach are teachers too, and parents may work in the school."""
    found: dict[tuple[int, people.Role], None] = {}
    teaching = {group.teacher for group in outline.groups}
    for member in outline.staff:
        found[member.person, member.position] = None
        if member.person in teaching:
            found[member.person, "teacher"] = None
    for school_class in outline.classes:
        if school_class.homeroom >= 0:
            found[school_class.homeroom, "homeroom"] = None
        found |= dict.fromkeys((pupil, "pupil") for pupil in school_class.pupils)
    found |= dict.fromkeys((tie.parent, "parent") for tie in outline.guardianships)
    return list(found)


async def _classes(tx: Tenant, outline: Outline, keys: Keys, sets: dict[str, UUID]) -> None:
    rows = []
    for item in outline.classes:
        bells = outline.bells.pick(item.shift, item.grade, 1)
        rows.append(
            classes.ClassRow(
                id=keys.classes[item.key],
                year=outline.year,
                grade=item.grade,
                letter=item.letter,
                language=item.language,
                shift=item.shift,
                bell_set_id=sets[bells.code] if bells else None,
                homeroom_id=keys.people[item.homeroom] if item.homeroom >= 0 else None,
                source="generated",
                source_id=str(item.key),
            )
        )
    await classes.write_classes(tx, rows)
    await classes.write_class_pupils(
        tx,
        (
            classes.ClassPupilRow(
                class_id=keys.classes[item.key],
                pupil_id=keys.people[pupil],
                from_date=keys.begins,
            )
            for item in outline.classes
            for pupil in item.pupils
        ),
    )


async def _groups(tx: Tenant, outline: Outline, keys: Keys, scheme_of: SchemeOf) -> None:
    groups = outline.groups
    subjects = await classes.ensure_subjects(tx, {group.subject for group in groups})
    titles = {item.key: item.title for item in outline.classes}
    staff = {member.person: member for member in outline.staff}
    await classes.write_groups(
        tx,
        [
            _group(group, keys, subjects, titles[group.school_class], staff, scheme_of)
            for group in groups
        ],
    )
    await classes.write_group_classes(
        tx, ((keys.groups[g.key], keys.classes[g.school_class]) for g in groups)
    )
    await classes.write_group_teachers(
        tx,
        (
            classes.GroupTeacherRow(
                group_id=keys.groups[g.key],
                teacher_id=keys.people[g.teacher],
                from_date=keys.begins,
            )
            for g in groups
        ),
    )
    await classes.write_group_pupils(
        tx,
        (
            classes.GroupPupilRow(
                group_id=keys.groups[g.key], pupil_id=keys.people[pupil], from_date=keys.begins
            )
            for g in groups
            for pupil in g.pupils
        ),
    )


def _group(
    group: Group,
    keys: Keys,
    subjects: dict[str, UUID],
    title: str,
    staff: dict[int, StaffMember],
    scheme_of: SchemeOf,
) -> classes.GroupRow:
    version, period_kind = scheme_of(group.scheme)
    teacher = staff.get(group.teacher)
    return classes.GroupRow(
        id=keys.groups[group.key],
        year=keys.year,
        subject_id=subjects[group.subject],
        title=f"{title} ({group.part})" if group.part else title,
        grade=group.grade,
        scheme_code=group.scheme,
        scheme_version=version,
        period_kind=period_kind,
        hours_per_week=Decimal(group.hours) / 2,
        room=teacher.room if teacher else "",
        source="generated",
        source_id=str(group.key),
    )


def leave_unfilled(journal: Journal, today: date) -> int | None:
    """Give the key of a lesson that its teacher has not filled in yet, in some journals."""
    if journal.group.key % _BEHIND != 1:
        return None
    over = [x for x in journal.lessons if held(x.date, x.number, today)]
    written = {work.lesson for work in journal.works}
    last = next((x for x in reversed(over) if x.key not in written), None)
    return last.key if last and today - last.date < timedelta(days=8) else None


async def load_lessons(
    tx: Tenant, journals: Iterable[Journal], keys: Keys, ids: SeededIds, today: date
) -> int:
    """Write the lessons of journals and remember their ids; give how many there are."""
    rows: list[timetable.LessonRow] = []
    for journal in journals:
        rows += _lessons(journal, keys, ids, today)
    return await timetable.write_lessons(tx, rows)


def _lessons(
    journal: Journal, keys: Keys, ids: SeededIds, today: date
) -> Iterator[timetable.LessonRow]:
    behind = leave_unfilled(journal, today)
    for lesson, homework in zip(journal.lessons, _due(journal.lessons, behind), strict=True):
        if lesson.begins is None or lesson.ends is None:
            continue
        keys.lessons[lesson.key] = ids.new()
        over = held(lesson.date, lesson.number, today)
        yield timetable.LessonRow(
            id=keys.lessons[lesson.key],
            group_id=keys.groups[lesson.group],
            date=lesson.date,
            slot=lesson.number,
            begins=lesson.begins,
            ends=lesson.ends,
            teacher_id=keys.people[lesson.teacher],
            room=lesson.room,
            topic=lesson.topic if over and lesson.key != behind else "",
            homework=homework,
            status="held" if over else "planned",
        )


def _due(lessons: Sequence[GeneratedLesson], behind: int | None) -> list[str]:
    """Homework for each lesson: what was set in the one before it."""
    given = ["" if lesson.key == behind else lesson.homework for lesson in lessons]
    return ["", *given[:-1]] if given else []


def _key(key: object) -> int:
    if not isinstance(key, int):
        raise TypeError("made-up schools have whole numbers as keys")
    return key
