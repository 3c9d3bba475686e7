"""Decide where each tiyn of a sale goes, and what a refund or a dispute moves back. No I/O.

Amounts are whole tiyn. Debit stands above zero and credit below, and every ``Legs`` sums to zero.
A ``Position`` is one sale's money: each step returns the legs to book and the position after it.
"""

from collections.abc import Sequence
from typing import Final

import msgspec

from kundelik_core.kernel.errors import Problem
from kundelik_core.kernel.i18n import N_

__all__ = [
    "ACCOUNTS",
    "BASE",
    "Legs",
    "Position",
    "Split",
    "absorb",
    "dispute_lost",
    "dispute_opened",
    "dispute_won",
    "refund",
    "return_failed",
    "returned",
    "sale_legs",
    "split",
    "split_sale",
]

BASE: Final = 10_000
"""A whole in basis points."""


class Legs(msgspec.Struct, frozen=True, kw_only=True):
    """One transaction of the ledger."""

    cash: int = 0
    receivable: int = 0
    payable: int = 0
    commission: int = 0
    tax: int = 0
    refunds: int = 0
    hold: int = 0
    fees: int = 0
    rounding: int = 0
    losses: int = 0


ACCOUNTS: Final = Legs.__struct_fields__


class Split(msgspec.Struct, frozen=True):
    """An amount's shares."""

    vendor: int
    commission: int
    tax: int

    @property
    def total(self) -> int:
        """Return the amount."""
        return self.vendor + self.commission + self.tax

    def less(self, other: "Split") -> "Split":
        """Return what is left."""
        return Split(
            self.vendor - other.vendor, self.commission - other.commission, self.tax - other.tax
        )


class Position(msgspec.Struct, frozen=True, kw_only=True):
    """The money of a sale: ``left`` after refunds, decided ``refunded``, gone ``returned``.

    ``refunded`` above ``returned``: the parent is owed the difference. Below: money went back that
    nobody here decided about, and somebody has to. ``held``: a dispute keeps it from us, and
    ``charged`` is what disputes kept for good. A bank does not ask whether the money is still here:
    what has gone by its hand and by ours together, beyond what was paid, is ``lost``.
    """

    amount: int
    left: Split
    refunded: int = 0
    returned: int = 0
    absorbed: int = 0
    held: int = 0
    charged: int = 0
    dispute: str | None = None

    @property
    def owed(self) -> int:
        """Return what the parent is owed."""
        return max(self.refunded - self.returned, 0)

    @property
    def undecided(self) -> int:
        """Return what went back without a decision of ours."""
        return max(min(self.returned, self.amount - self.absorbed) - self.refunded, 0)

    @property
    def lost(self) -> int:
        """Return what is gone twice, and borne by us."""
        return max(self.returned + self.absorbed - self.amount, 0)


