"""Give a plugin its schema and its two roles, and take the login away again.

``p_NAME_owner`` owns the schema and cannot log in except while it migrates; ``p_NAME`` is what the
plugin's code logs in as. Neither is a member of anything, so there is nothing to switch to.
"""

import asyncio
from collections.abc import Sequence
from typing import Final

import asyncpg

from kundelik_core.kernel.migrate import hold_lock
from kundelik_core.kernel.wire import Connection
from kundelik_core.plugins.database.adopt import ProvisionError, adopt
from kundelik_core.plugins.database.grants import Asking, grant_scopes, grant_wishes
from kundelik_core.plugins.database.logins import Logins
from kundelik_core.plugins.database.names import lock_of, login_of, owner_of, schema_of

__all__ = ["CONNECTIONS", "ProvisionError", "end_login", "make_roles", "provision", "suspend"]

CONNECTIONS: Final = 8
"""Sessions that one plugin may have: two in each of four processes."""

# Defaults of the login. The plugin can raise them for itself: the watchdog is what holds.
TIMEOUTS: Final = {
    "statement_timeout": "5s",
    "lock_timeout": "1s",
    "idle_in_transaction_session_timeout": "10s",
}
_MARK: Final = "A plugin of Kundelik"
_TRIES: Final = 10
# Roles belong to the whole server: an installation beside ours may be writing the same rows.
_MEANWHILE: Final = (
    asyncpg.InternalServerError,  # "tuple concurrently updated"
    asyncpg.UniqueViolationError,
    asyncpg.DuplicateObjectError,
    asyncpg.DeadlockDetectedError,
)


async def provision(
    conn: Connection,
    name: str,
    scopes: Sequence[str],
    *,
    asking: Asking = "",
    logins: Logins | None = None,
    connections: int | None = None,
) -> None:
    """Bring a plugin's schema, roles, rights and timeouts to what they should be.

    ``conn`` is the migrations' login. Called at approval and at every start: what a plugin changed
    about its own login is put back. Without ``logins`` the login has no password and gets in only
    where the server trusts. ``asking``: what wishes it may have, as ``asking_of`` reads it.

    Raises:
        ProvisionError: roles of that name that are not ours, or too many rights for everybody.
        ValueError: no name of a plugin, or a scope that has no view.
    """
    # A starter beside us may just be letting the owner in, to migrate.
    await hold_lock(conn, lock_of(name))
    try:
        await _provision(conn, name, scopes, asking, logins, connections)
    finally:
        await conn.execute("select pg_advisory_unlock($1)", lock_of(name))


async def _provision(
    conn: Connection,
    name: str,
    scopes: Sequence[str],
    asking: Asking,
    logins: Logins | None,
    connections: int | None,
) -> None:
    for left in reversed(range(_TRIES)):
        try:
            async with conn.transaction():
                await make_roles(conn, name, logins, connections=connections)
                await _schema(conn, name)
                await grant_scopes(conn, name, scopes)
                await grant_wishes(conn, name, asking)
                await _check(conn, name)
        except _MEANWHILE:
            if not left:
                raise
            await asyncio.sleep(0.05)
        else:
            return


async def make_roles(
    conn: Connection, name: str, logins: Logins | None, *, connections: int | None = None
) -> None:
    """Make a plugin's two roles alone: what a restore on a new server needs before it begins."""
    login, owner = login_of(name), owner_of(name)
    for role in (owner, login):
        mark = await conn.fetchrow(
            "select shobj_description(oid, 'pg_authid') as text from pg_roles where rolname = $1",
            role,
        )
        if mark is None:
            await conn.execute(f"create role {role} noinherit")
            await conn.execute(f"comment on role {role} is '{_MARK}'")
        elif mark["text"] != _MARK:
            raise ProvisionError(
                f"the server has a role {role} that Kundelik did not make: rename or drop it"
            )
        # What ends a plugin's sessions, renames and drops its schema acts through the owner.
        if not await conn.fetchval("select pg_has_role('kundelik_owner', $1, 'member')", role):
            await conn.execute(f"grant {role} to kundelik_owner")
    await conn.execute(f"alter role {owner} nologin connection limit 2 password null")
    limit = CONNECTIONS if connections is None else connections
    secret = f"'{logins.verifier(name)}'" if logins else "null"
    await conn.execute(
        f"alter role {login} login connection limit {limit:d} password {secret} "
        "valid until 'infinity'"
    )
    await conn.execute(f"alter role {login} reset all")
    for setting, value in {**TIMEOUTS, "search_path": schema_of(name)}.items():
        await conn.execute(f"alter role {login} set {setting} = '{value}'")


async def _schema(conn: Connection, name: str) -> None:
    schema, login, owner = schema_of(name), login_of(name), owner_of(name)
    if not await conn.fetchval("select 1 from pg_namespace where nspname = $1", schema):
        await conn.execute(f"create schema {schema} authorization {owner}")
    else:
        await adopt(conn, schema, owner)
    await conn.execute(f"grant usage on schema {schema} to {login}")
    # PostgreSQL lets everybody make temporary tables, and before 15 tables in public too.
    if await conn.fetchval(
        "select has_database_privilege($1, current_database(), 'temporary')", login
    ):
        database = await conn.fetchval("select quote_ident(current_database())")
        await conn.execute(f"revoke temporary on database {database} from public")
    if await conn.fetchval(
        "select has_schema_privilege($1, oid, 'create') from pg_namespace where nspname = 'public'",
        login,
    ):
        await conn.execute("revoke create on schema public from public")


async def _check(conn: Connection, name: str) -> None:
    """Read back what matters most: a REVOKE without the right to it is only a warning."""
    for role in (login_of(name), owner_of(name)):
        found = await conn.fetchrow(
            "select rolsuper or rolcreaterole or rolcreatedb or rolbypassrls or rolreplication "
            "as mighty, exists (select from pg_auth_members where member = r.oid) as joined, "
            "has_database_privilege(oid, current_database(), 'temporary, create') "
            "or exists (select from pg_namespace n where n.nspname = 'public' "
            "and has_schema_privilege(r.oid, n.oid, 'create')) as makes "
            "from pg_roles r where rolname = $1",
            role,
        )
        if found is None or found["mighty"] or found["joined"]:
            raise ProvisionError(
                f"the role {role} may more than a plugin should: drop it, or take its attributes "
                "and memberships away"
            )
        if found["makes"]:
            raise ProvisionError(
                "everybody may make tables in this database: let its owner run "
                "REVOKE CREATE, TEMPORARY ON DATABASE .. FROM PUBLIC and "
                "REVOKE CREATE ON SCHEMA public FROM PUBLIC, or migrate as the database's owner"
            )


async def suspend(conn: Connection, name: str) -> int:
    """Shut a plugin out at once, as for a trip or a block; ``provision`` lets it in again.

    Returns:
        How many of its sessions were ended.
    """
    await conn.execute(f"alter role {login_of(name)} nologin")
    return await end_login(conn, name)


async def end_login(conn: Connection, name: str) -> int:
    """End the sessions of a plugin in this database, and return how many there were."""
    ended: int = await conn.fetchval(
        "select count(*) filter (where pg_terminate_backend(pid, 2000)) from pg_stat_activity "
        "where usename = any($1::text[]) and datname = current_database()",
        [login_of(name), owner_of(name)],
    )
    return ended
