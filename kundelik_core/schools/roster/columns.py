"""Match the headings of a file with the columns we know, typing errors included."""

from __future__ import annotations

import datetime as dt
import difflib
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import NamedTuple

from kundelik_core.kernel.i18n import N_

from .csvtext import Record
from .files import Table
from .model import Where
from .report import Report
from .safe import unguarded
from .values import DateOrder, day_order, parse_date

CLOSE_ENOUGH = 0.88
_PLAIN = re.compile(r"[\W_]+")


def plain(heading: str) -> str:
    """A heading without case, spaces and punctuation, so that spellings meet."""
    return _PLAIN.sub("", heading.casefold().removeprefix("\ufeff"))


class Columns(NamedTuple):
    """Where each known column stands, and how many columns the header has."""

    places: dict[str, int]
    written: dict[str, str]
    width: int


def bind(
    table: Table,
    header: Record,
    known: Collection[str],
    aliases: Mapping[str, str] | None = None,
) -> Columns:
    """Find the known columns in ``header``; report typing errors and columns given twice."""
    names = {plain(name): name for name in known}
    for other, column in (aliases or {}).items():
        names.setdefault(plain(other), column)
    places: dict[str, int] = {}
    written: dict[str, str] = {}
    strange: list[tuple[int, str]] = []
    for place, heading in enumerate(header.cells):
        name = names.get(plain(heading))
        if name is None:
            strange.append((place, heading))
        elif name in places:
            table.report.warning(
                table.at(header.line, heading),
                "column_twice",
                N_("The column %(column)s comes twice; the first one is read."),
                params={"column": heading.strip()},
            )
        else:
            places[name], written[name] = place, heading.strip()
    for place, heading in strange:
        meant = _typing_error(heading, names, places)
        if meant is not None:
            places[meant], written[meant] = place, heading.strip()
            table.report.warning(
                table.at(header.line, heading.strip()),
                "heading_corrected",
                N_("The heading %(given)s was read as %(meant)s."),
                value=heading,
                params={"given": heading.strip(), "meant": meant},
            )
    return Columns(places, written, len(header.cells))


def _typing_error(heading: str, names: Mapping[str, str], places: Mapping[str, int]) -> str | None:
    bare = plain(heading)
    if len(bare) < 5:
        return None
    free = [given for given, name in names.items() if name not in places]
    close = difflib.get_close_matches(bare, free, n=1, cutoff=CLOSE_ENOUGH)
    # "userIds" is not a slip for "userId", nor "phone2" for "phone".
    if not close or bare.startswith(close[0]) or close[0].startswith(bare):
        return None
    return names[close[0]]


class Line:
    """One row of a table, asked by column name."""

    def __init__(self, sheet: Sheet, record: Record) -> None:
        self._sheet, self._cells, self.number = sheet, record.cells, record.line

    def get(self, name: str) -> str:
        """The trimmed cell, "" when the column or the cell is missing."""
        place = self._sheet.columns.places.get(name)
        if place is None or not 0 <= place < len(self._cells):
            return ""
        return unguarded(self._cells[place].strip())

    def filled(self) -> list[str]:
        """The cells that are not empty."""
        return [cell.strip() for cell in self._cells if cell.strip()]

    def where(self, name: str = "") -> Where:
        """The place of a cell, under the heading as the file writes it."""
        return Where(
            self._sheet.table.name, self.number, self._sheet.columns.written.get(name, name)
        )

    @property
    def report(self) -> Report:
        """Where to complain."""
        return self._sheet.table.report

    def date(self, name: str) -> tuple[bool, dt.date | None]:
        """(understood, date or None); complaints are made here."""
        text = self.get(name)
        if not text:
            return True, None
        found = parse_date(text, self._sheet.order(name))
        if found is None:
            self.report.error(
                self.where(name),
                "date_unreadable",
                N_("%(value)s is not a date. Write it as 2026-09-01 or 01.09.2026."),
                value=text,
                params={"value": text},
            )
            return False, None
        if found.doubtful:
            self._sheet.tell_doubt(self, name, text, found.day)
        return True, found.day


