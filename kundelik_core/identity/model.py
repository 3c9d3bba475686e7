"""Describe who is asking, as every floor above sees them."""

from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec

from kundelik_core.kernel.i18n import Locale

__all__ = [
    "FAMILY_ROLES",
    "SCHOOL_ROLES",
    "STAFF_ROLES",
    "Actor",
    "Child",
    "Membership",
    "PlatformRole",
    "SessionInfo",
]

FAMILY_ROLES: Final = frozenset({"pupil", "parent"})
STAFF_ROLES: Final = frozenset(
    {"teacher", "homeroom", "deputy", "director", "admin", "psychologist"}
)
SCHOOL_ROLES: Final = FAMILY_ROLES | STAFF_ROLES


class Membership(msgspec.Struct, frozen=True, array_like=True):
    """One role in one school."""

    school_id: int
    person_id: UUID
    role: str


class Child(msgspec.Struct, frozen=True, array_like=True):
    """A pupil whose diary this account may read as a guardian."""

    school_id: int
    guardian_id: UUID
    pupil_id: UUID
    given_name: str


class PlatformRole(msgspec.Struct, frozen=True, array_like=True):
    """A role above schools; ``region_code`` bounds it, empty means everywhere."""

    role: str
    region_code: str = ""


class Actor(msgspec.Struct, frozen=True, kw_only=True):
    """Whoever sends a request, with everything that they are today."""

    account_id: UUID
    display_name: str
    locale: Locale
    theme: str
    memberships: tuple[Membership, ...]
    children: tuple[Child, ...]
    platform: tuple[PlatformRole, ...]
    must_change_password: bool
    token_hash: bytes

    @property
    def schools(self) -> tuple[int, ...]:
        """Return the schools they belong to, or where their children do, in order."""
        return tuple(
            sorted({m.school_id for m in self.memberships} | {c.school_id for c in self.children})
        )

    @property
    def all_roles(self) -> frozenset[str]:
        """Return their roles anywhere, those above schools included."""
        found = {m.role for m in self.memberships} | {p.role for p in self.platform}
        return frozenset(found | {"parent"} if self.children else found)

    def roles(self, school_id: int) -> frozenset[str]:
        """Return their roles in one school."""
        found = {m.role for m in self.memberships if m.school_id == school_id}
        if any(c.school_id == school_id for c in self.children):
            found.add("parent")
        return frozenset(found)

    def person(self, school_id: int) -> UUID | None:
        """Return who they are in one school: their own row, or their row as a guardian."""
        for membership in self.memberships:
            if membership.school_id == school_id:
                return membership.person_id
        return next((c.guardian_id for c in self.children if c.school_id == school_id), None)

    def has_platform(self, role: str) -> bool:
        """Tell whether they hold a role above schools."""
        return any(p.role == role for p in self.platform)


class SessionInfo(msgspec.Struct, frozen=True, kw_only=True):
    """A session as its owner sees it; ``ref`` names it without giving it away."""

    ref: str
    created_at: datetime
    seen_at: datetime
    user_agent: str
    address: str
    current: bool
