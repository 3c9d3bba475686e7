"""The journal and the diary through the door that browsers use."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import httpx
import msgspec
import pytest

from kundelik_core.kernel.clock import set_now
from kundelik_core.kernel.db import tenant
from kundelik_core.kernel.ids import new_id
from kundelik_core.web.middleware import Shell
from tests.factories import Factory, Journal
from tests.web import browser, open_session

pytestmark = pytest.mark.usefixtures("at_school")


class Town(msgspec.Struct):
    """A journal with a teacher, a pupil and a parent who can sign in."""

    journal: Journal
    teacher: httpx.AsyncClient
    parent: httpx.AsyncClient
    pupil: httpx.AsyncClient

    @property
    def api(self) -> str:
        return f"/api/v1/journal/{self.journal.group}"


async def client(app: Shell, account: UUID, lang: str = "ru") -> httpx.AsyncClient:
    made = browser(app, token=await open_session(account))
    made.cookies.set("kundelik_lang", lang, domain="kundelik.test")
    return made


async def member(
    factory: Factory, app: Shell, school: int, person: UUID, role: str
) -> httpx.AsyncClient:
    login = f"{role}.{person.hex[-12:]}"
    return await client(app, await factory.account(login, memberships=[(school, person, role)]))


@pytest.fixture
async def town(factory: Factory, app: Shell) -> Town:
    school = await factory.school()
    journal = await factory.journal(school)
    guardian = await factory.person(school, "Серікова", "Гүлнар", role="parent", sex="f")
    account = await factory.account(
        f"p.{guardian.hex[-12:]}", memberships=[(school, guardian, "parent")]
    )
    await factory.child(account, school, guardian, journal.pupils[0])
    return Town(
        journal=journal,
        teacher=await member(factory, app, school, journal.teacher, "teacher"),
        parent=await client(app, account),
        pupil=await member(factory, app, school, journal.pupils[0], "pupil"),
    )


def cell(town: Town, value: str, base: str = "", *, pupil: int = 0, lesson: int = 0) -> Any:
    return {
        "id": str(new_id()),
        "column": str(town.journal.lessons[lesson]),
        "pupil": str(town.journal.pupils[pupil]),
        "value": value,
        "base": base,
        "reason": None,
    }


async def save(town: Town, *cells: Any) -> Any:
    answer = await town.teacher.post(f"{town.api}/cells", json={"changes": cells})
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_what_a_teacher_types_the_parent_reads(town: Town) -> None:
    saved = await save(town, cell(town, "8"), cell(town, "н", pupil=1))
    assert [r["state"] for r in saved["results"]] == ["saved", "saved"]
    row = saved["computed"][str(town.journal.pupils[0])]
    assert (row["cells"][0], row["percent"], row["mark"]) == ("80,0", "80,0", "4")
    page = await town.teacher.get(f"/journal/{town.journal.group}")
    assert page.status_code == 200
    assert "<td>8<td>" in page.text.replace("\n", "")
    assert "<td>н<td>" in page.text.replace("\n", "")
    for address in ("/diary", f"/diary/{town.journal.pupils[0]}/2026-W45"):
        diary = await town.parent.get(address)
        assert diary.status_code == 200
        assert '<span class="mk m">8</span>' in diary.text
        assert "80,0 %" in diary.text
        assert "Quarter 2, week 1" in diary.text or "2 четверть" in diary.text
    assert (await town.pupil.get("/diary")).status_code == 200


async def test_marks_of_the_year_and_of_a_subject(town: Town) -> None:
    await save(town, cell(town, "8"))
    await save(town, cell(town, "9", "8"))
    base = f"/diary/{town.journal.pupils[0]}/marks"
    year = await town.parent.get(base)
    assert year.status_code == 200
    assert f'href="{base}/{town.journal.group}/q2"' in year.text
    subject = await town.parent.get(f"{base}/{town.journal.group}/q2")
    assert subject.status_code == 200
    assert "4.11: 8 → 9" in subject.text
    assert "9/10 → 90,0 %" in subject.text


@pytest.mark.parametrize("tail", ["", "/2026-W45", "/marks", "/2026-W99", "/2026-W00"])
async def test_somebody_elses_child_is_not_there(town: Town, tail: str) -> None:
    for who in (town.parent, town.pupil):
        answer = await who.get(f"/diary/{town.journal.pupils[1]}{tail}")
        assert answer.status_code == 404
    answer = await town.parent.post(f"/diary/{town.journal.pupils[1]}/seen")
    assert answer.status_code == 404


async def test_families_do_not_open_journals(town: Town) -> None:
    for who in (town.parent, town.pupil):
        assert (await who.get(f"/journal/{town.journal.group}")).status_code in {403, 404}
        answer = await who.post(f"{town.api}/cells", json={"changes": [cell(town, "9")]})
        assert answer.status_code in {403, 404}


async def test_the_staff_reads_what_concerns_it(factory: Factory, app: Shell, town: Town) -> None:
    school = town.journal.school_id
    diary = f"/diary/{town.journal.pupils[0]}"
    page = f"/journal/{town.journal.group}/q2"
    homeroom = await factory.person(school, role="homeroom")
    await factory.tenant.execute(
        "update core.school_class set homeroom_id = $3 where school_id = $1 and id = $2",
        school, town.journal.school_class, homeroom,
    )  # fmt: skip
    other = await factory.person(school, role="teacher")
    seen = {}
    for role, person in (("deputy", None), ("homeroom", homeroom), ("teacher", other)):
        who = await member(
            factory, app, school, person or await factory.person(school, role=role), role
        )
        post = await who.post(f"{town.api}/cells", json={"changes": [cell(town, "9")]})
        codes = [(await who.get(address)).status_code for address in (diary, page)]
        seen[role] = (*codes, post.status_code)
    assert seen["deputy"] == (200, 200, 403)
    assert seen["homeroom"] == (200, 200, 403)
    assert seen["teacher"] == (404, 404, 404)


async def test_a_parent_of_two_schools_has_both_children_one_tap_apart(
    factory: Factory, app: Shell, town: Town
) -> None:
    second = await factory.school(title="№4 мектеп")
    there = await factory.journal(second)
    account = await factory.account(f"two.{new_id().hex[-12:]}")
    for journal, name in ((town.journal, "Айша"), (there, "Ерлан")):
        guardian = await factory.person(journal.school_id, "Серік", "Гүл", role="parent")
        await factory.child(account, journal.school_id, guardian, journal.pupils[0], name)
    who = await client(app, account)
    for journal in (town.journal, there):
        page = await who.get(f"/diary/{journal.pupils[0]}")
        assert page.status_code == 200
        assert "Айша<small>№1 мектеп</small>" in page.text
        assert "Ерлан<small>№4 мектеп</small>" in page.text


async def test_a_guardian_whose_time_is_over_reads_nothing(factory: Factory, town: Town) -> None:
    await factory.tenant.execute(
        "update core.guardianship set to_date = $2 where school_id = $1",
        town.journal.school_id, date(2026, 11, 1),
    )  # fmt: skip
    assert (await town.parent.get("/diary")).status_code == 404


async def test_new_since_the_last_look(town: Town, at_school: datetime) -> None:
    address = f"/diary/{town.journal.pupils[0]}"
    assert (await town.parent.post(f"{address}/2026-W45/seen")).status_code == 303
    await save(town, cell(town, "8"))
    page = await town.parent.get(address)
    assert 'class="since note"' not in page.text
    with set_now(at_school + timedelta(minutes=1)):
        await save(town, cell(town, "9", lesson=1))
        page = await town.parent.get(address)
    assert 'class="since note"' in page.text
    assert 'class="mk h new">9' in page.text
    assert 'class="mk m">8' in page.text


async def test_others_changes_are_told_and_ones_own_are_not(
    factory: Factory, app: Shell, town: Town
) -> None:
    deputy = await member(
        factory, app, town.journal.school_id,
        await factory.person(town.journal.school_id, role="deputy"), "deputy",
    )  # fmt: skip
    address = f"{town.api}/q2/changes?since=0"
    empty = (await deputy.get(address)).json()
    assert empty["cells"] == []
    await save(town, cell(town, "8"), cell(town, "б", pupil=1))
    told = (await deputy.get(f"{town.api}/q2/changes?since={empty['cursor']}")).json()
    assert sorted(c["value"] for c in told["cells"]) == ["8", "б"]
    assert told["computed"][str(town.journal.pupils[0])]["mark"] == "4"
    assert told["cells"][0]["by"] == "Оспанова Гүлнар"
    assert (await town.teacher.get(address)).json()["cells"] == []
    assert (await deputy.get(f"{town.api}/q2/changes?since=x")).status_code == 400


async def test_history_speaks_the_readers_language(town: Town) -> None:
    await save(town, cell(town, "8 о"))
    address = f"{town.api}/cells/{town.journal.lessons[0]}/{town.journal.pupils[0]}/history"
    (entry,) = (await town.teacher.get(address)).json()["entries"]
    assert (entry["old"], entry["new"], entry["at"]) == ("", "8 о", "2026-11-04T13:00:00+05:00")
    (entry,) = (await town.teacher.get(f"{address}?lang=kk")).json()["entries"]
    assert entry["new"] == "8 к"


async def test_topic_and_homework_and_two_writers(factory: Factory, town: Town) -> None:
    address = f"{town.api}/lessons/{town.journal.lessons[0]}"
    text = {"topic": "Бөлшектер", "homework": "№ 251", "base": {"topic": "", "homework": ""}}
    assert (await town.teacher.post(address, json=text)).status_code == 200
    diary = await town.parent.get("/diary")
    assert "Бөлшектер" in diary.text
    due = await factory.tenant.fetchval(
        "select homework from core.lesson where school_id = $1 and id = $2",
        town.journal.school_id, town.journal.lessons[1],
    )  # fmt: skip
    assert due == "№ 251"
    other = text | {"topic": "Басқа"}
    answer = await town.teacher.post(address, json=other)
    assert answer.status_code == 409
    assert answer.json()["theirs"] == {"topic": "Бөлшектер", "homework": "№ 251"}
    last = f"{town.api}/lessons/{town.journal.lessons[-1]}"
    assert (await town.teacher.post(last, json=text)).json()["code"] == "no-next-lesson"


def work(**values: Any) -> dict[str, Any]:
    return {
        "id": str(new_id()), "kind": "sor", "title": "", "max": "15", "date": "2026-11-10",
    } | values  # fmt: skip


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"max": "0"}, "max-out-of-range"),
        ({"max": "x"}, "max-out-of-range"),
        ({"date": "2026-12-16"}, "no-school-day"),
        ({"date": "2026-11-08"}, "no-school-day"),
        ({"date": "2026-10-28"}, "no-school-day"),
        ({"kind": "soch", "max": "25", "date": "2026-12-25"}, "last-day"),
        ({"kind": "fo"}, "unknown-kind"),
        ({"title": "x" * 121}, "title-too-long"),
    ],
)
async def test_a_work_that_may_not_be(town: Town, values: dict[str, Any], code: str) -> None:
    answer = await town.teacher.post(f"{town.api}/works", json=work(**values))
    assert (answer.status_code, answer.json()["code"]) == (422, code)


async def test_a_work_counts_can_be_changed_and_taken_back(town: Town) -> None:
    await save(town, cell(town, "8"))
    sor = work()
    for _again in range(2):
        assert (await town.teacher.post(f"{town.api}/works", json=sor)).status_code == 200
    mark = cell(town, "12") | {"column": sor["id"]}
    row = (await save(town, mark))["computed"][str(town.journal.pupils[0])]
    assert row["percent"] == "80,0"
    low = await town.teacher.post(f"{town.api}/works/{sor['id']}", json=sor | {"max": "10"})
    assert low.json()["code"] == "max-below-marks"
    edit = await town.teacher.post(f"{town.api}/works/{sor['id']}", json=sor | {"max": "20"})
    assert edit.status_code == 200
    page = await town.teacher.get(f"/journal/{town.journal.group}/q2")
    assert "70,0" in page.text
    await town.teacher.post(f"{town.api}/works/{sor['id']}/void", json={"reason": "қате"})
    again = await save(town, mark | {"id": str(new_id()), "value": "13", "base": "12"})
    assert again["results"][0]["problem"]["code"] == "void-work"
    page = await town.teacher.get(f"/journal/{town.journal.group}/q2")
    assert "70,0" not in page.text


async def test_no_more_works_than_the_scheme_allows(town: Town) -> None:
    days = ["2026-11-10", "2026-11-11", "2026-11-12", "2026-11-13"]
    answers = [await town.teacher.post(f"{town.api}/works", json=work(date=day)) for day in days]
    assert [a.status_code for a in answers] == [200, 200, 200, 422]
    assert answers[3].json()["code"] == "too-many-works"
    same = work(kind="soch", max="25", date="2026-11-10")
    answer = await town.teacher.post(f"{town.api}/works", json=same)
    assert answer.json()["code"] == "same-day"


async def test_a_lesson_on_a_holiday_is_refused_by_its_name(town: Town) -> None:
    body = {"id": str(new_id()), "date": "2026-12-16", "slot": 2}
    answer = await town.teacher.post(f"{town.api}/lessons", json=body)
    assert answer.status_code == 422
    assert "Независимости" in answer.json()["title"]


async def test_a_session_that_ended_loses_nothing_silently(app: Shell, town: Town) -> None:
    stranger = browser(app, Accept="application/json")
    answer = await stranger.post(f"{town.api}/cells", json={"changes": [cell(town, "9")]})
    assert answer.status_code == 401
    assert answer.json()["code"] == "signed-out"


@pytest.mark.parametrize(
    "change",
    [{"id": "x"}, {"value": 5}, {"pupil": None}, {"column": "../.."}, {"value": "9" * 5000}],
)
async def test_nonsense_is_refused_without_a_trace(town: Town, change: dict[str, Any]) -> None:
    answer = await town.teacher.post(
        f"{town.api}/cells", json={"changes": [cell(town, "9") | change]}
    )
    assert answer.status_code in {200, 400}
    assert "Traceback" not in answer.text
    if answer.status_code == 200:
        assert answer.json()["results"][0]["state"] == "refused"


async def test_a_mark_set_by_hand_only_where_the_scheme_allows(
    factory: Factory, app: Shell, town: Town
) -> None:
    pupil = town.journal.pupils[0]
    answer = await town.teacher.post(
        f"{town.api}/periods/q2/{pupil}/mark", json={"mark": "5", "reason": "x"}
    )
    assert answer.json()["code"] == "computed-only"
    free = await factory.journal(town.journal.school_id, scheme="kz-traditional-5", letter="В")
    who = await member(factory, app, free.school_id, free.teacher, "teacher")
    address = f"/api/v1/journal/{free.group}/periods/q2/{free.pupils[0]}/mark"
    assert (await who.post(address, json={"mark": "6"})).json()["code"] == "unknown-mark"
    assert (await who.post(address, json={"mark": "5"})).status_code == 200
    page = await who.get(f"/journal/{free.group}/q2")
    assert "<td class=c>5" in page.text


async def test_the_list_of_journals(town: Town) -> None:
    page = await town.teacher.get("/journal")
    assert f'href="/journal/{town.journal.group}"' in page.text
    assert Decimal(page.text.count('class="line"')) == 1


async def test_a_weekend_shows_the_coming_week(factory: Factory, town: Town) -> None:
    base, school = f"/diary/{town.journal.pupils[0]}", town.journal.school_id
    await factory.tenant.execute(
        "update core.lesson set homework = 'until Monday' where school_id = $1 and id = $2",
        school, town.journal.lessons[-1],
    )  # fmt: skip
    for day in (7, 8):
        with set_now(datetime(2026, 11, day, 15, 0, tzinfo=UTC)):
            page = (await town.parent.get(base)).text
            past = (await town.parent.get(f"{base}/2026-W45")).text
        assert 'id="d2026-11-09"' in page
        assert "until Monday" in page
        assert f'href="{base}/2026-W45"' in page
        assert 'id="d2026-11-02"' in past
        assert "until Monday" not in past
    async with tenant(school, write=True) as tx:
        await tx.execute(
            "update core.lesson set status = 'cancelled' where school_id = $1 and id = $2",
            school, town.journal.lessons[-1],
        )  # fmt: skip
    with set_now(datetime(2026, 11, 7, 15, 0, tzinfo=UTC)):
        assert 'id="d2026-11-02"' in (await town.parent.get(base)).text, "nothing lies ahead"


async def test_in_mid_week_a_link_leads_to_today(town: Town) -> None:
    text = (await town.parent.get("/diary")).text
    assert 'href="#now"' in text
    assert text.count('id="now"') == 1


async def test_holidays_and_unknown_weeks_of_a_diary(town: Town) -> None:
    base = f"/diary/{town.journal.pupils[0]}"
    for week in ("2026-W44", "2026-W30", "2027-W28", "2099-W01"):
        page = await town.parent.get(f"{base}/{week}")
        assert page.status_code == 200
        assert 'class="card empty"' in page.text
