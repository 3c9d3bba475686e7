"""The shapes of an import: what a school has, what a file asks for, what will be written."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Final, NamedTuple
from uuid import UUID

import msgspec

from kundelik_core.schools.actions.classes import (
    ClassPupilRow,
    ClassRow,
    GroupPupilRow,
    GroupTeacherRow,
    SubjectRow,
)
from kundelik_core.schools.actions.people import GuardianshipRow, MembershipRow, PersonRow
from kundelik_core.schools.calendar import PeriodKind

from .model import RowError

__all__ = [
    "EVERY_ROLE",
    "LABELS",
    "STRONG",
    "Count",
    "GroupPlan",
    "KnownClass",
    "KnownGroup",
    "KnownPerson",
    "KnownSubject",
    "Options",
    "Place",
    "Plan",
    "Role",
    "Scheme",
    "SchemeFor",
    "SchoolState",
    "Tie",
]

LABELS: Final = ("pupils", "staff", "parents", "classes", "groups", "places", "guardians")
"""What is counted, in the order in which it is shown."""

# Their ids are a register's own; those of a plain list are made of names and give way to them.
STRONG: Final = frozenset({"oneroster", "sds"})


class Scheme(NamedTuple):
    """By which scheme a new journal will be marked; the floor of marks chooses it."""

    code: str
    version: int
    period_kind: PeriodKind


EVERY_ROLE: Final = frozenset({"pupil", "parent", "teacher", "homeroom", "psychologist", "deputy",
                               "director", "admin"})  # fmt: skip

SchemeFor = Callable[[int, str], Scheme]
"""Gives the scheme for a grade and the code of a subject."""


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """What whoever imports decides besides the file."""

    year: int
    today: dt.date
    scheme: SchemeFor
    org: str = ""
    default_grade: int | None = None
    iin_hash: Callable[[str], bytes] | None = None
    # Roles that whoever imports may give; the operator in a shell may give all of a school's.
    gives: frozenset[str] = EVERY_ROLE


class KnownPerson(msgspec.Struct, frozen=True, kw_only=True):
    """A person whom the school has."""

    id: UUID
    account_id: UUID | None
    surname: str
    given: str
    patronymic: str
    birth_date: dt.date | None
    sex: str | None
    phone: str | None
    email: str | None
    iin_hash: bytes | None
    source: str | None
    source_id: str | None
    status: str


class Role(msgspec.Struct, frozen=True, kw_only=True):
    """What a person is or was in the school."""

    person_id: UUID
    role: str
    from_date: dt.date
    to_date: dt.date | None


class KnownClass(msgspec.Struct, frozen=True, kw_only=True):
    """A class of the year."""

    id: UUID
    grade: int
    letter: str
    language: str
    shift: int
    homeroom_id: UUID | None
    source: str | None
    source_id: str | None


class KnownSubject(msgspec.Struct, frozen=True, kw_only=True):
    """A subject of the school."""

    id: UUID
    code: str
    title_kk: str
    title_ru: str
    title_en: str


class KnownGroup(msgspec.Struct, frozen=True, kw_only=True):
    """A teaching group of the year."""

    id: UUID
    subject: str
    title: str
    source: str | None
    source_id: str | None


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """A stretch of time of somebody in a class or a group."""

    holder: UUID
    person: UUID
    from_date: dt.date
    to_date: dt.date | None


class Tie(msgspec.Struct, frozen=True, kw_only=True):
    """A guardian of a pupil, now or once."""

    guardian_id: UUID
    pupil_id: UUID
    relation: str
    from_date: dt.date
    to_date: dt.date | None


class SchoolState(msgspec.Struct, kw_only=True):
    """All of a school that an import is compared with; without begin and end the year is new."""

    school_id: int
    locale: str
    titles: tuple[str, str, str]
    begins: dt.date
    ends: dt.date
    has_year: bool = True
    people: list[KnownPerson] = []
    roles: list[Role] = []
    classes: list[KnownClass] = []
    class_pupils: list[Place] = []
    subjects: list[KnownSubject] = []
    groups: list[KnownGroup] = []
    group_pupils: list[Place] = []
    group_teachers: list[Place] = []
    group_classes: list[tuple[UUID, UUID]] = []
    ties: list[Tie] = []


class Count(msgspec.Struct):
    """One line of the summary."""

    new: int = 0
    changed: int = 0
    same: int = 0
    wrong: int = 0


class GroupPlan(msgspec.Struct, frozen=True, kw_only=True):
    """A teaching group to be made; its subject may be made by the same import."""

    id: UUID
    subject: str
    title: str
    grade: int
    scheme: Scheme
    room: str
    source: str
    source_id: str


class Ending(NamedTuple):
    """Something that a file ends by name: who, in or of what, after which day."""

    holder: UUID
    person: UUID
    last_day: dt.date


class Plan(msgspec.Struct, kw_only=True):
    """What an import will write, and what it had to say about the file."""

    format: str
    format_title: str
    year: int
    people: list[PersonRow] = []
    memberships: list[MembershipRow] = []
    classes: list[ClassRow] = []
    class_pupils: list[ClassPupilRow] = []
    national_subjects: list[str] = []
    own_subjects: list[SubjectRow] = []
    groups: list[GroupPlan] = []
    group_classes: list[tuple[UUID, UUID]] = []
    group_teachers: list[GroupTeacherRow] = []
    group_pupils: list[GroupPupilRow] = []
    guardianships: list[GuardianshipRow] = []
    ended_people: list[tuple[UUID, dt.date]] = []
    ended_roles: list[tuple[UUID, str, dt.date]] = []
    ended_class_pupils: list[Ending] = []
    ended_group_pupils: list[Ending] = []
    ended_group_teachers: list[Ending] = []
    ended_ties: list[Ending] = []
    account_people: list[UUID] = []
    logins: dict[UUID, str] = {}
    ids: dict[str, UUID] = {}
    class_ids: dict[str, UUID] = {}
    group_ids: dict[str, UUID] = {}
    new_classes: list[UUID] = []
    counts: dict[str, Count] = msgspec.field(
        default_factory=lambda: {label: Count() for label in LABELS}
    )
    errors: list[RowError] = []

    @property
    def has_changes(self) -> bool:
        """Whether anything would be written."""
        return any(
            (
                self.people, self.memberships, self.classes, self.class_pupils, self.groups,
                self.group_classes, self.group_teachers, self.group_pupils, self.guardianships,
                self.ended_people, self.ended_roles, self.ended_class_pupils,
                self.ended_group_pupils, self.ended_group_teachers, self.ended_ties,
            )
        )  # fmt: skip

    @property
    def changed_groups(self) -> set[UUID]:
        """Groups whose pupils change, so that their results have to be computed anew."""
        joined = {row.group_id for row in self.group_pupils}
        return joined | {ending.holder for ending in self.ended_group_pupils}

    @property
    def has_errors(self) -> bool:
        """Whether any row was left out."""
        return any(error.severity == "error" for error in self.errors)

    def summary(self) -> dict[str, dict[str, int]]:
        """The numbers, to be shown and kept."""
        return {label: msgspec.structs.asdict(count) for label, count in self.counts.items()}
