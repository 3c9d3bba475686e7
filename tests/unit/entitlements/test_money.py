"""No tiyn is made or lost: shares sum up, refunds take back what was given, disputes end even."""

from collections.abc import Callable

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from kundelik_core.entitlements.ledger import rules
from kundelik_core.entitlements.ledger.rules import (
    ACCOUNTS,
    Legs,
    Position,
    Split,
    sale_legs,
    split,
    split_sale,
)
from kundelik_core.kernel.errors import Problem
from tests.depth import looks

amounts = st.integers(1, 10**9)
points = st.integers(0, 10_000)


@given(st.integers(0, 10**12), st.lists(st.integers(0, 10**6), min_size=1, max_size=6))
def test_a_split_gives_out_every_tiyn_and_is_fair_to_one(amount: int, weights: list[int]) -> None:
    total = sum(weights)
    if total == 0:
        with pytest.raises(ValueError, match="divide"):
            split(amount, weights)
        return
    parts = split(amount, weights)
    assert sum(parts) == amount
    for part, weight in zip(parts, weights, strict=True):
        # Nobody is further than a tiyn from the exact share.
        assert abs(part * total - amount * weight) < total
        assert part >= 0
        if amount <= total:
            assert part <= weight


@pytest.mark.parametrize(
    ("amount", "tax", "commission", "expected"),
    [
        (99_000, 0, 10_000, Split(0, 99_000, 0)),
        (99_000, 0, 3_000, Split(69_300, 29_700, 0)),
        # 16 % inside 1160 tenge are 160; of the 1000 the vendor has 70 %.
        (116_000, 1_600, 3_000, Split(70_000, 30_000, 16_000)),
        (1, 1_600, 3_000, Split(1, 0, 0)),
        (100, 1_200, 3_333, Split(59, 30, 11)),
    ],
)
def test_a_price_is_divided(amount: int, tax: int, commission: int, expected: Split) -> None:
    assert split_sale(amount, tax, commission) == expected


@given(amounts, points, points)
def test_a_sale_balances(amount: int, tax: int, commission: int) -> None:
    parts = split_sale(amount, tax, commission)
    assert parts.total == amount
    for legs in (sale_legs(parts), sale_legs(parts, receivable=True)):
        assert sum(msgspec.structs.astuple(legs)) == 0


def test_a_refund_of_everything_undoes_the_sale_however_it_is_cut() -> None:
    parts = split_sale(100_001, 1_600, 3_333)
    booked, position = sale_legs(parts), Position(amount=100_001, left=parts)
    totals = dict.fromkeys(ACCOUNTS, 0)
    for amount in (1, 1, 33_333, 66_666):
        legs, position = rules.refund(position, amount)
        assert min(legs.payable, legs.commission, legs.tax) >= 0
        for name in ACCOUNTS:
            totals[name] += getattr(legs, name)
    assert position.left == Split(0, 0, 0)
    assert (totals["payable"], totals["commission"], totals["tax"]) == (
        -booked.payable, -booked.commission, -booked.tax,
    )  # fmt: skip
    with pytest.raises(Problem, match="too-much"):
        rules.refund(position, 1)