def split(amount: int, weights: Sequence[int]) -> list[int]:
    """Divide an amount by weights, to the tiyn, by the largest remainders.

    No part is greater than its weight where the amount is not greater than their sum.
    """
    total = sum(weights)
    if amount < 0 or total <= 0 or min(weights) < 0:
        raise ValueError(f"cannot divide {amount} by {weights}")
    parts = [amount * weight // total for weight in weights]
    rest = amount - sum(parts)
    order = sorted(range(len(weights)), key=lambda n: -(amount * weights[n] % total))
    for n in order[:rest]:
        parts[n] += 1
    return parts


def split_sale(amount: int, tax_bp: int, commission_bp: int) -> Split:
    """Divide a price: tax is inside it, the commission is a share of what is left without tax."""
    weights = [BASE * (BASE - commission_bp), BASE * commission_bp, BASE * tax_bp]
    return Split(*split(amount, weights))


def sale_legs(parts: Split, *, receivable: bool = False) -> Legs:
    """Return what a sale moves; ``receivable``: the provider has the money, we do not yet."""
    return Legs(
        cash=0 if receivable else parts.total,
        receivable=parts.total if receivable else 0,
        payable=-parts.vendor,
        commission=-parts.commission,
        tax=-parts.tax,
    )


def refund(position: Position, amount: int) -> tuple[Legs, Position]:
    """Decide that money goes back: the shares are taken back, and the parent is owed it.

    Raises:
        Problem: it is more than what is left, or a dispute runs.
    """
    if position.dispute is not None:
        raise _disputed()
    most = position.amount - position.refunded - position.absorbed
    if not 0 < amount <= most:
        raise _too_much(most)
    after = msgspec.structs.replace(
        position,
        left=position.left.less(_back(position, amount)),
        refunded=position.refunded + amount,
    )
    return _moved(position, after), after


def returned(position: Position, amount: int, *, receivable: bool = False) -> tuple[Legs, Position]:
    """Note that money has gone back, whoever decided it.

    Raises:
        Problem: more would have gone back than was paid, but for what a bank took beside it.
    """
    most = position.amount - position.returned - position.absorbed + position.charged
    if not 0 < amount <= most:
        raise _too_much(most)
    after = msgspec.structs.replace(position, returned=position.returned + amount)
    return _moved(position, after, receivable=receivable), after


def return_failed(
    position: Position, amount: int, *, absorbed: bool = False, receivable: bool = False
) -> tuple[Legs, Position]:
    """Note that money which had gone back is here again: the parent is owed it once more.

    What was ``absorbed`` is nobody's claim: then we have not borne it after all. And what had gone
    twice has gone once.

    Raises:
        Problem: so much had not gone back, other than by the hand of a bank.
    """
    most = position.absorbed if absorbed else position.returned - position.charged
    if not 0 < amount <= most:
        raise _too_much(most)
    if absorbed:
        after = msgspec.structs.replace(position, absorbed=position.absorbed - amount)
    else:
        after = msgspec.structs.replace(position, returned=position.returned - amount)
    return _moved(position, after, receivable=receivable), after


def absorb(position: Position) -> tuple[Legs, Position]:
    """Bear what went back without a decision ourselves: vendor and family keep what they have.

    Raises:
        Problem: nothing waits for a decision.
    """
    borne = position.undecided
    if not borne:
        raise Problem("nothing-undecided", N_("Nothing here waits for a decision."), status=409)
    after = msgspec.structs.replace(
        position, returned=position.returned - borne, absorbed=position.absorbed + borne
    )
    return _moved(position, after), after


def dispute_opened(position: Position, amount: int, ref: str) -> tuple[Legs, Position]:
    """Set aside what a bank has taken away for the time of a dispute, though it had gone before.

    Raises:
        Problem: another one runs, or they are about more than was paid.
    """
    if position.dispute is not None:
        raise _disputed()
    most = position.amount - position.charged
    if not 0 < amount <= most:
        raise _too_much(most)
    after = msgspec.structs.replace(position, held=amount, dispute=ref)
    return _moved(position, after), after


def dispute_won(position: Position, ref: str) -> tuple[Legs, Position]:
    """Take back what was set aside.

    Raises:
        Problem: no such dispute runs.
    """
    _running(position, ref)
    after = msgspec.structs.replace(position, held=0, dispute=None)
    return _moved(position, after), after


def dispute_lost(position: Position, ref: str) -> tuple[Legs, Position]:
    """Let go what was set aside: first what the parent is owed anyway, then as with a refund.

    What has gone back already is gone twice: neither the vendor nor anybody else is asked for it.

    Raises:
        Problem: no such dispute runs.
    """
    _running(position, ref)
    room = max(position.amount - position.returned - position.absorbed, 0)
    fresh = max(min(position.held, room) - position.owed, 0)
    after = msgspec.structs.replace(
        position,
        left=position.left.less(_back(position, fresh)) if fresh else position.left,
        refunded=position.refunded + fresh,
        returned=position.returned + position.held,
        charged=position.charged + position.held,
        held=0,
        dispute=None,
    )
    return _moved(position, after), after


def _moved(before: Position, after: Position, *, receivable: bool = False) -> Legs:
    """Return what lies between two positions; what the other accounts do not have, cash has."""
    was, now = _booked(before), _booked(after)
    legs = {name: minor - was[name] for name, minor in now.items()}
    legs["receivable" if receivable else "cash"] = -sum(legs.values())
    return Legs(**legs)


def _booked(position: Position) -> dict[str, int]:
    """Return what a position stands for in each account but those where money lies."""
    gone = min(position.returned, position.amount - position.absorbed)
    return {
        "payable": -position.left.vendor,
        "commission": -position.left.commission,
        "tax": -position.left.tax,
        "refunds": gone - position.refunded,
        "hold": position.held,
        "fees": position.absorbed,
        "losses": position.lost,
    }


def _back(position: Position, amount: int) -> Split:
    """Take an amount out of what is left, in the proportion of what is left."""
    left = position.left
    return Split(*split(amount, [left.vendor, left.commission, left.tax]))


def _running(position: Position, ref: str) -> None:
    if position.dispute != ref:
        raise Problem(
            "no-such-dispute",
            N_("No dispute with the number %(ref)s runs here."),
            status=409,
            params={"ref": ref},
        )


def _disputed() -> Problem:
    return Problem(
        "disputed", N_("A dispute about this payment runs; wait until it is closed."), status=409
    )


def _too_much(most: int) -> Problem:
    return Problem(
        "too-much",
        N_("That is more than is left of this payment."),
        status=409,
        extra={"most_minor": most},
    )
