"""What renews itself at a provider that is a plugin: a further order for each period, paid once."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from kundelik_payments.domain.codes import new_code
from kundelik_payments.domain.model import Order, OrderLine
from kundelik_payments.memory import MemoryStore
from kundelik_payments.providers.plugged import plugged
from kundelik_payments.providers.registry import Providers
from kundelik_payments.providers.spi import Redirect, Renews
from kundelik_payments.service import checkout
from kundelik_payments.service.cashier import Cashier
from kundelik_payments.service.intake import returned
from kundelik_payments.service.reconciling import reconcile
from kundelik_payments.service.renewing import end_renewal, pause, portal

from kundelik_core.sdk import (
    ListedProvider,
    PageShown,
    PaymentCan,
    PaymentQuery,
    PaymentsBetween,
    PaymentSeen,
    PaymentsSeen,
    PaymentStart,
    PaymentStarted,
    PaymentTerms,
    PaymentTrouble,
    ProviderAnswer,
    RenewalEnd,
    RenewalPage,
    RenewalPaid,
    RenewalRest,
    RenewalSeen,
    Taken,
    Text,
)

NOW = datetime(2026, 11, 24, 7, tzinfo=UTC)
MONTH = timedelta(days=30)
BANK = ListedProvider(
    plugin="bank", title=Text(kk="Б", ru="Б", en="B"), can=PaymentCan(recurring=True),
    terms=PaymentTerms(takes=(Taken(currency="KZT"),)), ready=True,
)  # fmt: skip


class Clock:
    moment = NOW

    def now(self) -> datetime:
        return self.moment


class Bank:
    """The plugin behind the core: one payer, who pays every month."""

    def __init__(self) -> None:
        self.reference, self.amount, self.months = "", 0, 0
        self.ends, self.state = False, "active"
        self.keys: list[str] = []

    def seen(self) -> RenewalSeen:
        paid = tuple(
            RenewalPaid(known=f"B{n}", amount_minor=self.amount, currency="KZT")
            for n in range(2, self.months + 1)
        )
        state: Any = self.state
        return RenewalSeen(
            known="S1", state=state, period_end=NOW + MONTH * self.months, ends=self.ends, paid=paid
        )

    def listed(self) -> PaymentsSeen:
        if not self.months:
            return PaymentsSeen()
        one = PaymentSeen(
            known="B1", outcome="done", amount_minor=self.amount, currency="KZT",
            reference=self.reference, renewal=self.seen(),
        )  # fmt: skip
        return PaymentsSeen(payments=(one,))

    async def ask(self, _name: str, question: Any) -> Any:
        told: Any = PaymentTrouble(kind="declined")
        match question.ask:
            case PaymentStart() as start:
                assert start.renew_months == 1
                self.reference, self.amount = start.reference, start.amount_minor
                told = PaymentStarted(known="B1", url="https://bank/1")
            case PaymentQuery(known="B1") | PaymentsBetween():
                told = self.listed()
            case RenewalEnd(renewal="S1", key=key):
                self.ends, told = True, None
                self.keys.append(key)
            case RenewalRest(renewal="S1", until=until, key=key):
                self.state, told = "paused" if until else "active", None
                self.keys.append(key)
            case RenewalPage(renewal="S1"):
                told = PageShown(url="/x/bank/card")
        return ProviderAnswer(told=told or self.seen())


async def begun(bank: Bank) -> tuple[Cashier, Order]:
    store = MemoryStore()
    cashier = Cashier(store=store, providers=Providers([plugged(BANK, bank)]), clock=Clock())
    sale = await cashier.place(
        Order(
            id=UUID(int=1), public_id=new_code(), school_id=7, payer=UUID(int=2), currency="KZT",
            placed_at=NOW, expires_at=NOW + timedelta(hours=2), renews=True,
            lines=(
                OrderLine(
                    number=1, sku="rating.month", title="Рейтинг", price_minor=99_000,
                    feature="rating.view", price_id=UUID(int=3), student=UUID(int=4),
                ),
            ),
        )
    )  # fmt: skip
    way = checkout.Way(return_url="https://d/b", cancel_url="https://d/c", locale="kk")
    action = await checkout.start(cashier, sale.order.id, "bank", way)
    assert action == Redirect(url="https://bank/1")
    return cashier, sale.order


def states(cashier: Cashier) -> list[str]:
    assert isinstance(cashier.store, MemoryStore)
    return [one.order.state.value for one in cashier.store.sales.values()]


async def _story() -> None:
    bank = Bank()
    cashier, order = await begun(bank)
    assert isinstance(cashier.providers.get("bank"), Renews)
    await returned(cashier, order.id)
    assert states(cashier) == ["pending"]
    bank.months = 1
    for _ in range(2):
        await returned(cashier, order.id)
    assert states(cashier) == ["paid"]
    known = await cashier.store.subscription("bank", "S1")
    assert known is not None
    assert (known.order, known.period_end) == (order.id, NOW + MONTH)
    bank.months = 3
    for _ in range(2):
        done = await reconcile(cashier, NOW)
        assert done.failures == ()
    assert states(cashier) == ["paid", "paid", "paid"]
    known = await cashier.store.subscription("bank", "S1")
    assert known is not None
    assert known.latest != order.id
    assert (await portal(cashier, known, "https://d/o")).url == "/x/bank/card"
    await pause(cashier, known, NOW + MONTH)
    known = await cashier.store.subscription("bank", "S1")
    assert known is not None
    assert (known.state, known.ends) == ("paused", False)
    await end_renewal(cashier, known)
    known = await cashier.store.subscription("bank", "S1")
    assert known is not None
    assert known.ends
    assert len({*bank.keys}) == 2


def test_each_period_is_an_order_of_its_own_and_it_ends_when_it_is_told() -> None:
    asyncio.run(_story())
