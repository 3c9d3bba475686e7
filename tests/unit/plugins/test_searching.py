"""Who is asked when somebody searches, for how long, and which lines get through."""

import asyncio
import logging
import time
from uuid import UUID

import pytest

from kundelik_core.plugins.context import CallContext, call_for
from kundelik_core.plugins.searching import FoundKind, FoundLine, search_plugins
from kundelik_core.sdk import Actor, Role, School, SearchQuery
from kundelik_core.testing.packages import manifest
from tests.unit.plugins.dists import Site

CODE = """
import asyncio
from kundelik_core.sdk import *

T = Text(kk="к", ru="р", en="{name}")

async def page(ctx, request):
    return Redirect(to="")

async def find(ctx, query):
    {body}

class Plugin:
    @hookimpl
    def permissions(self):
        return [Permission(code="{name}.see", title=T, allows=T, roles=("director",))]
    @hookimpl
    def pages(self):
        return [Page(path="", title=T, handle=page, permission=None),
                Page(path="one/{{id:int}}", title=T, handle=page, permission=None),
                Page(path="kept", title=T, handle=page, permission="{name}.see")]
    @hookimpl
    def search(self):
        return [Search(name="{name}.things", title=T, find=find, {options})]

plugin = Plugin()
"""
USES = 'pages = true\npermissions = ["{0}.see"]\nsearch = ["{0}.things"]'
ALL = frozenset({"aaa", "bad", "ccc"})
HIT = "return [SearchHit(title='%s', path='%s')]"
QUERY = SearchQuery(text="Әсел 5а", words=("асел", "5", "а"), most=3)


def add(site: Site, name: str, body: str, options: str = "") -> None:
    code = CODE.format(name=name, body=body, options=options)
    site.add(name, code=code, manifest=manifest(name, USES.format(name)))


def reader(*roles: Role) -> CallContext:
    actor = Actor(person_id=UUID(int=1), roles=roles)
    return call_for(School(id=7, name="School", zone="Asia/Almaty"), "en", actor, "r1")


async def found(
    site: Site, on: frozenset[str] = ALL, roles: tuple[Role, ...] = ("teacher",)
) -> list[FoundKind]:
    dispatcher = site.dispatcher()
    return await search_plugins(site.load(), dispatcher, QUERY, on, reader(*roles))


async def test_nobody_is_asked_where_nothing_can_be_found(site: Site) -> None:
    site.add("aaa")
    assert await found(site) == []


async def test_those_that_are_on_are_asked_in_order(site: Site) -> None:
    add(site, "aaa", HIT % ("first", "one/1"), "order=60")
    add(site, "bad", "raise RuntimeError('must not be asked')")
    add(site, "ccc", "return [SearchHit(title=' '.join(query.words), path='', note=query.text)]")
    kinds = await found(site, frozenset({"aaa", "ccc", "unknown"}))
    assert [(kind.plugin, kind.title.en, kind.lines) for kind in kinds] == [
        ("ccc", "ccc", (FoundLine("асел 5 а", "Әсел 5а", "/x/ccc"),)),
        ("aaa", "aaa", (FoundLine("first", "", "/x/aaa/one/1"),)),
    ]
    assert await found(site, frozenset()) == []


async def test_who_lacks_the_permission_is_not_asked_for(site: Site) -> None:
    add(site, "aaa", HIT % ("secret", ""), "permission='aaa.see'")
    assert await found(site) == []
    assert [kind.lines[0].title for kind in await found(site, roles=("director",))] == ["secret"]


async def test_a_line_whose_page_stays_shut_is_left_out(site: Site) -> None:
    add(site, "aaa", HIT % ("kept", "kept"))
    assert [kind.lines for kind in await found(site)] == [()]
    assert [len(kind.lines) for kind in await found(site, roles=("director",))] == [1]


async def test_a_line_may_lead_to_the_school(site: Site) -> None:
    add(site, "aaa", HIT % ("5a", "/classes/7"))
    (kind,) = await found(site)
    assert [line.href for line in kind.lines] == ["/classes/7"]


