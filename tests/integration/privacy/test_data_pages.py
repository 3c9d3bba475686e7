"""People see what is held about them and their children, take it along, and know who looked."""

import io
import json
import zipfile
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import httpx
import msgspec
import pytest

from kundelik_core.kernel.clock import set_now
from kundelik_core.kernel.db import tenant
from kundelik_core.kernel.ids import new_id
from kundelik_core.privacy.actions import settle
from kundelik_core.privacy.queries import looks_at
from kundelik_core.web.middleware import Shell
from tests.factories import Factory, Journal
from tests.web import browser, open_session

pytestmark = pytest.mark.usefixtures("at_school")


class Town(msgspec.Struct):
    """A class with a teacher, and a parent and a pupil who can sign in."""

    factory: Factory
    app: Shell
    journal: Journal
    teacher: httpx.AsyncClient
    parent: httpx.AsyncClient
    pupil: httpx.AsyncClient
    guardian: UUID

    @property
    def child(self) -> UUID:
        return self.journal.pupils[0]

    async def staff(self, role: str, *, homeroom: bool = False) -> httpx.AsyncClient:
        school = self.journal.school_id
        person = await self.factory.person(school, "Сейтова", "Дина", role=role, sex="f")
        if homeroom:
            await self.factory.tenant.execute(
                "update core.school_class set homeroom_id = $3 where school_id = $1 and id = $2",
                school, self.journal.school_class, person,
            )  # fmt: skip
        return await member(self.factory, self.app, school, person, role)


async def member(
    factory: Factory, app: Shell, school: int, person: UUID, role: str
) -> httpx.AsyncClient:
    account = await factory.account(
        f"{role}.{person.hex[-12:]}", memberships=[(school, person, role)]
    )
    return await signed_in(app, account)


async def signed_in(app: Shell, account: UUID) -> httpx.AsyncClient:
    made = browser(app, token=await open_session(account))
    made.cookies.set("kundelik_lang", "en", domain="kundelik.test")
    return made


@pytest.fixture
async def town(factory: Factory, app: Shell) -> Town:
    school = await factory.school(title="Мектеп-лицей")
    journal = await factory.journal(school)
    guardian = await factory.person(school, "Серікова", "Гүлнар", role="parent", sex="f")
    account = await factory.account(
        f"p.{guardian.hex[-12:]}", memberships=[(school, guardian, "parent")]
    )
    await factory.child(account, school, guardian, journal.pupils[0])
    return Town(
        factory=factory,
        app=app,
        journal=journal,
        teacher=await member(factory, app, school, journal.teacher, "teacher"),
        parent=await signed_in(app, account),
        pupil=await member(factory, app, school, journal.pupils[0], "pupil"),
        guardian=guardian,
    )


async def save(town: Town, value: str, base: str, reason: str | None = None) -> None:
    change = {
        "id": str(new_id()), "column": str(town.journal.lessons[0]), "pupil": str(town.child),
        "value": value, "base": base, "reason": reason,
    }  # fmt: skip
    address = f"/api/v1/journal/{town.journal.group}/cells"
    answer = await town.teacher.post(address, json={"changes": [change]})
    assert answer.json()["results"][0]["state"] == "saved", answer.text


async def copy_of(who: httpx.AsyncClient, address: str) -> dict[str, Any]:
    answer = await who.post(address, data={"format": "json"})
    assert answer.status_code == 200, answer.text
    assert "attachment" in answer.headers["content-disposition"]
    assert "no-store" in answer.headers["cache-control"]
    read: dict[str, Any] = json.loads(answer.content)
    return read


async def test_a_guardian_takes_along_what_is_held_about_the_child(town: Town) -> None:
    await save(town, "8", "", None)
    await save(town, "6", "8", "қате")
    deputy = await town.staff("deputy")
    assert (await deputy.get(f"/diary/{town.child}")).status_code == 200
    await settle()
    page = await town.parent.get(f"/account/data/{town.child}")
    assert page.status_code == 200
    assert "Сейтова Д." in page.text
    read = await copy_of(town.parent, f"/account/data/{town.child}")
    (place,) = read["places"]
    held = place["held"]
    assert place["place"] == "Мектеп-лицей"
    assert held["person"][0]["surname"] == "Оқушы00"
    assert [row["points"] for row in held["marks"]] == ["6"]
    assert [(row["old"], row["new"], row["reason"]) for row in held["history"]] == [
        ("", "8", None),
        ("8", "6", "қате"),
    ]
    assert held["history"][0]["by"] == "Оспанова Гүлнар"
    assert held["results"][0]["raw"] == "60"
    assert held["guardians"][0]["name"] == "Серікова Гүлнар"
    assert [(row["what"], row["by"]) for row in held["looks"]] == [("diary", "Сейтова Дина")]
    assert {"classes", "groups", "roles"} <= held.keys()
    # The copy itself is on record, too.
    assert "person.copy" in {row["action"] for row in held["changes"]}
    assert str(town.journal.pupils[1]) not in json.dumps(read)


