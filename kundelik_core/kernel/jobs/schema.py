"""Make the tables of the job queue out of the library that works on them, file by file.

The library brings its migrations in its own wheel. They run in our ledger, in a schema of their
own, so that an upgrade of the library is applied by the next ``kundelik migrate`` like our own.
"""

import importlib.util
from pathlib import Path
from typing import Final

from kundelik_core.kernel.wire import Connection

__all__ = ["QUEUE_SCHEMA", "queue_files", "settle"]

QUEUE_SCHEMA: Final = "procrastinate"

# Its code names tables without their schema, and our connections search pg_catalog alone.
_FUNCTIONS: Final = """
select p.oid::regprocedure::text as name
  from pg_proc p
 where p.pronamespace = $1::regnamespace and p.proconfig is null
 order by 1
"""


def queue_files() -> list[tuple[str, str]]:
    """Return the library's migrations in order, as (name, SQL); found without importing it."""
    spec = importlib.util.find_spec(QUEUE_SCHEMA)
    if spec is None or not spec.submodule_search_locations:
        raise RuntimeError(f"the package {QUEUE_SCHEMA} is not installed")
    folder = Path(spec.submodule_search_locations[0]) / "sql" / "migrations"
    return [(file.stem, file.read_text("utf-8")) for file in sorted(folder.glob("*.sql"))]


async def settle(conn: Connection) -> None:
    """Let the application use what the files made, whatever they made since the last time."""
    for row in await conn.fetch(_FUNCTIONS, QUEUE_SCHEMA):
        await conn.execute(
            f"alter function {row['name']} set search_path = {QUEUE_SCHEMA}, pg_catalog"
        )
    await conn.execute(f"grant usage on schema {QUEUE_SCHEMA} to kundelik_app")
    await conn.execute(
        f"grant select, insert, update, delete on all tables in schema {QUEUE_SCHEMA} "
        "to kundelik_app"
    )
    await conn.execute(
        f"grant usage, select on all sequences in schema {QUEUE_SCHEMA} to kundelik_app"
    )
