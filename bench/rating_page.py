"""Measure what a family's look at the rating costs: python -m bench.rating_page [DATA_DIR].

For the pupil with the most publications: the page; the same where nothing of it is kept; the line
in the diary, the line of who has not got it, and the page of the method. Each as the core calls it,
with rendering, without its frame. Before them, once each and not warmed: what a process does for
its first page of all (it connects, has its statements planned, compiles templates), and for the
next one. Statistics are brought up to date first, as the server does by itself within a minute.
The folder is one that `bench.rating` or `kundelik demo --prepare` has made.
"""

import asyncio
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import msgspec
from kundelik_rating.kept import KEPT

from bench.ground import plugins_here
from bench.server import cpu_us, family, spent_us
from kundelik_core.kernel import clock
from kundelik_core.kernel.clock import SCHOOL_ZONE
from kundelik_core.kernel.ids import new_id
from kundelik_core.kernel.wire import Connection
from kundelik_core.plugins.context import CallContext, call_for
from kundelik_core.plugins.database.engine import PluginTransaction
from kundelik_core.plugins.declared import HandlerRef, page_name
from kundelik_core.plugins.life.running import Running
from kundelik_core.plugins.shown import Shown
from kundelik_core.sdk import Actor, DiaryWeek, Html, PageRequest, School

TARGET_US: Final = 2000
CALLS: Final = 300
WARM: Final = 20
LOGGED: Final = ("fetch", "fetchrow", "fetchval", "execute")
ONCE: Final = ("a process's first page", "its second")

Work = Callable[[], Awaitable[int]]


class Seen(msgspec.Struct, frozen=True):
    """What one look took: processor time of Python and of PostgreSQL, statements, bytes."""

    title: str
    python: float
    postgres: float
    statements: int
    size: int


def main() -> int:
    """Print a line for each look; fail when the family's page is beyond the target, kept or not."""
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "/tmp/kundelik-bench-rating").resolve()
    found = asyncio.run(looks(folder))
    print(f"{'':30}{'Python us':>10}{'PostgreSQL us':>15}{'statements':>12}{'bytes':>8}")
    for one in found:
        print(
            f"{one.title:30}{one.python:10.0f}{one.postgres:15.0f}{one.statements:12}{one.size:8}"
        )
    return int(any(one.python + one.postgres > TARGET_US for one in found[:2]))


async def looks(folder: Path) -> list[Seen]:
    """Look at everything a few hundred times."""
    async with plugins_here(folder) as (here, owner):
        return await _looks(here, owner)


async def _looks(here: Running, owner: Connection) -> list[Seen]:
    await owner.execute("set row_security = off")
    rows = await owner.fetch(
        "select s.school_id, s.student_id, sum(cardinality(s.numbers)) as entries "
        "from plugin_rating.standing s where s.school_id = "
        "(select min(school_id) from plugin_rating.standing) "
        "group by 1, 2 order by 3 desc, 2 limit 2"
    )
    if len(rows) < 2:
        raise SystemExit("Nothing is published in this folder. Run: python -m bench.rating")
    school, child, other = rows[0]["school_id"], rows[0]["student_id"], rows[1]["student_id"]
    await _entitle(owner, school, child)
    print(f"{rows[0]['entries']} publications of one pupil")
    root = await _postmaster(owner)
    active = await here.allowed.active(school)
    monday = clock.today() - timedelta(days=clock.today().weekday())
    page = _page(here, active, _call(school, child), "")
    await owner.execute("analyze")
    first = [await _once(title, root, _afresh(here, page)) for title in ONCE]
    works: list[tuple[str, Work]] = [
        ("page", page),
        ("page, not kept", _afresh(here, page)),
        ("line in the diary", _line(here, active, _call(school, child), child, monday)),
        ("page without it", _page(here, active, _call(school, other), "")),
        ("diary without it", _line(here, active, _call(school, other), other, monday)),
        ("method", _page(here, active, _call(school, child), "method")),
    ]
    return [await _timed(title, root, work) for title, work in works] + first


def _call(school: int, child: UUID) -> CallContext:
    actor = Actor(person_id=new_id(), roles=("parent",), students=(child,))
    return call_for(School(id=school, name="", zone=SCHOOL_ZONE), "kk", actor)


def _page(here: Running, active: frozenset[str], call: CallContext, path: str) -> Work:
    ref = HandlerRef("rating", "page", page_name("GET", path))

    async def look() -> int:
        outcome = await here.dispatcher.call(ref, PageRequest(), active, call)
        if not isinstance(outcome.value, Html):
            raise outcome.error or RuntimeError(outcome.state.value)
        return len(here.dispatcher.render_page(ref, outcome.value, call).value.encode())

    return look


def _afresh(here: Running, work: Work) -> Work:
    """Do it as a process does that has kept nothing."""

    async def look() -> int:
        KEPT.forget()
        here.dispatcher._shown = Shown()
        return await work()

    return look


def _line(
    here: Running, active: frozenset[str], call: CallContext, child: UUID, monday: date
) -> Work:  # fmt: skip
    args = DiaryWeek(student_id=child, monday=monday, viewer="guardian")

    async def look() -> int:
        only = active & {"rating", "payments"}
        shown = await here.dispatcher.render_slot("diary.week", args, only, call)
        return sum(len(one.html.encode()) for one in shown)

    return look


async def _once(title: str, root: int, work: Work) -> Seen:
    """Do it once, as cold as it is."""
    before, python = cpu_us(family(root)), time.process_time()
    with _counted() as log:
        size = await work()
    spent = spent_us(before, cpu_us(family(root)))
    return Seen(title, (time.process_time() - python) * 1e6, spent, len(log), size)


async def _timed(title: str, root: int, work: Work) -> Seen:
    for _number in range(WARM):
        await work()
    with _counted() as log:
        size = await work()
    before, python = cpu_us(family(root)), time.process_time()
    for _number in range(CALLS):
        await work()
    return Seen(
        title,
        (time.process_time() - python) * 1e6 / CALLS,
        spent_us(before, cpu_us(family(root))) / CALLS,
        len(log),
        size,
    )


@contextmanager
def _counted() -> Iterator[list[str]]:
    """Log what plugins send, beside the begin and the commit of each transaction."""
    log: list[str] = []
    before = {name: getattr(PluginTransaction, name) for name in LOGGED}

    def logged(name: str) -> Callable[..., Any]:
        async def send(tx: PluginTransaction, sql: str, *args: object) -> Any:  # noqa: ANN401
            log.append(sql)
            return await before[name](tx, sql, *args)

        return send

    for name in LOGGED:
        setattr(PluginTransaction, name, logged(name))
    try:
        yield log
    finally:
        for name, method in before.items():
            setattr(PluginTransaction, name, method)


async def _entitle(owner: Connection, school: int, child: UUID) -> None:
    await owner.execute(
        "insert into core.entitlement (school_id, id, pupil_id, feature, valid_from, valid_until, "
        "source, source_ref, granted_at) values ($1, $2, $3, 'rating.view', $4, $5, 'grant', "
        "$6, $4) on conflict do nothing",
        school, new_id(), child, clock.now() - timedelta(days=9), clock.now() + timedelta(days=90),
        f"bench page {child}",
    )  # fmt: skip


async def _postmaster(owner: Connection) -> int:
    """Return the process under which all of PostgreSQL's are."""
    backend = int(await owner.fetchval("select pg_backend_pid()"))
    stat = Path(f"/proc/{backend}/stat").read_text()  # noqa: ASYNC240 - no disk behind it
    return int(stat.rpartition(")")[2].split()[1])


if __name__ == "__main__":
    sys.exit(main())
