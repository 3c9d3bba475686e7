"""Book what happens to money; a transaction is one row, and what is booked stays.

The same cause is booked once. Every step on a sale locks its row first, so that two refunds of one
moment follow each other.
"""

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Final
from uuid import UUID

import msgspec

from kundelik_core.entitlements.ledger import rules
from kundelik_core.entitlements.ledger.model import Sale, Till, TxnKind
from kundelik_core.entitlements.ledger.queries import balance_of, sale_of
from kundelik_core.entitlements.ledger.rules import ACCOUNTS, Legs, Position, Split
from kundelik_core.kernel import clock
from kundelik_core.kernel.audit import Doer, audit
from kundelik_core.kernel.db import Tenant
from kundelik_core.kernel.errors import Problem
from kundelik_core.kernel.i18n import N_
from kundelik_core.kernel.ids import new_id

__all__ = [
    "HOLD",
    "NewSale",
    "book_fee",
    "book_sales",
    "lock_vendor",
    "new_sale",
    "pay_out",
    "payout_failed",
    "payout_returned",
    "settle",
    "step",
]

HOLD: Final = timedelta(days=14)
"""How long a vendor waits for the money of a sale, since most refunds come before that."""

_SALE: Final = ", ".join(Sale.__struct_fields__)
_SALES: Final = (
    f"insert into core.sale (school_id, {_SALE}) select $1, {_SALE} "
    "from jsonb_populate_recordset(null::core.sale, $2::jsonb)"
)
_TXN: Final = ", ".join(("id", "kind", "cause", "created", "order_ref", "vendor", "currency",
                         *ACCOUNTS))  # fmt: skip
_TXNS: Final = (
    f"insert into core.ledger_txn (school_id, {_TXN}) select $1, {_TXN} "
    "from jsonb_populate_recordset(null::core.ledger_txn, $2::jsonb)"
)


class NewSale(msgspec.Struct, frozen=True, kw_only=True):
    """A payment that has come in for one line of an order."""

    order_ref: str
    sku: str
    vendor: str
    currency: str
    parts: Split
    entitlement: UUID | None
    till: Till = "cash"


def new_sale(new: NewSale) -> Sale:
    """Return a payment as it will be booked; without an entitlement it is owed back at once."""
    now, amount = clock.now(), new.parts.total
    left = new.parts if new.entitlement else Split(0, 0, 0)
    return Sale(
        order_ref=new.order_ref, sku=new.sku, vendor=new.vendor, currency=new.currency,
        amount_minor=amount, vendor_left=left.vendor, commission_left=left.commission,
        tax_left=left.tax, refunded_minor=0 if new.entitlement else amount, returned_minor=0,
        absorbed_minor=0, held_minor=0, charged_minor=0, dispute_ref=None,
        entitlement_id=new.entitlement, sold_at=now, matures_at=now + HOLD,
    )  # fmt: skip


async def book_sales(tx: Tenant, several: Sequence[tuple[NewSale, Sale]]) -> None:
    """Book payments as ``new_sale`` made them: a statement for the sales, one for the ledger."""
    await tx.execute(_SALES, tx.school_id, _json([sale for _, sale in several]))
    rows = [
        _row("sale" if new.entitlement else "unplaced", new.order_ref, _legs_of(new), _about(sale))
        for new, sale in several
    ]
    await _write(tx, rows)


def _legs_of(new: NewSale) -> Legs:
    legs = rules.sale_legs(new.parts, receivable=new.till == "receivable")
    if new.entitlement:
        return legs
    return Legs(cash=legs.cash, receivable=legs.receivable, refunds=-new.parts.total)


Move = Callable[[Position], tuple[Legs, Position]]


