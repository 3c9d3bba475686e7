"""The import page: a look, the file with remarks, the yes; and files that are none."""

import csv
import io
import os
import re
import time
import zipfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import NamedTuple

import httpx
import pytest

from kundelik_core.kernel.db import Databases
from kundelik_core.kernel.keys import installation_key
from kundelik_core.web.middleware import Shell
from tests.factories import Factory
from tests.interop import testdata
from tests.web import browser, open_session, running

LIST = (
    "Тегі;Аты;Сынып;Туған күні;Анасы\n"
    "Ахметов;Арман;5 «А»;01.03.2015;Ахметова Гүлнар\n"
    "=HYPERLINK(1);Лев;5 «А»;03.05.2015;\n"
    "Пак;Яна;жоқ;04.06.2015;\n"
)


class Office(NamedTuple):
    school: int
    client: httpx.AsyncClient
    app: Shell
    folder: Path


@pytest.fixture
async def office(factory: Factory, databases: Databases, tmp_path: Path) -> AsyncIterator[Office]:
    school = await factory.school()
    director = await factory.person(school, "Сапарова", "Дина", role="director")
    account = await factory.account(
        f"director.{school}", memberships=[(school, director, "director")]
    )
    token = await open_session(account)
    async with running(data_dir=tmp_path) as app, browser(app, token=token) as client:
        # The choice goes before the language of the account.
        await client.get("/office/import?lang=en")
        yield Office(school, client, app, tmp_path)


async def send(office: Office, content: bytes, name: str = "5a.csv") -> httpx.Response:
    return await office.client.post("/office/import", files={"file": (name, content)})


def token_in(page: str) -> str:
    found = re.search(r'name="token" value="([^"]+)"', page)
    assert found
    return found[1]


async def people(factory: Factory, school: int) -> list[str]:
    rows = await factory.tenant.fetch(
        "select surname from core.person where school_id = $1 order by 1", school
    )
    return [row["surname"] for row in rows]


async def test_a_look_then_the_yes(office: Office, factory: Factory) -> None:
    assert (await office.client.get("/office/import")).status_code == 200
    page = (await send(office, LIST.encode())).text
    assert "жоқ is not a class" in page
    assert await people(factory, office.school) == ["Сапарова"]
    token = token_in(page)
    done = await office.client.post("/office/import/apply", data={"token": token})
    assert done.status_code == 200
    assert "Pupils: new" in done.text
    assert await people(factory, office.school) == [
        "=HYPERLINK(1)", "Ахметов", "Ахметова", "Сапарова",
    ]  # fmt: skip
    # The list is gone, and cannot be applied twice.
    assert list((office.folder / "uploads").iterdir()) == []
    again = await office.client.post("/office/import/apply", data={"token": token})
    assert again.status_code == 410
    assert "is gone" in again.text
    same = (await send(office, LIST.encode())).text
    assert "Apply the rows" not in same


async def test_the_file_comes_back_with_remarks_and_runs_nothing(office: Office) -> None:
    page = (await send(office, LIST.encode(), name="5 «А».csv")).text
    found = re.search(r'href="(/office/import/report/[^"]+)"', page)
    assert found
    answer = await office.client.get(found[1])
    assert answer.headers["content-disposition"].startswith("attachment")
    assert "5%20%C2%AB%D0%90%C2%BB" in answer.headers["content-disposition"]
    rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig")), delimiter=";"))
    assert rows[0][-1] == "What to mend"
    assert rows[2][0] == "'=HYPERLINK(1)"
    assert "is not a class" in rows[3][-1]


@pytest.mark.parametrize(("lang", "text"), [("kk", "Импорт"), ("ru", "Импорт"), ("en", "Import")])
async def test_it_opens_in_every_language(office: Office, lang: str, text: str) -> None:
    page = await office.client.get(f"/office/import?lang={lang}")
    assert page.status_code == 200
    assert f'lang="{lang}"' in page.text


async def test_a_wrong_encoding_says_what_was_tried(office: Office) -> None:
    noise = bytes(range(0x80, 0xFF)) * 40
    answer = await send(office, b"\x81\x8d\x8f\x90\x9d" + noise)
    assert answer.status_code == 422
    assert "utf-8" in answer.text
    assert "cp1251" in answer.text


