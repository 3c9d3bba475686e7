"""Turn CSV text into records that know the line they started on, whatever its quoting."""

from __future__ import annotations

import csv
import re
from collections import Counter, deque
from collections.abc import Iterator
from typing import NamedTuple, TextIO

from kundelik_core.kernel.i18n import N_

from .model import Where
from .report import Report

DELIMITERS = (",", ";", "\t", "|")
MAX_LINE = 1 << 18
# A record over this many lines is taken for a forgotten quote, not for a long note.
MAX_SPAN = 50


class Record(NamedTuple):
    """One record: the physical line it starts on, and its cells as written."""

    line: int
    cells: list[str]


def _complete_pattern(delimiter: str) -> re.Pattern[str]:
    """A record whose every quoted field is closed; possessive, so never slow."""
    mark = re.escape(delimiter)
    field = rf'(?:"(?:[^"]|"")*+"(?!")[^{mark}]*+|[^"{mark}][^{mark}]*+|)'
    return re.compile(rf"{field}(?:{mark}{field})*+", re.DOTALL)


_COMPLETE = {mark: _complete_pattern(mark) for mark in DELIMITERS}


def sniff(lines: list[str]) -> str:
    """Tell the delimiter from the first lines: the one that splits most of them alike."""
    best, best_score = ",", (0, 0)
    for mark in DELIMITERS:
        widths: Counter[int] = Counter()
        for line in lines:
            if line.strip():
                widths[len(next(csv.reader([line], delimiter=mark), []))] += 1
        common = [(count, width) for width, count in widths.items() if width > 1]
        if common and max(common) > best_score:
            best, best_score = mark, max(common)
    return best


def records(text: TextIO, delimiter: str, file: str, report: Report) -> Iterator[Record]:
    """Read records one by one; a broken one is reported and the next ones are still read."""
    lines = _lines(text, file, report)
    complete = _COMPLETE[delimiter]
    ahead: deque[tuple[int, str]] = deque()
    while True:
        first = ahead.popleft() if ahead else next(lines, None)
        if first is None:
            return
        number, record = first
        taken: list[tuple[int, str]] = []
        whole = '"' not in record or complete.fullmatch(record) is not None
        while not whole and len(taken) < MAX_SPAN:
            following = ahead.popleft() if ahead else next(lines, None)
            if following is None:
                break
            taken.append(following)
            record += "\n" + following[1]
            # Only a line with a quote can close the field.
            whole = '"' in following[1] and complete.fullmatch(record) is not None
        if not whole:
            ahead.extendleft(reversed(taken))
            report.error(
                Where(file, number),
                "open_quote",
                N_('A quotation mark (") is opened in this line and never closed.'),
                value=first[1],
            )
            continue
        if record.strip():
            cells = _cells(record, delimiter, Where(file, number), report)
            if cells is not None:
                yield Record(number, cells)


def _cells(record: str, delimiter: str, where: Where, report: Report) -> list[str] | None:
    try:
        return next(csv.reader([record], delimiter=delimiter))
    except csv.Error:
        report.error(where, "unreadable_line", N_("This line cannot be read as CSV."), value=record)
        return None


def _lines(text: TextIO, file: str, report: Report) -> Iterator[tuple[int, str]]:
    number = 0
    while line := text.readline(MAX_LINE):
        number += 1
        if len(line) == MAX_LINE and not line.endswith("\n"):
            while (rest := text.readline(MAX_LINE)) and not rest.endswith("\n"):
                pass
            report.error(
                Where(file, number),
                "line_too_long",
                N_("This line is longer than %(limit)s characters and was left out."),
                params={"limit": MAX_LINE},
            )
            continue
        if "\0" in line:
            report.error(
                Where(file, number),
                "nul_byte",
                N_("This line holds a NUL byte: the file was damaged on its way."),
                value=line.replace("\0", "␀").rstrip("\n"),
            )
            continue
        yield number, line.rstrip("\n")
