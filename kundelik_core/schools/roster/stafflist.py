"""Read the plain list of a school's staff: who they are, what they are, which class they lead."""

from __future__ import annotations

import re
from collections import defaultdict
from itertools import islice
from pathlib import PurePath
from typing import Final

from kundelik_core.kernel.i18n import N_
from kundelik_core.kernel.names import search_key

from .classname import ClassName, find_class, letter_fits, parse_class
from .columns import Columns, Line, Sheet
from .files import Source, Table
from .model import ClassRow, Enrollment, FileNote, Roster, User, Where
from .personcells import read_contacts, read_names, take_iin, take_sex
from .report import Report
from .staffpeople import StaffRow, settle
from .staffwords import StaffHeader, is_about_staff, parse_position, staff_header
from .values import clean_text

__all__ = ["StaffList", "find_staff_header", "looks_like_staff_list"]

_HEADER_WITHIN: Final = 20
_SUM: Final = re.compile(r"всего|итого|барлыгы|жиыны|total")
_SEVERAL: Final = re.compile(r"[,;/+\n]|\sи\s|\sжәне\s|\sand\s")
_NONE: Final = frozenset({"", "нет", "жок", "no", "none", "да", "иа", "ия", "yes", "0"})


def looks_like_staff_list(source: Source) -> bool:
    """Whether one of the sheets or files is a list of the staff."""
    return any(find_staff_header(table, source.name) for table in source.tables.values())


def find_staff_header(table: Table, file: str) -> StaffHeader | None:
    """The header of a staff list; None for any other table."""
    titled = is_about_staff(table.title)
    named = is_about_staff(PurePath(file).stem) or is_about_staff(PurePath(table.name).stem)
    for record in islice(table.records(), _HEADER_WITHIN):
        filled = [cell for cell in record.cells if cell.strip()]
        header = staff_header(record, titled=titled, named=named)
        if header is not None:
            return header
        titled = titled or (len(filled) == 1 and is_about_staff(filled[0]))
    return None


