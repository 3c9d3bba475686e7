"""Grant, credit and revoke; the history only grows."""

from datetime import datetime, timedelta
from uuid import UUID

from kundelik_core.entitlements.model import Granted, Wanted
from kundelik_core.entitlements.queries import by_id, by_source, grants_of, history
from kundelik_core.entitlements.rules import Span, check_feature, concerns
from kundelik_core.entitlements.terms import Days, Laid, Months, Term, lay
from kundelik_core.kernel import clock
from kundelik_core.kernel.audit import Doer, audit
from kundelik_core.kernel.db import Tenant
from kundelik_core.kernel.errors import Problem
from kundelik_core.kernel.i18n import N_
from kundelik_core.kernel.ids import new_id

__all__ = ["credit_days", "extend", "give_back", "grant", "place", "revoke"]


async def grant(tx: Tenant, wanted: Wanted, until: datetime | None, doer: Doer) -> Granted:
    """Grant from now until a moment, or with None without an end; the same source grants once.

    Raises:
        Problem: the moment is past, the feature's name is none, or the pupil is not of the school.
    """
    now = clock.now()
    if until is not None and until <= now:
        raise Problem("until-past", N_("The last day lies in the past."), status=422, field="until")
    known = await _ready(tx, wanted)
    return known or await _write(tx, wanted, Laid(span=Span(now, until)), doer)


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
    known = await _ready(tx, wanted)
    if known:
        return known
    laid = lay(await _there(tx, wanted), clock.now(), term, zone, rests)
    made = await _write(tx, wanted, laid, doer)
    if laid.credit:
        await give_back(tx, made, laid.credit, f"{made.id}/overlap", zone, doer)
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
    wanted = Wanted(
        feature=one.feature, source="credit", source_ref=ref, pupil=one.pupil_id,
        holder=one.holder_id, scope=one.scope, seats=one.seats,
    )  # fmt: skip
    if one.seats is not None:
        return await _credit_licence(tx, one, wanted, lost, doer)
    try:
        return await place(tx, wanted, Days(lost), zone, doer)
    except Problem as problem:
        if problem.code == "has-no-end":
            return None
        raise


async def _credit_licence(
    tx: Tenant, one: Granted, wanted: Wanted, lost: timedelta, doer: Doer
) -> Granted:
    """Prolong a licence for those who sit on its seats now."""
    known = await _ready(tx, wanted)
    if known:
        return known
    begins = max(clock.now(), one.valid_until or clock.now())
    made = await _write(tx, wanted, Laid(span=Span(begins, begins + lost)), doer)
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


async def _there(tx: Tenant, wanted: Wanted) -> list[Granted]:
    """Return what a new term of this kind would stand beside.

    A licence with a number of seats extends nothing: a second one adds seats, and other pupils.
    """
    if wanted.pupil is None:
        held = [one for one in await history(tx, None) if one.seats is None]
        found = held if wanted.seats is None else []
    else:
        found = await grants_of(tx, [wanted.pupil])
    return [one for one in found if concerns(one, wanted.feature, wanted.scope)]


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


async def _ready(tx: Tenant, wanted: Wanted) -> Granted | None:
    """Look at what is wanted, and return what its source has granted before.

    The pupil's row is locked first: two orders paid in one moment follow each other.
    """
    check_feature(wanted.feature)
    if wanted.pupil is not None:
        found = await tx.fetchval(
            "select exists (select from core.membership m where m.school_id = $1 "
            "and m.person_id = p.id and m.role = 'pupil') from core.person p "
            "where p.school_id = $1 and p.id = $2 for no key update",
            tx.school_id,
            wanted.pupil,
        )
        if not found:
            raise Problem(
                "no-such-pupil", N_("There is no such pupil in this school."), status=404,
                field="pupil",
            )  # fmt: skip
    return await by_source(tx, wanted.source, wanted.source_ref)


async def _write(tx: Tenant, wanted: Wanted, laid: Laid, doer: Doer) -> Granted:
    made = Granted(
        id=new_id(),
        feature=wanted.feature,
        valid_from=laid.span.begins,
        valid_until=laid.span.ends,
        source=wanted.source,
        source_ref=wanted.source_ref,
        granted_at=clock.now(),
        holder_id=wanted.holder,
        pupil_id=wanted.pupil,
        scope=wanted.scope,
        grace_from=laid.grace_from,
        seats=wanted.seats,
        pauses=laid.pauses,
    )
    await tx.execute(
        "insert into core.entitlement (school_id, id, holder_id, pupil_id, feature, scope, "
        "valid_from, valid_until, source, source_ref, granted_at, granted_by, grace_from, seats) "
        "values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)",
        tx.school_id,
        made.id,
        made.holder_id,
        made.pupil_id,
        made.feature,
        made.scope,
        made.valid_from,
        made.valid_until,
        made.source,
        made.source_ref,
        made.granted_at,
        doer.account,
        made.grace_from,
        made.seats,
    )
    await _write_pauses(tx, made)
    after = {
        "feature": made.feature,
        "scope": made.scope,
        "pupil": str(made.pupil_id) if made.pupil_id else None,
        "until": made.valid_until.isoformat() if made.valid_until else None,
    }
    await audit(tx, doer, "entitlement.grant", "entitlement", made.id, after=after)
    return made


async def _write_pauses(tx: Tenant, made: Granted) -> None:
    for pause in made.pauses:
        await tx.execute(
            "insert into core.entitlement_pause "
            "(school_id, id, entitlement_id, kind, cause, begins, ends) "
            "values ($1, $2, $3, 'rest', $4, $5, $6)",
            tx.school_id,
            new_id(),
            made.id,
            pause.begins.date().isoformat(),
            pause.begins,
            pause.ends,
        )
