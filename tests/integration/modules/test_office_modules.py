"""What a head teacher reads of a module, and how it is set up and switched."""

import re
from datetime import timedelta
from typing import Any

import httpx
import pytest

from kundelik_core.kernel.clock import set_now
from kundelik_core.kernel.db import directory, tenant
from kundelik_core.plugins import allowed as module
from kundelik_core.plugins import queries, runner
from kundelik_core.plugins.allowed import Allowed
from kundelik_core.plugins.life.board import reset, trip
from kundelik_core.plugins.life.running import Running
from kundelik_core.plugins.queries import enabled_plugins, stored_settings
from kundelik_core.plugins.registry import Registry
from kundelik_core.web.middleware import Shell
from tests.integration.modules.conftest import WEDNESDAY
from tests.security.town import HERE, Town
from tests.web import browser, open_session


async def send(
    app: Shell, town: Town, path: str, data: dict[str, str] | None = None,
    *, role: str = "director", lang: str = "en",
) -> httpx.Response:  # fmt: skip
    token = await open_session(town.accounts[role])
    async with browser(app, token=token) as client:
        client.cookies.set("kundelik_lang", lang, domain="kundelik.test")
        if data is None:
            return await client.get(path)
        return await client.post(path, data=data)


PAGE = "/office/modules/praise"


async def test_all_about_a_module_is_said_in_words(app: Shell, town: Town) -> None:
    text = (await send(app, town, PAGE)).text
    for words in (
        "Names and classes of pupils.", "a week of the diary", "a pupil left a class",
        "What the teacher said to the pupil", "for 400 days", "nobody outside", "Write notes",
        "Homeroom teacher", "data about people, what children see", "Security reports",
        "Switch on for the school", "Teachers write a good word to a pupil.",
    ):  # fmt: skip
        assert words in text, words
    assert re.search(r"<dd class=\"break below\">[0-9a-f]{64}</dd>", text)
    for role in ("deputy", "teacher", "parent", "operator"):
        assert (await send(app, town, PAGE, role=role)).status_code == 403
    assert (await send(app, town, "/office/modules/nothing")).status_code == 404
    assert (await send(app, town, f"{PAGE}?school={town.away.id}")).status_code == 404


@pytest.mark.parametrize(
    ("lang", "words"),
    [
        ("kk", "Жазбалар неше ай сақталады"), ("ru", "Сколько месяцев хранить записи"),
        ("en", "Months for which notes are kept"),
    ],
)  # fmt: skip
async def test_settings_speak_the_readers_language(
    app: Shell, town: Town, lang: str, words: str
) -> None:
    assert words in (await send(app, town, PAGE, lang=lang)).text


async def test_settings_are_stored_in_versions(app: Shell, town: Town, host: Running) -> None:
    path = f"{PAGE}/settings?school={town.here.id}"
    good = {"version": "0", "writers": "homeroom", "most_a_day": "5", "keep_months": "24"}
    bad = await send(app, town, path, {**good, "keep_months": "2", "most_a_day": "viele"})
    assert bad.status_code == 422
    assert "Write at least 3." in bad.text
    assert "Write a whole number." in bad.text
    assert 'value="viele"' in bad.text
    done = await send(app, town, path, good)
    assert done.headers["location"] == f"{PAGE}?school={town.here.id}"
    await host.allowed.active(town.here.id)
    version, values = host.allowed.settings(town.here.id, "praise")
    wanted = {"writers": "homeroom", "remarks": False, "most_a_day": 5, "keep_months": 24}
    assert (version, values) == (1, wanted)
    # Whoever still looks at what was there before is told so, and nothing is lost.
    late = await send(app, town, path, {**good, "most_a_day": "9"}, role="admin")
    assert late.status_code == 409
    again = await send(app, town, path, {**good, "version": "1", "most_a_day": "9"}, role="admin")
    assert again.status_code == 303
    async with tenant(town.here.id) as tx:
        assert (await stored_settings(tx, "praise"))[0] == 2
    text = (await send(app, town, PAGE)).text
    assert text.count("set up anew") == 2
    assert f"{HERE} admin" in text
    assert 'name="most_a_day" type="text" value="9"' in text
    for role in ("deputy", "teacher"):
        assert (await send(app, town, path, good, role=role)).status_code == 403
    nothing = await send(app, town, "/office/modules/nothing/settings", good)
    assert nothing.status_code == 404


