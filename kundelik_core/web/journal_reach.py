"""Find the school in which somebody may open what an address names.

An address names a group or a pupil, not a school: the schools of the account are asked one after
the other, each in a transaction of its own. Nearly everybody has one.
"""

from kundelik_core.gradebook.access import Viewer
from kundelik_core.identity.model import STAFF_ROLES, Actor

__all__ = ["staff_schools", "viewer_of"]


def staff_schools(actor: Actor) -> list[int]:
    """Return the schools in which somebody works."""
    return sorted({m.school_id for m in actor.memberships if m.role in STAFF_ROLES})


def viewer_of(actor: Actor, school_id: int) -> Viewer:
    """Return an account as one school knows it."""
    return Viewer(
        account=actor.account_id, person=actor.person(school_id), roles=actor.roles(school_id)
    )
