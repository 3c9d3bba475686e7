"""Drive the application as a browser does, in the test's own event loop."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx

from kundelik_core.identity.rules import new_token, token_hash
from kundelik_core.kernel.db import directory
from kundelik_core.kernel.settings import Settings
from kundelik_core.web.app import create_app
from kundelik_core.web.middleware import Shell
from kundelik_core.web.visit import SESSION_COOKIE

BASE = "http://kundelik.test"


@asynccontextmanager
async def running(*, handlers: tuple[Any, ...] = (), **settings: Any) -> AsyncIterator[Shell]:
    """Run an application on the databases that the test has open."""
    app = create_app(Settings(**settings), handlers=handlers)
    started, stopping = asyncio.Event(), asyncio.Event()

    async def live() -> None:
        # In one task from beginning to end: a fixture's two halves may run in two.
        async with app.lifespan():
            started.set()
            await stopping.wait()

    life = asyncio.create_task(live())
    life.add_done_callback(lambda _life: started.set())
    await started.wait()
    try:
        if not life.done():
            yield app
    finally:
        stopping.set()
        await life


def browser(app: Shell, *, token: str = "", lang: str = "en", **headers: str) -> httpx.AsyncClient:
    """Return a client that sends what a browser on our own page sends; it follows no redirects."""
    client = httpx.AsyncClient(
        transport=httpx.ASGITransport(app, raise_app_exceptions=False, client=("192.0.2.1", 1234)),
        base_url=BASE,
        headers={
            "Sec-Fetch-Site": "same-origin",
            "Accept": "text/html",
            "Accept-Language": lang,
            **headers,
        },
    )
    if token:
        client.cookies.set(SESSION_COOKIE, token, domain="kundelik.test")
    return client


async def open_session(account: UUID) -> str:
    """Sign an account in without a password, and return its token."""
    token = new_token()
    until = datetime.now(UTC) + timedelta(hours=1)
    await directory().execute(
        "select directory.open_session($1, $2, $3, $4, $5)",
        token_hash(token),
        account,
        until,
        "test",
        "",
    )
    return token
