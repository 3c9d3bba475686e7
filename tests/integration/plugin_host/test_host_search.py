"""A search of a plugin in a process of its own: the same lines, the same refusals, its own time."""

import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from kundelik_core.plugins.searching import FoundKind, search_plugins
from kundelik_core.sdk import SearchQuery
from kundelik_core.testing.packages import manifest
from tests.integration.plugin_host.hosting import Hosting, call_of, found_in, hosting
from tests.unit.plugins.dists import Site

NAME = "finder"
MANIFEST = manifest(NAME, 'pages = true\nsearch = ["finder.things", "finder.slow"]', api=">=0.2,<1")
CODE = """
import asyncio, os, time
from kundelik_core.sdk import *

T = Text(kk="к", ru="р", en="e")

async def page(ctx, request):
    return NotFound()

async def things(ctx, query):
    match query.text:
        case "raise":
            raise RuntimeError("boom")
        case "type":
            return [Html(template="show.html")]
        case "away":
            return [SearchHit(title="x", path="https://evil.example/")]
        case "much":
            return [SearchHit(title="x" * 60, path="one/1")] * 5000
        case "block":
            time.sleep(8)
    title = f"<b>{' '.join(query.words)} {query.most} {ctx.school.id}"
    return [SearchHit(title=title, path="one/1", note=query.text)]

async def slow(ctx, query):
    if query.text == "slow":
        await asyncio.sleep(60)
    return ()

class Plugin:
    @hookimpl
    def pages(self):
        return [Page(path="one/{id:int}", title=T, handle=page, permission=None)]
    @hookimpl
    def search(self):
        return [Search(name="finder.things", title=T, find=things),
                Search(name="finder.slow", title=T, find=slow, budget_ms=100)]

plugin = Plugin()
"""


@pytest.fixture(scope="module")
async def both(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Hosting]:
    folder: Path = tmp_path_factory.mktemp("finder")
    site = Site(folder / "site")
    site.folder.mkdir()
    site.add(NAME, code=CODE, manifest=MANIFEST)
    with hosting(folder / "data", site, found_in(site, NAME)) as made:
        made.load(found_in(site, NAME))
        yield made
        await made.hosted.close()


async def found(both: Hosting, text: str) -> list[FoundKind]:
    query = SearchQuery(text=text, words=("аб", "5"), most=20)
    return await search_plugins(both.registry, both.dispatcher(), query, {NAME}, call_of("M"))


async def test_what_it_finds_comes_as_if_it_ran_here(both: Hosting) -> None:
    assert [one.name for one in both.registry.loaded[NAME].declared.search] == [
        "finder.things", "finder.slow",
    ]  # fmt: skip
    things, slow = await found(both, "аб 5")
    (line,) = things.lines
    assert (line.title, line.note, line.href) == ("<b>аб 5 20 7", "аб 5", "/x/finder/one/1")
    assert (slow.lines, slow.failed) == ((), False)


@pytest.mark.parametrize("what", ["raise", "type", "away", "much"])
async def test_what_fails_there_fails_here_and_nowhere_else(both: Hosting, what: str) -> None:
    things, slow = await found(both, what)
    assert (things.failed, things.lines) == (True, ())
    assert not slow.failed


async def test_one_that_hangs_there_costs_its_time(both: Hosting) -> None:
    things, slow = await found(both, "slow")
    assert (len(things.lines), things.failed) == (1, False)
    assert (slow.lines, slow.failed) == ((), True)


async def test_one_that_blocks_its_process_costs_the_page_its_time(both: Hosting) -> None:
    began = time.monotonic()
    kinds = await found(both, "block")
    assert [kind.failed for kind in kinds] == [True, True]
    assert time.monotonic() - began < 6
