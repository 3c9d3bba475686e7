"""An operator sets prices; what was sold at an old one keeps it; families are offered the new."""

from collections.abc import Iterator
from datetime import timedelta

import asyncpg
import pytest

from kundelik_core.entitlements.catalogue.actions import (
    end_price,
    put_product,
    retire_product,
    set_price,
)
from kundelik_core.entitlements.catalogue.model import Listed, Price, Product, Sibling
from kundelik_core.entitlements.catalogue.queries import (
    listed,
    price_history,
    product_of,
    products,
)
from kundelik_core.entitlements.purchases.actions import cancel_renewal
from kundelik_core.entitlements.purchases.model import Offer, Purchase
from kundelik_core.entitlements.purchases.queries import offer, term_for
from kundelik_core.entitlements.rules import add_months, end_of_day
from kundelik_core.entitlements.terms import Between, Forever, Until
from kundelik_core.entitlements.verdict import Facts
from kundelik_core.kernel.clock import SCHOOL_ZONE, now, set_now
from kundelik_core.kernel.db import Databases, directory, tenant
from kundelik_core.kernel.errors import Problem
from kundelik_core.sdk.text import Text
from tests.factories import Factory
from tests.integration.entitlements.desk import DAY, GOOD, NOBODY, NOW, Family

TITLE = Text(kk="Рейтинг", ru="Рейтинг", en="Rating")


@pytest.fixture(autouse=True)
def _clock(databases: Databases) -> Iterator[None]:
    with set_now(NOW):
        yield


@pytest.fixture
async def family(factory: Factory) -> Family:
    return await Family.make(factory)


async def product(sku: str, **rest: object) -> Product:
    fields: dict[str, object] = {
        "sku": sku, "plugin": "rating", "kind": "feature", "feature": "rating.view",
        "title": TITLE, "vendor": "ustaz",
    }  # fmt: skip
    return await put_product(Product(**(fields | rest)))  # type: ignore[arg-type]


async def price(sku: str, amount: int = 99_000, **rest: object) -> Price:
    fields: dict[str, object] = {
        "sku": sku, "currency": "KZT", "amount_minor": amount, "interval": "month",
        "audience": "parent", "valid_from": NOW, "commission_bp": 3_000,
    }  # fmt: skip
    return await set_price(Price(**(fields | rest)))  # type: ignore[arg-type]


async def offered(
    family: Family, found: Listed, facts: Facts = GOOD, viewer: object = None, **rest: object
) -> Offer:
    async with tenant(family.school) as tx:
        return await offer(
            tx, found, family.pupil, viewer or family.mother, facts, now(), SCHOOL_ZONE,  # type: ignore[arg-type]
            **rest,  # type: ignore[arg-type]
        )  # fmt: skip


async def test_a_new_price_ends_the_old_one() -> None:
    await product("rating.change")
    first = await price("rating.change")
    with set_now(NOW + DAY):
        second = await price("rating.change", 120_000)
        assert (await listed("rating.change", "parent", now())).prices == (second,)
    assert [(p.id, p.valid_to) for p in await price_history("rating.change")] == [
        (first.id, NOW + DAY),
        (second.id, None),
    ]
    # What held yesterday is still known to have held.
    old = await listed("rating.change", "parent", NOW)
    assert [p.id for p in old.prices] == [first.id]
    with set_now(NOW + 2 * DAY):
        assert await end_price("rating.change", "KZT", "month", "parent")
        assert not await end_price("rating.change", "KZT", "month", "parent")
        assert (await listed("rating.change", "parent", now())).prices == ()


async def test_a_product_s_names_belong_to_its_module() -> None:
    with pytest.raises(Problem, match="sku-form"):
        await product("content.month")
    with pytest.raises(Problem, match="feature-form"):
        await product("rating.")
    with pytest.raises(Problem, match="no-such-product"):
        await product_of("rating.nothing")
    with pytest.raises(Problem, match="price-form"):
        await product("rating.form")
        await price("rating.form", 0)


async def test_a_retired_product_is_not_sold() -> None:
    made = await product("rating.old")
    await price("rating.old")
    assert await retire_product("rating.old")
    assert not await retire_product("rating.old")
    assert (await listed("rating.old", "parent", NOW)).prices == ()
    assert "rating.old" not in {one.sku for one in await products()}
    assert "rating.old" in {one.sku for one in await products(retired=True)}
    assert await product("rating.old") == made


async def test_what_is_our_own_pays_no_vendor() -> None:
    await product("rating.own", vendor="")
    assert (await price("rating.own", commission_bp=0)).commission_bp == 10_000


