"""Offer a family what paid time is worth that it cannot use any more; it is asked for once."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias

from kundelik_payments.domain import refunding
from kundelik_payments.domain.balance import kept, refundable, reserved_on
from kundelik_payments.domain.model import OrderLine, Refund, RefundSource, RefundState, Sale
from kundelik_payments.domain.refused import Refused

__all__ = ["Inert", "Reason", "Unused", "ask_back", "unused"]

Reason: TypeAlias = Literal["disabled", "left", "no-guardianship"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Inert:
    """What the core says of a line: since when and why it is of no use, and what is left of it."""

    reason: Reason
    since: datetime
    ends: datetime | None
    kept_minor: int
    unused_minor: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Unused:
    """What a family may have back for a line, without asking anybody."""

    line: int
    reason: Reason
    since: datetime
    amount_minor: int


def unused(sale: Sale, inert: Mapping[int, Inert], now: datetime) -> tuple[Unused, ...]:
    """Return what may be asked for now: what was asked for before is not there again."""
    if sale.order.paid_at is None:
        return ()
    found: list[Unused] = []
    for line in sale.order.lines:
        one = inert.get(line.number)
        if one is None or one.since > now or (one.ends is not None and one.ends <= now):
            continue
        # While the core has not heard all of it yet, its share would be of another amount.
        if one.kept_minor != kept(sale, line) or not _free(sale, line):
            continue
        if one.unused_minor > 0:
            amount = min(one.unused_minor, one.kept_minor)
            found.append(
                Unused(line=line.number, reason=one.reason, since=one.since, amount_minor=amount)
            )
    return tuple(found)


def _free(sale: Sale, line: OrderLine) -> bool:
    """Say whether no money of a line is on its way back, and none was asked for so before."""
    if line.cancelled_at is not None or reserved_on(sale, line.number):
        return False
    return not any(
        one.source is RefundSource.UNUSED
        and (one.accepted_at is not None or one.state is RefundState.CREATED)
        and any(number == line.number for number, _ in one.parts)
        for one in sale.refunds
    )


def ask_back(
    sale: Sale, inert: Mapping[int, Inert], now: datetime
) -> tuple[Sale, tuple[Refund, ...]]:
    """Return the sale with refunds of all that is unused, and the refunds.

    Raises:
        Refused: nothing is, or the payments do not hold that much any more.
    """
    left = {one.line: one.amount_minor for one in unused(sale, inert, now)}
    made: list[Refund] = []
    after = sale
    for payment in sale.payments:
        room, parts = refundable(after, payment), dict[int, int]()
        for number, wanted in [*left.items()]:
            part = min(wanted, room)
            if part > 0:
                parts[number] = part
                left[number] = wanted - part
                room -= part
        if parts:
            after, refund = refunding.new_refund(
                after, payment.number, parts, 0, RefundSource.UNUSED, now
            )
            made.append(refund)
    if not made:
        raise Refused("nothing-unused", "There is nothing that could be given back so.")
    if any(left.values()):
        raise Refused("more-than-paid", "That is more than is left of this payment.")
    return after, tuple(made)
