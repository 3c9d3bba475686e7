"""Decide what becomes of every change of a batch, without touching anything.

A change is saved, found unchanged, refused with a reason, or held up as a conflict: when the cell
holds neither what its writer last saw nor what the writer wants. The same change twice is once.
"""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Final
from uuid import UUID

import msgspec

from kundelik_core.gradebook.cells import EMPTY, Column, encode, merge, seen
from kundelik_core.gradebook.journal.ground import Ground, Works
from kundelik_core.gradebook.journal.model import (
    Beside,
    Change,
    LessonRow,
    Outcome,
    Period,
    SaveState,
    Theirs,
)
from kundelik_core.gradebook.results import counted_work, kind_of, top_of
from kundelik_core.gradebook.schemes.engine import PeriodResult, Work, compute_period
from kundelik_core.gradebook.schemes.entry import Cell, parse_cell, show_cell
from kundelik_core.gradebook.schemes.model import KindSpec
from kundelik_core.kernel.errors import Problem
from kundelik_core.kernel.i18n import N_
from kundelik_core.kernel.ids import new_id

__all__ = ["MOST_CHANGES", "Batch", "HistoryRow", "decide"]

MOST_CHANGES: Final = 500

Key = tuple[UUID, UUID]
# Of a pupil without any.
_NO_MARKS: Final[Mapping[UUID, Cell]] = {}
_NO_ABSENCES: Final[Mapping[UUID, str]] = {}


def _by_id(item: tuple[UUID, Work]) -> int:
    return item[0].int


class HistoryRow(msgspec.Struct, frozen=True):
    """One line of a cell's history, to be written."""

    column: UUID
    pupil: UUID
    id: UUID
    old: str
    new: str
    reason: str | None


