"""A plugin of level `platform`: on in every school once it is approved, off everywhere without."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime

import httpx
import pytest

from kundelik_core.kernel.clock import set_now
from kundelik_core.kernel.db import tenant
from kundelik_core.kernel.errors import Problem
from kundelik_core.kernel.ids import new_id
from kundelik_core.plugins.actions import enable_plugin
from kundelik_core.plugins.context import call_for
from kundelik_core.plugins.discover import find_plugins
from kundelik_core.plugins.life.operate import approve, withdraw
from kundelik_core.plugins.life.running import Running, running_plugins
from kundelik_core.plugins.life.running import running as plugins
from kundelik_core.plugins.states import State
from kundelik_core.plugins.switching import Switch
from kundelik_core.sdk import School
from kundelik_core.web.middleware import Shell
from tests.factories import Factory
from tests.integration.plugin_life.conftest import Bench
from tests.plugins import keys_for
from tests.security.town import Town, make_town
from tests.web import browser, open_session, running

NAME = "redirect"
SHUT = {
    "kk": "Жүйе операторы оны барлық мектеп үшін өшірді.",
    "ru": "Оператор системы выключил его для всех школ.",
    "en": "Whoever runs the installation has switched it off for all schools.",
}
WEDNESDAY = datetime(2026, 11, 4, 8, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def at_school() -> Iterator[None]:
    with set_now(WEDNESDAY):
        yield


async def send(
    app: Shell, town: Town, path: str, data: dict[str, str] | None = None, lang: str = "en"
) -> httpx.Response:
    token = await open_session(town.accounts["director"])
    async with browser(app, token=token) as client:
        client.cookies.set("kundelik_lang", lang, domain="kundelik.test")
        return await (client.get(path) if data is None else client.post(path, data=data))


def state_of(here: Running) -> State:
    return next(one.state for one in here.registry.plugins if one.name == NAME)


async def test_it_is_on_in_each_school_without_a_switch_until_it_is_taken_back(
    bench: Bench, factory: Factory
) -> None:
    schools = [await factory.school() for _ in range(3)]
    found = next(one for one in find_plugins() if one.name == NAME)
    async with running_plugins(bench.settings, keys=keys_for(bench.urls)) as here:
        assert state_of(here) is State.LOADED
        assert here.registry.loaded[NAME].manifest.level == "platform"
        for school in schools:
            assert NAME in await here.allowed.active(school)
            async with tenant(school) as tx:
                sql = "select count(*) from core.school_plugin p where p.school_id = $1"
                assert await tx.fetchval(sql, tx.school_id) == 0
        # A school that was made meanwhile has it too, and nobody has to do anything for it.
        assert NAME in await here.allowed.active(await factory.school())
        try:
            await withdraw(bench.op, NAME, "the contract with the service has ended")
            await here.board.learn()  # as the hub makes it do
            for school in schools:
                assert NAME not in await here.allowed.active(school)
                assert NAME not in here.allowed.theirs(school, new_id())
            async with running_plugins(bench.settings, keys=keys_for(bench.urls)) as later:
                assert state_of(later) is State.FOUND
                assert NAME not in later.registry.loaded
        finally:
            await approve(bench.op, found, mode="process")
    async with running_plugins(bench.settings, keys=keys_for(bench.urls)) as again:
        for school in schools:
            assert NAME in await again.allowed.active(school)


async def test_no_school_can_switch_it(bench: Bench, factory: Factory) -> None:
    school, by = await factory.school(), new_id()
    call = call_for(School(id=school, name="M", zone="Asia/Almaty"), "en")
    async with running_plugins(bench.settings, keys=keys_for(bench.urls)) as here:
        switch = Switch(here.registry, here.dispatcher, here.allowed)
        for turn in (switch.on, switch.off):
            with pytest.raises(Problem, match="There is no plugin"):
                await turn(school, NAME, by, call)
        async with tenant(school, write=True) as tx:
            with pytest.raises(Problem, match="There is no plugin"):
                await enable_plugin(tx, here.registry, NAME, by)
        assert NAME in await here.allowed.active(school)


async def test_the_page_of_a_school_says_whose_it_is_and_has_no_switch(
    bench: Bench, factory: Factory
) -> None:
    town = await make_town(factory)
    # The version before it was the school's to switch, and this one had it on.
    await factory.tenant.execute(
        "insert into core.school_plugin (school_id, plugin, on_at, on_by) values ($1, $2, $3, $4)",
        town.here.id, NAME, WEDNESDAY, town.here.people["director"],
    )  # fmt: skip
    words = {
        "kk": "Бұл модульді барлық мектеп үшін жүйе операторы қосып-өшіреді.",
        "ru": "Этот модуль для всех школ включает и выключает оператор системы.",
        "en": "Whoever runs the installation switches this module for all schools.",
    }
    async with running() as app:
        for lang, says in words.items():
            page = await send(app, town, f"/office/modules/{NAME}", lang=lang)
            assert page.status_code == 200
            assert says in page.text
            assert f'action="/office/modules/{NAME}/' not in page.text
            cards = (await send(app, town, "/office/modules", lang=lang)).text
            card = next(one for one in cards.split("<section") if f"/modules/{NAME}?" in one)
            assert says in card
            assert "<form" not in card
            assert 'class="tag on"' in card
        for turn in ("on", "off"):
            answer = await send(app, town, f"/office/modules/{NAME}/{turn}", {})
            assert answer.status_code == 404
        # Once the operator takes it back, the school is told so, and nothing says that it is on.
        try:
            await withdraw(bench.op, NAME, "the contract with the service has ended")
            await plugins().board.learn()
            for lang, says in SHUT.items():
                page = await send(app, town, f"/office/modules/{NAME}", lang=lang)
                assert says in page.text
                assert 'class="tag on"' not in page.text
                assert f'action="/office/modules/{NAME}/' not in page.text
        finally:
            found = next(one for one in find_plugins() if one.name == NAME)
            await approve(bench.op, found, mode="process")
            await plugins().board.learn()
        assert re.search('class="tag on"', (await send(app, town, f"/office/modules/{NAME}")).text)
