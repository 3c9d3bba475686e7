"""Read the ledger: one sale, a vendor's balance, a month."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec

from kundelik_core.entitlements.ledger.model import (
    AccountLine,
    Entry,
    Loss,
    MonthReport,
    Sale,
    VendorBalance,
)
from kundelik_core.entitlements.ledger.rules import ACCOUNTS
from kundelik_core.kernel.db import Tenant, reference
from kundelik_core.kernel.errors import Problem
from kundelik_core.kernel.i18n import N_
from kundelik_core.kernel.wire import Connection, Pool

__all__ = [
    "balance_of",
    "entries_of",
    "find_sale",
    "find_sales",
    "losses",
    "month_report",
    "sale_by_entitlement",
    "sale_of",
    "waiting",
]

_SALE: Final = ", ".join(f"s.{name}" for name in Sale.__struct_fields__)


async def sale_of(tx: Tenant, order_ref: str, *, lock: bool = False) -> Sale:
    """Return a sale, locked for the rest of the transaction if wanted.

    Raises:
        Problem: there is none.
    """
    found = await find_sale(tx, order_ref, lock=lock)
    if found is None:
        raise Problem("not-found", N_("There was no such payment."), status=404)
    return found


async def find_sale(tx: Tenant, order_ref: str, *, lock: bool = False) -> Sale | None:
    """Return a sale, or None, locked for the rest of the transaction if wanted."""
    row = await tx.fetchrow(
        f"select {_SALE} from core.sale s where s.school_id = $1 and s.order_ref = $2"
        + (" for update" if lock else ""),
        tx.school_id,
        order_ref,
    )
    return msgspec.convert(dict(row), Sale) if row else None


async def find_sales(tx: Tenant, order_refs: Sequence[str]) -> list[Sale]:
    """Return those of some sales that there are."""
    rows = await tx.fetch(
        f"select {_SALE} from core.sale s where s.school_id = $1 and s.order_ref = any($2::text[])",
        tx.school_id,
        list(order_refs),
    )
    return [msgspec.convert(dict(row), Sale) for row in rows]


async def sale_by_entitlement(tx: Tenant, entitlement: UUID) -> Sale | None:
    """Return the sale that a grant follows from."""
    row = await tx.fetchrow(
        f"select {_SALE} from core.sale s where s.school_id = $1 and s.entitlement_id = $2",
        tx.school_id,
        entitlement,
    )
    return msgspec.convert(dict(row), Sale) if row else None


async def waiting(tx: Tenant) -> list[Sale]:
    """Return the sales of which a parent is owed money, or about which somebody must decide."""
    rows = await tx.fetch(
        f"select {_SALE} from core.sale s where s.school_id = $1 "
        "and s.refunded_minor <> least(s.returned_minor, s.amount_minor - s.absorbed_minor) "
        "order by s.sold_at, s.order_ref",
        tx.school_id,
    )
    return [msgspec.convert(dict(row), Sale) for row in rows]


async def losses(since: datetime, conn: Connection | Pool | None = None) -> list[Loss]:
    """Return what has gone back twice since a moment, in any school, the latest first."""
    rows = await (conn or reference()).fetch("select l.* from core.losses_since($1) l", since)
    return [msgspec.convert(dict(row), Loss) for row in rows]


async def entries_of(tx: Tenant, order_ref: str) -> list[Entry]:
    """Return what was booked for a sale, as a list of legs."""
    rows = await tx.fetch(
        "select l.txn, l.kind, l.account, l.amount_minor, l.currency, l.order_ref, l.vendor, "
        "l.created from core.ledger_entry l where l.school_id = $1 and l.order_ref = $2 "
        "order by l.txn, l.account",
        tx.school_id,
        order_ref,
    )
    return [msgspec.convert(dict(row), Entry) for row in rows]


async def balance_of(tx: Tenant, vendor: str, currency: str, at: datetime) -> VendorBalance:
    """Return what a vendor has with us.

    A sale is ripe when its time of holding is over and no dispute about it runs; payouts and what
    was taken back count at once, so the balance may fall below zero, and then it is carried on.
    """
    row = await tx.fetchrow(
        """
        select coalesce(sum(-t.payable), 0)::bigint as payable,
               coalesce(sum(-t.payable) filter (
                 where s.order_ref is null or (s.matures_at <= $4 and s.dispute_ref is null)
               ), 0)::bigint as matured,
               coalesce(sum(t.payable) filter (where t.order_ref is null), 0)::bigint as paid_out
          from core.ledger_txn t
          left join core.sale s on s.school_id = t.school_id and s.order_ref = t.order_ref
         where t.school_id = $1 and t.vendor = $2 and t.currency = $3
        """,
        tx.school_id,
        vendor,
        currency,
        at,
    )
    assert row is not None
    return VendorBalance(
        vendor=vendor,
        currency=currency,
        payable_minor=row["payable"],
        matured_minor=row["matured"],
        paid_out_minor=row["paid_out"],
    )


async def month_report(tx: Tenant, year: int, month: int, currency: str, zone: str) -> MonthReport:
    """Return a month at the school's clock: what every account began with, moved and ended with."""
    tz = ZoneInfo(zone)
    first = datetime(year, month, 1, tzinfo=tz)
    after = datetime(year + month // 12, month % 12 + 1, 1, tzinfo=tz)
    sums = ", ".join(f"sum(t.{name})::bigint as {name}" for name in ACCOUNTS)
    rows = await tx.fetch(
        f"select t.created < $3 as earlier, t.kind, {sums} from core.ledger_txn t "
        "where t.school_id = $1 and t.currency = $2 and t.created < $4 group by 1, 2 order by 2",
        tx.school_id,
        currency,
        first,
        after,
    )
    lines = []
    for name in ACCOUNTS:
        opening = sum(row[name] for row in rows if row["earlier"])
        moved = {row["kind"]: row[name] for row in rows if not row["earlier"] and row[name]}
        closing = opening + sum(moved.values())
        if opening or moved:
            lines.append(
                AccountLine(account=name, opening_minor=opening, moved=moved, closing_minor=closing)
            )
    return MonthReport(
        year=year,
        month=month,
        currency=currency,
        lines=tuple(lines),
        differences={"balance": sum(line.closing_minor for line in lines)}
        | await _differences(tx, currency),
    )


async def _differences(tx: Tenant, currency: str) -> dict[str, int]:
    """Hold the sales, the payouts and the grants of today against the ledger; all must be zero."""
    row = await tx.fetchrow(
        """
        with booked as (
          select coalesce(sum(t.payable), 0) as payable,
                 coalesce(sum(t.commission), 0) as commission,
                 coalesce(sum(t.tax), 0) as tax,
                 coalesce(sum(t.refunds), 0) as refunds,
                 coalesce(sum(t.hold), 0) as hold,
                 coalesce(sum(t.losses), 0) as losses,
                 coalesce(sum(t.payable) filter (where t.order_ref is null), 0) as paid_out
            from core.ledger_txn t where t.school_id = $1 and t.currency = $2
        ), sold as (
          select coalesce(sum(s.vendor_left), 0) as vendor,
                 coalesce(sum(s.commission_left), 0) as commission,
                 coalesce(sum(s.tax_left), 0) as tax,
                 coalesce(sum(s.held_minor), 0) as held,
                 coalesce(sum(least(s.returned_minor, s.amount_minor - s.absorbed_minor)
                              - s.refunded_minor), 0) as open,
                 coalesce(sum(greatest(s.returned_minor + s.absorbed_minor - s.amount_minor, 0)), 0)
                   as lost
            from core.sale s where s.school_id = $1 and s.currency = $2
        ), vendors as (
          select coalesce(sum(v.paid_out_minor), 0) as paid_out
            from core.vendor_account v where v.school_id = $1 and v.currency = $2
        ), ungranted as (
          select count(*) as n from core.entitlement e
           where e.school_id = $1 and e.source = 'order' and not exists (
             select from core.sale s where s.school_id = $1 and s.entitlement_id = e.id)
        )
        select (b.payable + s.vendor - b.paid_out)::bigint as vendors,
               (b.commission + s.commission)::bigint as commission,
               (b.tax + s.tax)::bigint as tax, (b.refunds - s.open)::bigint as refunds,
               (b.hold - s.held)::bigint as hold, (b.losses - s.lost)::bigint as losses,
               (b.paid_out - v.paid_out)::bigint as payouts,
               u.n as grants_without_money
          from booked b, sold s, vendors v, ungranted u
        """,
        tx.school_id,
        currency,
    )
    assert row is not None
    return dict(row)
