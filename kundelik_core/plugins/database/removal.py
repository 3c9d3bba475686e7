"""Put a plugin's data aside, bring it back, or erase it, and leave nothing of its login."""

from collections.abc import Awaitable, Callable
from datetime import date

import asyncpg

from kundelik_core.kernel.wire import Connection
from kundelik_core.plugins.database.names import login_of, owner_of, schema_of, trash_of
from kundelik_core.plugins.database.roles import suspend

__all__ = ["Export", "erase", "restore", "retain"]

Export = Callable[[str], Awaitable[None]]
"""Writes out what the plugin keeps; given its name, called before anything is touched."""


async def retain(conn: Connection, name: str, day: date, *, export: Export) -> str:
    """Put the plugin's schema aside under another name and take all rights of its login.

    Returns:
        The schema's new name, by which ``restore`` and ``erase`` find it.
    """
    await export(name)
    await suspend(conn, name)
    async with conn.transaction():
        taken = await _like(conn, f"{trash_of(name, day)}%")
        number = next(n for n in range(1, 1000) if trash_of(name, day, n) not in taken)
        trash = trash_of(name, day, number)
        await _rename(conn, schema_of(name), trash)
        await conn.execute(f"revoke all on schema {trash} from {login_of(name)}")
        roles = f"{login_of(name)}, {owner_of(name)}"
        await conn.execute(f"revoke all on all tables in schema core_api from {roles}")
        await conn.execute(f"revoke all on all functions in schema core_api from {roles}")
        await conn.execute(f"revoke all on schema core_api from {roles}")
    return trash


async def restore(conn: Connection, name: str, trash: str) -> None:
    """Bring back what ``retain`` put aside; ``provision`` then opens the login again."""
    if trash not in await _trash(conn, name):
        raise ValueError(f"{trash!r} is no data of the plugin {name}")
    async with conn.transaction():
        await _rename(conn, trash, schema_of(name))


async def erase(conn: Connection, name: str, *, export: Export) -> None:
    """Drop all that the plugin has in this database, put aside or not, and its roles.

    The roles stay, without a login, where another database of the same server still knows them.
    """
    await export(name)
    roles = (login_of(name), owner_of(name))
    if not await conn.fetchval(
        "select count(*) = 2 from pg_roles where rolname = any($1::text[])", list(roles)
    ):
        raise ValueError(f"the plugin {name} has nothing here")
    await suspend(conn, name)
    async with conn.transaction():
        for schema in [schema_of(name), *await _trash(conn, name)]:
            await conn.execute(f"drop schema if exists {schema} cascade")
            await conn.execute("delete from core_plugins.migration where schema = $1", schema)
        await conn.execute("delete from core_plugins.may_wish where plugin = $1", name)
        for role in roles:
            await conn.execute(f"drop owned by {role} cascade")
    for role in roles:
        try:
            await conn.execute(f"drop role {role}")
        except asyncpg.DependentObjectsStillExistError:
            await conn.execute(f"alter role {role} nologin password null")


async def _rename(conn: Connection, old: str, new: str) -> None:
    await conn.execute(f"alter schema {old} rename to {new}")
    await conn.execute("update core_plugins.migration set schema = $2 where schema = $1", old, new)


async def _trash(conn: Connection, name: str) -> list[str]:
    """Return what was put aside of this very plugin: the owner tells it from a longer name."""
    rows = await conn.fetch(
        "select nspname::text as name from pg_namespace "
        "where nspname like 'trash\\_%' and nspowner = $1::text::regrole order by nspname",
        owner_of(name),
    )
    return [row["name"] for row in rows]


async def _like(conn: Connection, pattern: str) -> set[str]:
    rows = await conn.fetch(
        "select nspname::text as name from pg_namespace where nspname like $1",
        pattern.replace("_", "\\_"),
    )
    return {row["name"] for row in rows}
