"""The notes of teachers, as the people of a school meet them."""

import re
from datetime import date
from uuid import UUID

import httpx
import pytest
from litestar import Response
from litestar.params import FromPath

from kundelik_core.kernel.db import tenant
from kundelik_core.plugins.actions import disable_plugin, enable_plugin, store_settings
from kundelik_core.plugins.life.running import Running
from kundelik_core.sdk import Student
from kundelik_core.web.middleware import Shell
from kundelik_core.web.modules import diary_slots, fills
from kundelik_core.web.routes import page
from kundelik_core.web.visit import Request, actor_of
from tests.factories import Factory
from tests.security.town import CHILD_HERE, Town
from tests.web import BASE, browser, open_session, running

WORDS = "Тақтада есепті өзі шығарды <b>!</b>"


async def send(
    app: Shell, town: Town, role: str, path: str, data: dict[str, str] | None = None,
    *, lang: str = "en", **headers: str,
) -> httpx.Response:  # fmt: skip
    token = await open_session(town.accounts[role])
    async with browser(app, token=token, **headers) as client:
        client.cookies.set("kundelik_lang", lang, domain="kundelik.test")
        if data is None:
            return await client.get(path)
        return await client.post(path, data=data)


async def turn(town: Town, host: Running, *, on: bool) -> None:
    by = town.here.people["director"]
    async with tenant(town.here.id, write=True) as tx:
        if on:
            await enable_plugin(tx, host.registry, "praise", by)
        else:
            await disable_plugin(tx, "praise", by)


async def settle(town: Town, **values: object) -> None:
    async with tenant(town.here.id, write=True) as tx:
        seen = await tx.fetchval(
            "select coalesce(max(s.version), 0) from core.school_plugin_settings s "
            "where s.school_id = $1 and s.plugin = 'praise'",
            town.here.id,
        )
        await store_settings(tx, "praise", values, seen, town.here.people["director"])


@pytest.fixture
async def child(town: Town, host: Running) -> UUID:
    await turn(town, host, on=True)
    await settle(town)
    return town.here.journal.pupils[0]


async def write(
    app: Shell, town: Town, role: str, child: UUID, body: str = WORDS, **more: str
) -> httpx.Response:
    return await send(
        app, town, role, f"/x/praise/write/{child}", {"kind": "praise", "body": body, **more}
    )


@pytest.mark.parametrize("role", ["teacher", "parent", "director", "pupil", "operator"])
async def test_a_school_without_the_module_has_no_such_page(
    app: Shell, town: Town, host: Running, role: str
) -> None:
    await turn(town, host, on=False)
    for path in ("/x/praise", "/x/praise/notes", "/x/nothing", "/x/nothing/at/all"):
        assert (await send(app, town, role, path)).status_code == 404
    assert (await write(app, town, role, town.here.journal.pupils[0])).status_code == 404
    assert "/x/praise" not in (await send(app, town, role, "/account")).text


async def test_a_teacher_writes_and_the_family_reads(app: Shell, town: Town, child: UUID) -> None:
    page = await send(app, town, "teacher", "/x/praise")
    assert page.status_code == 200
    assert f'href="/x/praise/write/{child}"' in page.text
    assert "has heard no praise for 30 days" in page.text or "have heard no praise" in page.text
    form = await send(app, town, "teacher", f"/x/praise/write/{child}")
    assert CHILD_HERE in form.text
    key = re.search(r'name="id" value="([0-9a-f-]{36})"', form.text)
    assert key
    group = str(town.here.journal.group)
    assert f'<option value="{group}">' in form.text
    for _twice in range(2):
        done = await write(app, town, "teacher", child, id=key[1], group=group)
        assert done.status_code == 303
        assert done.headers["location"] == f"/x/praise/notes?student={child}&done=written"
    for role in ("parent", "pupil"):
        notes = await send(app, town, role, "/x/praise/notes")
        assert notes.text.count("Тақтада есепті") == 1
        assert "&lt;b&gt;!&lt;/b&gt;" in notes.text
        assert "Take back" not in notes.text
    own = await send(app, town, "teacher", "/x/praise/notes")
    assert "What you have written" in own.text
    assert "Тақтада есепті" in own.text


@pytest.mark.parametrize(
    ("role", "status"),
    [
        ("teacher", 303), ("homeroom", 303), ("deputy", 303), ("director", 303),
        ("other_teacher", 404), ("psychologist", 403), ("pupil", 403), ("parent", 403),
        ("other_parent", 403), ("admin", 403), ("operator", 404), ("region", 404),
    ],
)  # fmt: skip
async def test_who_may_write_to_a_pupil(
    app: Shell, town: Town, child: UUID, role: str, status: int
) -> None:
    assert (await write(app, town, role, child)).status_code == status
    away = town.away.journal.pupils[0]
    assert (await write(app, town, role, away)).status_code in {403, 404}


