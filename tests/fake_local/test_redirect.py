"""The plugin ``redirect`` against a service on the wire: what it sends, hears and makes of it."""

import asyncio
import hashlib
import hmac
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from kundelik_redirect import calling, messages, shop
from kundelik_redirect.provider import PROVIDER
from kundelik_redirect.signing import stamp

from kundelik_core.plugins.context import CallContext, Facades
from kundelik_core.plugins.discover import find_plugins
from kundelik_core.sdk import (
    ForSchool,
    PaymentNews,
    PaymentNoted,
    PaymentQuery,
    PaymentsBetween,
    PaymentSeen,
    PaymentsSeen,
    PaymentStart,
    PaymentStarted,
    PaymentTrouble,
    PayoutReturn,
    PayoutSeen,
    PayoutStart,
    RefundSeen,
    RefundStart,
    School,
    WebhookReply,
    WebhookRequest,
)
from tests.fake_local.service import Local, local_service

NOW = datetime(2026, 11, 24, 7, tzinfo=UTC)
ONE = "7-ABCDE23456-1"


@pytest.fixture
def local() -> Iterator[Local]:
    with local_service() as found:
        yield found


class Heard:
    """Whoever keeps the orders."""

    def __init__(self, *, there: bool = True) -> None:
        self.there, self.news = there, list[PaymentNews]()

    async def ask(self, plugin: str, call: CallContext, name: str, question: Any) -> Any:
        assert (plugin, name) == ("redirect", "payment.news.v1")
        self.news.append(question)
        return PaymentNoted() if self.there else None


def ctx_of(
    url: str, secret: str = "new old", *, school: int | None = 7, heard: Heard | None = None
) -> Facades:
    secrets = {"url": url, "merchant": "77", "key": secret} if url else {}
    call = CallContext(
        school=School(id=school, name="", zone="Asia/Almaty") if school else None,
        actor=None, locale="kk", now=NOW, request_id="r", secrets=secrets,
    )  # fmt: skip
    manifest = next(one.manifest for one in find_plugins() if one.name == "redirect")
    return Facades("redirect", call, manifest=manifest, ask=heard.ask if heard else None)


def ask(local: Local, asked: Any, secret: str = "new old") -> Any:
    """Ask the plugin as the core does."""
    handlers: dict[type, Any] = {
        PaymentStart: PROVIDER.start, PaymentQuery: PROVIDER.status,
        PaymentsBetween: PROVIDER.reconcile, RefundStart: PROVIDER.refund,
        PayoutStart: PROVIDER.payout, PayoutReturn: PROVIDER.take_back,
    }  # fmt: skip
    return asyncio.run(handlers[type(asked)](ctx_of(local.url, secret), asked))


def start(minor: int = 99_000, currency: str = "KZT") -> PaymentStart:
    return PaymentStart(
        reference=ONE, amount_minor=minor, currency=currency, key="k",
        expires_at=NOW + timedelta(hours=1), return_url="https://diary.example/back",
        cancel_url="", locale="kk",
    )  # fmt: skip


def refund(key: str = "k1", minor: int = 10_000) -> RefundStart:
    return RefundStart(
        payment=ONE, reference="7-ABCDE23456-r1", amount_minor=minor, currency="KZT", key=key
    )


def message(about: str, secret: str = "new", at: datetime = NOW) -> WebhookRequest:
    body = json.dumps({"event": "e1", "type": "paid", "reference": about}).encode()
    headers = stamp("POST", messages.PATH, body, secret, at)
    return WebhookRequest(body=body, headers={key.lower(): one for key, one in headers.items()})


def test_the_link_is_signed_and_names_nobody(local: Local) -> None:
    started = ask(local, start())
    assert isinstance(started, PaymentStarted)
    query = parse_qs(urlsplit(started.url).query)
    fields = {key: values[0] for key, values in query.items()}
    signature = fields.pop("signature")
    text = urlencode(sorted(fields.items()))
    assert hmac.new(b"new", text.encode(), hashlib.sha256).hexdigest() == signature
    assert fields.keys() == {
        *("merchant", "reference", "amount", "currency", "expires", "return_url", "language"),
    }
    assert (started.known, fields["amount"]) == (ONE, "99000")
    assert ask(local, start()) == started


@pytest.mark.parametrize(
    ("minor", "currency"), [(9_999, "KZT"), (100_000_001, "KZT"), (0, "KZT"), (50_000, "USD")]
)
def test_what_is_not_taken_is_declined(local: Local, minor: int, currency: str) -> None:
    told = ask(local, start(minor, currency))
    assert isinstance(told, PaymentTrouble)
    assert told.kind == "declined"


@pytest.mark.parametrize(
    ("state", "outcome"),
    [("paid", "done"), ("failed", "failed"), ("expired", "canceled"), ("new", "pending")],
)
def test_what_is_true_is_asked_for(local: Local, state: str, outcome: str) -> None:
    outside = {"id": "R1", "amount": 500, "state": "done"}
    ours = {"id": "R2", "reference": "7-A-r3", "amount": 500, "state": "failed", "code": "x"}
    local.pay(ONE, state, refunds=[outside, ours])
    (seen,) = ask(local, PaymentQuery(known=ONE)).payments
    assert isinstance(seen, PaymentSeen)
    assert (seen.outcome, seen.reference, seen.amount_minor) == (outcome, ONE, 99_000)
    assert [(one.reference, one.outcome) for one in seen.refunds] == [
        ("", "done"),
        ("7-A-r3", "failed"),
    ]


@pytest.mark.parametrize("known", ["unknown", "../refunds", "", "ACEK-1?x=1", "a/b", "ә-1"])
def test_what_is_not_ours_is_nothing(local: Local, known: str) -> None:
    assert ask(local, PaymentQuery(known=known)) == PaymentsSeen()
    assert all(one.startswith("/payments/unknown") for one in local.seen)


