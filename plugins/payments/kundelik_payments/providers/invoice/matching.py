"""Propose which order a transfer pays; a person confirms, and decides where there is doubt."""

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from kundelik_payments.domain.codes import CODE_LENGTH, typed
from kundelik_payments.providers.invoice.statement.line import StatementLine

__all__ = ["Expected", "Proposal", "Verdict", "codes_in", "propose"]

_NEAR: Final = re.compile(r"\w{5}-\w{5}")


class Verdict(StrEnum):
    """How sure a proposal is. Only ``exact`` may be offered as already ticked."""

    EXACT = "exact"
    AMOUNT_DIFFERS = "amount_differs"
    CURRENCY_DIFFERS = "currency_differs"
    SEVERAL = "several"
    MISTYPED = "mistyped"
    PAID_ALREADY = "paid_already"
    USED = "used"
    UNKNOWN = "unknown"
    OUTGOING = "outgoing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """An order that was invoiced, and what it still needs."""

    order: str
    to_pay_minor: int
    currency: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """What a line seems to be; ``order`` is empty where nobody can say."""

    line: StatementLine
    verdict: Verdict
    order: str = ""

    @property
    def sure(self) -> bool:
        return self.verdict is Verdict.EXACT


def codes_in(text: str) -> list[str]:
    """Return the codes of orders in a purpose, as people write them: parted, small, Cyrillic."""
    found: list[str] = []
    words = re.findall(r"[^\W_]+", text)
    for number, word in enumerate(words):
        pair = word + (words[number + 1] if number + 1 < len(words) else "")
        for candidate in (word, pair):
            code = typed(candidate) if len(candidate) == CODE_LENGTH else None
            if code and code not in found:
                found.append(code)
    return found


def propose(
    lines: Iterable[StatementLine],
    expected: Mapping[str, Expected],
    used: Collection[str] = (),
) -> list[Proposal]:
    """Return a proposal for each line. ``used`` are the keys of lines that were taken before.

    Of two lines for one order only the first is sure.
    """
    proposals: list[Proposal] = []
    taken: set[str] = set()
    for line in lines:
        proposal = _propose(line, expected, used)
        if proposal.sure and proposal.order in taken:
            proposal = Proposal(line=line, verdict=Verdict.PAID_ALREADY, order=proposal.order)
        taken |= {proposal.order} if proposal.sure else set()
        proposals.append(proposal)
    return proposals


def _propose(
    line: StatementLine, expected: Mapping[str, Expected], used: Collection[str]
) -> Proposal:
    if line.key in used:
        return Proposal(line=line, verdict=Verdict.USED)
    if line.amount_minor <= 0:
        return Proposal(line=line, verdict=Verdict.OUTGOING)
    codes = codes_in(line.purpose)
    known = [code for code in codes if code in expected]
    if len(known) > 1:
        return Proposal(line=line, verdict=Verdict.SEVERAL)
    if not known:
        wrong = bool(_NEAR.search(line.purpose)) and not codes
        return Proposal(line=line, verdict=Verdict.MISTYPED if wrong else Verdict.UNKNOWN)
    order = expected[known[0]]
    if order.currency != line.currency:
        verdict = Verdict.CURRENCY_DIFFERS
    elif order.to_pay_minor == 0:
        verdict = Verdict.PAID_ALREADY
    elif order.to_pay_minor != line.amount_minor:
        verdict = Verdict.AMOUNT_DIFFERS
    else:
        verdict = Verdict.EXACT
    return Proposal(line=line, verdict=verdict, order=order.order)
