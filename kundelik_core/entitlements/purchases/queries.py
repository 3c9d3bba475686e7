"""Read what can be offered for a child, and what has become of no use to those who paid."""

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from kundelik_core.entitlements.access import check_buyer
from kundelik_core.entitlements.catalogue.model import Interval, Listed, Price
from kundelik_core.entitlements.catalogue.rules import amount_for
from kundelik_core.entitlements.model import EVERYTHING, Granted
from kundelik_core.entitlements.purchases.model import Inert, InertReason, Offer, OfferedPrice
from kundelik_core.entitlements.queries import by_id, grants_of
from kundelik_core.entitlements.rules import Span, concerns, end_of_day, is_active, span_at
from kundelik_core.entitlements.terms import Forever, Months, Term, Until, lay, unused_minor
from kundelik_core.entitlements.verdict import Facts, reaches
from kundelik_core.kernel.db import Tenant
from kundelik_core.kernel.errors import Problem
from kundelik_core.kernel.i18n import N_

__all__ = ["inert", "months_of", "nth_child", "offer", "term_for"]

_MONTHS = {"month": 1, "quarter": 3, "year": 12}


def months_of(interval: Interval) -> int | None:
    """Return how many calendar months an interval has; None where it is no number of them."""
    return _MONTHS.get(interval)


async def term_for(tx: Tenant, interval: Interval, at: datetime, zone: str) -> Term:
    """Return the term that an interval buys at this school.

    Raises:
        Problem: the school has no year that could still be bought.
    """
    if interval in _MONTHS:
        return Months(_MONTHS[interval])
    if interval == "once":
        return Forever()
    ends = await tx.fetchval(
        "select min(y.ends) from core.school_year y where y.school_id = $1 and y.ends >= $2",
        tx.school_id,
        at.astimezone(ZoneInfo(zone)).date(),
    )
    if ends is None:
        raise Problem("no-school-year", N_("The next school year is not planned yet."), status=409)
    return Until(end_of_day(ends, zone))


async def nth_child(
    tx: Tenant, viewer: UUID, pupil: UUID, feature: str, at: datetime, zone: str
) -> int:
    """Return which child of the family at this school this one is among those who have a feature.

    Whoever knows of children at other schools adds them.
    """
    rows = await tx.fetch(
        "select g.pupil_id from core.guardianship g where g.school_id = $1 "
        "and g.guardian_id = $2 and g.pupil_id <> $3 and g.from_date <= $4 "
        "and (g.to_date is null or g.to_date >= $4)",
        tx.school_id,
        viewer,
        pupil,
        at.astimezone(ZoneInfo(zone)).date(),
    )
    others = {row["pupil_id"] for row in rows}
    has = {
        one.pupil_id
        for one in await grants_of(tx, list(others))
        if one.feature == feature and is_active(one, at)
    }
    return 1 + len(others & has)


async def offer(
    tx: Tenant,
    listed: Listed,
    pupil: UUID,
    viewer: UUID,
    facts: Facts,
    at: datetime,
    zone: str,
    scope: str = EVERYTHING,
    rests: tuple[Span, ...] = (),
    elsewhere: int = 0,
) -> Offer:
    """Return what a guardian can be offered for a child.

    ``listed`` comes from the catalogue, asked before this transaction was opened; ``elsewhere``
    counts the family's children at other schools who have it. While a subscription goes on nothing
    further is offered.
    """
    product = listed.product
    refusal = ""
    try:
        await check_buyer(tx, viewer, pupil, facts, at)
    except Problem as problem:
        refusal = problem.code
    there = [
        one
        for one in await grants_of(tx, [pupil])
        if concerns(one, product.feature, scope) and reaches(one, viewer, shared=facts.shared)
    ]
    span = span_at(there, at)
    renews = any(_renews(one, at) for one in there)
    nth = elsewhere + await nth_child(tx, viewer, pupil, product.feature, at, zone)
    prices: list[OfferedPrice] = []
    if not refusal and not renews:
        for price in listed.prices:
            prices += await _offered(tx, price, there, (at, zone, rests), nth)
    if not refusal and not prices:
        refusal = "renews" if renews else "not-sold"
    return Offer(
        sku=product.sku, title=product.title, feature=product.feature, prices=tuple(prices),
        nth=nth, in_force=span is not None, until=span.ends if span else None, renews=renews,
        refusal=refusal,
    )  # fmt: skip


