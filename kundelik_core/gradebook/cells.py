"""What stands in one cell of a journal, and how a work's column and a lesson's column share it.

The absence belongs to the lesson. The lesson's own column shows it beside the points; a work that
was written on the lesson shows it only while there are no points.
"""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from functools import cache
from typing import Final
from uuid import UUID

import msgspec

from kundelik_core.gradebook.schemes.entry import FAIL, PASS, Cell, show_cell

__all__ = ["EMPTY", "Column", "absence_shown", "decode", "encode", "merge", "seen"]

EMPTY: Final = Cell()


class Column(msgspec.Struct, frozen=True):
    """A column as the rules need it; `lesson` is the lesson that its absences belong to."""

    id: UUID
    lesson: UUID | None
    kind: str
    date: date
    max: Decimal | None
    status: str = "active"
    is_work: bool = True

    @property
    def own(self) -> bool:
        """Tell whether it is the lesson's own column, where absences are noted."""
        return self.lesson == self.id


def encode(cell: Cell) -> str:
    """Write a cell for the history, in words that belong to no language."""
    value = cell.code or ""
    if cell.points is not None:
        text = format(cell.points, "f")
        value = text.rstrip("0").rstrip(".") if "." in text else text
    return " ".join(piece for piece in (value, cell.absence or "") if piece)


def decode(text: str) -> Cell:
    """Read what `encode` wrote."""
    points: Decimal | None = None
    code: str | None = None
    absence: str | None = None
    for piece in text.split():
        if piece in {PASS, FAIL}:
            code = piece
        elif piece[0].isdigit():
            points = Decimal(piece)
        else:
            absence = piece
    return Cell(points=points, code=code, absence=absence)


def seen(column: Column, cell: Cell) -> Cell:
    """Give what a reader sees of a cell in this column."""
    if column.own or (cell.points is None and cell.code is None):
        return cell
    return Cell(points=cell.points, code=cell.code)


def merge(column: Column, now: Cell, typed: Cell) -> Cell:
    """Give the whole cell after something was typed over what the column shows.

    In the lesson's own column what is typed is all there is. In a work's column points leave the
    absence as it was, and emptying takes away what was visible, not what was behind it.
    """
    if column.own or typed.absence is not None:
        return typed
    if typed.is_empty and now.points is None and now.code is None:
        return EMPTY
    return Cell(points=typed.points, code=typed.code, absence=now.absence)


@cache
def absence_shown(locale: str) -> Mapping[str, str]:
    """Give what stands for each absence and pass/fail code in a language."""
    shown = {
        code: show_cell(Cell(absence=code), locale)
        for code in ("absent_unexcused", "absent_excused", "absent_ill", "late")
    }
    return shown | {code: show_cell(Cell(code=code), locale) for code in (PASS, FAIL)}
