"""One module asks another: it gets an answer or nothing, and never more than it may."""

import httpx
import pytest

from kundelik_core.kernel.db import tenant
from kundelik_core.plugins import dispatch
from kundelik_core.plugins.actions import disable_plugin
from kundelik_core.web.middleware import Shell
from kundelik_core.web.modules import Host
from tests.integration.webhooks import till
from tests.security.town import Town
from tests.web import browser, open_session


@pytest.fixture
def budget(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dispatch, "BUDGETS", {**dispatch.BUDGETS, "service": 0.05})


async def ask(app: Shell, town: Town, query: str = "", role: str = "teacher") -> httpx.Response:
    till.asked.clear()
    async with browser(app, token=await open_session(town.accounts[role])) as client:
        return await client.get(f"/x/asker/ask?{query}")


async def test_the_answer_comes_back(app: Shell, town: Town, on: Host) -> None:
    assert on.registry.loaded
    answer = await ask(app, town)
    assert answer.json() == {"lines": ["asker.view till.sell"], "refusal": ""}


async def test_who_answers_sees_its_own_and_nothing_of_who_asks(
    app: Shell, town: Town, on: Host
) -> None:
    assert on.registry.loaded
    await ask(app, town)
    ctx, question = till.asked[0]
    assert ctx.actor is not None
    assert ctx.actor.permissions == ("till.sell",)
    assert ctx.actor.roles == ("teacher",)
    assert ctx.school.id == town.here.id
    assert question.feature == "asker.view"
    await ask(app, town, role="parent")
    ctx, _question = till.asked[0]
    assert ctx.actor is not None
    assert ctx.actor.permissions == ()


@pytest.mark.parametrize("scope", ["raise", "odd", "sleep"])
async def test_what_fails_is_nothing(
    app: Shell, town: Town, on: Host, budget: None, scope: str
) -> None:
    assert on.registry.loaded
    answer = await ask(app, town, f"scope={scope}")
    assert (answer.status_code, answer.json()) == (200, None)


async def test_nobody_asks_in_a_circle(app: Shell, town: Town, on: Host) -> None:
    assert on.registry.loaded
    assert (await ask(app, town, "scope=circle")).json()["refusal"] == "inside: None"
    assert len(till.asked) == 1


async def test_what_may_not_be_asked(app: Shell, town: Town, on: Host) -> None:
    assert on.registry.loaded
    assert (await ask(app, town, "name=other.v1")).json() == {"error": "PermissionError"}
    assert (await ask(app, town, "wrong=1")).json() == {"error": "TypeError"}
    assert (await ask(app, town, "scope=" + "x" * 17_000)).json() == {"error": "TypeError"}
    assert not till.asked


async def test_who_is_off_for_the_school_is_not_asked(app: Shell, town: Town, on: Host) -> None:
    async with tenant(town.here.id, write=True) as tx:
        await disable_plugin(tx, "till", town.here.people["director"])
    assert (await ask(app, town)).json() is None
    assert not till.asked
