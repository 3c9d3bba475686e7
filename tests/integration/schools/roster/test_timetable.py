"""From a class list and a timetable to a mark that a parent reads; a week that changes later."""

import datetime as dt
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import NamedTuple
from uuid import UUID

import httpx
import pytest

from kundelik_core.gradebook.timetable_import import (
    Options,
    TimetableDone,
    apply_timetable,
    look_timetable,
)
from kundelik_core.kernel.audit import Doer
from kundelik_core.kernel.db import Databases, tenant
from kundelik_core.kernel.errors import Problem
from kundelik_core.kernel.ids import new_id
from kundelik_core.schools.actions import structure
from kundelik_core.schools.bells import load_bells
from kundelik_core.schools.calendar import load_national
from kundelik_core.schools.roster import open_source
from kundelik_core.schools.roster.apply import facts_of
from kundelik_core.schools.timetable_file import read_timetable
from kundelik_core.web.middleware import Shell
from tests.factories import Factory
from tests.web import browser, open_session, running

LIST = (
    "Тегі;Аты;Сынып;Туған күні;Анасы;Сынып жетекшісі\n"
    "Ахметов;Арман;5 «А»;01.03.2015;Ахметова Гүлнар;Серікова Дана\n"
    "Болатов;Лев;5 «А»;03.05.2015;;\n"
)
WEEK = (
    "Сынып;Апта күні;Сабақ;Пән;Мұғалім;Топ;Кабинет\n"
    "5 А;дүйсенбі;1;Математика;Серікова Дана;;12\n"
    "5 А;сәрсенбі;2;Математика;Серікова Дана;;12\n"
    "5 А;жұма;3;Информатика;Серікова Дана;1;21\n"
)
NOVEMBER = dt.date(2026, 11, 2)
OPTIONS = Options(year=2026, today=dt.date(2026, 11, 20), day=NOVEMBER)


class Office(NamedTuple):
    school: int
    client: httpx.AsyncClient
    app: Shell


@pytest.fixture
async def office(factory: Factory, databases: Databases, tmp_path: Path) -> AsyncIterator[Office]:
    school = await factory.school()
    async with tenant(school, write=True) as tx:
        await structure.open_year(tx, load_national(2026))
        await structure.write_bells(tx, load_bells("one-shift"), "kk")
    director = await factory.person(school, "Сапарова", "Дина", role="director")
    account = await factory.account(
        f"director.{school}", memberships=[(school, director, "director")]
    )
    token = await open_session(account)
    async with running(data_dir=tmp_path) as app, browser(app, token=token) as client:
        await client.get("/office/import?lang=en")
        yield Office(school, client, app)


async def bring(office: Office, content: str, **fields: str) -> str:
    """Send a file, say yes; give both pages."""
    look = await office.client.post(
        "/office/import", files={"file": ("list.csv", content.encode())}
    )
    assert look.status_code == 200, look.text
    token = re.search(r'name="token" value="([^"]+)"', look.text)
    assert token
    done = await office.client.post("/office/import/apply", data={"token": token[1], **fields})
    assert done.status_code == 200, done.text
    return look.text + done.text


async def person(factory: Factory, school: int, surname: str) -> tuple[UUID, UUID]:
    row = await factory.tenant.fetchrow(
        "select id, account_id from core.person where school_id = $1 and surname = $2",
        school, surname,
    )  # fmt: skip
    assert row is not None
    return row["id"], row["account_id"]


async def apply(school: int, text: str, options: Options = OPTIONS) -> TimetableDone:
    with open_source(text.encode(), name="week.csv") as source:
        file = read_timetable(source)
    return await apply_timetable(school, file, options, Doer(), facts_of(text.encode(), "w.csv"))


async def lessons(factory: Factory, school: int) -> list[tuple[str, dt.date, int]]:
    rows = await factory.tenant.fetch(
        "select s.code, l.date, l.slot from core.lesson l "
        "join core.teaching_group g on g.school_id = l.school_id and g.id = l.group_id "
        "join core.subject s on s.school_id = g.school_id and s.id = g.subject_id "
        "where l.school_id = $1 order by l.date, l.slot", school,
    )  # fmt: skip
    return [(row["code"], row["date"], row["slot"]) for row in rows]


