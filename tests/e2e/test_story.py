"""The whole way of a mark: from the director's class list over the journal into the diary."""

import re

import pytest
from playwright.async_api import expect

from kundelik_core.schools.calendar import iso_week
from tests.e2e.conftest import Site, Visitor
from tests.e2e.steps import all_saved, open_journal, press, sign_in

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("e2e")]


@pytest.mark.parametrize(("lang", "shift"), [("en", 0), ("kk", 3)])
async def test_a_mark_finds_its_way_home(
    emptied: Site, visit: Visitor, lang: str, shift: int
) -> None:
    site, cast = emptied, emptied.cast
    values = [str(1 + (n + shift) % 10) for n in range(10)]

    page = await visit(lang=lang)
    await page.goto("/login")
    await sign_in(page, "director", cast.password)
    await page.wait_for_url("**/office")
    assert await page.locator("html").get_attribute("lang") == lang
    await page.locator('nav a[href="/classes"]').first.click()
    await page.locator(f'a[href="/classes/{cast.school_class}"]').click()
    for name in cast.names:
        await expect(page.get_by_text(name, exact=True).first).to_be_visible()

    page = await visit(lang=lang)
    await page.goto("/login")
    await sign_in(page, "teacher", cast.password)
    await page.wait_for_url(re.compile("/(today|journal)$"))
    await open_journal(page, site)
    below = len(cast.pupils)
    for value in values[:below]:
        await press(page, f"{' '.join(value)} Enter")
    await press(page, "ArrowRight")
    for value in values[below:]:
        await press(page, f"{' '.join(value)} Enter ArrowUp")
    await all_saved(page)
    assert await site.marks(0) == dict(enumerate(values[:below]))
    # Behind the last row there is none, so the second column fills from below.
    rest = enumerate(values[below:], 1)
    assert await site.marks(1) == {below - n: value for n, value in rest}

    page = await visit(lang=lang, width=390, is_mobile=True, has_touch=True)
    await page.goto("/login")
    await sign_in(page, "parent", cast.password)
    await page.wait_for_url("**/diary**")
    await page.goto(f"/diary/{cast.pupils[0]}/{iso_week(cast.dates[0])}")
    await expect(page.get_by_text(cast.given).first).to_be_visible()
    day = page.locator(f"#d{cast.dates[0].isoformat()}")
    mark = day.locator(".mk").filter(has_text=re.compile(rf"^{values[0]}$"))
    await expect(mark.first).to_be_visible()
    assert not await page.evaluate("document.documentElement.scrollWidth > innerWidth")
