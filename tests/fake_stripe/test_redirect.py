import asyncio
import hashlib
import hmac
import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from kundelik_payments.providers.redirect.calling import Service
from kundelik_payments.providers.redirect.provider import RedirectProvider, Shop
from kundelik_payments.providers.redirect.signing import stamp
from kundelik_payments.providers.spi import (
    Busy,
    Declined,
    Forged,
    Misconfigured,
    Outcome,
    PaymentFact,
    Redirect,
    RefundFact,
    RefundRequest,
    StartRequest,
    TransferRequest,
    Unclear,
)
from typing_extensions import override

from kundelik_core.sdk import Text

NOW = datetime(2026, 11, 24, 7, tzinfo=UTC)
PATH = "/x/payments/hook/local"
TITLE = Text(kk="Жергілікті", ru="Местный", en="Local")


class Local:
    """A payment service as they are here: it checks signatures and remembers keys."""

    def __init__(self) -> None:
        self.payments: dict[str, dict[str, Any]] = {}
        self.answers: dict[str, dict[str, Any]] = {}
        self.status = 200
        self.seen: list[str] = []
        local = self

        class Handler(BaseHTTPRequestHandler):
            @override
            def log_message(self, format: str, *args: Any) -> None:
                pass

            def do_GET(self) -> None:
                self.reply(b"", None)

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                self.reply(body, json.loads(body))

            def reply(self, raw: bytes, body: dict[str, Any] | None) -> None:
                digest = hashlib.sha256(raw).hexdigest()
                words = f"{self.command}\n{self.path}\n{self.headers['X-Timestamp']}\n{digest}"
                mac = hmac.new(b"new", words.encode(), hashlib.sha256).hexdigest()
                status, found = local.status, None
                local.seen.append(f"{self.path} {raw.decode()}")
                if mac != self.headers["X-Signature"]:
                    status = 403
                elif status == 200:
                    found = local.answer(self.path, body, self.headers["Idempotency-Key"] or "")
                    status = 200 if found is not None else 404
                data = json.dumps(found or {"code": "no"}).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"

    def answer(self, path: str, body: dict[str, Any] | None, key: str) -> dict[str, Any] | None:
        parts = urlsplit(path)
        if parts.path == "/payments":
            asked = parse_qs(parts.query, keep_blank_values=True)
            rows = sorted(self.payments.values(), key=lambda one: str(one["reference"]))
            rows = [one for one in rows if one["reference"] > asked["after"][0]]
            return {"payments": rows[: int(asked["limit"][0])]}
        if body is None:
            return self.payments.get(parts.path.rsplit("/", 1)[1])
        if key not in self.answers:
            self.answers[key] = {
                "id": f"{parts.path[1:]}-{len(self.answers)}",
                "state": "done",
                "returned": body["amount"],
            }
        return self.answers[key]

    def pay(self, reference: str, state: str = "paid", **more: Any) -> None:
        base = {"id": f"L{reference}", "reference": reference, "amount": 99_000, "currency": "KZT"}
        self.payments[reference] = base | {"state": state} | more


