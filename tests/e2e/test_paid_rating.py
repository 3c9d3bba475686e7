"""The rating from end to end: bought by card and by invoice, refused, ended, given back, shut."""

import os
import re
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import date, datetime
from pathlib import Path
from typing import Any
from urllib.parse import unquote_plus
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from playwright.async_api import Browser, Page, expect

from kundelik_core.kernel.clock import SCHOOL_ZONE
from kundelik_core.kernel.ids import new_id
from tests.e2e.conftest import Site, Visitor
from tests.e2e.market import ACCOUNT, Market, make_market, price, publish
from tests.e2e.test_praise import fine
from tests.fake_stripe.remote import Fake

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("e2e")]

MONTH = "1\N{NARROW NO-BREAK SPACE}500\N{NO-BREAK SPACE}₸"
SIBLING = "1\N{NARROW NO-BREAK SPACE}200\N{NO-BREAK SPACE}₸"
BOTH = "2\N{NARROW NO-BREAK SPACE}700\N{NO-BREAK SPACE}₸"
OFFER = "in which part of the group the results lie"
OWN = re.compile(
    r'<section class="card">(?:(?!</section>).)*/x/rating(?:(?!</section>).)*</section>', re.DOTALL
)
"""What the rating shows on a page of the core."""
_LOOKS = 5
"""On a busy machine a place on a page may once be given up."""
HEAD = "Дата;Кредит;Дебет;Назначение платежа;Номер документа;Отправитель\n"


async def switch(page: Page, module: str, *, on: bool) -> None:
    """Let the director switch a module."""
    await page.goto(f"/office/modules/{module}")
    name = "Switch on for the school" if on else "Switch off for the school"
    await page.get_by_role("button", name=name).click()
    told = "The module is on for your school." if on else "The module is off."
    await expect(page.get_by_text(told)).to_be_visible()


@pytest.fixture(scope="module")
async def market(chromium: Browser, site: Site) -> AsyncIterator[Market]:
    """A school that sells: modules on, account filled in, prices set, ratings published."""
    async with AsyncExitStack() as stack:
        visit = Visitor(chromium, site, stack)
        director = await visit("director")
        await switch(director, "payments", on=True)
        await director.goto("/office/modules/payments")
        for label, value in ACCOUNT.items():
            await director.get_by_label(label, exact=True).fill(value)
        await director.get_by_role("button", name="Save the settings").click()
        await expect(director.get_by_text("settings are saved and in force")).to_be_visible()
        await fine(director)
        await switch(director, "rating", on=True)
        made = await make_market(site)
        publish(made)
        price(site, "rating.view", "1500", "--per", "month", "--siblings", "2: 80%")
        price(site, "rating.subject", "600", "--per", "month")
        yield made
        await switch(director, "rating", on=False)
        await switch(director, "payments", on=False)


@pytest.fixture
def stripe(site: Site, fake_stripe: Fake) -> Fake:
    """The fake as an account at Stripe that knows where our door is."""
    fake_stripe.act("reset")
    hook = f"{site.server.url}/x/payments/hook/stripe"
    fake_stripe.act("setup", now=int(time.time()), webhook_url=hook, secrets=["whsec_e2e"])
    return fake_stripe


async def offered(page: Page, child: UUID) -> None:
    """Open a child's diary, and hold that it has the offer, once."""
    for _again in range(_LOOKS):
        await page.goto(f"/diary/{child}")
        if await page.get_by_text(OFFER).count():
            break
    await expect(page.get_by_text(OFFER)).to_have_count(1)


async def see(page: Page, child: UUID, *, opened: bool) -> None:
    """Hold that a child's rating is open, or is not."""
    await page.goto(f"/x/rating?student={child}")
    await expect(page.get_by_role("heading", name="Across subjects")).to_have_count(int(opened))
    await expect(page.get_by_role("link", name="See and order")).to_have_count(int(not opened))


