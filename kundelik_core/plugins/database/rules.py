"""Hold a plugin's tables to the rules of schools, whatever its migrations made of them."""

import re
from importlib import resources
from typing import Final

import msgspec
from typing_extensions import override

from kundelik_core.kernel.migrate import MigrationError
from kundelik_core.kernel.wire import Connection
from kundelik_core.plugins.database.names import login_of, schema_of

__all__ = ["Breach", "RuleBroken", "breaches", "check_statement", "enforce", "lift"]

# What a migration may begin a statement with. The rest is not needed to keep tables, and some of it
# would end the transaction that our checks are part of, or hand out rights.
_ALLOWED: Final = re.compile(
    r"(create\s+(table|(unique\s+)?index|type|sequence|(or\s+replace\s+)?view)"
    r"|alter\s+(table|index|type|sequence|view)"
    r"|drop\s+(table|index|type|sequence|view)"
    r"|comment\s+on|insert\s+into|update|delete\s+from|with)\b",
    re.IGNORECASE,
)
_POLICY: Final = "school_id = (select core_api.current_school())"


class Breach(msgspec.Struct, frozen=True):
    """One rule that one relation does not keep."""

    relation: str
    what: str

    @override
    def __str__(self) -> str:
        """Return both as a line."""
        return f"{self.relation} {self.what}"


class RuleBroken(MigrationError):
    """A migration of a plugin made something that may not be; nothing of that file was kept."""

    def __init__(self, file: str, breaches: list[Breach]) -> None:
        self.file, self.breaches = file, tuple(breaches)
        super().__init__(f"{file}: {'; '.join(map(str, breaches))}")


def check_statement(file: str, number: int, statement: str) -> None:
    """Refuse a statement that migrations of plugins do not need.

    Raises:
        MigrationError: it begins with anything else than the few words that are allowed.
    """
    text = statement.lstrip()
    if not _ALLOWED.match(text):
        words = " ".join(text.split()[:3])
        raise MigrationError(
            f"{file}, statement {number}: {words!r} is not for migrations of plugins; they make "
            "and change tables, indexes, types, sequences and views, and their rows"
        )


async def breaches(conn: Connection, name: str) -> list[Breach]:
    """Return what in the plugin's schema breaks a rule, seen from its owner's session."""
    sql = resources.files(__package__).joinpath("rules.sql").read_text("utf-8")
    await conn.execute("set local search_path = pg_catalog")
    rows = await conn.fetch(sql, schema_of(name), login_of(name))
    return [Breach(row["relation"], row["what"]) for row in rows]


async def lift(conn: Connection, name: str) -> None:
    """Let the owner reach the rows of all schools until the transaction ends, to rewrite them."""
    for table in await _tables(conn, name):
        await conn.execute(f"alter table {table} no force row level security")


async def enforce(conn: Connection, name: str) -> None:
    """Put row security and rights on every table; a migration cannot leave them off."""
    schema, login = schema_of(name), login_of(name)
    for table in await _tables(conn, name):
        policies = await conn.fetch(
            "select quote_ident(polname) as policy from pg_policy "
            "where polrelid = $1::text::regclass",
            table,
        )
        for row in policies:
            await conn.execute(f"drop policy {row['policy']} on {table}")
        await conn.execute(f"alter table {table} enable row level security")
        await conn.execute(f"alter table {table} force row level security")
        await conn.execute(
            f"create policy school on {table} using ({_POLICY}) with check ({_POLICY})"
        )
    await conn.execute(
        f"grant select, insert, update, delete on all tables in schema {schema} to {login}"
    )
    await conn.execute(f"grant usage on all sequences in schema {schema} to {login}")


async def _tables(conn: Connection, name: str) -> list[str]:
    rows = await conn.fetch(
        "select format('%I.%I', $1::text, relname) as name from pg_class "
        "where relnamespace = $1::text::regnamespace and relkind in ('r', 'p') order by relname",
        schema_of(name),
    )
    return [row["name"] for row in rows]
