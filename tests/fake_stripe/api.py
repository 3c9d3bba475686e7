"""What the fake answers to the real SDK: the few calls that are made, as Stripe documents them."""

import re
from collections.abc import Callable
from typing import Any

from tests.fake_stripe import shapes
from tests.fake_stripe.shapes import Object
from tests.fake_stripe.world import ApiError, World

Params = dict[str, Any]
Handler = Callable[..., Object]


def make_session(world: World, params: Params) -> Object:
    known = {
        *("mode", "client_reference_id", "metadata", "success_url", "cancel_url", "locale"),
        *("expires_at", "payment_intent_data", "subscription_data", "line_items", "expand"),
    }
    if strange := set(params) - known:
        raise ApiError(400, "invalid_request_error", "parameter_unknown", f"{sorted(strange)}")
    hold = int(params["expires_at"]) - world.now
    if not 1_790 <= hold <= 86_400:
        raise ApiError(400, "invalid_request_error", "", f"expires_at in {hold} seconds")
    made = shapes.session(world.new_id("checkout.session"), params, world.now, world.base)
    made["_lines"] = params["line_items"]
    made["_subscription"] = params.get("subscription_data", {})
    return world.keep(made)


def list_sessions(world: World, params: Params) -> Object:
    found = world.all("checkout.session")
    if intent := params.get("payment_intent"):
        found = [one for one in found if one["payment_intent"] == intent]
    return listed("/v1/checkout/sessions", found, params)


def get_session(world: World, params: Params, id_: str) -> Object:
    return expanded(world, world.get(id_, "checkout.session"), params)


def getter(kind: str) -> Handler:
    def get(world: World, params: Params, id_: str) -> Object:
        return expanded(world, world.get(id_, kind), params)

    return get


def lister(kind: str, *filters: str) -> Handler:
    def found(world: World, params: Params) -> Object:
        rows = [
            one
            for one in world.all(kind)
            if all(one[name] == params[name] for name in filters if name in params)
        ]
        return listed(f"/v1/{kind}s", rows, params)

    return found


def listed(url: str, rows: list[Object], params: Params) -> Object:
    created = params.get("created", {})
    rows = [
        one
        for one in reversed(rows)
        if int(created.get("gte", 0)) <= one["created"] <= int(created.get("lte", 1 << 40))
    ]
    if after := params.get("starting_after"):
        rows = rows[1 + [one["id"] for one in rows].index(after) :]
    limit = int(params.get("limit", 10))
    return {"object": "list", "url": url, "has_more": len(rows) > limit, "data": rows[:limit]}


def expanded(world: World, value: Object, params: Params) -> Object:
    for path in params.get("expand", []):
        value = _followed(world, value, path.split("."))
    return value


def _followed(world: World, value: Object, steps: list[str]) -> Object:
    name, rest = steps[0], steps[1:]
    found = value.get(name)
    if (value["object"], name) == ("charge", "refunds"):
        rows = [one for one in world.all("refund") if one["charge"] == value["id"]]
        found = listed(f"/v1/charges/{value['id']}/refunds", rows, {})
    elif isinstance(found, str):
        found = world.objects[found]
    if rest and isinstance(found, dict):
        found = _followed(world, found, rest)
    return value if found is None else {**value, name: found}


def create_refund(world: World, params: Params) -> Object:
    intent = world.get(params.get("payment_intent", ""), "payment_intent")
    paid = world.get(intent["latest_charge"] or "", "charge")
    return make_refund(world, paid, int(params["amount"]), params.get("metadata", {}))


def make_refund(world: World, paid: Object, amount: int, metadata: Object) -> Object:
    left = paid["amount"] - paid["amount_refunded"]
    if not left:
        raise ApiError(400, "invalid_request_error", "charge_already_refunded")
    if paid["disputed"]:
        raise ApiError(400, "invalid_request_error", "charge_disputed")
    if not 0 < amount <= left:
        raise ApiError(400, "invalid_request_error", "", "greater than what is left")
    made = world.keep(shapes.refund(world.new_id("refund"), paid, amount, metadata, world.now))
    if world.refunds_pending:
        made["status"] = "pending"
    paid["amount_refunded"] += amount
    paid["refunded"] = paid["amount_refunded"] == paid["amount"]
    world.tell("refund.created", made)
    world.tell("charge.refunded", paid)
    return made


