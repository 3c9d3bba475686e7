"""Make payouts and bring them to an end.

Each is booked as it is decided, so that nothing is paid twice; one that came to nothing is booked
back, and its money is ripe again. Whoever moves a vendor's money in a school holds its account
first, and then the payout.
"""

from datetime import date
from typing import Final, Literal
from uuid import UUID

import msgspec

from kundelik_core.entitlements.ledger.actions import (
    lock_vendor,
    pay_out,
    payout_failed,
    payout_returned,
)
from kundelik_core.entitlements.ledger.queries import balance_of
from kundelik_core.entitlements.payouts import rules
from kundelik_core.entitlements.payouts.model import BY_HAND, Payee, Payout, Return
from kundelik_core.entitlements.payouts.queries import payout_of, return_of
from kundelik_core.kernel import clock
from kundelik_core.kernel.audit import Doer, audit
from kundelik_core.kernel.db import Tenant
from kundelik_core.kernel.errors import Problem
from kundelik_core.kernel.i18n import N_
from kundelik_core.kernel.ids import new_id

__all__ = [
    "begin",
    "end_return",
    "fail",
    "leave",
    "make_payout",
    "make_returns",
    "pay",
    "take_over",
    "try_return",
]

_PAYOUT: Final = ", ".join(Payout.__struct_fields__)
_MAKE: Final = (
    f"insert into core.payout (school_id, {_PAYOUT}) select $1, {_PAYOUT} "
    "from jsonb_populate_record(null::core.payout, $2::jsonb)"
)


async def make_payout(
    tx: Tenant, vendor: str, currency: str, batch: date, payee: Payee, doer: Doer
) -> Payout | None:
    """Decide what a vendor is paid for a day, of all that is ripe; asked again it is the same.

    None: nothing is ripe, or so little that it waits.
    """
    await lock_vendor(tx, vendor, currency)
    known = await _of_day(tx, vendor, currency, batch)
    if known is not None:
        return await payout_of(tx, known)
    ripe = (await balance_of(tx, vendor, currency, clock.now())).matured_minor
    amount = rules.to_pay(ripe, payee.least_minor)
    if not amount:
        return None
    now = clock.now()
    made = Payout(
        id=new_id(), batch=batch, vendor=vendor, currency=currency, amount_minor=amount,
        method=payee.method, destination=payee.destination, state="open", known="", reason="",
        tries=0, returned_minor=0, confirmation=None, made_at=now, listed_at=now,
    )  # fmt: skip
    await pay_out(tx, vendor, currency, str(made.id), doer, amount)
    await tx.execute(_MAKE, tx.school_id, msgspec.json.encode(made).decode())
    return made


async def _of_day(tx: Tenant, vendor: str, currency: str, batch: date) -> UUID | None:
    found: UUID | None = await tx.fetchval(
        "select p.id from core.payout p where p.school_id = $1 and p.vendor = $2 "
        "and p.currency = $3 and p.batch = $4",
        tx.school_id,
        vendor,
        currency,
        batch,
    )
    return found


async def begin(tx: Tenant, payout: UUID) -> Payout | None:
    """Note that a way to pay is about to be asked, and return what it is asked for.

    From here on nobody pays it by hand. None: it is somebody's by hand, or has come to its end.
    """
    one = await _held(tx, payout)
    if one.state not in {"open", "begun"} or one.method == BY_HAND:
        return None
    await tx.execute(
        "update core.payout set state = 'begun', tries = tries + 1, tried_at = $3 "
        "where school_id = $1 and id = $2",
        tx.school_id,
        payout,
        clock.now(),
    )
    return msgspec.structs.replace(one, state="begun", tries=one.tries + 1)


async def leave(tx: Tenant, payout: UUID, reason: str, *, untouched: bool, known: str = "") -> None:
    """Note why a payout is not through yet; ``untouched``: for certain nothing was done at all."""
    one = await _held(tx, payout)
    if one.state != "begun":
        return
    # After an earlier try nobody could tell of, this answer is not about that one.
    fresh = untouched and one.tries == 1
    await tx.execute(
        "update core.payout set state = $3, tries = $4, reason = $5, known = $6 "
        "where school_id = $1 and id = $2",
        tx.school_id,
        payout,
        "open" if fresh else "begun",
        0 if fresh else one.tries,
        reason[:500],
        known or one.known,
    )


async def pay(
    tx: Tenant, payout: UUID, doer: Doer, *, known: str = "", confirmation: UUID | None = None
) -> bool:
    """Note that a payout was handed over; False when it had come to its end before.

    Raises:
        Problem: a way to pay was asked for it, and somebody says they paid it by hand.
    """
    one = await _held(tx, payout)
    if one.state in {"paid", "failed"}:
        return False
    if (one.method == BY_HAND) != (confirmation is not None):
        raise _elsewhere()
    await _end(tx, one, "paid", doer, known=known, confirmation=confirmation)
    return True


async def fail(tx: Tenant, payout: UUID, reason: str, doer: Doer) -> bool:
    """Book a payout back that came to nothing; its money is ripe again. False: that was done.

    What was paid by hand may come back from the bank. What a way to pay has paid does not.
    """
    one = await _held(tx, payout)
    if one.state == "failed" or (one.state == "paid" and one.method != BY_HAND):
        return False
    await payout_failed(tx, one.vendor, one.currency, str(one.id), doer)
    await _end(tx, one, "failed", doer, reason=reason)
    return True


