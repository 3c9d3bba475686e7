"""The offer: one line in the diary, one page, and never again after a no."""

import re
from collections.abc import AsyncIterator, Iterator
from datetime import date, timedelta

import pytest

from kundelik_core.entitlements.catalogue.actions import end_price, set_price
from kundelik_core.entitlements.catalogue.model import Price
from kundelik_core.kernel.clock import set_now
from kundelik_core.kernel.db import directory
from kundelik_core.web.middleware import Shell
from tests.factories import Factory
from tests.integration.rating.conftest import MONDAY, Rated
from tests.integration.rating.home import (
    OWN,
    TODAY,
    WEEK,
    Home,
    at_noon,
    make_home,
    names_no_other,
    turn,
)

PRICE = "1\N{NARROW NO-BREAK SPACE}500\N{NO-BREAK SPACE}₸"
_LOOKS = 5


@pytest.fixture
async def home(app: Shell, rated: Rated, factory: Factory) -> Home:
    found = await make_home(app, rated, factory)
    await turn(found, on=True, plugin="payments")
    return found


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    with set_now(at_noon(TODAY)):
        yield


@pytest.fixture
async def priced(home: Home) -> AsyncIterator[Home]:
    """A published school where a month costs 1 500 tenge."""
    await home.publish(home.journal.group)
    price = Price(
        sku="rating.view", currency="KZT", amount_minor=150_000, interval="month",
        audience="parent", valid_from=at_noon(TODAY),
    )  # fmt: skip
    # Prices are the whole installation's: what other tests left on sale is none of this school's.
    await directory().execute(
        "update directory.price set valid_to = valid_from where sku like 'rating.%' "
        "and valid_to is null"
    )
    with set_now(at_noon(TODAY)):
        await set_price(price)
    yield home
    with set_now(at_noon(TODAY) + timedelta(hours=1)):
        await end_price("rating.view", "KZT", "month", "parent")


async def diary(home: Home, role: str = "parent", lang: str = "en") -> str:
    page = await home.ask(role, f"/diary/{home.child}", lang=lang, later=1)
    assert page.status_code == 200
    return page.text


async def line(home: Home, role: str = "parent", lang: str = "en") -> str:
    """Return the diary with the line in it: on a busy machine a slot may once be given up."""
    text = ""
    for _again in range(_LOOKS):
        text = await diary(home, role, lang)
        if "/x/rating" in text:
            break
    return text


@pytest.mark.parametrize(
    ("lang", "words"),
    [
        ("en", f"without names. {PRICE}, 1 month."),
        ("ru", f"без имён. {PRICE}, 1 месяц."),
        ("kk", f"аты-жөнсіз. {PRICE}, 1 ай."),
    ],
)
async def test_the_diary_has_one_line_and_both_ways_out(
    priced: Home, lang: str, words: str
) -> None:
    text = await line(priced, lang=lang)
    assert words in text
    assert text.count("/x/rating") == 2
    assert 'value="thanks"' in text
    names_no_other(priced, OWN.findall(text)[0])


async def test_after_no_thanks_the_diary_never_asks_again(priced: Home) -> None:
    assert "/x/rating" in await line(priced)
    done = await priced.choose("parent", "thanks")
    page = await priced.ask("parent", done.headers["location"], later=1)
    assert "All right. The diary will not ask you again." in page.text
    assert f'href="/diary/{priced.child}"' in page.text
    assert "/x/rating" not in await diary(priced)
    # What was said for one child is said for no other.
    other = await priced.ask("other_parent", "/x/rating", later=1)
    assert 'value="thanks"' in other.text


async def test_the_page_says_prices_and_leads_to_the_one_that_takes_money(priced: Home) -> None:
    page = await priced.ask("parent", "/x/rating", later=1)
    found = re.search(r'href="(/x/payments/buy\?[^"]*)">See and order</a>', page.text)
    assert found
    address = found[1].replace("&amp;", "&")
    assert address == f"/x/payments/buy?feature=rating.view&student={priced.child}"
    assert PRICE in page.text
    assert "The diary and all marks stay free." in page.text
    # No is as large as yes.
    assert '<a class="btn" href="/x/payments' in page.text
    assert '<button class="btn" name="choice" value="thanks">' in page.text


@pytest.mark.parametrize("role", ["pupil", "teacher", "director"])
async def test_nobody_but_parents_is_offered_anything(priced: Home, role: str) -> None:
    await priced.rated.configure(pupils_see=True, staff_places=True)
    page = await priced.ask(role, f"/diary/{priced.child}", later=1)
    assert "/x/rating" not in page.text
    assert "₸" not in (await priced.ask(role, "/x/rating", later=1)).text


async def test_no_offer_without_price_payments_or_anything_to_see(priced: Home) -> None:
    await priced.choose("parent", "out")
    assert "/x/rating" not in await diary(priced)
    await priced.choose("parent", "in")
    assert "/x/rating" in await line(priced)
    await turn(priced, on=False, plugin="payments")
    assert "/x/rating" not in await diary(priced)
    page = await priced.ask("parent", "/x/rating", later=1)
    assert "It cannot be ordered here at the moment." in page.text


async def test_a_small_school_is_told_why_and_offered_nothing(priced: Home) -> None:
    for pupil in priced.journal.pupils[5:]:
        await priced.rated.leave(priced.journal, pupil, date(2026, 11, 3))
    await priced.rated.rows("delete from snapshot returning 1 as x")
    await priced.rated.rows("delete from standing returning 1 as x")
    await priced.rated.rows("delete from round returning 1 as x")
    await priced.rated.night(MONDAY + WEEK)
    page = await priced.ask("parent", "/x/rating", day=MONDAY + WEEK)
    assert "The groups are too small" in page.text
    assert "₸" not in page.text
    text = await priced.ask("parent", f"/diary/{priced.child}", day=MONDAY + WEEK)
    assert "/x/rating" not in text.text


async def test_what_is_bought_is_not_offered(priced: Home) -> None:
    await priced.open()
    text = await line(priced)
    assert "Lower part" in text
    assert "₸" not in text
    page = await priced.ask("parent", "/x/rating", later=1)
    assert "31.0%" in page.text
    assert "₸" not in page.text


async def test_the_diary_is_the_same_outside_the_offer(priced: Home) -> None:
    await turn(priced, on=False)
    without = await diary(priced)
    await turn(priced, on=True)
    with_it = await line(priced)
    assert len(OWN.findall(with_it)) == 1
    assert OWN.sub("", with_it) == without