def update_subscription(world: World, params: Params, id_: str) -> Object:
    found = world.get(id_, "subscription")
    if "cancel_at_period_end" in params:
        found["cancel_at_period_end"] = params["cancel_at_period_end"] == "true"
    if "pause_collection" in params:
        found["pause_collection"] = params["pause_collection"] or None
    world.tell("customer.subscription.updated", found)
    return found


def create_transfer(world: World, params: Params) -> Object:
    vendor = world.get(params["destination"], "account")
    if not vendor["payouts_enabled"]:
        raise ApiError(400, "invalid_request_error", "account_invalid")
    here = sum(one["amount"] - one["amount_refunded"] for one in world.all("charge"))
    here -= sum(one["amount"] - one["amount_reversed"] for one in world.all("transfer"))
    if int(params["amount"]) > here:
        raise ApiError(400, "invalid_request_error", "balance_insufficient")
    return world.keep(shapes.transfer(world.new_id("transfer"), params, world.now))


def reverse_transfer(world: World, params: Params, id_: str) -> Object:
    of, amount = world.get(id_, "transfer"), int(params["amount"])
    if not 0 < amount <= of["amount"] - of["amount_reversed"]:
        raise ApiError(400, "invalid_request_error", "", "more than is left")
    made = world.keep(
        shapes.transfer_reversal(
            world.new_id("transfer_reversal"), of, amount, params.get("metadata", {}), world.now
        )
    )
    of["amount_reversed"] += amount
    of["reversed"] = of["amount_reversed"] == of["amount"]
    world.tell("transfer.reversed", of)
    return made


def reversals(world: World, params: Params, id_: str) -> Object:
    rows = [one for one in world.all("transfer_reversal") if one["transfer"] == id_]
    return listed(f"/v1/transfers/{id_}/reversals", rows, params)


def create_portal(world: World, params: Params) -> Object:
    return shapes.portal(world.new_id("billing_portal.session"), params, world.now, world.base)


ROUTES: list[tuple[str, re.Pattern[str], Handler]] = [
    (method, re.compile(pattern.replace("ID", "([a-zA-Z0-9_]+)")), handler)
    for method, pattern, handler in (
        ("POST", "/v1/checkout/sessions", make_session),
        ("GET", "/v1/checkout/sessions", list_sessions),
        ("GET", "/v1/checkout/sessions/ID", get_session),
        ("GET", "/v1/payment_intents/ID", getter("payment_intent")),
        ("GET", "/v1/charges/ID", getter("charge")),
        ("POST", "/v1/refunds", create_refund),
        ("GET", "/v1/refunds", lister("refund", "payment_intent")),
        ("GET", "/v1/refunds/ID", getter("refund")),
        ("GET", "/v1/disputes", lister("dispute")),
        ("GET", "/v1/disputes/ID", getter("dispute")),
        ("GET", "/v1/subscriptions/ID", getter("subscription")),
        ("POST", "/v1/subscriptions/ID", update_subscription),
        ("GET", "/v1/invoices", lister("invoice")),
        ("GET", "/v1/invoices/ID", getter("invoice")),
        ("GET", "/v1/invoice_payments", lister("invoice_payment", "invoice")),
        ("GET", "/v1/accounts/ID", getter("account")),
        ("GET", "/v1/payouts/ID", getter("payout")),
        ("POST", "/v1/transfers", create_transfer),
        ("GET", "/v1/transfers/ID", getter("transfer")),
        ("GET", "/v1/transfers", lister("transfer", "transfer_group")),
        ("POST", "/v1/transfers/ID/reversals", reverse_transfer),
        ("GET", "/v1/transfers/ID/reversals", reversals),
        ("POST", "/v1/billing_portal/sessions", create_portal),
    )
]


def answer(world: World, method: str, path: str, params: Params) -> Object:
    """Do what a call asks."""
    for wanted, pattern, handler in ROUTES:
        if wanted == method and (found := pattern.fullmatch(path)):
            return handler(world, params, *found.groups())
    raise ApiError(404, "invalid_request_error", "", f"Unrecognized request URL {method} {path}")
