"""Speak HTTP like Stripe: forms in, JSON out, keys that are remembered, messages that are signed.

Kinds of faults: `402`, `409`, `429` and `500` answer so before anything is done; `500_kept` answers
so and goes on answering so to the same key; `500_done` does it and then answers like that;
`lost_answer` does it and hangs up; `hang_up` hangs up.
"""

import hashlib
import hmac
import json
import threading
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from typing_extensions import override

from tests.fake_stripe import page
from tests.fake_stripe.api import answer
from tests.fake_stripe.payer import ACTS
from tests.fake_stripe.world import ApiError, Fault, Queued, Seen, World

ERRORS = {
    "402": (402, "card_error", "card_declined"),
    "409": (409, "invalid_request_error", "lock_timeout"),
    "429": (429, "rate_limit_error", "rate_limit"),
    "500": (500, "api_error", ""),
    "500_kept": (500, "api_error", ""),
}
LEFT_OUT = {"accept", "accept-encoding", "connection", "content-length", "host"}


class HungUp(Exception):
    """No answer is given."""


class Wire(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    # Head and body are two writes: the second would wait for the other side's late acknowledgement.
    disable_nagle_algorithm = True
    world: World
    gate: threading.Lock

    @override
    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        self._handle("GET")

    def do_POST(self) -> None:
        self._handle("POST")

    def _handle(self, method: str) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        path = urlsplit(self.path)
        if path.path.startswith("/_fake/"):
            self._control(path.path.removeprefix("/_fake/"), json.loads(body or "{}"))
            return
        if path.path.startswith(page.PATH):
            self._browser(method, path.path)
            return
        params = nested(body if method == "POST" else path.query)
        try:
            status, text = self._call(method, path.path, params, f"{self.path}\n{body}")
        except HungUp:
            self.close_connection = True
            self.connection.close()
            return
        self._send(status, text)

    def _call(self, method: str, path: str, params: dict[str, Any], raw: str) -> tuple[int, str]:
        world, key = self.world, self.headers.get("Idempotency-Key") or ""
        with self.gate:
            headers = {k: v for k, v in self.headers.items() if k.lower() not in LEFT_OUT}
            world.seen.append(Seen(method, path, headers, raw))
            if not (self.headers.get("Authorization") or "").startswith("Bearer sk_test_"):
                return 401, _error(401, "invalid_request_error", "")
            world.forget_keys()
            if method == "POST" and key in world.keys:
                known, status, text, _ = world.keys[key]
                if known != f"{path} {params}":
                    return 400, _error(400, "idempotency_error", "")
                if self._fault(method, path, {"lost_answer", "hang_up"}):
                    raise HungUp
                return status, text
            fault = self._fault(method, path)
            if fault and fault.kind == "hang_up":
                raise HungUp
            if fault and fault.kind in ERRORS:
                status, type_, code = ERRORS[fault.kind]
                text = _error(status, type_, code)
                if fault.kind in {"402", "500_kept"} and key:
                    world.keys[key] = (f"{path} {params}", status, text, world.now)
                return status, text
            status, text = self._answer(method, path, params)
            if fault and fault.kind == "500_done":
                status, text = 500, _error(500, "api_error", "")
            if method == "POST" and key and status in {200, 500}:
                world.keys[key] = (f"{path} {params}", status, text, world.now)
            # Taken out before they are sent: who hears of one may ask back, and is not told again.
            hurried = world.queue[:] if world.deliver_before_answer else []
            world.queue = [one for one in world.queue if one not in hurried]
        for one in hurried:
            send(world, one)
        if fault and fault.kind == "lost_answer":
            raise HungUp
        return status, text

    def _answer(self, method: str, path: str, params: dict[str, Any]) -> tuple[int, str]:
        try:
            return 200, json.dumps(public(answer(self.world, method, path, params)))
        except ApiError as error:
            return error.status, json.dumps(error.body)

    def _fault(self, method: str, path: str, kinds: set[str] | None = None) -> Fault | None:
        for fault in self.world.faults:
            fits = fault.method == method and path.startswith(fault.path)
            if fits and fault.times > 0 and (kinds is None or fault.kind in kinds):
                fault.times -= 1
                return fault
        return None

    def _control(self, act: str, arguments: dict[str, Any]) -> None:
        try:
            if act == "deliver":
                self._send(200, json.dumps(deliver(self.world, **arguments)))
                return
            with self.gate:
                if act == "state":
                    self._send(200, json.dumps(self.world.dump()))
                    return
                done = ACTS[act](self.world, **arguments)
            self._send(200, json.dumps(public(done)))
        except Exception as error:  # noqa: BLE001 - told to the test that asked
            self._send(422, json.dumps({"error": f"{type(error).__name__}: {error}"}))

    def _browser(self, method: str, path: str) -> None:
        try:
            with self.gate:
                if method == "GET":
                    self._send(200, page.shown(self.world, path), "text/html; charset=utf-8")
                    return
                back = page.paid(self.world, path)
        except (ApiError, ValueError) as error:
            self._send(404, json.dumps({"error": str(error)}))
            return
        self.send_response(303)
        self.send_header("Location", back)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _send(self, status: int, text: str, kind: str = "application/json") -> None:
        data = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Request-Id", "req_fake")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


def _error(status: int, type_: str, code: str) -> str:
    return json.dumps(ApiError(status, type_, code).body)


def public(value: dict[str, Any]) -> dict[str, Any]:
    """Leave out what is only the fake's."""
    return {
        key: [public(one) if isinstance(one, dict) else one for one in inner]
        if isinstance(inner, list)
        else inner
        for key, inner in value.items()
        if not key.startswith("_")
    }


def nested(form: str) -> dict[str, Any]:
    """Take `a[b][0][c]=1` apart."""
    found: dict[str, Any] = {}
    for name, value in parse_qsl(form, keep_blank_values=True):
        steps = name.replace("]", "").split("[")
        place = found
        for step in steps[:-1]:
            place = place.setdefault(step, {})
        place[steps[-1]] = value
    return {key: _lists(value) for key, value in found.items()}


def _lists(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    inner = {key: _lists(one) for key, one in value.items()}
    if inner and all(key.isdecimal() for key in inner):
        return [inner[key] for key in sorted(inner, key=int)]
    return inner


def signature(body: str, secrets: list[str], now: int) -> str:
    """Sign a message with every secret, as during a change of them."""
    signed = [
        hmac.new(one.encode(), f"{now}.{body}".encode(), hashlib.sha256).hexdigest()
        for one in secrets
    ]
    return ",".join([f"t={now}", *(f"v1={one}" for one in signed)])


def send(world: World, message: Queued) -> int:
    """Send one message, and return how it was answered; 0 is not at all."""
    request = urllib.request.Request(
        world.webhook_url,
        message.body.encode(),
        {"Stripe-Signature": signature(message.body, world.secrets, world.now)},
    )
    try:
        with urllib.request.urlopen(request, timeout=10) as response:
            return int(response.status)
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return 0


def deliver(
    world: World,
    *,
    reverse: bool = False,
    times: int = 1,
    lose: list[str] | None = None,
    only: list[str] | None = None,
) -> dict[str, Any]:
    """Send what waits: backwards, several times, without some. What is refused waits on."""
    waiting = [one for one in world.queue if only is None or one.type in only]
    lost = [one for one in waiting if one.type in (lose or []) or "*" in (lose or [])]
    sent = [one for one in waiting if one not in lost]
    answers = []
    for one in sent[::-1] if reverse else sent:
        statuses = [send(world, one) for _ in range(times)]
        answers += [(one.type, status) for status in statuses]
        if 200 <= statuses[-1] < 300 and one in world.queue:
            world.queue.remove(one)
    for one in lost:
        world.queue.remove(one)
    return {"answers": answers}


def serve(port: int) -> ThreadingHTTPServer:
    """Make a server with a world of its own."""
    world = World()
    handler = type("Handler", (Wire,), {"world": world, "gate": threading.Lock()})
    server = ThreadingHTTPServer(("127.0.0.1", port), handler)
    server.daemon_threads = True
    world.base = f"http://127.0.0.1:{server.server_address[1]}"
    return server