@pytest.mark.parametrize(
    ("role", "status"),
    [
        ("parent", 200), ("pupil", 200), ("homeroom", 200), ("director", 200),
        ("psychologist", 200), ("teacher", 200), ("other_teacher", 404), ("other_parent", 404),
        ("admin", 403),
    ],
)  # fmt: skip
async def test_who_may_read_the_notes_to_a_pupil(
    app: Shell, town: Town, child: UUID, role: str, status: int
) -> None:
    assert (await write(app, town, "homeroom", child, "Сыныпқа көмектесті")).status_code == 303
    answer = await send(app, town, role, f"/x/praise/notes?student={child}")
    assert answer.status_code == status
    # A teacher of one subject reads what they wrote, not what others did.
    assert ("Сыныпқа көмектесті" in answer.text) == (status == 200 and role != "teacher")


async def test_what_does_not_fit_is_said_beside_the_field(
    app: Shell, town: Town, child: UUID
) -> None:
    for body, words in (("  ", "Write a few words."), ("ә" * 501, "This is too long")):
        answer = await write(app, town, "teacher", child, body)
        assert answer.status_code == 422
        assert words in answer.text
        assert body.strip() in answer.text
    assert (await write(app, town, "teacher", child, "ә" * 500)).status_code == 303
    answer = await write(app, town, "teacher", child, "x", kind="shout")
    assert answer.status_code == 422


async def test_a_school_decides_who_writes_and_what(app: Shell, town: Town, child: UUID) -> None:
    await settle(town, writers="homeroom", remarks=False, most_a_day=1)
    assert (await write(app, town, "teacher", child)).status_code == 404
    form = await send(app, town, "homeroom", f"/x/praise/write/{child}")
    assert 'value="remark"' not in form.text
    answer = await write(app, town, "homeroom", child, kind="remark")
    assert "Your school does not allow remarks." in answer.text
    await settle(town, most_a_day=1)
    await write(app, town, "deputy", child)
    answer = await write(app, town, "deputy", child)
    assert (answer.status_code, "the most your school allows" in answer.text) == (422, True)


async def test_a_note_is_taken_back_by_its_author_or_a_head(
    app: Shell, town: Town, child: UUID
) -> None:
    await write(app, town, "teacher", child, "Қайтарылатын сөз")
    page = await send(app, town, "teacher", "/x/praise/notes")
    before = page.text.index("Қайтарылатын сөз")
    found = re.search(r"/x/praise/(notes/[0-9a-f-]{36}/withdraw)", page.text[before:])
    assert found
    path = f"/x/praise/{found[1]}"
    for role, status in (("parent", 403), ("homeroom", 404), ("teacher", 303), ("teacher", 404)):
        assert (await send(app, town, role, path, {})).status_code == status
    assert "Қайтарылатын" not in (await send(app, town, "parent", "/x/praise/notes")).text


async def test_the_list_of_a_class_is_a_file_for_those_who_lead_it(
    app: Shell, town: Town, child: UUID
) -> None:
    await write(app, town, "homeroom", child, "=1+1")
    path = f"/x/praise/class/{town.here.journal.school_class}/notes.csv"
    for role, status in (("teacher", 404), ("parent", 403), ("homeroom", 200)):
        assert (await send(app, town, role, path)).status_code == status
    answer = await send(app, town, "director", path)
    assert answer.status_code == 200
    assert answer.headers["content-disposition"].startswith("attachment; filename=")
    assert "sandbox" in answer.headers["content-security-policy"]
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.text.startswith("\ufeffDay;Pupil;Kind;Text;Subject;Teacher")
    assert "'=1+1" in answer.text


async def test_classes_stand_in_the_kazakh_order(
    app: Shell, town: Town, child: UUID, factory: Factory
) -> None:
    letters = {town.here.journal.school_class: "Б", town.here.other.school_class: "Ә"}
    sql = "update core.school_class set letter = $3 where school_id = $1 and id = $2"
    kept = await factory.tenant.fetch(
        "select id, letter from core.school_class where school_id = $1 and id = any($2::uuid[])",
        town.here.id, list(letters),
    )  # fmt: skip
    for school_class, letter in letters.items():
        await factory.tenant.execute(sql, town.here.id, school_class, letter)
    tabs = (await send(app, town, "director", "/x/praise/")).text
    for row in kept:
        await factory.tenant.execute(sql, town.here.id, row["id"], row["letter"])
    assert 0 < tabs.index(" «Ә»") < tabs.index(" «Б»")