async def step(
    tx: Tenant, order_ref: str, kind: TxnKind, cause: str, move: Move, doer: Doer
) -> tuple[Sale, Sale] | None:
    """Move the money of a sale on, and return it before and after; None when that was done before.

    Raises:
        Problem: there is no such sale, or it cannot be moved so.
    """
    before = await sale_of(tx, order_ref, lock=True)
    if await _is_booked(tx, kind, cause, order_ref):
        return None
    legs, position = move(before.position)
    after = msgspec.structs.replace(
        before,
        vendor_left=position.left.vendor,
        commission_left=position.left.commission,
        tax_left=position.left.tax,
        refunded_minor=position.refunded,
        returned_minor=position.returned,
        absorbed_minor=position.absorbed,
        held_minor=position.held,
        charged_minor=position.charged,
        dispute_ref=position.dispute,
    )
    await _write(tx, [_row(kind, cause, legs, _about(after))])
    await tx.execute(
        "update core.sale set vendor_left = $3, commission_left = $4, tax_left = $5, "
        "refunded_minor = $6, returned_minor = $7, absorbed_minor = $8, held_minor = $9, "
        "dispute_ref = $10, charged_minor = $11 "
        "where school_id = $1 and order_ref = $2",
        tx.school_id,
        order_ref,
        after.vendor_left,
        after.commission_left,
        after.tax_left,
        after.refunded_minor,
        after.returned_minor,
        after.absorbed_minor,
        after.held_minor,
        after.dispute_ref,
        after.charged_minor,
    )
    moved = {name: value for name, value in msgspec.structs.asdict(legs).items() if value}
    await audit(tx, doer, f"sale.{kind}", "sale", order_ref, after={"cause": cause, **moved})
    return before, after


async def settle(
    tx: Tenant, order_ref: str, cause: str, arrived: int, fee: int, doer: Doer
) -> bool:
    """Note that a provider has handed over the money of a sale, less its fee.

    A difference of a tiyn or two between its count and ours is rounding; more is refused.

    Raises:
        Problem: the sums do not meet, or the money is here already.
    """
    due = await _with_provider(tx, order_ref)
    rounding = due - arrived - fee

    def move(position: Position) -> tuple[Legs, Position]:
        if not due or min(arrived, fee) < 0 or abs(rounding) > 2:
            raise Problem(
                "does-not-settle",
                N_("What arrived and the fee are not what the provider owes for this payment."),
                status=409,
                extra={"due_minor": due},
            )
        return Legs(cash=arrived, fees=fee, rounding=rounding, receivable=-due), position

    return await step(tx, order_ref, "settled", cause, move, doer) is not None


async def book_fee(tx: Tenant, order_ref: str, cause: str, amount: int, doer: Doer) -> bool:
    """Book what a provider or a bank took for its service, say for a dispute."""

    def move(position: Position) -> tuple[Legs, Position]:
        return Legs(fees=amount, cash=-amount), position

    return await step(tx, order_ref, "fee", cause, move, doer) is not None


async def lock_vendor(tx: Tenant, vendor: str, currency: str) -> None:
    """Let whoever else moves this vendor's money here wait for the end of the transaction."""
    await tx.execute(
        "insert into core.vendor_account (school_id, vendor, currency) values ($1, $2, $3) "
        "on conflict (school_id, vendor, currency) do update "
        "set paid_out_minor = vendor_account.paid_out_minor "
        "where vendor_account.school_id = $1",
        tx.school_id,
        vendor,
        currency,
    )


async def pay_out(
    tx: Tenant, vendor: str, currency: str, cause: str, doer: Doer, amount: int | None = None
) -> int:
    """Book a payout to a vendor, of everything that is ripe unless told, and return its amount.

    Raises:
        Problem: less than that is ripe; what a vendor owes us is carried on.
    """
    await lock_vendor(tx, vendor, currency)
    booked = await _booked(tx, "payout", cause, vendor)
    if booked is not None:
        return booked
    ripe = (await balance_of(tx, vendor, currency, clock.now())).matured_minor
    wanted = ripe if amount is None else amount
    if not 0 < wanted <= ripe:
        raise Problem(
            "not-ripe",
            N_("So much cannot be paid out yet."),
            status=409,
            extra={"matured_minor": ripe},
        )
    await _post_vendor(tx, "payout", cause, Legs(payable=wanted, cash=-wanted), vendor, currency)
    await _count_payout(tx, vendor, currency, wanted)
    after = {"amount_minor": wanted, "currency": currency, "cause": cause}
    await audit(tx, doer, "vendor.payout", "vendor_account", vendor, after=after)
    return wanted


