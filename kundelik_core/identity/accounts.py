"""Make accounts and say what they may be where: rows of the directory that follow a school's own.

Everything here may be repeated with the same ids and changes nothing the second time: a job that
repairs, or an import that is run again, calls the same functions.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from uuid import UUID

import asyncpg
import msgspec

from kundelik_core.identity.model import SCHOOL_ROLES
from kundelik_core.identity.rules import check_login
from kundelik_core.identity.sessions import CHANNEL
from kundelik_core.kernel.db import directory
from kundelik_core.kernel.errors import Problem
from kundelik_core.kernel.hub import publish
from kundelik_core.kernel.i18n import N_
from kundelik_core.kernel.ids import new_id
from kundelik_core.kernel.passwords import hash_password
from kundelik_core.kernel.wire import Connection

__all__ = [
    "ChildLink",
    "MembershipLink",
    "NewAccount",
    "create_account",
    "create_accounts",
    "forget_person",
    "grant_platform",
    "link_child",
    "link_children",
    "link_membership",
    "link_memberships",
    "set_status",
]


class NewAccount(msgspec.Struct, frozen=True, kw_only=True):
    """An account to be made; without a password hash it waits for its activation code."""

    id: UUID
    login: str
    display_name: str
    password_hash: str | None = None
    locale: str = "kk"
    must_change_password: bool = False


class MembershipLink(msgspec.Struct, frozen=True, kw_only=True):
    """What an account is in a school, and when."""

    account_id: UUID
    school_id: int
    person_id: UUID
    role: str
    from_date: date
    to_date: date | None = None


class ChildLink(msgspec.Struct, frozen=True, kw_only=True):
    """A child of a guardian's account."""

    account_id: UUID
    school_id: int
    guardian_id: UUID
    pupil_id: UUID
    given_name: str
    from_date: date
    to_date: date | None = None


async def create_account(
    login: str,
    display_name: str,
    *,
    password: str | None = None,
    locale: str = "kk",
    must_change_password: bool = False,
    account_id: UUID | None = None,
) -> UUID:
    """Make one account and return its id. The caller answers for the password's quality.

    Raises:
        Problem: ``login-form``, or ``login-taken`` (409).
    """
    account = NewAccount(
        id=account_id or new_id(),
        login=login,
        display_name=display_name,
        password_hash=await hash_password(password) if password else None,
        locale=locale,
        must_change_password=must_change_password,
    )
    await create_accounts([account])
    return account.id


async def create_accounts(accounts: Sequence[NewAccount]) -> None:
    """Make many accounts in one statement; those that exist under their id stay as they are.

    Raises:
        Problem: ``login-form`` or ``login-taken``; then none was made.
    """
    if not accounts:
        return
    logins = [check_login(a.login) for a in accounts]
    try:
        await directory().execute(
            "with wanted as (select * from unnest($1::uuid[], $2::text[], $3::text[], "
            "$4::text[], $5::text[], "
            "$6::boolean[]) as w (id, login, display_name, password_hash, locale, must_change)), "
            "made as (insert into directory.account (id, display_name, password_hash, locale, "
            "must_change_password, "
            "created_at) select id, display_name, password_hash, locale, must_change, $7 from "
            "wanted "
            "on conflict (id) do nothing returning id) "
            "insert into directory.login (login, account_id) select w.login, w.id from wanted w "
            "join made using (id)",
            [a.id for a in accounts],
            logins,
            [a.display_name for a in accounts],
            [a.password_hash for a in accounts],
            [a.locale for a in accounts],
            [a.must_change_password for a in accounts],
            datetime.now(UTC),
        )
    except asyncpg.UniqueViolationError:
        raise Problem(
            "login-taken", N_("This login is taken. Choose another."), status=409, field="login"
        ) from None


async def link_membership(link: MembershipLink) -> None:
    """Write what an account is in a school; the same again changes nothing."""
    await link_memberships([link])


async def link_memberships(links: Sequence[MembershipLink]) -> None:
    """Write many memberships in one statement."""
    if unknown := {link.role for link in links} - SCHOOL_ROLES:
        raise ValueError(f"not a role of a school: {', '.join(sorted(unknown))}")
    await directory().execute(
        "insert into directory.account_school (account_id, school_id, person_id, role, "
        "from_date, to_date) "
        "select * from unnest($1::uuid[], $2::int[], $3::uuid[], $4::text[], $5::date[], "
        "$6::date[]) "
        "on conflict (account_id, school_id, person_id, role) do update "
        "set from_date = excluded.from_date, to_date = excluded.to_date",
        [x.account_id for x in links],
        [x.school_id for x in links],
        [x.person_id for x in links],
        [x.role for x in links],
        [x.from_date for x in links],
        [x.to_date for x in links],
    )
    await _tell(x.account_id for x in links)


async def link_child(link: ChildLink) -> None:
    """Tie a pupil to a guardian's account; the same again changes nothing."""
    await link_children([link])


async def link_children(links: Sequence[ChildLink]) -> None:
    """Tie many pupils in one statement."""
    await directory().execute(
        "insert into directory.account_child "
        "(account_id, school_id, guardian_id, pupil_id, given_name, from_date, to_date) "
        "select * from unnest($1::uuid[], $2::int[], $3::uuid[], $4::uuid[], $5::text[], "
        "$6::date[], $7::date[]) "
        "on conflict (account_id, school_id, pupil_id) do update set guardian_id = "
        "excluded.guardian_id, "
        "given_name = excluded.given_name, from_date = excluded.from_date, to_date = "
        "excluded.to_date",
        [x.account_id for x in links],
        [x.school_id for x in links],
        [x.guardian_id for x in links],
        [x.pupil_id for x in links],
        [x.given_name for x in links],
        [x.from_date for x in links],
        [x.to_date for x in links],
    )
    await _tell(x.account_id for x in links)


async def set_status(account_id: UUID, status: str) -> None:
    """Block an account, which ends its sessions, or let it in again (``active``)."""
    await directory().execute(
        "update directory.account set status = $2 where id = $1", account_id, status
    )
    if status != "active":
        await directory().fetchval("select directory.close_sessions($1, null)", account_id)
    await publish(CHANNEL, f"account:{account_id}")


async def forget_person(school_id: int, person: UUID, account: UUID | None) -> bool:
    """Take away what accounts know of a person; True when the person's own account went with it.

    It may be repeated. An account that is somebody elsewhere, or a guardian, stays.
    """
    known = await directory().fetch(
        "select distinct c.account_id from directory.account_child c "
        "where c.school_id = $1 and c.pupil_id = $2",
        school_id,
        person,
    )
    gone = await directory().fetchval(
        "select directory.forget_person($1, $2, $3)", school_id, person, account
    )
    await _tell({row["account_id"] for row in known} | ({account} if account else set()))
    return bool(gone)


async def grant_platform(
    conn: Connection, account_id: UUID, role: str, region_code: str = ""
) -> None:
    """Give a role above schools; needs the owner's connection: no page can, only a command."""
    await conn.execute(
        "insert into directory.platform_role (account_id, role, region_code) values ($1, $2, $3) "
        "on conflict do nothing",
        account_id,
        role,
        region_code,
    )


async def _tell(accounts: Iterable[UUID]) -> None:
    """Make every process read the accounts anew; after a bulk the cache's seconds do the same."""
    several = set(accounts)
    if len(several) > 20:
        return
    for account_id in several:
        await publish(CHANNEL, f"account:{account_id}")