def test_refunds_and_payouts_are_made_once_for_a_key(local: Local) -> None:
    local.pay(ONE)
    one, two = (ask(local, refund()) for _ in range(2))
    assert one == two == RefundSeen(
        known=one.known, outcome="done", amount_minor=10_000, reference="7-ABCDE23456-r1"
    )  # fmt: skip
    out = PayoutStart(reference="t", amount_minor=500, currency="KZT", destination="KZ0", key="t1")
    made = ask(local, out)
    back = ask(local, PayoutReturn(payout=made.known, amount_minor=200, key="b1"))
    assert made.outcome == "done"
    assert back == PayoutSeen(known=made.known, outcome="done", returned_minor=200)
    assert len(local.answers) == 3


@pytest.mark.parametrize(
    ("status", "kind"),
    [(400, "declined"), (401, "setup"), (409, "busy"), (429, "busy"), (500, "unclear")],
)
def test_how_a_call_may_end(local: Local, status: int, kind: str) -> None:
    local.status = status
    told = ask(local, refund())
    assert isinstance(told, PaymentTrouble)
    assert told.kind == kind


def test_a_wrong_secret_is_ours_to_mend(local: Local) -> None:
    assert ask(local, PaymentQuery(known=ONE), "wrong").kind == "setup"


def test_answers_that_cannot_be_read_are_unclear(local: Local) -> None:
    odds: tuple[dict[str, Any], ...] = (
        {"amount": "x"},
        {"amount": -1},
        {"refunds": [{}]},
        {"currency": "тг"},
    )
    for odd in odds:
        local.pay(ONE, **odd)
        told = ask(local, PaymentQuery(known=ONE))
        assert not isinstance(told, PaymentTrouble) or told.kind == "unclear"


def test_a_service_that_is_away_is_unclear() -> None:
    with pytest.raises(calling.Trouble) as raised:
        asyncio.run(calling.Service("http://127.0.0.1:1", "k", lambda: NOW).call("GET", "/x"))
    assert raised.value.kind == "unclear"


@pytest.mark.parametrize("url", ["http://pay.example", "ftp://pay.example", "pay.example", ""])
def test_only_secured_addresses_are_called(url: str) -> None:
    status: Any = PROVIDER.status
    told = asyncio.run(status(ctx_of(url), PaymentQuery(known=ONE)))
    assert isinstance(told, PaymentTrouble)
    assert told.kind == "setup"
    assert asyncio.run(shop.health(ctx_of(url))).ok is not bool(url)


def test_reconciliation_reads_every_page(local: Local) -> None:
    for number in range(120):
        local.pay(f"7-ABCDE23{number:03d}-1")
    found: list[str] = []
    after, pages = "", 0
    while pages == 0 or after:
        told = ask(local, PaymentsBetween(since=NOW, until=NOW, after=after))
        found += [one.reference for one in told.payments]
        after, pages = told.after, pages + 1
    assert (len({*found}), pages) == (120, 3)


# -- messages


@pytest.mark.parametrize("secret", ["new", "old"])
def test_a_message_leads_to_its_school_and_is_passed_on(local: Local, secret: str) -> None:
    heard = Heard()
    request = message(ONE, secret)
    first = asyncio.run(messages.status(ctx_of(local.url, school=None, heard=heard), request))
    assert (first, heard.news) == (ForSchool(school_id=7), [])
    second = asyncio.run(messages.status(ctx_of(local.url, heard=heard), request))
    assert isinstance(second, WebhookReply)
    assert second.status == 200
    assert heard.news == [PaymentNews(event="e1", known=ONE)]
    assert local.seen == []


def test_a_message_that_nobody_keeps_is_to_come_again(local: Local) -> None:
    for heard in (None, Heard(there=False)):
        answer = asyncio.run(messages.status(ctx_of(local.url, heard=heard), message(ONE)))
        assert isinstance(answer, WebhookReply)
        assert answer.status == 503


@pytest.mark.parametrize("about", ["", "ACEK-1", "x-A-1", "0-A-1", "99999999999-A-1"])
def test_a_message_about_no_order_is_answered(local: Local, about: str) -> None:
    answer = asyncio.run(messages.status(ctx_of(local.url, school=None), message(about)))
    assert isinstance(answer, WebhookReply)
    assert answer.status == (200 if about else 400)


@pytest.mark.parametrize("fault", ["secret", "age", "body", "path", "none", "json", "list"])
def test_forged_messages_are_turned_away(local: Local, fault: str) -> None:
    request = message(ONE, "other" if fault == "secret" else "new")
    body, headers = request.body, dict(request.headers)
    if fault == "age":
        headers = dict(message(ONE, at=NOW - timedelta(minutes=6)).headers)
    if fault == "body":
        body = body.replace(b"ABCDE", b"ABCDF")
    if fault in {"path", "json", "list"}:
        body = {"json": b"{", "list": b"[]"}.get(fault, body)
        path = "/elsewhere" if fault == "path" else messages.PATH
        headers = {k.lower(): v for k, v in stamp("POST", path, body, "new", NOW).items()}
    if fault == "none":
        headers = {}
    heard = Heard()
    answer = asyncio.run(
        messages.status(ctx_of(local.url, heard=heard), WebhookRequest(body=body, headers=headers))
    )
    assert isinstance(answer, WebhookReply)
    assert (answer.status, heard.news) == (400, [])


def test_without_secrets_a_signed_message_is_to_come_again() -> None:
    answer = asyncio.run(messages.status(ctx_of("", school=None), message(ONE)))
    assert isinstance(answer, WebhookReply)
    assert answer.status == 503
