"""The shapes in which a journal travels: what a page reads, what a save brings and answers."""

from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

import msgspec

from kundelik_core.gradebook.access import Teaching
from kundelik_core.gradebook.cells import Column
from kundelik_core.gradebook.results import Kept

__all__ = [
    "Beside",
    "Change",
    "Group",
    "JournalPage",
    "Lesson",
    "LessonRow",
    "Outcome",
    "PageMarks",
    "Period",
    "Pupil",
    "SaveState",
    "SavedWork",
    "Stint",
    "Theirs",
    "Titles",
    "WorkRow",
]


class Titles(msgspec.Struct, array_like=True, frozen=True):
    """A title in the three languages."""

    kk: str
    ru: str
    en: str

    def of(self, locale: str) -> str:
        """Give the title for a reader."""
        return self.kk if locale == "kk" else self.ru if locale == "ru" else self.en


class Group(msgspec.Struct, array_like=True, frozen=True):
    """A teaching group as its journal needs it."""

    id: str
    year: int
    grade: int
    status: str
    scheme_code: str
    scheme_version: int
    period_kind: str
    title: str
    room: str
    subject_code: str
    subject: Titles


class Period(msgspec.Struct, array_like=True, frozen=True):
    """A period of the group's own kind."""

    code: str
    begins: date
    ends: date
    state: str

    def holds(self, day: date) -> bool:
        """Tell whether the day lies in it, both ends included."""
        return self.begins <= day <= self.ends


class Pupil(msgspec.Struct, array_like=True, frozen=True):
    """One stretch of a pupil in the group."""

    id: str
    surname: str
    given: str
    begins: date
    ends: date | None


class Lesson(msgspec.Struct, array_like=True, frozen=True):
    """A lesson with its right-hand page."""

    id: str
    date: date
    slot: int
    topic: str
    homework: str
    status: str


class WorkRow(msgspec.Struct, array_like=True, frozen=True):
    """A column that is written; a lesson's own only once somebody has a mark in it."""

    id: str
    lesson: str | None
    kind: str
    date: date
    title: str
    max: str | None
    position: int


class PageMarks(msgspec.Struct, array_like=True, frozen=True):
    """The marks of a page in lists side by side, a third of the cost of a list of rows.

    ``works`` counts in the order of the page's works; ``noted`` are the cells with a comment.
    """

    works: list[int] | None
    pupils: list[str] | None
    values: list[str | None] | None
    noted_works: list[int] | None
    noted_pupils: list[str] | None

    def cells(self) -> Iterator[tuple[int, str, str | None]]:
        """Give work, pupil and points or code of every mark."""
        return zip(self.works or (), self.pupils or (), self.values or (), strict=True)

    def noted(self) -> Iterator[tuple[int, str]]:
        """Give work and pupil of every comment."""
        return zip(self.noted_works or (), self.noted_pupils or (), strict=True)


class JournalPage(msgspec.Struct, frozen=True):
    """All that one page of a journal shows, as one statement brings it."""

    group: Group | None
    periods: list[Period]
    period: str | None
    teachers: list[Teaching]
    homerooms: list[UUID]
    others: list[tuple[str, str, Titles]]
    pupils: list[Pupil]
    lessons: list[Lesson]
    after: Lesson | None
    works: list[WorkRow]
    marks: PageMarks
    absences: list[tuple[str, str, str]]
    results: list[tuple[str, Kept]]


class Change(msgspec.Struct, frozen=True):
    """One change of one cell, as a client sends it. The id is made by the client, once."""

    id: UUID
    column: UUID
    pupil: UUID
    value: str
    base: str = ""
    reason: str | None = None


class Theirs(msgspec.Struct, frozen=True):
    """What somebody else has put into the cell meanwhile."""

    value: str
    by: str
    at: datetime | None


class Outcome(msgspec.Struct, frozen=True):
    """What became of a change; `code`, `message` and `params` say why it was refused."""

    id: UUID
    column: UUID
    pupil: UUID
    state: str
    value: str
    theirs: Theirs | None = None
    code: str = ""
    message: str = ""
    params: dict[str, object] = msgspec.field(default_factory=dict)


class Beside(msgspec.Struct, frozen=True):
    """A cell that shows something else now because of what was written in another one."""

    column: UUID
    pupil: UUID
    value: str


class Stint(msgspec.Struct, array_like=True, frozen=True):
    """A stretch of time in which a pupil belongs to the group."""

    pupil: UUID
    begins: date
    ends: date | None

    def holds(self, day: date) -> bool:
        """Tell whether the day lies in it, both ends included."""
        return self.begins <= day and (self.ends is None or day <= self.ends)


class LessonRow(msgspec.Struct, array_like=True, frozen=True):
    """A lesson that a change names as its column."""

    id: UUID
    date: date
    status: str


class SavedWork(msgspec.Struct, array_like=True, frozen=True):
    """A work of the group, as a save needs it."""

    id: UUID
    lesson: UUID | None
    kind: str
    date: date
    max: Decimal | None
    status: str

    def column(self) -> Column:
        """Give it as the rules know columns."""
        return Column(self.id, self.lesson, self.kind, self.date, self.max, self.status)


class SaveState(msgspec.Struct, frozen=True):
    """All that a save has to know, read by one statement under the group's lock."""

    group: Group | None
    teachers: list[Teaching]
    homerooms: list[UUID]
    periods: list[Period]
    columns: list[SavedWork]
    lessons: list[LessonRow]
    works: list[SavedWork]
    members: list[Stint]
    marks: list[tuple[UUID, UUID, Decimal | None, str | None]]
    absences: list[tuple[UUID, UUID, str]]
    known: list[tuple[UUID, UUID, UUID]]
    last: list[tuple[UUID, UUID, datetime, str]]
    given: list[tuple[UUID, str, str]]
