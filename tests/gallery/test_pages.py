"""Every page of the gallery: whole, accessible, inside its screen and its budget."""

from __future__ import annotations

import re

import brotli
import pytest
from axe_core_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from kundelik_core.web.static_mount import lean
from tests.axe import COLOURS, EVERYTHING, faults
from tests.gallery.pages import PAGES
from tests.gallery.render import WEB, bundle, catalogue, page

KB = 1024
# Looked at in the dark as well: together they use every colour.
DARK = ("diary", "journal", "office", "account", "import-review", "timetable", "login-error",
        "office-own-colours", "appearance-refused")  # fmt: skip


def small(text: str) -> int:
    """Bytes on the wire."""
    return len(brotli.compress(text.encode(), quality=11))


@pytest.mark.e2e
@pytest.mark.parametrize("look", [*PAGES, *(f"{name}?theme=dark" for name in DARK)])
def test_axe_finds_nothing(reader: Page, gallery: str, look: str) -> None:
    reader.goto(f"{gallery}/g/{look}{'&' if '?' in look else '?'}lang=kk")
    assert not faults(Axe().run(reader, options=COLOURS if "dark" in look else EVERYTHING))


@pytest.mark.e2e
@pytest.mark.parametrize(("width", "lang"), [(320, "kk"), (320, "ru"), (768, "kk"), (768, "ru")])
def test_no_page_is_wider_than_its_screen(
    browser: Browser, gallery: str, width: int, lang: str
) -> None:
    context = browser.new_context(viewport={"width": width, "height": 800})
    tab = context.new_page()
    wide = []
    for name in PAGES:
        tab.goto(f"{gallery}/g/{name}?lang={lang}")
        if tab.evaluate("document.documentElement.scrollWidth > innerWidth"):
            wide.append(name)
    context.close()
    assert not wide


@pytest.mark.e2e
def test_the_diary_is_whole_without_scripts(browser: Browser, gallery: str) -> None:
    context = browser.new_context(java_script_enabled=False)
    tab = context.new_page()
    tab.goto(f"{gallery}/g/diary?lang=en")
    assert tab.get_by_text("§14, № 251–254").is_visible()
    tab.locator("details.why summary").first.click()
    assert tab.get_by_text("20.0 + 20.7 + 42.0 = 82.7 → 83 %").first.is_visible()
    context.close()


@pytest.mark.e2e
def test_homework_ticks_stay_on_this_device(tab: Page, gallery: str) -> None:
    tab.goto(f"{gallery}/g/diary?lang=en")
    tab.locator("[data-hw] input").first.check()
    tab.reload()
    assert tab.locator("[data-hw] input").first.is_checked()
    assert not tab.locator("[data-hw] input").nth(1).is_checked()


@pytest.mark.parametrize("name", PAGES)
def test_nothing_inline_and_nothing_from_elsewhere(name: str) -> None:
    template, sample = PAGES[name]
    html = page(template, "en", "", sample("en"))
    assert not re.search(r"<style|style=|\son\w+=|javascript:|https?://", html)
    assert all("src=" in tag for tag in re.findall(r"<script[^>]*>", html))


@pytest.mark.parametrize("lang", ["kk", "ru"])
def test_every_word_of_the_gallery_is_translated(lang: str) -> None:
    known = catalogue(lang)
    used: set[str] = set()
    shared = ("base", "_macros", "_keys")
    for name in {*shared, *(template for template, _ in PAGES.values())}:
        source = (WEB / "templates" / f"{name}.html").read_text()
        source = re.sub(r"\{#.*?#\}", "", source, flags=re.DOTALL)
        used.update(re.findall(r"""\b_\(\s*["'](.+?)["']\s*[,)]""", source))
    assert len(used) > 150
    assert sorted(used - known.keys()) == []


def test_the_diary_stays_small() -> None:
    assert small(bundle("css/family.css")) < 8 * KB
    html = page("diary", "kk", "", PAGES["diary"][1]("kk"))
    rest = [WEB / "static" / n for n in ("js/app.js", "img/icons.svg", "img/favicon.svg")]
    whole = small(html) + small(bundle("css/family.css"))
    assert whole + sum(small(p.read_text()) for p in rest) < 15 * KB


def test_the_journal_s_scripts_stay_small() -> None:
    folder = WEB / "static" / "js"
    parts = [folder / "journal.js", *sorted((folder / "journal").glob("*.js"))]
    assert small("".join(lean(p.read_text()) for p in parts)) < 12 * KB


def test_no_literal_of_a_script_goes_over_a_line() -> None:
    for path in (WEB / "static" / "js").rglob("*.js"):
        for number, line in enumerate(path.read_text().splitlines(), 1):
            assert line.count("`") % 2 == 0, f"{path.name}, line {number}"
            assert line.count("/*") == line.count("*/"), f"{path.name}, line {number}"


def test_the_journal_s_cells_are_bare() -> None:
    html = page("journal", "en", "", PAGES["journal"][1]("en"))
    body = html[html.index("<tbody>") : html.index("</tbody>")]
    cells = re.findall(r"<td[^>]*>", body)
    assert cells.count("<td>") == 30 * 34
    assert len(html) < 45 * KB
