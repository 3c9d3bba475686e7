"""What a made-up school consists of: plain values that a loader turns into rows.

Keys are small integers, counted from zero within one school and one kind of thing; whoever
stores the school gives them lasting ids.
"""

import datetime as dt
from typing import Literal, NamedTuple

import msgspec

from kundelik_core.schools.bells import BellSchedule
from kundelik_core.schools.calendar import SchoolCalendar
from kundelik_core.schools.timetable import Slot
from kundelik_core.schools.titles import Title

Size = Literal["S", "M", "L"]
Sex = Literal["m", "f"]
SchoolLanguage = Literal["kk", "ru", "mixed"]
Position = Literal["director", "deputy", "psychologist", "teacher"]


class Person(msgspec.Struct, gc=False):
    """Somebody's name as documents write it. `key` is unique within the school."""

    key: int
    surname: str
    given: str
    patronymic: str
    sex: Sex
    birth: dt.date
    login: str


class Guardianship(NamedTuple):
    """A parent of a pupil, both by their keys in `people`."""

    parent: int
    pupil: int
    relation: Literal["mother", "father"]


class StaffMember(msgspec.Struct, gc=False):
    """Somebody who works in the school; `person` is their key in `people`."""

    person: int
    position: Position
    speciality: str
    room: str
    subjects: tuple[str, ...] = ()
    hours: int = 0


class SchoolClass(msgspec.Struct, gc=False):
    """A class. `homeroom` is a person; `joint` tells which classes share one room and teacher."""

    key: int
    grade: int
    letter: str
    title: str
    language: Literal["kk", "ru"]
    shift: int
    room: str
    pupils: tuple[int, ...] = ()
    homeroom: int = -1
    track: Literal["", "nature", "social"] = ""
    joint: int | None = None


class Group(msgspec.Struct, gc=False):
    """A teaching group: the pupils, subject and teacher of one journal.

    `hours` are lessons per week, doubled (1 is a lesson every other week). `part` counts from
    one where the class is split and is 0 where it is not.
    """

    key: int
    subject: str
    school_class: int
    grade: int
    language: Literal["kk", "ru"]
    hours: int
    scheme: str
    part: int
    split: str
    pupils: tuple[int, ...]
    teacher: int = -1


class GeneratedLesson(msgspec.Struct, gc=False):
    """A lesson of a group on a day; topic and homework are in the language of the class."""

    key: int
    group: int
    date: dt.date
    slot: int
    number: int
    begins: dt.time | None
    ends: dt.time | None
    room: str
    teacher: int
    topic: str
    homework: str


class Work(msgspec.Struct, gc=False):
    """A summative work that is written in a lesson."""

    key: int
    group: int
    lesson: int
    kind: Literal["sor", "soch"]
    title: str
    max: int
    date: dt.date
    period: str


class Cell(NamedTuple):
    """What stands for one pupil: a mark as it is typed, and how they were absent (or neither)."""

    pupil: int
    value: str
    absence: str


class Column(NamedTuple):
    """The filled cells of one column of a journal: of a lesson, or of a work."""

    kind: Literal["lesson", "work"]
    key: int
    cells: list[Cell]


class Journal(msgspec.Struct, gc=False):
    """A group's year: its lessons in order, its works, and what is filled in up to today."""

    group: Group
    lessons: list[GeneratedLesson]
    works: list[Work]
    columns: list[Column]


class Unplaced(NamedTuple):
    """Lessons that the weekly timetable had no room for."""

    group: int
    lessons: int


class Outline(msgspec.Struct, gc=False):
    """A school before its year is played through: who is there, and what is taught when."""

    title: Title
    number: str
    size: Size
    language: SchoolLanguage
    year: int
    calendar: SchoolCalendar
    bells: BellSchedule
    people: list[Person]
    guardianships: list[Guardianship]
    staff: list[StaffMember]
    classes: list[SchoolClass]
    groups: list[Group]
    slots: list[Slot]
    unplaced: list[Unplaced]
