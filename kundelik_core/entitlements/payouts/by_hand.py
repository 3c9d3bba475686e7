"""Pay vendors by hand: one transfer for what many schools owe, written down school by school.

What somebody has done with money is kept first, in one row. Were the rest cut short, a worker goes
on with it; nobody finds half a list and pays it again.
"""

from datetime import datetime
from typing import Final
from uuid import UUID

import asyncpg

from kundelik_core.entitlements.payouts.actions import fail, pay
from kundelik_core.entitlements.payouts.model import BY_HAND, PaidByHand, Underway
from kundelik_core.entitlements.payouts.queries import (
    open_confirmations,
    payouts_of_confirmation,
    underway,
)
from kundelik_core.kernel import clock
from kundelik_core.kernel.audit import Doer
from kundelik_core.kernel.db import directory, tenant
from kundelik_core.kernel.errors import Problem
from kundelik_core.kernel.i18n import N_
from kundelik_core.kernel.ids import new_id

__all__ = ["came_back", "carry_on", "confirm", "covered", "not_payable", "to_hand_over"]

SENT_BACK: Final = "sent back by the bank"


def to_hand_over(
    several: list[Underway], confirmed: list[PaidByHand]
) -> dict[tuple[str, str], list[Underway]]:
    """Return what waits to be paid by hand, by vendor and currency.

    What somebody has paid already does not wait, though a worker still writes it down.
    """
    found: dict[tuple[str, str], list[Underway]] = {}
    for one in several:
        if one.method == BY_HAND and not one.back and not any(covered(one, c) for c in confirmed):
            found.setdefault((one.vendor, one.currency), []).append(one)
    return found


def covered(one: Underway, by: PaidByHand) -> bool:
    """Say whether a transfer has paid this."""
    return (
        by.done_at is None
        and (one.vendor, one.currency) == (by.vendor, by.currency)
        and one.method == BY_HAND
        and not one.back
        and one.listed_at <= by.listed_until
    )


async def confirm(
    vendor: str, currency: str, listed_until: datetime, seen_minor: int, by: UUID | None
) -> PaidByHand:
    """Note that somebody has paid all that stood on a vendor's list, and write it down everywhere.

    Raises:
        Problem: by now another sum stands there, or this is being written down at this moment.
    """
    waiting = to_hand_over(await underway(), await open_confirmations())
    listed = [one for one in waiting.get((vendor, currency), []) if one.listed_at <= listed_until]
    total = sum(one.amount_minor for one in listed)
    if not total or total != seen_minor:
        raise Problem(
            "list-changed",
            N_("Meanwhile another sum stands on the list. Look at it again."),
            status=409,
        )
    made = PaidByHand(
        id=new_id(), vendor=vendor, currency=currency, amount_minor=total,
        listed_until=listed_until, paid_at=clock.now(), paid_by=by, done_at=None,
        returned_at=None, undone_at=None,
    )  # fmt: skip
    names = ("id", "vendor", "currency", "amount_minor", "listed_until", "paid_at", "paid_by")
    try:
        await directory().execute(
            f"insert into directory.paid_by_hand ({', '.join(names)}) "
            "values ($1, $2, $3, $4, $5, $6, $7)",
            *(getattr(made, name) for name in names),
        )
    except asyncpg.UniqueViolationError as error:
        raise Problem(
            "busy", N_("This is being written down at this moment. Look again."), status=409
        ) from error
    await carry_on(made)
    return made


async def came_back(confirmation: UUID, by: UUID | None) -> PaidByHand:
    """Note that the bank has sent a transfer back: all of it is ripe again.

    Raises:
        Problem: there was none, or it came back before.
    """
    done = await directory().fetchval(
        "update directory.paid_by_hand set returned_at = greatest(paid_at, $2), returned_by = $3 "
        "where id = $1 and returned_at is null and done_at is not null returning true",
        confirmation,
        clock.now(),
        by,
    )
    found = next((one for one in await open_confirmations() if one.id == confirmation), None)
    if not done or found is None:
        raise Problem("not-found", N_("There was no such payout."), status=404)
    await carry_on(found)
    return found


async def carry_on(one: PaidByHand) -> None:
    """Write down in every school what somebody has said of a transfer; safe to repeat."""
    doer = Doer(one.paid_by)
    if one.done_at is None:
        for each in await underway():
            if covered(each, one):
                async with tenant(each.school_id, write=True, quiet=True) as tx:
                    await pay(tx, each.id, doer, confirmation=one.id)
        await _stamp(one.id, "done_at")
    if one.returned_at is not None and one.undone_at is None:
        for school_id, payout in await payouts_of_confirmation(one.id):
            async with tenant(school_id, write=True, quiet=True) as tx:
                await fail(tx, payout, SENT_BACK, doer)
        await _stamp(one.id, "undone_at")


async def _stamp(confirmation: UUID, column: str) -> None:
    await directory().execute(
        f"update directory.paid_by_hand set {column} = $2 where id = $1 and {column} is null",
        confirmation,
        clock.now(),
    )


async def not_payable(vendor: str, currency: str, listed_until: datetime, by: UUID | None) -> int:
    """Book back all of a vendor's list, as when it has no account that takes money.

    It is ripe again, and decided anew on another day.
    """
    waiting = to_hand_over(await underway(), await open_confirmations())
    count = 0
    for one in waiting.get((vendor, currency), []):
        if one.listed_at <= listed_until:
            async with tenant(one.school_id, write=True, quiet=True) as tx:
                count += await fail(tx, one.id, "not payable", Doer(by))
    return count
