"""Check an individual identification number (ЖСН, ИИН) without ever requiring one.

A wrong number is worth a word to the person who typed it, and never a reason to keep a child
out: numbers issued with errors exist. So everything here tells, and nothing refuses.
"""

from __future__ import annotations

import datetime as dt
from typing import Literal, NamedTuple

from kundelik_core.kernel.i18n import N_

_FIRST = (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11)
_SECOND = (3, 4, 5, 6, 7, 8, 9, 10, 11, 1, 2)
_CENTURIES = {"1": 1800, "2": 1800, "3": 1900, "4": 1900, "5": 2000, "6": 2000}

Fault = Literal["", "shape", "check_digit", "date", "century"]

FAULTS: dict[Fault, str] = {
    "": "",
    "shape": N_("An IIN has 12 digits."),
    "check_digit": N_("The IIN does not add up: one of its digits was mistyped."),
    "date": N_("The IIN names a day that does not exist."),
    "century": N_("The seventh digit of the IIN must be from 0 to 6."),
}


class Iin(NamedTuple):
    """What a number says of its holder; ``fault`` is "" when it is sound."""

    fault: Fault
    birth_date: dt.date | None = None
    sex: Literal["", "male", "female"] = ""


def check_digit(base: str) -> int | None:
    """The twelfth digit for eleven; None when such a number is never issued."""
    digits = [int(sign) for sign in base]
    for weights in (_FIRST, _SECOND):
        rest = sum(digit * weight for digit, weight in zip(digits, weights, strict=True)) % 11
        if rest < 10:
            return rest
    return None


def read_iin(text: str) -> Iin:
    """Take a number apart; spaces and hyphens do not count."""
    number = text.replace(" ", "").replace("-", "")
    if len(number) != 12 or not (number.isascii() and number.isdigit()):
        return Iin("shape")
    if check_digit(number[:11]) != int(number[11]):
        return Iin("check_digit")
    if number[6] == "0":
        # Foreigners: the century is not told, so neither are the date and the sex.
        return Iin("")
    century = _CENTURIES.get(number[6])
    if century is None:
        return Iin("century")
    try:
        born = dt.date(century + int(number[:2]), int(number[2:4]), int(number[4:6]))
    except ValueError:
        return Iin("date")
    return Iin("", born, "male" if number[6] in "135" else "female")
