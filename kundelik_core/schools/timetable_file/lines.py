"""Understand the rows of a timetable by what the school has: class, subject, teacher, bell."""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable
from typing import NamedTuple
from uuid import UUID

from kundelik_core.kernel.i18n import N_
from kundelik_core.schools.roster.apply_model import KnownClass
from kundelik_core.schools.roster.report import Report
from kundelik_core.schools.titles import class_title

from .model import TimetableState
from .names import Found, SubjectNames, TeacherNames
from .reader import LessonLine, TimetableFile

__all__ = ["Meant", "Understood", "spread", "understand"]


class Meant(NamedTuple):
    """One lesson of the week, everything in it known to the school."""

    line: LessonLine
    classes: tuple[KnownClass, ...]
    subject: str
    teacher: UUID
    begins: dt.time

    @property
    def class_ids(self) -> tuple[UUID, ...]:
        """The classes that are taught together."""
        return tuple(row.id for row in self.classes)


class Understood(NamedTuple):
    """The rows of the classes whose rows are all right, and the classes that are left as is."""

    meant: list[Meant]
    left_out: set[UUID]
    wrong: int


def understand(
    file: TimetableFile, state: TimetableState, subjects: SubjectNames, report: Report
) -> Understood:
    """Find out what each row means; a class with a wrong row is left as it is as a whole."""
    reader = _Reader(state, subjects, report)
    known = {(row.grade, row.letter.casefold()): row for row in state.classes}
    reader.left_out = {
        known[key].id for one in file.broken if (key := (one[0], one[1].casefold())) in known
    }
    for line in file.lines:
        classes = []
        for grade, letter in line.classes:
            row = known.get((grade, letter.casefold()))
            if row is not None:
                classes.append(row)
                continue
            titles = ", ".join(class_title(c.grade, c.letter) for c in state.classes
                               if c.grade == grade)  # fmt: skip
            _error(report, line, "class", "class_unknown",
                   N_("The school has no class %(value)s this year. Classes of the grade: "
                      "%(near)s."),
                   class_title(grade, letter), titles or "-")  # fmt: skip
        if len(classes) < len(line.classes):
            reader.refuse(classes)
        else:
            reader.read(line, tuple(classes))
    reader.clashes()
    reader.left_out = spread(reader.left_out, (one.class_ids for one in reader.meant))
    meant = [one for one in reader.meant if reader.left_out.isdisjoint(one.class_ids)]
    _tell_left_out(reader, state, report)
    return Understood(meant, reader.left_out, reader.wrong)


def spread(classes: set[UUID], together: Iterable[Collection[UUID]]) -> set[UUID]:
    """Classes, and those that are taught together with one of them: both or neither change."""
    sets = {frozenset(several) for several in together if len(several) > 1}
    found = set(classes)
    while more := {one for several in sets if several & found for one in several} - found:
        found |= more
    return found


def _tell_left_out(reader: _Reader, state: TimetableState, report: Report) -> None:
    held = Counter(key for one in reader.meant for key in one.class_ids)
    first = {key: one.line for one in reversed(reader.meant) for key in one.class_ids}
    for row in state.classes:
        if row.id in reader.left_out and held[row.id]:
            report.warning(
                first[row.id].at("class"),
                "class_left_as_it_is",
                N_("Some rows of %(value)s are wrong, so that its timetable is left as it is until "
                   "they are right."),
                value=class_title(row.grade, row.letter),
                params={"value": class_title(row.grade, row.letter)},
            )  # fmt: skip


