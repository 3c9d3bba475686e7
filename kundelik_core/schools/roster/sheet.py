"""Give a school its own file back, with a last column that says what is wrong in each row."""

from __future__ import annotations

import csv
import io
import zipfile
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

from kundelik_core.kernel.i18n import N_, _

from .csvtext import Record
from .files import Source, Table
from .model import RowError
from .safe import safe_cell

HEADING = N_("What to mend")


def describe(error: RowError) -> str:
    """One error in the language of the request, with its column in front."""
    text = _(error.message)
    if error.params:
        text = text % defaultdict(str, error.params)
    return f"{error.column}: {text}" if error.column else text


def write_csv(rows: Iterable[Sequence[str]], delimiter: str = ",") -> bytes:
    """Rows as UTF-8 CSV that Excel opens with the right letters and runs nothing of."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=delimiter or ",", lineterminator="\r\n")
    for row in rows:
        writer.writerow([safe_cell(cell) for cell in row])
    return text.getvalue().encode("utf-8-sig", "replace")


def annotate(source: Source, errors: Sequence[RowError]) -> bytes:
    """The source as CSV with the errors beside their rows; a .zip when it holds several files."""
    named: dict[str, list[RowError]] = defaultdict(list)
    for error in errors:
        named[error.file].append(error)
    tables = list(source.tables.values())
    if len(tables) == 1:
        return annotate_table(tables[0], named[tables[0].name])
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for table in tables:
            content = annotate_table(table, named[table.name])
            name = table.name.replace(":", "-").replace("/", "-").replace("\\", "-")
            archive.writestr(name if name.lower().endswith(".csv") else f"{name}.csv", content)
    return packed.getvalue()


def annotate_table(table: Table, errors: Sequence[RowError]) -> bytes:
    """One table with its errors; lines that could not be read stay in their place."""
    by_line: dict[int, list[str]] = defaultdict(list)
    for error in errors:
        by_line[error.line].append(describe(error))
    heading = _(HEADING)
    return write_csv(_rows(table, by_line, heading), table.note.delimiter)


def _rows(table: Table, by_line: dict[int, list[str]], heading: str) -> Iterator[list[str]]:
    width = max((len(record.cells) for record in table.records()), default=0)
    last, first = -1, True
    for record in _with_broken_lines(table):
        cells, remarks = record.cells, by_line.pop(record.line, [])
        if first:
            # A file that was annotated before gets the new remarks in place of the old.
            last = cells.index(heading) if heading in cells else -1
            width -= last >= 0
            remarks = [heading, *by_line.pop(0, []), *remarks]
            first = False
        cells = [cell for place, cell in enumerate(cells) if place != last]
        yield [*cells, *[""] * (width - len(cells)), " | ".join(remarks)]
    for line in sorted(by_line):
        yield [*[""] * width, " | ".join(by_line[line])]


def _with_broken_lines(table: Table) -> Iterator[Record]:
    """The records, and between them as single cells the lines that are none."""
    raw = enumerate(table.lines(), start=1)
    for record in table.records():
        end = record.line + sum(cell.count("\n") for cell in record.cells)
        for number, text in raw:
            if number < record.line and text.strip():
                yield Record(number, [text.replace("\0", "")])
            if number >= end:
                break
        yield record
    for number, text in raw:
        if text.strip():
            yield Record(number, [text.replace("\0", "")])
