"""In a process of its own a plugin may do what it likes: the gradebook does not even slow down."""

import asyncio
import logging
import os
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import pytest

from kundelik_core.kernel.boot import Urls
from kundelik_core.kernel.clock import set_now
from kundelik_core.kernel.db import Databases
from kundelik_core.plugins.host import supervisor
from kundelik_core.plugins.states import State
from tests.chaos.ground import NOW, Ground, ground
from tests.chaos.path import diary, golden_path, inserted, sign_in
from tests.factories import Factory

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("chaos")]

BROKEN: Final = ("import_raise", "import_storm")
SILENT: Final = (
    *("block_long", "eat", "leave", "abort", "hog"),
    *("raise", "storm", "cling", "huge", "endless", "leak", "lock", "trespass"),
)
SHOWN: Final = ("good", "fork", "poison", "hostile", "import_block")
EITHER: Final = ("babble", "flood", "spawn")
"""In time as long as the machine is quick, and its process has room."""
LAG: Final = 2.0
"""Seconds that the core's loop may stand still on a busy machine; the plugins block for 30."""


@pytest.fixture(autouse=True)
def at_school(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    # However often a test ends it, it comes back as fast as after a day.
    monkeypatch.setattr(supervisor, "_LONGEST_PAUSE", 0.2)
    with set_now(NOW):
        yield


@asynccontextmanager
async def loop_turns() -> AsyncIterator[None]:
    """See to it that the core's loop never stands still for long."""
    worst = 0.0
    loop = asyncio.get_running_loop()

    async def watch() -> None:
        nonlocal worst
        while True:
            before = loop.time()
            await asyncio.sleep(0.01)
            worst = max(worst, loop.time() - before - 0.01)

    task = asyncio.create_task(watch())
    try:
        yield
    finally:
        task.cancel()
    assert worst < LAG, f"the loop stood still for {worst:.2f} s"


async def the_same_but_for_its_place(host: Ground, deed: str) -> str:
    """Return what the plugin shows below a week."""
    school = host.schools[deed]
    parent = await sign_in(host.app, school, "parent")
    with_it = await diary(parent, school.students[0].id)
    await host.turn(deed, on=False)
    part = inserted(await diary(parent, school.students[0].id), with_it)
    await host.turn(deed, on=True)
    await parent.aclose()
    return part


@pytest.mark.parametrize("deed", [*BROKEN, *SILENT, *SHOWN, *EITHER])
async def test_the_golden_path(
    deed: str, urls: Urls, databases: Databases, factory: Factory, tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    async with ground((deed,), "host", tmp_path, urls, factory) as host:
        states = {one.name: one.state for one in host.here.registry.plugins}
        name = host.name(deed)
        assert states[name] is (State.QUARANTINED if deed in BROKEN else State.LOADED)
        plugin = "" if deed in BROKEN else name
        async with loop_turns():
            with caplog.at_level(logging.WARNING, "kundelik_core.plugins.dispatch"):
                await golden_path(host.app, host.schools[deed], plugin)
        if not plugin:
            return
        blamed = [one for one in caplog.records if one.name.endswith(".dispatch")]
        part = await the_same_but_for_its_place(host, deed)
    assert part.count("<section") == part.count("</section>")
    assert "<script" not in part
    if deed not in EITHER:
        assert bool(blamed) is (deed in SILENT), blamed
        assert bool(part) is (deed in SHOWN)


async def test_it_is_back_on_the_page_after_it_was_killed(
    urls: Urls, databases: Databases, factory: Factory, tmp_path: Path
) -> None:
    async with ground(("good",), "host", tmp_path, urls, factory) as host:
        school = host.schools["good"]
        parent = await sign_in(host.app, school, "parent")
        child = school.students[0].id
        assert "wild" in await diary(parent, child)
        assert host.hosts is not None
        pid = host.hosts.pid(host.name("good"))
        assert pid
        os.kill(pid, signal.SIGKILL)
        assert "wild" not in await diary(parent, child)
        async with asyncio.timeout(20):
            # Only the page can tell.
            while "wild" not in await diary(parent, child):  # noqa: ASYNC110
                await asyncio.sleep(0.2)
        await parent.aclose()
