"""What any roster file becomes: people, classes and ties, each knowing the line it came from.

The names follow OneRoster (org, academic session, course, class, user, enrollment), because
every format we read either is OneRoster or says less than it does. Ids here are the *file's*
ids (``sourcedId``), never ours: the importer keeps the mapping.

Nothing here means "delete". A row that a source marks as gone has ``ended=True``; a row that
a source leaves out says nothing at all.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from typing import Literal

import msgspec

Severity = Literal["error", "warning"]
Sex = Literal["", "male", "female"]
ClassKind = Literal["homeroom", "scheduled"]
Mode = Literal["bulk", "delta", "absent"]


class Where(msgspec.Struct, frozen=True):
    """Point a person at the place in their own file."""

    file: str
    line: int
    column: str = ""


class RowError(msgspec.Struct, frozen=True, kw_only=True):
    """One thing wrong (or worth knowing) about one row; the other rows go on.

    ``message`` is an English msgid with ``%(name)s`` placeholders filled from ``params``;
    ``line`` 0 means the file as a whole. ``severity`` "error": the row was left out;
    "warning": the row was taken, and the message tells how it was understood.
    """

    file: str
    line: int
    code: str
    message: str
    column: str = ""
    params: dict[str, str] = {}
    severity: Severity = "error"
    value: str = ""


class Org(msgspec.Struct, kw_only=True):
    """A school, a department or an authority above schools."""

    id: str
    name: str
    source: Where
    kind: str = "school"
    identifier: str = ""
    parent: str = ""
    ended: bool = False


class AcademicSession(msgspec.Struct, kw_only=True):
    """A school year, term, semester or grading period."""

    id: str
    title: str
    source: Where
    kind: str = "term"
    start: dt.date | None = None
    end: dt.date | None = None
    parent: str = ""
    school_year: int | None = None
    ended: bool = False


class Course(msgspec.Struct, kw_only=True):
    """A subject as taught at some grade."""

    id: str
    title: str
    source: Where
    code: str = ""
    org: str = ""
    grades: list[str] = []
    subjects: list[str] = []
    school_year: str = ""
    ended: bool = False


class ClassRow(msgspec.Struct, kw_only=True):
    """A class: "homeroom" is 5 «А» itself, "scheduled" is a teaching group of one subject."""

    id: str
    title: str
    source: Where
    kind: ClassKind = "scheduled"
    code: str = ""
    school: str = ""
    course: str = ""
    terms: list[str] = []
    grades: list[str] = []
    subjects: list[str] = []
    location: str = ""
    letter: str = ""
    language: str = ""
    ended: bool = False


class UserRole(msgspec.Struct, kw_only=True):
    """What somebody is at one org; ``role`` is one of our role codes or "" when not granted."""

    role: str
    source: Where
    org: str = ""
    primary: bool = True
    begin: dt.date | None = None
    end: dt.date | None = None
    ended: bool = False
    grade: str = ""


class User(msgspec.Struct, kw_only=True):
    """A person. Empty strings and None mean "the file does not say", never "erase it"."""

    id: str
    source: Where
    family_name: str = ""
    given_name: str = ""
    middle_name: str = ""
    preferred_name: str = ""
    roles: list[UserRole] = []
    birth_date: dt.date | None = None
    sex: Sex = ""
    grades: list[str] = []
    login: str = ""
    email: str = ""
    phone: str = ""
    identifier: str = ""
    iin: str = ""
    agents: list[str] = []
    enabled: bool = True
    ended: bool = False

    @property
    def full_name(self) -> str:
        """Family, given and middle name in the order this country writes them."""
        return " ".join(
            part for part in (self.family_name, self.given_name, self.middle_name) if part
        )

    def has_role(self, role: str) -> bool:
        """Whether the person holds ``role`` anywhere in this file and it has not ended."""
        return any(held.role == role and not held.ended for held in self.roles)


class Enrollment(msgspec.Struct, kw_only=True):
    """Somebody's place in a class, as pupil or teacher."""

    id: str
    user: str
    class_id: str
    role: str
    source: Where
    school: str = ""
    primary: bool = False
    begin: dt.date | None = None
    end: dt.date | None = None
    subgroup: str = ""
    ended: bool = False


class Relationship(msgspec.Struct, kw_only=True):
    """A child and one of the adults who answer for them."""

    pupil: str
    guardian: str
    source: Where
    kind: str = "guardian"
    ended: bool = False


class LineItem(msgspec.Struct, kw_only=True):
    """A column of marks of a OneRoster bundle."""

    id: str
    title: str
    class_id: str
    source: Where
    category: str = ""
    session: str = ""
    due: dt.date | None = None
    minimum: Decimal | None = None
    maximum: Decimal | None = None
    ended: bool = False


class Result(msgspec.Struct, kw_only=True):
    """One mark of a OneRoster bundle; ``status`` is its scoreStatus."""

    id: str
    line_item: str
    user: str
    source: Where
    score: Decimal | None = None
    status: str = ""
    date: dt.date | None = None
    comment: str = ""
    ended: bool = False


class FileNote(msgspec.Struct, frozen=True, kw_only=True):
    """What was found out about one file of a source, to be shown before an import."""

    name: str
    encoding: str
    tried: list[str] = []
    delimiter: str = ","
    rows: int = 0
    mode: Mode = "bulk"
    about: Literal["", "staff"] = ""


class Roster(msgspec.Struct, kw_only=True):
    """Everything one source says. ``format`` is a code such as "oneroster-1.1"."""

    format: str
    format_title: str
    delta: bool = False
    files: dict[str, FileNote] = {}
    orgs: dict[str, Org] = {}
    sessions: dict[str, AcademicSession] = {}
    courses: dict[str, Course] = {}
    classes: dict[str, ClassRow] = {}
    users: dict[str, User] = {}
    enrollments: list[Enrollment] = []
    relationships: list[Relationship] = []
    line_items: dict[str, LineItem] = {}
    results: list[Result] = []
    errors: list[RowError] = []

    @property
    def has_errors(self) -> bool:
        """Whether any row was left out (warnings do not count)."""
        return any(error.severity == "error" for error in self.errors)

    def people(self, role: str) -> Iterator[User]:
        """Everybody who holds ``role`` ("pupil", "teacher", "parent", ...)."""
        return (user for user in self.users.values() if user.has_role(role))

    def counts(self) -> dict[str, int]:
        """The numbers a dry run shows."""
        by_role = Counter(
            role for user in self.users.values() for role in {held.role for held in user.roles}
        )
        severities = Counter(error.severity for error in self.errors)
        return {
            "orgs": len(self.orgs),
            "sessions": len(self.sessions),
            "courses": len(self.courses),
            "classes": len(self.classes),
            "users": len(self.users),
            "pupils": by_role["pupil"],
            "teachers": by_role["teacher"],
            "parents": by_role["parent"],
            "enrollments": len(self.enrollments),
            "relationships": len(self.relationships),
            "line_items": len(self.line_items),
            "results": len(self.results),
            "errors": severities["error"],
            "warnings": severities["warning"],
        }
