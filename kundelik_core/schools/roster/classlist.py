"""Read the plain list of a class that every school already has in a spreadsheet."""

from __future__ import annotations

import datetime as dt
from itertools import islice

from kundelik_core.kernel.i18n import N_
from kundelik_core.kernel.names import search_key

from .classname import ClassName, find_class, letter_fits, parse_class
from .columns import Columns, Line, Sheet
from .csvtext import Record
from .files import Table
from .headings import Heading, ParentColumns, parent_columns, read_headings
from .model import ClassRow, Enrollment, FileNote, Roster, User, UserRole, Where
from .parents import read_parents
from .personcells import read_names, take_iin, take_sex
from .ties import Ties
from .values import clean_name, clean_text, parse_language, parse_phone, split_name

__all__ = ["find_list_header", "read_class_table"]

HEADER_WITHIN = 20


def find_list_header(table: Table) -> tuple[Record, list[Heading], ClassName | None] | None:
    """The header row, its meaning, and the class that a title above it names."""
    above: ClassName | None = None
    for record in islice(table.records(), HEADER_WITHIN):
        headings = read_headings(record)
        if headings is not None:
            return record, headings, above
        filled = [cell for cell in record.cells if cell.strip()]
        above = above or next((name for cell in filled if (name := find_class(cell))), None)
    return None


def read_class_table(
    roster: Roster,
    table: Table,
    found: tuple[Record, list[Heading], ClassName | None],
    default_class: str = "",
) -> None:
    """Read one sheet or file that holds a list."""
    record, headings, above = found
    given = parse_class(default_class) or above or parse_class(table.title)
    _ListReader(roster, table, record, headings, given).read()


