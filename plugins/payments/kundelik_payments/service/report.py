"""Close a month of a school, and hold it against the core's own account of the same money."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from kundelik_core.sdk import PluginTx
from kundelik_payments.domain.model import Sale
from kundelik_payments.domain.report import Difference, Month, close_month
from kundelik_payments.domain.telling import line_ref

__all__ = ["Account", "accounts", "against_core", "bounds", "month_of"]

_MONEY: Final = """
select m.order_ref as ref, m.amount_minor, m.refunded_minor, m.returned_minor, m.absorbed_minor,
       m.held_minor
  from core_api.money_v1 m
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """What the core has in its books about a line."""

    ref: str
    amount_minor: int
    refunded_minor: int
    returned_minor: int
    absorbed_minor: int
    held_minor: int


async def accounts(tx: PluginTx) -> list[Account]:
    """Return the core's account of every line of this school."""
    return [Account(**row) for row in await tx.fetch(_MONEY)]


def bounds(year: int, month: int, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """Return when a month begins and ends by the school's clock."""
    after = (year + month // 12, month % 12 + 1)
    return datetime(year, month, 1, tzinfo=zone), datetime(*after, 1, tzinfo=zone)


def month_of(
    sales: Sequence[Sale],
    known: Sequence[Account],
    currency: str,
    begins: datetime,
    ends: datetime,
) -> Month:
    """Return the month, with every line about which the core's books say something else."""
    month = close_month(sales, currency, begins, ends)
    chosen = [one for one in sales if one.order.currency == currency]
    found = against_core(chosen, {one.ref: one for one in known})
    return replace(month, differences=(*month.differences, *found))


def against_core(sales: Sequence[Sale], known: Mapping[str, Account]) -> list[Difference]:
    """Hold what the core was told of every line against what it has booked."""
    found: list[Difference] = []
    for sale in sales:
        for note in sale.told:
            line = sale.order.line(note.line)
            name = line_ref(sale.order, note.line)
            booked = known.get(name)
            pairs = {
                "sold": (line.price_minor, booked.amount_minor if booked else 0),
                "refunded": (note.refunded_minor, booked.refunded_minor if booked else 0),
                "returned": (note.gone_minor, booked.returned_minor if booked else 0),
                "absorbed": (note.borne_minor, booked.absorbed_minor if booked else 0),
                "disputed": (note.disputed_minor, booked.held_minor if booked else 0),
            }
            found += [
                Difference(
                    what=f"{sale.order.public_id}/{note.line} {what}",
                    expected_minor=ours,
                    found_minor=theirs,
                )
                for what, (ours, theirs) in pairs.items()
                if ours != theirs
            ]
    return found
