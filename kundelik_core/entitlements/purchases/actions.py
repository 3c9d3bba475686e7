"""Tie money to time: every change of either is one transaction with the other.

Whoever talks to a provider calls these and nothing else. Each is safe to repeat: the same order's
line, refund or dispute counts once, whatever was told twice or in another order.
"""

from datetime import datetime, timedelta
from uuid import UUID

import asyncpg
import msgspec

from kundelik_core.entitlements.actions import give_back, revoke
from kundelik_core.entitlements.ledger import rules as money
from kundelik_core.entitlements.ledger.actions import step
from kundelik_core.entitlements.ledger.model import Sale, Till
from kundelik_core.entitlements.ledger.queries import sale_of
from kundelik_core.entitlements.ledger.rules import Legs, Position
from kundelik_core.entitlements.model import Granted
from kundelik_core.entitlements.purchases.model import Policy, Purchase, Sold
from kundelik_core.entitlements.purchases.selling import Selling
from kundelik_core.entitlements.queries import by_id, by_source, grants_of
from kundelik_core.entitlements.rules import Span, concerns, pieces
from kundelik_core.entitlements.sharing import sharing_of
from kundelik_core.entitlements.terms import overlap, paid_time, shortened_end
from kundelik_core.entitlements.verdict import reaches
from kundelik_core.kernel import clock
from kundelik_core.kernel.audit import Doer
from kundelik_core.kernel.db import Tenant
from kundelik_core.kernel.errors import Problem
from kundelik_core.kernel.i18n import N_
from kundelik_core.kernel.ids import new_id

__all__ = [
    "absorb",
    "cancel_renewal",
    "dispute_lost",
    "dispute_opened",
    "dispute_won",
    "grant_paid",
    "money_returned",
    "refund",
    "return_failed",
]


async def grant_paid(tx: Tenant, purchase: Purchase, doer: Doer) -> Sold:
    """Book a payment and grant what it is for; where nothing can be granted, owe it back.

    Raises:
        Problem: the same payment is being booked at this moment.
    """
    try:
        selling = await Selling.open(tx, [purchase.pupil], [purchase.order_ref])
        sold = selling.sell(purchase)
        await selling.write(doer)
    except asyncpg.UniqueViolationError as error:
        raise Problem(
            "busy", N_("This payment is being booked at this moment. Try again."), status=409
        ) from error
    return sold


async def refund(
    tx: Tenant,
    order_ref: str,
    cause: str,
    amount: int | None,
    doer: Doer,
    policy: Policy = "shorten",
) -> Sale:
    """Decide that a payment goes back, or a part of it; the parent is owed it from now on.

    All of it ends the grant now; a part shortens it in proportion, or leaves it. Without an amount
    it is all that is left.

    Raises:
        Problem: there is no such sale, a dispute runs, or it is more than is left.
    """

    def move(position: Position) -> tuple[Legs, Position]:
        left = position.amount - position.refunded - position.absorbed
        return money.refund(position, left if amount is None else amount)

    done = await step(tx, order_ref, "refund", cause, move, doer)
    if done is None:
        return await sale_of(tx, order_ref)
    before, after = done
    await _take_time(tx, before, after, "refund", policy, doer)
    return after


async def money_returned(
    tx: Tenant, order_ref: str, cause: str, amount: int, till: Till, doer: Doer
) -> Sale:
    """Note that money has gone back to the parent, by our refund or by somebody else's hand.

    What nobody here had decided changes nothing else: it waits for ``refund`` or ``absorb``.

    Raises:
        Problem: there is no such sale, or more would have gone back than was paid.
    """

    def move(position: Position) -> tuple[Legs, Position]:
        return money.returned(position, amount, receivable=till == "receivable")

    done = await step(tx, order_ref, "returned", cause, move, doer)
    return done[1] if done else await sale_of(tx, order_ref)


async def return_failed(
    tx: Tenant, order_ref: str, cause: str, amount: int, absorbed: bool, till: Till, doer: Doer
) -> Sale:
    """Note that money which had gone back is here again, and owed unless it was borne by us.

    What was ended with it stays ended: it goes back by another refund.

    Raises:
        Problem: there is no such sale, or so much had not gone back.
    """

    def move(position: Position) -> tuple[Legs, Position]:
        return money.return_failed(
            position, amount, absorbed=absorbed, receivable=till == "receivable"
        )

    done = await step(tx, order_ref, "return_failed", cause, move, doer)
    return done[1] if done else await sale_of(tx, order_ref)


async def absorb(tx: Tenant, order_ref: str, cause: str, doer: Doer) -> Sale:
    """Bear what went back without a decision; the family keeps what it has.

    Raises:
        Problem: there is no such sale, or nothing waits for a decision.
    """
    done = await step(tx, order_ref, "absorbed", cause, money.absorb, doer)
    return done[1] if done else await sale_of(tx, order_ref)


