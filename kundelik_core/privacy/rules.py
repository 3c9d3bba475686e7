"""Decide which looks are written down, and under which role. No I/O."""

from collections.abc import Collection
from datetime import timedelta
from typing import Final
from uuid import UUID

from kundelik_core.identity.model import STAFF_ROLES, Actor

__all__ = ["ONE_VISIT", "is_foreign", "role_of"]

ONE_VISIT: Final = timedelta(minutes=30)
"""Looks of one person into the same thing within this time are one visit."""

# The weightiest first: it is the role that opened the door.
_ORDER: Final = ("director", "deputy", "admin", "psychologist", "homeroom", "teacher")


def role_of(roles: Collection[str]) -> str:
    """Return the role that is named beside a look."""
    return next((role for role in _ORDER if role in roles), "")


def is_foreign(actor: Actor, school_id: int, subject: UUID) -> bool:
    """Tell whether a look is one of the staff's: not at oneself and not at one's own child."""
    if any(one.person_id == subject for one in actor.memberships):
        return False
    if any(one.pupil_id == subject for one in actor.children):
        return False
    return not STAFF_ROLES.isdisjoint(actor.roles(school_id))
