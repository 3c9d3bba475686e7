"""The search of the top line: who has it, what it finds for whom, and that all of it opens."""

import html
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime

import httpx
import pytest

from kundelik_core.kernel.clock import set_now
from kundelik_core.kernel.ids import new_id
from kundelik_core.web.middleware import Shell
from tests.factories import Factory
from tests.security.town import CHILD_AWAY, CHILD_HERE, HERE, Town, make_town
from tests.web import browser, open_session

WEDNESDAY = datetime(2026, 11, 4, 8, 0, tzinfo=UTC)
STAFF = ("teacher", "homeroom", "deputy", "director", "admin", "psychologist")
BOX = 'action="/search"'


@pytest.fixture(autouse=True)
def at_school() -> Iterator[None]:
    with set_now(WEDNESDAY):
        yield


@pytest.fixture(scope="module")
async def town(factory: Factory) -> Town:
    return await make_town(factory)


async def get(
    app: Shell, town: Town, role: str, path: str, q: str | None = None, lang: str = "en"
) -> httpx.Response:
    token = await open_session(town.accounts[role])
    async with browser(app, token=token) as client:
        client.cookies.set("kundelik_lang", lang, domain="kundelik.test")
        return await client.get(path, params={} if q is None else {"q": q})


def found(page: httpx.Response) -> dict[str, list[str]]:
    """Return the lines of each kind by its heading."""
    assert page.status_code == 200, page.text
    kinds = {}
    for part in page.text.split('<section class="card flush">')[1:]:
        title = re.search(r"<h2>([^<]+)</h2>", part)
        assert title
        lines = re.findall(r'<span class="grow">(?:<a href="[^"]+">)?([^<]+)<', part)
        kinds[title[1]] = [html.unescape(line) for line in lines]
    return kinds


def addresses(page: httpx.Response) -> list[str]:
    body = page.text.partition('<main id="main"')[2]
    return [html.unescape(one) for one in re.findall(r'<a [^>]*href="(/[^"]*)"', body)]


@pytest.mark.parametrize("role", STAFF)
async def test_staff_have_the_box_on_every_page(app: Shell, town: Town, role: str) -> None:
    assert BOX in (await get(app, town, role, "/classes")).text
    assert (await get(app, town, role, "/search")).text.count(BOX) == 1


@pytest.mark.parametrize("role", ["pupil", "parent", "operator", "region", "vendor"])
async def test_nobody_else_has_it(app: Shell, town: Town, role: str) -> None:
    assert BOX not in (await get(app, town, role, "/account")).text
    assert (await get(app, town, role, "/search", "аб")).status_code == 403


@pytest.mark.parametrize(
    ("q", "says"),
    [
        (None, "Whom or what do you look for?"), ("", "Whom or what do you look for?"),
        ("  ", "Whom or what do you look for?"), ("а", "Type at least two letters"),
        ("%", "Type at least two letters"), ("жоқадам", "Nothing found"),
        ("12345678901234567890", "Nothing found"), ("x" * 500, "Nothing found"),
    ],
)  # fmt: skip
async def test_what_is_said_where_nothing_is_found(
    app: Shell, town: Town, q: str | None, says: str
) -> None:
    page = await get(app, town, "director", "/search", q)
    assert page.status_code == 200
    assert says in page.text


@pytest.mark.parametrize("role", STAFF)
@pytest.mark.parametrize("q", [CHILD_HERE, HERE, "5", "5 а", "матем", "гү"])
async def test_all_that_is_found_opens(app: Shell, town: Town, role: str, q: str) -> None:
    page = await get(app, town, role, "/search", q)
    for address in addresses(page):
        path, _, query = address.partition("?q=")
        answer = await get(app, town, role, path, query or None)
        assert answer.status_code == 200, (address, answer.status_code)
    assert CHILD_AWAY not in page.text


async def test_what_a_leader_finds(app: Shell, town: Town) -> None:
    kinds = found(await get(app, town, "director", "/search", CHILD_HERE))
    assert kinds.keys() == {"Pupils", "Parents and guardians"}
    assert "Classes" in found(await get(app, town, "director", "/search", "5"))


async def test_a_teacher_finds_pupils_but_no_records(app: Shell, town: Town) -> None:
    page = await get(app, town, "teacher", "/search", CHILD_HERE)
    assert found(page).keys() == {"Pupils"}
    assert not [one for one in addresses(page) if one.startswith(("/diary", "/office"))]


async def test_a_homeroom_teacher_finds_the_families_of_the_class(app: Shell, town: Town) -> None:
    page = await get(app, town, "homeroom", "/search", CHILD_HERE)
    assert found(page).keys() == {"Pupils", "Parents and guardians"}
    assert [one for one in addresses(page) if one.startswith("/diary/")]


async def test_nobody_finds_the_other_school(app: Shell, town: Town) -> None:
    for role in STAFF:
        page = await get(app, town, role, "/search", CHILD_AWAY)
        assert "Nothing found" in page.text


async def test_names_are_text(app: Shell, town: Town, factory: Factory) -> None:
    odd = await factory.person(town.here.id, "Тесттегі <b>x</b>", "A&B", role="pupil")
    page = await get(app, town, "director", "/search", "тесттегі")
    assert "Тесттегі &lt;b&gt;x&lt;/b&gt; A&amp;B" in page.text
    assert f"/diary/{odd}" in page.text
    typed = await get(app, town, "director", "/search", '"><script>x</script>')
    assert "<script>x" not in typed.text


async def test_more_than_a_page_is_said(app: Shell, town: Town, factory: Factory) -> None:
    for number in range(21):
        await factory.person(town.here.id, "Көпшілік", f"Бала{number}", role="pupil")
    page = await get(app, town, "director", "/search", "копшилик")
    assert len(found(page)["Pupils"]) == 20
    assert "There are more. Type more letters to see them." in page.text
    assert "Many people have such a name" not in page.text


async def test_it_speaks_three_languages(app: Shell, town: Town) -> None:
    for lang, says in (("kk", "Ештеңе табылмады"), ("ru", "Ничего не найдено")):
        assert says in (await get(app, town, "teacher", "/search", "жоқадам", lang)).text


async def test_who_left_is_in_the_list_of_people(app: Shell, town: Town, factory: Factory) -> None:
    left = await factory.person(town.here.id, "Кеткенов", "Бір")
    await factory.tenant.execute(
        "insert into core.membership (school_id, id, person_id, role, from_date, to_date) "
        "values ($1, $2, $3, 'pupil', $4, $5)",
        town.here.id, new_id(), left, date(2025, 9, 1), date(2026, 5, 25),
    )  # fmt: skip
    page = await get(app, town, "director", "/search", "кеткен")
    assert "Nothing found" in page.text
    (link,) = [one for one in addresses(page) if one.startswith("/office/people?")]
    assert "Кеткенов" in (await get(app, town, "director", link)).text