async def test_the_archive_is_readable_in_the_reader_s_language(town: Town) -> None:
    await save(town, "8", "")
    answer = await town.parent.post(f"/account/data/{town.child}")
    assert answer.headers["content-type"] == "application/zip"
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        folder = f"school-{town.journal.school_id}"
        assert {"index.html", "data.json", f"{folder}/marks.csv"} <= set(archive.namelist())
        html = archive.read("index.html").decode()
        table = archive.read(f"{folder}/marks.csv").decode("utf-8-sig")
    assert "<h3>Marks</h3>" in html
    assert "Mathematics" in html
    assert not any(word in html for word in ("<script", "<link", "src=", "http"))
    assert table.splitlines()[0].startswith("Date,Subject,")
    assert ",8," in table.splitlines()[1]


async def test_everybody_takes_along_what_is_held_about_themselves(town: Town) -> None:
    for who in (town.parent, town.pupil, town.teacher):
        assert (await who.get("/account/data")).status_code == 200
    read = await copy_of(town.parent, "/account/data")
    account, school = read["places"]
    assert account["held"]["account"][0]["name"] == "Тест"
    assert account["held"]["logins"]
    assert "hash" not in json.dumps(account)
    assert school["held"]["person"][0]["surname"] == "Серікова"
    assert school["held"]["children"][0]["name"] == "Оқушы00 Айша"
    assert "marks" not in school["held"]
    taught = (await copy_of(town.teacher, "/account/data"))["places"][1]["held"]
    assert len(taught["lessons"]) == 6
    assert taught["teaching"][0]["subject"] == "Mathematics"


async def test_nobody_else_sees_a_child_s_data(town: Town) -> None:
    other = town.journal.pupils[1]
    deputy = await town.staff("deputy")
    for who, whose in (
        (town.parent, other), (town.pupil, other), (town.teacher, town.child),
        (deputy, town.child), (town.parent, new_id()),
    ):  # fmt: skip
        assert (await who.get(f"/account/data/{whose}")).status_code == 404
        assert (await who.post(f"/account/data/{whose}")).status_code == 404
    stranger = browser(town.app)
    assert (await stranger.post("/account/data")).status_code in {302, 303, 401}


async def test_a_guardianship_that_ended_closes_the_page_at_once(town: Town) -> None:
    address = f"/account/data/{town.child}"
    assert (await town.parent.get(address)).status_code == 200
    # The directory and the session still know the child; the school's own rows decide.
    await town.factory.tenant.execute(
        "update core.guardianship set to_date = $4 where school_id = $1 and pupil_id = $2 "
        "and guardian_id = $3",
        town.journal.school_id, town.child, town.guardian, date(2026, 11, 3),
    )  # fmt: skip
    assert (await town.parent.get(address)).status_code == 404
    assert (await town.parent.post(address)).status_code == 404


async def test_looks_of_the_staff_are_written_down_once_a_visit(
    town: Town, at_school: datetime
) -> None:
    homeroom = await town.staff("homeroom", homeroom=True)
    deputy = await town.staff("deputy")
    diary = f"/diary/{town.child}"
    for _ in range(3):
        assert (await homeroom.get(diary)).status_code == 200
        await settle()
    with set_now(at_school + timedelta(minutes=5)):
        assert (await homeroom.get(f"{diary}/marks")).status_code == 200
        assert (await deputy.get(f"/office/people/{town.child}")).status_code == 200
        await settle()
    with set_now(at_school + timedelta(minutes=31)):
        assert (await homeroom.get(diary)).status_code == 200
        await settle()
    # The family's own looks, and those that were refused, leave nothing.
    assert (await town.parent.get(diary)).status_code == 200
    assert (await town.pupil.get(diary)).status_code == 200
    assert (await town.teacher.get(diary)).status_code == 404
    await settle()
    async with tenant(town.journal.school_id) as tx:
        found = await looks_at(tx, town.child)
    assert found[0].at == at_school + timedelta(minutes=31)
    assert sorted((look.role, look.what) for look in found) == [
        ("deputy", "card"),
        ("homeroom", "diary"),
        ("homeroom", "diary"),
        ("homeroom", "marks"),
    ]


async def test_the_log_of_looks_only_grows(town: Town) -> None:
    school = town.journal.school_id
    for statement in (
        "update core.access_log set what = 'card' where school_id = $1",
        "delete from core.access_log where school_id = $1",
    ):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with tenant(school, write=True) as tx:
                await tx.execute(statement, school)


async def test_a_log_that_cannot_be_written_stops_no_page(
    town: Town, caplog: pytest.LogCaptureFixture
) -> None:
    deputy = await town.staff("deputy")
    constraint = "add constraint full_up check (at < '2000-01-01') not valid"
    await town.factory.tenant.execute(f"alter table core.access_log {constraint}")
    try:
        assert (await deputy.get(f"/diary/{town.child}")).status_code == 200
        await settle()
    finally:
        await town.factory.tenant.execute("alter table core.access_log drop constraint full_up")
    assert "was not written down" in caplog.text


async def test_the_account_says_that_the_diary_is_free(town: Town) -> None:
    page = await town.parent.get("/account")
    assert page.status_code == 200
    assert "The diary is free. Nothing here needs payment." in page.text
    assert 'href="/account/data"' in page.text
