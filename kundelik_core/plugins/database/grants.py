"""Open to a plugin exactly the views that its approved scopes name, and the door for wishes."""

from collections.abc import Sequence
from typing import Literal, TypeAlias

from kundelik_core.kernel.wire import Connection
from kundelik_core.plugins.database.names import login_of, owner_of, view_of
from kundelik_core.sdk import PAYMENT_PROVIDER, Manifest

__all__ = ["Asking", "asking_of", "grant_scopes", "grant_wishes", "known_scopes"]

Asking: TypeAlias = Literal["", "credits", "money"]
"""What a plugin may ask the core for: nothing, days of its own features, or all that money does."""


def asking_of(manifest: Manifest | None) -> Asking:
    """Return what a plugin may ask for, as its manifest says."""
    if manifest is None:
        return ""
    # Who only carries payments out keeps no orders: what money opens is not a provider's to ask.
    if manifest.kind == "payment" and PAYMENT_PROVIDER not in manifest.provides:
        return "money"
    return "credits" if manifest.uses.products else ""


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


async def grant_wishes(conn: Connection, name: str, asking: Asking) -> None:
    """Let the plugin ask for what it may, and look what came of it; or for nothing at all."""
    login = login_of(name)
    async with conn.transaction():
        await conn.execute(
            f"revoke all on function core_api.ask(text, text, jsonb) from {login}, {owner_of(name)}"
        )
        await conn.execute("delete from core_plugins.may_wish where plugin = $1", name)
        if not asking:
            return
        await conn.execute(
            "insert into core_plugins.may_wish (plugin, pays) values ($1, $2)",
            name,
            asking == "money",
        )
        await conn.execute(f"grant execute on function core_api.ask(text, text, jsonb) to {login}")
        await conn.execute(f"grant select on core_api.wish_v1 to {login}")