async def test_from_two_lists_to_a_mark_in_the_diary(office: Office, factory: Factory) -> None:
    school = office.school
    await bring(office, LIST)
    pages = await bring(office, WEEK, **{"from": "2026-11-02"})
    assert "These groups begin without pupils" in pages
    part = re.findall(r'href="(/office/groups/[^"]+)"', pages)
    assert part
    assert (await office.client.get(part[0])).status_code == 200

    _, teacher = await person(factory, school, "Серікова")
    pupil, _ = await person(factory, school, "Ахметов")
    _, parent = await person(factory, school, "Ахметова")
    lesson = await factory.tenant.fetchrow(
        "select l.id, l.group_id from core.lesson l "
        "join core.teaching_group g on g.school_id = l.school_id and g.id = l.group_id "
        "where l.school_id = $1 and g.title = '5 «А»' and l.date = '2026-11-16'", school,
    )  # fmt: skip
    assert lesson is not None
    group = lesson["group_id"]
    async with browser(office.app, token=await open_session(teacher)) as client:
        journal = await client.get(f"/journal/{group}/q2")
        assert journal.status_code == 200, journal.text
        assert "Ахметов" in journal.text
        saved = await client.post(
            f"/api/v1/journal/{group}/cells",
            json={"changes": [{"id": str(new_id()), "column": str(lesson["id"]),
                               "pupil": str(pupil), "value": "9", "base": "", "reason": None}]},
        )  # fmt: skip
        assert saved.json()["results"][0]["state"] == "saved"
    async with browser(office.app, token=await open_session(parent)) as client:
        diary = await client.get(f"/diary/{pupil}/2026-W47")
        assert diary.status_code == 200
        assert "Математика" in diary.text
        assert re.search(r">\s*9\s*<", diary.text)


async def test_the_same_week_again_changes_nothing(office: Office, factory: Factory) -> None:
    await bring(office, LIST)
    first = await apply(office.school, WEEK)
    assert first.lessons > 60
    there = await lessons(factory, office.school)
    assert len(there) == first.lessons
    again = await apply(office.school, WEEK)
    assert not again.plan.has_changes
    assert (again.lessons, again.removed, again.moved) == (0, 0, 0)
    assert await lessons(factory, office.school) == there


async def test_the_page_lets_an_unchanged_week_count_from_an_earlier_day(
    office: Office, factory: Factory
) -> None:
    await bring(office, LIST)
    later = Options(year=2026, today=OPTIONS.today, day=dt.date(2026, 11, 16))
    await apply(office.school, WEEK, later)
    assert (await lessons(factory, office.school))[0][1] == dt.date(2026, 11, 16)
    page = await office.client.post("/office/import", files={"file": ("week.csv", WEEK.encode())})
    assert "the school has this very week" in page.text
    token = re.search(r'name="token" value="([^"]+)"', page.text)
    assert token
    fields = {"token": token[1], "from": "2026-11-02"}
    look = await office.client.post("/office/import/day", data=fields)
    assert "the school has this very week" not in look.text
    assert 'value="2026-11-02"' in look.text
    assert (await lessons(factory, office.school))[0][1] == dt.date(2026, 11, 16)
    done = await office.client.post("/office/import/apply", data=fields)
    assert done.status_code == 200
    assert (await lessons(factory, office.school))[0][1] == dt.date(2026, 11, 2)


