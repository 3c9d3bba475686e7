"""Find the school in which somebody may open what an address names.

An address names a group or a pupil, not a school: the schools of the account are asked one after
the other, each in a transaction of its own. Nearly everybody has one.
"""

from collections.abc import Awaitable, Callable
from typing import TypeVar
from uuid import UUID

from kundelik_core.gradebook.access import Viewer, not_found
from kundelik_core.gradebook.journal.actions import LOCK, MARKS
from kundelik_core.gradebook.journal.held import JOURNALS
from kundelik_core.identity.model import STAFF_ROLES, Actor
from kundelik_core.kernel.db import Tenant, tenant
from kundelik_core.kernel.errors import Problem
from kundelik_core.kernel.i18n import N_
from kundelik_core.web.visit import Request, actor_of, visit_of

__all__ = ["in_school", "same_account", "staff_schools", "viewer_of"]

T = TypeVar("T")


def staff_schools(actor: Actor) -> list[int]:
    """Return the schools in which somebody works."""
    return sorted({m.school_id for m in actor.memberships if m.role in STAFF_ROLES})


def viewer_of(actor: Actor, school_id: int) -> Viewer:
    """Return an account as one school knows it."""
    return Viewer(
        account=actor.account_id, person=actor.person(school_id), roles=actor.roles(school_id)
    )


async def in_school(
    request: Request,
    group: UUID,
    act: Callable[[Tenant, Viewer], Awaitable[T]],
    *,
    write: bool,
    saves: bool = False,
) -> T:
    """Run an action in the school of the group; 404 when it is in none of the account's.

    What writes anything but cells makes the journal that is held here old.
    """
    actor = actor_of(request)
    same_account(request, actor)
    lock = (MARKS if saves else LOCK, group) if write else None
    missing: Problem = not_found()
    for school_id in staff_schools(actor):
        try:
            async with tenant(school_id, write=write, lock=lock) as tx:
                if write and not saves:
                    JOURNALS.forget(school_id, group)
                return await act(tx, viewer_of(actor, school_id))
        except Problem as problem:
            if problem.code != missing.code:
                raise
            missing = problem
    raise missing


def same_account(request: Request, actor: Actor) -> None:
    """Refuse what a page of one account sends after another one has signed in."""
    account = visit_of(request).account
    if account and account != str(actor.account_id):
        raise Problem(
            "other-account",
            N_("Somebody else has signed in on this device. Sign in again."),
            status=401,
        )
