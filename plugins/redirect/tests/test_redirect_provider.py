"""The suite of every way to pay, with a service of memory in the place of the real one."""

import hashlib
import hmac
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from kundelik_redirect import calling
from kundelik_redirect.messages import DOOR, PATH
from kundelik_redirect.signing import stamp

from kundelik_core.sdk import PaymentStart, PaymentStarted, WebhookRequest
from kundelik_core.testing import PaymentService, ProviderSuite

KEY = "k" * 32


class Memory:
    """A service that keeps its books in memory."""

    secrets: Mapping[str, str] = {"url": "https://pay.example/v1", "merchant": "77", "key": KEY}

    def __init__(self) -> None:
        self.payments: dict[str, dict[str, Any]] = {}
        self.done: dict[str, tuple[int, dict[str, Any]]] = {}

    def exchange(
        self, method: str, url: str, data: bytes, headers: Mapping[str, str]
    ) -> tuple[int, bytes]:
        """Stand in for the wire."""
        parts = urlsplit(url)
        target = parts.path + (f"?{parts.query}" if parts.query else "")
        digest = hashlib.sha256(data).hexdigest()
        words = f"{method}\n{target}\n{headers['X-Timestamp']}\n{digest}"
        mac = hmac.new(KEY.encode(), words.encode(), hashlib.sha256).hexdigest()
        if not hmac.compare_digest(mac, headers["X-Signature"]):
            return 403, b"{}"
        if method == "GET":
            return self.read(parts.path.removeprefix("/v1"), parse_qs(parts.query))
        key = headers["Idempotency-Key"]
        if key not in self.done:
            self.done[key] = self.refund(json.loads(data))
        status, found = self.done[key]
        return status, json.dumps(found).encode()

    def read(self, path: str, query: Mapping[str, list[str]]) -> tuple[int, bytes]:
        if path == "/payments":
            after = query.get("after", [""])[0]
            rows = [self.payments[name] for name in sorted(self.payments) if name > after]
            return 200, json.dumps({"payments": rows[: int(query["limit"][0])]}).encode()
        found = self.payments.get(path.removeprefix("/payments/"))
        return (200, json.dumps(found).encode()) if found else (404, b"")

    def refund(self, body: Mapping[str, Any]) -> tuple[int, dict[str, Any]]:
        payment = self.payments.get(body["payment"])
        if payment is None:
            return 404, {}
        refunds = payment["refunds"]
        left = payment["amount"] - sum(one["amount"] for one in refunds)
        if body["amount"] > left:
            return 400, {"code": "too-much"}
        made = {"id": f"R{len(self.done)}", "state": "done"}
        refunds.append(made | {"amount": body["amount"], "reference": body["reference"]})
        return 200, made

    def pay(self, asked: PaymentStart, started: PaymentStarted) -> None:
        sent = {key: one[0] for key, one in parse_qs(urlsplit(started.url).query).items()}
        self.payments[sent["reference"]] = {
            "id": f"P{len(self.payments)}",
            "reference": sent["reference"],
            "amount": int(sent["amount"]),
            "currency": sent["currency"],
            "state": "paid",
            "refunds": [],
        }

    def message(self, started: PaymentStarted, at: datetime) -> tuple[str, WebhookRequest]:
        body = json.dumps({"event": "e", "type": "paid", "reference": started.known}).encode()
        headers = stamp("POST", PATH, body, KEY, at)
        return DOOR, WebhookRequest(body=body, headers={k.lower(): v for k, v in headers.items()})


class TestRedirect(ProviderSuite):
    @pytest.fixture
    def service(self, monkeypatch: pytest.MonkeyPatch) -> PaymentService:
        made = Memory()
        monkeypatch.setattr(calling, "exchange", made.exchange)
        return made