class Batch:
    """The journal as it was and as the changes make it; what differs is to be written.

    The ground under it stays as it is, since others may stand on it too.
    """

    def __init__(self, ground: Ground | SaveState, locale: str) -> None:
        self.ground = Ground(ground) if isinstance(ground, SaveState) else ground
        self.group = self.ground.group
        self.scheme = self.ground.scheme
        self.locale = locale
        self.periods = self.ground.periods
        self.lessons = self.ground.lessons
        self.columns: Mapping[UUID, Column] = self.ground.columns
        self.marks: dict[UUID, dict[UUID, Cell]] = {}
        self.absences: dict[UUID, dict[UUID, str]] = {}
        self.known: set[tuple[UUID, UUID, UUID]] = set(self.ground.known)
        self.new_works: dict[UUID, Column] = {}
        self.new_marks: dict[Key, Cell] = {}
        self.new_absences: dict[Key, tuple[str, date]] = {}
        self.history: list[HistoryRow] = []
        self.touched: dict[tuple[UUID, str], None] = {}
        self.repeated: dict[tuple[UUID, str], None] = {}
        self._written: set[Key] = set()
        self._changed: dict[UUID, dict[UUID, None]] = {}
        self._results: dict[tuple[UUID, str], PeriodResult] = {}
        self._works: dict[tuple[UUID, str], Works] = {}

    def marks_of(self, pupil: UUID) -> Mapping[UUID, Cell]:
        """Give a pupil's marks by column, without what belongs to lessons."""
        found = self.marks.get(pupil)
        return self.ground.marks.get(pupil, _NO_MARKS) if found is None else found

    def absences_of(self, pupil: UUID) -> Mapping[UUID, str]:
        """Give a pupil's absences by lesson."""
        found = self.absences.get(pupil)
        return self.ground.absences.get(pupil, _NO_ABSENCES) if found is None else found

    def cell(self, column: Column, pupil: UUID) -> Cell:
        """Give all that is known of a cell: its mark and the absence of its lesson."""
        mark = self.marks_of(pupil).get(column.id)
        absence = self.absences_of(pupil).get(column.lesson) if column.lesson else None
        if mark is None:
            return Cell(absence=absence) if absence else EMPTY
        return Cell(points=mark.points, code=mark.code, absence=absence) if absence else mark

    def find(self, column: UUID) -> Column | None:
        """Give a column of this journal, whether or not it may be written."""
        try:
            return _column(self, column)[0]
        except Problem:
            return self.columns.get(column)

    def check(self, column: UUID, pupil: UUID) -> Column:
        """Give the column of a cell that may be written.

        Raises:
            Problem: it may not.
        """
        found, _ = _column(self, column)
        _check_place(self, found, pupil)
        return found

    def show(self, column: Column, cell: Cell) -> str:
        """Show a cell of a column in the writer's language."""
        return show_cell(seen(column, cell), self.locale)

    def is_member(self, pupil: UUID, day: date) -> bool:
        """Tell whether the pupil belongs to the group on a day."""
        return any(stint.holds(day) for stint in self.ground.members.get(pupil, ()))

    def period_of(self, day: date) -> Period | None:
        """Find the period of a day."""
        return next((period for period in self.periods if period.holds(day)), None)

    def put(self, column: Column, change: Change, now: Cell, new: Cell) -> None:
        """Take a change in; what was computed before is forgotten."""
        self._results.clear()
        pupil = change.pupil
        key = (column.id, pupil)
        if (now.points, now.code) != (new.points, new.code):
            value = Cell(points=new.points, code=new.code)
            self.new_marks[key] = value
            self._changed.setdefault(pupil, {})[column.id] = None
            mine = self.marks[pupil] = dict(self.marks_of(pupil))
            if value.is_empty:
                mine.pop(column.id, None)
            else:
                mine[column.id] = value
            if column.id not in self.columns:
                self.columns = {**self.columns, column.id: column}
                self.new_works[column.id] = column
        self._written.add(key)
        if now.absence != new.absence and column.lesson is not None:
            self._put_absence(column, column.lesson, change, now.absence, new.absence)
        old, made = encode(seen(column, now)), encode(seen(column, new))
        self.history.append(HistoryRow(column.id, pupil, change.id, old, made, change.reason))
        self.known.add((column.id, pupil, change.id))
        period = self.period_of(column.date)
        if period is not None:
            self.touched[pupil, period.code] = None

    def _put_absence(
        self, column: Column, lesson: UUID, change: Change, old: str | None, new: str | None
    ) -> None:
        key = (lesson, change.pupil)
        self.new_absences[key] = (new or "", column.date)
        absences = dict(self.absences_of(change.pupil))
        absences.pop(lesson, None)
        if new:
            absences[lesson] = new
        self.absences[change.pupil] = absences
        if column.own:
            return
        # The absence is the lesson's: there it is looked for, wherever it was typed.
        mark = self.marks_of(change.pupil).get(lesson, EMPTY)
        was, made = (
            encode(Cell(points=mark.points, code=mark.code, absence=code)) for code in (old, new)
        )
        self.history.append(HistoryRow(lesson, change.pupil, new_id(), was, made, change.reason))

    def beside(self) -> list[Beside]:
        """Give the other cells that show an absence which was written in this batch."""
        found: list[Beside] = []
        for (lesson, pupil), (_code, day) in self.new_absences.items():
            columns = {c.id: c for c in self.columns.values() if c.lesson == lesson}
            kind = self.scheme.lesson_kind
            if kind is not None and lesson not in columns:
                columns[lesson] = Column(lesson, lesson, kind.code, day, None)
            found += [
                Beside(column.id, pupil, self.show(column, self.cell(column, pupil)))
                for column in columns.values()
                if (column.id, pupil) not in self._written
            ]
        return found

    def result(self, pupil: UUID, code: str) -> PeriodResult:
        """Compute a pupil's period with all changes in."""
        found = self._results.get((pupil, code))
        if found is None:
            works = self._works[pupil, code] = self._works_of(pupil, code)
            found = compute_period(self.scheme, list(works.values()))
            self._results[pupil, code] = found
        return found

    def _works_of(self, pupil: UUID, code: str) -> Works:
        """Give what counts for a pupil, by column in a fixed order; what is known is amended."""
        known = self.ground.works.get((pupil, code))
        changed = self._changed.get(pupil, ())
        if known is not None and not changed and pupil not in self.absences:
            return known
        period = next(item for item in self.periods if item.code == code)
        columns: Iterable[Column]
        if known is None or pupil in self.absences:
            known, new = {}, [c for c in self.new_works.values() if period.holds(c.date)]
            mine, away = self.marks_of(pupil), self.absences_of(pupil)
            columns = (*self.ground.filled_columns(code, mine, away), *new)
        else:
            columns = (self.columns[key] for key in changed)
            columns = [column for column in columns if period.holds(column.date)]
        works = dict(known)
        for column in columns:
            work = self._work(column, pupil)
            if work is not None:
                works[column.id] = work
            else:
                works.pop(column.id, None)
        # A column that is new among them stands at the end.
        return works if works.keys() == known.keys() else dict(sorted(works.items(), key=_by_id))

    def _work(self, column: Column, pupil: UUID) -> Work | None:
        """Give what a cell counts; an empty lesson counts for nobody."""
        ground, cell = self.ground, self.cell(column, pupil)
        if cell is EMPTY and column.kind in ground.light:
            return None
        if cell.points is None and cell.code is None:
            return counted_work(
                ground.kinds,
                self.group.grade,
                column,
                cell,
                is_member=lambda column: self.is_member(pupil, column.date),
            )
        # Of a mark it does not matter whose it is.
        key = (column.kind, column.max, column.status, column.is_work, cell)
        if key not in ground.weighed:
            ground.weighed[key] = counted_work(ground.kinds, self.group.grade, column, cell)
        return ground.weighed[key]

    def shown(self, pupil: UUID, code: str) -> PeriodResult:
        """Give what is shown of a period: a mark that was given stands before the computed one."""
        result = self.result(pupil, code)
        given = self.ground.given.get((pupil, code))
        if given is None:
            return result
        return msgspec.structs.replace(
            result, mark=given, hint=result.mark, set_by_teacher=True, provisional=False
        )

    def settle(self) -> None:
        """Bring the ground up to date with what was written."""
        ground = self.ground
        ground.marks |= self.marks
        ground.absences |= self.absences
        ground.add(self.new_works)
        for key in self.touched:
            ground.works.pop(key, None)
        ground.works |= self._works


