"""Run the benchmark: data, server, rounds in turn, and the least of what each came to."""

import asyncio
import shutil
import statistics
import tempfile
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Final

import asyncpg
import msgspec

from bench.client import drive
from bench.data import MARKER, fill
from bench.files import assets_of
from bench.inside import Inside, Seen, inside
from bench.operations import Operation, Town, operations
from bench.plugins import NAMES, with_plugins
from bench.server import BenchError, cpu_us, family, server, spent_us
from kundelik_core.kernel.boot import Urls, migrate_all, start_postgres
from kundelik_core.kernel.pg import EmbeddedPostgres
from kundelik_core.kernel.settings import Settings
from kundelik_core.web.setup import LOADERS

__all__ = ["Line", "Plan", "run"]

Say = Callable[[str], None]


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """How much is measured."""

    schools: int = 50
    rounds: int = 7
    requests: int = 300
    only: str = ""
    pg_bin: str = ""

    @property
    def visits(self) -> int:
        """How many sessions nobody has seen before are used up, by one connection and by many."""
        return (self.rounds + 1) * 2 * max(self.requests, 16) + 16


QUICK: Final = Plan(schools=3, rounds=2, requests=20)


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One row of the result: microseconds of processor time and bytes per request."""

    name: str
    connections: int
    python_cpu_us: float
    postgres_cpu_us: float
    statements: int
    buffers: int
    wire_bytes: int
    requests_per_s: float
    python_cpu_us_median: float
    postgres_cpu_us_median: float
    rounds: int


class _Marker(msgspec.Struct, frozen=True):
    monday: date
    schools: int


class _Sample(msgspec.Struct, frozen=True):
    python: float
    postgres: float
    wire: float
    rate: float


def run(plan: Plan, data_dir: Path | None, *, keep: bool, say: Say) -> list[Line]:
    """Measure in a folder that is kept, or in one that goes away again."""
    place = data_dir or Path(tempfile.mkdtemp(prefix="kundelik-bench-"))
    place.mkdir(parents=True, exist_ok=True)
    if data_dir is None:
        # PostgreSQL may have to run as another account, which must be able to get in.
        place.chmod(0o755)
    try:
        settings = Settings(data_dir=place, pg_bin=plan.pg_bin)
        urls, postgres = start_postgres(settings)
        if postgres is None:
            raise BenchError("the benchmark brings its own database")
        try:
            return asyncio.run(_run(plan, place, urls, postgres, say))
        finally:
            postgres.stop()
    finally:
        if data_dir is None and not keep:
            moved = place / "pg.moved"
            if moved.exists():
                shutil.rmtree(moved.read_text().strip(), ignore_errors=True)
            shutil.rmtree(place, ignore_errors=True)
        elif keep and data_dir is None:
            say(f"kept in {place}; go on with --data-dir {place}")


async def _run(
    plan: Plan, place: Path, urls: Urls, postgres: EmbeddedPostgres, say: Say
) -> list[Line]:
    await migrate_all(urls, postgres, LOADERS)
    monday = await _data(plan, place, urls, say)
    conn = await asyncpg.connect(urls.migrate_tenant)
    try:
        town = await Town.open(conn, monday, plan.visits)
    finally:
        await conn.close()
    async with inside(urls) as app:
        found = await _operations(plan, town, app)
        found = [op for op in found if plan.only in op.name]
        seen = {op.name: await app.look(op) for op in found}
    for name, what in seen.items():
        say(f"{name}: {what.statements} statements, {what.buffers} buffers")
    master = int((postgres.data / "postmaster.pid").read_text().split("\n", 1)[0])
    lines: list[Line] = []
    if found:
        with server(place) as (port, pid):
            samples = _rounds(plan, found, port, pid, master, say)
        lines = [
            _line(op, n, samples[op.name, n], seen[op.name]) for op in found for n in op.connections
        ]
    if any(plan.only in name for name in NAMES):
        lines += await _with_plugins(plan, place, urls, town, master, say)
    return lines


async def _with_plugins(
    plan: Plan, place: Path, urls: Urls, town: Town, master: int, say: Say
) -> list[Line]:
    """Measure diaries with plugins below them and without, in turn."""
    async with with_plugins(place, urls, town) as several:
        samples: dict[str, list[_Sample]] = {one.operation.name: [] for one in several}
        for number in range(plan.rounds + 1):
            for one in several:
                sample = _sample(one.operation, plan.requests, 1, one.port, one.pid, master)
                if number:
                    samples[one.operation.name].append(sample)
            say(f"plugins: round {number} of {plan.rounds}")
        return [
            _line(one.operation, 1, samples[one.operation.name], one.seen)
            for one in several
            if plan.only in one.operation.name
        ]


async def _data(plan: Plan, place: Path, urls: Urls, say: Say) -> date:
    marker = place / MARKER
    if marker.exists():
        known = msgspec.json.decode(marker.read_bytes(), type=_Marker)
        say(f"{known.schools} schools are there")
        return known.monday
    conn = await asyncpg.connect(urls.migrate_tenant)
    try:
        taken = await conn.fetchval("select exists (select from core.school)")
    finally:
        await conn.close()
    if taken:
        raise BenchError(f"{place} holds other schools; name a folder of its own")
    monday = await fill(urls.migrate_tenant, plan.schools, say)
    marker.write_bytes(msgspec.json.encode(_Marker(monday, plan.schools)))
    return monday


async def _operations(plan: Plan, town: Town, app: Inside) -> list[Operation]:
    page = next(op for op in operations(town, []) if op.name == "diary_week")
    ask = next(page.units(1))[0]
    _status, _headers, html = await app.ask(ask)
    return operations(town, await assets_of(html, ask.path, app.fetch), plan.rounds)


def _rounds(
    plan: Plan, found: list[Operation], port: int, pid: int, master: int, say: Say
) -> dict[tuple[str, int], list[_Sample]]:
    samples: dict[tuple[str, int], list[_Sample]] = {
        (op.name, n): [] for op in found for n in op.connections
    }
    # The first round only warms up. Operations take turns, so that a busy minute hits them all.
    for number in range(plan.rounds + 1):
        for op in found:
            for connections in op.connections:
                count = max(plan.requests // op.cost, connections)
                sample = _sample(op, count, connections, port, pid, master)
                if number:
                    samples[op.name, connections].append(sample)
        say(f"round {number} of {plan.rounds}")
    return samples


def _sample(
    op: Operation, count: int, connections: int, port: int, pid: int, master: int
) -> _Sample:
    drive(port, op.before(), 1)
    units = list(op.units(count))
    if not units:
        raise BenchError(f"{op.name}: nothing left to send")
    # Connections to PostgreSQL open on the way, so its processes are looked up on both sides.
    python, postgres = cpu_us(family(pid)), cpu_us(family(master))
    tally = drive(port, units, connections)
    used = spent_us(python, cpu_us(family(pid)))
    used_there = spent_us(postgres, cpu_us(family(master)))
    return _Sample(
        used / tally.units,
        used_there / tally.units,
        tally.bytes / tally.units,
        tally.units / tally.seconds,
    )


def _line(op: Operation, connections: int, samples: list[_Sample], seen: Seen) -> Line:
    python = [sample.python for sample in samples]
    postgres = [sample.postgres for sample in samples]
    return Line(
        name=op.name if len(op.connections) == 1 else f"{op.name}@{connections}",
        connections=connections,
        python_cpu_us=round(min(python), 1),
        postgres_cpu_us=round(min(postgres), 1),
        statements=seen.statements,
        buffers=seen.buffers,
        wire_bytes=round(statistics.median(sample.wire for sample in samples)),
        requests_per_s=round(max(sample.rate for sample in samples), 1),
        python_cpu_us_median=round(statistics.median(python), 1),
        postgres_cpu_us_median=round(statistics.median(postgres), 1),
        rounds=len(samples),
    )