async def books_close(director: Page, market: Market) -> None:
    """Hold that the ledger sums up, and that the month has no differences."""
    for row in await market.fetch(
        "select currency, sum(amount_minor) as sum from core.ledger_entry where school_id = $1 "
        "group by currency"
    ):
        assert row["sum"] == 0
    waiting = (
        "select kind, ref, reason from core.plugin_wish where school_id = $1 and state <> 'done'"
    )
    assert await market.fetch(waiting) == []
    await director.goto(f"/x/payments/months/{_day():%Y-%m}")
    found = director.get_by_role("listitem").filter(has_text="Differences")
    await expect(found).to_have_text(re.compile(r"^Differences\s*0$"))


async def order_of(page: Page) -> str:
    """Return the number of the order that is shown."""
    await expect(page).to_have_url(re.compile(r"/x/payments/orders/[0-9a-f-]{36}"))
    found = re.search(r"[2-9A-Z]{5}-[2-9A-Z]{5}", await page.locator("h2").first.inner_text())
    assert found
    return found[0]


async def test_a_parent_of_two_buys_by_card_and_one_is_given_back(
    market: Market, stripe: Fake, visit: Visitor
) -> None:
    first, second = await market.family("paid.two", 0, 1)
    visit.known.add(stripe.url)
    parent = await visit("paid.two")
    await offered(parent, first)
    await fine(parent)
    await parent.get_by_role("link", name="See what it is").click()
    await fine(parent)
    await parent.get_by_role("link", name="See and order").click()
    code = await _pay_for_both(parent, stripe, await market.name(second))
    for child in (first, second):
        await see(parent, child, opened=True)
    await fine(parent)

    await _heard_twice(market, stripe, first, second)
    words = [str(first), str(second), await market.name(first), await market.name(second)]
    for seen in stripe.state()["seen"]:
        assert not any(word in unquote_plus(seen["body"]) for word in words)

    await parent.goto("/x/payments/orders")
    await parent.get_by_role("link", name=code).click()
    await parent.get_by_role("button", name="Stop the renewal").click()
    await expect(parent.get_by_text("It does not renew.")).to_be_visible()
    await fine(parent)
    assert [one["cancel_at_period_end"] for one in stripe.objects("subscription")] == [True]
    await see(parent, first, opened=True)

    director = await visit("director")
    await _give_back(director, code, await market.name(second))
    await see(parent, second, opened=False)
    await see(parent, first, opened=True)
    stripe.deliver(times=2)
    await _worked_off(market)
    assert [one["amount"] for one in stripe.objects("refund")] == [120_000]
    await books_close(director, market)
    await fine(director)

    await _later(market, first)
    await see(parent, first, opened=False)


async def _pay_for_both(parent: Page, stripe: Fake, sibling: str) -> str:
    """Choose the second child and a renewal, pay on the page of the fake, and come back."""
    await parent.get_by_role("checkbox", name=sibling).check()
    await parent.get_by_role("checkbox", name="Renew it").check()
    await parent.get_by_role("button", name=f"Pay {MONTH}").click()
    await expect(parent.get_by_text(f"For this choice it is {BOTH}.")).to_be_visible()
    await expect(parent.get_by_text(SIBLING).last).to_be_visible()
    await fine(parent)
    await parent.get_by_role("button", name=f"Pay {BOTH}").click()
    await expect(parent).to_have_url(re.compile(re.escape(f"{stripe.url}/pay/")))
    await expect(parent.get_by_role("heading")).to_have_text("2700.00 KZT")
    await parent.get_by_role("button", name="Pay").click()
    code = await order_of(parent)
    await expect(parent.get_by_text("What is open")).to_be_visible()
    await fine(parent)
    return code


async def _heard_twice(market: Market, stripe: Fake, *children: UUID) -> None:
    """Hold that messages that come late, backwards and twice change nothing."""
    before = await _money(market)
    grants = await market.fetch(
        "select pupil_id from core.entitlement where school_id = $1 and source = 'order'"
    )
    assert sorted(one["pupil_id"] for one in grants if one["pupil_id"] in children) == sorted(
        children
    )
    answers = stripe.deliver(times=2, reverse=True)
    assert answers
    assert {status for _kind, status in answers} == {200}
    await _worked_off(market)
    assert await _money(market) == before


