"""Read who belongs to a school."""

from collections.abc import Collection
from datetime import date
from uuid import UUID

import msgspec

from kundelik_core.kernel.db import Tenant

__all__ = ["ChildOf", "MemberOf", "account_links"]


class MemberOf(msgspec.Struct, frozen=True):
    """What an account is in the school."""

    account_id: UUID
    person_id: UUID
    role: str
    from_date: date
    to_date: date | None


class ChildOf(msgspec.Struct, frozen=True):
    """A pupil of a guardian who has an account."""

    account_id: UUID
    guardian_id: UUID
    pupil_id: UUID
    given_name: str
    from_date: date
    to_date: date | None


async def account_links(
    tx: Tenant, people: Collection[UUID] | None = None
) -> tuple[list[MemberOf], list[ChildOf]]:
    """Give what the directory should know of a school's people who have accounts.

    A role held twice is given once, with its latest time: the directory knows one.
    """
    wanted = None if people is None else list(people)
    members = await tx.fetch(
        "select distinct on (p.account_id, m.person_id, m.role) "
        "p.account_id, m.person_id, m.role, m.from_date, m.to_date "
        "from core.membership m "
        "join core.person p on p.school_id = m.school_id and p.id = m.person_id "
        "where m.school_id = $1 and p.account_id is not null "
        "and ($2::uuid[] is null or m.person_id = any($2)) "
        "order by p.account_id, m.person_id, m.role, m.from_date desc",
        tx.school_id,
        wanted,
    )
    children = await tx.fetch(
        "select p.account_id, g.guardian_id, g.pupil_id, c.given as given_name, "
        "g.from_date, g.to_date "
        "from core.guardianship g "
        "join core.person p on p.school_id = g.school_id and p.id = g.guardian_id "
        "join core.person c on c.school_id = g.school_id and c.id = g.pupil_id "
        "where g.school_id = $1 and p.account_id is not null and ($2::uuid[] is null "
        "or g.guardian_id = any($2) or g.pupil_id = any($2))",
        tx.school_id,
        wanted,
    )
    return (
        [msgspec.convert(dict(row), MemberOf, strict=False) for row in members],
        [msgspec.convert(dict(row), ChildOf, strict=False) for row in children],
    )
