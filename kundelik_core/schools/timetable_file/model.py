"""The shapes of a timetable import: what the school has, what will be written."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from uuid import UUID

import msgspec

from kundelik_core.schools.actions.classes import GroupPupilRow, GroupTeacherRow
from kundelik_core.schools.actions.people import MembershipRow
from kundelik_core.schools.actions.timetable import SlotRow
from kundelik_core.schools.bells import BellSchedule
from kundelik_core.schools.calendar import SchoolCalendar
from kundelik_core.schools.roster.apply_model import (
    Count,
    KnownClass,
    KnownSubject,
    Place,
    Scheme,
)
from kundelik_core.schools.roster.model import RowError
from kundelik_core.schools.timetable import Slot

__all__ = [
    "GroupOfClass",
    "KnownSlot",
    "NewGroup",
    "SchemeForHours",
    "Staff",
    "TimetablePlan",
    "TimetableState",
]

SchemeForHours = Callable[[int, str, str, Decimal], Scheme]
"""Gives the scheme for a grade, the code of a subject, a language and the hours of a week."""


class Staff(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody of the staff; ``teaches`` tells whether the school has them as a teacher."""

    id: UUID
    surname: str
    given: str
    patronymic: str = ""
    account_id: UUID | None = None
    login: str = ""
    teaches: bool = True


class GroupOfClass(msgspec.Struct, frozen=True, kw_only=True):
    """A teaching group of the year and the classes from which it is made."""

    id: UUID
    subject: str
    title: str
    grade: int
    classes: frozenset[UUID]
    source: str | None = None
    source_id: str | None = None


class KnownSlot(msgspec.Struct, frozen=True, kw_only=True):
    """A lesson of the week that goes on, or will."""

    id: UUID
    group_id: UUID
    weekday: int
    slot: int
    week_cycle: str
    room: str
    teacher_id: UUID | None
    from_date: dt.date
    to_date: dt.date | None


class TimetableState(msgspec.Struct, kw_only=True):
    """All of a school that a timetable is compared with."""

    year: int
    locale: str
    calendar: SchoolCalendar
    bells: BellSchedule
    closed_until: dt.date | None = None
    classes: list[KnownClass] = []
    class_pupils: list[Place] = []
    sexes: dict[UUID, str] = {}
    subjects: list[KnownSubject] = []
    groups: list[GroupOfClass] = []
    group_teachers: list[Place] = []
    slots: list[KnownSlot] = []
    staff: list[Staff] = []


class NewGroup(msgspec.Struct, frozen=True, kw_only=True):
    """A teaching group to be made, of one class or of several.

    A numbered part begins without pupils; girls and boys are ``filled`` by what the school knows.
    """

    id: UUID
    class_ids: tuple[UUID, ...]
    subject: str
    subject_title: str
    title: str
    grade: int
    part: str
    hours: Decimal
    scheme: Scheme
    source_id: str
    filled: bool = True


def _counts() -> dict[str, Count]:
    return {label: Count() for label in ("groups", "teachers", "slots", "ended")}


class TimetablePlan(msgspec.Struct, kw_only=True):
    """What an import will write from a day on, and what it had to say about the file."""

    year: int
    begins: dt.date
    ends: dt.date
    national_subjects: list[str] = []
    groups: list[NewGroup] = []
    group_teachers: list[GroupTeacherRow] = []
    group_pupils: list[GroupPupilRow] = []
    memberships: list[MembershipRow] = []
    slots: list[SlotRow] = []
    ended_slots: list[UUID] = []
    ended_teachers: list[tuple[UUID, UUID]] = []
    week: list[Slot] = []
    changed_week: list[Slot] = []
    old_week: list[Slot] = []
    grades: dict[UUID, int] = {}
    counts: dict[str, Count] = msgspec.field(default_factory=_counts)
    errors: list[RowError] = []

    @property
    def has_changes(self) -> bool:
        """Whether the weekly timetable, its groups or their teachers would change."""
        return any(
            (self.groups, self.group_teachers, self.slots, self.ended_slots, self.ended_teachers,
             self.memberships)
        )  # fmt: skip

    @property
    def empty_parts(self) -> list[NewGroup]:
        """New groups into which somebody has to put pupils."""
        return [group for group in self.groups if not group.filled]

    def summary(self) -> dict[str, dict[str, int]]:
        """The numbers, to be shown and kept."""
        return {label: msgspec.structs.asdict(count) for label, count in self.counts.items()}
