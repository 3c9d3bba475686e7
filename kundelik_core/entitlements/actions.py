"""Grant, credit and revoke; the history only grows."""

from datetime import datetime, timedelta
from uuid import UUID

from kundelik_core.entitlements.model import Granted, Wanted
from kundelik_core.entitlements.queries import by_id
from kundelik_core.entitlements.rules import Span
from kundelik_core.entitlements.shelf import Shelf
from kundelik_core.entitlements.terms import Laid, Months, Term
from kundelik_core.kernel import clock
from kundelik_core.kernel.audit import Doer, audit
from kundelik_core.kernel.db import Tenant
from kundelik_core.kernel.errors import Problem
from kundelik_core.kernel.i18n import N_

__all__ = ["credit_days", "extend", "give_back", "grant", "place", "revoke"]


async def grant(tx: Tenant, wanted: Wanted, until: datetime | None, doer: Doer) -> Granted:
    """Grant from now until a moment, or with None without an end; the same source grants once.

    Raises:
        Problem: the moment is past, the feature's name is none, or the pupil is not of the school.
    """
    now = clock.now()
    if until is not None and until <= now:
        raise Problem("until-past", N_("The last day lies in the past."), status=422, field="until")
    shelf = await _shelf(tx, wanted)
    known = shelf.ready(wanted)
    if known:
        return known
    made = shelf.put(wanted, Laid(span=Span(now, until)))
    await shelf.write(doer)
    return made


async def extend(tx: Tenant, wanted: Wanted, months: int, zone: str, doer: Doer) -> Granted:
    """Grant calendar months to a pupil, after what is granted already; the same source grants once.

    Raises:
        Problem: what there is has no end, or as for ``grant``.
    """
    return await place(tx, wanted, Months(months), zone, doer)


async def place(
    tx: Tenant,
    wanted: Wanted,
    term: Term,
    zone: str,
    doer: Doer,
    rests: tuple[Span, ...] = (),
) -> Granted:
    """Grant a term beside what is granted already, with a credit for what it overlaps.

    Raises:
        Problem: nothing could be added to what there is, or as for ``grant``.
    """
    shelf = await _shelf(tx, wanted)
    made = shelf.place(wanted, term, zone, rests)
    await shelf.write(doer)
    return made


async def credit_days(
    tx: Tenant, entitlement: UUID, days: int, ref: str, zone: str, doer: Doer
) -> Granted | None:
    """Credit days on which a feature had nothing to show; ``ref`` counts once for each grant.

    None: it has no end, so there is nothing to add to it.

    Raises:
        Problem: there is no such grant in this school.
    """
    if days < 1:
        raise ValueError(f"at least one day is credited, not {days}")
    one = await by_id(tx, entitlement)
    if one is None:
        raise Problem("not-found", N_("Nothing of that kind was granted here."), status=404)
    return await give_back(tx, one, timedelta(days=days), f"{one.id}/{ref}", zone, doer)


async def give_back(
    tx: Tenant, one: Granted, lost: timedelta, ref: str, zone: str, doer: Doer
) -> Granted | None:
    """Grant time that was lost, with its holder's name, as early as it fits in."""
    if lost <= timedelta() or one.valid_until is None:
        return None
    if one.seats is not None:
        return await _credit_licence(tx, one, lost, ref, doer)
    shelf = await Shelf.open(tx, [one.pupil_id])
    made = shelf.give_back(one, lost, ref, zone)
    await shelf.write(doer)
    return made


async def _credit_licence(
    tx: Tenant, one: Granted, lost: timedelta, ref: str, doer: Doer
) -> Granted:
    """Prolong a licence for those who sit on its seats now."""
    wanted = Wanted(
        feature=one.feature, source="credit", source_ref=ref, pupil=one.pupil_id,
        holder=one.holder_id, scope=one.scope, seats=one.seats,
    )  # fmt: skip
    shelf = await _shelf(tx, wanted)
    known = shelf.ready(wanted)
    if known:
        return known
    begins = max(clock.now(), one.valid_until or clock.now())
    made = shelf.put(wanted, Laid(span=Span(begins, begins + lost)))
    await shelf.write(doer)
    await tx.execute(
        "insert into core.entitlement_seat (school_id, entitlement_id, pupil_id, begins) "
        "select s.school_id, $3, s.pupil_id, $4 from core.entitlement_seat s "
        "where s.school_id = $1 and s.entitlement_id = $2 and s.ends is null",
        tx.school_id,
        one.id,
        made.id,
        begins,
    )
    return made


async def _shelf(tx: Tenant, wanted: Wanted) -> Shelf:
    return await Shelf.open(tx, [wanted.pupil], [(wanted.source, wanted.source_ref)])


async def revoke(
    tx: Tenant, entitlement: UUID, reason: str, doer: Doer, at: datetime | None = None
) -> bool:
    """End a grant now, or at a moment to come; False when it ends as early already.

    Raises:
        Problem: there is no such grant in this school.
    """
    ends = max(at or clock.now(), clock.now())
    revoked = await tx.fetchval(
        "update core.entitlement set revoked_at = $3, revoked_by = $4, revoke_reason = $5 "
        "where school_id = $1 and id = $2 and (revoked_at is null or revoked_at > $3) "
        "returning true",
        tx.school_id,
        entitlement,
        ends,
        doer.account,
        reason,
    )
    if revoked:
        await audit(
            tx, doer, "entitlement.revoke", "entitlement", entitlement,
            after={"ends": ends.isoformat()}, reason=reason or None,
        )  # fmt: skip
        return True
    there = await tx.fetchval(
        "select true from core.entitlement where school_id = $1 and id = $2",
        tx.school_id,
        entitlement,
    )
    if not there:
        raise Problem("not-found", N_("Nothing of that kind was granted here."), status=404)
    return False