async def dispute_opened(tx: Tenant, order_ref: str, ref: str, amount: int, doer: Doer) -> Sale:
    """Set disputed money aside and suspend what was granted for it.

    Raises:
        Problem: there is no such sale, another dispute runs, or it is about more than was paid.
    """

    def move(position: Position) -> tuple[Legs, Position]:
        return money.dispute_opened(position, amount, ref)

    done = await step(tx, order_ref, "dispute_opened", ref, move, doer)
    if done is None:
        return await sale_of(tx, order_ref)
    if done[1].entitlement_id is not None:
        await tx.execute(
            "insert into core.entitlement_pause "
            "(school_id, id, entitlement_id, kind, cause, begins) "
            "values ($1, $2, $3, 'dispute', $4, $5)",
            tx.school_id,
            new_id(),
            done[1].entitlement_id,
            ref,
            clock.now(),
        )
    return done[1]


async def dispute_won(tx: Tenant, order_ref: str, ref: str, zone: str, doer: Doer) -> Sale:
    """Take disputed money back and restore what was granted, with the time that was lost.

    Raises:
        Problem: there is no such sale, or no such dispute runs.
    """

    def move(position: Position) -> tuple[Legs, Position]:
        return money.dispute_won(position, ref)

    done = await step(tx, order_ref, "dispute_won", ref, move, doer)
    if done is None:
        return await sale_of(tx, order_ref)
    sale = done[1]
    if sale.entitlement_id is not None:
        suspended = await _the(tx, sale.entitlement_id)
        one = await _end_pause(tx, sale.entitlement_id, ref)
        lost = await _lost(tx, suspended, one, clock.now())
        await give_back(tx, one, lost, f"{one.id}/{ref[:60]}", zone, doer)
    return sale


async def dispute_lost(tx: Tenant, order_ref: str, ref: str, doer: Doer) -> Sale:
    """Let disputed money go, and take back what was granted for it.

    Raises:
        Problem: there is no such sale, or no such dispute runs.
    """

    def move(position: Position) -> tuple[Legs, Position]:
        return money.dispute_lost(position, ref)

    done = await step(tx, order_ref, "dispute_lost", ref, move, doer)
    if done is None:
        return await sale_of(tx, order_ref)
    before, after = done
    if after.entitlement_id is not None:
        await _end_pause(tx, after.entitlement_id, ref)
        await _take_time(tx, before, after, "dispute", "shorten", doer)
    return after


async def cancel_renewal(tx: Tenant, order_ref: str, doer: Doer) -> bool:
    """Let a subscription's last paid period run to its end, and no grace behind it.

    Raises:
        Problem: there is no such grant.
    """
    one = await by_source(tx, "order", order_ref)
    if one is None or one.grace_from is None:
        raise Problem("not-found", N_("Nothing of that kind was granted here."), status=404)
    return await revoke(tx, one.id, "cancelled", doer, one.grace_from)


async def _take_time(
    tx: Tenant, before: Sale, after: Sale, reason: str, policy: Policy, doer: Doer
) -> None:
    """End a grant whose money is gone; shorten one of which a part is."""
    paid, left = _kept(before), _kept(after)
    if after.entitlement_id is None or paid == left:
        return
    if left and policy == "keep":
        return
    one = await by_id(tx, after.entitlement_id)
    ends = shortened_end(one, left, paid, clock.now()) if one else None
    if ends is not None:
        await revoke(tx, after.entitlement_id, reason, doer, ends)


def _kept(sale: Sale) -> int:
    return sale.amount_minor - sale.refunded_minor - sale.absorbed_minor


async def _end_pause(tx: Tenant, entitlement: UUID, ref: str) -> Granted:
    await tx.execute(
        "update core.entitlement_pause set ends = greatest(begins, $4) where school_id = $1 "
        "and entitlement_id = $2 and kind = 'dispute' and cause = $3 and ends is null",
        tx.school_id,
        entitlement,
        ref,
        clock.now(),
    )
    return await _the(tx, entitlement)


async def _the(tx: Tenant, entitlement: UUID) -> Granted:
    one = await by_id(tx, entitlement)
    assert one is not None, "the sale's foreign key leads to it"
    return one


async def _lost(tx: Tenant, suspended: Granted, one: Granted, now: datetime) -> timedelta:
    """Return what a suspension up to now took: its own time, and what was bought meanwhile."""
    if one.valid_until is None:
        return timedelta()
    closed = tuple(pause for pause in suspended.pauses if pause.ends is not None)
    whole = msgspec.structs.replace(one, pauses=closed)
    lost = paid_time(whole) - paid_time(one)
    others = await grants_of(tx, [one.pupil_id]) if one.pupil_id else []
    shared = one.holder_id is None or await sharing_of(tx)
    beside = [
        each
        for each in others
        if each.id != one.id
        and concerns(each, one.feature, one.scope)
        and reaches(each, one.holder_id, shared=shared)
    ]
    for piece in pieces(one, paid=True):
        if piece.ends is not None and piece.ends > now:
            lost += overlap(beside, Span(max(piece.begins, now), piece.ends))
    return lost
