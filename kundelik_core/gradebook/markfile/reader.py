"""Read a CSV (or .xlsx) of marks through a mapping: people, classes, marks, missed lessons.

Nothing here writes; the importer shows what was read, and does it after a yes. Values stay the
text of the file: whether "14" is a mark of a scheme is for the scheme to say.
"""

from __future__ import annotations

from collections.abc import Collection
from decimal import Decimal
from pathlib import Path
from typing import Literal

from kundelik_core.kernel.i18n import N_
from kundelik_core.schools.roster.columns import Line, Sheet, open_sheet
from kundelik_core.schools.roster.files import (
    DEFAULT_LIMIT,
    FileRefusedError,
    Source,
    Table,
    open_source,
)
from kundelik_core.schools.roster.values import clean_text, parse_decimal

from .mapping import MarkMap, MarkMapping
from .model import PERIOD_MARK, AbsenceRow, MarkFile, MarkRow, PupilRow
from .people import People


def read_marks(
    source: Source | Path | str | bytes,
    mapping: MarkMapping,
    *,
    name: str = "",
    only: Collection[str] = (),
    limit: int = DEFAULT_LIMIT,
) -> MarkFile:
    """Read a mark file; ``only`` picks schools of a file that holds several (empty: all as one).

    Raises:
        FileRefusedError: the file as a whole cannot be read with this mapping.
    """
    if isinstance(source, Source):
        return _Reader(_table(source), mapping, only).read()
    with open_source(source, name=name, limit=limit) as opened:
        return _Reader(_table(opened), mapping, only).read()


def _table(source: Source) -> Table:
    tables = list(source.tables.values())
    if len(tables) != 1:
        raise FileRefusedError(
            "one_table_wanted",
            N_("Marks are read from one table; %(file)s holds %(count)s."),
            params={"file": source.name, "count": len(tables)},
        )
    return tables[0]