class Books(RuleBasedStateMachine):
    """One sale's money under everything that may happen to it, in any order.

    The model beside it keeps three purses only: ours, the bank's in a dispute, and the parent's,
    and of the last by whose hand it was filled. Ours is below nothing when money is gone twice.
    """

    def __init__(self) -> None:
        super().__init__()
        self.parts = split_sale(10_007, 1_600, 2_500)
        self.position = Position(amount=10_007, left=self.parts)
        self.legs = [sale_legs(self.parts)]
        self.ours, self.bank, self.parent = 10_007, 0, 0
        self.by_us = self.by_banks = 0

    def try_(self, move: Callable[[], tuple[Legs, Position]], legal: bool) -> bool:
        try:
            legs, after = move()
        except Problem:
            assert not legal
            return False
        assert legal
        self.legs.append(legs)
        self.position = after
        return True

    @rule(amount=st.integers(-1, 12_000))
    def refund(self, amount: int) -> None:
        p = self.position
        legal = p.dispute is None and 0 < amount <= 10_007 - p.refunded - p.absorbed
        self.try_(lambda: rules.refund(p, amount), legal)

    @rule(amount=st.integers(-1, 12_000), receivable=st.booleans())
    def returned(self, amount: int, receivable: bool) -> None:
        legal = 0 < amount <= 10_007 - self.by_us
        if self.try_(lambda: rules.returned(self.position, amount, receivable=receivable), legal):
            self.ours, self.parent = self.ours - amount, self.parent + amount
            self.by_us += amount

    @rule(amount=st.integers(-1, 12_000), absorbed=st.booleans(), receivable=st.booleans())
    def failed(self, amount: int, absorbed: bool, receivable: bool) -> None:
        """What had gone back is here again."""
        p = self.position
        legal = 0 < amount <= (p.absorbed if absorbed else p.returned - p.charged)
        if self.try_(
            lambda: rules.return_failed(p, amount, absorbed=absorbed, receivable=receivable), legal
        ):
            self.ours, self.parent = self.ours + amount, self.parent - amount
            self.by_us -= amount
            # What is owed is owed once more; what was borne is borne no more, and owed by nobody.
            # And what was gone twice has gone once, which is owed to nobody either.
            assert absorbed or self.position.owed - p.owed == amount - (
                p.undecided - self.position.undecided
            ) - (p.lost - self.position.lost)
            assert not absorbed or self.position.owed == p.owed

    @rule()
    def absorb(self) -> None:
        p = self.position
        self.try_(lambda: rules.absorb(p), p.undecided > 0)

    @rule(amount=st.integers(-1, 12_000))
    def opened(self, amount: int) -> None:
        p = self.position
        # Whether the money is here still, no bank asks.
        legal = not p.dispute and 0 < amount <= 10_007 - self.by_banks
        if self.try_(lambda: rules.dispute_opened(p, amount, "d"), legal):
            self.ours, self.bank = self.ours - amount, amount

    @rule(won=st.booleans(), ref=st.sampled_from(["d", "e"]))
    def closed(self, won: bool, ref: str) -> None:
        close = rules.dispute_won if won else rules.dispute_lost
        if self.try_(lambda: close(self.position, ref), bool(self.bank) and ref == "d"):
            self.ours += self.bank if won else 0
            self.parent += 0 if won else self.bank
            self.by_banks += 0 if won else self.bank
            self.bank = 0

    @invariant()
    def nothing_is_made_or_lost(self) -> None:
        p = self.position
        total = {name: sum(getattr(legs, name) for legs in self.legs) for name in ACCOUNTS}
        assert all(sum(msgspec.structs.astuple(legs)) == 0 for legs in self.legs)
        assert total["cash"] + total["receivable"] == self.ours
        assert total["hold"] == self.bank == p.held
        assert p.charged == self.by_banks
        assert total["fees"] == p.absorbed
        assert total["losses"] == p.lost == max(self.by_us + self.by_banks - p.amount, 0)
        assert p.returned + p.absorbed == self.parent
        assert self.ours + self.bank + self.parent == p.amount
        # The shares still booked are those that no refund took back.
        assert (-total["payable"], -total["commission"], -total["tax"]) == (
            p.left.vendor, p.left.commission, p.left.tax,
        )  # fmt: skip
        assert p.left.total == p.amount - p.refunded
        assert total["refunds"] == p.undecided - p.owed
        assert p.refunded + p.absorbed <= p.amount
        assert min(p.left.vendor, p.left.commission, p.left.tax, p.refunded, p.returned) >= 0


TestBooks = Books.TestCase
TestBooks.settings = looks(150, steps=25)
