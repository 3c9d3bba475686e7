"""Time a rating's night in a school of 2,500 pupils: python -m bench.rating [DATA_DIR].

Two nights of publication in which every group is measured, and the one that closes the period with
days given back to every tenth pupil. Made once; a second run on the same folder uses the school.
"""

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Awaitable
from datetime import date, datetime
from datetime import time as clock_time
from pathlib import Path
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec

from bench.ground import plugins_here
from bench.server import cpu_us, family, spent_us
from kundelik_core.kernel.clock import SCHOOL_ZONE, set_now
from kundelik_core.kernel.ids import new_id
from kundelik_core.kernel.wire import Connection
from kundelik_core.plugins.declared import HandlerRef
from kundelik_core.plugins.life.running import Running
from kundelik_core.plugins.switching import Switch
from kundelik_core.plugins.work import school_call
from kundelik_core.sdk import JobRun

TARGET_S: Final = 10.0
DAY: Final = date(2026, 11, 23)
NIGHTS: Final = (date(2026, 11, 23), date(2026, 11, 30), date(2026, 12, 30))
ZONE: Final = ZoneInfo(SCHOOL_ZONE)

# A week later everybody has a mark more, and another result.
WEEK: Final = """
update core.period_result r
   set raw = abs(hashtextextended(r.pupil_id::text || r.group_id::text || $2, 7)) % 10000 || '/100',
       terms = '[["fo",1,1,1,1,100,12,"1","1"]]'::json
 where r.school_id = $1 and r.period in ('q2', 'h1') and r.raw is not null
"""
CLEAN: Final = ("standing", "snapshot", "round", "credit", "opt_out", "choice")


class Spent(msgspec.Struct, frozen=True):
    """What one night took: wall time, and processor time of Python and of PostgreSQL."""

    title: str
    wall: float
    python: float
    postgres: float


def main() -> int:
    """Print a line for each night; fail when one takes longer than the target."""
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "/tmp/kundelik-bench-rating").resolve()
    if not (folder / "postgres").exists() and not any(folder.glob("*")):
        generate(folder)
    spent = asyncio.run(nights(folder))
    print(f"{'':28}{'wall s':>8}{'Python s':>10}{'PostgreSQL s':>14}")
    for one in spent:
        print(f"{one.title:28}{one.wall:8.2f}{one.python:10.2f}{one.postgres:14.2f}")
    slow = [one.title for one in spent if max(one.wall, one.python + one.postgres) > TARGET_S]
    print(f"within {TARGET_S:.0f} s each" if not slow else f"too slow: {', '.join(slow)}")
    return bool(slow)


def generate(folder: Path) -> None:
    """Make the school."""
    folder.mkdir(parents=True, exist_ok=True)
    command = [
        sys.executable, "-c", "from kundelik_core.cli import main; main()", "generate",
        "--size", "L", "--seed", "7", "--today", DAY.isoformat(), "--data-dir", str(folder),
    ]  # fmt: skip
    subprocess.run(command, check=True, env={**os.environ, "PYTHONPATH": str(Path.cwd())})


async def nights(folder: Path) -> list[Spent]:
    """Run the nights, each on results that all differ from those of the night before."""
    async with plugins_here(folder) as (here, owner):
        return await _nights(here, owner)


async def _nights(here: Running, owner: Connection) -> list[Spent]:
    school = await owner.fetchval("select min(id) from core.school")
    await _ready(here, owner, school)
    root = await _postmaster(owner)
    found = []
    for number, night in enumerate(NIGHTS):
        await owner.execute(WEEK, school, str(number))
        title = f"{night}, {'closing' if number == len(NIGHTS) - 1 else 'publication'}"
        found.append(await _timed(title, root, _night(here, school, night)))
        await _tell(owner)
    return found


async def _ready(here: Running, owner: Connection, school: int) -> None:
    """Switch the plugin on, take away what a run before left, entitle every tenth pupil."""
    await owner.execute("set row_security = off")
    head: UUID = await owner.fetchval(
        "select person_id from core.membership where school_id = $1 and role = 'director' limit 1",
        school,
    )
    switch = Switch(here.registry, here.dispatcher, here.allowed)
    await switch.on(school, "rating", head, await school_call(school))
    for table in CLEAN:
        await owner.execute(f"delete from plugin_rating.{table} where school_id = $1", school)
    await owner.execute(
        "delete from core.plugin_wish where school_id = $1 and plugin = 'rating'", school
    )
    pupils = await owner.fetch(
        "select distinct pupil_id from core.class_pupil where school_id = $1 and to_date is null "
        "order by 1", school,
    )  # fmt: skip
    begins = datetime.combine(date(2026, 11, 2), clock_time(), ZONE)
    await owner.executemany(
        "insert into core.entitlement (school_id, id, pupil_id, feature, valid_from, valid_until, "
        "source, source_ref, granted_at) values ($1, $2, $3, 'rating.view', $4, $5, 'grant', $6, "
        "$4) on conflict do nothing",
        [
            (school, new_id(), row["pupil_id"], begins, begins.replace(year=2027),
             f"bench {row['pupil_id']}")
            for row in pupils[::10]
        ],
    )  # fmt: skip
    print(f"{len(pupils)} pupils")


async def _postmaster(owner: Connection) -> int:
    """Return the process under which all of PostgreSQL's are."""
    backend = int(await owner.fetchval("select pg_backend_pid()"))
    stat = Path(f"/proc/{backend}/stat").read_text()  # noqa: ASYNC240 - no disk behind it
    return int(stat.rpartition(")")[2].split()[1])


async def _timed(title: str, root: int, work: Awaitable[None]) -> Spent:
    before, python, began = cpu_us(family(root)), time.process_time(), time.monotonic()
    await work
    return Spent(
        title,
        time.monotonic() - began,
        time.process_time() - python,
        spent_us(before, cpu_us(family(root))) / 1e6,
    )


async def _night(here: Running, school: int, night: date) -> None:
    with set_now(datetime.combine(night, clock_time(2, 30), ZONE)):
        on = await here.allowed.active(school)
        ref = HandlerRef("rating", "job", "rating.publish")
        run = JobRun(due_at=datetime.combine(night, clock_time(2, 30), ZONE))
        outcome = await here.dispatcher.call(ref, run, on, await school_call(school))
    if outcome.error is not None:
        raise outcome.error
    if not outcome.done:
        raise RuntimeError(outcome.state.value)


async def _tell(owner: Connection) -> None:
    row = await owner.fetchrow(
        "select (select count(*) from plugin_rating.round) as rounds, "
        "(select count(*) from plugin_rating.snapshot) as snapshots, "
        "(select count(*) from plugin_rating.standing) as lines, "
        "(select sum(cardinality(numbers)) from plugin_rating.standing) as entries, "
        "(select count(*) from plugin_rating.credit) as settled, "
        "(select pg_total_relation_size('plugin_rating.standing')) as bytes"
    )
    if row is not None:
        print(", ".join(f"{row[key] or 0} {key}" for key in row.keys()))  # noqa: SIM118


if __name__ == "__main__":
    sys.exit(main())
