"""What the fake knows: its objects, its clock, what has happened, and what is to go wrong."""

import hashlib
import json
from dataclasses import dataclass, field
from typing import Any

from tests.fake_stripe import shapes
from tests.fake_stripe.shapes import Object

BEGIN = 1_795_500_000
"""The fake's clock begins on 24 November 2026."""

PLACES = {
    "checkout.session": "cs_test_",
    "payment_intent": "pi_",
    "charge": "ch_",
    "refund": "re_",
    "dispute": "dp_",
    "subscription": "sub_",
    "invoice": "in_",
    "invoice_payment": "inpay_",
    "transfer": "tr_",
    "transfer_reversal": "trr_",
    "customer": "cus_",
    "price": "price_",
    "event": "evt_",
    "payout": "po_",
    "billing_portal.session": "bps_",
}


class ApiError(Exception):
    """An answer of Stripe that is an error."""

    def __init__(self, status: int, type_: str, code: str = "", message: str = "") -> None:
        self.status = status
        self.body = {"error": {"type": type_, "code": code or None, "message": message or code}}
        super().__init__(code)


@dataclass
class Fault:
    """What goes wrong with the next calls that fit: see `wire` for the kinds."""

    kind: str
    method: str = "POST"
    path: str = ""
    times: int = 1


@dataclass
class Seen:
    """A request as it came in."""

    method: str
    path: str
    headers: dict[str, str]
    body: str


@dataclass
class Queued:
    """A message that waits to be delivered."""

    body: str
    type: str


@dataclass
class World:
    """All of it."""

    base: str = ""
    now: int = BEGIN
    objects: dict[str, Object] = field(default_factory=dict)
    queue: list[Queued] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    seen: list[Seen] = field(default_factory=list)
    keys: dict[str, tuple[str, int, str, int]] = field(default_factory=dict)
    webhook_url: str = ""
    secrets: list[str] = field(default_factory=list)
    deliver_before_answer: bool = False
    refunds_pending: bool = False
    count: int = 0

    def new_id(self, kind: str) -> str:
        self.count += 1
        return PLACES[kind] + hashlib.sha256(f"{kind}{self.count}".encode()).hexdigest()[:24]

    def keep(self, value: Object) -> Object:
        self.objects[value["id"]] = value
        return value

    def get(self, id_: str, kind: str) -> Object:
        found = self.objects.get(id_)
        if found is None or found["object"] != kind:
            raise ApiError(404, "invalid_request_error", "resource_missing", f"No such {kind}")
        return found

    def all(self, kind: str) -> list[Object]:
        return [one for one in self.objects.values() if one["object"] == kind]

    def tell(self, type_: str, about: Object) -> None:
        """Queue a message; its object is a copy of how things stand now."""
        value = shapes.event(self.new_id("event"), type_, about, self.now)
        self.queue.append(Queued(json.dumps(value), type_))

    def session_of(self, intent: str) -> Object | None:
        found = (one for one in self.all("checkout.session") if one["payment_intent"] == intent)
        return next(found, None)

    def charge_of(self, reference: str) -> Object:
        """Find the charge of a session, an invoice or an intent."""
        found = self.objects[reference]
        if found["object"] == "charge":
            return found
        if found["object"] == "checkout.session":
            return self.charge_of(found["payment_intent"] or found["invoice"])
        if found["object"] == "invoice":
            paid = next(o for o in self.all("invoice_payment") if o["invoice"] == reference)
            return self.charge_of(paid["payment"]["payment_intent"])
        return self.get(found["latest_charge"], "charge")

    def forget_keys(self) -> None:
        """Forget keys of more than a day ago, as Stripe does."""
        self.keys = {key: one for key, one in self.keys.items() if one[3] > self.now - 86_400}

    def expire(self) -> None:
        """Let pages go whose time is over."""
        for one in self.all("checkout.session"):
            if one["status"] == "open" and one["expires_at"] <= self.now:
                one["status"] = "expired"
                self.tell("checkout.session.expired", one)

    def dump(self) -> dict[str, Any]:
        return {
            "now": self.now,
            "objects": self.objects,
            "queue": [one.type for one in self.queue],
            "seen": [vars(one) for one in self.seen],
        }
