"""Messages of a payment service in a burst: how many a second are taken, and is each worked on?

``python -m bench.webhooks`` brings its own database, server, schools and a fake Stripe. Every order
is a page that was paid at the fake; its message is sent to the server over many connections, as
fast as they are answered. Then it waits until the workers have worked them off, and counts in the
core's own books: an order that was paid and not granted is a loss.
"""

import argparse
import asyncio
import http.client
import json
import os
import shutil
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import asyncpg
import msgspec
import stripe
from kundelik_payments.cashdesk import Desk, cashier_for
from kundelik_payments.domain.codes import new_code
from kundelik_payments.domain.model import Order, OrderLine
from kundelik_payments.providers.spi import Redirect
from kundelik_payments.service import checkout

from bench.server import BenchError, cpu_us, family, server, spent_us
from kundelik_core.entitlements.catalogue.actions import put_product, set_price
from kundelik_core.entitlements.catalogue.model import Price, Product
from kundelik_core.kernel import clock
from kundelik_core.kernel.boot import Urls, migrate_all, open_databases, start_postgres
from kundelik_core.kernel.db import use_databases
from kundelik_core.kernel.ids import new_id
from kundelik_core.kernel.pg import EmbeddedPostgres
from kundelik_core.kernel.settings import Settings
from kundelik_core.plugins.context import Facades, call_for
from kundelik_core.plugins.database import PluginPool
from kundelik_core.plugins.discover import find_plugins
from kundelik_core.plugins.life.keys import Keys, keys_of
from kundelik_core.plugins.life.operate import approve_all_first_party
from kundelik_core.plugins.life.operator import operator
from kundelik_core.plugins.life.running import Running, running_plugins
from kundelik_core.sdk import School, Text
from kundelik_core.testing.factory import Factory
from kundelik_core.web.setup import LOADERS
from tests.fake_stripe.remote import Fake, running

__all__ = ["Result", "run"]

