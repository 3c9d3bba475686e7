"""Messages from outside: who may send what, to whom it gets, and what the sender is told."""

import json
import logging
from typing import Any

import httpx
import pytest

from kundelik_core.kernel.db import directory, jobs_pool, tenant
from kundelik_core.plugins import dispatch
from kundelik_core.plugins.actions import disable_plugin
from kundelik_core.sdk import MAX_WEBHOOK_BYTES
from kundelik_core.web import hooks_x
from kundelik_core.web.middleware import Shell
from kundelik_core.web.modules import Host
from kundelik_core.web.security import is_door
from tests.integration.webhooks import till
from tests.security.town import Town
from tests.web import browser, open_session

DOOR = "/x/till/hook/bank"


@pytest.fixture(autouse=True)
async def afresh() -> None:
    till.got.clear()
    hooks_x._shut.clear()
    await directory().execute("select directory.forget_hits($1)", "hook:till:192.0.2.9")


@pytest.fixture
def budget(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dispatch, "BUDGETS", {**dispatch.BUDGETS, "webhook": 0.05})


async def send(
    app: Shell, path: str = DOOR, *, signed: bool = True, body: bytes | None = None, **told: Any
) -> httpx.Response:
    """Send as a machine does, from a page of nobody."""
    headers = {"x-signature": "signed"} if signed else {}
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app, raise_app_exceptions=False, client=("192.0.2.9", 1)),
        base_url="http://kundelik.test",
    ) as client:
        content = json.dumps(told).encode() if body is None else body
        return await client.post(path, content=content, headers=headers)


async def test_a_proved_message_gets_to_its_school(app: Shell, town: Town, on: Host) -> None:
    assert on.registry.loaded
    answer = await send(app, school=town.here.id)
    assert (answer.status_code, answer.text) == (200, "taken")
    assert [school for school, _request in till.got] == [None, town.here.id]
    assert till.got[0][1] == till.got[1][1]
    assert answer.headers["content-type"].startswith("text/plain")
    assert answer.headers["cache-control"] == "no-store"


async def test_it_needs_no_session_and_gets_none(app: Shell, town: Town, on: Host) -> None:
    assert on.registry.loaded
    token = await open_session(town.accounts["director"])
    async with browser(app, token=token, **{"Sec-Fetch-Site": "cross-site"}) as client:
        headers = {"Origin": "https://bank.example", "X-Signature": "signed", "X-Twice": "1"}
        told = json.dumps({"school": town.here.id})
        answer = await client.post(f"{DOOR}?a=1&a=2", content=told, headers=headers)
    assert answer.status_code == 200
    request = till.got[-1][1]
    assert "cookie" not in request.headers
    assert request.headers["x-twice"] == "1"
    assert request.query == {"a": ("1", "2")}
    assert "set-cookie" not in answer.headers


async def test_only_the_door_is_open_to_other_sites(app: Shell, town: Town, on: Host) -> None:
    assert on.registry.loaded
    token = await open_session(town.accounts["teacher"])
    for path in ("/x/till/away", "/x/till/hook", f"{DOOR}/more", "/x/till/hook/", "/login"):
        async with browser(app, token=token, **{"Sec-Fetch-Site": "cross-site"}) as client:
            assert (await client.post(path)).status_code == 403, path
    assert is_door(DOOR)
    assert not any(map(is_door, (f"{DOOR}/more", "/x/till/hook", "/x//hook/bank", "/a" + DOOR)))
    assert not till.got


async def test_what_is_not_proved_is_the_modules_to_refuse(app: Shell, on: Host) -> None:
    assert on.registry.loaded
    answer = await send(app, signed=False, school=1)
    assert (answer.status_code, answer.text) == (400, "not signed")
    assert len(till.got) == 1


async def test_where_the_module_is_off_the_sender_is_to_ask_again(
    app: Shell, town: Town, on: Host
) -> None:
    assert on.registry.loaded
    for school in (town.away.id, 999_999, -5, 2**40):
        answer = await send(app, school=school)
        assert answer.status_code == 503, school
        assert answer.headers["retry-after"] == "60"
        assert answer.headers["content-type"] == "application/problem+json"
    async with tenant(town.here.id, write=True) as tx:
        await disable_plugin(tx, "till", town.here.people["director"])
    assert (await send(app, school=town.here.id)).status_code == 503
    assert all(school is None for school, _request in till.got)


