"""What a school chooses is what its pages wear: at once, nobody else's, and never a broken page."""

import asyncio
import re
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager

import asyncpg
import httpx
import pytest

from kundelik_core.kernel.db import reference, tenant
from kundelik_core.kernel.hub import RESYNC, publish
from kundelik_core.schools.actions.appearance import set_appearance
from kundelik_core.schools.queries.appearance import (
    Appearance,
    appearance_history,
    current_appearance,
    school_looks,
)
from kundelik_core.web.middleware import Shell
from kundelik_core.web.static_mount import static_files
from kundelik_core.web.themes import looks, theme_reports
from tests.security.town import Town
from tests.web import browser, open_session

PAGE = "/office/appearance"
PLAIN = {"theme": "default", "accent": "", "second": ""}
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><path d="M0 0h9v9z"/></svg>'
LINKS = re.compile(r'<link rel="stylesheet" href="([^"]+)"')


@asynccontextmanager
async def as_(app: Shell, town: Town, role: str) -> AsyncIterator[httpx.AsyncClient]:
    async with browser(app, token=await open_session(town.accounts[role])) as client:
        client.cookies.set("kundelik_lang", "en", domain="kundelik.test")
        yield client


@pytest.fixture(autouse=True)
async def plain(app: Shell, town: Town) -> None:
    """Begin each test with what the installation has."""
    async with tenant(town.here.id, write=True) as tx:
        await set_appearance(tx, Appearance(), None)
    await looks.looks_changed(town.here.id)


async def save(app: Shell, town: Town, **fields: str) -> httpx.Response:
    async with as_(app, town, "director") as client:
        return await client.post(PAGE, data=PLAIN | fields)


async def sheets(app: Shell, town: Town, role: str, path: str) -> list[str]:
    async with as_(app, town, role) as client:
        answer = await client.get(path)
        assert answer.status_code == 200
        return LINKS.findall(answer.text)


async def test_a_colour_that_cannot_be_read_comes_back_with_one_that_can(
    app: Shell, town: Town
) -> None:
    refused = await save(app, town, accent="#ffcc00")
    assert refused.status_code == 422
    assert "its contrast is 1.3 to 1, and 4.5 to 1 is needed" in refused.text
    (offer,) = re.findall(r'name="instead" value="(accent:#[0-9a-f]{6})"', refused.text)
    async with tenant(town.here.id) as tx:
        assert await current_appearance(tx) == Appearance()
    taken = await save(app, town, accent="#ffcc00", instead=offer)
    assert (taken.status_code, taken.headers["location"]) == (303, f"{PAGE}?school={town.here.id}")
    async with tenant(town.here.id) as tx:
        (now, *_) = await appearance_history(tx)
    assert f"#{now.looks.accent}" == offer.removeprefix("accent:")
    assert now.by == town.here.people["director"]


async def test_colours_are_worn_by_the_school_and_by_nobody_else(app: Shell, town: Town) -> None:
    assert (await save(app, town, accent="0b3d91", second="#a34a00")).status_code == 303
    own = ""
    for role, path in (("teacher", "/today"), ("pupil", "/diary"), ("director", "/office")):
        *_bundle, own = await sheets(app, town, role, path)
        assert own.endswith("/look1/0b3d91-a34a00.css")
    # The commuter has two schools: a page of the other one does not wear this one's colours.
    assert len(await sheets(app, town, "commuter", "/office")) == 1
    assert len(await sheets(app, town, "operator", "/platform")) == 1
    async with browser(app) as client:
        sheet = await client.get(own)
    assert sheet.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert sheet.headers["content-type"] == "text/css; charset=utf-8"
    assert "--accent:#0b3d91" in sheet.text
    assert ":root[data-theme=dark]" in sheet.text


@pytest.mark.parametrize("name", ["look1/ffcc00.css", "look1/0b3d91", "look1/.css.css", "look2/x"])
async def test_no_other_sheet_of_colours_is_made(app: Shell, name: str) -> None:
    digest = static_files().dresses["default"].digest
    async with browser(app) as client:
        assert (await client.get(f"/static/{digest}/{name}")).status_code == 404


async def test_a_theme_brings_its_own_sheet_and_files(app: Shell, town: Town) -> None:
    before = await sheets(app, town, "teacher", "/today")
    assert (await save(app, town, theme="nauryz")).status_code == 303
    (after,) = await sheets(app, town, "teacher", "/today")
    assert [after] != before
    async with browser(app) as client:
        sheet = await client.get(after)
        band = await client.get(after.replace("css/staff.css", "theme/band.svg"))
        shared = await client.get(after.replace("css/staff.css", "img/icons.svg"))
    assert "../theme/band.svg" in sheet.text
    assert sheet.headers["cache-control"] == band.headers["cache-control"]
    assert "immutable" in sheet.headers["cache-control"]
    assert (band.status_code, shared.status_code) == (200, 200)
    # Scripts are the same for everybody, and kept once.
    async with as_(app, town, "teacher") as client:
        text = (await client.get("/today")).text
    assert f"/static/{static_files().digest}/js/app.js" in text


