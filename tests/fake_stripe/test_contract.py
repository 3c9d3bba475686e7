"""The fake against Stripe's own examples, and everything that we tell Stripe."""

import json
from typing import Any
from urllib.parse import unquote_plus

import pytest
import stripe
from kundelik_payments.providers.stripe.shapes import READ
from kundelik_payments.service import checkout

from tests.fake_stripe.bed import CHILD, SCHOOL, Bed
from tests.interop import testdata

OUR_WORDS = {"metadata"}
"""Under these stand words of our own."""

# The examples leave it out although they say that it is what the payment is.
UNSEEN = {("invoice_payment", "payment.payment_intent")}


@pytest.fixture(scope="module")
def examples() -> dict[str, Any]:
    text = (testdata("stripe-fixtures") / "fixtures3.json").read_text("utf-8")
    found: dict[str, Any] = json.loads(text)["resources"]
    return found


def find(value: Any, steps: list[str]) -> bool:
    for number, step in enumerate(steps):
        if isinstance(value, list):
            return bool(value) and find(value[0], steps[number:])
        if not isinstance(value, dict) or step not in value:
            return False
        value = value[step]
    return True


@pytest.mark.interop
@pytest.mark.parametrize(("kind", "path"), sorted((k, p) for k in READ for p in READ[k]))
def test_every_field_that_is_read_is_stripes(
    examples: dict[str, Any], kind: str, path: str
) -> None:
    if (kind, path) in UNSEEN:
        assert "payment_intent" in stripe.InvoicePayment.Payment.__annotations__
    else:
        assert find(examples[kind], path.split(".")), f"{kind} has no {path}"


def strange(ours: dict[str, Any], theirs: dict[str, Any], where: str = "") -> list[str]:
    """Return what of our object Stripe's does not have."""
    found = []
    for key, value in ours.items():
        path = f"{where}.{key}"
        if key not in theirs:
            found.append(path)
        elif key in OUR_WORDS or (key == "object" and "data" in ours):
            continue
        elif isinstance(value, dict) and isinstance(theirs[key], dict) and "object" not in value:
            found += strange(value, theirs[key], path)
    return found


@pytest.mark.interop
async def test_the_fakes_objects_have_no_fields_of_their_own(
    bed: Bed, examples: dict[str, Any]
) -> None:
    await bed.act("vendor", account="acct_vendor", ready=True)
    await bed.act("payout", amount=100, status="failed")
    await bed.paid(99_000, renews=True)
    sale, session = await bed.paid(50_000)
    refund = await checkout.ask_refund(bed.cashier, sale.order.id, 1, {1: 20_000})
    await checkout.send_refund(bed.cashier, sale.order.id, refund.number)
    await bed.act("dispute", of=session)
    found = bed.fake.state()["objects"].values()
    assert len({one["object"] for one in found}) > 9
    for one in found:
        public = {key: value for key, value in one.items() if not key.startswith("_")}
        missing = set(strange(public, examples[one["object"]]))
        assert missing <= {".payment.payment_intent"}, (one["object"], missing)


async def test_nothing_about_people_or_schools_leaves(bed: Bed) -> None:
    """Stripe gets amounts, an order's public id, and addresses of pages."""
    sale, session = await bed.paid(60_000, 40_000)
    await bed.paid(99_000, renews=True)
    refund = await checkout.ask_refund(bed.cashier, sale.order.id, 1, {1: 20_000})
    await checkout.send_refund(bed.cashier, sale.order.id, refund.number)
    await bed.act("refund_outside", of=session, amount=100)
    await bed.deliver()
    await bed.reconcile()
    seen = bed.fake.state()["seen"]
    assert len(seen) > 10
    line = sale.order.lines[0]
    secret = [*CHILD.split(), SCHOOL, "Рейтинг", "rating", "school", "student", "pupil"]
    ids = [sale.order.id, sale.order.payer, line.student]
    secret += [form for one in ids for form in (str(one), one.hex if one else "")]
    names = ("path", "body")
    for request in seen:
        sent = unquote_plus(" ".join(str(request[name]) for name in names)).casefold()
        assert [word for word in secret if word.casefold() in sent] == []
        assert not {"email", "phone", "card", "number", "cvc"} & set(sent.replace("[", " ").split())
        headers = {key.lower() for key in request["headers"]}
        assert headers <= {
            *("authorization", "user-agent", "x-stripe-client-user-agent", "content-type"),
            *("stripe-version", "idempotency-key", "cookie"),
        }
        about = request["headers"]["X-Stripe-Client-User-Agent"]
        assert not {"platform", "uname", "telemetry_id"} & json.loads(about).keys()


async def test_each_call_that_changes_something_carries_a_key(bed: Bed) -> None:
    sale, _ = await bed.paid(60_000)
    refund = await checkout.ask_refund(bed.cashier, sale.order.id, 1, {1: 20_000})
    await checkout.send_refund(bed.cashier, sale.order.id, refund.number)
    keys = [
        request["headers"].get("Idempotency-Key", "")
        for request in bed.fake.state()["seen"]
        if request["method"] == "POST"
    ]
    assert [key.split("-")[0] for key in keys] == ["pay", "pay"]
    assert all(key.startswith(f"pay-{sale.order.id.hex}-") for key in keys)
