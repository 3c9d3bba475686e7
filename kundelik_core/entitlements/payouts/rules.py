"""Decide how much a vendor is paid, and how much is asked back. No I/O."""

from collections.abc import Iterable, Mapping
from uuid import UUID

from kundelik_core.entitlements.payouts.model import BY_HAND, Payout

__all__ = ["ask_back", "to_pay"]


def to_pay(matured: int, least: int) -> int:
    """Return what is paid of what is ripe: all of it, or nothing while it is too little."""
    return matured if matured > 0 and matured >= least else 0


def ask_back(
    payable: int, paid: Iterable[Payout], asked: Mapping[UUID, int]
) -> list[tuple[Payout, int]]:
    """Return how much of which payouts is asked back, the latest first.

    What a vendor owes is carried on: its next sales pay it, ripe or not. Only what they do not
    cover is asked back, where a way to pay can do that. ``asked`` is on its way back already.
    """
    debt = -payable - sum(asked.values())
    found = []
    for one in sorted(paid, key=lambda each: (each.made_at, each.id), reverse=True):
        room = one.amount_minor - one.returned_minor - asked.get(one.id, 0)
        minor = min(debt, room)
        if one.state != "paid" or one.method == BY_HAND or minor <= 0:
            continue
        found.append((one, minor))
        debt -= minor
    return found
