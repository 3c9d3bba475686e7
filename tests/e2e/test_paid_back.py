"""Money that a family has back: for what it cannot use, over the counter, and after a refusal."""

import os
import re
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from playwright.async_api import Page, expect

from tests.e2e.conftest import Visitor
from tests.e2e.market import Market
from tests.e2e.test_paid_rating import (
    MONTH,
    _bring,
    _day,
    _today,
    _worked_off,
    books_close,
    market,
    order_of,
    see,
    stripe,
)
from tests.e2e.test_praise import fine
from tests.fake_stripe.remote import Fake

__all__ = ["market", "stripe"]

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("e2e")]

LANGUAGES = ("kk", "ru", "en")


async def pictures(visit: Visitor, login: str, width: int, **pages: str) -> None:
    """Keep pictures in three languages for whoever wants to look; nothing may be cut off."""
    for lang in LANGUAGES:
        page = await visit(login, lang=lang, width=width)
        for name, path in pages.items():
            await page.goto(path)
            assert not await page.evaluate("document.documentElement.scrollWidth > innerWidth"), (
                page.url
            )
            if place := os.environ.get("E2E_SHOTS"):
                shot = Path(place) / f"{name}-{width}-{lang}.png"
                await page.screenshot(path=shot, full_page=True)


async def _ordered(parent: Page, child: UUID, way: str) -> tuple[str, str]:
    """Order a month in a way that takes days; return the number and the page."""
    await parent.goto(f"/x/payments/buy?feature=rating.view&student={child}")
    await parent.locator(f"input[name=way][value={way}]").check()
    await parent.get_by_role("button", name=f"Pay {MONTH}").click()
    return await order_of(parent), parent.url


async def _leaves(market: Market, child: UUID) -> None:
    """Let a child leave the school yesterday, with everything that goes with it.

    What was bought lies back by ten days then, or there would be nothing that was used.
    """
    school, last = market.site.cast.school, _day() - timedelta(days=1)
    await market.site.tenant.execute(
        "update core.entitlement set valid_from = valid_from - interval '10 days', "
        "valid_until = valid_until - interval '10 days' where school_id = $1 and pupil_id = $2",
        school, child,
    )  # fmt: skip
    await market.site.tenant.execute(
        "update plugin_payments.purchase set paid_at = paid_at - interval '20 days', "
        "placed_at = placed_at - interval '20 days' where school_id = $1 "
        "and lines @> jsonb_build_array(jsonb_build_object('student', $2::text))",
        school, str(child),
    )  # fmt: skip
    for table, column in (("membership", "person_id"), ("guardianship", "pupil_id")):
        await market.site.tenant.execute(
            f"update core.{table} set to_date = $3, from_date = least(from_date, $3) "
            f"where school_id = $1 and {column} = $2",
            school, child, last,
        )  # fmt: skip
    await market.site.directory.execute(
        "update directory.account_child set to_date = $3, from_date = least(from_date, $3) "
        "where school_id = $1 and pupil_id = $2",
        school, child, last,
    )  # fmt: skip


async def test_a_child_leaves_and_the_rest_is_had_back_with_one_click(
    market: Market, visit: Visitor, tmp_path: Path
) -> None:
    (child,) = await market.family("back.leaves", 7)
    parent, director = await visit("back.leaves"), await visit("director")
    code, order = await _ordered(parent, child, "invoice")
    await pictures(visit, "back.leaves", 390, invoice=order)
    await _bring(director, tmp_path, f"{_today()};1500,00;;Kundelik {code};88001;Сейітова М.\n")
    await director.get_by_role("button", name="Take what is ticked").click()
    await see(parent, child, opened=True)
    await _leaves(market, child)
    # No child of theirs is here any more: what they paid is.
    await market.site.directory.execute(
        "update directory.account_school set to_date = $2 where account_id = "
        "(select account_id from directory.login where login = 'back.leaves') and school_id = $1",
        market.site.cast.school, _day() - timedelta(days=1),
    )  # fmt: skip
    parent = await visit("back.leaves")
    assert (await parent.request.get("/x/rating")).status == 404
    await parent.goto("/account/services")
    await fine(parent)
    await parent.get_by_role("link", name="Your orders and receipts").click()
    told = await parent.get_by_role("heading", name="You can have").inner_text()
    amount = re.search(r"have (.+₸) back", told)
    assert amount
    await fine(parent)
    await pictures(
        visit, "back.leaves", 390, services="/account/services", orders="/x/payments/orders",
        unused=order,
    )  # fmt: skip
    await pictures(visit, "director", 1280, unused_desk=order.replace("/orders/", "/desk/"))
    await parent.get_by_role("link", name="See and have it back").click()
    await fine(parent)
    await parent.get_by_role("button", name=f"Have {amount[1]} back").click()
    await expect(parent.get_by_role("status")).to_be_visible()
    await expect(parent.get_by_role("button", name="Have")).to_have_count(0)
    await fine(parent)
    await director.goto("/x/payments/desk")
    await expect(director.get_by_text(f"{amount[1]} has to be transferred back.")).to_be_visible()
    await fine(director)
    # The transfer leaves the bank, and the statement closes it.
    back = amount[1].replace("₸", "").replace("\N{NARROW NO-BREAK SPACE}", "").strip()
    await _bring(director, tmp_path, f"{_today()};;{back};Kundelik {code};88002;Сейітова М.\n")
    await director.get_by_role("button", name="Take what is ticked").click()
    await expect(director.get_by_text("1 transfer taken")).to_be_visible()
    await books_close(director, market)
    grants = await market.fetch(
        f"select valid_until, revoked_at from core.entitlement where school_id = $1 "
        f"and pupil_id = '{child}' and source = 'order'"
    )
    assert all(one["revoked_at"] for one in grants)


