"""Small steps that several tests take in a browser."""

import re

from playwright.async_api import Locator, Page, expect

from tests.e2e.conftest import Site

SAVED = re.compile(r"\d\d:\d\d$")


async def sign_in(page: Page, login: str, password: str) -> None:
    """Fill the form of the sign-in page."""
    await page.locator("input[name=login]").fill(login)
    await page.locator("input[name=password]").fill(password)
    await page.keyboard.press("Enter")


async def press(page: Page, keys: str) -> None:
    """Press keys, one after another."""
    for key in keys.split():
        await page.keyboard.press(key)


async def open_journal(page: Page, site: Site, lesson: int = 0) -> None:
    """Open the journal at one of its two empty lessons, and wait until it hears keys."""
    await page.goto(f"{site.journal}#c={site.cast.lessons[lesson]}")
    await expect(page.locator("#grid[data-ready] td.here")).to_be_focused()
    column = page.locator(f'th[data-id="{site.cast.lessons[lesson]}"]')
    await expect(column).to_have_class(re.compile("col-on"))


async def cell(page: Page, site: Site, row: int, lesson: int = 0) -> Locator:
    """Return a cell of one of the two lessons."""
    column = await page.locator("th[data-id]").evaluate_all(
        "(heads, id) => heads.findIndex((th) => th.dataset.id === id)", site.cast.lessons[lesson]
    )
    return page.locator(f'td[data-rc="{row}.{column}"]')


async def all_saved(page: Page) -> None:
    """Wait until the page says that everything is saved."""
    await expect(page.locator("#saved")).to_have_text(SAVED)
    await expect(page.locator("td.wait")).to_have_count(0)


async def paste(page: Page, text: str) -> None:
    """Paste what a spreadsheet would have copied."""
    await page.evaluate(
        """(text) => {
          const data = new DataTransfer();
          data.setData("text/plain", text);
          const event = new ClipboardEvent("paste", { clipboardData: data, bubbles: true });
          document.activeElement.dispatchEvent(event);
        }""",
        text,
    )