async def _give_back(director: Page, code: str, name: str) -> None:
    """Let the school give back what was paid for one of the children."""
    await director.goto("/x/payments/desk")
    await fine(director)
    await director.get_by_role("link", name=code).click()
    await director.get_by_label(re.compile(re.escape(name))).fill("1200")
    await director.get_by_role("button", name="Give back").click()
    await expect(director.get_by_role("status")).to_be_visible()
    await fine(director)


async def _later(market: Market, child: UUID) -> None:
    """Let what was bought lie back by so much that it ended a moment ago."""
    await market.site.tenant.execute(
        "update core.entitlement e set valid_until = now(), "
        "valid_from = e.valid_from - (e.valid_until - now()), "
        "grace_from = e.grace_from - (e.valid_until - now()) "
        "where e.school_id = $1 and e.pupil_id = $2 and e.source = 'order'",
        market.site.cast.school, child,
    )  # fmt: skip


async def _money(market: Market) -> dict[str, Any]:
    """Return everything that a message could do twice."""
    row = await market.fetch(
        "select (select count(*) from core.ledger_txn where school_id = $1) as booked, "
        "(select count(*) from core.entitlement where school_id = $1 and source = 'order') "
        "as grants, (select max(valid_until) from core.entitlement where school_id = $1) as until, "
        "(select count(*) from plugin_payments.entry where school_id = $1) as entries, "
        "(select count(*) from plugin_payments.receipt where school_id = $1) as receipts"
    )
    return row[0]


async def _worked_off(market: Market) -> None:
    """Wait until the worker has gone through all messages."""
    waiting = (
        "select event_id, type, error from plugin_payments.webhook_inbox "
        "where school_id = $1 and processed_at is null"
    )
    deadline = time.monotonic() + 30
    while left := await market.fetch(waiting):
        assert time.monotonic() < deadline, left


async def test_an_invoice_is_paid_by_transfer_and_given_back(
    market: Market, visit: Visitor, tmp_path: Path
) -> None:
    (child,) = await market.family("paid.invoice", 2)
    parent, director = await visit("paid.invoice"), await visit("director")
    await parent.goto(f"/x/payments/buy?feature=rating.view&student={child}")
    await parent.locator("input[name=way][value=invoice]").check()
    await parent.get_by_role("button", name=f"Pay {MONTH}").click()
    code = await order_of(parent)
    await fine(parent)
    async with parent.expect_download() as saving:
        await parent.get_by_role("link", name="Save the invoice").click()
    paper = await (await saving.value).path()
    assert paper.read_bytes().startswith(b"%PDF")
    assert code in (await saving.value).suggested_filename
    await see(parent, child, opened=False)

    await _bring(director, tmp_path, f"{_today()};1500,00;;Kundelik {code};77001;Сейітова М.\n")
    await fine(director)
    await expect(director.get_by_text("The order and the amount are right")).to_be_visible()
    await director.get_by_role("button", name="Take what is ticked").click()
    await expect(director.get_by_text("1 transfer taken")).to_be_visible()
    await see(parent, child, opened=True)
    await books_close(director, market)

    await parent.goto("/x/payments/orders")
    await parent.get_by_role("link", name=code).click()
    await parent.get_by_role("button", name="Give the money back").click()
    await expect(parent.get_by_role("status")).to_be_visible()
    await fine(parent)
    await see(parent, child, opened=False)
    await director.goto("/x/payments/desk")
    await expect(director.get_by_text(f"{MONTH} has to be transferred back.")).to_be_visible()
    await _bring(director, tmp_path, f"{_today()};;1500,00;Kundelik {code};77002;Сейітова М.\n")
    await director.get_by_role("button", name="Take what is ticked").click()
    await expect(director.get_by_text("1 transfer taken")).to_be_visible()
    await director.goto("/x/payments/desk")
    await expect(director.get_by_text("has to be transferred back")).to_have_count(0)
    await books_close(director, market)


def _today() -> str:
    return f"{_day():%d.%m.%Y}"


def _day() -> date:
    return datetime.now(ZoneInfo(SCHOOL_ZONE)).date()


