"""Objects as Stripe sends them, with the fields that matter and no others it does not have."""

from typing import Any

Object = dict[str, Any]


def session(id_: str, params: Object, now: int, base: str) -> Object:
    mode = params.get("mode", "payment")
    items = params.get("line_items") or []
    total = sum(
        int(one["price_data"]["unit_amount"]) * int(one.get("quantity", 1)) for one in items
    )
    return {
        "id": id_,
        "object": "checkout.session",
        "amount_subtotal": total,
        "amount_total": total,
        "cancel_url": params.get("cancel_url"),
        "client_reference_id": params.get("client_reference_id"),
        "created": now,
        "currency": items[0]["price_data"]["currency"],
        "customer": None,
        "expires_at": int(params.get("expires_at") or now + 86_400),
        "invoice": None,
        "livemode": False,
        "locale": params.get("locale"),
        "metadata": params.get("metadata", {}),
        "mode": mode,
        "payment_intent": None,
        "payment_method_types": ["card"],
        "payment_status": "unpaid",
        "status": "open",
        "subscription": None,
        "success_url": params.get("success_url"),
        "url": f"{base}/pay/{id_}",
    }


def payment_intent(id_: str, amount: int, currency: str, metadata: Object, now: int) -> Object:
    return {
        "id": id_,
        "object": "payment_intent",
        "amount": amount,
        "amount_received": 0,
        "created": now,
        "currency": currency,
        "customer": None,
        "last_payment_error": None,
        "latest_charge": None,
        "livemode": False,
        "metadata": metadata,
        "status": "requires_payment_method",
        "transfer_group": None,
    }


def charge(id_: str, intent: Object, now: int) -> Object:
    return {
        "id": id_,
        "object": "charge",
        "amount": intent["amount"],
        "amount_captured": intent["amount"],
        "amount_refunded": 0,
        "captured": True,
        "created": now,
        "currency": intent["currency"],
        "disputed": False,
        "livemode": False,
        "metadata": intent["metadata"],
        "paid": True,
        "payment_intent": intent["id"],
        "refunded": False,
        "status": "succeeded",
        "transfer_group": intent["transfer_group"],
    }


def refund(id_: str, paid: Object, amount: int, metadata: Object, now: int) -> Object:
    return {
        "id": id_,
        "object": "refund",
        "amount": amount,
        "charge": paid["id"],
        "created": now,
        "currency": paid["currency"],
        "metadata": metadata,
        "payment_intent": paid["payment_intent"],
        "reason": None,
        "status": "succeeded",
    }


def dispute(id_: str, paid: Object, amount: int, now: int) -> Object:
    return {
        "id": id_,
        "object": "dispute",
        "amount": amount,
        "charge": paid["id"],
        "created": now,
        "currency": paid["currency"],
        "livemode": False,
        "metadata": {},
        "payment_intent": paid["payment_intent"],
        "reason": "general",
        "status": "needs_response",
    }


def subscription(
    id_: str, customer: str, metadata: Object, price: Object, begin: int, end: int
) -> Object:
    item = {
        "id": f"si_{id_[4:]}",
        "object": "subscription_item",
        "created": begin,
        "current_period_start": begin,
        "current_period_end": end,
        "metadata": {},
        "price": price,
        "quantity": 1,
        "subscription": id_,
    }
    return {
        "id": id_,
        "object": "subscription",
        "cancel_at_period_end": False,
        "canceled_at": None,
        "created": begin,
        "currency": price["currency"],
        "customer": customer,
        "ended_at": None,
        "items": {
            "object": "list",
            "data": [item],
            "has_more": False,
            "url": f"/v1/subscription_items?subscription={id_}",
        },
        "latest_invoice": None,
        "livemode": False,
        "metadata": metadata,
        "pause_collection": None,
        "status": "active",
    }


def price(id_: str, data: Object, now: int) -> Object:
    return {
        "id": id_,
        "object": "price",
        "active": True,
        "created": now,
        "currency": data["currency"],
        "livemode": False,
        "metadata": {},
        "product": "prod_fake",
        "recurring": {
            "interval": data["recurring"]["interval"],
            "interval_count": int(data["recurring"].get("interval_count", 1)),
            "usage_type": "licensed",
        },
        "type": "recurring",
        "unit_amount": int(data["unit_amount"]),
    }


def invoice(id_: str, of: Object, amount: int, reason: str, now: int) -> Object:
    return {
        "id": id_,
        "object": "invoice",
        "amount_due": amount,
        "amount_paid": 0,
        "amount_remaining": amount,
        "billing_reason": reason,
        "created": now,
        "currency": of["currency"],
        "customer": of["customer"],
        "livemode": False,
        "metadata": {},
        "parent": {
            "quote_details": None,
            "subscription_details": {"metadata": of["metadata"], "subscription": of["id"]},
            "type": "subscription_details",
        },
        "status": "open",
        "total": amount,
    }


def invoice_payment(id_: str, paper: Object, intent: str, now: int) -> Object:
    return {
        "id": id_,
        "object": "invoice_payment",
        "amount_paid": paper["amount_due"],
        "amount_requested": paper["amount_due"],
        "created": now,
        "currency": paper["currency"],
        "invoice": paper["id"],
        "is_default": True,
        "livemode": False,
        "payment": {"type": "payment_intent", "payment_intent": intent},
        "status": "paid",
    }


def transfer(id_: str, params: Object, now: int) -> Object:
    return {
        "id": id_,
        "object": "transfer",
        "amount": int(params["amount"]),
        "amount_reversed": 0,
        "created": now,
        "currency": params["currency"],
        "destination": params["destination"],
        "livemode": False,
        "metadata": params.get("metadata", {}),
        "reversals": {
            "object": "list",
            "data": [],
            "has_more": False,
            "url": f"/v1/transfers/{id_}/reversals",
        },
        "reversed": False,
        "source_transaction": params.get("source_transaction"),
        "transfer_group": params.get("transfer_group"),
    }


def transfer_reversal(id_: str, of: Object, amount: int, metadata: Object, now: int) -> Object:
    return {
        "id": id_,
        "object": "transfer_reversal",
        "amount": amount,
        "created": now,
        "currency": of["currency"],
        "metadata": metadata,
        "transfer": of["id"],
    }


def account(id_: str, *, ready: bool) -> Object:
    return {
        "id": id_,
        "object": "account",
        "charges_enabled": ready,
        "country": "EE",
        "details_submitted": ready,
        "metadata": {},
        "payouts_enabled": ready,
        "type": "express",
    }


def payout(id_: str, amount: int, currency: str, status: str, now: int) -> Object:
    return {
        "id": id_,
        "object": "payout",
        "amount": amount,
        "created": now,
        "currency": currency,
        "livemode": False,
        "metadata": {},
        "status": status,
        "type": "bank_account",
    }


def portal(id_: str, params: Object, now: int, base: str) -> Object:
    return {
        "id": id_,
        "object": "billing_portal.session",
        "created": now,
        "customer": params["customer"],
        "livemode": False,
        "return_url": params.get("return_url"),
        "url": f"{base}/portal/{id_}",
    }


def event(id_: str, type_: str, about: Object, now: int) -> Object:
    return {
        "id": id_,
        "object": "event",
        "api_version": "2026-10-28.endive",
        "created": now,
        "data": {"object": about},
        "livemode": False,
        "pending_webhooks": 1,
        "request": {"id": None, "idempotency_key": None},
        "type": type_,
    }