async def test_a_theme_that_is_gone_gives_way_and_is_reported(app: Shell, town: Town) -> None:
    plainly = await sheets(app, town, "teacher", "/today")
    async with tenant(town.here.id, write=True) as tx:
        await set_appearance(tx, Appearance(theme="gone_theme", accent="ffcc00"), None)
    await looks.looks_changed(town.here.id)
    assert await sheets(app, town, "teacher", "/today") == plainly
    told = {(one.theme, one.what) for one in theme_reports()}
    school = f"school {town.here.id}"
    assert {("gone_theme", school), ("default", school)} <= told
    async with as_(app, town, "operator") as client:
        text = (await client.get("/platform")).text
    assert "Themes that failed" in text
    assert f"gone_theme · {school}" in text
    assert "it is not installed, or cannot be used" in text


async def test_a_theme_that_is_not_there_cannot_be_chosen(app: Shell, town: Town) -> None:
    answer = await save(app, town, theme="gone_theme")
    assert answer.status_code == 422
    assert "This theme is not installed." in answer.text


async def test_a_logo_is_shown_in_the_head_and_harmless_by_itself(app: Shell, town: Town) -> None:
    async with as_(app, town, "admin") as client:
        answer = await client.post(PAGE, data=PLAIN, files={"logo": ("l.svg", SVG, "text/html")})
        assert answer.status_code == 303
        (address,) = re.findall(r'<img class="crest" src="([^"]+)"', (await client.get(PAGE)).text)
        picture = await client.get(address)
    assert picture.content == SVG
    assert picture.headers["content-type"] == "image/svg+xml"
    assert picture.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in picture.headers["content-security-policy"]
    assert picture.headers["cache-control"].startswith("private, max-age=31536000")
    async with as_(app, town, "pupil") as client:
        assert (await client.get(address)).status_code == 200
        assert address in (await client.get("/diary")).text
    async with browser(app) as client:
        assert (await client.get(address)).status_code == 303
    async with as_(app, town, "director") as client:
        elsewhere = address.replace(f"/{town.here.id}/", f"/{town.away.id}/")
        assert (await client.get(elsewhere)).status_code == 404
        await client.post(PAGE, data=PLAIN | {"drop_logo": "1"})
        assert (await client.get(address)).status_code == 404
        assert "crest" not in (await client.get("/office")).text


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (SVG.replace(b"<path", b"<script/><path"), "besides a picture: script"),
        (b"GIF89a", "no picture of a kind that can be a logo"),
        (SVG + b" " * 65536, "a logo may have up to 64 KB"),
    ],
)
async def test_what_is_no_logo_is_refused(
    app: Shell, town: Town, content: bytes, said: str
) -> None:
    async with as_(app, town, "director") as client:
        answer = await client.post(PAGE, data=PLAIN, files={"logo": ("l.svg", content)})
    assert answer.status_code == 422
    assert said in answer.text


async def test_the_page_tells_who_chose_what(app: Shell, town: Town) -> None:
    await save(app, town, theme="nauryz", accent="#0b3d91")
    same = await save(app, town, theme="nauryz", accent="#0b3d91")
    assert same.status_code == 303
    async with as_(app, town, "director") as client:
        await client.get("/office")
        text = (await client.get(PAGE)).text
    assert text.count("theme: Nauryz, main colour: #0b3d91") == 1


async def test_pages_ask_nothing_of_the_database_for_their_look(
    app: Shell, town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    await save(app, town, accent="#0b3d91")

    by_pages = []

    async def asked(ids: Collection[int] | None = None) -> dict[int, Appearance]:
        task = asyncio.current_task()
        if task is None or task.get_name() != "looks":  # which hears of what was saved
            by_pages.append(ids)
        return await school_looks(ids)

    monkeypatch.setattr(looks, "school_looks", asked)
    assert len(await sheets(app, town, "pupil", "/diary")) == 2
    assert by_pages == []


async def until_worn(school: int, ending: str) -> None:
    async with asyncio.timeout(5):
        while not looks.look_of(school, ())["sheet"].endswith(ending):  # noqa: ASYNC110
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("everything", [False, True], ids=["one school", "after a gap"])
async def test_a_change_of_another_process_is_heard(
    app: Shell, town: Town, everything: bool
) -> None:
    async with tenant(town.here.id, write=True) as tx:
        await set_appearance(tx, Appearance(accent="0b3d91"), None)
    assert looks.look_of(town.here.id, ())["sheet"] == ""
    await publish(looks.CHANNEL, RESYNC if everything else str(town.here.id))
    await until_worn(town.here.id, "/look1/0b3d91.css")


async def test_a_school_shows_its_own_look_only(app: Shell, town: Town) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await reference().execute("update core.school_look set theme = 'mine'")
    # Outside of a school there is none to show.
    before = await reference().fetchval("select count(*) from core.school_look")
    await reference().execute("select core.show_look()")
    assert await reference().fetchval("select count(*) from core.school_look") == before
