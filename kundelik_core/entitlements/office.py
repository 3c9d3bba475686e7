"""Read what a school itself gives out: licences with their seats, and free places for families.

Only the page that gives them out asks this. Everywhere else what is given looks as if it were
bought.
"""

from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec

from kundelik_core.entitlements.actions import extend, revoke
from kundelik_core.entitlements.model import Granted, Wanted
from kundelik_core.entitlements.queries import by_id
from kundelik_core.kernel.audit import Doer
from kundelik_core.kernel.db import Tenant
from kundelik_core.kernel.errors import Problem
from kundelik_core.kernel.i18n import N_

__all__ = [
    "PLACE",
    "Licence",
    "Place",
    "Sitting",
    "end_place",
    "give_place",
    "licences",
    "places",
    "sitting",
]

PLACE: Final = "place"
"""The source of what a school gives to a family."""

_MOST: Final = 500


class Licence(msgspec.Struct, frozen=True, kw_only=True):
    """What the school as a whole has; without ``seats`` it is for all of its pupils."""

    id: UUID
    feature: str
    scope: str
    begins: datetime
    ends: datetime | None
    seats: int | None
    taken: int


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """What the school has given to one family."""

    id: UUID
    feature: str
    scope: str
    pupil: UUID
    surname: str
    given: str
    begins: datetime
    ends: datetime | None


class Sitting(msgspec.Struct, frozen=True, kw_only=True):
    """Who sits on a seat."""

    pupil: UUID
    surname: str
    given: str
    patronymic: str
    since: datetime


_IN_FORCE: Final = (
    "least(e.valid_until, e.revoked_at) is null or least(e.valid_until, e.revoked_at) > $2"
)


async def licences(tx: Tenant, at: datetime) -> list[Licence]:
    """Return what the school has now or will have, the first to end first."""
    rows = await tx.fetch(
        "select e.id, e.feature, e.scope, e.valid_from as begins, "
        "least(e.valid_until, e.revoked_at) as ends, e.seats, "
        "(select count(*)::integer from core.entitlement_seat s where s.school_id = $1 "
        "and s.entitlement_id = e.id and s.ends is null) as taken "
        "from core.entitlement e where e.school_id = $1 and e.pupil_id is null "
        f"and ({_IN_FORCE}) order by ends nulls last, e.id",
        tx.school_id,
        at,
    )
    return [msgspec.convert(dict(row), Licence) for row in rows]


async def sitting(tx: Tenant, licence: UUID) -> list[Sitting]:
    """Return who sits on the seats of a licence now, by name."""
    rows = await tx.fetch(
        "select p.id as pupil, p.surname, p.given, p.patronymic, s.begins as since "
        "from core.entitlement_seat s "
        "join core.person p on p.school_id = s.school_id and p.id = s.pupil_id "
        "where s.school_id = $1 and s.entitlement_id = $2 and s.ends is null "
        "order by p.sort_key, p.id",
        tx.school_id,
        licence,
    )
    return [msgspec.convert(dict(row), Sitting) for row in rows]


async def places(tx: Tenant, at: datetime) -> list[Place]:
    """Return the places that the school has given and that still hold, by name."""
    rows = await tx.fetch(
        "select e.id, e.feature, e.scope, e.pupil_id as pupil, p.surname, p.given, "
        "e.valid_from as begins, least(e.valid_until, e.revoked_at) as ends "
        "from core.entitlement e "
        "join core.person p on p.school_id = e.school_id and p.id = e.pupil_id "
        f"where e.school_id = $1 and e.source = $3 and ({_IN_FORCE}) "
        f"order by p.sort_key, e.feature, e.valid_from, e.id limit {_MOST}",
        tx.school_id,
        at,
        PLACE,
    )
    return [msgspec.convert(dict(row), Place) for row in rows]


async def give_place(
    tx: Tenant, feature: str, pupil: UUID, months: int, ref: UUID, zone: str, doer: Doer
) -> Granted:
    """Give a family a feature for some months; the same ``ref`` gives once.

    Raises:
        Problem: it has it without an end, the feature's name is none, or there is no such pupil.
    """
    if not 1 <= months <= 24:
        raise Problem("months-form", N_("Choose from 1 to 24 months."), status=422, field="months")
    wanted = Wanted(feature=feature, source=PLACE, source_ref=str(ref), pupil=pupil)
    return await extend(tx, wanted, months, zone, doer)


async def end_place(tx: Tenant, place: UUID, doer: Doer) -> bool:
    """End a place that the school has given; False when it has ended before.

    Raises:
        Problem: there is no such place; what a family has bought is none.
    """
    one = await by_id(tx, place)
    if one is None or one.source != PLACE:
        raise Problem("not-found", N_("There is nothing at this address."), status=404)
    return await revoke(tx, place, "place", doer)
