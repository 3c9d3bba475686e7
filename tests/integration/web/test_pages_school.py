"""The pages of a school's day, each opened by those who may and by those who may not."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from uuid import UUID

import httpx
import pytest

from kundelik_core.kernel.clock import set_now
from kundelik_core.kernel.db import tenant
from kundelik_core.kernel.ids import new_id
from kundelik_core.plugins.actions import enable_plugin
from kundelik_core.web.middleware import Shell
from kundelik_core.web.modules import registry
from tests.factories import Factory
from tests.security.town import CHILD_HERE, HERE, Town, make_town
from tests.web import browser, open_session

WEDNESDAY = datetime(2026, 11, 4, 8, 0, tzinfo=UTC)  # 13:00 at the school


@pytest.fixture(autouse=True)
def at_school() -> Iterator[None]:
    with set_now(WEDNESDAY):
        yield


@pytest.fixture(scope="module")
async def town(factory: Factory) -> Town:
    return await make_town(factory)


def reader(app: Shell, token: str, lang: str = "en") -> httpx.AsyncClient:
    """Return a browser in which a language was chosen: the accounts of the town are Kazakh."""
    client = browser(app, token=token)
    client.cookies.set("kundelik_lang", lang, domain="kundelik.test")
    return client


async def get(app: Shell, town: Town, role: str, path: str, lang: str = "en") -> httpx.Response:
    token = await open_session(town.accounts[role])
    async with reader(app, token, lang) as client:
        return await client.get(path)


@pytest.mark.parametrize(
    ("role", "path"),
    [
        ("teacher", "/today"), ("director", "/office"), ("deputy", "/office"), ("admin", "/office"),
        ("pupil", "/diary"), ("parent", "/diary"), ("region", "/region"),
        ("operator", "/platform"), ("psychologist", "/today"),
    ],
)  # fmt: skip
async def test_everybody_begins_at_their_own_page(
    app: Shell, town: Town, role: str, path: str
) -> None:
    answer = await get(app, town, role, "/")
    assert (answer.status_code, answer.headers["location"]) == (303, path)


async def test_a_teachers_day_has_the_lesson_and_what_waits(app: Shell, town: Town) -> None:
    answer = await get(app, town, "teacher", "/today")
    assert answer.status_code == 200
    assert "Wednesday, 4 November" in answer.text
    group = town.here.journal.group
    assert f'href="/journal/{group}#c=2026-11-04"' in answer.text
    assert "08:00–08:45" in answer.text
    # All topics are filled; only the lesson of 3 November has a mark. Today's lesson is over.
    assert "2 November: no marks" in answer.text
    assert "3 November: no marks" not in answer.text
    assert "4 November: no marks" in answer.text


async def test_a_lesson_that_is_not_over_does_not_wait(app: Shell, town: Town) -> None:
    with set_now(datetime(2026, 11, 4, 3, 30, tzinfo=UTC)):  # 08:30
        answer = await get(app, town, "teacher", "/today")
    assert "4 November: no marks" not in answer.text
    assert 'class="now"' in answer.text


async def test_a_lesson_without_topic_waits(app: Shell, factory: Factory) -> None:
    school = await factory.school()
    journal = await factory.journal(school)
    account = await factory.account(
        f"t.{new_id().hex[-12:]}", memberships=[(school, journal.teacher, "teacher")]
    )
    async with reader(app, await open_session(account)) as client:
        text = (await client.get("/today")).text
    assert "2 November: no topic and no marks" in text


@pytest.mark.parametrize("role", ["pupil", "parent", "region", "operator", "vendor"])
@pytest.mark.parametrize(
    "path", ["/today", "/classes", "/office", "/office/people", "/office/permissions"]
)
async def test_staff_pages_are_closed_to_others(
    app: Shell, town: Town, role: str, path: str
) -> None:
    assert (await get(app, town, role, path)).status_code == 403


@pytest.mark.parametrize("role", ["teacher", "homeroom", "psychologist"])
async def test_the_office_is_for_leaders(app: Shell, town: Town, role: str) -> None:
    assert (await get(app, town, role, "/office")).status_code == 403
    assert (await get(app, town, role, "/office/modules")).status_code == 403


async def test_classes_are_listed_with_pupils_and_teacher(app: Shell, town: Town) -> None:
    answer = await get(app, town, "teacher", "/classes")
    assert "Grade 5" in answer.text
    assert f'href="/classes/{town.here.journal.school_class}"' in answer.text
    assert "3 pupils" in answer.text
    assert f"{HERE} homeroom" in answer.text


async def test_another_schools_class_is_not_there(app: Shell, town: Town) -> None:
    away = town.away
    for path in (
        f"/classes/{away.journal.school_class}",
        f"/classes?school={away.id}",
        f"/timetable/class/{away.journal.school_class}",
    ):
        assert (await get(app, town, "director", path)).status_code == 404, path


async def test_a_class_shows_records_to_those_who_lead_it_only(app: Shell, town: Town) -> None:
    path = f"/classes/{town.here.journal.school_class}"
    own = await get(app, town, "homeroom", path)
    assert own.status_code == 200
    assert CHILD_HERE in own.text
    diary = f'href="/diary/{town.here.journal.pupils[0]}"'
    assert diary in own.text
    assert diary in (await get(app, town, "director", path)).text
    other = await get(app, town, "other_teacher", path)
    assert CHILD_HERE in other.text
    assert diary not in other.text
    assert "no parent yet" not in other.text


async def test_pupils_stand_in_kazakh_order_with_who_left(app: Shell, factory: Factory) -> None:
    school = await factory.school()
    journal = await factory.journal(school, pupils=0)
    names = ["Іскаков", "Әбілов", "Абаев", "Ықсанов", "Қасымов", "Карпов"]
    for surname in names:
        person = await factory.person(school, surname, "Ер", role="pupil")
        left = date(2026, 10, 30) if surname == "Карпов" else None
        await factory.tenant.execute(
            "insert into core.class_pupil (school_id, class_id, pupil_id, from_date, to_date) "
            "values ($1, $2, $3, $4, $5)",
            school, journal.school_class, person, date(2026, 9, 1), left,
        )  # fmt: skip
    account = await factory.account(
        f"t.{new_id().hex[-12:]}", memberships=[(school, journal.teacher, "teacher")]
    )
    async with reader(app, await open_session(account)) as client:
        text = (await client.get(f"/classes/{journal.school_class}")).text
    order = sorted(names, key=text.index)
    assert order == ["Абаев", "Әбілов", "Карпов", "Қасымов", "Ықсанов", "Іскаков"]
    assert "left on 30 October" in text
    assert '<span class="tag">5</span>' in text


async def test_a_module_adds_to_the_class_of_the_school_that_switched_it_on(
    app: Shell, town: Town, factory: Factory
) -> None:
    assert "birthdays" in registry().loaded
    pupil = town.here.journal.pupils[0]
    await factory.tenant.execute(
        "update core.person set birth_date = $3 where school_id = $1 and id = $2",
        town.here.id, pupil, date(2015, 11, 6),
    )  # fmt: skip
    path = f"/classes/{town.here.journal.school_class}"
    assert "Birthday soon" not in (await get(app, town, "homeroom", path)).text
    async with tenant(town.here.id, write=True) as tx:
        await enable_plugin(tx, registry(), "birthdays", town.here.people["director"])
    # Being reminded is everybody's own matter.
    assert "Birthday soon" not in (await get(app, town, "homeroom", path)).text
    token = await open_session(town.accounts["homeroom"])
    async with reader(app, token) as client:
        assert "Reminds on the page of a class" in (await client.get("/account/modules")).text
        taken = f"/account/modules/{town.here.id}/birthdays"
        assert (await client.post(taken, data={"on": "1"})).status_code == 303
    answer = await get(app, town, "homeroom", path)
    assert "Birthday soon" in answer.text
    assert "2015" not in answer.text
    assert "день рождения" in (await get(app, town, "homeroom", path, "ru")).text
    assert "Birthday soon" not in (await get(app, town, "director", path)).text


async def test_the_office_names_what_waits(app: Shell, town: Town, factory: Factory) -> None:
    pupil, lesson = town.here.journal.pupils[0], town.here.journal.lessons[0]
    await factory.tenant.execute(
        "insert into core.absence (school_id, lesson_id, pupil_id, date, code, changed_at) "
        "values ($1, $2, $3, $4, 'absent_unexcused', $5) on conflict do nothing",
        town.here.id, lesson, pupil, town.here.journal.dates[0], WEDNESDAY,
    )  # fmt: skip
    answer = await get(app, town, "deputy", "/office")
    assert answer.status_code == 200
    assert "lessons not filled in" in answer.text
    assert "1 lesson missed without a reason" in answer.text
    assert f'href="/diary/{pupil}"' in answer.text
    assert "Pupils</a></dt><dd>6</dd>" in answer.text
    assert "/office/modules" not in answer.text
    assert "/office/modules" in (await get(app, town, "director", "/office")).text


@pytest.mark.parametrize("role", ["pupil", "parent", "teacher"])
async def test_ones_own_timetable(app: Shell, town: Town, role: str) -> None:
    answer = await get(app, town, role, "/timetable")
    assert answer.status_code == 200
    assert f"{HERE} title" in answer.text
    assert "08:00–08:45" in answer.text
    assert (await get(app, town, role, "/timetable?week=2026-W40")).text.count("08:00") == 0
    assert (await get(app, town, role, "/timetable?week=soon")).status_code == 404
    assert (await get(app, town, role, f"/timetable?of={new_id()}")).status_code == 404


async def test_a_timetable_says_what_is_cancelled_and_who_stands_in(
    app: Shell, factory: Factory
) -> None:
    school = await factory.school()
    journal = await factory.journal(school)
    other = await factory.person(school, "Бөтен", "Мұғалім", role="teacher")
    change = "update core.lesson set {} where school_id = $1 and id = $2"
    await factory.tenant.execute(change.format("status = 'cancelled'"), school, journal.lessons[0])
    await factory.tenant.execute(
        change.format(f"teacher_id = '{other}'"), school, journal.lessons[1]
    )
    boss = await factory.person(school, "Басшы", role="director")
    account = await factory.account(
        f"d.{new_id().hex[-12:]}", memberships=[(school, boss, "director")]
    )
    async with reader(app, await open_session(account)) as client:
        text = (await client.get(f"/timetable/class/{journal.school_class}")).text
    # Once in the grid and once in the list for phones.
    assert text.count("Cancelled") == 2
    assert text.count("Substitution") == 2
    assert "Бөтен М." in text


@pytest.mark.parametrize("role", ["pupil", "parent", "teacher", "psychologist", "director"])
async def test_a_classs_timetable_is_open_to_its_school(app: Shell, town: Town, role: str) -> None:
    path = f"/timetable/class/{town.here.journal.school_class}"
    assert (await get(app, town, role, path)).status_code == 200


@pytest.mark.parametrize("role", ["region", "operator", "vendor"])
async def test_a_timetable_is_closed_to_those_above(app: Shell, town: Town, role: str) -> None:
    assert (await get(app, town, role, "/timetable")).status_code == 403


async def test_homework_of_the_coming_days(app: Shell, town: Town) -> None:
    child: UUID = town.here.journal.pupils[0]
    answer = await get(app, town, "parent", "/homework")
    assert answer.status_code == 200
    assert f"{HERE} homework" in answer.text
    assert "for tomorrow" in answer.text
    assert "Monday, 2 November" not in answer.text
    assert (await get(app, town, "parent", f"/homework/{child}")).status_code == 200
    for role, path in (
        ("parent", f"/homework/{town.here.journal.pupils[1]}"),
        ("pupil", f"/homework/{town.away.journal.pupils[0]}"),
    ):
        assert (await get(app, town, role, path)).status_code == 404
    assert (await get(app, town, "teacher", "/homework")).status_code == 403


@pytest.mark.parametrize("lang", ["kk", "ru", "en"])
@pytest.mark.parametrize(
    ("role", "path"),
    [
        ("teacher", "/today"), ("teacher", "/classes"), ("teacher", "/help"),
        ("parent", "/help"), ("parent", "/homework"), ("parent", "/timetable"),
        ("director", "/office"), ("director", "/office/people"), ("director", "/office/modules"),
        ("director", "/office/permissions"), ("operator", "/platform"), ("region", "/region"),
        ("teacher", "/help/keys"),
    ],
)  # fmt: skip
async def test_every_page_speaks_three_languages(
    app: Shell, town: Town, role: str, path: str, lang: str
) -> None:
    answer = await get(app, town, role, path, lang)
    assert answer.status_code == 200
    assert f'<html lang="{lang}"' in answer.text
    # A template that forgot to fill a placeholder in.
    assert "%(" not in answer.text


async def test_on_a_free_day_the_next_lessons_are_shown(app: Shell, town: Town) -> None:
    with set_now(datetime(2026, 11, 7, 6, 0, tzinfo=UTC)):
        text = (await get(app, town, "teacher", "/today")).text
    assert "Saturday, 7 November" in text
    assert "Monday, 9 November" in text
    assert "These are your next lessons." in text
    assert f'href="/journal/{town.here.journal.group}#c=2026-11-09"' in text