@pytest.mark.parametrize("path", ["/x/till/hook/none", "/x/asker/hook/bank", "/x/none/hook/bank"])
async def test_doors_that_are_not_there(app: Shell, on: Host, path: str) -> None:
    assert on.registry.loaded
    assert (await send(app, path, school=1)).status_code == 404
    assert not till.got


async def test_a_door_takes_messages_only(app: Shell, town: Town, on: Host) -> None:
    assert on.registry.loaded
    token = await open_session(town.accounts["teacher"])
    async with browser(app, token=token) as client:
        for method in ("GET", "PUT", "DELETE"):
            assert (await client.request(method, DOOR)).status_code in {404, 405}
    assert not till.got


async def test_a_message_is_bounded(app: Shell, town: Town, on: Host) -> None:
    assert on.registry.loaded
    most = json.dumps({"school": town.here.id}).encode().ljust(MAX_WEBHOOK_BYTES)
    assert (await send(app, body=most)).status_code == 200
    answer = await send(app, body=most + b" ")
    assert answer.status_code == 413
    assert answer.json()["code"] == "too-large"
    assert len(till.got) == 2


@pytest.mark.parametrize("do", ["raise", "odd", "sleep", "raise inside", "twice", "teapot"])
async def test_a_handler_that_fails_is_asked_again_and_quotes_nothing(
    app: Shell,
    town: Town,
    on: Host,
    budget: None,
    do: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    assert on.registry.loaded
    with caplog.at_level(logging.DEBUG):
        answer = await send(app, school=town.here.id, do=do, about=till.SECRET)
    assert answer.status_code == 503
    assert answer.json()["code"] == "try-again"
    for text in (caplog.text, answer.text):
        assert till.SECRET not in text
        assert "signed" not in text


async def test_what_strangers_send_trips_nothing(app: Shell, town: Town, on: Host) -> None:
    assert on.registry.loaded
    for _n in range(40):
        assert (await send(app, school=town.here.id, do="raise")).status_code == 503
    assert (await send(app, school=town.here.id)).status_code == 200


async def test_a_long_answer_is_cut(app: Shell, town: Town, on: Host) -> None:
    assert on.registry.loaded
    assert len((await send(app, school=town.here.id, do="long")).text) == 1024


async def test_the_job_is_queued_once_and_for_this_school(app: Shell, town: Town, on: Host) -> None:
    assert on.registry.loaded
    count = (
        "select count(*) from procrastinate.procrastinate_jobs j where j.queue_name = 'jobs.till' "
        "and j.status = 'todo' and (j.args->>'school_id')::int = $1"
    )
    for then in ("till.work", "till.work", "till.all", "till.none"):
        answer = await send(app, school=town.here.id, then=then)
        assert answer.status_code == 200
    assert await jobs_pool().fetchval(count, town.here.id) == 1
    row = await jobs_pool().fetchrow(
        "select j.queueing_lock, j.args from procrastinate.procrastinate_jobs j "
        "where j.queue_name = 'jobs.till'"
    )
    assert row is not None
    # That of the schedule's own runs: one that waits already is enough.
    assert row["queueing_lock"] == f"till.till.work:{town.here.id}"
    assert json.loads(row["args"])["payload"]["job"] == "till.work"


async def test_who_is_refused_again_and_again_is_not_listened_to(
    app: Shell, town: Town, on: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert on.registry.loaded
    monkeypatch.setattr(hooks_x, "MOST_REFUSED", 5)
    for _n in range(6):
        assert (await send(app, signed=False)).status_code == 400
    answer = await send(app, school=town.here.id)
    assert answer.status_code == 429
    assert answer.headers["retry-after"] == "60"
    # Another worker has the same count, and learns of it with the first message it refuses.
    hooks_x._shut.clear()
    assert (await send(app, signed=False)).status_code == 400
    assert (await send(app, signed=False)).status_code == 429


async def test_what_is_proved_is_never_too_much(
    app: Shell, town: Town, on: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert on.registry.loaded
    monkeypatch.setattr(hooks_x, "MOST_REFUSED", 2)
    for _n in range(10):
        assert (await send(app, school=town.here.id)).status_code == 200
