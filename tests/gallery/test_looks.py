"""Every theme of ours on the pages that decide: accessible day and night, screen and paper."""

from __future__ import annotations

import pytest
from axe_core_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from tests.axe import COLOURS, EVERYTHING, asked, faults
from tests.gallery.pages import PAGES

LOOKS = ("nauryz", "contrast")
# Together they use every colour and every part.
DECIDE = ("login-error", "diary", "marks", "journal", "office", "class", "import-review",
          "timetable", "appearance-refused", "slip", "account", "error", "people")  # fmt: skip
# WCAG's level AAA asks for 7 to 1, or 4.5 to 1 where letters are large; off unless asked for.
ENHANCED = "color-contrast-enhanced"
ASKED = {
    ("nauryz", "light"): EVERYTHING,
    ("nauryz", "dark"): COLOURS,
    ("contrast", "light"): asked(rules={ENHANCED: {"enabled": True}}),
    ("contrast", "dark"): COLOURS.replace("color-contrast", f'{ENHANCED}", "color-contrast'),
}


@pytest.mark.e2e
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("name", DECIDE)
@pytest.mark.parametrize("look", LOOKS)
def test_axe_finds_nothing(reader: Page, gallery: str, look: str, name: str, theme: str) -> None:
    reader.goto(f"{gallery}/g/{name}?lang=kk&theme={theme}&look={look}")
    assert not faults(Axe().run(reader, options=ASKED[look, theme]))


@pytest.mark.e2e
@pytest.mark.parametrize("look", LOOKS)
def test_no_page_is_wider_than_a_small_screen(browser: Browser, gallery: str, look: str) -> None:
    context = browser.new_context(viewport={"width": 320, "height": 800})
    tab = context.new_page()
    wide = []
    for name in PAGES:
        tab.goto(f"{gallery}/g/{name}?lang=ru&look={look}")
        if tab.evaluate("document.documentElement.scrollWidth > innerWidth"):
            wide.append(name)
    context.close()
    assert not wide


@pytest.mark.e2e
@pytest.mark.parametrize("look", ["default", *LOOKS])
def test_paper_is_white_and_ink_is_black(tab: Page, gallery: str, look: str) -> None:
    tab.emulate_media(media="print")
    tab.goto(f"{gallery}/g/diary?lang=kk&theme=dark&look={look}")
    style = "getComputedStyle(document.querySelector('{}')).{}"
    assert tab.evaluate(style.format(".les h3", "color")) == "rgb(0, 0, 0)"
    assert tab.evaluate(style.format("body", "backgroundColor")) == "rgb(255, 255, 255)"
    assert tab.evaluate(style.format(".nav", "display")) == "none"


@pytest.mark.e2e
def test_the_picker_and_the_field_say_the_same(tab: Page, gallery: str) -> None:
    tab.goto(f"{gallery}/g/appearance?lang=en")
    text, picker = tab.locator("#f-accent"), tab.locator("[data-ink] [type=color]").first
    assert picker.is_visible()
    picker.fill("#0b3d91")
    assert text.input_value() == "#0b3d91"
    text.fill("A34A00")
    assert picker.input_value() == "#a34a00"


@pytest.mark.e2e
def test_enter_saves_and_does_not_take_the_offer(tab: Page, gallery: str) -> None:
    tab.goto(f"{gallery}/g/appearance-refused?lang=en")
    with tab.expect_request(lambda request: request.method == "POST") as sent:
        tab.locator("#f-second").press("Enter")
    assert 'name="instead"' not in (sent.value.post_data or "")
