"""A way to pay that is a plugin: from the button over its service to what was paid for."""

import re
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from kundelik_redirect.messages import PATH
from kundelik_redirect.signing import stamp

from kundelik_core.kernel import clock
from kundelik_core.kernel.boot import Urls
from kundelik_core.kernel.db import Databases, jobs_pool
from kundelik_core.plugins.database import PluginPools
from kundelik_core.plugins.declared import HandlerRef
from kundelik_core.plugins.life.running import running as plugins
from kundelik_core.plugins.work import school_call
from kundelik_core.sdk import JobRun
from tests.factories import Factory
from tests.fake_local.service import Local, local_service
from tests.integration.payments.counter import WEDNESDAY, Counter, open_counter
from tests.plugins import SIGNER, keys_for
from tests.web import browser, running

KEY = "n" * 32


@pytest.fixture(scope="module")
def local() -> Iterator[Local]:
    with local_service(KEY) as found:
        yield found


@pytest.fixture(scope="module")
async def counter(
    databases: Databases, urls: Urls, factory: Factory, local: Local
) -> AsyncIterator[Counter]:
    assert databases.jobs_url
    pools = PluginPools(keys_for(urls).logins.url_for)
    secrets = {"REDIRECT_URL": local.url, "REDIRECT_KEY": KEY, "REDIRECT_MERCHANT": "77"}
    hosts = {"REDIRECT": (local.url.removeprefix("http://"),)}
    with clock.set_now(WEDNESDAY):
        async with running(secrets=secrets, plugin_hosts=hosts) as app:
            yield await open_counter(app, factory, pools)
    await pools.close()


async def rows(counter: Counter, sql: str, *args: object) -> list[dict[str, Any]]:
    token = SIGNER.mint("payments", counter.town.here.id, 60)
    async with counter.pools.of("payments").transaction(token) as tx:
        return [dict(row) for row in await tx.fetch(sql, *args)]


async def work(counter: Counter, name: str = "payments.work") -> None:
    """Run a job of the plugin that keeps the orders, as the worker does."""
    host, school = plugins(), counter.town.here.id
    on = await host.allowed.active(school)
    ref = HandlerRef("payments", "job", name)
    run = JobRun(due_at=clock.now())
    outcome = await host.dispatcher.call(ref, run, on, await school_call(school))
    assert outcome.done, outcome.error


async def go(counter: Counter) -> str:
    """Choose the local service on the page to buy; return our word for the payment."""
    page = await counter.shop(query=f"&student={counter.children[0]}")
    form = counter.form(page, way="redirect")
    away = await counter.send("parent", "buy", form)
    assert away.status_code == 200, away.text
    found = re.search(r"reference=(\d+-[2-9A-Z]{10}-\d+)", away.headers["refresh"])
    assert found
    return found[1]


async def tell(counter: Counter, about: str, event: str, key: str = KEY) -> httpx.Response:
    """Send a message as the service does, from nobody's browser."""
    body = f'{{"event": "{event}", "type": "paid", "reference": "{about}"}}'.encode()
    headers = stamp("POST", PATH, body, key, clock.now())
    async with browser(counter.app) as client:
        return await client.post(PATH, content=body, headers=headers)


async def paid(counter: Counter, local: Local, event: str) -> str:
    reference = await go(counter)
    code = reference.split("-")[1]
    (row,) = await rows(
        counter,
        "select m.amount_minor from payment m join purchase o on o.id = m.purchase_id "
        "where o.public_id = $1", code,
    )  # fmt: skip
    local.pay(reference, amount=row["amount_minor"])
    assert (await tell(counter, reference, event)).status_code == 200
    return reference


async def state_of(counter: Counter, reference: str) -> str:
    sql = "select o.id, o.state from purchase o where o.public_id = $1"
    (row,) = await rows(counter, sql, reference.split("-")[1])
    return str(row["state"])


async def test_a_message_opens_what_was_paid_for_and_money_goes_back(
    counter: Counter, local: Local
) -> None:
    reference = await paid(counter, local, "e1")
    assert await state_of(counter, reference) == "pending", "a message alone is believed"
    queued = await jobs_pool().fetchval(
        "select count(*) from procrastinate.procrastinate_jobs j "
        "where j.queueing_lock = $1", f"payments.payments.work:{counter.town.here.id}",
    )  # fmt: skip
    assert queued == 1
    for _ in range(2):
        assert (await tell(counter, reference, "e1")).status_code == 200
    await work(counter)
    assert await state_of(counter, reference) == "paid"
    granted = "select feature from core_api.entitlement_v1 where student_id = $1"
    assert {row["feature"] for row in await rows(counter, granted, counter.children[0])} == {
        "praise.extra"
    }
    sql = "select o.id from purchase o where o.public_id = $1"
    (order,) = await rows(counter, sql, reference.split("-")[1])
    back = await counter.send("parent", f"orders/{order['id']}/refund", {"line": "1"})
    assert back.headers["location"].endswith("?done=refund"), back.headers["location"]
    assert sum(one["amount"] for one in local.payments[reference]["refunds"]) == 150_000
    assert (await rows(counter, granted, counter.children[0])) == []
    assert not any(child in one for one in local.seen for child in map(str, counter.children))


async def test_a_lost_message_is_found_and_a_forged_one_is_not_kept(
    counter: Counter, local: Local
) -> None:
    reference = await go(counter)
    local.pay(reference, amount=1)
    before = await rows(counter, "select event_id from webhook_inbox")
    assert (await tell(counter, reference, "e7", "x" * 32)).status_code == 400
    assert await rows(counter, "select event_id from webhook_inbox") == before
    await work(counter, "payments.reconcile")
    assert await state_of(counter, reference) == "pending", "a tiyn has paid for a month"
    local.pay(reference, amount=150_000)
    other = await go(counter)
    local.pay(other, amount=150_000)
    await work(counter, "payments.reconcile")
    assert await state_of(counter, other) == "paid"


async def test_a_school_that_does_not_want_it_does_not_offer_it_and_pays_back_all_the_same(
    counter: Counter, local: Local
) -> None:
    reference = await paid(counter, local, "e9")
    await work(counter)
    assert 'value="redirect"' in (await counter.shop()).text
    await counter.allow(services=False)
    try:
        assert 'value="redirect"' not in (await counter.shop()).text
        sql = "select o.id from purchase o where o.public_id = $1"
        (order,) = await rows(counter, sql, reference.split("-")[1])
        back = await counter.send("parent", f"orders/{order['id']}/refund", {"line": "1"})
        assert back.headers["location"].endswith("?done=refund"), back.headers["location"]
        assert sum(one["amount"] for one in local.payments[reference]["refunds"]) == 150_000
    finally:
        await counter.allow()
    assert 'value="redirect"' in (await counter.shop()).text


async def test_a_service_that_fails_costs_nobody_an_order(
    counter: Counter, local: Local, monkeypatch: pytest.MonkeyPatch
) -> None:
    reference = await paid(counter, local, "e11")
    monkeypatch.setattr(local, "status", 500)
    await work(counter)
    assert await state_of(counter, reference) == "pending"
    monkeypatch.setattr(local, "status", 200)
    with clock.set_now(datetime(2026, 11, 4, 8, 30, tzinfo=UTC)):
        await work(counter)
        assert await state_of(counter, reference) == "paid"
