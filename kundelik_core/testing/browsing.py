"""Ask an application as a browser does, in the caller's own event loop."""

from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

import httpx

from kundelik_core.identity.rules import new_token, token_hash
from kundelik_core.kernel.db import directory
from kundelik_core.web.middleware import Shell
from kundelik_core.web.visit import SESSION_COOKIE

__all__ = ["BASE", "browser", "open_session"]

_HOST: Final = "kundelik.test"
BASE: Final = f"http://{_HOST}"


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
        client.cookies.set(SESSION_COOKIE, token, domain=_HOST)
    return client


async def open_session(account: UUID, agent: str = "test") -> str:
    """Sign an account in without a password, and return its token."""
    token = new_token()
    until = datetime.now(UTC) + timedelta(hours=1)
    await directory().execute(
        "select directory.open_session($1, $2, $3, $4, $5)",
        token_hash(token),
        account,
        until,
        agent,
        "",
    )
    return token