async def test_two_classes_together_and_weeks_in_turn(office: Office, factory: Factory) -> None:
    school = office.school
    await bring(
        office,
        "Тегі;Аты;Сынып;Жынысы\nАхметова;Аида;5 А;қыз\nБолатов;Лев;5 А;ұл\n"
        "Ким;Яна;5 Ә;қыз\nПак;Ян;5 Ә;ұл\n",
    )
    await bring(office, "Аты-жөні;Лауазымы\nСерікова Дана;мұғалім\n")
    week = (
        "Сынып;Апта күні;Сабақ;Пән;Мұғалім;Топ;Апта\n"
        "5А, 5Ә;дүйсенбі;1;Дене шынықтыру;Серікова Дана;қыздар;\n"
        "5А;сәрсенбі;2;Музыка;Серікова Дана;;тақ\n"
    )
    done = await apply(school, week)
    assert not done.plan.empty_parts
    girls = await factory.tenant.fetch(
        "select p.surname, g.title from core.group_pupil x join core.person p "
        "on p.school_id = x.school_id and p.id = x.pupil_id join core.teaching_group g "
        "on g.school_id = x.school_id and g.id = x.group_id "
        "where x.school_id = $1 and g.title like '%,%' order by 1", school,
    )  # fmt: skip
    assert [tuple(row) for row in girls] == [
        ("Ахметова", "5 «А», 5 «Ә» (қыздар)"), ("Ким", "5 «А», 5 «Ә» (қыздар)"),
    ]  # fmt: skip
    music = [day for code, day, _ in await lessons(factory, school) if code == "music"]
    assert len(music) > 10
    # Weeks without lessons do not count, so that a break does not turn the weeks round.
    calendar = load_national(2026)
    assert {calendar.week_of(day).cycle for day in music} == {"A"}  # type: ignore[union-attr]
    assert (await apply(school, week)).plan.has_changes is False
    # A newcomer goes where the timetable says, by sex.
    await bring(office, "Тегі;Аты;Сынып;Жынысы\nЖаңа;Ай;5 Ә;қыз\nЖаңа;Күн;5 Ә;ұл\n")
    new = await factory.tenant.fetch(
        "select p.given from core.group_pupil x join core.person p "
        "on p.school_id = x.school_id and p.id = x.pupil_id "
        "where x.school_id = $1 and p.surname = 'Жаңа'", school,
    )  # fmt: skip
    assert [row["given"] for row in new] == ["Ай"]
    klass = await factory.tenant.fetchval(
        "select id from core.school_class where school_id = $1 and letter = 'А'", school
    )
    page = await office.client.get(f"/timetable/class/{klass}?week={calendar.weeks[11].iso}")
    assert "even week" in page.text
    odd = await office.client.get(f"/timetable/class/{klass}?week={calendar.weeks[12].iso}")
    assert "odd week" in odd.text
    out = await office.client.get("/office/import/sample?kind=week")
    with open_source(out.content, name="week.xlsx") as source:
        taken = read_timetable(source)
    assert [(one.classes, one.part, one.week) for one in taken.lines] == [
        (((5, "А"),), "", "A"), (((5, "А"), (5, "Ә")), "girls", ""),
    ]  # fmt: skip


async def test_a_look_writes_nothing(office: Office, factory: Factory) -> None:
    await bring(office, LIST)
    with open_source(WEEK.encode(), name="week.csv") as source:
        plan = await look_timetable(office.school, read_timetable(source), OPTIONS)
    assert (plan.counts["groups"].new, plan.counts["slots"].new) == (2, 3)
    assert await lessons(factory, office.school) == []


async def test_a_new_week_keeps_what_is_written(office: Office, factory: Factory) -> None:
    school = office.school
    await bring(office, LIST)
    await apply(school, WEEK)
    await factory.tenant.execute(
        "update core.lesson set topic = 'Бөлшектер' where school_id = $1 and date = '2026-12-02'",
        school,
    )
    december = Options(year=2026, today=OPTIONS.today, day=dt.date(2026, 12, 1))
    moved = WEEK.replace("сәрсенбі;2", "бейсенбі;4")
    done = await apply(school, moved, december)
    assert done.kept == 1
    after = await lessons(factory, school)
    wednesdays = [day for _, day, _ in after if day.isoweekday() == 3]
    assert max(wednesdays) == dt.date(2026, 12, 2)
    assert dt.date(2026, 11, 25) in wednesdays
    assert min(day for _, day, slot in after if slot == 4) == dt.date(2026, 12, 3)
    # Before the day all is as it was, and a second time nothing happens.
    assert (await apply(school, moved, december)).lessons == 0
    # Another teacher takes over, with the lessons that are still to come.
    other = await factory.person(school, "Нұрлан", "Ернар", role="teacher")
    taken = await apply(school, moved.replace("Серікова Дана;;", "Нұрлан Ернар;;"), december)
    assert taken.moved > 20
    who = await factory.tenant.fetch(
        "select distinct l.teacher_id from core.lesson l where l.school_id = $1 "
        "and l.date > '2026-12-02' and l.slot in (1, 4)", school,
    )  # fmt: skip
    assert [row["teacher_id"] for row in who] == [other]


async def test_a_closed_period_is_left_alone(office: Office, factory: Factory) -> None:
    await bring(office, LIST)
    await factory.tenant.execute(
        "update core.period set state = 'closed' where school_id = $1 and code = 'q1'",
        office.school,
    )
    early = Options(year=2026, today=OPTIONS.today, day=dt.date(2026, 9, 1))
    with pytest.raises(Problem) as caught:
        await apply(office.school, WEEK, early)
    assert caught.value.code == "period-closed"
    assert await lessons(factory, office.school) == []


@pytest.mark.parametrize("lang", ["kk", "ru", "en"])
async def test_an_empty_timetable_to_fill_in(office: Office, lang: str) -> None:
    await office.client.get(f"/office/import?lang={lang}")
    answer = await office.client.get("/office/import/sample?kind=timetable")
    assert answer.status_code == 200
    with open_source(answer.content, name="sample.xlsx") as source:
        assert len(read_timetable(source).lines) == 5
