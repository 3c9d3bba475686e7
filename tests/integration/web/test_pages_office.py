"""Records and codes, modules, and the pages above schools: who sees what, and who may not."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime

import httpx
import pytest

from kundelik_core.identity.standing import account_states
from kundelik_core.kernel.clock import set_now
from kundelik_core.kernel.ids import new_id
from kundelik_core.web.middleware import Shell
from tests.factories import Factory
from tests.security.town import CHILD_AWAY, CHILD_HERE, HERE, Town, make_town
from tests.web import browser, open_session


@pytest.fixture(autouse=True)
def at_school() -> Iterator[None]:
    with set_now(datetime(2026, 11, 4, 8, 0, tzinfo=UTC)):
        yield


@pytest.fixture(scope="module")
async def town(factory: Factory) -> Town:
    return await make_town(factory)


def reader(app: Shell, token: str, lang: str = "en") -> httpx.AsyncClient:
    """Return a browser in which English was chosen: the accounts of the town are Kazakh."""
    client = browser(app, token=token)
    client.cookies.set("kundelik_lang", lang, domain="kundelik.test")
    return client


async def send(app: Shell, town: Town, role: str, path: str, method: str = "GET") -> httpx.Response:
    async with reader(app, await open_session(town.accounts[role])) as client:
        return await client.request(method, path)


def shown(text: str) -> set[str]:
    return set(re.findall(r'href="/office/people/([0-9a-f-]{36})"', text))


async def test_leaders_find_everyone(app: Shell, town: Town) -> None:
    found = shown((await send(app, town, "deputy", "/office/people")).text)
    here = town.here
    assert {str(p) for p in (*here.journal.pupils, *here.other.pupils)} <= found
    assert str(here.people["director"]) in found
    assert not {str(p) for p in town.away.journal.pupils} & found


async def test_a_homeroom_teacher_finds_the_own_class_with_its_parents(
    app: Shell, town: Town
) -> None:
    answer = await send(app, town, "homeroom", "/office/people")
    found = shown(answer.text)
    assert {str(p) for p in town.here.journal.pupils} <= found
    assert not {str(p) for p in town.here.other.pupils} & found
    assert "6 people" in answer.text  # three pupils, a guardian of each
    other = f"/office/people?class={town.here.other.school_class}"
    assert not shown((await send(app, town, "homeroom", other)).text)


async def test_a_psychologist_finds_families_but_no_staff(app: Shell, town: Town) -> None:
    found = shown((await send(app, town, "psychologist", "/office/people")).text)
    assert str(town.here.other.pupils[0]) in found
    assert str(town.here.people["director"]) not in found
    staff = await send(app, town, "psychologist", "/office/people?kind=staff")
    assert not shown(staff.text)


@pytest.mark.parametrize(
    ("typed", "stored"), [("абдр", "Әбдірахман"), ("ӘБДІ", "Әбдірахман"), ("гул", "Ғұлам")]
)
async def test_a_name_is_found_by_its_beginning_however_typed(
    app: Shell, factory: Factory, town: Town, typed: str, stored: str
) -> None:
    person = await factory.person(town.here.id, stored, "Айша", role="pupil")
    answer = await send(app, town, "admin", f"/office/people?q={typed}")
    if typed == "абдр":
        assert str(person) not in shown(answer.text)
    else:
        assert str(person) in shown(answer.text)
    by_given = await send(app, town, "admin", "/office/people?q=айш")
    assert str(person) in shown(by_given.text)


@pytest.mark.parametrize("typed", ["%", "_", "\\", "%25%25", "'", "<script>"])
async def test_signs_in_a_search_are_no_patterns(app: Shell, town: Town, typed: str) -> None:
    answer = await send(app, town, "admin", "/office/people?" + str(httpx.QueryParams(q=typed)))
    assert answer.status_code == 200
    assert "<script>alert" not in answer.text
    if typed == "<script>":
        assert 'value="<script>"' not in answer.text


async def test_a_login_is_found(app: Shell, town: Town, factory: Factory) -> None:
    login = f"find.{new_id().hex[-10:]}"
    person = await factory.person(town.here.id, "Іздеу", "Бір", role="teacher")
    await factory.account(login, memberships=[(town.here.id, person, "teacher")])
    found = shown((await send(app, town, "admin", f"/office/people?q={login}")).text)
    assert found == {str(person)}


@pytest.mark.parametrize("query", ["kind=nobody", "from=-1", "from=x", "from=99999999999"])
async def test_an_odd_query_does_no_harm(app: Shell, town: Town, query: str) -> None:
    assert (await send(app, town, "admin", f"/office/people?{query}")).status_code == 200


async def test_a_class_that_is_no_id_is_not_there(app: Shell, town: Town) -> None:
    assert (await send(app, town, "admin", "/office/people?class=5a")).status_code == 404


@pytest.mark.parametrize(
    ("role", "whose", "status"),
    [
        ("director", "here", 200), ("homeroom", "here", 200), ("psychologist", "here", 200),
        ("homeroom", "other", 404), ("director", "away", 404), ("teacher", "here", 403),
        ("parent", "here", 403), ("operator", "here", 403), ("homeroom", "boss", 404),
        ("psychologist", "boss", 404), ("deputy", "boss", 200),
    ],
)  # fmt: skip
async def test_who_opens_a_record(
    app: Shell, town: Town, role: str, whose: str, status: int
) -> None:
    person = {
        "here": town.here.journal.pupils[0],
        "other": town.here.other.pupils[0],
        "away": town.away.journal.pupils[0],
        "boss": town.here.people["director"],
    }[whose]
    answer = await send(app, town, role, f"/office/people/{person}")
    assert answer.status_code == status
    if whose == "here" and status == 200:
        assert CHILD_HERE in answer.text
        assert "Parents and guardians" in answer.text


async def test_a_code_is_given_shown_once_and_works(
    app: Shell, town: Town, factory: Factory
) -> None:
    pupil = town.here.journal.pupils[2]
    answer = await send(app, town, "homeroom", f"/office/people/{pupil}/code", "POST")
    assert answer.status_code == 200
    match = re.search(r'class="code">([A-Z0-9]{5}-[A-Z0-9]{5})<', answer.text)
    assert match
    assert "Valid for 60 days" in answer.text
    row = await factory.tenant.fetchrow(
        "select p.account_id, a.action, a.account_id as by from core.person p "
        "join core.audit_log a on a.school_id = p.school_id and a.entity_id = p.id::text "
        "where p.school_id = $1 and p.id = $2",
        town.here.id, pupil,
    )  # fmt: skip
    assert row is not None
    assert (row["action"], row["by"]) == ("account.code", town.accounts["homeroom"])
    again = await send(app, town, "homeroom", f"/office/people/{pupil}")
    assert match[1] not in again.text
    assert "A code was given out" in again.text
    password = "seven calm herons"
    async with browser(app) as client:
        done = await client.post(
            "/activate", data={"code": match[1], "password": password, "again": password}
        )
        assert done.status_code == 303
        assert (await client.get("/diary")).status_code == 200
    state = await account_states([row["account_id"]])
    assert next(iter(state.values())).has_password


@pytest.mark.parametrize(
    ("role", "whose", "status"),
    [
        ("homeroom", "guardian", 200), ("deputy", "teacher", 200), ("director", "director", 200),
        ("deputy", "director", 403), ("deputy", "admin", 403), ("psychologist", "pupil", 403),
        ("teacher", "pupil", 403), ("homeroom", "other", 404), ("director", "away", 404),
        ("operator", "pupil", 403),
    ],
)  # fmt: skip
async def test_who_may_give_a_code(
    app: Shell, town: Town, factory: Factory, role: str, whose: str, status: int
) -> None:
    guardian = await factory.tenant.fetchval(
        "select guardian_id from core.guardianship where school_id = $1 and pupil_id = $2",
        town.here.id, town.here.journal.pupils[0],
    )  # fmt: skip
    person = {
        "guardian": guardian,
        "pupil": town.here.journal.pupils[0],
        "teacher": town.here.journal.teacher,
        "director": town.here.people["director"],
        "admin": town.here.people["admin"],
        "other": town.here.other.pupils[0],
        "away": town.away.journal.pupils[0],
    }[whose]
    answer = await send(app, town, role, f"/office/people/{person}/code", "POST")
    assert answer.status_code == status
    assert ('class="code"' in answer.text) == (status == 200)


async def test_no_code_opens_what_somebody_is_elsewhere(
    app: Shell, town: Town, factory: Factory
) -> None:
    # The commuter is a parent here and directs another school.
    guardian = await factory.tenant.fetchval(
        "select guardian_id from core.guardianship where school_id = $1 and pupil_id = $2",
        town.here.id, town.here.journal.pupils[2],
    )  # fmt: skip
    await factory.tenant.execute(
        "update core.person set account_id = $3 where school_id = $1 and id = $2",
        town.here.id, guardian, town.accounts["commuter"],
    )  # fmt: skip
    for role in ("homeroom", "director"):
        answer = await send(app, town, role, f"/office/people/{guardian}/code", "POST")
        assert answer.status_code == 403
        assert "works in another school" in answer.text


async def test_a_school_switches_a_module_and_the_page_keeps_who_did(
    app: Shell, town: Town
) -> None:
    page = await send(app, town, "director", "/office/modules")
    assert "Pupils&#39; dates of birth." in page.text
    action = f"/office/modules/birthdays/on?school={town.here.id}"
    assert f'action="{action}"' in page.text
    for role in ("deputy", "teacher", "parent", "operator"):
        assert (await send(app, town, role, action, "POST")).status_code == 403
    away = f"/office/modules/birthdays/on?school={town.away.id}"
    assert (await send(app, town, "director", away, "POST")).status_code == 404
    assert (await send(app, town, "director", action, "POST")).status_code == 303
    text = (await send(app, town, "admin", "/office/modules")).text
    assert "Switch off for the school" in text
    assert "4 November, 13:00" in text
    assert f"{HERE} director" in text
    off = action.replace("/on?", "/off?")
    assert (await send(app, town, "admin", off, "POST")).status_code == 303
    assert "Switch on for the school" in (await send(app, town, "admin", "/office/modules")).text
    odd = action.replace("birthdays", "nothing")
    assert (await send(app, town, "admin", odd, "POST")).status_code == 404


async def test_the_operator_sees_schools_and_modules_but_nobody(app: Shell, town: Town) -> None:
    answer = await send(app, town, "operator", "/platform")
    assert answer.status_code == 200
    assert "birthdays" in answer.text
    assert "PostgreSQL" in answer.text
    assert CHILD_HERE not in answer.text
    for role in ("director", "region", "vendor", "parent"):
        assert (await send(app, town, role, "/platform")).status_code == 403


async def test_a_region_sees_sums_and_no_names(app: Shell, town: Town, factory: Factory) -> None:
    # A region that no other test fills with schools: the list shows fifty at a time.
    await factory.tenant.execute(
        "update core.school set region = 'KZ-33' where id = $1", town.here.id
    )
    await factory.directory.execute(
        "update directory.platform_role set region_code = 'KZ-33' where account_id = $1",
        town.accounts["region"],
    )
    answer = await send(app, town, "region", "/region")
    assert answer.status_code == 200
    assert f"{HERE} мектебі" in answer.text
    for name in (CHILD_HERE, CHILD_AWAY, "director"):
        assert name not in answer.text
    elsewhere = await factory.school(title="Басқа өңір мектебі")
    await factory.tenant.execute("update core.school set region = 'KZ-10' where id = $1", elsewhere)
    assert "Басқа өңір" not in (await send(app, town, "region", "/region")).text
    assert (await send(app, town, "region", "/region?code=KZ-10")).status_code == 404
    assert (await send(app, town, "region", "/region?code=KZ")).status_code == 404
    other = await send(app, town, "operator", "/region?code=KZ-10")
    assert "Басқа өңір" in other.text
    assert f"{HERE} мектебі" not in other.text
    for role in ("director", "vendor", "parent"):
        assert (await send(app, town, role, "/region")).status_code == 403


async def test_permissions_are_printed_with_ones_own_roles_marked(app: Shell, town: Town) -> None:
    text = (await send(app, town, "teacher", "/office/permissions")).text
    assert "Fill a journal" in text
    assert 'class="tag on">Teacher' in text
    assert 'class="tag on">Director' not in text


async def test_help_is_for_whoever_reads_it(app: Shell, town: Town) -> None:
    teacher = (await send(app, town, "teacher", "/help")).text
    parent = (await send(app, town, "parent", "/help")).text
    assert "Keys of the journal" in teacher
    assert "Keys of the journal" not in parent
    assert "Who sees a pupil&#39;s marks?" in parent
    assert "Read a diary" in parent
    assert "Switch modules" not in parent
