"""Lay out what a save stands on: a group's columns, members and marks, ready to be looked up.

It is built from one reading of the database and may be kept: a save that was written brings it up
to date, anything else that changes the journal makes it worthless (see ``held.py``).
"""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from functools import lru_cache
from typing import Final
from uuid import UUID

from kundelik_core.gradebook.cells import Column, decode
from kundelik_core.gradebook.journal.model import Group, Period, SaveState, Stint, WholeState
from kundelik_core.gradebook.results import scheme_of
from kundelik_core.gradebook.schemes.engine import Work
from kundelik_core.gradebook.schemes.entry import Cell

__all__ = ["Ground", "Works"]

Works = dict[UUID, Work]
"""What counts of a pupil's period, by column."""

_Columns = tuple[list[Column], dict[UUID, Column], dict[UUID, list[Column]]]
"""Columns that count even when they are empty, and the others by themselves and by lesson."""


@lru_cache(maxsize=4096)
def _cell(points: Decimal | None, code: str | None) -> Cell:
    """Give the one object for a mark: there are many marks and few different ones."""
    return Cell(points=points, code=code)


@lru_cache(maxsize=4096)
def _cell_of(text: str) -> Cell:
    return decode(text)


class Ground:
    """A journal's periods as they were read; ``whole`` with all of its pupils and lessons."""

    __slots__ = (
        "_by_period", "absences", "columns", "counted", "given", "group", "homerooms", "kinds",
        "known", "lessons", "light", "marks", "members", "periods", "scheme", "teachers", "weighed",
        "whole", "works",
    )  # fmt: skip

    def __init__(self, state: SaveState | WholeState) -> None:
        assert state.group is not None
        self.group: Group = state.group
        self.scheme = scheme_of(state.group.scheme_code, state.group.scheme_version)
        self.kinds = {kind.code: kind for kind in self.scheme.kinds}
        self.light: Final = {k.code for k in self.scheme.kinds if k.per_lesson and not k.required}
        self.teachers = state.teachers
        self.homerooms = state.homerooms
        self.periods: list[Period] = state.periods
        self.lessons = {lesson.id: lesson for lesson in state.lessons}
        works = (*state.works, *state.columns)
        self.columns: dict[UUID, Column] = {work.id: work.column() for work in works}
        self.counted = {work.id for work in state.works}
        self.members: dict[UUID, list[Stint]] = {}
        for stint in state.members:
            self.members.setdefault(stint.pupil, []).append(stint)
        self.given = {(pupil, period): mark for pupil, period, mark in state.given}
        self.known = frozenset(state.known)
        self.absences: dict[UUID, dict[UUID, str]] = {}
        for lesson, pupil, code in state.absences:
            self.absences.setdefault(pupil, {})[lesson] = code
        self.whole = isinstance(state, WholeState)
        self.marks = _all_marks(state) if isinstance(state, WholeState) else _marks(state)
        self.works: dict[tuple[UUID, str], Works] = {}
        # What a mark counts in a column of its kind: there are many cells and few different ones.
        self.weighed: dict[tuple[object, ...], Work | None] = {}
        self._by_period: dict[str, _Columns] = {}

    def filled_columns(
        self, code: str, marks: Iterable[UUID], absences: Iterable[UUID]
    ) -> list[Column]:
        """Give the columns of a period that count for whoever has these marks and absences."""
        heavy, light, by_lesson = self._columns_of(code)
        found = heavy.copy()
        # Most columns are lessons in which a pupil has nothing.
        for key in marks:
            column = light.get(key)
            if column is not None:
                found.append(column)
        for lesson in absences:
            found += by_lesson.get(lesson, ())
        return found

    def _columns_of(self, code: str) -> _Columns:
        """Give the columns of a period, those apart of which an empty one counts for nobody."""
        found = self._by_period.get(code)
        if found is None:
            period = next(item for item in self.periods if item.code == code)
            mine = [self.columns[key] for key in self.counted]
            mine = [column for column in mine if period.holds(column.date)]
            heavy = [column for column in mine if column.kind not in self.light]
            light = {column.id: column for column in mine if column.kind in self.light}
            by_lesson: dict[UUID, list[Column]] = {}
            for column in light.values():
                if column.lesson is not None:
                    by_lesson.setdefault(column.lesson, []).append(column)
            found = self._by_period[code] = heavy, light, by_lesson
        return found

    def holds(self, column: UUID, pupil: UUID) -> bool:
        """Tell whether all is known that a change of this cell depends on."""
        return (
            self.whole
            and pupil in self.members
            and (column in self.counted or column in self.lessons)
        )

    def add(self, columns: Mapping[UUID, Column]) -> None:
        """Take in columns that a save has made."""
        if columns:
            self.columns |= columns
            self.counted |= columns.keys()
            self._by_period.clear()


def _marks(state: SaveState) -> dict[UUID, dict[UUID, Cell]]:
    found: dict[UUID, dict[UUID, Cell]] = {}
    for work, pupil, points, code in state.marks:
        found.setdefault(pupil, {})[work] = _cell(points, code)
    return found


def _all_marks(state: WholeState) -> dict[UUID, dict[UUID, Cell]]:
    ids = [work.id for work in state.works]
    return {
        pupil: {ids[n]: _cell_of(value) for n, value in zip(works, values, strict=True)}
        for pupil, works, values in state.marks
    }
