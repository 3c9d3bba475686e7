"""Say what each child of a family costs: the first in full, the next ones less."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from kundelik_payments.domain.money import charge_share, whole_units

__all__ = ["HOLD", "LONGEST_HOLD", "SHORTEST_HOLD", "hold_until", "sibling_prices"]

SHORTEST_HOLD: Final = timedelta(minutes=30)
LONGEST_HOLD: Final = timedelta(hours=24)
HOLD: Final = timedelta(hours=2)


def sibling_prices(unit_minor: int, shares_bp: Sequence[int], children: int) -> list[int]:
    """Return the price of each child in whole tenge.

    ``shares_bp`` holds what the first, second, .. child pays, in hundredths of a percent; the last
    share is that of every further child. Without shares everybody pays the full price.
    """
    if unit_minor < 0 or any(not 0 <= share <= 10_000 for share in shares_bp):
        raise ValueError("a price and its shares lie between nothing and all of it")
    shares = list(shares_bp) or [10_000]
    return [
        whole_units(charge_share(unit_minor, shares[min(number, len(shares) - 1)]))
        for number in range(children)
    ]


def hold_until(now: datetime, wanted: timedelta = HOLD) -> datetime:
    """Return until when an order is held; pages of providers live as long, so it has bounds."""
    return now + min(max(wanted, SHORTEST_HOLD), LONGEST_HOLD)