def decide(batch: Batch, changes: Iterable[Change]) -> list[Outcome]:
    """Decide every change in turn; what is saved is in `batch` afterwards."""
    return [_decide(batch, change) for change in changes]


def _decide(batch: Batch, change: Change) -> Outcome:
    there = batch.find(change.column)
    shown = "" if there is None else batch.show(there, batch.cell(there, change.pupil))
    # What was saved stays saved, whatever has become of its column since.
    if (change.column, change.pupil, change.id) in batch.known:
        period = None if there is None else batch.period_of(there.date)
        if period is not None:
            batch.repeated[change.pupil, period.code] = None
        return _outcome(change, "saved", shown)
    try:
        column, kind = _column(batch, change.column)
        _check_place(batch, column, change.pupil)
        now = batch.cell(column, change.pupil)
        typed = parse_cell(change.value, kind, top_of(kind, column, batch.group.grade))
        new = merge(column, now, typed)
        if new.absence != now.absence and column.lesson is None:
            raise Problem(
                "no-lesson",
                N_("This work has no lesson. Note the absence in the column of a lesson."),
            )
    except Problem as problem:
        return _refused(change, shown, problem)
    if new == now:
        return _outcome(change, "unchanged", shown)
    if not _same(batch, column, kind, change.base, (now, typed)):
        # Who wrote it is asked for afterwards: conflicts are rare.
        return _outcome(change, "conflict", shown, Theirs(value=shown, by="", at=None))
    batch.put(column, change, now, new)
    return _outcome(change, "saved", batch.show(column, new))


def _column(batch: Batch, key: UUID) -> tuple[Column, KindSpec]:
    """Find a column, or the one that a lesson would have.

    Raises:
        Problem: there is none in this group, or it takes nothing any more.
    """
    lesson: LessonRow | None = batch.lessons.get(key)
    column = batch.columns.get(key)
    if column is None:
        kind = batch.scheme.lesson_kind
        if lesson is None or kind is None:
            raise Problem("unknown-column", N_("This journal has no such column any more."))
        column = Column(lesson.id, lesson.id, kind.code, lesson.date, None)
    spec = kind_of(batch.scheme, column.kind)
    if spec is None:
        raise Problem("unknown-kind", N_("The grading scheme does not know this kind of work."))
    if column.status != "active":
        raise Problem("void-work", N_("This work was cancelled and takes no marks."))
    if lesson is not None and lesson.status == "cancelled":
        raise Problem("cancelled-lesson", N_("This lesson was cancelled and takes no marks."))
    return column, spec


def _check_place(batch: Batch, column: Column, pupil: UUID) -> None:
    """Refuse a cell that may not be written.

    Raises:
        Problem: there is no such period, it is closed, or the pupil was not there.
    """
    if batch.group.status != "active":
        raise Problem("group-closed", N_("This group is closed. Its marks no longer change."))
    period = batch.period_of(column.date)
    if period is None:
        raise Problem("no-period", N_("This day lies in no marking period."))
    if period.state != "open":
        raise Problem("period-closed", N_("The period is closed. Its marks no longer change."))
    if not batch.is_member(pupil, column.date):
        raise Problem("not-a-member", N_("The pupil was not in this group on that day."))


def _same(
    batch: Batch, column: Column, kind: KindSpec, base: str, cells: tuple[Cell, Cell]
) -> bool:
    """Tell whether the writer saw what is there, in whatever language they saw it.

    Points typed into a work's column leave the absence of its lesson as it is: whether the writer
    had seen that one does not matter.
    """
    now, typed = cells
    there = seen(column, now)
    try:
        known = parse_cell(base, kind, top_of(kind, column, batch.group.grade))
        if not column.own and typed.absence is None and not typed.is_empty:
            return (known.points, known.code) == (there.points, there.code)
        return known == there
    except Problem:
        # It may have been legal when it was shown: a maximum that was lowered since, for example.
        return base == show_cell(there, batch.locale)


def _outcome(change: Change, state: str, value: str, theirs: Theirs | None = None) -> Outcome:
    return Outcome(change.id, change.column, change.pupil, state, value, theirs)


def _refused(change: Change, value: str, problem: Problem) -> Outcome:
    return Outcome(
        change.id,
        change.column,
        change.pupil,
        "refused",
        value,
        code=problem.code,
        message=problem.message,
        params=problem.params,
    )
