"""What the operator sees of plugins, and can do about them from a browser."""

from collections.abc import AsyncIterator

import httpx
import pytest

from kundelik_core.kernel.clock import now
from kundelik_core.kernel.db import directory, tenant
from kundelik_core.kernel.ids import new_id
from kundelik_core.schools.queries.schools import list_schools
from kundelik_core.web.middleware import Shell
from kundelik_core.web.paging import PAGE
from tests.factories import Factory
from tests.integration.plugin_life.conftest import Bench
from tests.integration.plugin_life.samples import install
from tests.security.town import CHILD_HERE, Town, make_town
from tests.web import browser, open_session, running

NAME = "birthdays"


@pytest.fixture(scope="module")
async def town(factory: Factory) -> Town:
    return await make_town(factory)


@pytest.fixture
async def app(databases: object) -> AsyncIterator[Shell]:
    _ = databases
    async with running() as made:
        yield made


async def send(
    app: Shell, town: Town, role: str, path: str, data: dict[str, str] | None = None
) -> httpx.Response:
    async with browser(app, token=await open_session(town.accounts[role])) as client:
        client.cookies.set("kundelik_lang", "en", domain="kundelik.test")
        if data is None:
            return await client.get(path)
        return await client.post(path, data=data)


async def test_plugins_are_listed_with_their_states(app: Shell, town: Town, bench: Bench) -> None:
    stranger = bench.name("stranger")
    install(bench.site, stranger)
    page = await send(app, town, "operator", "/platform/plugins")
    assert page.status_code == 200
    assert f'href="/platform/plugins/{NAME}"' in page.text
    assert "running" in page.text
    assert stranger in page.text
    assert CHILD_HERE not in page.text
    asked = (await send(app, town, "operator", f"/platform/plugins/{stranger}")).text
    assert f"kundelik plugin approve {stranger}" in asked
    assert "Hold it back" not in asked
    assert (await send(app, town, "operator", "/platform/plugins/nothing")).status_code == 404
    assert (await send(app, town, "director", "/platform/plugins")).status_code == 403


async def test_holding_back_and_letting_go(app: Shell, town: Town) -> None:
    path = f"/platform/plugins/{NAME}"
    page = (await send(app, town, "operator", path)).text
    assert "Hold it back everywhere" in page
    assert "the suite" in page
    try:
        reason = {"reason": "  slow   since noon "}
        assert (await send(app, town, "operator", f"{path}/trip", reason)).status_code == 303
        page = (await send(app, town, "operator", path)).text
        assert "The operator holds it back until it is let go: slow since noon" in page
        assert "Let it go" in page
        assert (await send(app, town, "director", f"{path}/reset", {})).status_code == 403
    finally:
        assert (await send(app, town, "operator", f"{path}/reset", {})).status_code == 303
    page = (await send(app, town, "operator", path)).text
    assert "Hold it back everywhere" in page
    assert "held back" in page
    assert (await send(app, town, "operator", f"{path}/erase", {})).status_code == 404
    await directory().execute("update directory.plugin_breaker set phase = 'closed'")


async def test_events_that_were_not_taken(app: Shell, town: Town) -> None:
    path = f"/platform/plugins/{NAME}/letters"
    school = town.here.id
    # Other tests' schools come first, a page of them at a time.
    there = 0
    while school not in {one.id for one in (await list_schools(first=there))[0]}:
        there += PAGE
    shown = f"{path}?from={there}"
    async with tenant(school, write=True) as tx:
        for _ in range(2):
            await tx.execute(
                "insert into core.outbox (school_id, id, plugin, type, subject, occurred_at, data,"
                " tries, next_at, state, error) values "
                "($1, $2, $3, 'mark.recorded.v1', $2, $4, '{}', 8, $4, 'dead', 'ValueError')",
                school, new_id(), NAME, now(),
            )  # fmt: skip
    page = await send(app, town, "operator", shown)
    assert page.text.count("ValueError") == 2
    assert CHILD_HERE not in page.text
    body = {"school": str(school)}
    assert (await send(app, town, "director", f"{path}/retry", body)).status_code == 403
    assert (await send(app, town, "operator", f"{path}/retry", body)).status_code == 303
    assert "ValueError" not in (await send(app, town, "operator", shown)).text
    async with tenant(school, write=True) as tx:
        await tx.execute(
            "update core.outbox set state = 'dead' where school_id = $1 and plugin = $2",
            school, NAME,
        )  # fmt: skip
    assert (await send(app, town, "operator", f"{path}/discard", body)).status_code == 303
    async with tenant(school) as tx:
        sql = "select count(*) from core.outbox o where o.school_id = $1 and o.plugin = $2"
        assert await tx.fetchval(sql, school, NAME) == 0
    for odd in ({}, {"school": "x"}, {"school": "0"}):
        assert (await send(app, town, "operator", f"{path}/retry", odd)).status_code == 404
