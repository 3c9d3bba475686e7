"""The box in the top line: a slash leads there, a phone gets a button, no script is needed."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, Page

BOX = "#top-q"


def focused(tab: Page) -> str:
    return str(tab.evaluate("document.activeElement.id"))


@pytest.mark.e2e
def test_a_slash_leads_to_the_box_and_is_a_letter_within_it(reader: Page, gallery: str) -> None:
    reader.goto(f"{gallery}/g/classes?lang=en")
    reader.keyboard.press("/")
    assert focused(reader) == BOX[1:]
    assert reader.locator(BOX).input_value() == ""
    reader.keyboard.type("5/а")
    assert reader.locator(BOX).input_value() == "5/а"
    reader.goto(f"{gallery}/g/people?lang=en")
    reader.locator("#f-q").fill("a")
    reader.keyboard.press("/")
    assert focused(reader) == "f-q"
    assert reader.locator("#f-q").input_value() == "a/"


@pytest.mark.e2e
def test_on_its_own_page_a_slash_leads_to_the_large_box(reader: Page, gallery: str) -> None:
    reader.goto(f"{gallery}/g/search?lang=en")
    assert reader.locator(BOX).count() == 0
    reader.keyboard.press("/")
    assert focused(reader) == "f-q"


@pytest.mark.e2e
def test_in_a_cell_of_the_journal_a_slash_is_the_cells(tab: Page, gallery: str) -> None:
    tab.goto(f"{gallery}/g/journal?lang=en")
    cell = tab.locator("#grid td[tabindex='0']").first
    cell.focus()
    tab.keyboard.press("/")
    assert focused(tab) != BOX[1:]
    tab.keyboard.press("Escape")


@pytest.mark.e2e
def test_families_have_no_box(reader: Page, gallery: str) -> None:
    reader.goto(f"{gallery}/g/diary?lang=en")
    assert reader.locator(BOX).count() == 0


@pytest.mark.e2e
def test_without_scripts_the_box_sends_what_was_typed(browser: Browser, gallery: str) -> None:
    context = browser.new_context(java_script_enabled=False)
    tab = context.new_page()
    tab.goto(f"{gallery}/g/classes?lang=en")
    tab.locator(BOX).fill("айш нур")
    with tab.expect_request(lambda request: "/search?q=" in request.url) as sent:
        tab.keyboard.press("Enter")
    assert sent.value.method == "GET"
    assert sent.value.url.endswith("/search?q=%D0%B0%D0%B9%D1%88+%D0%BD%D1%83%D1%80")
    context.close()


@pytest.mark.e2e
def test_a_phone_has_a_button_that_leads_to_the_page(browser: Browser, gallery: str) -> None:
    context = browser.new_context(viewport={"width": 390, "height": 800})
    tab = context.new_page()
    tab.goto(f"{gallery}/g/classes?lang=kk")
    assert not tab.locator(BOX).is_visible()
    button = tab.locator(".seek button")
    box = button.bounding_box()
    assert box is not None
    assert min(box["width"], box["height"]) >= 44
    with tab.expect_request(lambda request: "/search" in request.url) as sent:
        button.click()
    assert sent.value.method == "GET"
    context.close()
