"""Do what a plugin asks for: a wish becomes a purchase, a refund, a dispute or a credit."""

import hashlib
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import msgspec

from kundelik_core.entitlements.actions import credit_days
from kundelik_core.entitlements.catalogue.model import Price, Product
from kundelik_core.entitlements.catalogue.queries import price_by_id
from kundelik_core.entitlements.model import Granted
from kundelik_core.entitlements.purchases import actions
from kundelik_core.entitlements.purchases.model import Purchase, Sold
from kundelik_core.entitlements.purchases.queries import months_of, term_for
from kundelik_core.entitlements.purchases.selling import Selling
from kundelik_core.entitlements.queries import grants_of, summers
from kundelik_core.entitlements.rules import Span, concerns, pieces
from kundelik_core.entitlements.sharing import sharing_of
from kundelik_core.entitlements.shelf import Shelf
from kundelik_core.entitlements.terms import Months, Term, Until
from kundelik_core.entitlements.verdict import reaches
from kundelik_core.kernel import clock
from kundelik_core.kernel.audit import Doer
from kundelik_core.kernel.db import Tenant
from kundelik_core.kernel.errors import Problem
from kundelik_core.kernel.i18n import N_
from kundelik_core.sdk import entitlements as sdk

__all__ = [
    "TOGETHER", "Fulfilled", "Priced", "fulfil", "fulfil_many", "last_in_force", "price_for",
]  # fmt: skip

