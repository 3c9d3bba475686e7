"""Name the core's data that a plugin may read, and the shapes in which it crosses the border.

A plugin gets what its manifest lists under ``data.reads`` and nothing more: the core empties the
rest before it calls, and its database login sees only the views of those scopes.
"""

from collections.abc import Mapping
from datetime import date
from types import MappingProxyType
from typing import Any, Literal, TypeAlias, get_args
from uuid import UUID

import msgspec

from kundelik_core.sdk._texts import N_

__all__ = ["ROLES", "SCOPES", "Actor", "Json", "Role", "School", "Student", "Viewer"]

Json: TypeAlias = Any
"""What JSON can hold: None, bool, int, str, float, lists and string-keyed mappings of these."""

Role: TypeAlias = Literal[
    "pupil", "parent", "teacher", "homeroom", "deputy", "director", "admin", "psychologist"
]
"""A role within one school; a person may have several."""

ROLES: tuple[Role, ...] = get_args(Role)
"""Every role, families first."""

Viewer: TypeAlias = Literal["student", "guardian", "staff"]
"""As what somebody looks at a student's page: the student, a guardian, or one of the school."""


class School(msgspec.Struct, frozen=True, kw_only=True):
    """The school for which a handler is called.

    ``zone`` is a name of the time zone database, like ``Asia/Almaty``; ``languages`` are those in
    which the school teaches, like ``("kk", "ru")``.
    """

    id: int
    name: str
    zone: str
    languages: tuple[str, ...] = ()


class Actor(msgspec.Struct, frozen=True, kw_only=True):
    """Who asks, as far as a plugin may know: no name, no account.

    ``roles`` are those in this school. ``permissions`` are the plugin's own codes that these roles
    carry here. ``students`` are those for whom the person stands: a pupil's own id, a guardian's
    children in this school; empty for staff.
    """

    person_id: UUID | None
    roles: tuple[Role, ...] = ()
    permissions: tuple[str, ...] = ()
    students: tuple[UUID, ...] = ()

    def may(self, permission: str) -> bool:
        """Say whether the person has one of the plugin's own permissions."""
        return permission in self.permissions


class Student(msgspec.Struct, frozen=True, kw_only=True):
    """One student, as the scopes of the manifest allow.

    It is there with ``student.v1``; ``birth_date`` is None without ``student.birth_date.v1``.
    """

    id: UUID
    name: str
    birth_date: date | None = None


SCOPES: Mapping[str, str] = MappingProxyType(
    {
        "student.v1": N_("Names and classes of pupils."),
        "student.birth_date.v1": N_("Pupils' dates of birth."),
        "student.contact.v1": N_("Pupils' telephone numbers and e-mail addresses."),
        "guardian.v1": N_("Names of pupils' parents and other guardians."),
        "staff.v1": N_("Names and roles of the school's staff."),
        "class.v1": N_("Classes and their homeroom teachers."),
        "group.v1": N_("Teaching groups and their subjects."),
        "teaching.v1": N_("Who teaches which group, and since when."),
        "enrolment.v1": N_("Which pupil is in which class and group, and since when."),
        "period.v1": N_("Periods of the school year."),
        "lesson.v1": N_("Lessons with topics and homework."),
        "mark.v1": N_("Marks."),
        "result.v1": N_("Marks of periods and of the year."),
        "attendance.v1": N_("Absences and late arrivals."),
        "entitlement.v1": N_("For which pupils something of this module's own is paid or given."),
        "sharing.v1": N_("Whether what one parent buys serves the child's other parents too."),
        "wish.v1": N_("What came of this module's own wishes for entitlements."),
        "money.v1": N_("What was paid through this module, by the core's own account."),
    }
)
"""Every scope that a manifest may ask for, with what it opens, as an English msgid.

The scope ``mark.v1`` is the view ``core_api.mark_v1``, and so on: dots become underscores.
"""
