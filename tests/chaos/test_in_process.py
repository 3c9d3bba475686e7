"""In the core's own process: what raises, waits or answers nonsense costs the gradebook nothing.

What blocks the process, changes it or ends it is not contained here, nor can it be: such code is
for a process of its own, see ``test_in_host``.
"""

import logging
import time
from collections.abc import AsyncIterator, Iterator
from datetime import datetime
from pathlib import Path
from typing import Final

import pytest

from kundelik_core.kernel.boot import Urls
from kundelik_core.kernel.clock import set_now
from kundelik_core.kernel.db import Databases, tenant
from kundelik_core.kernel.outbox.deliver import deliver_due
from kundelik_core.kernel.outbox.letters import dead_letters, waiting
from kundelik_core.plugins import breaker
from kundelik_core.plugins.dispatch import Dispatcher
from kundelik_core.plugins.life.board import reset
from kundelik_core.plugins.render import JinjaRenderer
from kundelik_core.plugins.runner import LocalRunner
from kundelik_core.plugins.states import State
from kundelik_core.plugins.work import plugin_work
from tests.chaos.ground import NOW, Ground, ground
from tests.chaos.path import diary, golden_path, inserted, save, sign_in
from tests.factories import Factory

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("chaos")]

BROKEN: Final = ("import_raise", "import_quit", "hooks_raise", "hooks_type")
SILENT: Final = (
    *("raise", "quit", "interrupt", "storm", "generator_exit", "cancel", "memory_error"),
    *("hang", "cling", "burn", "recurse", "leak", "lock", "sleep_in_sql", "heavy", "trespass"),
    *("text", "number", "dict", "object", "odd", "deep", "huge", "endless", "nowhere", "outside"),
)
"""Nothing of theirs gets onto a page."""
SHOWN: Final = ("good", "block", "spawn", "hostile")
LATE: Final = ("hang", "cling", "burn", "lock", "sleep_in_sql", "heavy")


@pytest.fixture(autouse=True)
def at_school() -> Iterator[None]:
    with set_now(NOW):
        yield


@pytest.fixture(scope="module")
async def wild(
    urls: Urls, databases: Databases, factory: Factory, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Ground]:
    folder = tmp_path_factory.mktemp("chaos")
    with set_now(NOW):
        async with ground((*BROKEN, *SILENT, *SHOWN), "process", folder, urls, factory) as made:
            yield made


def test_what_cannot_be_loaded_is_put_aside_and_the_rest_runs(wild: Ground) -> None:
    states = {one.name: one for one in wild.here.registry.plugins}
    for deed in BROKEN:
        one = states[wild.name(deed)]
        assert one.state is State.QUARANTINED, deed
        assert one.reason, deed
    for deed in (*SILENT, *SHOWN):
        assert states[wild.name(deed)].state is State.LOADED, deed


@pytest.mark.parametrize("deed", ["none", *BROKEN, *SILENT, *SHOWN])
async def test_the_golden_path(wild: Ground, deed: str) -> None:
    plugin = "" if deed in {"none", *BROKEN} else wild.name(deed)
    await golden_path(wild.app, wild.schools[deed], plugin)
    if plugin:
        # It did have its chances.
        assert {"slot", "page"} <= set(wild.calls(deed))


@pytest.mark.parametrize("deed", [*SILENT, *SHOWN])
async def test_a_diary_is_the_same_to_the_byte_but_for_its_place(wild: Ground, deed: str) -> None:
    school = wild.schools[deed]
    child = school.students[0].id
    parent = await sign_in(wild.app, school, "parent")
    with_it = await diary(parent, child)
    await wild.turn(deed, on=False)
    without = await diary(parent, child)
    await wild.turn(deed, on=True)
    assert with_it == await diary(parent, child)
    await parent.aclose()
    part = inserted(without, with_it)
    assert bool(part) is (deed in SHOWN), part
    assert "<script" not in part
    assert part.count("<section") == part.count("</section") == (deed in SHOWN)
    if deed == "hostile":
        assert "&lt;script&gt;alert(1)&lt;/script&gt;{{ 7*7 }}&lt;!--modules--&gt;" in part


async def test_with_all_of_them_at_once_the_good_ones_are_seen(wild: Ground) -> None:
    school = await wild.school()
    child = school.students[0].id
    parent = await sign_in(wild.app, school, "parent")
    teacher = await sign_in(wild.app, school, "teacher")
    without = await diary(parent, child)
    for deed in (*SILENT, *SHOWN):
        await wild.turn(deed, on=True, school=school)
    part = inserted(without, await diary(parent, child))
    assert part.count('<section class="card">') == len(SHOWN)
    assert await save(teacher, school, "9", "") == "saved"
    assert "9" in await diary(parent, child)
    for client in (parent, teacher):
        await client.aclose()


