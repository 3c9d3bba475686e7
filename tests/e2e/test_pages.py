"""What every page keeps to: readable by everybody, light, whole without scripts."""

from typing import Any

import pytest
from axe_core_python.async_playwright import Axe
from playwright.async_api import Page, expect

from kundelik_core.schools.calendar import iso_week
from tests.axe import COLOURS, EVERYTHING, faults
from tests.e2e.conftest import Site, Visitor
from tests.e2e.steps import press

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("e2e")]

KB = 1024
FIRST_VISIT, NEXT_VISIT = 60 * KB, 15 * KB


def week_of(site: Site) -> str:
    return f"/diary/{site.cast.pupils[0]}/{iso_week(site.cast.dates[0])}"


def address(site: Site, name: str) -> tuple[str, str]:
    """Return who opens a page, and where it is."""
    return {
        "login": ("", "/login"),
        "diary": ("parent", week_of(site)),
        "journal": ("teacher", site.journal),
        "class": ("director", f"/classes/{site.cast.school_class}"),
        "office": ("director", "/office"),
    }[name]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", ["login", "diary", "journal", "class", "office"])
async def test_axe_finds_nothing(site: Site, visit: Visitor, name: str, scheme: str) -> None:
    login, path = address(site, name)
    page = await visit(login, lang="kk", color_scheme=scheme)
    answer = await page.goto(path)
    assert answer
    assert answer.status == 200
    asked = EVERYTHING if scheme == "light" else COLOURS
    assert faults(await Axe().run(page, options=asked)) == []
    dark = await page.evaluate(
        "getComputedStyle(document.body).backgroundColor.match(/\\d+/g)"
        ".slice(0, 3).reduce((a, b) => a + Number(b), 0) < 384"
    )
    assert dark == (scheme == "dark")


@pytest.mark.parametrize("name", ["login", "diary", "journal", "class", "office"])
async def test_no_page_is_wider_than_a_phone(site: Site, visit: Visitor, name: str) -> None:
    login, path = address(site, name)
    for lang in ("kk", "ru"):
        page = await visit(login, lang=lang, width=390, is_mobile=True)
        await page.goto(path)
        assert not await page.evaluate("document.documentElement.scrollWidth > innerWidth"), lang


async def test_signing_in_takes_no_mouse(site: Site, visit: Visitor) -> None:
    page = await visit()
    await page.goto("/login")
    for _n in range(30):
        if await page.evaluate("document.activeElement.name === 'login'"):
            break
        await press(page, "Tab")
    await page.keyboard.type("director")
    await press(page, "Tab")
    assert await page.evaluate("document.activeElement.name") == "password"
    await page.keyboard.type(site.cast.password)
    await press(page, "Enter")
    await page.wait_for_url("**/office")


async def test_a_wrong_password_is_said_and_the_login_kept(visit: Visitor) -> None:
    page = await visit(lang="ru")
    await page.goto("/login")
    await page.locator("input[name=login]").fill("director")
    await page.locator("input[name=password]").fill("not this one")
    await press(page, "Enter")
    await expect(page.get_by_role("alert")).to_be_visible()
    await expect(page.locator("input[name=login]")).to_have_value("director")


async def test_the_diary_is_whole_without_scripts(site: Site, visit: Visitor) -> None:
    seen = []
    for scripts in (True, False):
        page = await visit("parent", java_script_enabled=scripts)
        await page.goto(week_of(site))
        await expect(page.locator(".les").first).to_be_visible()
        # The boxes to tick off homework are the one thing that scripts add.
        seen.append(await page.locator(".les h3, .les .ms, .les .tp").all_inner_texts())
    assert seen[0] == seen[1]
    assert len(seen[0]) > 10


async def test_the_next_week_is_reached_without_scripts(site: Site, visit: Visitor) -> None:
    page = await visit("parent", java_script_enabled=False)
    await page.goto(week_of(site))
    here = page.url
    await page.locator("[rel=prev]").first.click()
    assert page.url != here
    await page.locator("[rel=next]").first.click()
    assert page.url == here


class Wire:
    """Counts the bytes that came over the wire, headers included."""

    def __init__(self) -> None:
        self.bytes: dict[str, float] = {}
        self.names: dict[str, str] = {}

    async def watch(self, page: Page) -> None:
        session = await page.context.new_cdp_session(page)
        await session.send("Network.enable")
        session.on("Network.responseReceived", self._name)
        session.on("Network.loadingFinished", self._count)

    def _name(self, event: dict[str, Any]) -> None:
        self.names[event["requestId"]] = event["response"]["url"]

    def _count(self, event: dict[str, Any]) -> None:
        self.bytes[event["requestId"]] = event["encodedDataLength"]

    def take(self) -> tuple[float, dict[str, float]]:
        """Return the sum since the last time, and its parts."""
        parts = {self.names.get(key, key): size for key, size in self.bytes.items()}
        self.bytes.clear()
        return sum(parts.values()), parts


async def test_the_diary_is_light(site: Site, visit: Visitor) -> None:
    page = await visit("parent", lang="kk", width=390, is_mobile=True)
    wire = Wire()
    await wire.watch(page)
    await page.goto(week_of(site), wait_until="networkidle")
    first, parts = wire.take()
    assert len(parts) >= 2, "the style is a file of its own"
    assert first <= FIRST_VISIT, parts
    await page.locator("[rel=prev]").first.click()
    await page.wait_for_load_state("networkidle")
    following, parts = wire.take()
    assert parts
    assert following <= NEXT_VISIT, parts
    await page.reload(wait_until="networkidle")
    again, parts = wire.take()
    assert again <= NEXT_VISIT, parts


async def test_looking_at_the_week_is_noted_without_a_press(site: Site, visit: Visitor) -> None:
    page = await visit("parent", width=390, is_mobile=True)
    async with page.expect_request(
        lambda r: r.method == "POST" and r.url.endswith("/seen")
    ) as asked:
        await page.goto("/diary")
    answer = await (await asked.value).response()
    assert answer
    assert answer.status == 303
