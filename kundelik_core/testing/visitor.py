"""Visit the pages of the core under test as one person does, without a browser."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import httpx

from kundelik_core.testing.browsing import browser, open_session
from kundelik_core.testing.ground import Ground

__all__ = ["Visitor"]


class Visitor:
    """Somebody in front of the pages; without an account, somebody who has not signed in.

    What the plugin raises is raised here, unless ``calm`` asks for the page that people would see.
    No redirect is followed.
    """

    def __init__(self, ground: Ground, account: UUID | None, lang: str = "en") -> None:
        self._ground, self._account, self._lang = ground, account, lang
        self._token = ""

    def get(self, path: str, *, calm: bool = False, lang: str = "") -> httpx.Response:
        """Open a page, like ``/x/rating/``."""
        return self._ask("GET", path, calm, {"Accept-Language": lang or self._lang})

    def post(
        self,
        path: str,
        data: Mapping[str, Any] | None = None,
        *,
        json: object = None,
        files: Mapping[str, tuple[str, bytes, str]] | None = None,
        calm: bool = False,
        site: str = "same-origin",
    ) -> httpx.Response:
        """Send a form, or JSON; ``site="cross-site"`` sends it from somebody else's page."""
        headers = {"Accept-Language": self._lang, "Sec-Fetch-Site": site}
        return self._ask("POST", path, calm, headers, data=data, json=json, files=files)

    def _ask(
        self,
        method: str,
        path: str,
        calm: bool,
        headers: Mapping[str, str],
        **body: Any,  # noqa: ANN401 - as httpx takes it
    ) -> httpx.Response:
        answer = self._ground.run(self._send(method, path, headers, body))
        if not calm:
            self._ground.raise_failures()
        return answer

    async def _send(
        self, method: str, path: str, headers: Mapping[str, str], body: Mapping[str, Any]
    ) -> httpx.Response:
        if self._account is not None and not self._token:
            self._token = await open_session(self._account, "kundelik-kit")
        accept = "application/json" if body.get("json") is not None else "text/html"
        sent = {"Accept": accept, **headers}
        async with browser(self._ground.app, token=self._token, **sent) as client:
            return await client.request(method, path, **body)