class _Reader:
    def __init__(self, state: TimetableState, subjects: SubjectNames, report: Report) -> None:
        self.state, self.subjects, self.report = state, subjects, report
        self.teachers = TeacherNames(state.staff)
        self.meant: list[Meant] = []
        self.left_out: set[UUID] = set()
        self.wrong = 0

    def read(self, line: LessonLine, classes: tuple[KnownClass, ...]) -> None:
        """Take one row in, or say what is wrong with it."""
        begins = self._bell(line, classes)
        subject = self._subject(line, classes[0])
        teacher = self._teacher(line)
        if begins is None or not subject or teacher is None:
            self.refuse(classes)
            return
        self.meant.append(Meant(line, classes, subject, teacher, begins))

    def refuse(self, classes: Iterable[KnownClass]) -> None:
        """Leave a row out, and with it the week of its classes."""
        self.wrong += 1
        self.left_out |= {row.id for row in classes}

    def _bell(self, line: LessonLine, classes: tuple[KnownClass, ...]) -> dt.time | None:
        if line.weekday not in self.state.calendar.week_days:
            _error(self.report, line, "weekday", "weekday_free",
                   N_("The school has no lessons on this day of the week."),
                   str(line.weekday))  # fmt: skip
            return None
        found = set()
        for row in classes:
            rings = self.state.bells.pick(row.shift, row.grade, line.weekday)
            bell = rings.of(line.lesson) if rings else None
            if bell is None:
                numbers = ", ".join(str(one.lesson) for one in rings.bells) if rings else "-"
                _error(self.report, line, "lesson", "no_bell",
                       N_("No bell of the school rings for lesson %(value)s. Lessons with a bell: "
                          "%(near)s."),
                       str(line.lesson), numbers)  # fmt: skip
                return None
            found.add(bell.begins)
        if len(found) > 1:
            _error(self.report, line, "class", "bells_differ",
                   N_("Lesson %(value)s begins at another time for each of these classes. Write a "
                      "row for each of them."),
                   str(line.lesson))  # fmt: skip
            return None
        return found.pop()

    def _subject(self, line: LessonLine, school_class: KnownClass) -> str:
        found = self.subjects.find(line.subject, school_class.grade, school_class.language)
        if not found.key:
            message = (
                N_("%(value)s may be several subjects: %(near)s. Write the one that is meant.")
                if found.several
                else N_("There is no subject %(value)s. Near to it: %(near)s.")
            )
            code = "subject_ambiguous" if found.several else "subject_unknown"
            _error(self.report, line, "subject", code, message, line.subject, _near(found))
        return found.key

    def _teacher(self, line: LessonLine) -> UUID | None:
        teacher, found = self.teachers.find(line.teacher)
        if teacher is None:
            message = (
                N_("%(value)s may be several people of the staff: %(near)s. Write the login.")
                if found.several
                else N_("Nobody of the staff is called %(value)s. Near to it: %(near)s.")
            )
            code = "teacher_ambiguous" if found.several else "teacher_unknown"
            _error(self.report, line, "teacher", code, message, line.teacher, _near(found))
        return teacher

    def clashes(self) -> None:
        """Refuse what a class cannot do at one time; tell of what a teacher or a room can not."""
        classes: dict[tuple[UUID, int, int], list[Meant]] = defaultdict(list)
        others: dict[tuple[str, object, int, dt.time], list[Meant]] = defaultdict(list)
        for one in self.meant:
            line = one.line
            for school_class in one.classes:
                same_time = classes[school_class.id, line.weekday, line.lesson]
                for earlier in same_time:
                    if _same_week(one, earlier):
                        self._class_clash(one, earlier)
                same_time.append(one)
            for kind, who in (("teacher", one.teacher), ("room", line.room.casefold())):
                there = others[kind, who, line.weekday, one.begins]
                before = next((other for other in there if _same_week(one, other)), None)
                there.append(one)
                if who and before is not None:
                    _warning(self.report, line, kind, f"{kind}_busy", _BUSY[kind], before)

    def _class_clash(self, one: Meant, earlier: Meant) -> None:
        mine, theirs = one.line.part, earlier.line.part
        if mine and theirs and mine != theirs:
            return
        if mine and one.subject != earlier.subject:
            _warning(self.report, one.line, "part", "part_busy", _BUSY["part"], earlier)
            return
        self.refuse(one.classes)
        number = str(earlier.line.where.line)
        _error(self.report, one.line, "lesson", "class_busy",
               N_("The class has another lesson at this time, in line %(near)s."),
               str(one.line.lesson), number)  # fmt: skip


def _same_week(one: Meant, other: Meant) -> bool:
    """Whether there is a week that has both."""
    return not (one.line.week and other.line.week and one.line.week != other.line.week)


_BUSY = {
    "teacher": N_("The teacher has another lesson at this time, in line %(near)s. That is right "
                  "only if they are held together."),
    "room": N_("The room is taken at this time by line %(near)s."),
    "part": N_("This part of the class has another lesson at this time, in line %(near)s."),
}  # fmt: skip


def _near(found: Found) -> str:
    return ", ".join(found.near) or "-"


def _error(
    report: Report, line: LessonLine, column: str, code: str, message: str, value: str,
    near: str = "",
) -> None:  # fmt: skip
    report.error(line.at(column), code, message, value=value, params={"value": value, "near": near})


def _warning(
    report: Report, line: LessonLine, column: str, code: str, message: str, other: Meant
) -> None:
    value = {"teacher": line.teacher, "room": line.room}.get(column, line.part)
    near = str(other.line.where.line)
    report.warning(line.at(column), code, message, value=value, params={"near": near})
