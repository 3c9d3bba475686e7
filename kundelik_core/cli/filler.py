"""Turn a generated journal into the columns, cells, history and results that the database keeps."""

import random
from collections.abc import Callable, Iterator
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from kundelik_core.gradebook.bulk import BulkCell, BulkResult, BulkWork
from kundelik_core.gradebook.cells import Column as CellColumn
from kundelik_core.gradebook.results import pupil_result, store
from kundelik_core.gradebook.schemes.catalogue import newest
from kundelik_core.gradebook.schemes.entry import EMPTY, FAIL, PASS, Cell
from kundelik_core.kernel.clock import SCHOOL_ZONE
from kundelik_core.schools.calendar import Period
from kundelik_core.schools.generate import Column, Journal, Outline, Work
from kundelik_core.schools.loader import Keys, SeededIds, leave_unfilled

__all__ = ["Filler", "is_over"]

# A period may be corrected for so many days after its end (the schemes' own lock says the same).
_GRACE: Final = timedelta(days=3)
_CODES: Final = {"+": PASS, "-": FAIL}
# One mark in so many was first typed wrong and put right.
_CORRECTED: Final = 150


class Filler:
    """Turns one generated journal into the rows of its columns and cells."""

    def __init__(
        self, journal: Journal, keys: Keys, ids: SeededIds, seed: str, today: date, outline: Outline
    ) -> None:
        self._journal = journal
        self._keys = keys
        self._ids = ids
        self._rng = random.Random(f"{seed}:{journal.group.key}:entry")
        self._zone = ZoneInfo(SCHOOL_ZONE)
        self._scheme = newest(journal.group.scheme)
        self._lessons = {x.key: x for x in journal.lessons if x.key in keys.lessons}
        self._works = {x.key: x for x in journal.works if x.lesson in keys.lessons}
        self._work_ids = {key: ids.new() for key in self._works}
        behind = leave_unfilled(journal, today)
        self._begun = [
            p
            for p in outline.calendar.periods
            if p.begins <= today and p.kind == self._scheme.period_kind
        ]
        self._today = today
        self._now = datetime.combine(today, time(18), self._zone)
        self._marks: dict[tuple[UUID, UUID], Cell] = {}
        self._absences: dict[tuple[UUID, UUID], str] = {}
        self._columns = [x for x in journal.columns if (x.kind, x.key) != ("lesson", behind)]

    def works(self) -> Iterator[BulkWork]:
        """The columns: summative works, and the own columns of lessons that have marks."""
        group = self._keys.groups[self._journal.group.key]
        for place, work in enumerate(self._works.values(), 1):
            yield BulkWork(
                id=self._work_ids[work.key],
                group_id=group,
                lesson_id=self._keys.lessons[work.lesson],
                kind=work.kind,
                date=work.date,
                title=work.title,
                max_points=Decimal(work.max),
                position=place,
            )
        kind = self._scheme.lesson_kind
        for column in self._columns:
            if column.kind != "lesson" or column.key not in self._lessons or kind is None:
                continue
            if any(cell.value for cell in column.cells):
                own, day = self._keys.lessons[column.key], self._lessons[column.key].date
                yield BulkWork(own, group, own, kind.code, day, "", None, 0)

    def cells(self) -> Iterator[BulkCell]:
        """The entries of all columns, with the few that were put right."""
        for column in self._columns:
            if column.kind == "work":
                if column.key in self._works:
                    yield from self._written(column, self._works[column.key])
            elif column.key in self._lessons:
                lesson = self._lessons[column.key]
                own, ends = self._keys.lessons[column.key], lesson.ends or time(12)
                yield from self._entries(column, own, own, lesson.date, ends)

    def _written(self, column: Column, work: Work) -> Iterator[BulkCell]:
        lesson = self._keys.lessons[work.lesson]
        yield from self._entries(column, self._work_ids[work.key], lesson, work.date, time(18, 30))

    def _entries(
        self, column: Column, column_id: UUID, lesson: UUID, day: date, ends: time
    ) -> Iterator[BulkCell]:
        """Whoever teaches enters a column some minutes after the lesson, from top to bottom."""
        teacher = self._keys.people[self._journal.group.teacher]
        at = datetime.combine(day, ends, self._zone) + timedelta(seconds=self._rng.randint(30, 900))
        for pupil, value, absence in column.cells:
            at += timedelta(seconds=3)
            new = _cell(value, absence)
            person = self._keys.people[pupil]
            old = EMPTY
            self._marks[column_id, person] = new
            if new.absence:
                self._absences[lesson, person] = new.absence
            if new.points and self._rng.random() * _CORRECTED < 1:
                old = Cell(points=max(new.points - 1, Decimal(1)), absence=new.absence)
            if old not in (EMPTY, new):
                yield BulkCell(
                    column_id, lesson, person, day, old, EMPTY, self._ids.new(), at, teacher,
                    last=False, reason=None,
                )  # fmt: skip
                # One who was marked wrong is put right at the end of the column.
                late = at + timedelta(minutes=4)
                yield BulkCell(
                    column_id, lesson, person, day, new, old, self._ids.new(), late, teacher,
                    last=True, reason=None,
                )  # fmt: skip
                continue
            yield BulkCell(
                column_id, lesson, person, day, new, EMPTY, self._ids.new(), at, teacher,
                last=True, reason=None,
            )  # fmt: skip

    def results(self) -> Iterator[BulkResult]:
        """The periods that have begun, of every pupil; call it after ``cells``."""
        if not self._scheme.terms:
            return
        group = self._journal.group
        columns = [
            CellColumn(w.id, w.lesson_id, w.kind, w.date, w.max_points) for w in self.works()
        ]
        for period in self._begun:
            mine = [column for column in columns if period.holds(column.date)]
            closing = is_over(period, self._today)
            for key in group.pupils:
                pupil = self._keys.people[key]
                result = pupil_result(
                    self._scheme, group.grade, mine, self._reader(pupil), closing=closing
                )
                group_id = self._keys.groups[group.key]
                yield BulkResult(pupil, group_id, period.code, store(result), self._now)

    def _reader(self, pupil: UUID) -> Callable[[CellColumn], Cell]:
        def cell(column: CellColumn) -> Cell:
            mark = self._marks.get((column.id, pupil), EMPTY)
            absence = self._absences.get((column.lesson, pupil)) if column.lesson else None
            if mark.points is None and mark.code is None and absence is None:
                return EMPTY
            return Cell(points=mark.points, code=mark.code, absence=absence)

        return cell


def is_over(period: Period, today: date) -> bool:
    """Whether the period has been closed by now."""
    return period.ends + _GRACE < today


def _cell(value: str, absence: str) -> Cell:
    code = _CODES.get(value)
    points = Decimal(value) if value and code is None else None
    return Cell(points=points, code=code, absence=absence or None)