TOGETHER: Final = (sdk.Bought, sdk.Credited)
"""The wishes for more time, of which many are done together."""

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
            purchase = await _purchase(_Terms(tx, zone), wish, priced)
            return _sold(await actions.grant_paid(tx, purchase, doer))
        case sdk.Credited():
            return await _credited(tx, wish, zone, doer)
        case sdk.Refunded():
            await actions.refund(tx, wish.ref, wish.cause, wish.amount_minor, doer, wish.policy)
        case sdk.Returned():
            await actions.money_returned(
                tx, wish.ref, wish.cause, wish.amount_minor, wish.till, doer
            )
        case sdk.ReturnFailed():
            await actions.return_failed(
                tx, wish.ref, wish.cause, wish.amount_minor, wish.absorbed, wish.till, doer
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


async def fulfil_many(
    tx: Tenant, several: Sequence[tuple[sdk.Wish, Priced]], zone: str, doer: Doer
) -> list[Fulfilled | Problem]:
    """Do the first of several wishes for more time, as many as can be done together.

    What a rule refuses comes back as its problem, and holds up no other. No answer at all: the
    first one has to be done alone.
    """
    wishes = [wish for wish, _ in several if isinstance(wish, TOGETHER)]
    bought = [wish for wish in wishes if isinstance(wish, sdk.Bought)]
    selling = await Selling.open(
        tx, {wish.student_id for wish in wishes}, [wish.ref for wish in bought]
    )
    holders = await _people(tx, {wish.holder_id for wish in bought} - {None})
    terms = _Terms(tx, zone)
    made: list[Fulfilled | Problem] = []
    for wish, priced in several:
        try:
            if isinstance(wish, sdk.Bought) and wish.holder_id in {*holders, None}:
                made.append(_sold(selling.sell(await _purchase(terms, wish, priced))))
                continue
            if isinstance(wish, sdk.Credited):
                there = selling.shelf.of(wish.student_id)
                lasts = _last(there, wish, shared=selling.shelf.shared)
                if all(one.seats is None for one in lasts):
                    made.append(_given_back(selling.shelf, lasts, wish, zone))
                    continue
        except Problem as problem:
            made.append(problem)
            continue
        break
    await selling.write(doer)
    return made


async def _people(tx: Tenant, several: Collection[UUID | None]) -> frozenset[UUID]:
    if not several:
        return frozenset()
    rows = await tx.fetch(
        "select p.id from core.person p where p.school_id = $1 and p.id = any($2::uuid[])",
        tx.school_id,
        list(several),
    )
    return frozenset(row["id"] for row in rows)


class _Terms:
    """What the school's years say, each asked once."""

    def __init__(self, tx: Tenant, zone: str) -> None:
        self.now, self.zone = clock.now(), zone
        self._tx = tx
        self._terms: dict[str, Term] = {}
        self._rests: tuple[Span, ...] | None = None

    async def of(self, wish: sdk.Bought, price: Price) -> Term:
        """Return the term that a wish has paid for."""
        months = months_of(price.interval)
        if months is not None:
            return Months(months * wish.intervals, wish.renews)
        if wish.intervals != 1:
            raise Problem("wish-form", N_("This can be bought for one time only."), status=422)
        if price.interval not in self._terms:
            try:
                term = await term_for(self._tx, price.interval, self.now, self.zone)
            except Problem:
                # It is paid already: a term that is over leads to money owed back, not lost.
                term = Until(self.now)
            self._terms[price.interval] = term
        return self._terms[price.interval]

    async def rests(self) -> tuple[Span, ...]:
        """Return the summers that may be left out."""
        if self._rests is None:
            self._rests = await summers(self._tx, self.now, self.zone)
        return self._rests


async def _purchase(terms: _Terms, wish: sdk.Bought, priced: Priced) -> Purchase:
    assert priced is not None, "asked before"
    product, price = priced
    if min(wish.amount_minor, wish.intervals) < 1 or (wish.seats or 1) < 1:
        raise Problem("wish-form", N_("Amounts and numbers are at least one."), status=422)
    if wish.seats is not None and wish.student_id is not None:
        raise Problem(
            "wish-form", N_("Seats are bought for a school, not for a pupil."), status=422
        )
    return Purchase.of(
        product, price, order_ref=wish.ref, amount_minor=wish.amount_minor,
        term=await terms.of(wish, price), zone=terms.zone, holder=wish.holder_id,
        pupil=wish.student_id, scope=wish.scope, seats=wish.seats,
        rests=await terms.rests() if wish.skip_summer else (), till=wish.till,
    )  # fmt: skip


def _sold(sold: Sold) -> Fulfilled:
    return Fulfilled(entitlement=sold.sale.entitlement_id, reason=sold.reason)


async def _credited(tx: Tenant, wish: sdk.Credited, zone: str, doer: Doer) -> Fulfilled:
    lasts = _last(await grants_of(tx, [wish.student_id]), wish, shared=await sharing_of(tx))
    ref, first = _number(wish.ref), None
    for one in lasts:
        made = await credit_days(tx, one.id, wish.days, ref, zone, doer)
        first = first or (made.id if made else None)
    return Fulfilled(entitlement=first)


def _given_back(shelf: Shelf, lasts: Sequence[Granted], wish: sdk.Credited, zone: str) -> Fulfilled:
    lost, ref, first = timedelta(days=wish.days), _number(wish.ref), None
    for one in lasts:
        made = shelf.give_back(one, lost, f"{one.id}/{ref}", zone)
        first = first or (made.id if made else None)
    return Fulfilled(entitlement=first)


def _number(ref: str) -> str:
    """Return what a credit is named by: a grant's number stands before it, and both have to fit."""
    return hashlib.sha256(ref.encode()).hexdigest()[:_REF] if len(ref) > _REF else ref


def _last(there: list[Granted], wish: sdk.Credited, *, shared: bool) -> list[Granted]:
    """Return what time is given for: where guardians do not share, what each of them had."""
    if wish.days < 1:
        raise Problem("wish-form", N_("Amounts and numbers are at least one."), status=422)
    now = clock.now()
    holders = {None} if shared else {one.holder_id for one in there}
    found: dict[UUID, Granted] = {}
    for holder in sorted(holders, key=str):
        mine = [one for one in there if reaches(one, holder, shared=shared)]
        last = last_in_force(mine, wish.feature, wish.scope, now)
        if last is not None:
            found[last.id] = last
    if not found:
        raise Problem("not-found", N_("Nothing of that kind was granted here."), status=404)
    return list(found.values())


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
