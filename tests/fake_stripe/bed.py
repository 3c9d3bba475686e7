"""A cashier with the real SDK, the fake behind it, and a door for its messages."""

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from uuid import UUID

from kundelik_payments.domain.codes import new_code
from kundelik_payments.domain.model import Order, OrderLine, Sale
from kundelik_payments.domain.report import close_month
from kundelik_payments.domain.subscribing import Subscription
from kundelik_payments.memory import MemoryStore
from kundelik_payments.providers.registry import Providers
from kundelik_payments.providers.spi import Forged, Redirect
from kundelik_payments.providers.stripe.caller import Caller
from kundelik_payments.providers.stripe.provider import StripeProvider
from kundelik_payments.service import checkout, intake, reconciling
from kundelik_payments.service.cashier import Cashier
from typing_extensions import override

from kundelik_core.kernel.ids import new_id
from tests.fake_stripe.core import Books, Core
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


class Bed:
    """What a test needs."""

    def __init__(self, fake: Fake, cashier: Cashier, clock: TestClock, books: Books) -> None:
        self.fake, self.cashier, self.clock, self.books = fake, cashier, clock, books
        self.store = cashier.store
        self.refused_messages = 0
        self.school = 12
        self.price = new_id()

    async def child(self) -> UUID:
        """Return somebody for whom a thing can be bought."""
        return new_id()

    async def parent(self) -> UUID:
        """Return somebody who buys."""
        return new_id()

    async def receive(self, headers: dict[str, str], body: bytes) -> int:
        """Take a message as the door does, and return the status of the answer."""
        try:
            await intake.receive(self.cashier, "stripe", headers, body)
        except Forged:
            return 400
        return 200

    async def settle(self) -> None:
        """Let the core do what it was asked for."""
        assert isinstance(self.books, Core)
        self.books.settle()

    async def sales(self) -> list[Sale]:
        """Return all orders."""
        assert isinstance(self.store, MemoryStore)
        return [*self.store.sales.values()]

    async def subscriptions(self) -> list[Subscription]:
        """Return what renews itself."""
        assert isinstance(self.store, MemoryStore)
        return [*self.store.subscriptions.values()]

    async def states(self, sale: Sale) -> list[str]:
        """Return of every line what access it gives."""
        await self.settle()
        return self.books.of(sale)

    async def kept(self, sale: Sale) -> list[tuple[int, int]]:
        """Return of every line what is left of its price, and the price."""
        await self.settle()
        return self.books.kept(sale)

    async def granted(self) -> list[str]:
        """Return all lines for which something was granted."""
        await self.settle()
        return [*self.books.granted.elements()]

    async def order(
        self, *prices: int, renews: bool = False, hold: timedelta = timedelta(hours=2)
    ) -> Sale:
        now = self.clock.now()
        lines = [
            OrderLine(
                number=number,
                sku="rating.month",
                title=f"Рейтинг: {CHILD}, {SCHOOL}",
                price_minor=price,
                feature="rating.view",
                price_id=self.price,
                student=await self.child(),
            )
            for number, price in enumerate(prices or (99_000,), 1)
        ]
        return await self.cashier.place(
            Order(
                id=new_id(),
                public_id=new_code(),
                school_id=self.school,
                payer=await self.parent(),
                currency="KZT",
                placed_at=now,
                expires_at=now + hold,
                lines=tuple(lines),
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

    async def check_month(self) -> None:
        """Close the books: nothing may be missing, nothing be there twice."""
        await self.settle()
        sales, now = await self.sales(), self.clock.now()
        begin, end = now - timedelta(days=400), now + timedelta(days=1)
        month = close_month(sales, "KZT", begin, end)
        assert month.differences == ()
        for sale in sales:
            self.books.check(sale)


@asynccontextmanager
async def make_bed(fake: Fake) -> AsyncIterator[Bed]:
    """Set a bed up in memory, and clear it away."""
    fake.act("reset")
    caller = Caller("sk_test_fake", api_base=fake.url, timeout=5)
    stripe = StripeProvider(caller, ["whsec_old", "whsec_new"], school=12)
    store, clock = MemoryStore(), TestClock()
    cashier = Cashier(store=store, providers=Providers([stripe]), clock=clock)
    bed = Bed(fake, cashier, clock, Core(store.wishes))
    async with opened(bed):
        yield bed
    caller.close()


@asynccontextmanager
async def opened(bed: Bed) -> AsyncIterator[None]:
    """Open a door for the fake's messages."""
    loop = asyncio.get_running_loop()

    class Door(BaseHTTPRequestHandler):
        @override
        def log_message(self, format: str, *args: Any) -> None:
            pass

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            status = asyncio.run_coroutine_threadsafe(bed.receive(headers, body), loop).result(9)
            bed.refused_messages += status == 400
            self.send_response(status)
            self.end_headers()

    server = ThreadingHTTPServer(("127.0.0.1", 0), Door)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    url = f"http://127.0.0.1:{server.server_address[1]}/"
    bed.fake.act("setup", webhook_url=url, secrets=["whsec_new"])
    try:
        yield
    finally:
        await asyncio.to_thread(server.shutdown)
        server.server_close()
