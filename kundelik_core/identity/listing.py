"""Read accounts for whoever runs the installation: by login, or those with a role above schools."""

from datetime import datetime
from uuid import UUID

import msgspec

from kundelik_core.kernel.db import directory

__all__ = ["MOST", "AccountRow", "list_accounts"]

MOST = 200


class AccountRow(msgspec.Struct, frozen=True):
    """An account as an operator may see it: no names of children, nothing of a school's rows."""

    id: UUID
    login: str
    display_name: str
    status: str
    has_password: bool
    created_at: datetime
    roles: list[str]
    """Roles above schools, then ``role@school``."""


async def list_accounts(match: str = "", *, platform: bool = False) -> list[AccountRow]:
    """Give at most ``MOST`` accounts whose login begins with ``match``, by login."""
    rows = await directory().fetch(
        "select l.login, a.id, a.display_name, a.status, a.created_at, "
        "a.password_hash is not null as has_password, "
        "array(select case when p.region_code = '' then p.role "
        "else p.role || ':' || p.region_code end from directory.platform_role p "
        "where p.account_id = a.id order by 1) || "
        "array(select distinct s.role || '@' || s.school_id from directory.account_school s "
        "where s.account_id = a.id order by 1) as roles "
        "from directory.login l join directory.account a on a.id = l.account_id "
        "where starts_with(l.login, $1) and (not $2 or exists (select from "
        "directory.platform_role p where p.account_id = a.id)) "
        "order by l.login limit $3",
        match.strip().lower(),
        platform,
        MOST,
    )
    return [
        AccountRow(
            id=UUID(int=row["id"].int),
            login=row["login"],
            display_name=row["display_name"],
            status=row["status"],
            has_password=row["has_password"],
            created_at=row["created_at"],
            roles=list(row["roles"]),
        )
        for row in rows
    ]
