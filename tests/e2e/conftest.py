"""A real server with a village in it, and browsers that may not leave it."""

import os
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import asyncpg
import msgspec
import pytest
from playwright.async_api import Browser, BrowserContext, Page, async_playwright, expect

from kundelik_core.identity.rules import new_token, token_hash
from kundelik_core.web.visit import LANG_COOKIE, SESSION_COOKIE
from tests.e2e.small import Cast
from tests.fake_stripe.remote import Fake, running
from tests.server import Server, roomy_dir
from tools.browser import find_chromium

ROOT = Path(__file__).resolve().parents[2]
ARGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
# What a page has to do it does when the machine lets it: nobody waits where it has been done.
SECONDS = 30
expect.set_options(timeout=SECONDS * 1000)


class Site(msgspec.Struct):
    """The server, and what is known of the village."""

    server: Server
    cast: Cast
    tenant: Any
    directory: Any

    @property
    def journal(self) -> str:
        return f"/journal/{self.cast.group}/{self.cast.period}"

    async def session(self, login: str) -> str:
        """Sign somebody in without the page, and return the token."""
        account = await self.directory.fetchval(
            "select account_id from directory.login where login = $1", login
        )
        token, now = new_token(), datetime.now(UTC)
        await self.directory.execute(
            "insert into directory.session (token_hash, account_id, created_at, seen_at, "
            "expires_at) values ($1, $2, $3, $3, $4)",
            token_hash(token), account, now, now + timedelta(hours=2),
        )  # fmt: skip
        return token

    async def marks(self, lesson: int) -> dict[int, str]:
        """Return the points of one of the two lessons by row."""
        rows = await self.tenant.fetch(
            "select pupil_id, trim_scale(points)::text as points from core.mark "
            "where school_id = $1 and work_id = $2 and points is not null",
            self.cast.school, self.cast.lessons[lesson],
        )  # fmt: skip
        return {self.cast.pupils.index(str(r["pupil_id"])): r["points"] for r in rows}

    async def empty(self) -> None:
        """Leave the two lessons without a mark."""
        for table, column in (("cell_history", "column_id"), ("mark", "work_id"),
                              ("absence", "lesson_id")):  # fmt: skip
            await self.tenant.execute(
                f"delete from core.{table} where school_id = $1 and {column} = any($2::uuid[])",
                self.cast.school, self.cast.lessons,
            )  # fmt: skip


@pytest.fixture(scope="session")
def fake_stripe() -> Iterator[Fake]:
    with running() as fake:
        yield fake


def _paying(fake: Fake) -> dict[str, str]:
    """Return what an operator sets so that cards are taken, here by the fake."""
    return {
        "KUNDELIK_SECRET_PAYMENTS_STRIPE_KEY": "sk_test_fake",
        "KUNDELIK_SECRET_PAYMENTS_STRIPE_WEBHOOK": "whsec_e2e",
        "KUNDELIK_SECRET_PAYMENTS_STRIPE_ADDRESS": fake.url,
        "KUNDELIK_HOSTS_PAYMENTS": urlsplit(fake.url).netloc,
    }


@pytest.fixture(scope="session")
def village(fake_stripe: Fake) -> Iterator[tuple[Server, Cast]]:
    """Make the village and serve it."""
    with roomy_dir("e2e") as place:
        made = subprocess.run(
            [sys.executable, "-m", "tests.e2e.small", str(place)],
            cwd=ROOT, capture_output=True, check=False,
            env={k: v for k, v in os.environ.items() if not k.startswith("KUNDELIK_")},
        )  # fmt: skip
        assert made.returncode == 0, made.stderr.decode()[-3000:]
        server = Server(place, workers=1, more=_paying(fake_stripe))
        try:
            server.start()
            yield server, msgspec.json.decode(made.stdout, type=Cast)
        finally:
            server.stop()


@pytest.fixture(scope="session")
async def site(village: tuple[Server, Cast]) -> AsyncIterator[Site]:
    server, cast = village
    tenant = await asyncpg.connect(cast.tenant_url)
    directory = await asyncpg.connect(cast.directory_url)
    yield Site(server, cast, tenant, directory)
    await tenant.close()
    await directory.close()


@pytest.fixture(scope="session")
async def chromium() -> AsyncIterator[Browser]:
    """One Chromium for the session; without one the tests are skipped, on CI they fail."""
    path = find_chromium()
    if path is None:
        if os.environ.get("CI"):
            raise AssertionError("no Chromium")
        pytest.skip("no Chromium: run tools/browser.py")
    async with async_playwright() as play:
        browser = await play.chromium.launch(executable_path=str(path), args=ARGS)
        yield browser
        await browser.close()


class Visitor:
    """Opens pages as somebody, and notes what no page may do."""

    def __init__(self, browser: Browser, site: Site, stack: AsyncExitStack) -> None:
        self._browser = browser
        self._site = site
        self._stack = stack
        self.foreign: list[str] = []
        self.known = {site.server.url}
        """Origins that pages may lead to."""
        self.errors: list[str] = []

    async def __call__(
        self, login: str = "", *, lang: str = "en", width: int = 1280, **options: Any
    ) -> Page:
        """Return a page in a profile of its own."""
        context = await self._browser.new_context(
            base_url=self._site.server.url, viewport={"width": width, "height": 844}, **options
        )
        self._stack.push_async_callback(context.close)
        context.set_default_timeout(SECONDS * 1000)
        await self._cookie(context, LANG_COOKIE, lang)
        if login:
            await self._cookie(context, SESSION_COOKIE, await self._site.session(login))
        page = await context.new_page()
        context.on("request", lambda request: self._look(request.url))
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("console", self._hear)
        return page

    async def _cookie(self, context: BrowserContext, name: str, value: str) -> None:
        url = self._site.server.url
        await context.add_cookies([{"name": name, "value": value, "url": url}])

    def _look(self, url: str) -> None:
        parts = urlsplit(url)
        here = f"{parts.scheme}://{parts.netloc}"
        if parts.scheme not in {"data", "blob"} and here not in self.known:
            self.foreign.append(url)

    def _hear(self, message: Any) -> None:
        # What the policy of a page refuses is said on the console only.
        if message.type == "error" and "Content Security Policy" in message.text:
            self.errors.append(message.text)


@pytest.fixture
async def visit(chromium: Browser, site: Site) -> AsyncIterator[Visitor]:
    async with AsyncExitStack() as stack:
        visitor = Visitor(chromium, site, stack)
        yield visitor
    assert visitor.foreign == [], "a page asked another origin"
    assert visitor.errors == []


@pytest.fixture
async def emptied(site: Site) -> Site:
    await site.empty()
    return site
