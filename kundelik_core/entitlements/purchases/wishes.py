"""Do what a plugin asks for: a wish becomes a purchase, a refund, a dispute or a credit."""

import hashlib
from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec

from kundelik_core.entitlements.actions import credit_days
from kundelik_core.entitlements.catalogue.model import Price, Product
from kundelik_core.entitlements.catalogue.queries import price_by_id
from kundelik_core.entitlements.model import Granted
from kundelik_core.entitlements.purchases import actions
from kundelik_core.entitlements.purchases.model import Purchase
from kundelik_core.entitlements.purchases.queries import months_of, term_for
from kundelik_core.entitlements.queries import grants_of, summers
from kundelik_core.entitlements.rules import concerns, pieces
from kundelik_core.entitlements.terms import Months, Term, Until
from kundelik_core.kernel import clock
from kundelik_core.kernel.audit import Doer
from kundelik_core.kernel.db import Tenant
from kundelik_core.kernel.errors import Problem
from kundelik_core.kernel.i18n import N_
from kundelik_core.sdk import entitlements as sdk

__all__ = ["Fulfilled", "Priced", "fulfil", "last_in_force", "price_for"]

_TAKEN_BACK: Final = frozenset({"refund", "dispute"})
_REF: Final = 60

Priced = tuple[Product, Price] | None


class Fulfilled(msgspec.Struct, frozen=True, kw_only=True):
    """What a wish led to; ``reason``: why a payment opened nothing, so that it is owed back."""

    entitlement: UUID | None = None
    reason: str = ""


async def price_for(wish: sdk.Wish) -> Priced:
    """Return what a wish was bought at, ended prices too; asked before a school's transaction.

    Raises:
        Problem: there is no such price.
    """
    return await price_by_id(wish.price_id) if isinstance(wish, sdk.Bought) else None


async def fulfil(tx: Tenant, wish: sdk.Wish, priced: Priced, zone: str, doer: Doer) -> Fulfilled:
    """Do what is asked for, once however often it is asked.

    Raises:
        Problem: it cannot be done, as the rules of money and of time say.
    """
    match wish:
        case sdk.Bought():
            assert priced is not None, "asked before"
            return await _bought(tx, wish, priced, zone, doer)
        case sdk.Credited():
            return await _credited(tx, wish, zone, doer)
        case sdk.Refunded():
            await actions.refund(tx, wish.ref, wish.cause, wish.amount_minor, doer, wish.policy)
        case sdk.Returned():
            await actions.money_returned(
                tx, wish.ref, wish.cause, wish.amount_minor, wish.till, doer
            )
        case sdk.Absorbed():
            await actions.absorb(tx, wish.ref, wish.cause, doer)
        case sdk.DisputeOpened():
            await actions.dispute_opened(tx, wish.ref, wish.dispute, wish.amount_minor, doer)
        case sdk.DisputeWon():
            await actions.dispute_won(tx, wish.ref, wish.dispute, zone, doer)
        case sdk.DisputeLost():
            await actions.dispute_lost(tx, wish.ref, wish.dispute, doer)
        case sdk.RenewalEnded():
            await actions.cancel_renewal(tx, wish.ref, doer)
    return Fulfilled()


async def _bought(
    tx: Tenant, wish: sdk.Bought, priced: tuple[Product, Price], zone: str, doer: Doer
) -> Fulfilled:
    product, price = priced
    if min(wish.amount_minor, wish.intervals) < 1 or (wish.seats or 1) < 1:
        raise Problem("wish-form", N_("Amounts and numbers are at least one."), status=422)
    if wish.seats is not None and wish.student_id is not None:
        raise Problem(
            "wish-form", N_("Seats are bought for a school, not for a pupil."), status=422
        )
    now = clock.now()
    purchase = Purchase.of(
        product, price, order_ref=wish.ref, amount_minor=wish.amount_minor,
        term=await _term(tx, wish, price, now, zone), zone=zone, holder=wish.holder_id,
        pupil=wish.student_id, scope=wish.scope, seats=wish.seats,
        rests=await summers(tx, now, zone) if wish.skip_summer else (), till=wish.till,
    )  # fmt: skip
    sold = await actions.grant_paid(tx, purchase, doer)
    return Fulfilled(entitlement=sold.sale.entitlement_id, reason=sold.reason)


async def _term(tx: Tenant, wish: sdk.Bought, price: Price, at: datetime, zone: str) -> Term:
    months = months_of(price.interval)
    if months is not None:
        return Months(months * wish.intervals, wish.renews)
    if wish.intervals != 1:
        raise Problem("wish-form", N_("This can be bought for one time only."), status=422)
    try:
        return await term_for(tx, price.interval, at, zone)
    except Problem:
        # It is paid already: a term that is over leads to money owed back, not to money lost.
        return Until(at)


async def _credited(tx: Tenant, wish: sdk.Credited, zone: str, doer: Doer) -> Fulfilled:
    if wish.days < 1:
        raise Problem("wish-form", N_("Amounts and numbers are at least one."), status=422)
    there = await grants_of(tx, [wish.student_id])
    last = last_in_force(there, wish.feature, wish.scope, clock.now())
    if last is None:
        raise Problem("not-found", N_("Nothing of that kind was granted here."), status=404)
    # A grant's number stands before it, and both have to fit.
    ref = wish.ref
    if len(ref) > _REF:
        ref = hashlib.sha256(ref.encode()).hexdigest()[:_REF]
    made = await credit_days(tx, last.id, wish.days, ref, zone, doer)
    return Fulfilled(entitlement=made.id if made else None)


def last_in_force(there: list[Granted], feature: str, scope: str, at: datetime) -> Granted | None:
    """Return what of a feature was last in force for a pupil: now, or before.

    The pupil's own comes before what the school has for all. What was taken back with its money
    is not given time for.
    """
    ends: list[tuple[datetime, bool, UUID, Granted]] = []
    for one in there:
        if not concerns(one, feature, scope):
            continue
        if one.revoked_at and one.revoked_at <= at and one.revoke_reason in _TAKEN_BACK:
            continue
        begun = [piece for piece in pieces(one) if piece.begins <= at]
        if begun:
            end = min(begun[-1].ends or at, at)
            ends.append((end, one.pupil_id is not None, one.id, one))
    return max(ends, key=lambda each: each[:3])[3] if ends else None
