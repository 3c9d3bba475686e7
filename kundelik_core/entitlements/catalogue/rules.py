"""Decide what a child's place costs and which part of a product can be bought. No I/O."""

import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final

from kundelik_core.entitlements.catalogue.model import Audience, Price, Product
from kundelik_core.entitlements.model import EVERYTHING
from kundelik_core.kernel.errors import Problem
from kundelik_core.kernel.i18n import N_

__all__ = ["amount_for", "check_scope", "family_amounts", "prices_at"]

_SUBJECT: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,98}")
_BASE: Final = 10_000


def amount_for(price: Price, nth: int) -> int:
    """Return what the nth child of a family pays: the last rule that it reaches counts.

    Half a tiyn is rounded up, and no child costs less than one.
    """
    if nth < 1:
        raise ValueError(f"a family's children are counted from 1, not {nth}")
    rule = max((r for r in price.siblings if r.nth <= nth), key=lambda r: r.nth, default=None)
    if rule is None:
        return price.amount_minor
    if rule.amount_minor is not None:
        return rule.amount_minor
    share = rule.percent_bp or 0
    return max((price.amount_minor * share * 2 + _BASE) // (2 * _BASE), 1)


def family_amounts(price: Price, children: int, others: int = 0) -> list[int]:
    """Return what each of several children pays when ``others`` of the family have it already."""
    return [amount_for(price, others + n) for n in range(1, children + 1)]


def prices_at(prices: Iterable[Price], audience: Audience, at: datetime) -> tuple[Price, ...]:
    """Return the prices that hold for somebody at a moment, the cheapest first."""
    holding = (
        price
        for price in prices
        if price.audience == audience
        and price.valid_from <= at
        and (price.valid_to is None or at < price.valid_to)
    )
    return tuple(sorted(holding, key=lambda one: (one.amount_minor, one.interval)))


def check_scope(product: Product, scope: str, subjects: Sequence[str] | None = None) -> str:
    """Return a scope that the product can be bought for; ``subjects``: those there are.

    Raises:
        Problem: there is no such part, or a part has to be chosen.
    """
    by_subject = product.scopes.by == "subject" and _SUBJECT.fullmatch(scope) is not None
    known = by_subject and (subjects is None or scope in subjects)
    if known or (scope == EVERYTHING and not product.scopes.required):
        return scope
    raise Problem(
        "no-such-part", N_("This cannot be bought for that subject."), status=422, field="scope"
    )
