"""A plugin in a process of its own answers as it does in the core's, and fails as it does there."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from kundelik_core.plugins.declared import HandlerRef
from kundelik_core.plugins.discover import find_plugins
from kundelik_core.plugins.dispatch import Dispatcher
from kundelik_core.plugins.host.runner import RunnerSwitch
from kundelik_core.plugins.outcome import OutcomeState
from kundelik_core.plugins.registry import Registry, load_plugins
from kundelik_core.plugins.render import JinjaRenderer
from kundelik_core.plugins.runner import LocalRunner
from kundelik_core.plugins.states import State
from kundelik_core.sdk import SLOTS, Actor, PageRequest, Upload
from kundelik_core.testing import samples
from tests.integration.plugin_host.hosting import (
    ARGS,
    NAME,
    Hosting,
    asked,
    call_of,
    done,
    hosting,
    said,
    trial,
)
from tests.unit.plugins.dists import Site


class Both:
    """The same plugin, loaded in this process and in one of its own."""

    def __init__(self, hosted: Hosting, here: Registry) -> None:
        self.hosted, self.registry = hosted, here

    @property
    def there(self) -> Dispatcher:
        """A new one each time: no breaker remembers the failures of the test before."""
        return self.hosted.dispatcher()

    @property
    def here(self) -> Dispatcher:
        return Dispatcher(self.registry, LocalRunner(self.registry), JinjaRenderer(self.registry))

    async def slot(self, what: str) -> list[list[str]]:
        return [
            [str(one.html) for one in await way.render_slot("class.page", ARGS, {NAME}, call)]
            for way, call in ((self.here, call_of(what)), (self.there, call_of(what)))
        ]


@pytest.fixture(scope="module")
async def both(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Both]:
    site = Site(tmp_path_factory.mktemp("site"))
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(site.folder)
        found = trial(site)
        with hosting(tmp_path_factory.mktemp("data"), site, found) as hosted:
            assert hosted.load(found).loaded
            yield Both(hosted, load_plugins([found], {NAME}))
            await hosted.hosted.close()


def test_the_declarations_are_the_same_and_nothing_of_it_is_callable_here(both: Both) -> None:
    here, there = both.registry.loaded[NAME], both.hosted.registry.loaded[NAME]
    assert there.declared == here.declared
    assert (there.manifest, there.version, there.root) == (here.manifest, here.version, here.root)
    assert not there.handlers
    assert there.settings_model is None


@pytest.mark.parametrize(
    "what",
    [
        *("ok", "names", "who", "none", "text", "dict", "object", "number", "nowhere", "deep"),
        *("raise", "odd", "quit", "interrupt", "cancel", "recurse", "huge", "slow"),
    ],
)
async def test_a_slot_shows_the_same(both: Both, what: str) -> None:
    here, there = await both.slot(what)
    assert here == there
    assert bool(there) == (what in {"ok", "names", "who"})


@pytest.mark.parametrize(
    ("what", "state"),
    [
        ("ok", OutcomeState.DONE),
        ("raise", OutcomeState.RAISED),
        ("odd", OutcomeState.RAISED),
        ("quit", OutcomeState.RAISED),
        ("cancel", OutcomeState.RAISED),
        ("recurse", OutcomeState.RAISED),
        ("count", OutcomeState.RAISED),
    ],
)
async def test_a_command_ends_the_same(both: Both, what: str, state: OutcomeState) -> None:
    here, there = await done(both.here, what), await done(both.there, what)
    assert here.state is there.state is state
    assert here.value == there.value


async def test_an_error_says_what_and_where(both: Both) -> None:
    outcome = await done(both.there, "raise")
    assert str(outcome.error) == "RuntimeError: boom"
    assert outcome.error is not None
    assert "plugin.py" in outcome.error.__notes__[0]


@pytest.mark.parametrize("what", ["html", "to", "json", "file", "none", "nothing"])
async def test_a_page_answers_the_same(both: Both, what: str) -> None:
    here = await asked(both.here, what=what, size="1000")
    there = await asked(both.there, what=what, size="1000")
    assert (here.state, here.value) == (there.state, there.value)
    assert there.done == (what != "none")


async def test_files_go_both_ways_within_their_bounds(both: Both) -> None:
    upload = Upload(name="a", media_type="b", content=b"\0" * (5 << 20))
    request = PageRequest(query={"what": ("upload",)}, files={"a": upload})
    ref = HandlerRef(NAME, "page", "GET a/{number:int}")
    outcome = await both.there.call(ref, request, {NAME}, call_of("s"))
    assert outcome.value.value == {"a": 5 << 20}
    assert (await asked(both.there, what="file", size=str(2_000_000))).done
    outcome = await asked(both.there, what="file", size=str(3_000_000))
    assert outcome.state is OutcomeState.MISFIT


async def test_the_context_is_the_same(both: Both) -> None:
    more: dict[str, Any] = {
        "now": datetime(2026, 11, 24, 20, 30, tzinfo=UTC),
        "locale": "kk",
        "actor": Actor(person_id=UUID(int=9), roles=("teacher",)),
    }
    for what in ("now", "who"):
        assert await said(both.here, what, **more) == await said(both.there, what, **more)
    assert "2026-11-25" in await said(both.there, "now", **more)


async def test_a_switch_sends_each_plugin_where_it_runs(both: Both) -> None:
    here, there = LocalRunner(both.registry), both.hosted.hosted.runner
    pids = []
    for names in ((), (NAME,)):
        switch = RunnerSwitch(here, there, names)
        dispatcher = Dispatcher(both.registry, switch, JinjaRenderer(both.registry))
        pids.append(await said(dispatcher, "pid"))
    assert pids == [await said(both.here, "pid"), await said(both.there, "pid")]
    assert pids[0] != pids[1]


async def test_first_party_plugins_answer_the_same_in_both_modes(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    found = [
        one
        for one in find_plugins()
        if one.state is State.FOUND and one.dist.startswith("kundelik-")
    ]
    assert "birthdays" in {one.name for one in found}
    site = Site(tmp_path_factory.mktemp("none"))
    here = load_plugins(found, {one.name for one in found})
    with hosting(tmp_path_factory.mktemp("data"), site, *found) as hosted:
        there = hosted.load(*found)
        assert {n: o.declared for n, o in there.loaded.items()} == {
            n: o.declared for n, o in here.loaded.items()
        }
        ways = Dispatcher(here, LocalRunner(here), JinjaRenderer(here)), hosted.dispatcher()
        shown = 0
        for slot, kind in SLOTS.items():
            for make in (samples.empty, samples.full, samples.odd):
                call = call_of("s")
                args = make(kind, call.now.date())
                before, after = [
                    await way.render_slot(slot, args, set(here.loaded), call) for way in ways
                ]
                assert before == after
                shown += len(after)
        assert shown
        await hosted.hosted.close()