async def take_over(tx: Tenant, payout: UUID, doer: Doer) -> bool:
    """Let somebody pay by hand what no way to pay was asked for; False when that is so already.

    Raises:
        Problem: one was asked, and may have paid.
    """
    one = await _held(tx, payout)
    if one.method == BY_HAND or one.state in {"paid", "failed"}:
        return False
    if one.state == "begun":
        raise _elsewhere()
    await tx.execute(
        "update core.payout set method = '', listed_at = $3, reason = '' "
        "where school_id = $1 and id = $2",
        tx.school_id,
        payout,
        clock.now(),
    )
    await audit(tx, doer, "payout.take_over", "payout", payout, before={"method": one.method})
    return True


async def make_returns(
    tx: Tenant, vendor: str, currency: str, batch: date, doer: Doer
) -> list[UUID]:
    """Decide what is asked back of a vendor who owes more than its sales will earn."""
    await lock_vendor(tx, vendor, currency)
    payable = (await balance_of(tx, vendor, currency, clock.now())).payable_minor
    if payable >= 0:
        return []
    rows = await tx.fetch(
        f"select {_of_p()}, "
        "coalesce((select sum(r.amount_minor) from core.payout_return r where r.school_id = $1 "
        "and r.payout_id = p.id and r.state = 'begun'), 0)::bigint as asked, "
        "exists (select from core.payout_return r where r.school_id = $1 "
        "and r.payout_id = p.id and r.batch = $4) as today "
        "from core.payout p where p.school_id = $1 and p.vendor = $2 and p.currency = $3 "
        "and p.state = 'paid' and p.method <> '' and p.returned_minor < p.amount_minor",
        tx.school_id,
        vendor,
        currency,
        batch,
    )
    asked = {row["id"]: int(row["asked"]) for row in rows if row["asked"]}
    several = [msgspec.convert(dict(row), Payout) for row in rows if not row["today"]]
    made = []
    for one, minor in rules.ask_back(payable, several, asked):
        made.append(new_id())
        await tx.execute(
            "insert into core.payout_return (school_id, id, payout_id, batch, amount_minor, state, "
            "made_at) values ($1, $2, $3, $4, $5, 'begun', $6)",
            tx.school_id,
            made[-1],
            one.id,
            batch,
            minor,
            clock.now(),
        )
        await audit(tx, doer, "payout.ask_back", "payout", one.id, after={"amount_minor": minor})
    return made


def _of_p() -> str:
    return ", ".join(f"p.{name}" for name in Payout.__struct_fields__)


async def try_return(tx: Tenant, back: UUID) -> Return | None:
    """Note that a way to pay is about to be asked; None: it has come to its end."""
    one = await return_of(tx, back, lock=True)
    if one is None or one.state != "begun":
        return None
    await tx.execute(
        "update core.payout_return set tries = tries + 1 where school_id = $1 and id = $2",
        tx.school_id,
        back,
    )
    return one


async def end_return(
    tx: Tenant, back: UUID, state: Literal["begun", "done", "failed"], reason: str, doer: Doer
) -> bool:
    """Note how it ended that money was asked back; ``begun``: it has not, and why."""
    seen = await return_of(tx, back)
    if seen is None:
        return False
    payout = await _held(tx, seen.payout_id)
    one = await return_of(tx, back, lock=True)
    if one is None or one.state != "begun":
        return False
    await tx.execute(
        "update core.payout_return set state = $3, reason = $4, settled_at = $5 "
        "where school_id = $1 and id = $2",
        tx.school_id,
        back,
        state,
        reason[:500],
        None if state == "begun" else clock.now(),
    )
    if state != "done":
        return False
    await payout_returned(tx, payout.vendor, payout.currency, str(back), one.amount_minor, doer)
    await tx.execute(
        "update core.payout set returned_minor = returned_minor + $3 "
        "where school_id = $1 and id = $2",
        tx.school_id,
        payout.id,
        one.amount_minor,
    )
    return True


async def _held(tx: Tenant, payout: UUID) -> Payout:
    """Return a payout under its lock, and its vendor's."""
    seen = await payout_of(tx, payout)
    if seen is not None:
        await lock_vendor(tx, seen.vendor, seen.currency)
        seen = await payout_of(tx, payout, lock=True)
    if seen is None:
        raise Problem("not-found", N_("There was no such payout."), status=404)
    return seen


async def _end(
    tx: Tenant,
    one: Payout,
    state: Literal["paid", "failed"],
    doer: Doer,
    *,
    known: str = "",
    reason: str = "",
    confirmation: UUID | None = None,
) -> None:
    await tx.execute(
        "update core.payout set state = $3, known = $4, reason = $5, confirmation = $6, "
        "settled_at = $7, settled_by = $8 where school_id = $1 and id = $2",
        tx.school_id,
        one.id,
        state,
        known or one.known,
        reason[:500],
        confirmation or one.confirmation,
        clock.now(),
        doer.account,
    )
    after = {"state": state, "amount_minor": one.amount_minor, "reason": reason}
    await audit(tx, doer, f"payout.{state}", "payout", one.id, after=after)


def _elsewhere() -> Problem:
    return Problem(
        "payout-asked",
        N_("A way to pay was asked for this payout and may have paid it. Wait for its answer."),
        status=409,
    )
