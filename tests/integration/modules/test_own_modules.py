"""A module of level user acts for those who took it and for nobody else."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import httpx
import pytest

from kundelik_core import sdk
from kundelik_core.kernel.db import tenant
from kundelik_core.plugins.actions import enable_plugin
from kundelik_core.plugins.allowed import Allowed
from kundelik_core.plugins.declared import Declared, DeclaredPage, DeclaredSlot, page_name
from kundelik_core.plugins.dispatch import Dispatcher
from kundelik_core.plugins.registry import Loaded, Registry
from kundelik_core.plugins.render import JinjaRenderer
from kundelik_core.plugins.runner import LocalRunner
from kundelik_core.plugins.states import Found, State
from kundelik_core.sdk import Fragment, Html, NavItem, PageRequest, PluginContext, Text, Vendor
from kundelik_core.web.middleware import Shell
from kundelik_core.web.modules import Host, use_host
from tests.security.town import Town
from tests.web import browser, open_session

WORD: Final = Text(kk="Жеке", ru="Личное", en="Personal")


async def shown(_ctx: PluginContext, _request: PageRequest) -> Html:
    return Html(template="page.html")


async def week(_ctx: PluginContext, _args: sdk.DiaryWeek) -> Fragment:
    return Fragment(template="page.html")


@pytest.fixture(scope="module")
def own(app: Shell, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    assert app.litestar.routes
    root: Path = tmp_path_factory.mktemp("own")
    (root / "templates").mkdir()
    (root / "templates/page.html").write_text("<p>mine alone</p>")
    manifest = sdk.Manifest(
        manifest=1, name="own", api=">=0", kind="module", level="user", title=WORD,
        vendor=Vendor(name="X", url="https://x.example", support="x", security="x"),
        uses=sdk.Uses(pages=True, slots=("diary.week",)),
    )  # fmt: skip
    declared = Declared(
        slots=(DeclaredSlot(slot="diary.week", order=50, budget_ms=100, permission=None),),
        pages=(DeclaredPage(path="", title=WORD, permission=None, method="GET"),),
        navigation=(NavItem(label=WORD),),
    )
    one = Loaded(
        manifest=manifest, version="1", root=root, declared=declared,
        handlers={("page", page_name("GET", "")): shown, ("slot", "diary.week"): week},
    )  # fmt: skip
    found = Found(
        name="own", version="1", dist="own", entry_point="own", state=State.LOADED,
        manifest=manifest, root=root,
    )  # fmt: skip
    registry = Registry([found], {"own": one})
    dispatcher = Dispatcher(registry, LocalRunner(registry), JinjaRenderer(registry))
    host = Host(registry, dispatcher, Allowed(registry))
    done = use_host(host)
    yield host
    done()


async def test_who_took_it_has_it_and_nobody_else(app: Shell, town: Town, own: Host) -> None:
    here = town.here
    child = here.journal.pupils[0]

    async def ask(role: str, path: str, data: dict[str, str] | None = None) -> httpx.Response:
        token = await open_session(town.accounts[role])
        async with browser(app, token=token) as client:
            client.cookies.set("kundelik_lang", "en", domain="kundelik.test")
            return await (client.get(path) if data is None else client.post(path, data=data))

    turn = f"/account/modules/{here.id}/own"
    assert "Nothing to choose" in (await ask("parent", "/account/modules")).text
    assert (await ask("parent", turn, {"on": "1"})).status_code == 404
    async with tenant(here.id, write=True) as tx:
        await enable_plugin(tx, own.registry, "own", here.people["director"])

    assert "Personal" in (await ask("parent", "/account/modules")).text
    assert (await ask("parent", "/x/own")).status_code == 404
    assert "mine alone" not in (await ask("parent", f"/diary/{child}")).text
    assert (await ask("parent", turn, {"on": "1"})).status_code == 303
    assert (await ask("parent", turn, {"on": "1"})).status_code == 303
    assert "mine alone" in (await ask("parent", "/x/own")).text
    diary = (await ask("parent", f"/diary/{child}")).text
    assert "mine alone" in diary
    assert 'href="/x/own"' in diary
    for other in ("pupil", "director"):
        assert (await ask(other, "/x/own")).status_code == 404
        assert "mine alone" not in (await ask(other, f"/diary/{child}")).text
        assert 'href="/x/own"' not in (await ask(other, "/account")).text
    # Another school's module cannot be taken, nor is a stranger's choice anybody else's.
    assert (
        await ask("parent", f"/account/modules/{town.away.id}/own", {"on": "1"})
    ).status_code == 404

    assert (await ask("parent", turn, {"on": "0"})).status_code == 303
    assert (await ask("parent", "/x/own")).status_code == 404
