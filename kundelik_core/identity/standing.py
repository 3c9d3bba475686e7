"""Read how accounts stand: their login, whether a password was chosen, what they are elsewhere."""

from collections.abc import Collection
from datetime import UTC, datetime
from uuid import UUID

import msgspec

from kundelik_core.kernel.clock import today
from kundelik_core.kernel.db import directory

__all__ = ["AccountState", "Standing", "account_states", "standing", "waiting_accounts"]


class AccountState(msgspec.Struct, frozen=True):
    """What an office may know of an account: never the password, never where it was used."""

    id: UUID
    login: str
    active: bool
    has_password: bool
    code_until: datetime | None
    """When an unused one-time code ends; None when there is none."""


class Standing(msgspec.Struct, frozen=True):
    """Everything that an account is today, by school, and whether it has a role above schools."""

    roles: dict[int, frozenset[str]]
    platform: bool

    def elsewhere(self, school_id: int) -> frozenset[str]:
        """What it is in other schools."""
        others = (roles for school, roles in self.roles.items() if school != school_id)
        return frozenset[str]().union(*others)


async def account_states(accounts: Collection[UUID]) -> dict[UUID, AccountState]:
    """Return how accounts stand, by id, in one statement."""
    if not accounts:
        return {}
    rows = await directory().fetch(
        "select a.id, a.status = 'active' as active, a.password_hash is not null as has_password, "
        "(select min(l.login) from directory.login l where l.account_id = a.id) as login, "
        "(select max(v.expires_at) from directory.activation v "
        "where v.account_id = a.id and v.used_at is null and v.expires_at > $2) as code_until "
        "from directory.account a where a.id = any($1::uuid[])",
        list(accounts),
        datetime.now(UTC),
    )
    found = (
        AccountState(
            UUID(int=row["id"].int),
            row["login"] or "",
            row["active"],
            row["has_password"],
            row["code_until"],
        )
        for row in rows
    )
    return {state.id: state for state in found}


async def waiting_accounts(accounts: Collection[UUID]) -> int:
    """Count those accounts that have not chosen a password yet."""
    count = await directory().fetchval(
        "select count(*) from directory.account a where a.id = any($1::uuid[]) "
        "and a.password_hash is null and a.status = 'active'",
        list(accounts),
    )
    return int(count)


async def standing(account: UUID) -> Standing:
    """Return what an account is in all schools and above them, in one statement."""
    rows = await directory().fetch(
        "select m.school_id, m.role from directory.account_school m where m.account_id = $1 "
        "and m.from_date <= $2 and (m.to_date is null or m.to_date >= $2) "
        "union select c.school_id, 'parent' from directory.account_child c where c.account_id = $1 "
        "and c.from_date <= $2 and (c.to_date is null or c.to_date >= $2) "
        "union select 0, p.role from directory.platform_role p where p.account_id = $1",
        account,
        today(),
    )
    roles: dict[int, set[str]] = {}
    for row in rows:
        roles.setdefault(row["school_id"], set()).add(row["role"])
    platform = roles.pop(0, None) is not None
    return Standing({school: frozenset(held) for school, held in roles.items()}, platform)