@pytest.mark.parametrize(
    "statement",
    [
        "update directory.price set amount_minor = 1",
        "delete from directory.price",
        "delete from directory.product",
    ],
)
async def test_the_application_cannot_rewrite_prices(statement: str) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await directory().execute(statement)


async def test_a_family_is_offered_what_it_would_get(family: Family) -> None:
    await product("rating.offer")
    await price("rating.offer")
    await price("rating.offer", 500_000, interval="school_year")
    await price("rating.offer", 1, audience="school")
    found = await listed("rating.offer", "parent", NOW)
    fresh = await offered(family, found)
    assert (fresh.in_force, fresh.refusal, fresh.nth) == (False, "", 1)
    assert [(p.interval, p.begins) for p in fresh.prices] == [("month", NOW), ("school_year", NOW)]
    assert fresh.prices[1].ends is not None
    await family.buy("1")
    month = add_months(NOW, 1, SCHOOL_ZONE)
    again = await offered(family, found)
    assert (again.in_force, again.until) == (True, month)
    assert [p.begins for p in again.prices] == [month, month]
    # What is offered is what is granted.
    sold = await family.buy("2")
    assert sold.granted
    assert (sold.granted.valid_from, sold.granted.valid_until) == (
        again.prices[0].begins, again.prices[0].ends,
    )  # fmt: skip


async def test_nothing_is_offered_where_nothing_can_be_bought(
    factory: Factory, family: Family
) -> None:
    await product("rating.refuse")
    await price("rating.refuse")
    found = await listed("rating.refuse", "parent", NOW)
    for facts, refusal in (
        (Facts(enabled=False, opted_out=False), "disabled"),
        (Facts(enabled=True, opted_out=True), "opted-out"),
    ):
        made = await offered(family, found, facts)
        assert (made.prices, made.refusal) == ((), refusal)
    assert (await offered(family, found, viewer=family.pupil)).refusal == "not-a-guardian"
    await family.buy("s", Between(NOW, NOW + 30 * DAY))
    running = await offered(family, found)
    assert (running.renews, running.refusal, running.prices) == (True, "renews", ())
    async with tenant(family.school, write=True) as tx:
        await cancel_renewal(tx, "s", NOBODY)
    assert not (await offered(family, found)).renews
    other = await Family.make(factory)
    await other.buy("1", Forever())
    assert (await offered(other, found)).refusal == "not-sold"


async def test_the_second_child_pays_the_sibling_s_price(factory: Factory, family: Family) -> None:
    await product("rating.sibling")
    made = await price("rating.sibling", siblings=(Sibling(nth=2, percent_bp=5_000),))
    assert made.siblings == (Sibling(nth=2, percent_bp=5_000),)
    found = await listed("rating.sibling", "parent", NOW)
    sister = await factory.person(family.school, role="pupil", sex="f")
    await factory._insert(
        "guardianship", school_id=family.school, guardian_id=family.mother, pupil_id=sister,
        from_date=NOW.date(),
    )  # fmt: skip
    assert (await offered(family, found)).prices[0].amount_minor == 99_000
    await family.buy("1", pupil=sister)
    second = await offered(family, found)
    assert (second.nth, second.prices[0].amount_minor) == (2, 49_500)
    assert (await offered(family, found, viewer=family.father)).nth == 1
    assert (await offered(family, found, viewer=family.father, elsewhere=1)).nth == 2
    # The first child's own month does not make it the second.
    purchase = Purchase.of(
        found.product, found.prices[0], order_ref="2", amount_minor=49_500,
        term=Forever(), zone=SCHOOL_ZONE, holder=family.mother, pupil=family.pupil,
    )  # fmt: skip
    assert (purchase.vendor, purchase.commission_bp, purchase.sku) == (
        "ustaz", 3_000, "rating.sibling",
    )  # fmt: skip


async def test_a_school_year_ends_with_its_last_day(family: Family) -> None:
    async with tenant(family.school) as tx:
        ends = await tx.fetchval(
            "select y.ends from core.school_year y where y.school_id = $1", family.school
        )
        term = await term_for(tx, "school_year", NOW, SCHOOL_ZONE)
        assert term == Until(end_of_day(ends, SCHOOL_ZONE))
        assert await term_for(tx, "once", NOW, SCHOOL_ZONE) == Forever()
        with pytest.raises(Problem, match="no-school-year"):
            await term_for(tx, "school_year", NOW + timedelta(days=400), SCHOOL_ZONE)
