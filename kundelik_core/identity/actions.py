"""Sign in and out, and change passwords, codes and preferences: the directory's sign-in side."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

import msgspec

from kundelik_core.identity import rules
from kundelik_core.identity.queries import logins_of
from kundelik_core.identity.sessions import CHANNEL
from kundelik_core.kernel.db import directory
from kundelik_core.kernel.errors import Problem
from kundelik_core.kernel.hub import publish
from kundelik_core.kernel.i18n import N_
from kundelik_core.kernel.ids import new_id
from kundelik_core.kernel.passwords import check_password, hash_password, needs_rehash

__all__ = [
    "SignedIn",
    "activate",
    "change_password",
    "close_session",
    "set_locale",
    "set_theme",
    "sign_in",
    "sign_out",
    "sign_out_everywhere",
]

AGENT_MAX: Final = 200


class SignedIn(msgspec.Struct, frozen=True, kw_only=True):
    """A fresh session. The token goes into the cookie and nowhere else."""

    token: str
    account_id: UUID
    must_change_password: bool


def _now() -> datetime:
    # Sessions and limits live by the database's real clock, never by one that a demo has set.
    return datetime.now(UTC)


async def sign_in(login: str, password: str, address: str, agent: str = "") -> SignedIn:
    """Open a session for whoever knows login and password.

    An unknown login, a wrong password, a blocked account and one without a password give the same
    answer after the same work.

    Raises:
        Problem: ``sign-in-failed`` (401), ``too-many-attempts`` (429) or ``busy`` (503).
    """
    name = rules.normal_login(login)
    await _limit_sign_in(name, address)
    row = await directory().fetchrow(
        "select a.id, a.password_hash, a.status, a.must_change_password from directory.login l "
        "join directory.account a on a.id = l.account_id where l.login = $1",
        name,
    )
    stored = row["password_hash"] if row and row["status"] == "active" else None
    fits = await check_password(stored, password[: rules.PASSWORD_MAX])
    if row is None or not fits:
        outcome = "unknown" if row is None else "blocked" if row["status"] != "active" else "wrong"
        raise await _failed(outcome, address, row["id"] if row else None)
    account = UUID(int=row["id"].int)
    if needs_rehash(row["password_hash"]):
        await directory().execute(
            "update directory.account set password_hash = $2 where id = $1",
            account,
            await hash_password(password),
        )
    await directory().execute("select directory.forget_hits($1)", f"login:{name}")
    token = await _open_session(account, address, agent)
    await _log("ok", address, account)
    return SignedIn(
        token=token, account_id=account, must_change_password=row["must_change_password"]
    )


async def _limit_sign_in(login: str, address: str) -> None:
    counts = await directory().fetchrow(
        "select directory.hit($1, $2) as login, directory.hits($3) as address",
        f"login:{login}",
        rules.WINDOW_SECONDS,
        f"address:{address}",
    )
    assert counts is not None
    if counts["login"] > rules.LOGIN_LIMIT or counts["address"] >= rules.ADDRESS_LIMIT:
        await _log("limited", address, None)
        raise _too_many()


def _too_many() -> Problem:
    return Problem(
        "too-many-attempts",
        N_("Too many attempts. Wait %(minutes)s minutes and try again."),
        status=429,
        params={"minutes": rules.WINDOW_SECONDS // 60},
        help=N_("If the password is forgotten, ask your school for a new one-time code."),
        extra={"retry_after": rules.WINDOW_SECONDS},
    )


async def _failed(outcome: str, address: str, account: UUID | None) -> Problem:
    """Count and log a failure, wait as long as their number demands, return the one answer."""
    counts = await directory().fetchrow(
        "select directory.hit($1, $2) as address, directory.hit('failures', 60) as everyone",
        f"address:{address}",
        rules.WINDOW_SECONDS,
    )
    assert counts is not None
    await _log(outcome, address, account)
    wait = rules.delay(counts["address"], counts["everyone"])
    if wait > 0:
        await asyncio.sleep(wait)
    return Problem(
        "sign-in-failed",
        N_("The login and the password do not match. Check the keyboard language and Caps Lock."),
        status=401,
    )


async def _log(outcome: str, address: str, account: UUID | None) -> None:
    await directory().execute(
        "insert into directory.sign_in_log (id, at, account_id, outcome, address) values ($1, "
        "$2, $3, $4, $5)",
        new_id(),
        _now(),
        account,
        outcome,
        address,
    )


async def _open_session(account: UUID, address: str, agent: str) -> str:
    staff = await directory().fetch(
        "select role, false as platform from directory.account_school where account_id = $1 "
        "union all select role, true from directory.platform_role where account_id = $1",
        account,
    )
    length = rules.session_length(
        [r["role"] for r in staff], platform=any(r["platform"] for r in staff)
    )
    token = rules.new_token()
    await directory().execute(
        "select directory.open_session($1, $2, $3, $4, $5)",
        rules.token_hash(token),
        account,
        _now() + length,
        agent[:AGENT_MAX],
        address,
    )
    return token


async def sign_out(hashed: bytes) -> None:
    """End one session, in every process at once."""
    await directory().execute("select directory.close_session($1)", hashed)
    await publish(CHANNEL, f"token:{hashed.hex()}")


async def sign_out_everywhere(account_id: UUID, *, keep: bytes | None = None) -> int:
    """End all sessions of an account, except ``keep``, and return how many there were."""
    count = await directory().fetchval("select directory.close_sessions($1, $2)", account_id, keep)
    await publish(CHANNEL, f"account:{account_id}")
    return int(count)


async def close_session(account_id: UUID, ref: str) -> bool:
    """End the one session of an account that is shown to its owner as ``ref``."""
    closed = await directory().fetchval(
        "select directory.close_session_ref($1, $2)", account_id, ref
    )
    await publish(CHANNEL, f"account:{account_id}")
    return bool(closed)


async def change_password(
    account_id: UUID, old: str, new: str, address: str, agent: str = ""
) -> str:
    """Replace the password, end every session, and return the token of a new one.

    Raises:
        Problem: the old password does not fit, or the new one breaks the rules.
    """
    counter = f"password:{account_id}"
    tries = await directory().fetchval(
        "select directory.hit($1, $2)", counter, rules.WINDOW_SECONDS
    )
    if tries > rules.LOGIN_LIMIT:
        raise _too_many()
    stored = await directory().fetchval(
        "select password_hash from directory.account where id = $1", account_id
    )
    if not await check_password(stored, old[: rules.PASSWORD_MAX]):
        raise Problem(
            "old-password", N_("This is not your present password."), status=422, field="old"
        )
    rules.check_password_rules(new, await logins_of(account_id))
    await directory().execute("select directory.forget_hits($1)", counter)
    await _store_password(account_id, new, must_change=False)
    return await _open_session(account_id, address, agent)


async def set_password(account_id: UUID, new: str, *, must_change: bool = True) -> None:
    """Give an account a password from outside (an operator's command), and end its sessions."""
    rules.check_password_rules(new, await logins_of(account_id))
    await _store_password(account_id, new, must_change=must_change)


async def _store_password(account_id: UUID, new: str, *, must_change: bool) -> None:
    await directory().execute(
        "update directory.account set password_hash = $2, password_changed_at = $3, "
        "must_change_password = $4 "
        "where id = $1",
        account_id,
        await hash_password(new),
        _now(),
        must_change,
    )
    await sign_out_everywhere(account_id)


async def activate(code: str, password: str, address: str, agent: str = "") -> SignedIn:
    """Choose a password with the one-time code of a slip, and sign in.

    Raises:
        Problem: ``code-unknown`` (unknown, used and expired codes alike), or a bad password.
    """
    if (
        await directory().fetchval("select directory.hits($1)", f"code:{address}")
        >= rules.CODE_LIMIT
    ):
        raise _too_many()
    hashed = rules.activation_hash(code)
    account = await directory().fetchval(
        "select v.account_id from directory.activation v join directory.account a on a.id = "
        "v.account_id "
        "where v.code_hash = $1 and v.used_at is null and v.expires_at > $2 and a.status = "
        "'active'",
        hashed,
        _now(),
    )
    if account is None:
        raise await _code_unknown(address)
    rules.check_password_rules(password, await logins_of(account))
    done = await directory().fetchval(
        "with used as (update directory.activation set used_at = $2 where code_hash = $1 and "
        "used_at is null "
        "returning account_id) update directory.account a set password_hash = $3, "
        "password_changed_at = $2, "
        "must_change_password = false from used where a.id = used.account_id returning a.id",
        hashed,
        _now(),
        await hash_password(password),
    )
    if done is None:
        raise await _code_unknown(address)
    account_id = UUID(int=done.int)
    await sign_out_everywhere(account_id)
    token = await _open_session(account_id, address, agent)
    await _log("activated", address, account_id)
    return SignedIn(token=token, account_id=account_id, must_change_password=False)


async def _code_unknown(address: str) -> Problem:
    await directory().execute(
        "select directory.hit($1, $2)", f"code:{address}", rules.WINDOW_SECONDS
    )
    await _log("code-unknown", address, None)
    return Problem(
        "code-unknown",
        N_("This code is not valid: it was mistyped, used already or is too old."),
        status=422,
        field="code",
        help=N_("Your school can give you a new one in two minutes."),
    )


async def issue_activation(account_id: UUID, *, days: int = rules.CODE_DAYS) -> str:
    """Return a new one-time code for an account, shown once and not stored; earlier ones end."""
    code = rules.new_code()
    now = _now()
    await directory().execute(
        "update directory.activation set expires_at = $2 where account_id = $1 and used_at is null "
        "and expires_at > $2",
        account_id,
        now,
    )
    await directory().execute(
        "insert into directory.activation (code_hash, account_id, created_at, expires_at) values "
        "($1, $2, $3, $4)",
        await asyncio.to_thread(rules.activation_hash, code),
        account_id,
        now,
        now + timedelta(days=days),
    )
    return code


async def set_locale(account_id: UUID, locale: str) -> None:
    """Remember the language of an account."""
    await directory().execute(
        "update directory.account set locale = $2 where id = $1", account_id, locale
    )
    await publish(CHANNEL, f"account:{account_id}")


async def set_theme(account_id: UUID, theme: str) -> None:
    """Remember light, dark or auto."""
    await directory().execute(
        "update directory.account set theme = $2 where id = $1", account_id, theme
    )
    await publish(CHANNEL, f"account:{account_id}")
