"""The core's books, as far as wishes move them: its own rules, without its tables."""

from collections import Counter
from collections.abc import Sequence

from kundelik_payments.domain.balance import earned, given_on, has_come, held
from kundelik_payments.domain.model import RefundState, Sale
from kundelik_payments.domain.telling import line_ref, twice

from kundelik_core.entitlements.ledger import rules as money
from kundelik_core.entitlements.ledger.rules import Position, split_sale
from kundelik_core.kernel.errors import Problem
from kundelik_core.sdk import (
    Absorbed,
    Bought,
    DisputeLost,
    DisputeOpened,
    DisputeWon,
    Refunded,
    RenewalEnded,
    Returned,
    ReturnFailed,
    Wish,
)


class Books:
    """What the core has of each line: its money, and what was granted for it."""

    def __init__(self) -> None:
        self.books: dict[str, Position] = {}
        self.granted: Counter[str] = Counter()
        self.ended: set[str] = set()
        self.refused: list[tuple[str, str, str]] = []

    def state(self, ref: str) -> str:
        if ref not in self.books:
            return "none"
        if ref in self.ended:
            return "revoked"
        return "suspended" if self.books[ref].dispute else "active"

    def of(self, sale: Sale) -> list[str]:
        return [self.state(line_ref(sale.order, line.number)) for line in sale.order.lines]

    def kept(self, sale: Sale) -> list[tuple[int, int]]:
        """Return of every line what is left of its price, and the price."""
        here = [self.books[line_ref(sale.order, line.number)] for line in sale.order.lines]
        return [(one.amount - one.refunded, one.amount) for one in here]

    def check(self, sale: Sale) -> None:
        """Hold the books of an order against its own account of the same money."""
        assert self.refused == []
        assert all(count == 1 for count in self.granted.values())
        books = [
            self.books[line_ref(sale.order, line.number)]
            for line in sale.order.lines
            if line_ref(sale.order, line.number) in self.books
        ]
        if sale.order.paid_at is None:
            assert books == [], "nothing is granted before it is paid"
            return
        self._check_notes(sale)
        if any(one.dispute for one in books):
            return  # what the core refuses meanwhile is told when the dispute is over
        # A gift is told once nothing else is owed of the same line.
        gifts = sum(given_on(sale, note.line) - note.borne_minor for note in sale.told)
        assert gifts >= 0
        kept = sum(one.amount - one.refunded - one.absorbed for one in books)
        assert earned(sale) == kept - gifts
        waiting = {RefundState.EXTERNAL, RefundState.TRANSIT}
        if any(one.state in waiting for one in sale.refunds):
            return
        cash = sum(one.amount - one.returned - one.absorbed - one.held for one in books) - gifts
        over = sum(one.received_minor for one in sale.payments if has_come(one))
        over -= sale.order.total_minor
        assert 0 <= held(sale) - cash <= max(over, 0)
        # What a bank took beside what we gave is missing here as it is there.
        assert sum(one.lost for one in books) == sum(
            twice(sale.order.line(note.line), note) for note in sale.told
        )

    def _check_notes(self, sale: Sale) -> None:
        """What was told is what is booked."""
        for note in sale.told:
            here = self.books[line_ref(sale.order, note.line)]
            found = (here.refunded, here.returned, here.absorbed, here.held)
            wanted = (
                *(note.refunded_minor, note.gone_minor),
                *(note.borne_minor, note.disputed_minor),
            )
            assert here.charged == note.lost_minor
            assert found == wanted


class Core(Books):
    """Fulfils wishes in the order in which they were asked, each once."""

    def __init__(self, wishes: Sequence[Wish]) -> None:
        super().__init__()
        self._wishes = wishes
        self._done = 0
        self.grants: dict[str, Bought] = {}
        self.renewals_ended: list[str] = []
        self._seen: set[tuple[str, str, str]] = set()

    def settle(self) -> None:
        """Fulfil what was asked since the last time."""
        fresh, self._done = self._wishes[self._done :], len(self._wishes)
        for wish in fresh:
            about = getattr(wish, "cause", getattr(wish, "dispute", ""))
            key = (type(wish).__name__, wish.ref, about)
            if key in self._seen:
                continue
            self._seen.add(key)
            try:
                self._fulfil(wish)
            except (Problem, KeyError) as problem:
                self.refused.append((*key[:2], getattr(problem, "code", "not-found")))

    def _fulfil(self, wish: Wish) -> None:
        ref = wish.ref
        match wish:
            case Bought():
                parts = split_sale(wish.amount_minor, 1_200, 2_000)
                self.books[ref] = Position(amount=wish.amount_minor, left=parts)
                self.grants[ref] = wish
                self.granted[ref] += 1
            case Refunded(amount_minor=amount):
                here = self.books[ref]
                left = here.amount - here.refunded - here.absorbed
                _legs, self.books[ref] = money.refund(here, left if amount is None else amount)
                self._end(ref)
            case Returned():
                _legs, self.books[ref] = money.returned(self.books[ref], wish.amount_minor)
            case ReturnFailed():
                _legs, self.books[ref] = money.return_failed(
                    self.books[ref], wish.amount_minor, absorbed=wish.absorbed
                )
            case Absorbed():
                _legs, self.books[ref] = money.absorb(self.books[ref])
            case DisputeOpened():
                here = self.books[ref]
                _legs, self.books[ref] = money.dispute_opened(here, wish.amount_minor, wish.dispute)
            case DisputeWon():
                _legs, self.books[ref] = money.dispute_won(self.books[ref], wish.dispute)
            case DisputeLost():
                _legs, self.books[ref] = money.dispute_lost(self.books[ref], wish.dispute)
                self._end(ref)
            case RenewalEnded():
                assert ref in self.books
                self.renewals_ended.append(ref)
            case _:
                raise AssertionError(wish)

    def _end(self, ref: str) -> None:
        here = self.books[ref]
        if here.amount == here.refunded + here.absorbed:
            self.ended.add(ref)