def _renews(one: Granted, at: datetime) -> bool:
    """Tell whether a subscription's payment is expected behind this grant."""
    if one.grace_from is None or one.valid_until is None or one.revoked_at is not None:
        return False
    return at < one.valid_until


async def _offered(
    tx: Tenant,
    price: Price,
    there: list[Granted],
    when: tuple[datetime, str, tuple[Span, ...]],
    nth: int,
) -> list[OfferedPrice]:
    """Return a price with the time it buys; none where it would buy nothing."""
    at, zone, rests = when
    try:
        span = lay(there, at, await term_for(tx, price.interval, at, zone), zone, rests).span
    except Problem:
        return []
    made = OfferedPrice(
        price=price, interval=price.interval, currency=price.currency,
        amount_minor=amount_for(price, nth), begins=span.begins, ends=span.ends,
    )  # fmt: skip
    return [made]


async def inert(
    tx: Tenant, at: datetime, zone: str, disabled: Mapping[str, datetime]
) -> list[Inert]:
    """Return what was paid for and cannot be used any more, with what its unused time is worth.

    ``disabled``: since when the school has modules off, by their names. Nothing is decided here:
    a refund is offered, and ends the grant.
    """
    rows = await tx.fetch(
        """
        select s.order_ref, s.currency, e.id, e.holder_id, e.feature,
               s.amount_minor - s.refunded_minor - s.absorbed_minor as kept,
               (select max(coalesce(g.to_date, 'infinity')) from core.guardianship g
                 where g.school_id = $1 and g.guardian_id = e.holder_id
                   and g.pupil_id = e.pupil_id) as guardian_to,
               (select max(coalesce(m.to_date, 'infinity')) from core.membership m
                 where m.school_id = $1 and m.person_id = e.pupil_id
                   and m.role = 'pupil') as pupil_to
          from core.sale s
          join core.entitlement e on e.school_id = s.school_id and e.id = s.entitlement_id
         where s.school_id = $1 and e.pupil_id is not null and e.holder_id is not null
           and s.dispute_ref is null and (e.valid_until is null or e.valid_until > $2)
           and (e.revoked_at is null or e.revoked_at > $2)
           and s.refunded_minor + s.absorbed_minor < s.amount_minor
         order by s.order_ref
        """,
        tx.school_id,
        at,
    )
    found = []
    for row in rows:
        why = _why(row, at, zone, disabled)
        one = await by_id(tx, row["id"]) if why else None
        if why and one:
            reason, since = why
            since = max(since, one.valid_from)
            made = Inert(
                order_ref=row["order_ref"], entitlement=row["id"], holder=row["holder_id"],
                reason=reason, since=since, currency=row["currency"],
                owed_minor=unused_minor(one, row["kept"], since),
            )  # fmt: skip
            found.append(made)
    return found


def _why(
    row: Mapping[str, object], at: datetime, zone: str, disabled: Mapping[str, datetime]
) -> tuple[InertReason, datetime] | None:
    """Return the reason that came first, and when."""
    reasons: list[tuple[datetime, InertReason]] = []
    off = disabled.get(str(row["feature"]).partition(".")[0])
    if off is not None:
        reasons.append((off, "disabled"))
    ends: tuple[tuple[str, InertReason], ...] = (
        ("guardian_to", "no-guardianship"),
        ("pupil_to", "left"),
    )
    for last, reason in ends:
        day = row[last]
        if day is None:
            reasons.append((datetime.min.replace(tzinfo=ZoneInfo("UTC")), reason))
        elif isinstance(day, date) and day != date.max:
            begins = datetime.combine(day + timedelta(days=1), time(), ZoneInfo(zone))
            reasons.append((begins, reason))
    past = sorted((moment, reason) for moment, reason in reasons if moment <= at)
    return (past[0][1], past[0][0]) if past else None
