"""What a choice costs a family, and that every refusal has words of its own."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import kundelik_payments
import pytest
from hypothesis import given
from hypothesis import strategies as st
from kundelik_payments.domain.refused import Refused
from kundelik_payments.offering import (
    Choice,
    Stretch,
    amount_for,
    choices,
    family_amounts,
    in_force,
    renews,
    until,
)
from kundelik_payments.pages.choosing import Asked, Shop, count
from kundelik_payments.pages.words import _REFUSALS, refusal, say

from kundelik_core.sdk import Listed, ListedPrice, Product, Sibling, Text

NOW = datetime(2026, 11, 24, 7, tzinfo=UTC)
FIRST, SECOND, THIRD = (UUID(int=n) for n in (1, 2, 3))
WORDS = Text(kk="Рейтинг", ru="Рейтинг", en="Rating")


def price(amount: int = 150_000, *siblings: Sibling, **more: object) -> ListedPrice:
    fields: dict[str, Any] = {"interval": "month", "audience": "parent"}
    return ListedPrice(
        id=uuid4(),
        currency="KZT",
        amount_minor=amount,
        valid_from=NOW,
        siblings=siblings,
        **(fields | more),
    )


def listed(*prices: ListedPrice, sku: str = "rating.view", **more: object) -> Listed:
    product = Product(sku=sku, feature="rating.view", title=WORDS, **more)  # type: ignore[arg-type]
    return Listed(product=product, plugin="rating", prices=prices)


def stretch(
    student: UUID, scope: str = "*", days: int | None = 30, grace: int | None = None
) -> Stretch:
    return Stretch(
        student=student, feature="rating.view", scope=scope, begins=NOW - timedelta(days=1),
        ends=None if days is None else NOW + timedelta(days=days),
        grace=None if grace is None else NOW + timedelta(days=grace),
    )  # fmt: skip


def shop(*known: Stretch, catalogue: tuple[Listed, ...] = ()) -> Shop:
    return Shop(
        feature="rating.view",
        children={FIRST: "А", SECOND: "Ә", THIRD: "Б"},
        subjects={FIRST: {"math": "Математика"}, SECOND: {"art": "Өнер"}, THIRD: {}},
        known=known,
        choices=choices(catalogue, "parent", "rating.view"),
        now=NOW,
    )


def ask(one: ListedPrice, *students: UUID, **more: object) -> Asked:
    return Asked(token=uuid4(), price=one.id, students=students, **more)  # type: ignore[arg-type]


@given(
    amount=st.integers(1, 10_000_000),
    rules=st.lists(st.tuples(st.integers(2, 9), st.integers(0, 10_000)), max_size=4),
    children=st.integers(1, 9),
    others=st.integers(0, 5),
)
def test_a_family_pays_for_each_child_what_it_would_pay_one_by_one(
    amount: int, rules: list[tuple[int, int]], children: int, others: int
) -> None:
    one = price(amount, *(Sibling(nth=nth, percent_bp=bp) for nth, bp in rules))
    together = family_amounts(one, children, others)
    assert together == [amount_for(one, others + n) for n in range(1, children + 1)]
    assert all(minor > 0 for minor in together)
    assert amount_for(one, 1) == amount
    assert all(minor % 100 == 0 for minor in together if minor != amount)


def test_who_has_it_already_makes_the_next_child_cheaper() -> None:
    one = price(150_000, Sibling(nth=2, percent_bp=7_000), Sibling(nth=3, amount_minor=50_000))
    goods = (listed(one),)
    alone = count(shop(catalogue=goods), ask(one, FIRST))
    assert alone.amounts == ((FIRST, 150_000),)
    later = count(shop(stretch(SECOND), catalogue=goods), ask(one, FIRST))
    assert later.amounts == ((FIRST, 105_000),)
    # Who extends it is not one's own sibling.
    longer = count(shop(stretch(FIRST), catalogue=goods), ask(one, FIRST))
    assert longer.amounts == ((FIRST, 150_000),)
    three = count(shop(catalogue=goods), ask(one, THIRD, FIRST, SECOND))
    assert three.amounts == ((FIRST, 150_000), (SECOND, 105_000), (THIRD, 50_000))
    assert three.total_minor == 305_000


def test_what_cannot_be_bought_is_said_at_its_field() -> None:
    whole, part = price(), price(60_000)
    ever = price(900_000, interval="once")
    goods = (listed(whole, ever), listed(part, sku="rating.part", by="subject", required=True))
    for known, asked, field in (
        ((), ask(whole), "student"),
        ((), Asked(token=uuid4(), students=(FIRST,)), "price"),
        ((), ask(part, FIRST), "scope"),
        ((), ask(part, FIRST, SECOND, scope="math"), "scope"),
        ((), ask(ever, FIRST, renew=True), "renew"),
        ((stretch(FIRST, days=33, grace=30),), ask(whole, FIRST), "student"),
        ((stretch(FIRST, days=None),), ask(part, FIRST, scope="math"), "student"),
    ):
        assert list(count(shop(*known, catalogue=goods), asked).faults) == [field]
    good = count(shop(stretch(FIRST, "art"), catalogue=goods), ask(part, FIRST, scope="math"))
    assert not good.faults


def test_a_school_s_price_is_not_a_family_s() -> None:
    goods = (listed(price(audience="school"), price()),)
    assert [one.price.audience for one in choices(goods, "parent")] == ["parent"]
    assert choices(goods, "parent", "other.view") == []


def test_time_that_is_open_is_told_by_part_and_child() -> None:
    known = [stretch(FIRST, "math", 10), stretch(FIRST, "*", 30), stretch(SECOND, "art", 5)]
    assert until(known, FIRST, "rating.view", "math") == (True, NOW + timedelta(days=30))
    assert until(known, SECOND, "rating.view", "math") == (False, None)
    assert until(known, THIRD, "rating.view", "*") == (False, None)
    assert until([stretch(FIRST, days=None)], FIRST, "rating.view", "*") == (True, None)
    assert in_force(known, "rating.view", NOW) == {FIRST, SECOND}
    assert renews([stretch(FIRST, days=33, grace=30)], FIRST, "rating.view", "math")
    assert not renews([stretch(FIRST, days=30, grace=30)], FIRST, "rating.view", "math")


def test_an_order_s_id_is_that_of_the_choice_and_of_who_makes_it() -> None:
    asked = ask(price(), FIRST, SECOND)
    twin = Asked(token=asked.token, price=asked.price, students=(SECOND, FIRST))
    assert asked.order_id(THIRD, 1) == twin.order_id(THIRD, 1)
    others = {
        asked.order_id(FIRST, 1), asked.order_id(THIRD, 2),
        Asked(token=uuid4(), price=asked.price, students=asked.students).order_id(THIRD, 1),
        Asked(token=asked.token, price=asked.price, students=(FIRST,)).order_id(THIRD, 1),
        Asked(
            token=asked.token, price=asked.price, students=asked.students, renew=True
        ).order_id(THIRD, 1),
    }  # fmt: skip
    assert len(others | {asked.order_id(THIRD, 1)}) == 6


def test_every_refusal_of_the_domain_has_words() -> None:
    root = Path(kundelik_payments.__file__).parent
    raised = {
        code
        for path in root.rglob("*.py")
        for code in re.findall(r'Refused\(\s*"([a-z-]+)"', path.read_text(encoding="utf-8"))
    }
    # These are never the fault of whoever stands before a page.
    assert raised - _REFUSALS.keys() <= {"bad-line", "other-currency", "refund-first"}
    assert refusal(Refused("unheard-of", "x"))["text"].startswith("This cannot be done")
    assert refusal(Refused("no-way-back", "x"))["text"] == _REFUSALS["no-way-back"]


@pytest.mark.parametrize("value", ["%(x)s", 5, ""])
def test_what_is_filled_in_is_text(value: object) -> None:
    assert say("a %(b)s", b=value) == {"text": "a %(b)s", "fill": {"b": str(value)}}


def test_a_choice_knows_what_it_is() -> None:
    one = Choice(listed=listed(by="subject"), price=price(interval="school_year"))
    assert one.by_part
    assert not one.renewable
