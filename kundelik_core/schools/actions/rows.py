"""Write many rows at once so that the same rows a second time change nothing."""

from collections.abc import Iterable, Sequence

import msgspec
from piccolo.table import Table

from kundelik_core.kernel.db import Tenant, current_scope
from kundelik_core.kernel.orm import insert_rows

__all__ = ["fields_of", "upsert"]


async def upsert(
    tx: Tenant,
    table: type[Table],
    columns: Sequence[str],
    rows: Iterable[Sequence[object]],
    *,
    key: Sequence[str] = ("id",),
    fixed: Sequence[str] = (),
    keep: Sequence[str] = (),
    stamp: str = "",
    where: str = "",
) -> int:
    """Insert or update rows of the open school; give how many were written.

    ``fixed`` columns are set at the birth of a row only; a null never takes away what is in a
    ``keep`` column; ``stamp`` is a moment that moves only when something else changed;
    ``where`` is the condition of a partial unique index over ``key``.
    """
    if tx is not current_scope():
        raise ValueError("rows are written in the open tenant(), and this is not it")
    name = table._meta.tablename
    free = [c for c in columns if c not in {*key, *fixed, stamp}]
    target = f"on conflict ({', '.join(('school_id', *key))})" + (where and f" where {where}")
    if not free:
        return await insert_rows(table, columns, rows, f"{target} do nothing")
    new = {c: f"coalesce(excluded.{c}, {name}.{c})" if c in keep else f"excluded.{c}" for c in free}
    sets = [f"{c} = {text}" for c, text in new.items()]
    if stamp:
        sets.append(f"{stamp} = excluded.{stamp}")
    old = ", ".join(f"{name}.{c}" for c in free)
    return await insert_rows(
        table,
        columns,
        rows,
        f"{target} do update set {', '.join(sets)} "
        f"where ({old}) is distinct from ({', '.join(new.values())})",
    )


def fields_of(kind: type[msgspec.Struct]) -> tuple[str, ...]:
    """Give the columns that a row's struct stands for, in its order."""
    return kind.__struct_fields__