@pytest.mark.parametrize("deed", LATE)
async def test_a_diary_waits_no_longer_than_the_budget(
    wild: Ground, deed: str, caplog: pytest.LogCaptureFixture
) -> None:
    school = wild.schools[deed]
    await reset(wild.name(deed), "the suite")
    await wild.here.board.learn()
    parent = await sign_in(wild.app, school, "parent")
    await diary(parent, school.students[0].id)
    took = []
    with caplog.at_level(logging.WARNING, "kundelik_core.plugins.dispatch"):
        for _ in range(3):
            began = time.monotonic()
            await diary(parent, school.students[0].id)
            took.append(time.monotonic() - began)
    await parent.aclose()
    said = [record.getMessage() for record in caplog.records]
    # What has no connection left is refused one before its time is up.
    assert sum(f"plugin {wild.name(deed)} " in one for one in said) >= 3, said
    assert any(f"{wild.name(deed)} was late in slot diary.week" in one for one in said), said
    # 150 ms for the place; the rest is for a machine that is busy.
    assert min(took) < 0.6


async def test_a_breaker_opens_and_closes(wild: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    deed = "raise"
    school, name = wild.schools[deed], wild.name(deed)
    await reset(name, "the suite")
    await wild.here.board.learn()
    parent = await sign_in(wild.app, school, "parent")
    calls, mended = wild.calls(deed), wild.module(deed).mended
    before = len(calls)

    async def shown(after: float) -> bool:
        """Look at the diary, ``after`` so many seconds for which the plugin is left alone."""
        monkeypatch.setattr(breaker, "OPEN_S", after)
        page = await diary(parent, school.students[0].id)
        # The clock stands still, so what is written can only be told apart by its order.
        await wild.here.board.settle()
        return "wild" in page

    try:
        for _ in range(breaker.MIN_FAILURES + 5):
            assert not await shown(3600)
        assert len(calls) - before == breaker.MIN_FAILURES
        assert not wild.here.board.admits(name)
        # It is still broken when its time has come: left alone again after one call.
        assert not await shown(0)
        assert not await shown(3600)
        assert len(calls) - before == breaker.MIN_FAILURES + 1
        # Mended, it is let in again, and stays.
        mended.set()
        assert await shown(0)
        assert await shown(3600)
    finally:
        mended.clear()
        await parent.aclose()


@pytest.mark.parametrize("deed", ["good", "raise", "quit", "storm", "hang", "text"])
async def test_what_is_not_taken_becomes_a_dead_letter(wild: Ground, deed: str) -> None:
    school, name = await wild.school(), wild.name(deed)
    await wild.turn(deed, on=True, school=school)
    teacher = await sign_in(wild.app, school, "teacher")
    assert await save(teacher, school, "9", "") == "saved"
    await teacher.aclose()
    registry = wild.here.registry
    # As in a worker that has just started: nothing is known of failures before.
    worker = Dispatcher(registry, LocalRunner(registry), JinjaRenderer(registry))
    work = plugin_work(registry, worker, wild.here.allowed.active)
    rounds = 0
    again: datetime | None = NOW
    while again is not None:
        rounds += 1
        assert rounds <= 10
        with set_now(again):
            again = await deliver_due(school.id, name, work._hand_over)
    async with tenant(school.id) as tx:
        letters = await dead_letters(tx, name)
        left = [one for one in await waiting(tx) if one.plugin == name]
    if deed == "good":
        assert (letters, left) == ([], [])
        return
    assert [(one.type, one.tries) for one in letters] == [("mark.recorded.v1", 8)]
    assert [one.waiting for one in left] == [0]


@pytest.mark.parametrize("deed", ["raise", "storm", "hang", "cling", "odd", "leak"])
async def test_nothing_keeps_it_on_in_a_school_that_wants_it_off(wild: Ground, deed: str) -> None:
    school = await wild.school()
    await wild.turn(deed, on=True, school=school)
    director = await sign_in(wild.app, school, "director")
    began = time.monotonic()
    answer = await director.post(f"/office/modules/{wild.name(deed)}/off")
    assert answer.status_code == 303
    assert time.monotonic() - began < 5
    assert "life" in wild.calls(deed)
    seen = len(wild.calls(deed))
    assert (await director.get(f"/classes/{school.class_id}")).status_code == 200
    assert (await director.get(f"/x/{wild.name(deed)}")).status_code == 404
    assert len(wild.calls(deed)) == seen
    await director.aclose()


@pytest.mark.parametrize("deed", ["import_storm", "import_interrupt"])
async def test_the_start_goes_on_after_what_few_catch(
    deed: str, urls: Urls, databases: Databases, factory: Factory, tmp_path: Path
) -> None:
    async with ground((deed,), "process", tmp_path, urls, factory) as made:
        states = {one.name: one.state for one in made.here.registry.plugins}
        assert states[made.name(deed)] is State.QUARANTINED
        await golden_path(made.app, made.schools[deed])
