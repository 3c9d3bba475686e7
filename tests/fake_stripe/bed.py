"""A cashier with the real SDK, the fake behind it, and a door for its messages."""

import asyncio
import threading
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from uuid import UUID

from kundelik_payments.domain.codes import new_code
from kundelik_payments.domain.model import Order, OrderLine, Sale
from kundelik_payments.domain.report import close_month
from kundelik_payments.memory import MemoryStore
from kundelik_payments.ports import GrantWish
from kundelik_payments.providers.registry import Providers
from kundelik_payments.providers.spi import Forged, Redirect
from kundelik_payments.providers.stripe.caller import Caller
from kundelik_payments.providers.stripe.provider import StripeProvider
from kundelik_payments.service import checkout, intake, reconciling
from kundelik_payments.service.cashier import Cashier
from typing_extensions import override

from kundelik_core.kernel.ids import new_id
from tests.fake_stripe.remote import Fake
from tests.fake_stripe.world import BEGIN

CHILD = "Айша Серікқызы"
SCHOOL = "№ 12 гимназия"
BACK = "https://diary.example/x/payments/back"


class TestClock:
    """Stands still until told."""

    __test__ = False

    def __init__(self) -> None:
        self.moment = datetime.fromtimestamp(BEGIN, UTC)

    def now(self) -> datetime:
        return self.moment


class Core:
    """The core's entitlements, as far as anybody can see them."""

    def __init__(self) -> None:
        self.grants: dict[str, GrantWish] = {}
        self.states: dict[str, str] = {}
        self.kept: dict[str, tuple[int, int]] = {}
        self.granted: Counter[str] = Counter()
        self.fail_next = 0

    async def grant(self, wish: GrantWish) -> None:
        if self.fail_next:
            self.fail_next -= 1
            raise ConnectionError("the core is away")
        self.granted[wish.source_ref] += 1
        self.grants[wish.source_ref] = wish
        self.states[wish.source_ref] = "active"

    async def shorten(self, source_ref: str, kept_minor: int, price_minor: int) -> None:
        self.kept[source_ref] = (kept_minor, price_minor)

    async def suspend(self, source_ref: str, reason: str) -> None:
        self.states[source_ref] = "suspended"

    async def restore(self, source_ref: str) -> None:
        self.states[source_ref] = "active"

    async def revoke(self, source_ref: str, reason: str) -> None:
        self.states[source_ref] = "revoked"

    def of(self, sale: Sale) -> list[str]:
        refs = [f"{sale.order.id}:{line.number}" for line in sale.order.lines]
        return [self.states.get(ref, "none") for ref in refs]


class Bed:
    """What a test needs."""

    def __init__(self, fake: Fake, cashier: Cashier, clock: TestClock, core: Core) -> None:
        self.fake, self.cashier, self.clock, self.core = fake, cashier, clock, core
        self.store = cashier.store
        self.refused_messages = 0

    async def order(
        self, *prices: int, renews: bool = False, hold: timedelta = timedelta(hours=2)
    ) -> Sale:
        now = self.clock.now()
        lines = tuple(
            OrderLine(
                number=number,
                sku="rating.month",
                title=f"Рейтинг: {CHILD}, {SCHOOL}",
                price_minor=price,
                feature="rating.view",
                student=new_id(),
            )
            for number, price in enumerate(prices or (99_000,), 1)
        )
        return await self.cashier.place(
            Order(
                id=new_id(),
                public_id=new_code(),
                school_id=12,
                payer=new_id(),
                currency="KZT",
                placed_at=now,
                expires_at=now + hold,
                lines=lines,
                renews=renews,
            )
        )

    async def start(self, order: UUID, locale: str = "kk") -> str:
        """Go to the page of Stripe, and return its session."""
        way = checkout.Way(return_url=BACK, cancel_url=BACK, locale=locale)
        action = await checkout.start(self.cashier, order, "stripe", way)
        assert isinstance(action, Redirect)
        return action.url.rsplit("/", 1)[1]

    async def act(self, name: str, **arguments: Any) -> dict[str, Any]:
        return await asyncio.to_thread(self.fake.act, name, **arguments)

    async def deliver(self, **how: Any) -> list[tuple[str, int]]:
        """Let the fake send its messages, then work on them."""
        answers = await asyncio.to_thread(self.fake.deliver, **how)
        await intake.work(self.cashier)
        return answers

    async def paid(self, *prices: int, **how: Any) -> tuple[Sale, str]:
        """Buy something the usual way."""
        sale = await self.order(*prices, **how)
        session = await self.start(sale.order.id)
        await self.act("pay", session=session)
        await self.deliver()
        return await self.get(sale), session

    async def get(self, sale: Sale) -> Sale:
        return await self.cashier.get(sale.order.id)

    async def advance(self, **time: float) -> None:
        seconds = int(timedelta(**time).total_seconds())
        self.clock.moment += timedelta(seconds=seconds)
        await self.act("clock", seconds=seconds)

    async def reconcile(self) -> reconciling.Reconciled:
        return await reconciling.reconcile(self.cashier, self.clock.now() - timedelta(days=3))

    def check_month(self) -> None:
        """Close the books: nothing may be missing, nothing be there twice."""
        assert isinstance(self.store, MemoryStore)
        now = self.clock.now()
        begin, end = now - timedelta(days=400), now + timedelta(days=1)
        month = close_month(self.store.sales.values(), "KZT", begin, end)
        assert month.differences == ()
        assert all(count == 1 for count in self.core.granted.values())


@asynccontextmanager
async def make_bed(fake: Fake) -> AsyncIterator[Bed]:
    """Set a bed up, and clear it away."""
    fake.act("reset")
    clock, core, loop = TestClock(), Core(), asyncio.get_running_loop()
    caller = Caller("sk_test_fake", api_base=fake.url, timeout=5)
    stripe = StripeProvider(caller, ["whsec_old", "whsec_new"])
    cashier = Cashier(
        store=MemoryStore(), providers=Providers([stripe]), entitlements=core, clock=clock
    )
    bed = Bed(fake, cashier, clock, core)

    class Door(BaseHTTPRequestHandler):
        @override
        def log_message(self, format: str, *args: Any) -> None:
            pass

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            coming = intake.receive(cashier, "stripe", dict(self.headers.items()), body)
            try:
                asyncio.run_coroutine_threadsafe(coming, loop).result(5)
                self.send_response(200)
            except Forged:
                bed.refused_messages += 1
                self.send_response(400)
            self.end_headers()

    server = ThreadingHTTPServer(("127.0.0.1", 0), Door)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    url = f"http://127.0.0.1:{server.server_address[1]}/"
    fake.act("setup", webhook_url=url, secrets=["whsec_new"])
    try:
        yield bed
    finally:
        await asyncio.to_thread(server.shutdown)
        server.server_close()
        caller.close()
