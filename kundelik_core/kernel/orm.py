"""Let Piccolo speak on our connections only: inside the open ``tenant()``.

Piccolo has no composite keys, so whatever goes by ``id`` alone (``save``, ``remove``, ``refresh``)
would reach another school's row; such methods are refused. Tables describe what the SQL migrations
made; a test compares them.
"""

import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NoReturn

from piccolo.engine.postgres import PostgresEngine
from piccolo.querystring import QueryString
from piccolo.table import Table
from typing_extensions import override

from kundelik_core.kernel.db import current_scope
from kundelik_core.kernel.wire import Record

__all__ = ["TENANT", "TenantTable", "insert_rows"]

Fetch = Callable[..., Any]


class ScopedEngine(PostgresEngine):
    """An engine without connections of its own: it asks ``connection`` for the one in force."""

    def __init__(self, connection: Callable[[], Any]) -> None:
        super().__init__(config={}, extensions=())
        self._connection = connection

    @override
    async def check_version(self) -> None:
        """Ask nothing at import; migrations check the server."""

    @override
    async def prep_database(self) -> None:
        """Create nothing: no extension is relied on."""

    @override
    async def run_querystring(
        self,
        querystring: QueryString,
        in_pool: bool = True,
    ) -> list[Record]:
        """Run a query where our own statements run."""
        sql, args = querystring.compile_string(engine_type=self.engine_type)
        found: list[Record] = await self._connection().fetch(sql, *args)
        return found

    @override
    async def run_ddl(self, ddl: str, in_pool: bool = True) -> NoReturn:
        """Refuse: the shape of the database is the migrations' business."""
        raise TypeError(f"no DDL at run time: {ddl[:80]}")

    @override
    async def batch(self, *_args: object, **_kwargs: object) -> NoReturn:
        """Refuse: it would leave the transaction, and with it the school."""
        raise TypeError("batch() leaves the transaction; read in pages instead")

    @override
    def transaction(self, *_args: object, **_kwargs: object) -> NoReturn:
        """Refuse: the scope is the transaction."""
        raise TypeError("tenant() is the transaction")

    @override
    def atomic(self) -> NoReturn:
        """Refuse: the scope is the transaction."""
        raise TypeError("tenant() is the transaction")


TENANT = ScopedEngine(current_scope)


def _by_id_alone(*_args: object, **_kwargs: object) -> NoReturn:
    raise TypeError("goes by id alone: use update() or delete() with school_id and id")


class TenantTable:
    """Comes before ``Table`` in tables whose rows belong to a school."""

    save = remove = refresh = update_self = get_related = _by_id_alone


# A row of unnest() arrays beyond this is one message too large for a busy server.
CHUNK = 5000


async def insert_rows(
    table: type[Table], columns: Sequence[str], rows: Iterable[Sequence[object]], conflict: str = ""
) -> int:
    """Insert many rows of the open school in few messages, and return how many were written.

    ``columns`` without school_id; ``conflict`` is an ``on conflict`` clause. Types come from the
    table's columns.
    """
    scope = current_scope()
    types = {c._meta.db_column_name: c.column_type for c in table._meta.columns}
    arrays = ", ".join(f"${n}::{types[name]}[]" for n, name in enumerate(columns, 2))
    sql = (
        f"insert into {table._meta.get_formatted_tablename()} (school_id, {', '.join(columns)}) "
        f"select $1, * from unnest({arrays}) {conflict}"
    )
    written = 0
    for chunk in _chunks(rows, CHUNK):
        tag = await scope.execute(sql, scope.school_id, *map(list, zip(*chunk, strict=True)))
        written += int(tag.rsplit(" ", 1)[1])
    return written


def _chunks(rows: Iterable[Sequence[object]], size: int) -> Iterator[list[Sequence[object]]]:
    source = iter(rows)
    while chunk := list(itertools.islice(source, size)):
        yield chunk