class Sheet:
    """A table with its header understood."""

    def __init__(
        self, table: Table, columns: Columns, header_line: int, default: DateOrder
    ) -> None:
        self.table, self.columns, self.header_line = table, columns, header_line
        self._default = default
        self._orders: dict[str, tuple[DateOrder, int]] = {}
        self._told: set[str] = set()
        self.rows = 0

    def has(self, name: str) -> bool:
        """Whether the file has the column at all."""
        return name in self.columns.places

    def lines(self, *, strict: bool = False) -> Iterator[Line]:
        """The rows below the header; rows that do not fit it are reported.

        ``strict`` leaves short rows out as well: where cells are marks, one missing comma
        puts every mark under its neighbour's heading.
        """
        for record in self.table.records():
            if record.line <= self.header_line or not any(cell.strip() for cell in record.cells):
                continue
            self.rows += 1
            extra = record.cells[self.columns.width :]
            if any(cell.strip() for cell in extra):
                self.table.report.error(
                    self.table.at(record.line),
                    "row_too_long",
                    N_("This row has %(given)s cells, the header has %(expected)s: "
                       "a comma inside a cell is not quoted, or a column has no heading."),
                    value=extra[0],
                    params={"given": len(record.cells), "expected": self.columns.width},
                )  # fmt: skip
                continue
            if self._fits(record, strict=strict):
                yield Line(self, record)

    def _fits(self, record: Record, *, strict: bool) -> bool:
        if len(record.cells) >= self.columns.width or not self.table.note.delimiter:
            return True
        params = {"given": len(record.cells), "expected": self.columns.width}
        if strict:
            self.table.report.error(
                self.table.at(record.line),
                "row_too_short",
                N_("This row has %(given)s cells, the header has %(expected)s: "
                   "marks may stand under the wrong heading, so the row was left out."),
                params=params,
            )  # fmt: skip
            return False
        self.table.report.warning(
            self.table.at(record.line),
            "row_padded",
            N_("This row has %(given)s cells, the header has %(expected)s; "
               "the missing ones at its end were read as empty."),
            params=params,
        )  # fmt: skip
        return True

    def require(self, names: Sequence[str]) -> bool:
        """Whether all of ``names`` are there; the missing ones are reported."""
        missing = [name for name in names if not self.has(name)]
        for name in missing:
            self.table.report.error(
                self.table.at(self.header_line, name),
                "column_missing",
                N_("The column %(column)s is missing, so this file was left out."),
                params={"column": name},
            )
        return not missing

    def order(self, name: str) -> DateOrder:
        """How day and month follow each other in a column, judged by all of its rows."""
        if name not in self._orders:
            self._orders[name] = self._judge(name)
        return self._orders[name][0]

    def _judge(self, name: str) -> tuple[DateOrder, int]:
        place = self.columns.places.get(name, -1)
        proof: dict[DateOrder, int] = {}
        elsewhere: dict[DateOrder, int] = {}
        for record in self.table.records():
            if record.line <= self.header_line:
                continue
            for column, cell in enumerate(record.cells):
                found = day_order(cell.strip())
                if found is not None:
                    (proof if column == place else elsewhere).setdefault(found, record.line)
        # One program wrote the whole file: a neighbouring column of dates is proof as well.
        for evidence in (proof, elsewhere):
            if len(evidence) == 1:
                return next(iter(evidence.items()))
            if evidence:
                break
        return self._default, 0

    def tell_doubt(self, line: Line, name: str, text: str, day: dt.date) -> None:
        """Tell how 1/05/2023 was read: once per column with proof, once per value without."""
        order, proof = self._orders[name]
        if proof:
            if name not in self._told:
                self._told.add(name)
                line.report.warning(
                    line.where(name),
                    "date_order_found",
                    N_("%(value)s was read as %(date)s, in the order that line %(proof)s shows. "
                       "The same holds for the whole column."),
                    value=text,
                    params={"value": text, "date": day, "proof": proof},
                )  # fmt: skip
            return
        if f"{name} {text}" in self._told:
            return
        self._told.add(f"{name} {text}")
        line.report.warning(
            line.where(name),
            "date_ambiguous",
            N_("%(value)s was read as %(date)s, day and month could also be the other way round."),
            value=text,
            params={"value": text, "date": day, "order": order},
        )


def open_sheet(
    table: Table,
    known: Collection[str],
    aliases: Mapping[str, str] | None = None,
    order: DateOrder = "dmy",
) -> Sheet | None:
    """Read the header (the first row that is not empty) and bind it; None if there is none."""
    for record in table.records():
        if any(cell.strip() for cell in record.cells):
            return Sheet(table, bind(table, record, known, aliases), record.line, order)
    table.report.error(table.at(), "table_empty", N_("This file holds no rows."))
    return None