class StaffList:
    """Everybody whom the staff lists of one source name; they are put together at the end."""

    def __init__(self, roster: Roster, report: Report) -> None:
        self.roster, self.report = roster, report
        self.rows: list[StaffRow] = []
        # For each class, who is named as its homeroom teacher, and where.
        self.leads: dict[str, dict[int, Where]] = defaultdict(dict)
        self._names: dict[str, ClassName] = {}

    def read(self, table: Table, header: StaffHeader) -> None:
        """Take in one sheet."""
        places = {heading.key: heading.place for heading in header.headings}
        written = {heading.key: heading.written for heading in header.headings}
        for heading in header.headings:
            if heading.corrected:
                table.report.warning(
                    table.at(header.record.line, heading.written),
                    "heading_guessed",
                    N_("The heading %(given)s was taken for a usual one; check the names below."),
                    value=heading.written,
                    params={"given": heading.written},
                )
        width = max(len(header.record.cells), 1)
        sheet = Sheet(table, Columns(places, written, width), header.record.line, "dmy")
        for line in sheet.lines():
            if not _title(line, sheet):
                self._row(line, sheet, header)
        note = table.note
        self.roster.files[table.name] = FileNote(
            name=note.name, encoding=note.encoding, tried=note.tried, delimiter=note.delimiter,
            rows=sheet.rows, about="staff",
        )  # fmt: skip

    def _row(self, line: Line, sheet: Sheet, header: StaffHeader) -> None:
        names = read_names(line, sheet)
        roles = self._roles(line, header)
        understood, born = line.date("birth")
        if names is None or roles is None or not understood:
            return
        user = User(
            id="", source=line.where(), family_name=names[0], given_name=names[1],
            middle_name=names[2], birth_date=born, login=clean_text(line.get("login"), 200),
        )  # fmt: skip
        take_sex(line, user)
        take_iin(line, user)
        read_contacts(line, user)
        self.rows.append(StaffRow(user=user, roles=roles - {"homeroom"} or frozenset({"teacher"})))
        self._leads(line, "homeroom" in roles)

    def _roles(self, line: Line, header: StaffHeader) -> frozenset[str] | None:
        """What the row makes of somebody; None when it gives nothing (which is told)."""
        if header.homerooms:
            return frozenset({"teacher", "homeroom"})
        written = line.get("position")
        if not header.positions or (not written and (line.get("subject") or line.get("lead"))):
            return frozenset({"teacher"})
        position = parse_position(written)
        if position.told == "known":
            return position.roles
        where = line.where("position")
        if position.told == "without":
            line.report.warning(
                where,
                "position_without_role",
                N_("%(value)s needs no place in the diary; the row was passed over."),
                value=written,
                params={"value": written},
            )
            return None
        line.report.error(
            where,
            "position_unclear" if written else "position_missing",
            N_("%(value)s is no position that gives a role. Write teacher, homeroom teacher, "
               "deputy head, director or psychologist.")
            if written
            else N_("The row does not say what this person is in the school."),
            value=written,
            params={"value": written},
        )  # fmt: skip
        return None

    def _leads(self, line: Line, homeroom: bool) -> None:
        """Note the classes that the row's person leads."""
        column, written = "lead", line.get("lead")
        if homeroom and not _classes(written):
            column, written = "class", line.get("class")
            inside = find_class(line.get("position"))
            if inside is not None and inside.letter and not written:
                column, written = "position", inside.title
        names = _classes(written)
        if column == "lead" and not homeroom and _said_nothing(written):
            return
        if names is None or (column == "class" and len(names) != 1):
            line.report.warning(
                line.where(column),
                "homeroom_class_unclear",
                N_("Which class this person leads is not clear. Write it as 5 «А»; the person was "
                   "taken as a teacher."),
                value=written,
            )  # fmt: skip
            return
        for name in names:
            if not letter_fits(line, column, written, name):
                continue
            key = f"{name.grade}{name.letter}"
            self._names[key] = name
            self.leads[key][len(self.rows) - 1] = line.where(column)

    def finish(self) -> None:
        """Put rows of one person together, and everybody into the roster."""
        people, ids = settle(self.rows, self.report)
        self.roster.users.update(people)
        for key in sorted(self.leads):
            wanted = {ids[row]: where for row, where in self.leads[key].items() if ids[row]}
            if len(wanted) > 1:
                for where in self.leads[key].values():
                    self.report.error(
                        where,
                        "two_homeroom_teachers",
                        N_("Several people are named as homeroom teacher of %(class)s; nobody "
                           "was set for it."),
                        params={"class": self._names[key].title},
                    )  # fmt: skip
                continue
            for user, where in wanted.items():
                self._enroll(self._names[key], key, user, where)
        self._join_homerooms()

    def _enroll(self, name: ClassName, key: str, user: str, where: Where) -> None:
        if key not in self.roster.classes:
            self.roster.classes[key] = ClassRow(
                id=key, title=name.title, source=where, kind="homeroom", code=key,
                grades=[str(name.grade)], letter=name.letter,
            )  # fmt: skip
        self.roster.enrollments.append(
            Enrollment(id=f"{key}:{user}:homeroom", user=user, class_id=key, role="homeroom",
                       source=where, primary=True)
        )  # fmt: skip

    def _join_homerooms(self) -> None:
        """A teacher named in a class list of the same file is the one of the staff list."""
        named: dict[str, list[str]] = defaultdict(list)
        for key, user in self.roster.users.items():
            if key.startswith("staff:"):
                named[search_key(user.full_name)].append(key)
                named[search_key(f"{user.family_name} {user.given_name}")].append(key)
        for key in [key for key in self.roster.users if key.startswith("teacher:")]:
            found = set(named.get(key.removeprefix("teacher:"), ()))
            if len(found) != 1:
                continue
            staff = found.pop()
            del self.roster.users[key]
            for row in self.roster.enrollments:
                if row.user == key:
                    row.user = staff


def _title(line: Line, sheet: Sheet) -> bool:
    """Whether a row is a heading between the rows, or counts them."""
    filled = line.filled()
    if len(filled) == 1 and len(sheet.columns.places) > 1:
        key = search_key(filled[0])
        return is_about_staff(filled[0]) or bool(_SUM.match(key)) or filled[0] != _name(line)
    return bool(filled) and bool(_SUM.match(search_key(_name(line) or filled[0])))


def _name(line: Line) -> str:
    return line.get("full") or line.get("family")


def _said_nothing(written: str) -> bool:
    return search_key(written).strip("- +") in _NONE


def _classes(written: str) -> list[ClassName] | None:
    """The classes of a cell; none for an empty one, None when a part of it names no class."""
    if _said_nothing(written):
        return None if written.strip() else []
    found = [parse_class(part) for part in _SEVERAL.split(written) if part.strip()]
    return None if None in found else [name for name in found if name]
