"""Close a month: what there was, what came and went, what there is, and that nothing is missing."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from kundelik_payments.domain.balance import earned, held
from kundelik_payments.domain.log import Sums, sums
from kundelik_payments.domain.model import Entry, EntryKind, Sale
from kundelik_payments.domain.telling import twice

__all__ = ["Difference", "Month", "close_month"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """Two sources that should say the same and do not."""

    what: str
    expected_minor: int
    found_minor: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Month:
    """The month of one currency; ``twice_minor`` is what of all it knows went back twice by now."""

    currency: str
    begins: datetime
    ends: datetime
    opening: Sums
    closing: Sums
    by_kind: Mapping[EntryKind, int]
    orders: int
    twice_minor: int = 0
    differences: tuple[Difference, ...] = field(default=())

    @property
    def owed_minor(self) -> int:
        return self.closing.held_minor - self.closing.earned_minor


def close_month(
    sales: Iterable[Sale],
    currency: str,
    begins: datetime,
    ends: datetime,
    elsewhere: Mapping[str, int] | None = None,
) -> Month:
    """Return the month from the log, held against the orders as they stand.

    Orders are compared as they are now, so their whole logs are. ``elsewhere`` gives what others
    say that we hold at the end of the month, such as the ledger or the providers' accounts.
    """
    chosen = [sale for sale in sales if sale.order.currency == currency]
    entries = [entry for sale in chosen for entry in sale.log]
    before = [entry for entry in entries if entry.at < begins]
    within = [entry for entry in entries if begins <= entry.at < ends]
    by_kind = {kind: _total(within, kind) for kind in EntryKind}
    closing = sums([*before, *within])
    found = [difference for sale in chosen for difference in _differences(sale)]
    for name, minor in (elsewhere or {}).items():
        if minor != closing.held_minor:
            found.append(
                Difference(what=name, expected_minor=closing.held_minor, found_minor=minor)
            )
    return Month(
        currency=currency,
        begins=begins,
        ends=ends,
        opening=sums(before),
        closing=closing,
        by_kind=by_kind,
        orders=sum(1 for sale in chosen if any(begins <= one.at < ends for one in sale.log)),
        twice_minor=sum(
            twice(sale.order.line(note.line), note) for sale in chosen for note in sale.told
        ),
        differences=tuple(found),
    )


def _total(entries: Iterable[Entry], kind: EntryKind) -> int:
    return sum(entry.amount_minor for entry in entries if entry.kind is kind)


def _differences(sale: Sale) -> Iterable[Difference]:
    logged = sums(sale.log)
    pairs = [("held", logged.held_minor, held(sale)), ("earned", logged.earned_minor, earned(sale))]
    for what, expected, found in pairs:
        if expected != found:
            yield Difference(
                what=f"{sale.order.public_id} {what}", expected_minor=expected, found_minor=found
            )
    if [entry.number for entry in sale.log] != list(range(1, len(sale.log) + 1)):
        yield Difference(
            what=f"{sale.order.public_id} log", expected_minor=len(sale.log), found_minor=0
        )
