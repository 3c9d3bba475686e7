"""A module from end to end: switched on, used by a teacher, read by a family, switched off."""

import pytest
from axe_core_python.async_playwright import Axe
from playwright.async_api import Page, expect

from tests.axe import EVERYTHING, faults
from tests.e2e.conftest import Site, Visitor

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("e2e")]

WORDS = "Тақтада есепті өзі шығарып, бәріне түсіндіріп берді"
OFFICE = "/office/modules/praise"


async def fine(page: Page) -> None:
    """Check what every page keeps to: axe finds nothing, and a phone shows all of it."""
    assert faults(await Axe().run(page, options=EVERYTHING)) == []
    size = page.viewport_size
    assert size
    await page.set_viewport_size({"width": 390, "height": 844})
    assert not await page.evaluate("document.documentElement.scrollWidth > innerWidth"), page.url
    await page.set_viewport_size(size)


async def test_words_of_praise_reach_the_family(site: Site, visit: Visitor) -> None:
    director = await visit("director")
    await director.goto(OFFICE)
    await fine(director)
    await director.get_by_role("button", name="Switch on for the school").click()
    await expect(director.get_by_text("The module is on for your school.")).to_be_visible()
    await fine(director)

    teacher = await visit("teacher")
    await teacher.goto("/today")
    await teacher.get_by_role("link", name="Praise").click()
    await fine(teacher)
    name = await site.tenant.fetchval(
        "select surname || ' ' || given from core.person where school_id = $1 and id = $2",
        site.cast.school, site.cast.pupils[0],
    )  # fmt: skip
    await teacher.get_by_role("link", name=name).click()
    await expect(teacher.get_by_role("heading", level=1)).to_have_text(name)
    await fine(teacher)
    await teacher.get_by_label("Your words").fill(WORDS)
    await teacher.get_by_role("button", name="Send").click()
    await expect(teacher.get_by_text("Sent. The family sees it in the diary.")).to_be_visible()
    await fine(teacher)

    parent = await visit("parent")
    await parent.goto("/diary")
    await parent.get_by_role("link", name="Praise").click()
    await expect(parent.get_by_text(WORDS)).to_be_visible()
    await fine(parent)

    await director.goto(OFFICE)
    await director.get_by_role("button", name="Switch off for the school").click()
    await expect(director.get_by_text("The module is off.")).to_be_visible()
    answer = await parent.reload()
    assert answer
    assert answer.status == 404
    await expect(parent.get_by_role("link", name="Praise")).to_have_count(0)
    assert visit.errors == []


async def test_settings_are_kept_and_refused_beside_their_field(site: Site, visit: Visitor) -> None:
    assert site.cast.school
    page = await visit("director")
    await page.goto(OFFICE)
    most = page.get_by_label("Most notes of one teacher in a day")
    await most.fill("many")
    await page.get_by_role("button", name="Save the settings").click()
    await expect(page.get_by_text("Write a whole number.")).to_be_visible()
    await fine(page)
    await page.get_by_label("Most notes of one teacher in a day").fill("7")
    await page.get_by_label("Allow remarks beside praise").uncheck()
    await page.get_by_role("button", name="Save the settings").click()
    await expect(page.get_by_text("The settings are saved and in force.")).to_be_visible()
    await expect(page.get_by_label("Allow remarks beside praise")).not_to_be_checked()
    await expect(page.get_by_label("Most notes of one teacher in a day")).to_have_value("7")
