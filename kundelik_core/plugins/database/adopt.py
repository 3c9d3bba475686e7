"""Give a plugin's restored schema back to its owner: a dump is brought in as the core's."""

from kundelik_core.kernel.wire import Connection

__all__ = ["ProvisionError", "adopt"]


class ProvisionError(Exception):
    """The server cannot hold a plugin safely; the text says why and what to do."""


async def adopt(conn: Connection, schema: str, owner: str) -> None:
    """Make ``owner`` own ``schema`` and all in it, if a restore left it to the core.

    Raises:
        ProvisionError: it belongs to somebody else, or the core's ledger does not know it.
    """
    found: str = await conn.fetchval(
        "select nspowner::regrole::text from pg_namespace where nspname = $1", schema
    )
    if found == owner:
        return
    known = await conn.fetchval(
        "select exists (select from core_plugins.migration where schema = $1)", schema
    )
    if found != "kundelik_owner" or not known:
        raise ProvisionError(
            f"the database has a schema {schema} that Kundelik did not make: rename it"
        )
    await conn.execute(f"alter schema {schema} owner to {owner}")
    # Indexes follow their tables, and so do the sequences of identity columns.
    rows = await conn.fetch(
        "select case relkind when 'S' then 'sequence' when 'v' then 'view' else 'table' end "
        "as kind, format('%I.%I', $1::text, relname) as name from pg_class c "
        "where relnamespace = $1::text::regnamespace and (relkind in ('r', 'p', 'v') "
        "or relkind = 'S' and not exists (select from pg_depend d where d.objid = c.oid "
        "and d.classid = 'pg_class'::regclass and d.deptype in ('a', 'i'))) "
        "union all "
        "select 'type', format('%I.%I', $1::text, typname) from pg_type t "
        "where typnamespace = $1::text::regnamespace and (typtype in ('e', 'd') or typtype = 'c' "
        "and (select relkind from pg_class where oid = t.typrelid) = 'c')",
        schema,
    )
    for row in rows:
        await conn.execute(f"alter {row['kind']} {row['name']} owner to {owner}")
