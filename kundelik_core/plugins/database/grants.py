"""Open to a plugin exactly the views that its approved scopes name."""

from collections.abc import Sequence

from kundelik_core.kernel.wire import Connection
from kundelik_core.plugins.database.names import login_of, owner_of, view_of

__all__ = ["grant_scopes", "known_scopes"]


async def known_scopes(conn: Connection) -> frozenset[str]:
    """Return the scopes for which this database has a view."""
    rows = await conn.fetch(
        "select obj_description(oid, 'pg_class') as scope from pg_class "
        "where relnamespace = 'core_api'::regnamespace and relkind = 'v'"
    )
    return frozenset(row["scope"] for row in rows if row["scope"])


async def grant_scopes(conn: Connection, name: str, scopes: Sequence[str]) -> None:
    """Let the plugin's login read the views of ``scopes`` and no others.

    Raises:
        ValueError: a scope that has no view.
    """
    login, owner = login_of(name), owner_of(name)
    if unknown := sorted(set(scopes) - await known_scopes(conn)):
        raise ValueError(f"no view of the core belongs to {', '.join(unknown)}")
    async with conn.transaction():
        await conn.execute(f"revoke all on all tables in schema core_api from {login}, {owner}")
        await conn.execute(f"grant usage on schema core_api to {login}, {owner}")
        # The owner names the function in its tables' policies; no token is ever made for it.
        await conn.execute(
            f"grant execute on function core_api.current_school() to {login}, {owner}"
        )
        await conn.execute(
            "grant execute on function "
            f"core_api.record_migration(text, bytea, bigint, text, text) to {owner}"
        )
        for scope in sorted(set(scopes)):
            await conn.execute(f"grant select on core_api.{view_of(scope)} to {login}")
