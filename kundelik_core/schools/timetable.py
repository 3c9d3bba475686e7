"""Turn a weekly timetable into dated lessons, and say where it asks the impossible.

A slot is one lesson that recurs every week (or every second week) between two dates. Teachers,
groups, classes and rooms are told apart by their keys, whatever these are: ids from a database,
names from a file.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import Literal, NamedTuple

import msgspec

from kundelik_core.schools.bells import BellSchedule, BellSet, minutes
from kundelik_core.schools.calendar import SchoolCalendar

Key = object
Cycle = Literal["", "A", "B"]
ClashKind = Literal["teacher", "room", "class"]


class Audience(NamedTuple):
    """Who comes: a whole class (part 0), or one part of one way to split it."""

    school_class: Key
    split: str = ""
    part: int = 0

    def meets(self, other: "Audience") -> bool:
        """Whether some pupil may belong to both."""
        if self.school_class != other.school_class:
            return False
        if self.part and other.part and self.split == other.split:
            return self.part == other.part
        return True


class Slot(msgspec.Struct, frozen=True):
    """One recurring lesson. An empty `cycle` means every week; a missing date, no limit.

    Slots with the same `joint` key are one lesson that a teacher holds for several groups at
    once, as small schools do with two grades in a room; they never clash with each other.
    """

    id: Key
    group: Key
    weekday: int
    lesson: int
    teacher: Key | None = None
    room: Key | None = None
    audience: tuple[Audience, ...] = ()
    shift: int = 1
    cycle: Cycle = ""
    begins: dt.date | None = None
    ends: dt.date | None = None
    joint: Key | None = None

    def runs_on(self, day: dt.date) -> bool:
        """Whether the day lies within the slot's dates."""
        return (self.begins is None or self.begins <= day) and (
            self.ends is None or day <= self.ends
        )


class PlannedLesson(msgspec.Struct, frozen=True):
    """One lesson on one day. Times are None when the bells do not know its number."""

    group: Key
    date: dt.date
    slot: Key
    lesson: int
    begins: dt.time | None
    ends: dt.time | None
    room: Key | None
    teacher: Key | None


class Clash(msgspec.Struct, frozen=True):
    """Two slots that need one teacher, room or class at the same time."""

    kind: ClashKind
    who: Key
    weekday: int
    lesson: int
    first: Slot
    second: Slot


def expand(
    slots: Iterable[Slot],
    calendar: SchoolCalendar,
    bells: BellSchedule,
    begin: dt.date,
    end: dt.date,
    grade_of_group: Callable[[Key], int | None],
) -> Iterator[PlannedLesson]:
    """The lessons that the slots give from `begin` to `end`, by day, then in the slots' order."""
    weekly: dict[int, list[Slot]] = defaultdict(list)
    for slot in slots:
        weekly[slot.weekday].append(slot)
    rings: dict[tuple[int, int | None, int, bool], BellSet | None] = {}
    for offset in range((end - begin).days + 1):
        day = begin + dt.timedelta(days=offset)
        week = calendar.week_of(day)
        if week is None:
            continue
        # Grades may differ: the youngest rest while the others are taught.
        by_grade: dict[int | None, tuple[int, bool]] = {}
        for weekday in calendar.timetables_on(day):
            for slot in weekly[weekday]:
                if not slot.runs_on(day) or slot.cycle not in ("", week.cycle):
                    continue
                grade = grade_of_group(slot.group)
                if grade not in by_grade:
                    by_grade[grade] = _kind_of_day(calendar, day, grade)
                taught_as, shortened = by_grade[grade]
                if taught_as != weekday:
                    continue
                key = (slot.shift, grade, weekday, shortened)
                if key not in rings:
                    rings[key] = bells.pick(slot.shift, grade, weekday, shortened=shortened)
                yield _lesson(slot, day, rings[key])


def _kind_of_day(calendar: SchoolCalendar, day: dt.date, grade: int | None) -> tuple[int, bool]:
    """The weekday whose timetable is taught (0 for none), and whether lessons are shortened."""
    if not calendar.is_teaching_day(day, grade):
        return 0, False
    exception = calendar.exception_on(day, grade)
    shortened = exception is not None and exception.kind == "shortened"
    return calendar.timetable_weekday(day, grade), shortened


def _lesson(slot: Slot, day: dt.date, bells: BellSet | None) -> PlannedLesson:
    bell = bells.of(slot.lesson) if bells else None
    return PlannedLesson(
        slot.group,
        day,
        slot.id,
        slot.lesson,
        bell.begins if bell else None,
        bell.ends if bell else None,
        slot.room,
        slot.teacher,
    )


def clashes(
    slots: Iterable[Slot],
    bells: BellSchedule | None = None,
    pupils: Mapping[Key, Collection[Key]] | None = None,
) -> list[Clash]:
    """Every pair of slots that cannot both be held.

    With bells, lessons of different shifts are compared by the clock. With `pupils` (who is in
    which group), two groups of a class clash only if some pupil is in both.
    """
    found = []
    days: dict[tuple[ClashKind, Key, int], list[Slot]] = defaultdict(list)
    for slot in slots:
        if slot.teacher is not None:
            days["teacher", slot.teacher, slot.weekday].append(slot)
        if slot.room is not None:
            days["room", slot.room, slot.weekday].append(slot)
        for school_class in {a.school_class for a in slot.audience}:
            days["class", school_class, slot.weekday].append(slot)
    for (kind, who, weekday), mine in days.items():
        timed = sorted(((*_span(s, bells), s) for s in mine), key=lambda t: t[:2])
        for index, (_, ends, first) in enumerate(timed):
            for begins, _, second in timed[index + 1 :]:
                if begins >= ends:
                    break
                if not _coexist(first, second):
                    continue
                if kind == "class" and not _share_pupils(first, second, who, pupils):
                    continue
                found.append(Clash(kind, who, weekday, second.lesson, first, second))
    return found


def _span(slot: Slot, bells: BellSchedule | None) -> tuple[int, int]:
    """Minutes of the day that a slot takes; without bells, an hour of its own per lesson."""
    ring = bells.pick(slot.shift, None, slot.weekday) if bells else None
    bell = ring.of(slot.lesson) if ring else None
    if bell is None:
        start = (slot.shift * 100 + slot.lesson) * 1440
        return start, start + 1
    return minutes(bell.begins), minutes(bell.ends)


def _coexist(first: Slot, second: Slot) -> bool:
    """Whether there can be a day on which both are held, as two lessons."""
    if first.joint is not None and first.joint == second.joint:
        return False
    if first.cycle and second.cycle and first.cycle != second.cycle:
        return False
    if first.ends is not None and second.begins is not None and first.ends < second.begins:
        return False
    return not (second.ends is not None and first.begins is not None and second.ends < first.begins)


def _share_pupils(
    first: Slot, second: Slot, who: Key, pupils: Mapping[Key, Collection[Key]] | None
) -> bool:
    if pupils is not None and first.group in pupils and second.group in pupils:
        return not set(pupils[first.group]).isdisjoint(pupils[second.group])
    mine = [a for a in first.audience if a.school_class == who]
    return any(a.meets(b) for a in mine for b in second.audience)
