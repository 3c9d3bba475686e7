"""The same calls to the fake and, when a key is set, to Stripe's own test mode: they answer alike.

``KUNDELIK_TEST_STRIPE_KEY=sk_test_... pytest tests/fake_stripe/test_both.py``. Without a key the
half that would leave the machine is skipped. What people do in a browser, and what goes wrong on
the way, only the fake can be told to do; here stands what a key alone can bring about.
"""

import asyncio
import os
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

import pytest
import stripe
from kundelik_payments.domain.codes import new_code
from kundelik_payments.domain.model import DisputeState
from kundelik_payments.providers.spi import (
    Declined,
    DisputeFact,
    Misconfigured,
    Outcome,
    PaymentFact,
    Redirect,
    RefundFact,
    RefundRequest,
    StartRequest,
    Unclear,
)
from kundelik_payments.providers.stripe.caller import Caller
from kundelik_payments.providers.stripe.provider import StripeProvider

from tests.fake_stripe.remote import Fake

KEY = os.environ.get("KUNDELIK_TEST_STRIPE_KEY", "")
SCHOOL = 12
AMOUNT = 150_000
PAGE = "https://diary.example/x/payments/back"
PATIENCE = 60.0


class Service(Protocol):
    """What stands behind the provider, and how somebody pays there."""

    provider: StripeProvider
    address: str | None

    def now(self) -> datetime: ...

    async def paid(self, order: str, *, disputed: bool = False) -> str:
        """Let an order be paid by card, and return the payment's id."""


class Faked:
    """The fake, whose people pay on its pages."""

    address: str | None

    def __init__(self, fake: Fake) -> None:
        self.fake, self.address = fake, fake.url
        fake.act("reset")
        self.provider = StripeProvider(
            Caller("sk_test_fake", api_base=fake.url, timeout=5), ["whsec_x"], school=SCHOOL
        )

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.fake.state()["now"], UTC)

    async def paid(self, order: str, *, disputed: bool = False) -> str:
        started = await self.provider.start(begun(order, self.now()))
        await asyncio.to_thread(self.fake.act, "pay", session=started.reference)
        if disputed:
            await asyncio.to_thread(self.fake.act, "dispute", of=started.reference)
        found: str = self.fake.state()["objects"][started.reference]["payment_intent"]
        return found


class Live:
    """Stripe's test mode, whose cards with known numbers pay and complain."""

    address: str | None = None

    def __init__(self) -> None:
        if not KEY.startswith(("sk_test_", "rk_test_")):
            pytest.fail("only a key of the test mode may be used here")
        self.caller = Caller(KEY)
        self.provider = StripeProvider(self.caller, ["whsec_x"], school=SCHOOL)

    def now(self) -> datetime:
        return datetime.now(UTC)

    async def paid(self, order: str, *, disputed: bool = False) -> str:
        def pay(client: stripe.StripeClient) -> str:
            made = client.v1.payment_intents.create(
                {
                    "amount": AMOUNT, "currency": "kzt", "confirm": True,
                    "payment_method": "pm_card_createDispute" if disputed else "pm_card_visa",
                    "automatic_payment_methods": {"enabled": True, "allow_redirects": "never"},
                    "metadata": {"order": order, "payment": "1"},
                }
            )  # fmt: skip
            return str(made.id)

        return await self.caller.run(pay)


@pytest.fixture(params=["fake", "live"])
async def service(request: pytest.FixtureRequest, fake_stripe: Fake) -> AsyncIterator[Service]:
    if request.param == "live" and not KEY:
        pytest.skip("KUNDELIK_TEST_STRIPE_KEY is not set: Stripe's test mode is not asked")
    made: Service = Live() if request.param == "live" else Faked(fake_stripe)
    yield made
    made.provider._caller.close()


def begun(order: str, now: datetime, *, key: str = "", amount: int = AMOUNT, **more: Any) -> Any:
    """Return the beginning of a payment."""
    return StartRequest(
        order=order, payment=1, amount_minor=amount, currency="KZT",
        idempotency_key=key or f"{order}-start", expires_at=now + timedelta(hours=2),
        return_url=PAGE, cancel_url=PAGE, locale="ru", tried_at=now, **more,
    )  # fmt: skip


def word() -> str:
    return f"{SCHOOL}-{new_code()}"


def back(order: str, payment: str, number: int, amount: int, **more: Any) -> RefundRequest:
    return RefundRequest(
        order=order, refund=number, amount_minor=amount, currency="KZT",
        idempotency_key=f"{order}-refund-{number}", payment_references=(payment,), **more,
    )  # fmt: skip


async def test_a_page_is_opened_once_under_its_key_and_found_without_it(service: Service) -> None:
    order, now = word(), service.now()
    first = await service.provider.start(begun(order, now))
    assert isinstance(first.action, Redirect)
    assert first.action.url.startswith("http")
    assert await service.provider.start(begun(order, now)) == first
    with pytest.raises(Unclear):  # its key belongs to other words
        await service.provider.start(begun(order, now, amount=AMOUNT + 100))
    found = await service.provider.start(begun(order, now, key=f"{order}-other", again=True))
    assert found.reference == first.reference
    (fact,) = await service.provider.poll(first.reference)
    assert isinstance(fact, PaymentFact)
    assert (fact.outcome, fact.order, fact.payment) == (Outcome.PENDING, order, 1)
    assert (fact.amount_minor, fact.currency) == (AMOUNT, "KZT")


async def test_a_subscription_s_page_opens_as_well(service: Service) -> None:
    started = await service.provider.start(begun(word(), service.now(), renew_months=1))
    assert isinstance(started.action, Redirect)


async def test_money_goes_back_in_parts_once_and_never_too_much(service: Service) -> None:
    order = word()
    payment = await service.paid(order)
    since = service.now() - timedelta(minutes=10)
    first = await service.provider.refund(back(order, payment, 1, 60_000))
    assert first.outcome in {Outcome.DONE, Outcome.PENDING}
    assert await service.provider.refund(back(order, payment, 1, 60_000, again=True)) == first
    with pytest.raises(Declined):
        await service.provider.refund(back(order, payment, 2, AMOUNT))
    await service.provider.refund(back(order, payment, 3, 90_000))
    with pytest.raises(Declined):
        await service.provider.refund(back(order, payment, 4, 100))
    facts = await service.provider.reconcile(since, service.now() + timedelta(minutes=1))
    mine = [one for one in facts if isinstance(one, RefundFact) and one.order == order]
    # Told by the payment and by the list: the same fact twice is no other.
    assert {(one.refund, one.amount_minor) for one in mine} == {(1, 60_000), (3, 90_000)}
    assert {one.currency for one in mine} == {"KZT"}


async def test_a_complaint_is_found_by_its_payment(service: Service) -> None:
    since = service.now() - timedelta(minutes=10)
    payment = await service.paid(word(), disputed=True)
    deadline = time.monotonic() + PATIENCE
    while True:
        facts = await service.provider.reconcile(since, service.now() + timedelta(minutes=1))
        mine = [
            one for one in facts
            if isinstance(one, DisputeFact) and payment in one.payment_references
        ]  # fmt: skip
        if mine or time.monotonic() > deadline:
            break
    assert [one.state for one in mine] == [DisputeState.OPEN]


async def test_a_wrong_key_is_a_person_s_to_mend(service: Service) -> None:
    caller = Caller("sk_wrong_key", api_base=service.address)
    wrong = StripeProvider(caller, ["whsec_x"])
    with pytest.raises(Misconfigured):
        await wrong.start(begun(word(), service.now()))
    caller.close()
