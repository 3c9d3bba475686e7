"""What a family pays for its children, and which part of a product it can buy."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kundelik_core.entitlements.catalogue.model import Price, Product, ScopeSchema, Sibling
from kundelik_core.entitlements.catalogue.rules import (
    amount_for,
    check_scope,
    family_amounts,
    prices_at,
)
from kundelik_core.kernel.errors import Problem
from kundelik_core.sdk.text import Text

NOW = datetime(2026, 11, 4, tzinfo=UTC)
DAY = timedelta(days=1)


def price(amount: int = 99_000, *siblings: Sibling, **rest: object) -> Price:
    fields: dict[str, object] = {
        "sku": "rating.month", "currency": "KZT", "amount_minor": amount, "interval": "month",
        "audience": "parent", "valid_from": NOW, "siblings": siblings,
    }  # fmt: skip
    return Price(**(fields | rest))  # type: ignore[arg-type]


def product(**scopes: object) -> Product:
    return Product(
        sku="rating.month", plugin="rating", kind="feature", feature="rating.view",
        title=Text(kk="Рейтинг", ru="Рейтинг", en="Rating"),
        scopes=msgspec.convert(scopes, ScopeSchema),
    )  # fmt: skip


def test_the_nth_child_pays_by_the_last_rule_it_reaches() -> None:
    one = price(99_000, Sibling(nth=2, percent_bp=8_000), Sibling(nth=4, amount_minor=10_000))
    assert family_amounts(one, 5) == [99_000, 79_200, 79_200, 10_000, 10_000]
    assert family_amounts(one, 1, others=1) == [79_200]
    assert family_amounts(price(99_000), 3) == [99_000] * 3


def test_half_a_tiyn_is_rounded_up_and_nobody_pays_less_than_one() -> None:
    assert amount_for(price(5, Sibling(nth=2, percent_bp=5_000)), 2) == 3
    assert amount_for(price(99, Sibling(nth=2, percent_bp=0)), 2) == 1


@given(st.integers(1, 10**9), st.integers(0, 10_000), st.integers(1, 12))
def test_more_children_never_pay_more_each(amount: int, share: int, nth: int) -> None:
    one = price(amount, Sibling(nth=3, percent_bp=share))
    assert 1 <= amount_for(one, nth) <= amount


@pytest.mark.parametrize("rule", [{}, {"percent_bp": 1, "amount_minor": 1}])
def test_a_sibling_s_price_is_one_of_two_things(rule: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="one of them"):
        Sibling(nth=2, **rule)


def test_prices_hold_for_their_audience_and_their_time() -> None:
    over = price(1, valid_from=NOW - 2 * DAY, valid_to=NOW)
    later = price(2, valid_from=NOW + DAY)
    school = price(3, audience="school")
    dear, cheap = price(5), price(4)
    assert prices_at([over, later, school, dear, cheap], "parent", NOW) == (cheap, dear)


def test_only_what_a_product_offers_can_be_bought() -> None:
    assert check_scope(product(), "*") == "*"
    assert check_scope(product(by="subject"), "math", ["math"]) == "math"
    assert check_scope(product(by="subject"), "*") == "*"
    for made, scope in (
        (product(), "math"),
        (product(by="subject"), "chess"),
        (product(by="subject", required=True), "*"),
        (product(by="subject"), "no such; part"),
    ):
        with pytest.raises(Problem, match="no-such-part"):
            check_scope(made, scope, ["math"])
