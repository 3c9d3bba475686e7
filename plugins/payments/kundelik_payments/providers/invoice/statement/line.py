"""A line of a bank statement, whatever file it came in."""

import hashlib
import re
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

__all__ = ["StatementError", "StatementLine", "minor_of"]

_AMOUNT = re.compile(r"[+-]?[0-9]{1,13}([.][0-9]{1,4})?")
_SPACES = re.compile(r"[\s'\u2019]")


class StatementError(ValueError):
    """A file that is no statement, or of a kind that is not known; the text says where."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementLine:
    """Money that came (positive) or went; ``payer`` is shown to who confirms, and not kept."""

    booked: date
    amount_minor: int
    currency: str
    purpose: str
    bank_reference: str
    payer: str = ""
    repeat: int = 0

    @property
    def key(self) -> str:
        """Return the same for the same line, in whatever file and however often it comes.

        ``repeat`` tells apart lines of one file that are alike in all.
        """
        parts = (
            self.booked.isoformat(),
            str(self.amount_minor),
            self.currency,
            self.bank_reference,
            " ".join(self.purpose.split()).casefold(),
            str(self.repeat),
        )
        return f"line-{hashlib.sha256(chr(31).join(parts).encode()).hexdigest()[:32]}"


def minor_of(text: str) -> int:
    """Return an amount in tiyn, however a bank writes it: 1 500,00 or 1,500.00 or 1500.

    Raises:
        StatementError: it is no amount, or has parts of a tiyn.
    """
    plain = _SPACES.sub("", text)
    commas, points = plain.count(","), plain.count(".")
    if commas and points:
        last = max(plain.rindex(","), plain.rindex("."))
        plain = re.sub(r"[.,]", "", plain[:last]) + "." + plain[last + 1 :]
    elif commas + points > 1 or (commas == 1 and re.search(r",\d{3}$", plain)):
        raise StatementError(f"cannot tell thousands from decimals in {text!r}")
    plain = plain.replace(",", ".") or "0"
    if not _AMOUNT.fullmatch(plain):
        raise StatementError(f"no amount: {text!r}")
    amount = Decimal(plain) * 100
    if amount != amount.to_integral_value():
        raise StatementError(f"no amount: {text!r}")
    return int(amount)
