"""Read accounts and sessions from the directory."""

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

import msgspec

from kundelik_core.identity.model import Actor, Child, Membership, PlatformRole, SessionInfo
from kundelik_core.identity.rules import session_ref
from kundelik_core.kernel.clock import today
from kundelik_core.kernel.db import directory
from kundelik_core.kernel.i18n import as_locale

__all__ = [
    "Authenticated",
    "account_by_login",
    "authenticate",
    "former_ties",
    "list_sessions",
    "logins_of",
    "taken_logins",
    "waiting_accounts",
]

_memberships = msgspec.json.Decoder(tuple[Membership, ...])
_children = msgspec.json.Decoder(tuple[Child, ...])
_platform = msgspec.json.Decoder(tuple[PlatformRole, ...])


class Authenticated(msgspec.Struct, frozen=True):
    """A live session: who, and when it was used last."""

    actor: Actor
    expires_at: datetime
    seen_at: datetime


async def authenticate(hashed: bytes) -> Authenticated | None:
    """Return who holds the session with this token hash, in one call; None when it is over."""
    row = await directory().fetchrow(
        "select * from directory.authenticate($1, $2)", hashed, today()
    )
    if row is None:
        return None
    actor = Actor(
        account_id=UUID(int=row["account_id"].int),
        display_name=row["display_name"],
        locale=as_locale(row["locale"]),
        theme=row["theme"],
        memberships=_memberships.decode(row["memberships"]),
        children=_children.decode(row["children"]),
        platform=_platform.decode(row["platform"]),
        must_change_password=row["must_change_password"],
        token_hash=hashed,
    )
    return Authenticated(actor, row["expires_at"], row["seen_at"])


async def list_sessions(actor: Actor) -> list[SessionInfo]:
    """Return where this account is signed in, the latest use first."""
    rows = await directory().fetch("select * from directory.list_sessions($1)", actor.account_id)
    mine = session_ref(actor.token_hash)
    return [
        SessionInfo(
            ref=row["ref"],
            created_at=row["created_at"],
            seen_at=row["seen_at"],
            user_agent=row["user_agent"],
            address=row["address"],
            current=row["ref"] == mine,
        )
        for row in rows
    ]


async def former_ties(account_id: UUID, since: date) -> list[tuple[int, UUID]]:
    """Return where an account was a guardian up to lately, and as whom: schools with no child left.

    ``since``: what ended before that day is over for good.
    """
    rows = await directory().fetch(
        "select distinct on (c.school_id) c.school_id, c.guardian_id "
        "from directory.account_child c where c.account_id = $1 "
        "and c.to_date >= $2 and c.to_date < $3 "
        "order by c.school_id, c.to_date desc",
        account_id,
        since,
        today(),
    )
    return [(row["school_id"], UUID(int=row["guardian_id"].int)) for row in rows]


async def logins_of(account_id: UUID) -> list[str]:
    """Return the logins of an account."""
    rows = await directory().fetch(
        "select login from directory.login where account_id = $1 order by login", account_id
    )
    return [row["login"] for row in rows]


async def account_by_login(login: str) -> UUID | None:
    """Return the account behind a login."""
    found = await directory().fetchval(
        "select account_id from directory.login where login = $1", login
    )
    return UUID(int=found.int) if found else None


async def taken_logins(logins: Sequence[str]) -> set[str]:
    """Return which of ``logins`` exist already."""
    rows = await directory().fetch(
        "select login from directory.login where login = any($1::text[])", list(logins)
    )
    return {row["login"] for row in rows}


async def waiting_accounts(accounts: Sequence[UUID]) -> int:
    """Return how many of ``accounts`` have no password yet: their slips were not used."""
    return int(
        await directory().fetchval(
            "select count(*) from directory.account "
            "where id = any($1::uuid[]) and password_hash is null",
            list(accounts),
        )
    )