async def test_cash_is_taken_at_the_desk_and_given_back_there(
    market: Market, visit: Visitor
) -> None:
    (child,) = await market.family("back.cash", 8)
    director = await visit("director")
    await director.goto("/office/modules/payments")
    await director.get_by_label("Cash is taken at the school").check()
    await director.get_by_role("button", name="Save the settings").click()
    parent = await visit("back.cash")
    code, order = await _ordered(parent, child, "cash")
    await expect(parent.get_by_text("Pay in cash at the school")).to_be_visible()
    await fine(parent)
    desk = order.replace("/orders/", "/desk/")
    await pictures(
        visit, "back.cash", 390, cash=order,
        buy=f"/x/payments/buy?feature=rating.view&student={child}",
    )  # fmt: skip
    await pictures(visit, "director", 1280, cash_desk=desk)
    await director.goto("/x/payments/desk")
    await director.get_by_role("main").get_by_role("searchbox").fill(code)
    await director.get_by_role("button", name="Find").click()
    await director.get_by_role("link", name=code).click()
    await fine(director)
    await director.get_by_role("button", name=f"I have taken {MONTH}").click()
    await expect(director.get_by_text("Taken in cash")).to_be_visible()
    await fine(director)
    async with director.expect_download() as saving:
        await director.get_by_role("link", name="Receipt").click()
    assert re.fullmatch(r"R\d+-\d{4}-\d{6}\.pdf", (await saving.value).suggested_filename)
    await see(parent, child, opened=True)
    await parent.goto(order)
    await parent.get_by_role("button", name="Give the money back").click()
    await see(parent, child, opened=False)
    await pictures(visit, "director", 1280, cash_back_desk=desk, desk="/x/payments/desk")
    await director.goto(desk)
    await director.get_by_role("button", name="I have handed it over").click()
    await expect(director.get_by_text("Handed over in cash")).to_be_visible()
    await fine(director)
    await books_close(director, market)
    await pictures(
        visit, "director", 1280, cash_done_desk=desk, statement="/x/payments/statement",
        month=f"/x/payments/months/{_day():%Y-%m}",
    )  # fmt: skip


async def test_a_refund_that_fails_days_later_is_owed_and_handed_over(
    market: Market, stripe: Fake, visit: Visitor
) -> None:
    (child,) = await market.family("back.fails", 9)
    visit.known.add(stripe.url)
    parent, director = await visit("back.fails"), await visit("director")
    await parent.goto(f"/x/payments/buy?feature=rating.view&student={child}")
    await parent.locator("input[name=way][value=stripe]").check()
    await parent.get_by_role("button", name=f"Pay {MONTH}").click()
    await parent.get_by_role("button", name="Pay").click()
    await order_of(parent)
    order = parent.url.partition("?")[0]
    await parent.get_by_role("button", name="Give the money back").click()
    await expect(parent.get_by_role("status")).to_be_visible()
    stripe.deliver()
    await _worked_off(market)
    (made,) = stripe.objects("refund")
    stripe.act("end_refund", refund=made["id"], status="failed")
    stripe.deliver(times=2)
    await _worked_off(market)
    await parent.goto(order)
    await expect(parent.get_by_text(f"{MONTH} is owed to you")).to_be_visible()
    await fine(parent)
    await parent.goto("/x/payments/orders")
    await expect(parent.get_by_text(f"owed to you: {MONTH}")).to_be_visible()
    await fine(parent)
    await books_close(director, market)
    owed = await market.fetch(
        "select sum(refunded_minor - returned_minor) as owed from core.sale where school_id = $1 "
        "and dispute_ref is null"
    )
    assert owed[0]["owed"] >= 150_000
    desk = order.replace("/orders/", "/desk/")
    await pictures(visit, "back.fails", 390, owed=order, owed_list="/x/payments/orders")
    await pictures(visit, "director", 1280, owed_desk=desk)
    await director.goto("/x/payments/desk")
    await expect(director.get_by_text(f"{MONTH} is owed to the payer.")).to_be_visible()
    await director.goto(desk)
    await fine(director)
    await director.get_by_role("button", name=f"I have handed over {MONTH}").click()
    await expect(director.get_by_text("What was owed was handed over in cash")).to_be_visible()
    await fine(director)
    await parent.goto(order)
    await expect(parent.get_by_text("is owed to you")).to_have_count(0)
    await books_close(director, market)


async def test_after_no_thanks_it_is_found_where_nobody_is_urged(
    market: Market, visit: Visitor
) -> None:
    (child,) = await market.family("back.no", 10)
    parent = await visit("back.no")
    await parent.goto(f"/diary/{child}")
    await parent.get_by_role("button", name="No thanks").click()
    await parent.goto("/account/services")
    await parent.get_by_role("link", name="Rating").click()
    await expect(parent).to_have_url(re.compile(r"/x/rating"))
    await fine(parent)
