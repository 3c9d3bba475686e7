"""Book payments and grant what they are for: many at once cost the statements of one."""

from collections.abc import Collection, Sequence
from typing import Final, Self
from uuid import UUID

from kundelik_core.entitlements.ledger import rules as money
from kundelik_core.entitlements.ledger.actions import NewSale, book_sales, new_sale
from kundelik_core.entitlements.ledger.model import Sale
from kundelik_core.entitlements.ledger.queries import find_sales
from kundelik_core.entitlements.model import Granted, Wanted
from kundelik_core.entitlements.purchases.model import Purchase, Sold
from kundelik_core.entitlements.shelf import Shelf
from kundelik_core.kernel.audit import Doer, audit_each
from kundelik_core.kernel.db import Tenant
from kundelik_core.kernel.errors import Problem

__all__ = ["Selling"]

# A payment that comes for one of these is kept as money owed to the parent.
_UNPLACED: Final = frozenset({"has-no-end", "nothing-to-add", "no-such-pupil"})
_SOURCE: Final = "order"


class Selling:
    """Sales of one school within one transaction; they are written at the end."""

    def __init__(self, tx: Tenant, shelf: Shelf, sales: dict[str, Sale]) -> None:
        self.shelf = shelf
        self._tx = tx
        self._sales = sales
        self._fresh: list[tuple[NewSale, Sale, str]] = []

    @classmethod
    async def open(
        cls, tx: Tenant, pupils: Collection[UUID | None], order_refs: Sequence[str]
    ) -> Self:
        """Lock pupils, and read what they have and which of these payments are booked already."""
        shelf = await Shelf.open(tx, pupils, [(_SOURCE, ref) for ref in order_refs])
        # The pupils are locked by now; whoever else told of a payment is through.
        found = await find_sales(tx, order_refs) if order_refs else []
        return cls(tx, shelf, {one.order_ref: one for one in found})

    def sell(self, purchase: Purchase) -> Sold:
        """Book a payment and grant what it is for; where nothing can be granted, owe it back.

        Raises:
            Problem: the feature's name is none.
        """
        known = self._sales.get(purchase.order_ref)
        if known is not None:
            made = self.shelf.known(_SOURCE, purchase.order_ref) if known.entitlement_id else None
            return Sold(sale=known, granted=made, reason="" if made else "unplaced")
        reason = ""
        made = None
        try:
            made = self.shelf.place(_wanted(purchase), purchase.term, purchase.zone, purchase.rests)
        except Problem as problem:
            if problem.code not in _UNPLACED:
                raise
            reason = problem.code
        return Sold(sale=self._book(purchase, made, reason), granted=made, reason=reason)

    def _book(self, purchase: Purchase, made: Granted | None, reason: str) -> Sale:
        parts = money.split_sale(purchase.amount_minor, purchase.tax_bp, purchase.commission_bp)
        new = NewSale(
            order_ref=purchase.order_ref, sku=purchase.sku, vendor=purchase.vendor,
            currency=purchase.currency, parts=parts, entitlement=made.id if made else None,
            till=purchase.till,
        )  # fmt: skip
        sale = new_sale(new)
        self._sales[new.order_ref] = sale
        self._fresh.append((new, sale, reason))
        return sale

    async def write(self, doer: Doer) -> None:
        """Write what was granted and booked, and who did it."""
        await self.shelf.write(doer)
        fresh, self._fresh = self._fresh, []
        if not fresh:
            return
        await book_sales(self._tx, [(new, sale) for new, sale, _ in fresh])
        await audit_each(
            self._tx, doer, "sale.sale", "sale",
            [(sale.order_ref, None, {"amount_minor": sale.amount_minor,
                                     "currency": sale.currency, "reason": reason})
             for _, sale, reason in fresh],
        )  # fmt: skip


def _wanted(purchase: Purchase) -> Wanted:
    return Wanted(
        feature=purchase.feature, source=_SOURCE, source_ref=purchase.order_ref,
        pupil=purchase.pupil, holder=purchase.holder, scope=purchase.scope, seats=purchase.seats,
    )  # fmt: skip
