"""Let the directory follow a school's own rows: accounts learn what they are there, and whose.

Called after the school's transaction has ended. It may be repeated at any time, so that a job or
an operator can mend what a crash between the two left behind.
"""

from collections.abc import Collection
from uuid import UUID

from kundelik_core.identity.accounts import (
    ChildLink,
    MembershipLink,
    link_children,
    link_memberships,
)
from kundelik_core.kernel.db import tenant
from kundelik_core.schools.queries.people import account_links

__all__ = ["follow"]


async def follow(school_id: int, people: Collection[UUID] | None = None) -> int:
    """Write the directory's rows for some people of a school, or all; give how many."""
    async with tenant(school_id) as tx:
        members, children = await account_links(tx, people)
    memberships = [
        MembershipLink(
            account_id=row.account_id,
            school_id=school_id,
            person_id=row.person_id,
            role=row.role,
            from_date=row.from_date,
            to_date=row.to_date,
        )
        for row in members
    ]
    ties = [
        ChildLink(
            account_id=row.account_id,
            school_id=school_id,
            guardian_id=row.guardian_id,
            pupil_id=row.pupil_id,
            given_name=row.given_name,
            from_date=row.from_date,
            to_date=row.to_date,
        )
        for row in children
    ]
    if memberships:
        await link_memberships(memberships)
    if ties:
        await link_children(ties)
    return len(memberships) + len(ties)