async def test_the_office_sees_numbers_on_a_pupils_card(
    app: Shell, town: Town, child: UUID
) -> None:
    await write(app, town, "homeroom", child, "Картада көрінбейтін сөз")
    answer = await send(app, town, "director", f"/office/people/{child}")
    assert "Praise and remarks" in answer.text
    assert "Картада" not in answer.text
    teacher = town.here.people["homeroom"]
    answer = await send(app, town, "director", f"/office/people/{teacher}")
    assert "Praise and remarks" not in answer.text


@pytest.mark.parametrize("lang", ["kk", "ru", "en"])
async def test_it_speaks_three_languages(app: Shell, town: Town, child: UUID, lang: str) -> None:
    title = {"kk": "Мақтау", "ru": "Похвала", "en": "Praise"}[lang]
    for role, path in (
        ("teacher", "/x/praise"), ("teacher", f"/x/praise/write/{child}"),
        ("parent", "/x/praise/notes"),
    ):  # fmt: skip
        answer = await send(app, town, role, path, lang=lang)
        assert answer.status_code == 200
        assert "%(" not in answer.text
        assert title in answer.text
        assert 'href="/x/praise" aria-current="page"' in answer.text


async def test_a_form_from_another_site_writes_nothing(app: Shell, town: Town, child: UUID) -> None:
    answer = await send(
        app, town, "teacher", f"/x/praise/write/{child}", {"kind": "praise", "body": "Бөтен"},
        **{"Sec-Fetch-Site": "cross-site"},
    )  # fmt: skip
    assert answer.status_code == 403
    assert "Бөтен" not in (await send(app, town, "parent", "/x/praise/notes")).text


async def test_somebody_of_two_schools_is_never_guessed(
    app: Shell, town: Town, host: Running, factory: Factory, child: UUID
) -> None:
    # The commuter is a parent here and directs a third school, where the module is on as well.
    account, own = town.accounts["commuter"], town.here.journal.pupils[2]
    row = await factory.directory.fetchrow(
        "select school_id, person_id from directory.account_school where account_id = $1", account
    )
    assert row
    third = row["school_id"]
    journal = await factory.journal(third)
    async with tenant(third, write=True) as tx:
        await enable_plugin(tx, host.registry, "praise", row["person_id"])
    first = await send(app, town, "commuter", "/x/praise/notes")
    assert first.status_code == 303
    assert first.headers["location"] == f"/x/praise/notes?school={min(town.here.id, third)}"
    here = await send(app, town, "commuter", f"/x/praise/notes?student={own}")
    assert here.headers["location"] == f"/x/praise/notes?student={own}&school={town.here.id}"
    page = await send(app, town, "commuter", here.headers["location"])
    assert page.status_code == 200
    assert f'href="/x/praise/notes?school={third}"' in page.text
    # What the work allows stays where the work is, whatever page the form stood on.
    path, body = "/x/praise/write/", {"kind": "praise", "body": "Жарайсың"}
    for student, school, status in (
        (journal.pupils[0], third, 303), (journal.pupils[0], town.here.id, 403),
        (child, third, 404), (child, town.here.id, 403), (child, town.away.id, 404),
    ):  # fmt: skip
        page_of = f"{BASE}/x/praise/write/{student}?school={school}"
        done = await send(app, town, "commuter", f"{path}{student}", body, Referer=page_of)
        assert done.status_code == status
    done = await send(app, town, "commuter", f"{path}{journal.pupils[0]}", body)
    assert done.headers["location"].endswith(f"&done=written&school={third}")
    away = await send(app, town, "teacher", f"/x/praise/notes?school={town.away.id}")
    assert away.status_code == 404


@page("/try/{child:uuid}/{monday:str}", access="signed-in")
async def week(request: Request, child: FromPath[UUID], monday: FromPath[str]) -> Response[bytes]:
    """Stand in for the diary: what modules show below a week."""
    school_id = actor_of(request).schools[0]
    student = Student(id=child, name="A")
    day = date.fromisoformat(monday)
    found = await diary_slots(request, school_id, student, day, "guardian")
    return Response("|".join(found).encode(), media_type="text/html")


async def test_the_diary_shows_the_notes_of_the_week(
    app: Shell, town: Town, host: Running, child: UUID
) -> None:
    await write(app, town, "teacher", child, "Осы аптаның сөзі", kind="remark")
    async with running(handlers=(week,)) as other:
        for monday, there in (("2026-11-02", True), ("2026-11-09", False), ("2026-10-26", False)):
            answer = await send(other, town, "parent", f"/try/{child}/{monday}")
            assert ("Осы аптаның сөзі" in answer.text) == there
            assert there or not answer.text
        await turn(town, host, on=False)
        assert (await send(other, town, "parent", f"/try/{child}/2026-11-02")).text == ""
    assert not fills("diary.week", await host.allowed.active(town.here.id))