@pytest.mark.parametrize(
    ("body", "logged"),
    [
        ("raise RuntimeError('boom')", "RuntimeError"),
        ("raise SystemExit(1)", "SystemExit"),
        ("await asyncio.sleep(30)", "TimeoutError"),
        ("return None", "TypeError"),
        ("return 'text'", "TypeError"),
        ("return {'title': 'x'}", "TypeError"),
        ("return ['text']", "ValidationError"),
        ("return [SearchHit(title=7, path='')]", "ValidationError"),
        ("return [SearchHit(title=T, path='')]", "ValidationError"),
        ("return [Html(template='show.html')]", "ValidationError"),
        (HIT % (" ", ""), "ValueError"),
        (HIT % ("x", "nowhere"), "ValueError"),
        (HIT % ("x", "one/two"), "ValueError"),
        (HIT % ("x", "../bad"), "ValueError"),
        (HIT % ("x", "one/1?next=//evil.example"), "ValueError"),
        (HIT % ("x", "//evil.example"), "ValueError"),
        (HIT % ("x", "/x/bad/one/1"), "ValueError"),
        (HIT % ("x", "/logout"), "ValueError"),
        (HIT % ("x", "/platform"), "ValueError"),
        (HIT % ("x", "/office/../logout"), "ValueError"),
        (HIT % ("x", "/office?q=1"), "ValueError"),
        (HIT % ("x", "javascript:alert(1)"), "ValueError"),
        (HIT % ("x", "https://evil.example/"), "ValueError"),
    ],
)
async def test_what_fails_is_told_and_the_others_stay(
    site: Site, caplog: pytest.LogCaptureFixture, body: str, logged: str
) -> None:
    add(site, "aaa", HIT % ("a", ""))
    add(site, "bad", body, "budget_ms=100")
    add(site, "ccc", HIT % ("c", ""))
    started = time.monotonic()
    with caplog.at_level(logging.WARNING, "kundelik_core.plugins"):
        kinds = await found(site)
    assert time.monotonic() - started < 20
    assert [(kind.plugin, kind.failed, len(kind.lines)) for kind in kinds] == [
        ("aaa", False, 1), ("bad", True, 0), ("ccc", False, 1),
    ]  # fmt: skip
    (record,) = caplog.records
    how = "was late" if logged == "TimeoutError" else "failed"
    told = f"plugin bad {how} in search bad.things of school 7: {logged} [r1]"
    assert record.getMessage() == told


async def test_one_that_hangs_costs_its_own_time_and_no_more(site: Site) -> None:
    add(site, "aaa", "await asyncio.sleep(60)", "budget_ms=80")
    add(site, "bad", "await asyncio.sleep(60)", "budget_ms=80")
    registry, dispatcher = site.load(), site.dispatcher()
    loop = asyncio.get_running_loop()
    began = loop.time()
    kinds = await search_plugins(registry, dispatcher, QUERY, ALL, reader("teacher"))
    assert [kind.failed for kind in kinds] == [True, True]
    # Side by side: not one after the other.
    assert 0.08 <= loop.time() - began < 10


async def test_one_that_keeps_failing_is_left_alone(site: Site) -> None:
    add(site, "bad", "raise RuntimeError")
    registry, dispatcher = site.load(), site.dispatcher()
    call = reader("teacher")
    for _ in range(20):
        (kind,) = await search_plugins(registry, dispatcher, QUERY, ALL, call)
        assert kind.failed
    assert await search_plugins(registry, dispatcher, QUERY, ALL, call) == []


async def test_what_is_too_much_is_cut_and_said(site: Site) -> None:
    add(site, "aaa", "return (SearchHit(title='x' * 999, path='', note='y' * 999),) * 4")
    add(site, "bad", "return [SearchHit(title='x', path='')] * 3")
    several, exact = await found(site)
    assert (len(several.lines), several.more) == (3, True)
    assert (len(several.lines[0].title), len(several.lines[0].note)) == (200, 200)
    assert (len(exact.lines), exact.more) == (3, False)
