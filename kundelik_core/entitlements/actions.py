"""Grant and revoke; the history only grows."""

from datetime import datetime
from uuid import UUID

from kundelik_core.entitlements.model import Granted, Wanted
from kundelik_core.entitlements.queries import by_source, history
from kundelik_core.entitlements.rules import Span, check_feature, concerns, next_span
from kundelik_core.kernel import clock
from kundelik_core.kernel.audit import Doer, audit
from kundelik_core.kernel.db import Tenant
from kundelik_core.kernel.errors import Problem
from kundelik_core.kernel.i18n import N_
from kundelik_core.kernel.ids import new_id

__all__ = ["extend", "grant", "revoke"]


async def grant(tx: Tenant, wanted: Wanted, until: datetime | None, doer: Doer) -> Granted:
    """Grant from now until a moment, or with None without an end; the same source grants once.

    Raises:
        Problem: the moment is past, the feature's name is none, or the pupil is not of the school.
    """
    now = clock.now()
    if until is not None and until <= now:
        raise Problem("until-past", N_("The last day lies in the past."), status=422, field="until")
    known = await _ready(tx, wanted)
    return known or await _write(tx, wanted, Span(now, until), doer)


async def extend(tx: Tenant, wanted: Wanted, months: int, zone: str, doer: Doer) -> Granted:
    """Grant calendar months to a pupil, after what is granted already; the same source grants once.

    Raises:
        Problem: what there is has no end, or as for ``grant``.
    """
    if wanted.pupil is None:
        raise ValueError("months are granted to a pupil")
    known = await _ready(tx, wanted)
    if known:
        return known
    there = [one for one in await history(tx, wanted.pupil) if _adds_to(one, wanted)]
    return await _write(tx, wanted, next_span(there, clock.now(), months, zone), doer)


def _adds_to(one: Granted, wanted: Wanted) -> bool:
    return concerns(one, wanted.feature, wanted.scope)


async def revoke(tx: Tenant, entitlement: UUID, reason: str, doer: Doer) -> bool:
    """End a grant now; False when that was done before.

    Raises:
        Problem: there is no such grant in this school.
    """
    revoked = await tx.fetchval(
        "update core.entitlement set revoked_at = $3, revoked_by = $4, revoke_reason = $5 "
        "where school_id = $1 and id = $2 and revoked_at is null returning true",
        tx.school_id,
        entitlement,
        clock.now(),
        doer.account,
        reason,
    )
    if revoked:
        await audit(
            tx, doer, "entitlement.revoke", "entitlement", entitlement, reason=reason or None
        )
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


async def _write(tx: Tenant, wanted: Wanted, span: Span, doer: Doer) -> Granted:
    made = Granted(
        id=new_id(),
        feature=wanted.feature,
        valid_from=span.begins,
        valid_until=span.ends,
        source=wanted.source,
        source_ref=wanted.source_ref,
        granted_at=clock.now(),
        holder_id=wanted.holder,
        pupil_id=wanted.pupil,
        scope=wanted.scope,
    )
    await tx.execute(
        "insert into core.entitlement (school_id, id, holder_id, pupil_id, feature, scope, "
        "valid_from, valid_until, source, source_ref, granted_at, granted_by) "
        "values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
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
    )
    after = {
        "feature": made.feature,
        "scope": made.scope,
        "pupil": str(made.pupil_id) if made.pupil_id else None,
        "until": made.valid_until.isoformat() if made.valid_until else None,
    }
    await audit(tx, doer, "entitlement.grant", "entitlement", made.id, after=after)
    return made
