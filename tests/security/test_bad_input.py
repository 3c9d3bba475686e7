"""What bad input gets: one sentence that says what is wrong, in the reader's language."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from datetime import date, timedelta
from typing import Any

import httpx
import pytest

from kundelik_core.kernel.i18n import LOCALES, Locale
from kundelik_core.kernel.ids import new_id
from kundelik_core.web.middleware import Shell
from kundelik_core.web.visit import LANG_COOKIE
from tests.factories import Factory, Journal
from tests.security.town import Town
from tests.web import browser, open_session

HOLIDAY = {"kk": "Тәуелсіздік күні", "ru": "День независимости", "en": "Independence Day"}
MEGABYTE = 1024 * 1024


@pytest.fixture
async def journal(factory: Factory) -> Journal:
    """A journal of its own for every test, with a holiday in its second week."""
    made = await factory.journal(await factory.school(), lessons=8)
    await factory.tenant.execute(
        "insert into core.calendar_exception (school_id, id, begins, ends, kind, title_kk, "
        "title_ru, title_en) values ($1, $2, $3, $3, 'holiday', $4, $5, $6)",
        made.school_id, new_id(), made.dates[-1] + timedelta(days=1), HOLIDAY["kk"],
        HOLIDAY["ru"], HOLIDAY["en"],
    )  # fmt: skip
    return made


@pytest.fixture
async def teacher(app: Shell, factory: Factory, journal: Journal) -> AsyncIterator[Any]:
    account = await factory.account(
        f"t.{journal.teacher.hex[-12:]}",
        memberships=[(journal.school_id, journal.teacher, "teacher")],
    )
    async with browser(app, token=await open_session(account)) as client:
        client.base_url = httpx.URL(f"http://kundelik.test/api/v1/journal/{journal.group}/")
        yield client


def speak(client: httpx.AsyncClient, lang: str) -> None:
    client.cookies.set(LANG_COOKIE, lang, domain="kundelik.test")


async def save(client: httpx.AsyncClient, journal: Journal, value: str, base: str = "") -> Any:
    change = {"id": str(new_id()), "column": str(journal.lessons[0]),
              "pupil": str(journal.pupils[0]), "value": value, "base": base}  # fmt: skip
    answer = await client.post("cells", json={"changes": [change]})
    assert answer.status_code == 200, answer.text
    return answer.json()["results"][0]


def spoken(texts: Mapping[Locale, str]) -> bool:
    """Tell whether each language said something of its own."""
    return set(texts) == set(LOCALES) and all(texts.values()) and len(set(texts.values())) == 3


async def test_a_lesson_on_a_holiday_is_refused_by_the_holidays_name(
    teacher: httpx.AsyncClient, journal: Journal, factory: Factory
) -> None:
    texts = {}
    for lang in LOCALES:
        speak(teacher, lang)
        day = journal.dates[-1] + timedelta(days=1)
        answer = await teacher.post(
            "lessons", json={"id": str(new_id()), "date": day.isoformat(), "slot": 2}
        )
        assert 400 <= answer.status_code < 500
        assert answer.headers["content-type"] == "application/problem+json"
        texts[lang] = f"{answer.json()['title']} {answer.json()['detail']}"
        assert HOLIDAY[lang] in texts[lang]
    assert spoken(texts)
    count = await factory.tenant.fetchval(
        "select count(*) from core.lesson where school_id = $1 and group_id = $2",
        journal.school_id, journal.group,
    )  # fmt: skip
    assert count == len(journal.lessons)


@pytest.mark.parametrize("value", ["щ", "a", "11", "0", "7.5", "+", "8 8", "٧"])
async def test_a_value_that_is_no_mark_is_refused_with_a_reason(
    teacher: httpx.AsyncClient, journal: Journal, factory: Factory, value: str
) -> None:
    texts = {}
    for lang in LOCALES:
        speak(teacher, lang)
        result = await save(teacher, journal, value)
        assert (result["state"], result["value"]) == ("refused", "")
        texts[lang] = result["problem"]["detail"]
    assert spoken(texts)
    for table in ("mark", "cell_history", "period_result"):
        assert not await factory.tenant.fetchval(
            f"select count(*) from core.{table} where school_id = $1", journal.school_id
        )


async def test_a_stale_page_overwrites_nothing_and_is_shown_both(
    teacher: httpx.AsyncClient, journal: Journal
) -> None:
    assert (await save(teacher, journal, "8"))["state"] == "saved"
    for lang in LOCALES:
        speak(teacher, lang)
        result = await save(teacher, journal, "5", base="7")
        assert (result["state"], result["value"]) == ("conflict", "8")
        assert result["theirs"]["value"] == "8"
        assert result["theirs"]["by"]
    assert (await save(teacher, journal, "5", base="8"))["state"] == "saved"


async def test_a_stale_topic_is_refused_with_both_texts(
    teacher: httpx.AsyncClient, journal: Journal
) -> None:
    address = f"lessons/{journal.lessons[0]}"
    empty = {"topic": "", "homework": ""}
    first = {"topic": "Бөлшектер", "homework": "", "base": empty}
    assert (await teacher.post(address, json=first)).status_code == 200
    texts = {}
    for lang in LOCALES:
        speak(teacher, lang)
        answer = await teacher.post(
            address, json={"topic": "Теңдеулер", "homework": "", "base": empty}
        )
        assert answer.status_code == 409
        assert answer.json()["theirs"]["topic"] == "Бөлшектер"
        texts[lang] = answer.json()["title"]
    assert spoken(texts)


@pytest.mark.parametrize(
    ("kind", "top", "day"),
    [("sor", "0", 0), ("sor", "x", 0), ("none", "20", 0), ("sor", "20", 300), ("sor", "-5", 0)],
)
async def test_a_work_that_cannot_be_is_refused(
    teacher: httpx.AsyncClient, journal: Journal, kind: str, top: str, day: int
) -> None:
    texts = {}
    when: date = journal.dates[0] + timedelta(days=day)
    for lang in LOCALES:
        speak(teacher, lang)
        body = {"id": str(new_id()), "kind": kind, "title": "", "max": top,
                "date": when.isoformat()}  # fmt: skip
        answer = await teacher.post("works", json=body)
        assert 400 <= answer.status_code < 500, answer.text
        texts[lang] = answer.json()["title"]
    assert spoken(texts)


@pytest.mark.parametrize(
    "body",
    [b"{", b'{"changes": 1}', b'{"changes": []}', b"\xff\xfe", b"[" * 5000, b"",
     b'{"changes": [{"id": "x", "column": "y", "pupil": "z", "value": 8}]}'],
)  # fmt: skip
async def test_what_is_no_json_of_ours_is_refused(teacher: httpx.AsyncClient, body: bytes) -> None:
    texts = {}
    for lang in LOCALES:
        speak(teacher, lang)
        answer = await teacher.post(
            "cells", content=body, headers={"Content-Type": "application/json"}
        )
        assert answer.status_code in {400, 413, 422}
        texts[lang] = answer.json()["title"]
    assert spoken(texts)


@pytest.fixture
async def director(app: Shell, town: Town) -> AsyncIterator[httpx.AsyncClient]:
    async with browser(app, token=await open_session(town.accounts["director"])) as client:
        yield client


async def test_a_file_in_no_known_encoding_is_refused_with_those_tried(
    director: httpx.AsyncClient,
) -> None:
    # 0x98 is in no Cyrillic table of one byte, and this is no UTF-8 either.
    content = "Тегі;Аты;Сынып\n".encode("cp1251") + b"\x98\xff\x81;\x98;5\n"
    texts = {}
    for lang in LOCALES:
        speak(director, lang)
        answer = await director.post("/office/import", files={"file": ("list.csv", content)})
        assert 400 <= answer.status_code < 500
        assert "UTF-8" in answer.text
        texts[lang] = answer.text.split('class="note bad"', 1)[1].split("</p>", 1)[0]
    assert spoken(texts)


async def test_a_file_of_200_megabytes_is_refused_before_it_is_read(
    director: httpx.AsyncClient,
) -> None:
    taken = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal taken
        for _n in range(200):
            taken += MEGABYTE
            yield b"x" * MEGABYTE
            await asyncio.sleep(0)

    texts = {}
    for lang in LOCALES:
        speak(director, lang)
        taken = 0
        answer = await director.post(
            "/office/import",
            content=endless(),
            headers={
                "Content-Type": "multipart/form-data; boundary=b",
                "Content-Length": str(200 * MEGABYTE),
            },
        )
        assert answer.status_code == 413
        assert taken <= MEGABYTE
        texts[lang] = answer.text.split('class="note bad"', 1)[1].split("</p>", 1)[0]
    assert spoken(texts)


ODD = (
    "/diary/x", "/diary?week=%D3%99", "/journal/%00", "/journal/../../etc/passwd",
    "/journal/" + "a" * 3000, "/classes/1", "/classes?school=99999999999999999999",
    "/timetable?week=2026-W99", "/office/people?class=zzz", "/office/people?page=-1",
    "/office/people?q=%25%27%3B--",
)  # fmt: skip


@pytest.mark.parametrize("path", ODD)
async def test_an_odd_address_is_no_fault_of_ours(director: httpx.AsyncClient, path: str) -> None:
    answer = await director.get(path)
    assert answer.status_code < 500
