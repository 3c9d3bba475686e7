"""The shapes in which a journal travels: what a page reads, what a save brings and answers."""

from datetime import date, datetime
from decimal import Decimal
from typing import TypeAlias
from uuid import UUID

import msgspec

from kundelik_core.gradebook.access import Teaching
from kundelik_core.gradebook.cells import Column

__all__ = [
    "Beside",
    "Change",
    "Group",
    "JournalPage",
    "Lesson",
    "LessonRow",
    "Outcome",
    "Period",
    "Pupil",
    "PupilMarks",
    "SaveState",
    "SavedWork",
    "Stint",
    "Theirs",
    "Titles",
    "WholeState",
    "WorkRow",
]


# A field with a default hides the type that it is named after.
Day: TypeAlias = date


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
    """A column that is written; a lesson's own, which has no more to say, comes as its id alone."""

    id: str
    lesson: str | None = None
    kind: str = ""
    date: Day = Day.min
    title: str = ""
    max: str | None = None
    position: int = 0


class PupilMarks(msgspec.Struct, array_like=True, frozen=True):
    """A pupil's marks in lists side by side, a third of the cost of a list of rows.

    ``works`` count in the order of the page's own, ``values`` are points or a code; ``noted`` are
    the works with a comment.
    """

    pupil: str
    works: list[int]
    values: list[str | None]
    noted: list[int] | None


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
    marks: list[PupilMarks]
    absences: list[tuple[str, str, str]]
    results: list[tuple[str, msgspec.Raw]]
    """Pupil and what is kept of their result; it is looked into only where it is new here."""
    versions: tuple[int, int]
    """How far the data have come: the version of the school and that of the group."""


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


class _State(msgspec.Struct, frozen=True, kw_only=True):
    group: Group | None
    teachers: list[Teaching]
    homerooms: list[UUID]
    periods: list[Period]
    columns: list[SavedWork]
    lessons: list[LessonRow]
    works: list[SavedWork]
    members: list[Stint]
    absences: list[tuple[UUID, UUID, str]]
    known: list[tuple[UUID, UUID, UUID]]
    given: list[tuple[UUID, str, str]]
    versions: tuple[int, int] = (0, 0)
    """How far the data have come: the version of the school and that of the group."""


class SaveState(_State, frozen=True, kw_only=True):
    """All that a save has to know, read by one statement under the group's lock."""

    marks: list[tuple[UUID, UUID, Decimal | None, str | None]]


class WholeState(_State, frozen=True, kw_only=True):
    """The same of all pupils of the group; their marks as works, by number, and values."""

    marks: list[tuple[UUID, list[int], list[str]]]
