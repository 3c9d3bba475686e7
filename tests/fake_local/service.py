"""Be a payment service as they are here: it checks signatures and remembers keys."""

import hashlib
import hmac
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from typing_extensions import override

__all__ = ["Local", "local_service"]


class Local:
    """The service's books, without its wire."""

    def __init__(self, secret: str = "new") -> None:
        self.secret = secret.encode()
        self.payments: dict[str, dict[str, Any]] = {}
        self.answers: dict[str, dict[str, Any]] = {}
        self.status = 200
        self.seen: list[str] = []
        self.url = ""

    def exchange(
        self, method: str, path: str, raw: bytes, headers: dict[str, str]
    ) -> tuple[int, bytes]:
        """Answer one call; ``headers`` have small letters."""
        digest = hashlib.sha256(raw).hexdigest()
        words = f"{method}\n{path}\n{headers.get('x-timestamp')}\n{digest}"
        mac = hmac.new(self.secret, words.encode(), hashlib.sha256).hexdigest()
        self.seen.append(f"{path} {raw.decode()}")
        if mac != headers.get("x-signature"):
            return 403, b"{}"
        if self.status != 200:
            return self.status, b'{"code": "no"}'
        found = self.answer(path, json.loads(raw) if raw else None,
                            headers.get("idempotency-key", ""))  # fmt: skip
        status = 404 if found is None else 400 if found.get("refused") else 200
        return status, json.dumps(found or {"code": "no"}).encode()

    def answer(self, path: str, body: dict[str, Any] | None, key: str) -> dict[str, Any] | None:
        parts = urlsplit(path)
        if parts.path == "/payments":
            asked = parse_qs(parts.query, keep_blank_values=True)
            rows = sorted(self.payments.values(), key=lambda one: str(one["reference"]))
            rows = [one for one in rows if one["reference"] > asked["after"][0]]
            return {"payments": rows[: int(asked["limit"][0])]}
        if body is None:
            return self.payments.get(parts.path.rsplit("/", 1)[1])
        if key in self.answers:
            return self.answers[key]
        if parts.path == "/refunds" and (refused := self.refund(body, key)):
            return refused
        self.answers[key] = {
            "id": f"{parts.path[1:]}-{len(self.answers)}",
            "state": "done",
            "returned": body["amount"],
        }
        return self.answers[key]

    def refund(self, body: dict[str, Any], key: str) -> dict[str, Any] | None:
        """Note a refund at its payment; more than is left of it is refused."""
        payment = self.payments.get(body["payment"])
        if payment is None:
            return {"refused": True, "code": "unknown-payment"}
        refunds = payment.setdefault("refunds", [])
        left = payment["amount"] - sum(one["amount"] for one in refunds)
        if body["amount"] > left or payment["state"] != "paid":
            return {"refused": True, "code": "too-much"}
        refunds.append({
            "id": f"refunds-{len(self.answers)}", "reference": body["reference"],
            "amount": body["amount"], "state": "done",
        })  # fmt: skip
        return None

    def pay(self, reference: str, state: str = "paid", **more: Any) -> None:
        base = {"id": f"L{reference}", "reference": reference, "amount": 99_000, "currency": "KZT"}
        self.payments[reference] = base | {"state": state} | more


@contextmanager
def local_service(secret: str = "new") -> Iterator[Local]:
    """Run the service at a port of this machine."""
    local = Local(secret)

    class Handler(BaseHTTPRequestHandler):
        @override
        def log_message(self, format: str, *args: Any) -> None:
            pass

        def do_GET(self) -> None:
            self.reply(b"")

        def do_POST(self) -> None:
            self.reply(self.rfile.read(int(self.headers["Content-Length"])))

        def reply(self, raw: bytes) -> None:
            headers = {key.lower(): value for key, value in self.headers.items()}
            status, data = local.exchange(self.command, self.path, raw, headers)
            self.send_response(status)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    local.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield local
    finally:
        server.shutdown()
        server.server_close()
