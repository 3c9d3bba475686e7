"""Reads a migrated schema back from the database and names what would break with many schools."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Any, Protocol

SQL = Path(__file__).with_name("catalogue.sql")
REFERENCE_TABLES = frozenset(
    {"region", "school", "school_look", "subject_catalogue", "grading_scheme", "migration"}
)


class Fetches(Protocol):
    """As much of a database connection as is needed here."""

    async def fetch(self, query: str, *args: object) -> list[Any]: ...


async def catalogue_violations(
    conn: Fetches, schema: str, reference: Collection[str] = REFERENCE_TABLES
) -> list[str]:
    """Finds the breaches in one schema, as lines "table: what is wrong"; an empty list is good."""
    rows = await conn.fetch(SQL.read_text(encoding="utf-8"), schema, sorted(reference))
    return [f"{schema}.{row['relation']}: {row['what']}" for row in rows]


async def tenant_tables(
    conn: Fetches, *schemas: str, reference: Collection[str] = REFERENCE_TABLES
) -> frozenset[str]:
    """Lists the tables whose rows belong to schools, as schema.table: what the SQL lint needs."""
    rows = await conn.fetch(
        """select n.nspname || '.' || c.relname as name
             from pg_class c
             join pg_namespace n on n.oid = c.relnamespace
             join pg_attribute a on a.attrelid = c.oid and a.attname = 'school_id'
            where c.relkind in ('r', 'p') and not a.attisdropped
              and n.nspname = any ($1::text[]) and c.relname <> all ($2::text[])""",
        list(schemas),
        sorted(reference),
    )
    return frozenset(row["name"] for row in rows)
