"""Drive the application as a browser does, in the test's own event loop."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from kundelik_core.kernel.settings import Settings
from kundelik_core.testing.browsing import BASE, browser, open_session
from kundelik_core.web.app import create_app
from kundelik_core.web.middleware import Shell

__all__ = ["BASE", "browser", "open_session", "running"]


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