async def payout_failed(tx: Tenant, vendor: str, currency: str, cause: str, doer: Doer) -> int:
    """Take a payout back that the bank has returned; ``cause`` is that of the payout.

    Raises:
        Problem: there was no such payout.
    """
    await lock_vendor(tx, vendor, currency)
    amount = await _booked(tx, "payout", cause, vendor)
    if amount is None:
        raise Problem("not-found", N_("There was no such payout."), status=404)
    if await _booked(tx, "payout_failed", cause, vendor) is None:
        legs = Legs(payable=-amount, cash=amount)
        await _post_vendor(tx, "payout_failed", cause, legs, vendor, currency)
        await _count_payout(tx, vendor, currency, -amount)
        await audit(tx, doer, "vendor.payout_failed", "vendor_account", vendor,
                    after={"amount_minor": amount, "cause": cause})  # fmt: skip
    return amount


async def payout_returned(
    tx: Tenant, vendor: str, currency: str, cause: str, amount: int, doer: Doer
) -> bool:
    """Note that a part of a payout was taken back; False when that is booked already."""
    await lock_vendor(tx, vendor, currency)
    if await _booked(tx, "payout_returned", cause, vendor) is not None:
        return False
    legs = Legs(payable=-amount, cash=amount)
    await _post_vendor(tx, "payout_returned", cause, legs, vendor, currency)
    await _count_payout(tx, vendor, currency, -amount)
    await audit(tx, doer, "vendor.payout_returned", "vendor_account", vendor,
                after={"amount_minor": amount, "cause": cause})  # fmt: skip
    return True


async def _count_payout(tx: Tenant, vendor: str, currency: str, by: int) -> None:
    await tx.execute(
        "update core.vendor_account set paid_out_minor = paid_out_minor + $4 "
        "where school_id = $1 and vendor = $2 and currency = $3",
        tx.school_id,
        vendor,
        currency,
        by,
    )


async def _with_provider(tx: Tenant, order_ref: str) -> int:
    """Return what the provider still has of a sale."""
    await sale_of(tx, order_ref, lock=True)
    due = await tx.fetchval(
        "select coalesce(sum(t.receivable), 0)::bigint from core.ledger_txn t "
        "where t.school_id = $1 and t.order_ref = $2",
        tx.school_id,
        order_ref,
    )
    return int(due)


async def _is_booked(tx: Tenant, kind: TxnKind, cause: str, order_ref: str) -> bool:
    found = await tx.fetchrow(
        "select t.order_ref from core.ledger_txn t "
        "where t.school_id = $1 and t.kind = $2 and t.cause = $3",
        tx.school_id,
        kind,
        cause,
    )
    if found is not None and found["order_ref"] != order_ref:
        raise _other(cause)
    return found is not None


async def _booked(tx: Tenant, kind: TxnKind, cause: str, vendor: str) -> int | None:
    found = await tx.fetchrow(
        "select t.vendor, abs(t.payable) as amount from core.ledger_txn t "
        "where t.school_id = $1 and t.kind = $2 and t.cause = $3",
        tx.school_id,
        kind,
        cause,
    )
    if found is not None and found["vendor"] != vendor:
        raise _other(cause)
    return None if found is None else int(found["amount"])


def _other(cause: str) -> Problem:
    return Problem(
        "cause-taken",
        N_("The number %(cause)s belongs to another payment."),
        status=409,
        params={"cause": cause},
    )


async def _post_vendor(
    tx: Tenant, kind: TxnKind, cause: str, legs: Legs, vendor: str, currency: str
) -> None:
    await _write(tx, [_row(kind, cause, legs, (None, vendor, currency))])


_About = tuple[str | None, str, str]


def _about(sale: Sale) -> _About:
    return sale.order_ref, sale.vendor, sale.currency


def _row(kind: TxnKind, cause: str, legs: Legs, about: _About) -> dict[str, object]:
    order_ref, vendor, currency = about
    return {
        "id": new_id(), "kind": kind, "cause": cause, "created": clock.now(),
        "order_ref": order_ref, "vendor": vendor, "currency": currency,
        **msgspec.structs.asdict(legs),
    }  # fmt: skip


async def _write(tx: Tenant, rows: Sequence[dict[str, object]]) -> None:
    await tx.execute(_TXNS, tx.school_id, _json(rows))


def _json(rows: object) -> str:
    return msgspec.json.encode(rows).decode()
