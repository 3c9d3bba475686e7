"""Read payouts: of one school, and of all of them for who pays; and how vendors are paid."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec

from kundelik_core.entitlements.payouts.model import (
    Due,
    PaidByHand,
    Payee,
    Payout,
    Return,
    Settled,
    Underway,
)
from kundelik_core.kernel.db import Tenant, directory, reference

__all__ = [
    "dues",
    "open_confirmations",
    "paid_by_hand",
    "payees",
    "payout_of",
    "payouts_of_confirmation",
    "return_of",
    "settled",
    "underway",
    "vendors_of",
]

_PAYEE: Final = "y.vendor, y.method, y.destination, y.least_minor, y.account_id, y.since"
_PAID: Final = ", ".join(f"h.{name}" for name in PaidByHand.__struct_fields__)
_PAYOUT: Final = ", ".join(f"p.{name}" for name in Payout.__struct_fields__)


async def payees() -> dict[str, Payee]:
    """Return how vendors are paid now, by their names; asked before a school is opened."""
    rows = await directory().fetch(f"select {_PAYEE} from directory.payee y where y.until is null")
    return {row["vendor"]: msgspec.convert(dict(row), Payee) for row in rows}


async def vendors_of(account: UUID) -> list[Payee]:
    """Return the vendors whose money an account may see."""
    rows = await directory().fetch(
        f"select {_PAYEE} from directory.payee y where y.until is null and y.account_id = $1 "
        "order by y.vendor",
        account,
    )
    return [msgspec.convert(dict(row), Payee) for row in rows]


async def dues(at: datetime) -> list[Due]:
    """Return what every vendor has in every school."""
    rows = await reference().fetch("select d.* from core.vendor_dues($1) d", at)
    return [msgspec.convert(dict(row), Due) for row in rows]


async def underway() -> list[Underway]:
    """Return what has not come to an end, in any school."""
    rows = await reference().fetch("select u.* from core.payouts_underway() u")
    return [msgspec.convert(dict(row), Underway) for row in rows]


async def settled(since: datetime, vendor: str = "") -> list[Settled]:
    """Return what came to an end, over all schools; of one vendor or of all."""
    rows = await reference().fetch("select s.* from core.payouts_settled($1, $2) s", vendor, since)
    return [msgspec.convert(dict(row), Settled) for row in rows]


async def paid_by_hand(since: datetime) -> list[PaidByHand]:
    """Return the transfers that somebody made, the latest first."""
    rows = await directory().fetch(
        f"select {_PAID} from directory.paid_by_hand h where h.paid_at >= $1 "
        "order by h.paid_at desc",
        since,
    )
    return [msgspec.convert(dict(row), PaidByHand) for row in rows]


async def open_confirmations() -> list[PaidByHand]:
    """Return what somebody said of a transfer that is not written down in every school yet."""
    rows = await directory().fetch(
        f"select {_PAID} from directory.paid_by_hand h where h.done_at is null "
        "or (h.returned_at is not null and h.undone_at is null) order by h.paid_at"
    )
    return [msgspec.convert(dict(row), PaidByHand) for row in rows]


async def payouts_of_confirmation(confirmation: UUID) -> Sequence[tuple[int, UUID]]:
    """Return what one transfer has paid, school by school."""
    rows = await reference().fetch(
        "select o.school_id, o.id from core.payouts_of_confirmation($1) o", confirmation
    )
    return [(row["school_id"], row["id"]) for row in rows]


async def payout_of(tx: Tenant, payout: UUID, *, lock: bool = False) -> Payout | None:
    """Return one payout of a school."""
    row = await tx.fetchrow(
        f"select {_PAYOUT} from core.payout p where p.school_id = $1 and p.id = $2"
        + (" for update" if lock else ""),
        tx.school_id,
        payout,
    )
    return msgspec.convert(dict(row), Payout) if row else None


async def return_of(tx: Tenant, back: UUID, *, lock: bool = False) -> Return | None:
    """Return what is asked back of a payout of a school."""
    row = await tx.fetchrow(
        "select r.id, r.payout_id, r.amount_minor, r.state, r.tries, p.method, p.known "
        "from core.payout_return r "
        "join core.payout p on p.school_id = r.school_id and p.id = r.payout_id "
        "where r.school_id = $1 and r.id = $2" + (" for update of r" if lock else ""),
        tx.school_id,
        back,
    )
    return msgspec.convert(dict(row), Return) if row else None