async def test_a_module_that_cannot_get_ready_stays_off(
    app: Shell, town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refuse(*_args: object) -> Any:
        raise RuntimeError("no luck")

    monkeypatch.setattr(runner.LocalRunner, "call", refuse)
    answer = await send(app, town, f"{PAGE}/on", {})
    assert answer.status_code == 503
    assert "could not get ready" in answer.text
    async with tenant(town.here.id) as tx:
        assert "praise" not in await enabled_plugins(tx)


async def test_switching_counts_at_once_in_every_process(
    app: Shell, town: Town, host: Running
) -> None:
    other = Allowed(host.registry)  # another process of the server, as far as memory goes
    assert "praise" not in await other.active(town.here.id)
    assert (await send(app, town, f"{PAGE}/on", {})).status_code == 303
    assert "praise" in await other.active(town.here.id)
    assert 'href="/x/praise"' in (await send(app, town, "/account", role="parent")).text
    assert (await send(app, town, f"{PAGE}/off", {}, role="admin")).status_code == 303
    assert "praise" not in await other.active(town.here.id)
    text = (await send(app, town, "/office/modules")).text
    assert text.index("switched off") < text.index("switched on")


async def test_what_is_known_is_asked_once(
    town: Town, host: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = 0
    really = queries.school_setup

    async def counted(tx: Any) -> Any:
        nonlocal asked
        asked += 1
        return await really(tx)

    monkeypatch.setattr(module, "school_setup", counted)
    fresh = Allowed(host.registry)
    for _time in range(3):
        await fresh.active(town.here.id)
    assert asked == 1
    fresh.hear(str(town.away.id))
    await fresh.active(town.here.id)
    assert asked == 1
    fresh.hear(str(town.here.id))
    await fresh.active(town.here.id)
    assert asked == 2
    fresh.hear("resync")
    await fresh.active(town.here.id)
    assert asked == 3


async def test_what_was_read_before_a_change_is_not_kept(
    town: Town, host: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    fresh = Allowed(host.registry)
    really = queries.school_setup

    async def overtaken(tx: Any) -> Any:
        found = await really(tx)
        fresh.hear(str(town.here.id))  # somebody switches while the answer is on its way
        return found

    monkeypatch.setattr(module, "school_setup", overtaken)
    await fresh.active(town.here.id)
    monkeypatch.setattr(module, "school_setup", really)
    assert fresh.peek(town.here.id) is None


async def test_without_modules_nothing_is_asked(town: Town) -> None:
    # No transaction is open and none is opened: a school that is not there would fail.
    assert await Allowed(Registry()).active(-1) == frozenset()
    assert town.here.id


@pytest.mark.parametrize("held", [False, True])
async def test_a_module_that_is_left_alone_is_not_said_to_be_on(
    app: Shell, town: Town, held: bool
) -> None:
    with set_now(WEDNESDAY + timedelta(minutes=2 + held)):
        await send(app, town, f"{PAGE}/on", {})
    try:
        if held:
            await trip("praise", "the operator", "a complaint")
        else:
            await directory().execute(
                "insert into directory.plugin_breaker (plugin, phase, since, changed_at) "
                "values ('praise', 'open', $1, $1) on conflict (plugin) do update "
                "set phase = excluded.phase, since = excluded.since", WEDNESDAY,
            )  # fmt: skip
        for path in ("/office/modules", PAGE):
            text = (await send(app, town, path)).text
            assert '<span class="tag bad">temporarily off</span>' in text
            why = "holds it back since" if held else "left alone since"
            assert re.search(rf"{why} [^.]*13:00", text), text
            assert "Switch off for the school" in text
            assert "a complaint" not in text, "that is between operators"
    finally:
        await reset("praise", "the operator")
    assert "temporarily off" not in (await send(app, town, PAGE)).text
    with set_now(WEDNESDAY + timedelta(minutes=2 + held)):
        await send(app, town, f"{PAGE}/off", {})