async def _bring(director: Page, place: Path, lines: str) -> None:
    """Bring a statement in, as it is saved in the bank."""
    file = place / "statement.csv"
    file.write_text(HEAD + lines, "cp1251")
    await director.goto("/x/payments/statement")
    await director.get_by_label("File from the bank").set_input_files(file)
    await director.get_by_role("button", name="Read it").click()


async def test_no_thanks_is_kept_for_the_whole_family(market: Market, visit: Visitor) -> None:
    (child,) = await market.family("paid.no", 3)
    await market.family("paid.other", 3)
    parent, other = await visit("paid.no"), await visit("paid.other")
    await offered(other, child)
    await offered(parent, child)
    await parent.get_by_role("button", name="No thanks").click()
    await expect(parent.get_by_text("The diary will not ask you again.")).to_be_visible()
    await fine(parent)
    for page in (parent, other):
        for _again in range(2):
            await page.goto(f"/diary/{child}")
            await expect(page.get_by_text(OFFER)).to_have_count(0)
            assert "/x/rating" not in await page.content()
    await expect(parent.get_by_role("button", name="No thanks")).to_have_count(0)
    # Who looks for it finds it all the same.
    await see(parent, child, opened=False)


async def test_a_school_shuts_it_in_the_middle_of_a_term(market: Market, visit: Visitor) -> None:
    (child,) = await market.family("paid.shut", 4)
    await _grant(market, child)
    parent, director = await visit("paid.shut"), await visit("director")

    async def diary(*, on: bool) -> str:
        text = ""
        for _again in range(_LOOKS if on else 1):
            answer = await parent.request.get(f"/diary/{child}")
            assert answer.status == 200
            text = (await answer.body()).decode()
            if "/x/rating" in text:
                break
        return text

    on = await diary(on=True)
    assert len(OWN.findall(on)) == 1
    await see(parent, child, opened=True)
    await switch(director, "rating", on=False)
    off = await diary(on=False)
    assert "/x/rating" not in off
    assert OWN.sub("", on) == off
    for path in ("", f"?student={child}", "/method"):
        assert (await parent.request.get(f"/x/rating{path}")).status == 404
    await switch(director, "rating", on=True)
    assert await diary(on=True) == on
    await see(parent, child, opened=True)


async def _grant(market: Market, child: UUID) -> None:
    await market.site.tenant.execute(
        "insert into core.entitlement (school_id, id, pupil_id, feature, scope, valid_from, "
        "source, source_ref, granted_at) "
        "values ($1, $2, $3, 'rating.view', '*', $4, 'grant', $5, now())",
        market.site.cast.school, new_id(), child,
        datetime.combine(market.begins, datetime.min.time(), ZoneInfo(SCHOOL_ZONE)), new_id().hex,
    )  # fmt: skip


async def test_it_is_read_and_bought_on_a_phone_in_kazakh(market: Market, visit: Visitor) -> None:
    rated, other = await market.family("paid.phone", 5, 6)
    await _grant(market, rated)
    phone = await visit("paid.phone", lang="kk", width=390)
    for name, path in (
        ("diary", f"/diary/{rated}"),
        ("offer", f"/diary/{other}"),
        ("rating", f"/x/rating?student={rated}"),
        ("closed", f"/x/rating?student={other}"),
        ("buy", f"/x/payments/buy?feature=rating.view&student={other}"),
        ("method", "/x/rating/method"),
    ):
        await phone.goto(path)
        await _narrow(phone)
        await _shot(phone, name)
    await phone.goto(f"/x/payments/buy?feature=rating.view&student={other}")
    await phone.locator("input[name=way][value=invoice]").check()
    await phone.locator("form[action='/x/payments/buy'] button").click()
    await order_of(phone)
    await _narrow(phone)
    await _shot(phone, "order")


async def _shot(page: Page, name: str) -> None:
    """Keep a picture for whoever wants to look."""
    if place := os.environ.get("E2E_SHOTS"):
        await page.screenshot(path=Path(place) / f"{name}.png", full_page=True)


async def _narrow(page: Page) -> None:
    """Hold that a phone shows all of it; the words are those of the language."""
    assert not await page.evaluate("document.documentElement.scrollWidth > innerWidth"), page.url
    assert await page.evaluate("document.documentElement.lang") == "kk"
