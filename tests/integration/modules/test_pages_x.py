"""Pages of modules that misbehave: the reader gets a calm page, nothing leaves the site."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final, Literal

import httpx
import pytest

from kundelik_core import sdk
from kundelik_core.kernel.db import tenant
from kundelik_core.plugins import dispatch
from kundelik_core.plugins.actions import disable_plugin, enable_plugin
from kundelik_core.plugins.allowed import Allowed
from kundelik_core.plugins.declared import Declared, DeclaredPage, page_name
from kundelik_core.plugins.dispatch import Dispatcher
from kundelik_core.plugins.registry import Loaded, Registry
from kundelik_core.plugins.render import JinjaRenderer
from kundelik_core.plugins.runner import LocalRunner
from kundelik_core.plugins.states import Found, State
from kundelik_core.sdk import (
    MAX_UPLOAD_BYTES,
    File,
    Html,
    JsonAnswer,
    NavItem,
    NotFound,
    PageRequest,
    Permission,
    PluginContext,
    Redirect,
    Text,
    Vendor,
)
from kundelik_core.web.middleware import Shell
from kundelik_core.web.modules import Host, use_host
from tests.security.town import Town
from tests.web import browser, open_session

WORD: Final = Text(kk="Тақ", ru="Нечет", en="Odd")
SECRET: Final = "nobody may read this"

Handler = Callable[[PluginContext, PageRequest], Awaitable[Any]]


async def whole(ctx: PluginContext, request: PageRequest) -> Html:
    assert ctx.actor
    context = {
        "params": dict(request.params), "query": {k: [*v] for k, v in request.query.items()},
        "may": list(ctx.actor.permissions),
    }  # fmt: skip
    return Html(template="page.html", context=context, status=int(request.asked("status", "200")))


async def broken(_ctx: PluginContext, _request: PageRequest) -> Html:
    raise RuntimeError(SECRET)


async def gone(_ctx: PluginContext, _request: PageRequest) -> Html:
    raise SystemExit(3)


async def wrong(_ctx: PluginContext, _request: PageRequest) -> object:
    return {"not": "an answer"}


async def lost(_ctx: PluginContext, _request: PageRequest) -> Html:
    return Html(template="nowhere.html")


async def endless(_ctx: PluginContext, _request: PageRequest) -> Html:
    return Html(template="endless.html")


async def away(_ctx: PluginContext, request: PageRequest) -> Redirect:
    return Redirect(to=request.asked("to"))


async def nothing(_ctx: PluginContext, _request: PageRequest) -> NotFound:
    return NotFound()


async def data(_ctx: PluginContext, _request: PageRequest) -> JsonAnswer:
    return JsonAnswer(value={"a": "</script>"}, status=409)


async def file(_ctx: PluginContext, _request: PageRequest) -> File:
    return File(
        name="../Есеп\r\nX-Evil: 1.html", media_type="text/html\r\nX: y", content=b"<script>"
    )


async def taken(_ctx: PluginContext, request: PageRequest) -> JsonAnswer:
    sizes = {name: [one.name, len(one.content)] for name, one in request.files.items()}
    return JsonAnswer(value={"form": {k: [*v] for k, v in request.form.items()}, "files": sizes})


async def slow(_ctx: PluginContext, _request: PageRequest) -> Html:
    await asyncio.sleep(30)
    return Html(template="page.html")


GET: Final[Mapping[str, Handler]] = {
    "": whole, "broken": broken, "gone": gone, "wrong": wrong, "lost": lost, "endless": endless,
    "away": away, "nothing": nothing, "data": data, "file": file, "slow": slow,
    "of/{n:int}": whole, "heads": whole,
}  # fmt: skip


def _manifest() -> sdk.Manifest:
    vendor = Vendor(name="X", url="https://x.example", support="x", security="x")
    uses = sdk.Uses(pages=True, permissions=("odd.head",))
    return sdk.Manifest(
        manifest=1, name="odd", api=">=0", kind="module", level="school", title=WORD,
        vendor=vendor, uses=uses,
    )  # fmt: skip


def _page(path: str, method: Literal["GET", "POST"] = "GET") -> DeclaredPage:
    wanted = "odd.head" if path == "heads" else None
    return DeclaredPage(path=path, title=WORD, permission=wanted, method=method)


@pytest.fixture(scope="module")
def odd(app: Shell, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    """Run the made-up module in place of all others."""
    assert app.litestar.routes
    root: Path = tmp_path_factory.mktemp("odd")
    (root / "templates").mkdir()
    (root / "templates/page.html").write_text(
        "<img src=\"{{ asset('odd.svg') }}\">"
        "<p>{{ params }} {{ query }} {{ may }}</p><a href=\"{{ url('of/1') }}\">x</a>"
    )
    (root / "static").mkdir()
    (root / "static/pages.css").write_text(".odd{color:red}")
    (root / "static/odd.svg").write_text("<svg xmlns='http://www.w3.org/2000/svg'/>")
    (root / "static/odd.js").write_text("alert(1)")
    (root / "templates/endless.html").write_text("{% for n in range(300000) %}много{% endfor %}")
    declared = Declared(
        pages=(*(_page(path) for path in GET), _page("", "POST")),
        navigation=(
            NavItem(label=WORD, icon="no-such-icon"), NavItem(label=WORD, path="heads"),
        ),
        permissions=(
            Permission(code="odd.head", title=WORD, allows=WORD, roles=("director",)),
        ),
    )  # fmt: skip
    handlers: dict[Any, Any] = {("page", page_name("GET", path)): h for path, h in GET.items()}
    handlers["page", page_name("POST", "")] = taken
    one = Loaded(manifest=_manifest(), version="1", root=root, declared=declared, handlers=handlers)
    found = Found(
        name="odd", version="1", dist="odd", entry_point="odd", state=State.LOADED,
        manifest=one.manifest, root=root,
    )  # fmt: skip
    registry = Registry([found], {"odd": one})
    allowed = Allowed(registry)
    runner, renderer = LocalRunner(registry), JinjaRenderer(registry)
    host = Host(registry, Dispatcher(registry, runner, renderer), allowed)
    done = use_host(host)
    yield host
    done()


@pytest.fixture
async def on(odd: Host, town: Town) -> Host:
    async with tenant(town.here.id, write=True) as tx:
        await enable_plugin(tx, odd.registry, "odd", town.here.people["director"])
    return odd


async def send(
    app: Shell, town: Town, path: str, role: str = "teacher", method: str = "GET", **more: Any
) -> httpx.Response:
    token = await open_session(town.accounts[role])
    async with browser(app, token=token) as client:
        client.cookies.set("kundelik_lang", "en", domain="kundelik.test")
        return await client.request(method, path, **more)


async def test_a_page_stands_in_our_frame(app: Shell, town: Town, on: Host) -> None:
    assert on.registry.loaded
    answer = await send(app, town, "/x/odd?q=<b>&q=2")
    assert answer.status_code == 200
    assert "<h1>Odd</h1>" in answer.text
    assert "&lt;b&gt;" in answer.text
    assert 'href="/x/odd/of/1"' in answer.text
    assert "{&#39;n&#39;: &#39;7&#39;}" in (await send(app, town, "/x/odd/of/007")).text
    for path in ("/x/odd/of/x", "/x/odd/of", "/x/odd/more", "/x/odd/nothing", "/x/odd/..%2f"):
        assert (await send(app, town, path)).status_code == 404, path
    assert (await send(app, town, "/x/odd?status=422")).status_code == 422
    assert (await send(app, town, "/x/odd?status=301")).status_code == 200


async def test_its_files_are_served_inert(app: Shell, town: Town, on: Host) -> None:
    assert on.registry.loaded
    text = (await send(app, town, "/x/odd")).text
    sheet, picture = re.findall(r'(?:href|src)="(/x-static/odd/[0-9a-f]{10}/[a-z.]+)"', text)
    async with browser(app) as anybody:
        styles = await anybody.get(sheet)
        assert "@scope(.module)" in styles.text
        assert "immutable" in styles.headers["cache-control"]
        shown = await anybody.get(picture)
        assert shown.headers["content-type"] == "image/svg+xml"
        assert "default-src 'none'" in shown.headers["content-security-policy"]
        again = await anybody.get(picture, headers={"if-none-match": shown.headers["etag"]})
        assert again.status_code == 304
        for path in (picture.replace("svg", "js"), "/x-static/odd/", "/x-static/other/1/a.svg"):
            assert (await anybody.get(path)).status_code == 404
        assert (await anybody.post(picture)).status_code == 404


@pytest.mark.parametrize("page", ["broken", "gone", "wrong", "lost", "endless"])
async def test_a_page_that_fails_is_calm(app: Shell, town: Town, on: Host, page: str) -> None:
    assert on.registry.loaded
    answer = await send(app, town, f"/x/odd/{page}")
    assert answer.status_code == 503
    assert "Odd does not answer at the moment." in answer.text
    assert "Everything else works as ever." in answer.text
    assert f"Reference for support: {answer.headers['x-request-id']}" in answer.text
    assert answer.headers["retry-after"] == "120"
    for sign in (SECRET, "Traceback", "RuntimeError", "jinja2"):
        assert sign not in answer.text
    assert (await send(app, town, "/today")).status_code == 200


async def test_a_page_is_waited_for_no_longer_than_its_budget(
    app: Shell, town: Town, on: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert on.registry.loaded
    monkeypatch.setattr(dispatch, "BUDGETS", {**dispatch.BUDGETS, "page": 0.05})
    assert (await send(app, town, "/x/odd/slow")).status_code == 503


@pytest.mark.parametrize(
    ("to", "address"),
    [
        ("", "/x/odd"), ("list", "/x/odd/list"), ("list?page=2", "/x/odd/list?page=2"),
        ("?done=1", "/x/odd?done=1"),
        ("/office", None), ("//evil.test", None), ("../../office", None), ("%2e%2e/x", None),
        ("a/../../b", None), ("\\evil", None), ("a\r\nb", None), ("https://evil.test/", None),
    ],
)  # fmt: skip
async def test_a_redirect_stays_with_the_module(
    app: Shell, town: Town, on: Host, to: str, address: str | None
) -> None:
    assert on.registry.loaded
    answer = await send(app, town, "/x/odd/away", params={"to": to})
    assert answer.headers.get("location") == address
    assert answer.status_code == (503 if address is None else 303)


async def test_json_and_files_are_inert(app: Shell, town: Town, on: Host) -> None:
    assert on.registry.loaded
    answer = await send(app, town, "/x/odd/data")
    assert (answer.status_code, answer.json()) == (409, {"a": "</script>"})
    answer = await send(app, town, "/x/odd/file")
    assert answer.headers["content-type"] == "application/octet-stream"
    assert "x-evil" not in answer.headers
    assert answer.headers["content-disposition"].startswith('attachment; filename="_')
    assert re.fullmatch(r"[\x20-\x7e]+", answer.headers["content-disposition"])
    assert answer.headers["content-security-policy"] == "default-src 'none'; sandbox"


async def test_a_form_arrives_whole_and_bounded(app: Shell, town: Town, on: Host) -> None:
    assert on.registry.loaded
    files = {"list": ("тізім.csv", b"1;2", "text/csv")}
    answer = await send(app, town, "/x/odd", method="POST", data={"a": ["1", "2"]}, files=files)
    assert answer.json() == {"form": {"a": ["1", "2"]}, "files": {"list": ["тізім.csv", 3]}}
    for big in (
        {"files": {"list": ("a", b"x" * (MAX_UPLOAD_BYTES + 1), "text/csv")}},
        {"files": {"list": ("a", b"x" * (2 * MAX_UPLOAD_BYTES), "text/csv")}},
        {"data": {"a": "x" * 600_000}},
    ):
        answer = await send(app, town, "/x/odd", method="POST", **big)
        assert answer.status_code == 413


async def test_nobody_signed_out_and_no_other_school_gets_in(
    app: Shell, town: Town, on: Host
) -> None:
    assert on.registry.loaded
    async with browser(app) as client:
        answer = await client.get("/x/odd")
    assert answer.headers["location"].startswith("/login?next=")
    assert (await send(app, town, f"/x/odd?school={town.away.id}")).status_code == 404
    assert (await send(app, town, "/x/odd?school=soon")).status_code == 404
    assert (await send(app, town, "/x/odd", "operator")).status_code == 404


async def test_the_menu_follows_permission_and_switch(app: Shell, town: Town, on: Host) -> None:
    teacher = (await send(app, town, "/account")).text
    head = (await send(app, town, "/account", "director")).text
    assert 'href="/x/odd"' in teacher
    assert "#module" in teacher
    assert "/x/odd/heads" not in teacher
    assert 'href="/x/odd/heads"' in head
    assert (await send(app, town, "/x/odd/heads")).status_code == 403
    page = (await send(app, town, "/x/odd/heads", "director")).text
    assert 'href="/x/odd/heads" aria-current="page"' in page
    assert page.count('aria-current="page"') == 1
    async with tenant(town.here.id, write=True) as tx:
        await disable_plugin(tx, "odd", town.here.people["director"])
    assert "/x/odd" not in (await send(app, town, "/account")).text
    assert (await send(app, town, "/x/odd")).status_code == 404
    assert on.allowed.known(town.here.id) == frozenset()
