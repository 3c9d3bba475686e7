"""What people and banks do: pay, be refused, complain, let time pass. None of it is our doing."""

from collections.abc import Callable

from tests.fake_stripe import shapes
from tests.fake_stripe.api import make_refund
from tests.fake_stripe.shapes import Object
from tests.fake_stripe.world import Fault, World

MONTH = 30 * 86_400


def pay(world: World, session: str, *, slow: bool = False, late: bool = False) -> Object:
    """Fill in Stripe's page. `slow`: the money takes days; `late`: the page had expired."""
    page = world.get(session, "checkout.session")
    if page["status"] != "open" and not late:
        raise ValueError(f"the page is {page['status']}")
    page["status"] = "complete"
    page["payment_status"] = "unpaid" if slow else "paid"
    if page["mode"] == "subscription":
        _subscribe(world, page)
    else:
        page["payment_intent"] = _intent(world, page, slow=slow)["id"]
    world.tell("checkout.session.completed", page)
    if not slow:
        world.tell("payment_intent.succeeded", world.charge_of(session))
    return page


def _intent(world: World, page: Object, *, slow: bool = False) -> Object:
    intent = world.keep(
        shapes.payment_intent(
            world.new_id("payment_intent"),
            page["amount_total"],
            page["currency"],
            page["metadata"],
            world.now,
        )
    )
    intent["status"] = "processing"
    if not slow:
        _capture(world, intent)
    return intent


def _capture(world: World, intent: Object) -> None:
    made = world.keep(shapes.charge(world.new_id("charge"), intent, world.now))
    intent |= {
        "status": "succeeded",
        "latest_charge": made["id"],
        "amount_received": intent["amount"],
    }


def settle(world: World, session: str, *, ok: bool) -> Object:
    """Let slow money come, or not."""
    page = world.get(session, "checkout.session")
    intent = world.get(page["payment_intent"], "payment_intent")
    if ok:
        _capture(world, intent)
        page["payment_status"] = "paid"
        world.tell("checkout.session.async_payment_succeeded", page)
        return page
    intent["status"] = "requires_payment_method"
    intent["last_payment_error"] = {"type": "card_error", "code": "insufficient_funds"}
    world.tell("checkout.session.async_payment_failed", page)
    return page


def refuse_card(world: World, session: str) -> Object:
    """Let a card be refused; the page stays open for another one."""
    page = world.get(session, "checkout.session")
    intent = _intent(world, page, slow=True)
    intent["status"] = "requires_payment_method"
    page["payment_intent"] = intent["id"]
    world.tell("payment_intent.payment_failed", intent)
    return intent


def _subscribe(world: World, page: Object) -> None:
    lines = page["_lines"]
    price = world.keep(shapes.price(world.new_id("price"), lines[0]["price_data"], world.now))
    made = world.keep(
        shapes.subscription(
            world.new_id("subscription"),
            world.new_id("customer"),
            page["_subscription"].get("metadata", {}),
            price,
            world.now,
            world.now + MONTH * price["recurring"]["interval_count"],
        )
    )
    paper = _bill(world, made, "subscription_create")
    page |= {"subscription": made["id"], "invoice": paper["id"], "customer": made["customer"]}
    world.tell("customer.subscription.created", made)
    world.tell("invoice.paid", paper)


def _bill(world: World, of: Object, reason: str, *, ok: bool = True) -> Object:
    amount = of["items"]["data"][0]["price"]["unit_amount"]
    paper = world.keep(shapes.invoice(world.new_id("invoice"), of, amount, reason, world.now))
    of["latest_invoice"] = paper["id"]
    if ok:
        intent = world.keep(
            shapes.payment_intent(
                world.new_id("payment_intent"), amount, of["currency"], {}, world.now
            )
        )
        _capture(world, intent)
        world.keep(
            shapes.invoice_payment(world.new_id("invoice_payment"), paper, intent["id"], world.now)
        )
        paper |= {"status": "paid", "amount_paid": amount, "amount_remaining": 0}
    return paper


def renew(world: World, subscription: str, *, ok: bool = True) -> Object:
    """Begin the next period, or fail to take the money for it, or end it as was asked."""
    of = world.get(subscription, "subscription")
    if of["cancel_at_period_end"]:
        of["status"] = "canceled"
        world.tell("customer.subscription.deleted", of)
        return of
    paper = _bill(world, of, "subscription_cycle", ok=ok)
    if ok:
        item = of["items"]["data"][0]
        item["current_period_start"] = item["current_period_end"]
        item["current_period_end"] += MONTH
    of["status"] = "active" if ok else "past_due"
    world.tell("customer.subscription.updated", of)
    world.tell("invoice.paid" if ok else "invoice.payment_failed", paper)
    return paper


def refund_outside(world: World, of: str, amount: int) -> Object:
    """Give money back on Stripe's own pages."""
    return make_refund(world, world.charge_of(of), amount, {})


def end_refund(world: World, refund: str, status: str) -> Object:
    """Let a refund come to its end; one that seemed done can fail too."""
    found = world.get(refund, "refund")
    found["status"] = status
    if status in {"failed", "canceled"}:
        world.get(found["charge"], "charge")["amount_refunded"] -= found["amount"]
    world.tell("refund.failed" if status == "failed" else "refund.updated", found)
    return found


def dispute(world: World, of: str, *, inquiry: bool = False) -> Object:
    """Complain at the bank."""
    paid = world.charge_of(of)
    made = world.keep(shapes.dispute(world.new_id("dispute"), paid, paid["amount"], world.now))
    if inquiry:
        made["status"] = "warning_needs_response"
    else:
        paid["disputed"] = True
    world.tell("charge.dispute.created", made)
    return made


def close_dispute(world: World, dispute: str, status: str) -> Object:
    """Decide a complaint: won or lost."""
    found = world.get(dispute, "dispute")
    found["status"] = status
    world.tell("charge.dispute.closed", found)
    return found


def vendor(world: World, account: str, *, ready: bool) -> Object:
    """Have a vendor with an account."""
    made = world.keep(shapes.account(account, ready=ready))
    world.tell("account.updated", made)
    return made


def payout(world: World, amount: int, status: str) -> Object:
    """Pay out to the bank, or fail to."""
    made = world.keep(shapes.payout(world.new_id("payout"), amount, "eur", status, world.now))
    world.tell(f"payout.{status}", made)
    return made


def clock(world: World, seconds: int) -> Object:
    """Let time pass, or turn it back."""
    world.now += seconds
    world.expire()
    return {"now": world.now}


def fault(world: World, kind: str, method: str, path: str, times: int) -> Object:
    """Let something go wrong."""
    world.faults.append(Fault(kind, method, path, times))
    return {}


def setup(world: World, **settings: object) -> Object:
    """Set an address for messages, secrets, switches."""
    for name, value in settings.items():
        if name not in vars(world):
            raise ValueError(name)
        setattr(world, name, value)
    return {}


def reset(world: World) -> Object:
    """Begin anew; no id is given out twice, since whoever asked before may remember it."""
    fresh = World(base=world.base, count=world.count)
    vars(world).update(vars(fresh))
    return {}


ACTS: dict[str, Callable[..., Object]] = {
    one.__name__: one
    for one in (
        *(pay, settle, refuse_card, renew, refund_outside, end_refund, dispute, close_dispute),
        *(vendor, payout, clock, fault, setup, reset),
    )
}
