"""Measure what a process of its own costs a plugin, and what it spares the core.

Run: python -m bench.plugin_host. Prints figures, asserts nothing.
"""

from __future__ import annotations

import asyncio
import os
import resource
import statistics
import sys
import tempfile
import time
from importlib.metadata import distributions
from pathlib import Path
from uuid import UUID

import uvloop

from kundelik_core.plugins.context import CallContext, call_for
from kundelik_core.plugins.discover import find_plugins
from kundelik_core.plugins.dispatch import Dispatcher
from kundelik_core.plugins.host.load import HostedPlugins
from kundelik_core.plugins.host.place import HostPlan, place_of
from kundelik_core.plugins.host.supervisor import PluginHosts
from kundelik_core.plugins.registry import Registry, load_plugins
from kundelik_core.plugins.render import JinjaRenderer
from kundelik_core.plugins.runner import LocalRunner, Runner
from kundelik_core.plugins.states import Found
from kundelik_core.sdk import ClassPage, School, Student
from kundelik_core.testing.packages import installed, manifest

NAME = "bench"
CALLS = 3000
DEEDS = ("nothing", "sleep", "leak", "exit")
CODE = """
import os
import time
from kundelik_core.sdk import Fragment, Slot, hookimpl

async def render(ctx, args):
    deed = ctx.school.name
    if deed == "sleep":
        time.sleep(3)
    if deed == "leak":
        kept = []
        while True:
            kept.append(b"x" * (1 << 24))
    if deed == "exit":
        os._exit(9)
    names = [one.name for one in args.students]
    return Fragment(template="show.html", context={"names": names})

class Plugin:
    @hookimpl
    def slots(self):
        return [Slot(slot="class.page", render=render, budget_ms=250)]

plugin = Plugin()
"""
ARGS = ClassPage(
    class_id=UUID(int=1),
    students=tuple(Student(id=UUID(int=i), name=f"Әлімжанова Айша {i}") for i in range(28)),
)


def install(folder: Path) -> Found:
    """Write the measured plugin into a folder of packages."""
    files = {
        "plugin.py": CODE,
        "kundelik.toml": manifest(NAME, tables='[data]\nreads = ["student.v1"]'),
        "templates/show.html": "{% for name in names %}<li>{{ name }}</li>{% endfor %}",
    }
    installed(folder, NAME, files)
    return find_plugins(distributions(path=[str(folder)]), [str(folder)])[0]


def cpu() -> float:
    """Return the CPU seconds of this process."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def cpu_of(pid: int | None) -> float:
    """Return the CPU seconds of another process."""
    if not pid:
        return 0.0
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def overhead(way: str, registry: Registry, runner: Runner, pid: int | None) -> None:
    """Print what one call costs, without the dispatcher, and one filled slot with it."""
    dispatcher = Dispatcher(registry, runner, JinjaRenderer(registry))
    call = call_for(School(id=1, name="s", zone="Asia/Almaty"), "kk")
    ref = registry.slots("class.page")[0].ref
    for what in ("call", "slot"):
        times, here, there = [], cpu(), cpu_of(pid)
        for _ in range(CALLS):
            began = time.perf_counter()
            if what == "call":
                await runner.call(ref, call, ARGS)
            else:
                assert await dispatcher.render_slot("class.page", ARGS, {NAME}, call)
            times.append(time.perf_counter() - began)
        here, there = cpu() - here, cpu_of(pid) - there
        print(
            f"{way:10} {what}: median {statistics.median(times) * 1e6:6.0f} us, "
            f"p99 {sorted(times)[int(CALLS * 0.99)] * 1e6:6.0f} us, "
            f"CPU core {here / CALLS * 1e6:5.0f} us, host {there / CALLS * 1e6:5.0f} us"
        )


async def lag(way: str, registry: Registry, runner: Runner, deed: str) -> None:
    """Print what the core notices of a plugin that sleeps, leaks memory or ends its process."""
    dispatcher = Dispatcher(registry, runner, JinjaRenderer(registry))
    call = call_for(School(id=1, name=deed, zone="Asia/Almaty"), "kk")
    worst = 0.0
    over = asyncio.Event()

    async def watch() -> None:
        nonlocal worst
        while not over.is_set():
            began = time.perf_counter()
            await asyncio.sleep(0.001)
            worst = max(worst, time.perf_counter() - began - 0.001)

    watching = asyncio.create_task(watch())
    await asyncio.sleep(0.05)
    began = time.perf_counter()
    await dispatcher.render_slot("class.page", ARGS, {NAME}, call)
    took = time.perf_counter() - began
    await asyncio.sleep(max(3.2 - took, 0.1))
    over.set()
    await watching
    print(f"{way:10} {deed:7}: page waited {took * 1e3:5.0f} ms, loop lag {worst * 1e3:5.0f} ms")
    other = call_for(School(id=1, name="s", zone="Asia/Almaty"), "kk")
    began = time.perf_counter()
    # Past the dispatcher, whose breaker would leave it alone meanwhile.
    while not await answers(registry, runner, other):  # noqa: ASYNC110 - nobody tells
        await asyncio.sleep(0.02)
    print(f"{way:10} {deed:7}: back on the page after {time.perf_counter() - began:.1f} s")


async def answers(registry: Registry, runner: Runner, call: CallContext) -> bool:
    """Say whether the plugin answers."""
    try:
        async with asyncio.timeout(0.5):
            await runner.call(registry.slots("class.page")[0].ref, call, ARGS)
    except Exception:  # noqa: BLE001 - in whichever way it does not
        return False
    return True


async def measure(found: Found, hosted: HostedPlugins, pid: int | None) -> None:
    """Measure the same plugin here and there."""
    here = load_plugins([found], {NAME})
    there = load_plugins([found], {NAME}, hosted.load)
    await overhead("in process", here, LocalRunner(here), None)
    await overhead("host", there, hosted.runner, pid)
    if pid:
        status = Path(f"/proc/{pid}/status").read_text().splitlines()  # noqa: ASYNC240 - no disk
        print(*(line for line in status if line.startswith(("VmRSS", "VmSize"))))
    # In process a leak or an exit would end the measurement.
    for deed in DEEDS[:2]:
        await lag("in process", here, LocalRunner(here), deed)
    for deed in DEEDS:
        await lag("host", there, hosted.runner, deed)
    await hosted.close()


def main() -> None:
    """Install, start, measure."""
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        found = install(folder / "site")
        assert found.root is not None
        sys.path.insert(0, str(folder / "site"))
        place = place_of(folder / "data")
        plan = HostPlan(name=NAME, sha256=found.sha256, root=found.root, paths=(folder / "site",))
        with PluginHosts(place, lambda: [plan]) as hosts:
            hosted = HostedPlugins(place)
            began = time.perf_counter()
            hosted.load(found)
            print(f"a host is up in {(time.perf_counter() - began) * 1e3:.0f} ms")
            # The loop of the server, in both.
            uvloop.run(measure(found, hosted, hosts.pid(NAME)))


if __name__ == "__main__":
    main()