SIGNING: Final = "whsec_bench"
PATH: Final = "/x/payments/hook/stripe"
_TITLE: Final = Text(kk="Сынақ", ru="Проба", en="Bench")
_AGAIN: Final = 5


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a burst."""

    messages: int
    sent: int
    seconds_to_take: float
    taken_per_s: float
    seconds_to_drain: float
    drained_per_s: float
    lost: int
    granted_twice: int
    cpu_ms: dict[str, float]
    """Processor time for each message: of the server with its worker, of PostgreSQL, of the fake
    Stripe and of the sender here."""


class _Burst(msgspec.Struct, kw_only=True):
    urls: Urls
    place: Path
    fake: Fake
    keys: Keys
    factory: Factory
    host: Running
    price: UUID
    schools: int
    orders: int

    @property
    def secrets(self) -> dict[str, str]:
        return {
            "stripe_key": "sk_test_fake",
            "stripe_webhook": SIGNING,
            "stripe_address": self.fake.url,
        }


class _Cpu:
    """How much processor time each side uses from now on."""

    def __init__(self, server_pid: int, postgres_pid: int, fake_pid: int) -> None:
        self._roots = {"server": server_pid, "postgres": postgres_pid, "fake": fake_pid}
        self._before = self._now()

    def _now(self) -> dict[str, dict[int, float]]:
        now = {name: cpu_us(family(root)) for name, root in self._roots.items()}
        return {**now, "sender": cpu_us([os.getpid()])}

    def each(self, messages: int) -> dict[str, float]:
        """Return what each has used for a message, in milliseconds."""
        now = self._now()
        return {
            name: round(spent_us(before, now[name]) / messages / 1000, 2)
            for name, before in self._before.items()
        }


def run(schools: int, orders: int) -> Result:
    """Measure in a folder that goes away again."""
    place = Path(tempfile.mkdtemp(prefix="kundelik-bench-"))
    place.chmod(0o755)
    try:
        urls, postgres = start_postgres(Settings(data_dir=place))
        if postgres is None:
            raise BenchError("the benchmark brings its own database")
        try:
            with running() as fake:
                return asyncio.run(_run(urls, postgres, place, fake, schools, orders))
        finally:
            postgres.stop()
    finally:
        shutil.rmtree(place, ignore_errors=True)


async def _run(
    urls: Urls, postgres: EmbeddedPostgres, place: Path, fake: Fake, schools: int, orders: int
) -> Result:
    await migrate_all(urls, postgres, LOADERS)
    settings = Settings(data_dir=place)
    keys = keys_of(settings, urls.tenant)
    await _approve(urls, settings, keys)
    databases = await open_databases(urls, settings)
    use_databases(databases)
    factory = await Factory.open(urls)
    try:
        async with running_plugins(settings, keys=keys) as host:
            burst = _Burst(
                urls=urls, place=place, fake=fake, keys=keys, factory=factory, host=host,
                price=await _price(), schools=schools, orders=orders,
            )  # fmt: skip
            messages = await _paid_orders(burst)
        return await _measured(burst, messages)
    finally:
        await factory.close()
        use_databases(None)
        await databases.close()


async def _approve(urls: Urls, settings: Settings, keys: Keys) -> None:
    async with operator(settings, urls, doer="the benchmark", keys=keys) as op:
        await approve_all_first_party(op, find_plugins())


async def _price() -> UUID:
    sku = "bench.month"
    await put_product(
        Product(sku=sku, plugin="bench", kind="feature", feature="bench.view", title=_TITLE)
    )
    made = await set_price(
        Price(sku=sku, currency="KZT", amount_minor=99_000, interval="month", audience="parent",
              valid_from=clock.now())
    )  # fmt: skip
    assert made.id
    return made.id


async def _paid_orders(burst: _Burst) -> list[tuple[bytes, str]]:
    """Place orders, let each be paid at the fake, and return the message of each with its sign."""
    now = time.time()
    burst.fake.act("clock", seconds=int(now) - burst.fake.state()["now"])
    pool = PluginPool(burst.keys.logins.url_for("payments"))
    messages: list[tuple[bytes, str]] = []
    try:
        for number in range(burst.schools):
            school = await burst.factory.school()
            await burst.factory._insert(
                "school_plugin", school_id=school, plugin="payments", on_at=clock.now(),
                on_by=new_id(),
            )  # fmt: skip
            desk = await cashier_for(_context(burst, school, pool))
            parent = await burst.factory.person(school, role="parent")
            for _ in range(burst.orders // burst.schools):
                paid = await _paid(burst, desk, school, parent)
                messages.append(paid)
            print(f"school {number + 1} of {burst.schools} has ordered", file=sys.stderr)
    finally:
        await pool.close()
    return messages


def _context(burst: _Burst, school: int, pool: PluginPool) -> Facades:
    one = burst.host.registry.loaded["payments"]
    call = msgspec.structs.replace(
        call_for(School(id=school, name="", zone=clock.SCHOOL_ZONE), "kk"),
        db_token=burst.keys.signer.mint("payments", school, 900),
        secrets=burst.secrets,
    )
    return Facades(
        "payments", call, one.settings_model, one.declared.settings, lambda _plugin: pool,
        manifest=one.manifest,
    )  # fmt: skip


async def _paid(burst: _Burst, desk: Desk, school: int, parent: UUID) -> tuple[bytes, str]:
    now = clock.now()
    line = OrderLine(
        number=1, sku="bench.month", title="Bench", price_minor=99_000, feature="bench.view",
        price_id=burst.price, student=await burst.factory.person(school, role="pupil"),
    )  # fmt: skip
    order = Order(
        id=new_id(), public_id=new_code(), school_id=school, payer=parent, currency="KZT",
        placed_at=now, expires_at=now + timedelta(hours=2), lines=(line,),
    )  # fmt: skip
    await desk.place(order)
    way = checkout.Way(return_url="https://x.example", cancel_url="https://x.example", locale="kk")
    action = await checkout.start(desk, order.id, "stripe", way)
    assert isinstance(action, Redirect)
    session = action.url.rsplit("/", 1)[1]
    page = await asyncio.to_thread(burst.fake.act, "pay", session=session)
    body = json.dumps(
        {"id": f"evt_{session}", "object": "event", "type": "checkout.session.completed",
         "data": {"object": page}}
    )  # fmt: skip
    sign = stripe.WebhookSignature.generate_signature_header(body, SIGNING)
    return body.encode(), sign


async def _measured(burst: _Burst, messages: list[tuple[bytes, str]]) -> Result:
    environment = {
        "KUNDELIK_SECRET_PAYMENTS_STRIPE_KEY": "sk_test_fake",
        "KUNDELIK_SECRET_PAYMENTS_STRIPE_WEBHOOK": SIGNING,
        "KUNDELIK_SECRET_PAYMENTS_STRIPE_ADDRESS": burst.fake.url,
    }
    # As it is installed now: the checkout may have been worked on meanwhile.
    await _approve(burst.urls, Settings(data_dir=burst.place), burst.keys)
    conn: Any = await asyncpg.connect(burst.urls.migrate_tenant)
    await conn.execute("set row_security = off")
    try:
        with server(burst.place, environment) as (port, pid):
            cpu = _Cpu(pid, _postgres_pid(burst.place), burst.fake.pid)
            begun = time.monotonic()
            statuses = await asyncio.to_thread(_send, port, messages)
            taken = time.monotonic() - begun
            if statuses[200] != len(messages):
                raise BenchError(f"not every message was taken: {statuses}")
            drained = await _drained(conn, len(messages), begun)
            spent = cpu.each(len(messages))
        rows = await conn.fetch(
            "select count(*) as sales, count(distinct entitlement_id) as grants from core.sale"
        )
        twice = await conn.fetchval(
            "select count(*) from (select source_ref from core.entitlement where source = 'order' "
            "group by source_ref having count(*) > 1) x"
        )
    finally:
        await conn.close()
    return Result(
        messages=len(messages),
        sent=sum(statuses.values()),
        seconds_to_take=round(taken, 2),
        taken_per_s=round(len(messages) / taken, 1),
        seconds_to_drain=round(drained, 2),
        drained_per_s=round(len(messages) / drained, 1),
        lost=len(messages) - min(rows[0]["sales"], rows[0]["grants"]),
        granted_twice=twice,
        cpu_ms=spent,
    )


def _postgres_pid(place: Path) -> int:
    """Return PostgreSQL's process; its sessions descend from it."""
    (found,) = place.glob("**/postmaster.pid")
    return int(found.read_text().split()[0])


