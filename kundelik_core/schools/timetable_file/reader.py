"""Read a timetable: one row for each lesson of the week, every fault told with its place."""

from __future__ import annotations

import re
from itertools import islice
from typing import Final

import msgspec

from kundelik_core.kernel.i18n import N_
from kundelik_core.schools.roster.classname import letter_fits, parse_class
from kundelik_core.schools.roster.columns import Columns, Line, Sheet
from kundelik_core.schools.roster.csvtext import Record
from kundelik_core.schools.roster.files import Source, Table
from kundelik_core.schools.roster.model import RowError, Where
from kundelik_core.schools.roster.values import clean_text
from kundelik_core.schools.timetable import Cycle

from .words import (
    REQUIRED,
    heading_key,
    parse_lesson,
    parse_part,
    parse_week,
    parse_weekday,
)

__all__ = ["LessonLine", "TimetableFile", "is_timetable", "read_timetable"]

_HEADER_WITHIN = 20
_SEVERAL: Final = re.compile(r"[,;/+&\n]|\sи\s|\sжәне\s|\sand\s")


class LessonLine(msgspec.Struct, frozen=True, kw_only=True):
    """One lesson of the week as the file tells it; ``columns`` are the file's own headings.

    Several ``classes`` are taught together; ``week`` is A or B where weeks alternate.
    """

    where: Where
    classes: tuple[tuple[int, str], ...]
    weekday: int
    lesson: int
    subject: str
    teacher: str
    part: str
    room: str
    week: Cycle = ""
    columns: dict[str, str]

    def at(self, column: str) -> Where:
        """The place of one cell of the row."""
        return Where(self.where.file, self.where.line, self.columns.get(column, column))


class TimetableFile(msgspec.Struct, kw_only=True):
    """All rows that could be read, the classes of those that could not, and every remark."""

    lines: list[LessonLine] = []
    broken: set[tuple[int, str]] = set()
    errors: list[RowError] = []


def _header(table: Table) -> tuple[Record, dict[str, int]] | None:
    for record in islice(table.records(), _HEADER_WITHIN):
        places: dict[str, int] = {}
        for place, text in enumerate(record.cells):
            key = heading_key(text)
            if key:
                places.setdefault(key, place)
        if {"weekday", "lesson", "subject"} <= places.keys():
            return record, places
    return None


def is_timetable(source: Source) -> bool:
    """Whether one sheet or file has the headings of a timetable."""
    return any(_header(table) is not None for table in source.tables.values())


def read_timetable(source: Source) -> TimetableFile:
    """Read every sheet that holds a timetable; the others are named as left out."""
    found = TimetableFile()
    for table in source.tables.values():
        header = _header(table)
        if header is None:
            source.report.once(
                table.at(),
                "sheet_left_out",
                N_("No headings such as Class, Weekday, Lesson and Subject were found here; this "
                   "sheet was left out."),
            )  # fmt: skip
            continue
        record, places = header
        written = {key: record.cells[place].strip() for key, place in places.items()}
        columns = Columns(places, written, len(record.cells))
        sheet = Sheet(table, columns, record.line, "dmy")
        if sheet.require(REQUIRED):
            for line in sheet.lines():
                _row(found, line, written)
    found.errors = source.report.finish()
    return found


def _row(found: TimetableFile, line: Line, written: dict[str, str]) -> None:
    names = _classes(line)
    weekday, lesson = parse_weekday(line.get("weekday")), parse_lesson(line.get("lesson"))
    part, week = parse_part(line.get("part")), parse_week(line.get("week"))
    faults = (
        ("weekday", weekday is None, N_("%(value)s is no day of the week. Write Monday or 1.")),
        ("lesson", lesson is None, N_("%(value)s is no number of a lesson.")),
        ("part", part is None,
         N_("%(value)s is no part of a class. Write 1 or 2, girls or boys.")),
        ("week", week is None,
         N_("%(value)s is no kind of week. Write odd or even, or nothing for every week.")),
        ("subject", not line.get("subject"), N_("The row does not say which subject it is.")),
        ("teacher", not line.get("teacher"), N_("The row does not say who teaches.")),
    )  # fmt: skip
    for column, bad, message in faults:
        if bad:
            value = line.get(column)
            line.report.error(
                line.where(column), f"{column}_unclear", message,
                value=value, params={"value": value},
            )  # fmt: skip
    if not names:
        return
    if (
        weekday is None
        or lesson is None
        or part is None
        or week is None
        or any(bad for _, bad, _ in faults)
    ):
        found.broken |= set(names)
        return
    found.lines.append(
        LessonLine(
            where=line.where(), classes=names, weekday=weekday,
            lesson=lesson, subject=clean_text(line.get("subject"), 200),
            teacher=clean_text(line.get("teacher"), 200), part=part,
            room=clean_text(line.get("room"), 50), week=week, columns=written,
        )
    )  # fmt: skip


def _classes(line: Line) -> tuple[tuple[int, str], ...]:
    """The classes of a row, one or several; none where one of them is unclear (which is told)."""
    written = line.get("class")
    found: dict[tuple[int, str], None] = {}
    for one in _SEVERAL.split(written) if parse_class(written) is None else [written]:
        name = parse_class(one)
        if name is None:
            line.report.error(
                line.where("class"),
                "class_unclear",
                N_("%(value)s is not a class. Write it as 5 «А», 5А or 5-А."),
                value=one,
                params={"value": one},
            )
            return ()
        if not letter_fits(line, "class", one, name):
            return ()
        found[name.grade, name.letter] = None
    return tuple(sorted(found))
