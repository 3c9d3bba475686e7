"""Pass on to the core what orders entitle to, as often as needed and no more."""

from uuid import UUID

from kundelik_payments.domain.model import Access, Order, OrderLine, Right, Sale
from kundelik_payments.domain.rights import due, passed_on
from kundelik_payments.ports import Entitlements, GrantWish, Store

__all__ = ["pass_on", "source_ref"]


def source_ref(order: Order, line: int) -> str:
    """Return the name under which the core knows a line of an order."""
    return f"{order.id}:{line}"


async def pass_on(
    store: Store,
    entitlements: Entitlements,
    order: UUID,
) -> Sale:
    """Pass on what an order's lines entitle to, under its lock, so that orders of news are kept."""
    async with store.locked(order) as held:
        for right in due(held.sale):
            known = next((one for one in held.sale.applied if one.line == right.line), None)
            line = held.sale.order.line(right.line)
            await _tell(entitlements, held.sale.order, line, known, right)
            held.put(passed_on(held.sale, right))
        return held.sale


async def _tell(
    core: Entitlements,
    order: Order,
    line: OrderLine,
    known: Right | None,
    right: Right,
) -> None:
    name = source_ref(order, line.number)
    granted = known is not None and known.access is not Access.NONE
    if right.access is Access.REVOKED:
        # What was never granted needs no end: money that came and went at once.
        if granted:
            await core.revoke(name, "refunded")
        return
    if not granted:
        await core.grant(_wish(name, order, line))
    if right.kept_minor < right.price_minor and (
        known is None or known.kept_minor != right.kept_minor
    ):
        await core.shorten(name, right.kept_minor, right.price_minor)
    if right.access is Access.SUSPENDED:
        await core.suspend(name, "disputed")
    elif known is not None and known.access is Access.SUSPENDED:
        await core.restore(name)


def _wish(name: str, order: Order, line: OrderLine) -> GrantWish:
    return GrantWish(
        source_ref=name,
        school_id=order.school_id,
        payer=order.payer,
        feature=line.feature,
        scope=line.scope,
        student=line.student,
        months=line.months,
        quantity=line.quantity,
        renews=order.renews,
    )