async def test_a_file_that_is_no_list(office: Office) -> None:
    assert (await send(office, b"%PDF-1.7 ...", "a.pdf")).status_code == 422
    assert (await send(office, b"", "a.csv")).status_code == 422
    answer = await office.client.post("/office/import", data={"x": "y"})
    assert answer.status_code == 422
    assert "Choose a file" in answer.text


async def test_two_hundred_megabytes_are_refused_before_they_are_read(office: Office) -> None:
    read = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal read
        for _ in range(200):
            read += 1
            yield b"x" * 2**20

    answer = await office.client.post(
        "/office/import",
        content=endless(),
        headers={"Content-Type": "multipart/form-data; boundary=b",
                 "Content-Length": str(200 * 2**20)},
    )  # fmt: skip
    assert answer.status_code == 413
    assert "at most 50 MB" in answer.text
    assert read < 5


async def test_a_lying_length_ends_at_the_limit_too(office: Office) -> None:
    read = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal read
        yield b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\n'
        for _ in range(200):
            read += 1
            yield b"x" * 2**20

    answer = await office.client.post(
        "/office/import",
        content=endless(),
        headers={"Content-Type": "multipart/form-data; boundary=b"},
    )
    assert answer.status_code == 413
    assert read < 60


async def test_nobody_else_may(office: Office, factory: Factory) -> None:
    token = token_in((await send(office, LIST.encode())).text)
    for role, status in (("teacher", 403), ("psychologist", 403), ("deputy", 410), ("admin", 410)):
        person = await factory.person(office.school, "Ким", role.title(), role=role)
        account = await factory.account(
            f"{role}.{office.school}", memberships=[(office.school, person, role)]
        )
        async with browser(office.app, token=await open_session(account)) as client:
            answer = await client.post("/office/import/apply", data={"token": token})
            assert answer.status_code == status, role
    assert "Ахметов" not in await people(factory, office.school)


async def test_a_list_is_kept_for_an_hour(office: Office) -> None:
    token = token_in((await send(office, LIST.encode())).text)
    kept = list((office.folder / "uploads").iterdir())
    assert len(kept) == 1
    assert kept[0].stat().st_mode & 0o077 == 0
    # A second look takes the place of the first.
    token = token_in((await send(office, LIST.encode())).text)
    kept = list((office.folder / "uploads").iterdir())
    assert len(kept) == 1
    old = time.time() - 3700
    os.utime(kept[0], (old, old))
    gone = await office.client.post("/office/import/apply", data={"token": token})
    assert gone.status_code == 410


async def test_another_schools_director_is_asked_about_their_own(
    office: Office, factory: Factory
) -> None:
    other = await factory.school()
    answer = await office.client.post(
        f"/office/import?school={other}", files={"file": ("a.csv", LIST.encode())}
    )
    assert answer.status_code == 404


def test_a_key_is_made_once(tmp_path: Path) -> None:
    first = installation_key(tmp_path, "iin")
    assert len(first) == 32
    assert installation_key(tmp_path, "iin") == first
    assert installation_key(tmp_path, "other") != first
    assert (tmp_path / "keys" / "iin").stat().st_mode & 0o077 == 0
    with pytest.raises(ValueError, match="name"):
        installation_key(tmp_path, "../x")


@pytest.mark.interop
async def test_one_school_is_chosen_of_a_file_that_holds_several(
    office: Office, factory: Factory
) -> None:
    bundle = io.BytesIO()
    with zipfile.ZipFile(bundle, "w") as made:
        for file in sorted(testdata("ms-sds-csv/SDS v2").glob("*.csv")):
            made.write(file, file.name)
    page = await send(office, bundle.getvalue(), "sds.zip")
    assert page.status_code == 200
    assert '<option value="10002">Fabrikam High School</option>' in page.text
    assert "Ministry" not in page.text, "nobody is in it"
    assert await people(factory, office.school) == ["Сапарова"], "nothing is written by a look"
    chosen = await office.client.post(
        "/office/import/school", data={"token": token_in(page.text), "org": "10002"}
    )
    assert 'name="org" value="10002"' in chosen.text
    assert re.search(r'<th scope="row">Pupils</th><td class="num">7<', chosen.text)
    done = await office.client.post(
        "/office/import/apply", data={"token": token_in(chosen.text), "org": "10002"}
    )
    assert done.status_code == 200
    assert len(await people(factory, office.school)) == 1 + 7 + 2
    wrong = await office.client.post(
        "/office/import/school", data={"token": token_in(page.text), "org": "nowhere"}
    )
    assert wrong.status_code in {410, 422}
