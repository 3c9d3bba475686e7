"""A list of the staff by the page: a deputy brings it, slips open the accounts, twice is once."""

import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import NamedTuple

import httpx
import pytest

from kundelik_core.kernel.db import Databases
from kundelik_core.schools.roster import read_roster
from kundelik_core.web.middleware import Shell
from tests.factories import Factory
from tests.web import browser, open_session, running

STAFF = (
    "ФИО;Должность;Классное руководство;Телефон\n"
    "Ким Анна Львовна;учитель, классный руководитель;5 А;8 701 123 45 67\n"
    "Пак Лев;педагог-психолог;;\n"
    "Ли Яна;директор;;\n"
    "Цой Ян;учитель, завуч;;\n"
).encode("cp1251")


class Office(NamedTuple):
    school: int
    client: httpx.AsyncClient
    app: Shell


@pytest.fixture
async def office(factory: Factory, databases: Databases, tmp_path: Path) -> AsyncIterator[Office]:
    school = await factory.school()
    deputy = await factory.person(school, "Сапарова", "Дина", role="deputy")
    account = await factory.account(f"deputy.{school}", memberships=[(school, deputy, "deputy")])
    async with (
        running(data_dir=tmp_path) as app,
        browser(app, token=await open_session(account)) as client,
    ):
        await client.get("/office/import?lang=en")
        yield Office(school, client, app)


async def bring(office: Office, content: bytes, name: str = "staff.csv") -> tuple[str, str]:
    look = await office.client.post("/office/import", files={"file": (name, content)})
    assert look.status_code == 200, look.text
    token = re.search(r'name="token" value="([^"]+)"', look.text)
    assert token
    done = await office.client.post("/office/import/apply", data={"token": token[1]})
    assert done.status_code == 200, done.text
    return look.text, done.text


async def roles(factory: Factory, school: int) -> list[tuple[str, str]]:
    rows = await factory.tenant.fetch(
        "select p.surname, m.role from core.membership m join core.person p "
        "on p.school_id = m.school_id and p.id = m.person_id where m.school_id = $1 order by 1, 2",
        school,
    )
    return [(row["surname"], row["role"]) for row in rows]


async def test_a_deputy_brings_the_staff_and_nobody_above(office: Office, factory: Factory) -> None:
    look, done = await bring(office, STAFF)
    assert "Staff list" in look
    assert "above your own" in look
    expected = [
        ("Ким", "homeroom"), ("Ким", "teacher"), ("Пак", "psychologist"), ("Сапарова", "deputy"),
        ("Цой", "teacher"),
    ]  # fmt: skip
    assert await roles(factory, office.school) == expected
    assert 'action="/office/import/slips' in done
    look, done = await bring(office, STAFF)
    assert "Nothing had to be changed" in done or "Apply the rows" not in look
    assert await roles(factory, office.school) == expected
    phone = await factory.tenant.fetchval(
        "select phone from core.person where school_id = $1 and surname = 'Ким'", office.school
    )
    assert phone == "+77011234567"


async def test_slips_for_the_staff_and_for_a_class(office: Office, factory: Factory) -> None:
    await bring(office, STAFF)
    lists = "Тегі;Аты;Сынып;Анасы\nАхметов;Арман;5 А;Ахметова Гүлнар\n"
    await bring(office, lists.encode(), "5a.csv")
    page = (await office.client.post("/office/import/slips", data={"who": "staff"})).text
    names = re.findall(r'<section class="card slip">.*?<h2>(.*?)</h2>', page, re.DOTALL)
    assert names == ["Ким Анна Львовна", "Пак Лев", "Цой Ян"]
    code = re.findall(r'<b class="code">([^<]+)</b>', page)[0]
    async with browser(office.app) as stranger:
        fields = {"code": code, "password": "three quiet camels", "again": "three quiet camels"}
        opened = await stranger.post("/activate", data=fields)
        assert opened.status_code in {200, 303}
    # Who has chosen a password gets no further slip.
    page = (await office.client.post("/office/import/slips", data={"who": "staff"})).text
    assert "Ким Анна" not in page
    klass = await factory.tenant.fetchval(
        "select id from core.school_class where school_id = $1", office.school
    )
    page = (await office.client.post("/office/import/slips", data={"who": str(klass)})).text
    assert re.findall(r"<h2>(.*?)</h2>", page)[:2] == ["Ахметов Арман", "Ахметова Гүлнар"]
    assert "Parent: Ахметов Арман" in page
    traced = await factory.tenant.fetchval(
        "select count(*) from core.audit_log where school_id = $1 and action = 'account.code'",
        office.school,
    )
    assert traced == 3 + 2 + 2


async def test_a_deputy_gets_no_code_of_the_director(office: Office, factory: Factory) -> None:
    director = await factory.person(office.school, "Ли", "Яна", role="director")
    await factory.account(
        f"director.{office.school}", memberships=[(office.school, director, "director")]
    )
    page = (await office.client.post("/office/import/slips", data={"who": "staff"})).text
    assert 'class="code"' not in page
    wrong = await office.client.post("/office/import/slips", data={"who": "everybody"})
    assert wrong.status_code == 404


@pytest.mark.parametrize("lang", ["kk", "ru", "en"])
async def test_an_empty_staff_list_to_fill_in(office: Office, lang: str) -> None:
    await office.client.get(f"/office/import?lang={lang}")
    answer = await office.client.get("/office/import/sample?kind=staff")
    assert answer.status_code == 200
    assert read_roster(answer.content, name="sample.xlsx").format == "staff-list"
