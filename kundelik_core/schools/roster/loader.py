"""What the readers of OneRoster and of School Data Sync have in common: ids, names, ties."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import NamedTuple, TypeVar

from kundelik_core.kernel.i18n import N_

from .columns import Line, Sheet, open_sheet
from .files import Source
from .model import Mode, Roster, User, Where
from .values import DateOrder, clean_name, clean_text, parse_phone, parse_role, parse_sex

T = TypeVar("T")
_EMAIL = re.compile(r"[^\s@,;<>\"]+@[^\s@,;<>\"]+\.[^\s@,;<>\".]+")
# Known to the formats, without a place in a journal: told, and no fault of the file.
WITHOUT_JOURNAL = frozenset({"aide", "staff", "proctor", "paraprofessional", "administrator",
                             "counselor", "principal", "other", "coordinator"})  # fmt: skip
_ENDED = frozenset({"tobedeleted", "inactive", "deleted"})
_ACTIVE = frozenset({"", "active", "true", "1"})


class Dialect(NamedTuple):
    """What sets one format apart: its names, its order of day and month, its loose ends."""

    format: str
    title: str
    order: DateOrder = "dmy"
    aliases: Mapping[str, Mapping[str, str]] = {}
    modes: Mapping[str, Mode] = {}


class Loader:
    """Walk the files of one bundle and fill a Roster; rows that fail are reported."""

    def __init__(self, source: Source, dialect: Dialect) -> None:
        self.source, self.dialect, self.report = source, dialect, source.report
        self.roster = Roster(
            format=dialect.format,
            format_title=dialect.title,
            delta="delta" in dialect.modes.values(),
        )

    def each(
        self,
        file: str,
        known: Collection[str],
        required: Sequence[str],
        take: Callable[[Line], None],
    ) -> Sheet | None:
        """Give every row of ``file`` to ``take``; None when the bundle has no such file."""
        table = self.source.table(f"{file}.csv")
        if table is None:
            return None
        sheet = open_sheet(table, known, self.dialect.aliases.get(file), self.dialect.order)
        if sheet is not None and sheet.require(required):
            for line in sheet.lines():
                take(line)
        self._note(file, table.name, sheet)
        return sheet

    def _note(self, file: str, name: str, sheet: Sheet | None) -> None:
        note = self.source.tables[name.lower()].note
        mode = self.dialect.modes.get(file, "bulk")
        self.roster.files[name] = type(note)(
            name=name,
            encoding=note.encoding,
            tried=note.tried,
            delimiter=note.delimiter,
            rows=sheet.rows if sheet else 0,
            mode=mode,
        )

    def complete(self, file: str) -> bool:
        """Whether a name that ``file`` does not hold is a mistake and not just elsewhere."""
        return (
            self.source.table(f"{file}.csv") is not None
            and self.dialect.modes.get(file, "bulk") == "bulk"
        )

    def fresh_id(
        self, line: Line, column: str, taken: Mapping[str, object], prefix: str = ""
    ) -> str:
        """The row's id, or "" when it has none or one that another row has (both reported)."""
        given = clean_text(line.get(column), 255)
        if not given:
            line.report.error(
                line.where(column), "id_missing", N_("This row has no identifier and was left out.")
            )
            return ""
        earlier = taken.get(prefix + given)
        if earlier is not None:
            where: Where = getattr(earlier, "source", line.where())
            line.report.error(
                line.where(column),
                "id_twice",
                N_(
                    "The identifier %(id)s is already used in line %(line)s; this row was left out."
                ),
                value=given,
                params={"id": given, "line": where.line},
            )
            return ""
        return prefix + given

    def refer(
        self, line: Line, column: str, known: Collection[str], file: str, key: str = ""
    ) -> bool:
        """Whether the row's reference leads somewhere; an error when it cannot."""
        given = line.get(column)
        if given and ((key or given) in known or not self.complete(file)):
            return True
        if not given:
            line.report.error(
                line.where(column),
                "reference_missing",
                N_("%(column)s is empty, so this row was left out."),
                params={"column": line.where(column).column},
            )
            return False
        line.report.error(
            line.where(column),
            "unknown_" + _THINGS.get(file, file),
            N_("%(value)s is not in %(file)s, so this row was left out."),
            value=given,
            params={"value": given, "file": f"{file}.csv"},
        )
        return False

    def hint(self, line: Line, column: str, known: Collection[str], file: str) -> str:
        """A reference the row can do without: an unknown one is warned about and dropped."""
        given = line.get(column)
        if given and given not in known and self.complete(file):
            line.report.warning(
                line.where(column),
                "loose_" + _THINGS.get(file, file),
                N_("%(value)s is not in %(file)s; the row was taken without it."),
                value=given,
                params={"value": given, "file": f"{file}.csv"},
            )
            return ""
        return given

    def ended(self, line: Line, column: str = "status") -> bool:
        """Whether the source marks the row as gone (which ends it and deletes nothing)."""
        status = line.get(column).casefold()
        if status not in _ENDED and status not in _ACTIVE:
            line.report.warning(
                line.where(column),
                "status_unknown",
                N_("The status %(value)s is not known; the row was taken as active."),
                value=status,
                params={"value": status},
            )
        return status in _ENDED

    def role(self, line: Line, column: str = "role") -> str:
        """Our role code, or "" with a warning."""
        given = line.get(column)
        role = parse_role(given)
        if role is None:
            line.report.warning(
                line.where(column),
                "role_not_given",
                N_("A file gives nobody the role %(value)s; the person was taken without it."),
                value=given,
                params={"value": given},
            )
        return role or ""

    def name(self, line: Line, *columns: str) -> list[str] | None:
        """The cleaned names, or None when one of them cannot be a name."""
        names = []
        for column in columns:
            cleaned = clean_name(line.get(column))
            if cleaned is None:
                line.report.error(
                    line.where(column),
                    "name_unusable",
                    N_("This name is too long or holds signs that a name cannot hold."),
                    value=line.get(column),
                )
                return None
            names.append(cleaned)
        return names

    def fill_contacts(self, line: Line, user: User, email: str, *phones: str) -> None:
        """Take e-mail and phone when they make sense; warn and go on when they do not."""
        address = line.get(email)
        if address and _EMAIL.fullmatch(address) and len(address) <= 254:
            user.email = address
        elif address:
            self._contact_left_out(line, email, address)
        for column in phones:
            number = parse_phone(line.get(column))
            if number is None:
                self._contact_left_out(line, column, line.get(column))
            elif number and not user.phone:
                user.phone = number

    def _contact_left_out(self, line: Line, column: str, value: str) -> None:
        line.report.warning(
            line.where(column),
            "contact_left_out",
            N_("%(value)s is not an address or a number that can be reached; it was left out."),
            value=value,
            params={"value": value},
        )

    def sex(self, line: Line, column: str, user: User) -> None:
        """Take the sex when it is understood."""
        sex = parse_sex(line.get(column))
        if sex is None:
            line.report.warning(
                line.where(column),
                "sex_unclear",
                N_("%(value)s was not understood as a sex and was left empty."),
                value=line.get(column),
                params={"value": line.get(column)},
            )
        elif sex:
            user.sex = sex

    def named(self, line: Line, user: User) -> bool:
        """Whether the person can be told from others; only a login is enough, with a warning."""
        if user.family_name or user.given_name:
            return True
        if user.login:
            line.report.once(
                line.where(),
                "name_missing",
                N_("This row has a login and no name. Add names before parents see the diary. "
                   "Other rows may be the same."),
            )  # fmt: skip
            return True
        line.report.error(
            line.where(), "person_nameless", N_("This row names nobody: no name and no login.")
        )
        return False


_THINGS = {
    "orgs": "school", "School": "school", "classes": "class", "Section": "class",
    "users": "person", "Student": "person", "Teacher": "person", "User": "person",
    "courses": "course", "academicSessions": "session", "lineItems": "line_item",
}  # fmt: skip