@pytest.fixture
def local() -> Iterator[Local]:
    found = Local()
    thread = threading.Thread(target=found.server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield found
    found.server.shutdown()
    found.server.server_close()


def provider(local: Local, secret: str = "new") -> RedirectProvider:
    shop = Shop(merchant="77", secrets=("new", "old"), webhook_path=PATH)
    return RedirectProvider("local", TITLE, shop, Service(local.url, secret, lambda: NOW))


def message(about: str, secret: str, at: datetime = NOW) -> tuple[dict[str, str], bytes]:
    body = json.dumps({"event": "e1", "type": "paid", "reference": about}).encode()
    return stamp("POST", PATH, body, secret, at), body


def refund(key: str = "k1", minor: int = 10_000) -> RefundRequest:
    return RefundRequest(
        order="ACEK",
        refund=1,
        amount_minor=minor,
        currency="KZT",
        idempotency_key=key,
        payment_references=("ACEK-1",),
    )


def test_the_link_is_signed_and_names_nobody(local: Local) -> None:
    request = StartRequest(
        order="ACEK",
        payment=1,
        amount_minor=99_000,
        currency="KZT",
        idempotency_key="k",
        expires_at=NOW + timedelta(hours=1),
        return_url="https://diary.example/back",
        cancel_url="",
        locale="kk",
        phone="+77010000000",
    )
    started = asyncio.run(provider(local).start(request))
    assert isinstance(started.action, Redirect)
    query = parse_qs(urlsplit(started.action.url).query)
    fields = {key: values[0] for key, values in query.items()}
    signature = fields.pop("signature")
    text = urlencode(sorted(fields.items()))
    assert hmac.new(b"new", text.encode(), hashlib.sha256).hexdigest() == signature
    assert fields.keys() == {
        *("merchant", "reference", "amount", "currency", "expires", "return_url", "language"),
    }
    assert started.reference == fields["reference"] == "ACEK-1"


@pytest.mark.parametrize("secret", ["new", "old"])
def test_messages_are_proved_with_either_secret(local: Local, secret: str) -> None:
    notice = provider(local).verify(*message("ACEK-1", secret), NOW)
    assert (notice.event_id, notice.hint) == ("e1", "ACEK-1")


@pytest.mark.parametrize("fault", ["secret", "age", "body", "path", "none"])
def test_forged_messages_are_turned_away(local: Local, fault: str) -> None:
    headers, body = message("ACEK-1", "other" if fault == "secret" else "new")
    if fault == "age":
        headers, body = message("ACEK-1", "new", NOW - timedelta(minutes=6))
    if fault == "path":
        headers = stamp("POST", "/elsewhere", body, "new", NOW)
    if fault == "body":
        body = body.replace(b"ACEK-1", b"ACEK-2")
    with pytest.raises(Forged):
        provider(local).verify({} if fault == "none" else headers, body, NOW)


@pytest.mark.parametrize(
    ("state", "outcome"),
    [
        ("paid", Outcome.DONE),
        ("failed", Outcome.FAILED),
        ("expired", Outcome.CANCELED),
        ("new", Outcome.PENDING),
    ],
)
def test_what_is_true_is_asked_for(local: Local, state: str, outcome: Outcome) -> None:
    outside = {"id": "R1", "amount": 500, "state": "done"}
    ours = {"id": "R2", "reference": "ACEK-r3", "amount": 500, "state": "failed", "code": "x"}
    local.pay("ACEK-1", state, refunds=[outside, ours])
    payment, first, second = asyncio.run(provider(local).look("paid", "ACEK-1"))
    assert isinstance(payment, PaymentFact)
    assert isinstance(first, RefundFact)
    assert isinstance(second, RefundFact)
    assert (payment.outcome, payment.order, payment.payment) == (outcome, "ACEK", 1)
    assert (first.refund, second.refund, second.outcome) == (0, 3, Outcome.FAILED)


@pytest.mark.parametrize("hint", ["unknown", "../refunds", "", "ACEK-1?x=1", "a/b"])
def test_what_is_not_ours_is_nothing(local: Local, hint: str) -> None:
    assert asyncio.run(provider(local).look("paid", hint)) == []
    assert all(one.startswith("/payments/unknown") for one in local.seen)


def test_refunds_and_payouts_are_made_once_for_a_key(local: Local) -> None:
    one, two = (asyncio.run(provider(local).refund(refund())) for _ in range(2))
    assert one == two
    assert one.outcome is Outcome.DONE
    wanted = TransferRequest(
        order="ACEK",
        transfer=1,
        amount_minor=500,
        currency="KZT",
        destination="KZ00",
        idempotency_key="t1",
    )
    made = asyncio.run(provider(local).transfer(wanted))
    back = asyncio.run(provider(local).take_back(made.reference, 200, "b1"))
    assert (made.outcome, back.reversed_minor) == (Outcome.DONE, 200)
    assert len(local.answers) == 3


@pytest.mark.parametrize(
    ("status", "error"),
    [(400, Declined), (401, Misconfigured), (409, Busy), (429, Busy), (500, Unclear)],
)
def test_how_a_call_may_end(local: Local, status: int, error: type[Exception]) -> None:
    local.status = status
    with pytest.raises(error):
        asyncio.run(provider(local).refund(refund()))


def test_a_wrong_secret_is_ours_to_mend(local: Local) -> None:
    with pytest.raises(Misconfigured):
        asyncio.run(provider(local, "wrong").poll("ACEK-1"))


def test_a_service_that_is_away_is_unclear() -> None:
    gone = Service("http://127.0.0.1:1", "new", lambda: NOW)
    with pytest.raises(Unclear):
        asyncio.run(gone.call("GET", "/payments/x"))


def test_only_secured_addresses_are_called() -> None:
    with pytest.raises(Misconfigured):
        Service("http://pay.example", "new", lambda: NOW)


def test_reconciliation_reads_every_page(local: Local) -> None:
    for number in range(120):
        local.pay(f"ACEK{number:03d}-1")
    facts = asyncio.run(provider(local).reconcile(NOW, NOW))
    assert len({one.order for one in facts if isinstance(one, PaymentFact)}) == 120
