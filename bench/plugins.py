"""Ten cheap plugins below the week of a diary: what they add where they are on, and elsewhere.

They are made up here, in a folder that goes away again. Ten run in the server's own processes, ten
in processes of their own; some schools have the former on, some the latter, the rest none. A second
server runs without any plugin at all.
"""

import itertools
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime
from importlib.metadata import distributions
from pathlib import Path
from typing import Any, Final

import asyncpg
import msgspec

from bench.client import Ask, drive
from bench.inside import Seen, inside
from bench.operations import Family, Operation, Town
from bench.server import BenchError, server
from kundelik_core.kernel.boot import Urls
from kundelik_core.kernel.ids import new_id
from kundelik_core.kernel.settings import Settings
from kundelik_core.plugins.discover import find_plugins
from kundelik_core.plugins.life.model import Mode
from kundelik_core.plugins.life.operate import approve
from kundelik_core.plugins.life.operator import operator
from kundelik_core.plugins.states import Found
from kundelik_core.testing.packages import installed, manifest

__all__ = ["NAMES", "Served", "with_plugins"]

TEN: Final = 10
NONE, ELSEWHERE, HERE, HOSTS = NAMES = (
    "diary_plugins_none", "diary_plugins_elsewhere", "diary_plugins_ten", "diary_plugins_ten_hosts",
)  # fmt: skip
SHOWN: Final = b"<p>Bench says "
_HOSTS_UP: Final = 90.0

CODE: Final = """\
from kundelik_core.sdk import Fragment, Slot, hookimpl

async def week(ctx, args):
    context = {"who": args.student.name, "day": ctx.i18n.day(args.monday)}
    return Fragment(template="week.html", context=context)

class Plugin:
    @hookimpl
    def slots(self):
        return [Slot(slot="diary.week", render=week, budget_ms=250)]

plugin = Plugin()
"""
TEMPLATE: Final = SHOWN.decode() + "{{ who }}, {{ day }}</p>\n"


class Served(msgspec.Struct, frozen=True):
    """One line of the result: what is asked, of which server."""

    operation: Operation
    seen: Seen
    port: int
    pid: int


@asynccontextmanager
async def with_plugins(place: Path, urls: Urls, town: Town) -> AsyncIterator[list[Served]]:
    """Approve the plugins, switch them on, and serve with them and without any."""
    schools = sorted({family.school for family in town.families})
    if len(schools) < 3:
        raise BenchError("the plugins need three schools")
    shares = {HERE: schools[::3], HOSTS: schools[1::3], ELSEWHERE: schools[2::3], NONE: schools}
    families = {
        name: [family for family in town.families if family.school in share]
        for name, share in shares.items()
    }
    found = [_diaries(town, name, families[name]) for name in NAMES]
    # Of one school only: what is on there has been learnt when statements are counted.
    looks = {name: _diaries(town, name, families[name][:1]) for name in NAMES}
    # Named so, since a plugin's own process looks for packages in such folders only.
    site = place / "plugins" / "site-packages"
    async with inside(urls) as app:
        seen = {NONE: await app.look(looks[NONE])}
    with _on_path(site):
        await _approve(place, urls, _install(site))
        await _switch_on(urls, {"here": shares[HERE], "host": shares[HOSTS]})
        async with inside(urls) as app:
            seen |= {name: await app.look(looks[name]) for name in (ELSEWHERE, HERE)}
        seen[HOSTS] = seen[HERE]
        path = {"PYTHONPATH": str(site)}
        with (
            server(place, {**path, "KUNDELIK_SAFE_MODE": "1"}) as bare,
            server(place, path) as full,
        ):
            for op in found:
                if op.name in {HERE, HOSTS}:
                    _until_shown(op, full[0])
            yield [Served(op, seen[op.name], *(bare if op.name == NONE else full)) for op in found]


def _diaries(town: Town, name: str, families: list[Family]) -> Operation:
    people = itertools.cycle(families)
    return Operation(
        name=name,
        connections=(1,),
        units=lambda n: (
            [
                Ask(
                    path=f"/diary/{family.pupil}/{town.week}",
                    token=family.token,
                    school=family.school,
                )
            ]
            for family in itertools.islice(people, n)
        ),
        parts=(SHOWN, TEN) if name == HERE else (b'<li class="les', 45),
    )


@contextmanager
def _on_path(site: Path) -> Iterator[None]:
    site.mkdir(parents=True, exist_ok=True)
    sys.path.insert(0, str(site))
    try:
        yield
    finally:
        sys.path.remove(str(site))


def _install(site: Path) -> list[tuple[Found, Mode]]:
    modes: dict[str, Mode] = {}
    for mode, number in itertools.product(("here", "host"), range(TEN)):
        name = f"bench_{mode}_{number}"
        modes[name] = "process" if mode == "here" else "host"
        text = manifest(
            name, 'slots = ["diary.week"]', tables='[data]\nreads = ["student.v1"]', api=">=0.2,<1"
        )
        files = {"plugin.py": CODE, "kundelik.toml": text, "templates/week.html": TEMPLATE}
        installed(site, name, files)
    found = find_plugins(distributions(path=[str(site)]), [str(site)])
    return [(one, modes[one.name]) for one in found]


async def _approve(place: Path, urls: Urls, plugins: list[tuple[Found, Mode]]) -> None:
    settings = Settings(data_dir=place)
    async with operator(settings, urls, doer="the benchmark") as op:
        for one, mode in plugins:
            await approve(op, one, mode=mode)


async def _switch_on(urls: Urls, schools: dict[str, list[int]]) -> None:
    owner: Any = await asyncpg.connect(urls.migrate_tenant)
    rows = [
        (school, f"bench_{mode}_{number}", datetime.now(UTC), new_id())
        for mode, share in schools.items()
        for school in share
        for number in range(TEN)
    ]
    try:
        await owner.execute("set role kundelik_owner")
        await owner.execute("delete from core.school_plugin p where p.plugin like 'bench%'")
        await owner.executemany(
            "insert into core.school_plugin (school_id, plugin, on_at, on_by) "
            "values ($1, $2, $3, $4)",
            rows,
        )
    finally:
        await owner.close()


def _until_shown(op: Operation, port: int) -> None:
    """Wait until all ten are on the page: their processes may only just have started."""
    shown = [0]

    def look(body: bytes) -> None:
        shown[0] = body.count(SHOWN)

    until = time.monotonic() + _HOSTS_UP
    while shown[0] < TEN:
        (unit,) = op.units(1)
        drive(port, [[msgspec.structs.replace(unit[0], seen=look)]], 1)
        if time.monotonic() > until:
            raise BenchError(f"{op.name}: {shown[0]} of {TEN} plugins are on the page")
        time.sleep(0.2)
