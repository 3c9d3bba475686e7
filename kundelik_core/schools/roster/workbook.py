"""Read the sheets of an .xlsx file as text records, the way their reader sees them."""

from __future__ import annotations

import datetime as dt
import warnings
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, BinaryIO
from xml.etree.ElementTree import ParseError
from zipfile import BadZipFile

from kundelik_core.kernel.i18n import N_

from .csvtext import Record
from .model import Where
from .report import Report

if TYPE_CHECKING:
    from openpyxl import Workbook

# Everything openpyxl is known to raise on a damaged workbook; it has no error of its own for most.
BROKEN = (
    BadZipFile, ParseError, KeyError, ValueError, TypeError, AttributeError, IndexError,
    OSError, EOFError, AssertionError, OverflowError, NotImplementedError, SyntaxError,
)  # fmt: skip
MAX_COLUMNS = 500
# A few bytes of a hostile file can claim a cell in the last column of the last row.
MAX_CELLS = 5_000_000


class BrokenWorkbookError(Exception):
    """Say that openpyxl could not make sense of the file."""


def _open(stream: BinaryIO) -> Workbook:
    # Every process of the server would load it, and few ever see a sheet.
    from openpyxl import load_workbook

    # openpyxl warns of every extension it does not know; none of them concerns us.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return load_workbook(stream, read_only=True, data_only=False)


def sheet_titles(stream: BinaryIO) -> list[str]:
    """The titles of the visible sheets, in order."""
    try:
        book = _open(stream)
        try:
            return [
                sheet.title
                for sheet in book.worksheets
                if getattr(sheet, "sheet_state", "visible") == "visible"
            ]
        finally:
            book.close()
    except BROKEN as error:
        raise BrokenWorkbookError(str(error)) from error


def sheet_records(stream: BinaryIO, title: str, file: str, report: Report) -> Iterator[Record]:
    """The rows of one sheet as text; formulas are never computed, and said to be left out."""
    try:
        book = _open(stream)
        try:
            sheet = book[title]
            # Programs other than Excel write wrong dimensions, and hostile ones huge ones.
            sheet.reset_dimensions()
            yield from _rows(sheet.iter_rows(), file, report)
        finally:
            book.close()
    except BROKEN as error:
        raise BrokenWorkbookError(str(error)) from error


def _rows(rows: Iterable[Sequence[Any]], file: str, report: Report) -> Iterator[Record]:
    seen = 0
    for number, row in enumerate(rows, start=1):
        seen += 1 + len(row)
        if seen > MAX_CELLS:
            report.error(
                Where(file, number),
                "sheet_too_large",
                N_("The sheet has more than %(limit)s cells; it was read up to this row."),
                params={"limit": MAX_CELLS},
            )
            return
        cells = [
            _text(cell.value, cell.data_type, Where(file, number), report)
            for cell in row[:MAX_COLUMNS]
        ]
        while cells and not cells[-1]:
            cells.pop()
        if cells:
            yield Record(number, cells)


def _text(value: object, data_type: str, where: Where, report: Report) -> str:
    if value is None:
        return ""
    if data_type == "f":
        report.warning(
            where,
            "formula",
            N_("A cell with a formula was read as empty. Replace the formula by its value."),
            value=str(value),
        )
        return ""
    if data_type == "e":
        report.warning(
            where,
            "cell_error",
            N_("A cell shows the error %(value)s and was read as empty."),
            value=str(value),
            params={"value": value},
        )
        return ""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, dt.datetime):
        return value.date().isoformat() if value.time() == dt.time() else value.isoformat()
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        # Excel keeps "5" and phone numbers as 5.0.
        return str(int(value))
    return str(value)
