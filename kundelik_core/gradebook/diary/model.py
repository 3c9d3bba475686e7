"""The shapes in which a diary travels from its query to its page."""

from datetime import date, datetime
from functools import lru_cache
from typing import Final
from uuid import UUID

import msgspec

from kundelik_core.gradebook.journal.model import Period, Titles
from kundelik_core.gradebook.results import Kept, scheme_of

__all__ = [
    "ChildClass",
    "DayException",
    "DiaryGroup",
    "DiaryLesson",
    "DiaryMark",
    "DiaryWeek",
    "DiaryWork",
    "NewsItem",
    "OwnMark",
    "OwnWeek",
    "SharedWeek",
    "SubjectMark",
    "SubjectYear",
    "Who",
    "YearMarks",
    "kept_of",
]


class ChildClass(msgspec.Struct, array_like=True, frozen=True):
    """The class of a child in a school year."""

    grade: int
    letter: str
    homeroom: UUID | None


class DiaryGroup(msgspec.Struct, array_like=True, frozen=True):
    """A teaching group that the child belongs to."""

    id: str
    subject: Titles
    scheme_code: str
    scheme_version: int
    period_kind: str


class DiaryLesson(msgspec.Struct, array_like=True, frozen=True):
    """A lesson of the week; homework is what is to be done for it."""

    id: str
    group: str
    date: date
    slot: int
    begins: str
    topic: str
    homework: str
    status: str
    room: str


class DiaryWork(msgspec.Struct, array_like=True, frozen=True):
    """A column of a journal that lies in the week."""

    id: str
    group: str
    lesson: str | None
    kind: str
    title: str
    max: str | None
    position: int
    active: bool


class OwnMark(msgspec.Struct, array_like=True, frozen=True):
    """A mark of the week as it is read: what its work is, the whole class knows."""

    work: str
    date: date
    points: str | None
    code: str | None
    comment: str | None
    new: bool


class DiaryMark(msgspec.Struct, array_like=True, frozen=True):
    """A mark of the week with the work that it belongs to."""

    work: str
    group: str
    lesson: str | None
    kind: str
    date: date
    title: str
    max: str | None
    points: str | None
    code: str | None
    comment: str | None
    new: bool


class DayException(msgspec.Struct, array_like=True, frozen=True):
    """Days that are not like their weekday."""

    begins: date
    ends: date
    kind: str
    title: Titles
    grades: str | None


class NewsItem(msgspec.Struct, array_like=True, frozen=True):
    """A mark or a remark that came since somebody last looked."""

    group: str
    date: date
    kind: str
    points: str | None
    code: str | None
    remark: bool


class SharedWeek(msgspec.Struct, frozen=True):
    """What a week shows to everybody with the same groups: timetable, homework, calendar."""

    year: tuple[date, date] | None
    groups: list[DiaryGroup]
    lessons: list[DiaryLesson]
    periods: list[Period]
    exceptions: list[DayException]
    works: list[DiaryWork] = []
    drawn: dict[object, object] = msgspec.field(default_factory=dict)
    """What pages have made of it, for the next one; it goes when this does."""
    known: dict[str, DiaryWork] = msgspec.field(default_factory=dict)

    def work(self, key: str) -> DiaryWork | None:
        """Return a work of the week; of a lesson without a mark yet, the one that it would have."""
        if not self.known:
            schemes = {g.id: scheme_of(g.scheme_code, g.scheme_version) for g in self.groups}
            for lesson in self.lessons:
                scheme = schemes.get(lesson.group)
                if scheme is not None and (kind := scheme.lesson_kind) is not None:
                    self.known[lesson.id] = DiaryWork(
                        lesson.id, lesson.group, lesson.id, kind.code, "", None, 0, active=True
                    )
            self.known.update((work.id, work) for work in self.works)
        return self.known.get(key)


class Who(msgspec.Struct, frozen=True):
    """Whose week it is and whether a guardian reads it, as of a version of the school."""

    pupil: tuple[str, str] | None
    guardian: bool
    school_class: ChildClass | None
    schools: list[tuple[int, Titles]]


class OwnWeek(msgspec.Struct, frozen=True):
    """What a week shows of one child, and which groups it shares the rest with."""

    who: Who | None
    """None where the reader has it of the same version."""
    since: datetime | None
    groups: list[str]
    layout: int
    marks: list[OwnMark]
    absences: list[tuple[str, str]]
    results: list[tuple[str, str, msgspec.Raw]]
    news: list[NewsItem]
    versions: tuple[int, int]


class DiaryWeek(msgspec.Struct, frozen=True):
    """All that one week of a diary shows."""

    who: Who
    year: tuple[date, date] | None
    since: datetime | None
    groups: list[DiaryGroup]
    lessons: list[DiaryLesson]
    marks: list[DiaryMark]
    absences: list[tuple[str, str]]
    results: list[tuple[str, str, msgspec.Raw]]
    """Group, period and a row of results as it came: most have been drawn before; ``kept_of``."""
    periods: list[Period]
    exceptions: list[DayException]
    news: list[NewsItem]
    versions: tuple[int, int, datetime | None]
    """The version of the school, the sum of those of the pupil's groups, and the last look."""
    drawn: dict[object, object]
    """What pages have made of the part that others share."""

    @property
    def grade(self) -> int | None:
        """Return the grade of the child's class."""
        return self.who.school_class.grade if self.who.school_class else None


_kept: Final = msgspec.json.Decoder(Kept)


@lru_cache(maxsize=1024)
def kept_of(row: bytes) -> Kept:
    """Read a row of results."""
    return _kept.decode(row)


class YearMarks(msgspec.Struct, frozen=True):
    """Every period's mark in every subject of a child's year."""

    pupil: tuple[str, str] | None
    guardian: bool
    school_class: ChildClass | None
    groups: list[DiaryGroup]
    periods: list[Period]
    results: list[tuple[str, str, Kept]]
    schools: list[tuple[int, Titles]]


class SubjectMark(msgspec.Struct, array_like=True, frozen=True):
    """One mark of a subject, and the changes that were made to it."""

    kind: str
    date: date
    title: str
    topic: str | None
    max: str | None
    points: str | None
    code: str | None
    absence: str | None
    comment: str | None
    changes: list[tuple[datetime, str, str, str | None]]


class ComingWork(msgspec.Struct, array_like=True, frozen=True):
    """A work of which the child has nothing yet, but for an absence perhaps."""

    kind: str
    date: date
    max: str | None
    absence: str | None


class SubjectYear(msgspec.Struct, frozen=True):
    """All marks of a child in one group."""

    pupil: tuple[str, str] | None
    guardian: bool
    school_class: ChildClass | None
    group: DiaryGroup | None
    periods: list[Period]
    results: list[tuple[str, Kept]]
    marks: list[SubjectMark]
    coming: list[ComingWork]
    schools: list[tuple[int, Titles]]
