"""The copy of one's own data holds what modules keep, and goes out whatever they do."""

import io
import json
import zipfile
from datetime import timedelta
from typing import Any

import httpx
import pytest

from kundelik_core.kernel.clock import set_now
from kundelik_core.kernel.db import tenant
from kundelik_core.plugins import runner
from kundelik_core.plugins.actions import disable_plugin, enable_plugin
from kundelik_core.plugins.declared import HandlerRef
from kundelik_core.plugins.life.running import Running
from kundelik_core.plugins.registry import Registry
from kundelik_core.plugins.states import Found, State
from kundelik_core.privacy.queries import kinds_of
from kundelik_core.web import module_data
from kundelik_core.web.middleware import Shell
from tests.integration.modules.conftest import WEDNESDAY
from tests.security.town import Town
from tests.web import browser, open_session

WORDS = "=Тақтада <b>өзі</b> шығарды"


async def send(
    app: Shell, town: Town, role: str, path: str, data: dict[str, str] | None = None,
    *, lang: str = "en",
) -> httpx.Response:  # fmt: skip
    async with browser(app, token=await open_session(town.accounts[role])) as client:
        client.cookies.set("kundelik_lang", lang, domain="kundelik.test")
        if data is None:
            return await client.get(path)
        return await client.post(path, data=data)


async def places(app: Shell, town: Town, role: str, path: str, **more: Any) -> list[dict[str, Any]]:
    answer = await send(app, town, role, path, {"format": "json"}, **more)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = json.loads(answer.content)["places"]
    return found


async def turn(town: Town, host: Running, *, on: bool) -> None:
    by = town.here.people["director"]
    async with tenant(town.here.id, write=True) as tx:
        if on:
            await enable_plugin(tx, host.registry, "praise", by)
        else:
            await disable_plugin(tx, "praise", by)


@pytest.fixture
async def of_child(app: Shell, town: Town, host: Running) -> str:
    """Let a teacher write a note to the child; the page of the child's data."""
    await turn(town, host, on=True)
    child = town.here.journal.pupils[0]
    done = await send(
        app, town, "teacher", f"/x/praise/write/{child}", {"kind": "praise", "body": WORDS}
    )
    assert done.status_code == 303
    return f"/account/data/{child}"


async def test_before_it_was_ever_on_a_module_is_not_asked(
    app: Shell, town: Town, host: Running
) -> None:
    assert "praise" in host.registry.loaded
    path = f"/account/data/{town.here.journal.pupils[0]}"
    assert "What modules keep" not in (await send(app, town, "parent", path)).text
    (place,) = await places(app, town, "parent", path)
    assert (place["modules"], place["not_asked"]) == ([], [])


@pytest.mark.parametrize(
    ("lang", "module", "title"),
    [
        ("kk", "Мақтау", "Сізге арналған жазба"),
        ("ru", "Похвала", "Запись для вас"),
        ("en", "Praise", "A note to you"),
    ],
)
async def test_a_guardian_gets_what_modules_keep_about_the_child(
    app: Shell, town: Town, of_child: str, lang: str, module: str, title: str
) -> None:
    (place,) = await places(app, town, "parent", of_child, lang=lang)
    (added,) = place["modules"]
    assert (added["module"], added["title"]) == ("praise", module)
    assert added["records"][-1]["title"] == title
    assert added["records"][-1]["values"]["text"] == WORDS
    assert place["not_asked"] == []
    assert place["held"]["person"]


async def test_the_archive_shows_it_as_tables(app: Shell, town: Town, of_child: str) -> None:
    page = await send(app, town, "parent", of_child)
    assert "What the teacher said to the pupil" in page.text
    assert "Which teacher wrote a note" not in page.text, "that is about staff"
    answer = await send(app, town, "parent", of_child, {"format": "zip"})
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        html = archive.read("index.html").decode()
        table = archive.read(f"school-{town.here.id}/praise-1.csv").decode("utf-8-sig")
    assert "<h3>Praise: A note to you</h3>" in html
    assert "&lt;b&gt;" in html
    assert "<b>" not in html
    assert "Not in this copy" not in html
    assert f"'{WORDS}" in table


async def test_author_and_pupil_each_get_their_own(app: Shell, town: Town, of_child: str) -> None:
    assert of_child
    _account, place = await places(app, town, "teacher", "/account/data")
    (written,) = place["modules"]
    assert {one["title"] for one in written["records"]} == {"A note that you wrote"}
    assert WORDS not in json.dumps(place, ensure_ascii=False)
    _account, place = await places(app, town, "pupil", "/account/data")
    assert {one["title"] for one in place["modules"][0]["records"]} == {"A note to you"}
    for role in ("parent", "other_parent", "director"):
        _account, place = await places(app, town, role, "/account/data")
        assert (place["modules"], place["not_asked"]) == ([], [])


async def test_what_was_kept_before_it_was_switched_off_is_given_out(
    app: Shell, town: Town, host: Running, of_child: str
) -> None:
    await turn(town, host, on=False)
    (place,) = await places(app, town, "parent", of_child)
    assert place["modules"][0]["records"]
    with set_now(WEDNESDAY + timedelta(minutes=1)):
        await turn(town, host, on=True)


async def test_a_module_that_fails_is_named_and_the_rest_goes_out(
    app: Shell, town: Town, of_child: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    really = runner.LocalRunner.call

    async def call(self: Any, ref: HandlerRef, *rest: Any) -> object:
        if ref.kind == "privacy":
            raise RuntimeError("no luck")
        return await really(self, ref, *rest)

    monkeypatch.setattr(runner.LocalRunner, "call", call)
    (place,) = await places(app, town, "parent", of_child)
    assert place["not_asked"] == [{"module": "praise", "title": "Praise"}]
    assert place["modules"][0]["records"] == []
    assert place["held"]["person"]
    answer = await send(app, town, "parent", of_child, {"format": "zip"})
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        html = archive.read("index.html").decode()
    assert "They could not be asked now, try again later: Praise." in html
    assert "<h3>Classes</h3>" in html


async def test_a_module_that_does_not_run_is_named(
    app: Shell, town: Town, host: Running, of_child: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert host.registry.loaded
    gone = Found(name="praise", version="1", dist="", entry_point="", state=State.RETAINED)
    monkeypatch.setattr(module_data, "registry", lambda: Registry(plugins=(gone,)))
    (place,) = await places(app, town, "parent", of_child)
    assert place["not_asked"] == [{"module": "praise", "title": "praise"}]


async def test_the_school_says_as_what_it_knows_somebody(town: Town) -> None:
    here = town.here
    async with tenant(here.id) as tx:
        assert await kinds_of(tx, here.journal.pupils[0]) == ("student",)
        assert await kinds_of(tx, here.journal.teacher) == ("staff",)
        guardian = await tx.fetchval(
            "select g.guardian_id from core.guardianship g where g.school_id = $1 "
            "and g.pupil_id = $2", here.id, here.journal.pupils[0],
        )  # fmt: skip
        assert await kinds_of(tx, guardian) == ("guardian",)
        assert await kinds_of(tx, town.away.journal.teacher) == ()