class _Reader:
    """One file, row by row; what a row lacks is told and the next row is read."""

    def __init__(self, table: Table, mapping: MarkMapping, only: Collection[str]) -> None:
        self.table, self.map = table, mapping
        self.only = frozenset(only or mapping.school.only)
        self.sheet: Sheet | None = None
        self.maxima: dict[str, Decimal] = {}
        layout: Literal["wide", "long"] = "long" if mapping.long else "wide"
        self.file = MarkFile(
            title=mapping.title,
            school_name=self._school_name(),
            language=mapping.school.language,
            scheme=mapping.scheme,
            school_year=mapping.school_year,
            layout=layout,
            subjects={key: subject.title for key, subject in mapping.subjects.items()},
            teachers={
                key: subject.teacher for key, subject in mapping.subjects.items() if subject.teacher
            },
        )
        self.people = People(mapping, self.file)

    def _school_name(self) -> str:
        school = self.map.school
        alone = next(iter(self.only)) if len(self.only) == 1 else ""
        return school.names.get(alone, school.name)

    def read(self) -> MarkFile:
        """Read every row."""
        needed, known = self._columns()
        sheet = self.sheet = open_sheet(self.table, known)
        if sheet is not None and sheet.require(needed):
            for line in sheet.lines(strict=True):
                self._line(line)
            self._unknown_schools()
        self.file.errors = self.table.report.finish()
        return self.file

    def _columns(self) -> tuple[list[str], list[str]]:
        """The columns a file must have for this mapping, and all that the mapping names."""
        pupil, long = self.map.pupil, self.map.long
        needed = [*pupil.key, pupil.full_name, pupil.family_name, pupil.given_name, pupil.sex,
                  pupil.age, self.map.school.column, self.map.classes.column]  # fmt: skip
        needed += [mark.column for mark in self.map.marks]
        needed += [absence.column for absence in self.map.absences]
        known = [*needed, pupil.middle_name, pupil.birth_date]
        for guardian in self.map.guardians:
            known += [guardian.name, guardian.phone, guardian.kind]
        if long is not None:
            needed.append(long.value)
            known += [long.value, long.subject, long.period, long.kind, long.title, long.maximum,
                      long.date, long.comment]  # fmt: skip
        # A mapping may name a column twice (absences of two periods); the header has it once.
        return list(dict.fromkeys(filter(None, needed))), list(dict.fromkeys(filter(None, known)))

    def _line(self, line: Line) -> None:
        label = line.get(self.map.pupil.full_name) or (line.filled() or [""])[0]
        if self.map.maximum_row and label == self.map.maximum_row:
            for mark in self.map.marks:
                maximum = parse_decimal(line.get(mark.column))
                if maximum is not None:
                    self.maxima[mark.column] = maximum
            return
        school = line.get(self.map.school.column)
        self.file.schools[school] = self.file.schools.get(school, 0) + 1
        if label in self.map.skip_rows or (self.only and school not in self.only):
            return
        pupil = self.people.pupil(line, school)
        if pupil is None:
            return
        if self.map.long is not None:
            self._long_mark(line, pupil)
            return
        for mark in self.map.marks:
            self._wide_mark(line, pupil, mark)
        self._absences(line, pupil)

    def _unknown_schools(self) -> None:
        for school in sorted(self.only - set(self.file.schools)):
            self.table.report.error(
                self.table.at(0, self.map.school.column),
                "unknown_school",
                N_("No row names the school %(value)s. The file holds: %(seen)s."),
                value=school,
                params={"value": school, "seen": ", ".join(sorted(self.file.schools))},
            )

    def _wide_mark(self, line: Line, pupil: PupilRow, mark: MarkMap) -> None:
        value = self._value(line, mark.column, mark.lowest, mark.highest)
        if value is None:
            return
        self.file.marks.append(
            MarkRow(
                pupil=pupil.key,
                subject=mark.subject or self.map.defaults.get("subject", ""),
                kind=mark.kind,
                value=value,
                source=line.where(mark.column),
                period=mark.period or self.map.defaults.get("period", ""),
                title=mark.title or ("" if mark.kind == PERIOD_MARK else mark.column),
                date=mark.date,
                maximum=mark.maximum or self.maxima.get(mark.column),
            )
        )

    def _value(
        self, line: Line, column: str, lowest: Decimal | None, highest: Decimal | None
    ) -> str | None:
        """The mark as text, None when the cell is empty or holds no mark (which is told)."""
        text = line.get(column)
        if text in self.map.empty or not text:
            return None
        number = parse_decimal(text)
        checked = lowest is not None or highest is not None
        low, high = lowest if lowest is not None else number, highest
        if checked and (number is None or (low is not None and number < low)
                        or (high is not None and number > high)):  # fmt: skip
            line.report.error(
                line.where(column),
                "mark_out_of_scale",
                N_("%(value)s is not a mark from %(lowest)s to %(highest)s; it was left out."),
                value=text,
                params={
                    "value": text,
                    "lowest": "…" if lowest is None else lowest,
                    "highest": "…" if highest is None else highest,
                },
            )
            return None
        cleaned = clean_text(text, 40)
        return cleaned or None

    def _long_mark(self, line: Line, pupil: PupilRow) -> None:
        long, defaults = self.map.long, self.map.defaults
        if long is None:
            return
        value = self._value(line, long.value, long.lowest, long.highest)
        dated, day = line.date(long.date)
        if value is None or not dated:
            return
        subject = line.get(long.subject) or defaults.get("subject", "")
        if not subject:
            line.report.error(
                line.where(long.subject),
                "subject_missing",
                N_("The row does not say in which subject the mark was given."),
            )
            return
        self.file.subjects.setdefault(subject, subject)
        period, kind = line.get(long.period), line.get(long.kind)
        top = line.get(long.maximum)
        self.file.marks.append(
            MarkRow(
                pupil=pupil.key,
                subject=subject,
                kind=long.kinds.get(kind, kind) or defaults.get("kind", "fo"),
                value=value,
                source=line.where(long.value),
                period=long.periods.get(period, period) or defaults.get("period", ""),
                title=clean_text(line.get(long.title), 300),
                date=day,
                maximum=parse_decimal(top) if top else None,
                comment=clean_text(line.get(long.comment)),
            )
        )

    def _absences(self, line: Line, pupil: PupilRow) -> None:
        for absence in self.map.absences:
            text = line.get(absence.column)
            if text in self.map.empty:
                continue
            if not (text.isascii() and text.isdigit() and int(text[:5]) <= 2000):
                line.report.error(
                    line.where(absence.column),
                    "absences_unreadable",
                    N_("%(value)s is not a number of missed lessons; it was left out."),
                    value=text,
                    params={"value": text},
                )
                continue
            if int(text):
                self.file.absences.append(
                    AbsenceRow(
                        pupil=pupil.key,
                        count=int(text),
                        period=absence.period,
                        code=absence.code,
                        source=line.where(absence.column),
                    )
                )
