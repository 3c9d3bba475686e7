"""Understand the rows of a timetable by what the school has: class, subject, teacher, bell."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from typing import NamedTuple
from uuid import UUID

from kundelik_core.kernel.i18n import N_
from kundelik_core.schools.roster.apply_model import KnownClass
from kundelik_core.schools.roster.report import Report
from kundelik_core.schools.titles import class_title

from .model import TimetableState
from .names import Found, SubjectNames, TeacherNames
from .reader import LessonLine, TimetableFile

__all__ = ["Understood", "understand"]


class Meant(NamedTuple):
    """One lesson of the week, everything in it known to the school."""

    line: LessonLine
    school_class: KnownClass
    subject: str
    teacher: UUID
    begins: dt.time


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
        school_class = known.get((line.grade, line.letter.casefold()))
        if school_class is None:
            reader.wrong += 1
            titles = ", ".join(class_title(c.grade, c.letter) for c in state.classes
                               if c.grade == line.grade)  # fmt: skip
            _error(report, line, "class", "class_unknown",
                   N_("The school has no class %(value)s this year. Classes of the grade: "
                      "%(near)s."),
                   class_title(line.grade, line.letter), titles or "-")  # fmt: skip
            continue
        reader.read(line, school_class)
    reader.clashes()
    meant = [one for one in reader.meant if one.school_class.id not in reader.left_out]
    _tell_left_out(reader, state, report)
    return Understood(meant, reader.left_out, reader.wrong)


def _tell_left_out(reader: _Reader, state: TimetableState, report: Report) -> None:
    held = Counter(one.school_class.id for one in reader.meant)
    first = {one.school_class.id: one.line for one in reversed(reader.meant)}
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

    def read(self, line: LessonLine, school_class: KnownClass) -> None:
        """Take one row in, or say what is wrong with it."""
        begins = self._bell(line, school_class)
        subject = self._subject(line, school_class)
        teacher = self._teacher(line)
        if begins is None or not subject or teacher is None:
            self._refuse(school_class)
            return
        self.meant.append(Meant(line, school_class, subject, teacher, begins))

    def _refuse(self, school_class: KnownClass) -> None:
        self.wrong += 1
        self.left_out.add(school_class.id)

    def _bell(self, line: LessonLine, school_class: KnownClass) -> dt.time | None:
        if line.weekday not in self.state.calendar.week_days:
            _error(self.report, line, "weekday", "weekday_free",
                   N_("The school has no lessons on this day of the week."),
                   str(line.weekday))  # fmt: skip
            return None
        rings = self.state.bells.pick(school_class.shift, school_class.grade, line.weekday)
        bell = rings.of(line.lesson) if rings else None
        if bell is None:
            numbers = ", ".join(str(one.lesson) for one in rings.bells) if rings else "-"
            _error(self.report, line, "lesson", "no_bell",
                   N_("No bell of the school rings for lesson %(value)s. Lessons with a bell: "
                      "%(near)s."),
                   str(line.lesson), numbers)  # fmt: skip
            return None
        return bell.begins

    def _subject(self, line: LessonLine, school_class: KnownClass) -> str:
        found = self.subjects.find(line.subject, line.grade, school_class.language)
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
        classes: dict[tuple[UUID, int, int], list[Meant]] = {}
        others: dict[tuple[str, object, int, dt.time], Meant] = {}
        for one in self.meant:
            line, key = one.line, one.school_class.id
            same_time = classes.setdefault((key, line.weekday, line.lesson), [])
            for earlier in same_time:
                self._class_clash(one, earlier)
            same_time.append(one)
            for kind, who in (("teacher", one.teacher), ("room", line.room.casefold())):
                place = (kind, who, line.weekday, one.begins)
                before = others.setdefault(place, one)
                if who and before is not one:
                    _warning(self.report, line, kind, f"{kind}_busy", _BUSY[kind], before)

    def _class_clash(self, one: Meant, earlier: Meant) -> None:
        mine, theirs = one.line.part, earlier.line.part
        if mine and theirs and mine != theirs:
            return
        if mine and one.subject != earlier.subject:
            _warning(self.report, one.line, "part", "part_busy", _BUSY["part"], earlier)
            return
        self._refuse(one.school_class)
        number = str(earlier.line.where.line)
        _error(self.report, one.line, "lesson", "class_busy",
               N_("The class has another lesson at this time, in line %(near)s."),
               str(one.line.lesson), number)  # fmt: skip


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
    value = {"teacher": line.teacher, "room": line.room}.get(column, str(line.part))
    near = str(other.line.where.line)
    report.warning(line.at(column), code, message, value=value, params={"near": near})
