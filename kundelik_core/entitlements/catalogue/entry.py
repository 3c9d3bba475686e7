"""Read prices as people write them, and write them as people read them. No I/O, no floats."""

import re
from decimal import Decimal
from typing import Final, get_args

from kundelik_core.entitlements.catalogue.model import Audience, Interval, Sibling
from kundelik_core.kernel.errors import Problem
from kundelik_core.kernel.i18n import N_

__all__ = ["amount", "audience", "interval", "money_text", "share", "share_text", "siblings"]

_SIGNS: Final = {"KZT": "₸", "EUR": "€", "USD": "$", "RUB": "₽"}
_AMOUNT: Final = re.compile(r"[0-9]{1,10}([.,][0-9]{1,2})?")
_SHARE: Final = re.compile(r"[0-9]{1,3}([.,][0-9]{1,2})?")
_SPACES: Final = re.compile(r"[\s\u00a0\u202f]+")
_HUNDRED: Final = 100
_WHOLE: Final = 10_000
_CHILDREN: Final = range(2, 21)


def amount(text: str, field: str = "amount") -> int:
    """Return an amount in hundredths: ``1 500`` or ``1500,50``.

    Raises:
        Problem: that is no amount above nothing.
    """
    plain = _SPACES.sub("", text).removesuffix("₸")
    if _AMOUNT.fullmatch(plain):
        minor = int(Decimal(plain.replace(",", ".")) * _HUNDRED)
        if minor > 0:
            return minor
    raise Problem(
        "amount-form", N_("“%(text)s” is no amount. Write it like 1500 or 1500,50."), status=422,
        params={"text": text}, field=field,
    )  # fmt: skip


def share(text: str, field: str = "tax") -> int:
    """Return a share in hundredths of a percent: ``12`` or ``12,5%``; nothing is 0.

    Raises:
        Problem: that is no share of a whole.
    """
    plain = _SPACES.sub("", text).removesuffix("%")
    if not plain:
        return 0
    if _SHARE.fullmatch(plain):
        points = int(Decimal(plain.replace(",", ".")) * _HUNDRED)
        if points <= _WHOLE:
            return points
    raise Problem(
        "share-form", N_("“%(text)s” is no share. Write a percentage like 12 or 12,5."),
        status=422, params={"text": text}, field=field,
    )  # fmt: skip


def siblings(text: str, field: str = "siblings") -> tuple[Sibling, ...]:
    """Return what a family pays from its nth child on: ``2: 80%, 3: 500``.

    Raises:
        Problem: it is not written so.
    """
    rules = []
    for part in re.split(r"[;\n]|,(?=\s*[0-9]+\s*:)", text):
        if not part.strip():
            continue
        nth, colon, value = part.partition(":")
        number = int(nth) if nth.strip().isascii() and nth.strip().isdigit() else 0
        if not colon or number not in _CHILDREN:
            raise Problem(
                "siblings-form",
                N_("“%(text)s” is no rule for siblings. Write it like 2: 80%% or 3: 500."),
                status=422, params={"text": part.strip()}, field=field,
            )  # fmt: skip
        if "%" in value:
            rules.append(Sibling(nth=number, percent_bp=share(value, field)))
        else:
            rules.append(Sibling(nth=number, amount_minor=amount(value, field)))
    return tuple(sorted(rules, key=lambda rule: rule.nth))


def interval(text: str) -> Interval:
    """Return the time that a price buys.

    Raises:
        Problem: there is no such one.
    """
    found: Interval | None = next((one for one in get_args(Interval) if one == text), None)
    if found is None:
        raise Problem(
            "no-such-interval",
            N_("Choose for how long the price is."),
            status=422,
            field="interval",
        )
    return found


def audience(text: str) -> Audience:
    """Return who can buy at a price.

    Raises:
        Problem: there is no such group.
    """
    found: Audience | None = next((one for one in get_args(Audience) if one == text), None)
    if found is None:
        raise Problem("no-such-audience", N_("Choose who pays it."), status=422, field="audience")
    return found


def money_text(minor: int, currency: str) -> str:
    """Return an amount as it is printed: ``1 500 ₸``, with hundredths only where there are any."""
    whole, rest = divmod(abs(minor), _HUNDRED)
    text = f"{whole:,}".replace(",", "\u00a0") + (f",{rest:02}" if rest else "")
    sign = "\u2212" if minor < 0 else ""
    return f"{sign}{text}\u00a0{_SIGNS.get(currency, currency)}"


def share_text(points: int) -> str:
    """Return a share as it is printed: ``12,5 %``."""
    whole, rest = divmod(points, _HUNDRED)
    tail = f",{rest:02}".rstrip("0") if rest else ""
    return f"{whole}{tail}\u00a0%"