def _send(port: int, messages: list[tuple[bytes, str]], connections: int = 16) -> Counter[int]:
    """Send all over some connections that stay open; what is to come again is sent again."""
    statuses: Counter[int] = Counter()

    def share(first: int) -> Counter[int]:
        found: Counter[int] = Counter()
        link = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        for body, sign in messages[first::connections]:
            for _ in range(_AGAIN):
                try:
                    link.request("POST", PATH, body, {"Stripe-Signature": sign})
                    answer = link.getresponse()
                    answer.read()
                except (OSError, http.client.HTTPException):
                    found[0] += 1
                    link.close()
                    continue
                found[answer.status] += 1
                if answer.status == 200:
                    break
        link.close()
        return found

    with ThreadPoolExecutor(connections) as threads:
        for one in threads.map(share, range(connections)):
            statuses += one
    return statuses


async def _drained(conn: Any, wanted: int, begun: float) -> float:  # noqa: ANN401
    """Wait until everything is worked off and granted, and say how long it took in all."""
    told = 0.0
    while True:
        done = await conn.fetchval("select count(*) from core.sale")
        left = await conn.fetchval(
            "select count(*) from plugin_payments.webhook_inbox where processed_at is null"
        )
        spent = time.monotonic() - begun
        over = (done >= wanted and not left) or spent > 120
        if over or spent >= told + 1:
            print(f"{spent:.1f} s: {left} wait, {done} are granted", file=sys.stderr)
            told = spent
        if over:
            return spent
        await asyncio.sleep(0.2)


def main() -> None:
    """Measure, and print the result as JSON."""
    parser = argparse.ArgumentParser(prog="python -m bench.webhooks")
    parser.add_argument("--schools", type=int, default=4)
    parser.add_argument("--orders", type=int, default=400)
    wanted = parser.parse_args()
    print(msgspec.json.encode(run(wanted.schools, wanted.orders)).decode())


if __name__ == "__main__":
    main()
