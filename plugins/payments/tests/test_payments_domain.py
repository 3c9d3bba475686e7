from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kundelik_payments.domain.codes import (
    CODE_LENGTH,
    check_sign,
    grouped,
    is_code,
    new_code,
    typed,
)
from kundelik_payments.domain.model import Order, OrderLine, OrderState
from kundelik_payments.domain.money import Money, shown, split
from kundelik_payments.domain.ordering import place
from kundelik_payments.domain.pricing import LONGEST_HOLD, SHORTEST_HOLD, hold_until, sibling_prices
from kundelik_payments.domain.refused import Refused
from kundelik_payments.domain.subscribing import renewal
from kundelik_payments.providers.spi import Terms

NOW = datetime(2026, 11, 24, tzinfo=UTC)


@pytest.mark.parametrize(
    ("minor", "text"),
    [
        (99_000, "990 ₸"),
        (150_000_000, "1 500 000 ₸"),
        (99_050, "990,50 ₸"),
        (-1_00, "−1 ₸"),
        (0, "0 ₸"),
    ],
)
def test_whole_tenge_are_shown(minor: int, text: str) -> None:
    plain = shown(minor, "KZT").replace("\N{NARROW NO-BREAK SPACE}", " ")
    assert plain.replace("\N{NO-BREAK SPACE}", " ") == text


def test_two_currencies_never_meet() -> None:
    with pytest.raises(ValueError, match="cannot be added"):
        Money(1, "KZT") + Money(1, "EUR")


@given(st.integers(0, 10**9), st.lists(st.integers(0, 10**6), min_size=1, max_size=9))
def test_a_split_loses_no_tiyn(minor: int, weights: list[int]) -> None:
    if sum(weights) == 0:
        return
    parts = split(minor, weights)
    assert sum(parts) == minor
    for part, weight in zip(parts, weights, strict=True):
        assert abs(part * sum(weights) - minor * weight) < sum(weights)


def test_the_first_child_pays_in_full_and_the_next_ones_less() -> None:
    assert sibling_prices(99_000, [10_000, 5_000, 0], 4) == [99_000, 49_500, 0, 0]
    assert sibling_prices(99_000, [], 2) == [99_000, 99_000]
    assert sibling_prices(99_050, [3_333], 1) == [33_000]


def test_a_hold_has_bounds() -> None:
    assert hold_until(NOW, timedelta(seconds=1)) == NOW + SHORTEST_HOLD
    assert hold_until(NOW, timedelta(days=9)) == NOW + LONGEST_HOLD


@given(st.randoms(use_true_random=False))
def test_a_slip_of_one_sign_or_a_swap_is_noticed(random: object) -> None:
    code = new_code(random.choice)  # type: ignore[attr-defined]
    assert is_code(code)
    assert typed(grouped(code).lower()) == code
    for place_ in range(CODE_LENGTH):
        for sign in "23456789ACDEFGJKMNQRSTUVWXYZ":
            other = code[:place_] + sign + code[place_ + 1 :]
            assert is_code(other) == (other == code)
    swapped = [code[:n] + code[n + 1] + code[n] + code[n + 2 :] for n in range(CODE_LENGTH - 1)]
    # Luhn takes one swap of neighbours for another: the first and the last sign of the alphabet.
    wrong = [one for one in swapped if one != code and is_code(one)]
    assert all({one[n] for n in range(10) if one[n] != code[n]} == {"2", "Z"} for one in wrong)


def test_codes_are_read_as_people_type_them() -> None:
    body = "ACEKMTX23"
    code = body + check_sign(body)
    assert typed(f" асек-мтх {code[7:]} ") == code
    assert typed("") is None
    assert typed(code[:-1]) is None


def order(*prices: int) -> Order:
    return Order(
        id=UUID(int=1),
        public_id="A",
        school_id=1,
        payer=UUID(int=2),
        currency="KZT",
        placed_at=NOW,
        expires_at=NOW,
        lines=tuple(
            OrderLine(
                number=n, sku="a.b", title="", price_minor=p, feature="a.b", price_id=UUID(int=9)
            )
            for n, p in enumerate(prices)
        ),
    )


@pytest.mark.parametrize("prices", [(), (-1,)])
def test_an_order_of_nothing_is_refused(prices: tuple[int, ...]) -> None:
    with pytest.raises(Refused):
        place(order(*prices))


def test_the_same_invoice_renews_into_the_same_order() -> None:
    first = place(order(5))
    one, two = (renewal(first, "in_1", "B", NOW) for _ in range(2))
    assert one == two
    assert one.id not in {first.order.id, renewal(first, "in_2", "B", NOW).id}
    assert one.state is OrderState.PENDING


def test_terms_have_bounds_and_a_fee() -> None:
    terms = Terms(
        currencies=("KZT",), min_minor={"KZT": 100}, max_minor={"KZT": 900}, fee_bp=250, fee_minor=3
    )
    assert [terms.takes(n, "KZT") for n in (0, 99, 100, 900, 901)] == [0, 0, 1, 1, 0]
    assert not terms.takes(200, "EUR")
    assert (terms.fee(200), terms.fee(2)) == (8, 2)
