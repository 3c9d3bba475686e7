"""Take a plugin away: its data is written out, put aside for as long as it said, then erased."""

import os
from collections.abc import AsyncIterator
from datetime import date
from pathlib import Path
from typing import BinaryIO, Final
from zoneinfo import ZoneInfo

import asyncpg
import msgspec

from kundelik_core.kernel.clock import SCHOOL_ZONE, now, today
from kundelik_core.kernel.errors import Problem
from kundelik_core.kernel.i18n import N_
from kundelik_core.kernel.wire import Connection
from kundelik_core.plugins.database import erase as erase_data
from kundelik_core.plugins.database import retain as retain_data
from kundelik_core.plugins.database import schema_of
from kundelik_core.plugins.life.model import Approval, Step
from kundelik_core.plugins.life.operator import Operator
from kundelik_core.plugins.life.rules import after_step, kept_until
from kundelik_core.plugins.schedule import forget_schedules

__all__ = ["dump_rows", "erase", "kept_for", "retain", "write_rows"]

_TABLES: Final = """
select c.relname::text as name, format('%I.%I', n.nspname, c.relname) as place
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
 where n.nspname = $1 and c.relkind in ('r', 'p') and not c.relispartition order by c.relname
"""
# Rows of the core that are about a plugin and no one else.
_LEFT: Final = (
    "delete from core.outbox o where o.plugin = $1",
    "delete from core.school_plugin_settings s where s.plugin = $1",
)
_OFF: Final = "update core.school_plugin p set off_at = $2 where p.plugin = $1 and p.off_at is null"
_BATCH: Final = 1000


async def retain(op: Operator, name: str, folder: Path) -> tuple[Approval, Path | None]:
    """Write out all that a plugin keeps, put it aside, and close its login for good.

    Returns:
        What is remembered of it now, and the file; None when it kept no rows.
    """
    before = await op.record(name)
    state = after_step(name, before.state if before else None, Step.RETAIN)
    assert before is not None
    day = today()
    file = folder / f"{name}-{day:%Y%m%d}-{now():%H%M%S}.jsonl"
    written = 0

    async def export(_name: str) -> None:
        nonlocal written
        written = await write_rows(op.tenant, schema_of(name), file)

    # First of all nobody may call it any more.
    gone = msgspec.structs.replace(before, state="withdrawn", reason="")
    await op.remember(gone, Step.WITHDRAW)
    try:
        trash = await retain_data(op.tenant, name, day, export=export)
    except (asyncpg.UndefinedObjectError, asyncpg.InvalidSchemaNameError) as error:
        raise Problem(
            "plugin-no-data",
            N_("The plugin %(plugin)s has no data that could be put aside."),
            status=409,
            params={"plugin": name},
        ) from error
    kept = msgspec.structs.replace(before, state=state, reason="", trash=trash)
    note = f"{trash}, {written} rows"
    return await op.remember(kept, Step.RETAIN, note=note), file if written else None


async def erase(op: Operator, name: str, folder: Path, *, early: bool = False) -> Path | None:
    """Erase what was put aside of a plugin, once its time has come or the operator says so.

    Raises:
        Problem: its data has not been put aside, or has to be kept for longer.
    """
    before = await op.record(name)
    state = after_step(name, before.state if before else None, Step.ERASE)
    assert before is not None
    until = kept_until(_day(before), before.retention)
    if today() < until and not early:
        raise Problem(
            "plugin-kept",
            N_("The data of the plugin %(plugin)s is kept until %(day)s."),
            status=409,
            params={"plugin": name, "day": until.isoformat()},
            help=N_("To erase it before: --early"),
        )
    file = folder / f"{name}-{today():%Y%m%d}-{now():%H%M%S}-erased.jsonl"
    written = 0

    async def export(_name: str) -> None:
        nonlocal written
        # Whoever took it away has a copy from then; this one is for whoever finds it was too soon.
        written = await write_rows(op.tenant, before.trash, file) if early else 0

    await erase_data(op.tenant, name, export=export)
    await _forget(op, name)
    gone = msgspec.structs.replace(before, state=state, reason="", trash="", scopes=())
    await op.remember(gone, Step.ERASE, note="early" if early else "")
    return file if written else None


async def _forget(op: Operator, name: str) -> None:
    """Clear what the core itself kept for the plugin; who had it on stays as history."""
    async with op.tenant.transaction():
        await op.tenant.execute("set local role kundelik_owner")
        for sql in _LEFT:
            await op.tenant.execute(sql, name)
        await op.tenant.execute(_OFF, name, now())
    await forget_schedules(name)


async def dump_rows(conn: Connection, schema: str) -> AsyncIterator[bytes]:
    """Yield every row of every table of a schema as a line of JSON, of all schools.

    This asks nothing of the plugin's code, which may be broken, or gone.
    """
    async with conn.transaction():
        # The one role besides the superuser that row security does not stop.
        await conn.execute("set local role kundelik_owner")
        for table in await conn.fetch(_TABLES, schema):
            rows = conn.cursor(  # type: ignore[attr-defined]  # asyncpg has it
                f"select row_to_json(t)::text as row from {table['place']} t",
                prefetch=_BATCH,
            )
            name = msgspec.json.encode(table["name"])
            async for row in rows:
                yield b'{"table":' + name + b',"row":' + row["row"].encode() + b"}\n"


async def write_rows(conn: Connection, schema: str, file: Path) -> int:
    """Write ``dump_rows`` into a file that only its owner can read; return how many lines."""
    lines = dump_rows(conn, schema)
    first = await anext(lines, None)
    if first is None:
        return 0
    count = 1
    with _private(file) as stream:
        stream.write(first)
        async for line in lines:
            stream.write(line)
            count += 1
        stream.flush()
        os.fsync(stream.fileno())
    return count


def _private(file: Path) -> BinaryIO:
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    return os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")


def kept_for(approval: Approval) -> date | None:
    """Return until when data that was put aside is kept, or None when there is none."""
    if approval.state != "retained":
        return None
    return kept_until(_day(approval), approval.retention)


def _day(approval: Approval) -> date:
    return approval.changed_at.astimezone(ZoneInfo(SCHOOL_ZONE)).date()
