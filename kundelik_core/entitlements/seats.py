"""Let pupils sit on the seats of a school's licence; a seat that is given back is free again."""

from collections.abc import Collection
from uuid import UUID

import msgspec

from kundelik_core.entitlements.queries import by_id
from kundelik_core.kernel import clock
from kundelik_core.kernel.audit import Doer, audit_each
from kundelik_core.kernel.db import Tenant
from kundelik_core.kernel.errors import Problem
from kundelik_core.kernel.i18n import N_

__all__ = ["Seats", "assign_seats", "release_seats", "seats_of"]


class Seats(msgspec.Struct, frozen=True, kw_only=True):
    """Who sits on a licence, of how many."""

    entitlement: UUID
    seats: int
    pupils: tuple[UUID, ...]


async def seats_of(tx: Tenant, entitlement: UUID) -> Seats:
    """Return who sits on a licence now.

    Raises:
        Problem: there is no such licence in this school.
    """
    one = await by_id(tx, entitlement)
    if one is None or one.seats is None:
        raise Problem("not-found", N_("There is no such licence."), status=404)
    rows = await tx.fetch(
        "select s.pupil_id from core.entitlement_seat s where s.school_id = $1 "
        "and s.entitlement_id = $2 and s.ends is null order by s.begins, s.pupil_id",
        tx.school_id,
        entitlement,
    )
    return Seats(
        entitlement=entitlement, seats=one.seats, pupils=tuple(row["pupil_id"] for row in rows)
    )


async def assign_seats(
    tx: Tenant, entitlement: UUID, pupils: Collection[UUID], doer: Doer
) -> Seats:
    """Give pupils a seat each; who has one keeps it.

    Raises:
        Problem: there are not so many seats, or one of them is no pupil of the school.
    """
    await _lock(tx, entitlement)
    there = await seats_of(tx, entitlement)
    fresh = list(dict.fromkeys(one for one in pupils if one not in there.pupils))
    if len(there.pupils) + len(fresh) > there.seats:
        raise Problem(
            "no-seat",
            N_("The licence has %(seats)s seats, and %(free)s of them are free."),
            status=409,
            params={"seats": there.seats, "free": there.seats - len(there.pupils)},
        )
    known = await tx.fetchval(
        "select count(distinct m.person_id) from core.membership m where m.school_id = $1 "
        "and m.role = 'pupil' and m.person_id = any($2::uuid[])",
        tx.school_id,
        fresh,
    )
    if known != len(fresh):
        raise Problem(
            "no-such-pupil", N_("There is no such pupil in this school."), status=404,
            field="pupil",
        )  # fmt: skip
    await tx.execute(
        "insert into core.entitlement_seat (school_id, entitlement_id, pupil_id, begins) "
        "select $1, $2, p, $4 from unnest($3::uuid[]) p",
        tx.school_id,
        entitlement,
        fresh,
        clock.now(),
    )
    await _note(tx, "seat.assign", entitlement, fresh, doer)
    return msgspec.structs.replace(there, pupils=(*there.pupils, *fresh))


async def release_seats(
    tx: Tenant, entitlement: UUID, pupils: Collection[UUID], doer: Doer
) -> Seats:
    """Free the seats of pupils; what they saw until now stays in the history.

    Raises:
        Problem: there is no such licence in this school.
    """
    await _lock(tx, entitlement)
    there = await seats_of(tx, entitlement)
    gone = [one for one in dict.fromkeys(pupils) if one in there.pupils]
    # A licence may begin later than it was bought, and so may the seats of a credit.
    await tx.execute(
        "update core.entitlement_seat set ends = greatest(begins, $4) where school_id = $1 "
        "and entitlement_id = $2 and pupil_id = any($3::uuid[]) and ends is null",
        tx.school_id,
        entitlement,
        gone,
        clock.now(),
    )
    await _note(tx, "seat.release", entitlement, gone, doer)
    left = tuple(one for one in there.pupils if one not in gone)
    return msgspec.structs.replace(there, pupils=left)


async def _lock(tx: Tenant, entitlement: UUID) -> None:
    await tx.fetchval(
        "select e.id from core.entitlement e where e.school_id = $1 and e.id = $2 "
        "for no key update",
        tx.school_id,
        entitlement,
    )


async def _note(
    tx: Tenant, action: str, entitlement: UUID, pupils: Collection[UUID], doer: Doer
) -> None:
    changes = [(f"{entitlement}/{pupil}", None, None) for pupil in pupils]
    await audit_each(tx, doer, action, "entitlement_seat", changes)