class _ListReader:
    """One sheet, row by row."""

    def __init__(
        self,
        roster: Roster,
        table: Table,
        header: Record,
        headings: list[Heading],
        given: ClassName | None,
    ) -> None:
        self.roster, self.table, self.current = roster, table, given
        self.ties = Ties(roster)
        self.homerooms: set[tuple[str, str]] = set()
        self.parents: list[ParentColumns] = parent_columns(headings)
        places: dict[str, int] = {}
        written: dict[str, str] = {}
        for heading in headings:
            if places.setdefault(heading.key, heading.place) == heading.place:
                written[heading.key] = heading.written
            if heading.corrected:
                table.report.warning(
                    table.at(header.line, heading.written),
                    "heading_guessed",
                    N_("The heading %(given)s was taken for a usual one; check the names below."),
                    value=heading.written,
                    params={"given": heading.written},
                )
        self.names = {heading.place: heading.written for heading in headings}
        for parent in self.parents:
            places[f"parent@{parent.place}"] = parent.place
            places[f"phone@{parent.phone}"] = parent.phone
        columns = Columns(places, written, max(len(header.cells), 1))
        self.sheet = Sheet(table, columns, header.line, "dmy")

    def read(self) -> None:
        """Read the rows; a row that only names a class begins that class."""
        for line in self.sheet.lines():
            filled = line.filled()
            begun = parse_class(filled[0]) if len(filled) == 1 else None
            if begun is not None and not self.sheet.has("class"):
                self.current = begun
            elif len(filled) > 1 or line.get("full") or line.get("family"):
                self._row(line)
        note = self.table.note
        self.roster.files[self.table.name] = FileNote(
            name=note.name, encoding=note.encoding, tried=note.tried, delimiter=note.delimiter,
            rows=self.sheet.rows,
        )  # fmt: skip

    def _row(self, line: Line) -> None:
        names = read_names(line, self.sheet)
        group = self._class(line)
        understood, born = line.date("birth")
        if names is None or group is None or not understood:
            return
        pupil = User(
            id="",
            source=line.where(),
            family_name=names[0],
            given_name=names[1],
            middle_name=names[2],
            birth_date=born,
            grades=[str(self.roster.classes[group].grades[0])],
            login=clean_text(line.get("login"), 200),
            email=line.get("email") if "@" in line.get("email") else "",
        )
        take_sex(line, pupil)
        take_iin(line, pupil)
        if not self.parents:
            pupil.phone = parse_phone(line.get("phone")) or ""
        pupil.phone = parse_phone(line.get("pupil_phone")) or pupil.phone
        if not self._identify(line, pupil, group):
            return
        pupil.roles = [UserRole(role="pupil", source=line.where())]
        self.roster.users[pupil.id] = pupil
        self._enroll(pupil.id, group, "pupil", line.where(), clean_text(line.get("subgroup"), 50))
        self._parents(line, pupil)
        self._homeroom(line, group)

    def _class(self, line: Line) -> str | None:
        """The id of the row's class, which is made at its first pupil."""
        written = line.get("class")
        column = "class"
        if not written and self.sheet.has("grade"):
            written, column = line.get("grade") + line.get("letter"), "grade"
        name = parse_class(written + line.get("letter")) or parse_class(written)
        if not written:
            name = self.current
        if name is None:
            line.report.error(
                line.where(column),
                "class_unclear" if written else "class_missing",
                N_("%(value)s is not a class. Write it as 5 «А», 5А or 5-А.")
                if written
                else N_("The row does not say in which class the pupil is."),
                value=written,
                params={"value": written},
            )
            return None
        if not letter_fits(line, column, written, name):
            return None
        key = f"{name.grade}{name.letter}"
        if key not in self.roster.classes:
            self.roster.classes[key] = ClassRow(
                id=key,
                title=name.title,
                source=line.where(column),
                kind="homeroom",
                code=key,
                grades=[str(name.grade)],
                letter=name.letter,
            )
        self._language(line, self.roster.classes[key])
        return key

    def _language(self, line: Line, row: ClassRow) -> None:
        """The language of the class, as its first pupil's row says it."""
        language = parse_language(line.get("language"))
        if language is None:
            line.report.once(
                line.where("language"),
                "language_unclear",
                N_("A language of instruction was not understood. Write kk, ru, ug, uz, tg or en, "
                   "or the language in words."),
                value=line.get("language"),
            )  # fmt: skip
        row.language = row.language or language or ""

    def _warn(self, line: Line, column: str, code: str, message: str) -> None:
        line.report.warning(line.where(column), code, message)

    def _identify(self, line: Line, pupil: User, group: str) -> bool:
        """Give the pupil an id that the same list gives again; refuse the same child twice."""
        name = search_key(pupil.full_name) or pupil.full_name
        born: dt.date | None = pupil.birth_date
        pupil.id = f"pupil:{name}|{born or group}"
        earlier = self.roster.users.get(pupil.id)
        if earlier is None:
            return True
        if born is None:
            self._warn(line, "", "namesake",
                       N_("Two pupils of this class have the same name and no birth date; "
                          "both were taken. Add birth dates."))  # fmt: skip
            pupil.id += f"#{line.number}"
            return True
        line.report.error(
            line.where(),
            "pupil_twice",
            N_("The same name and birth date are already in line %(line)s; "
               "this row was left out."),
            value=pupil.full_name,
            params={"line": earlier.source.line},
        )  # fmt: skip
        return False

    def _enroll(self, user: str, group: str, role: str, where: Where, subgroup: str = "") -> None:
        self.roster.enrollments.append(
            Enrollment(
                id=f"{group}:{user}:{role}",
                user=user,
                class_id=group,
                role=role,
                source=where,
                primary=True,
                subgroup=subgroup,
            )
        )

    def _parents(self, line: Line, pupil: User) -> None:
        for columns in self.parents:
            cell = line.get(f"parent@{columns.place}")
            where = line.where(self.names.get(columns.place, ""))
            for parent in read_parents(cell, line.get(f"phone@{columns.phone}"), columns.kind):
                if parent.fault:
                    line.report.warning(
                        where,
                        f"parent_{parent.fault}",
                        N_("A parent could not be read here; the pupil was taken without them.")
                        if parent.fault == "name"
                        else N_("The phone of this parent is no number that can be called; "
                                "it was left out."),
                        value=cell,
                    )  # fmt: skip
                if parent.fault == "name":
                    continue
                key = parent.key(pupil.id)
                if key not in self.roster.users:
                    self.roster.users[key] = User(
                        id=key, source=where, family_name=parent.family, given_name=parent.given,
                        middle_name=parent.middle, phone=parent.phone,
                        roles=[UserRole(role="parent", source=where)],
                    )  # fmt: skip
                self.ties.add(pupil.id, key, parent.kind, where)

    def _homeroom(self, line: Line, group: str) -> None:
        name = clean_name(line.get("homeroom"))
        if not name:
            return
        key = f"teacher:{search_key(name)}"
        where = line.where("homeroom")
        if key not in self.roster.users:
            family, given, middle = split_name(name)
            self.roster.users[key] = User(
                id=key,
                source=where,
                family_name=family,
                given_name=given,
                middle_name=middle,
                roles=[UserRole(role="teacher", source=where)],
            )
        if (key, group) not in self.homerooms:
            self.homerooms.add((key, group))
            self._enroll(key, group, "homeroom", where)
