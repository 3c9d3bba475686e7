"""Hold what is known of one request: who, in which language, from where."""

from collections.abc import Awaitable, Callable, MutableMapping
from functools import lru_cache
from typing import Any, Final, cast
from urllib.parse import urlencode
from uuid import UUID

import msgspec
from litestar import Request as LitestarRequest
from litestar.datastructures import State
from litestar.exceptions.http_exceptions import RequestEntityTooLarge

from kundelik_core.identity.model import Actor
from kundelik_core.kernel.errors import Problem
from kundelik_core.kernel.i18n import LOCALES, N_, Locale, as_locale, pick_locale
from kundelik_core.web.security import is_door, local_path

__all__ = [
    "SESSION_COOKIE",
    "Request",
    "Visit",
    "actor_of",
    "body_of",
    "clear_cookie",
    "form_of",
    "set_cookie",
    "visit_of",
]

Request = LitestarRequest[Actor | None, None, State]
"""What handlers take. ``actor_of(request)`` is the sender, ``visit_of(request)`` the rest."""

# What the server hands over, as ASGI has it: plain mappings.
Message = MutableMapping[str, Any]
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

SESSION_COOKIE: Final = "kundelik_session"
LANG_COOKIE: Final = "kundelik_lang"
THEME_COOKIE: Final = "kundelik_theme"
NOTE_COOKIE: Final = "kundelik_note"
KEY: Final = "kundelik.visit"
YEAR_SECONDS: Final = 365 * 24 * 3600


# There are few different ones; what a browser sends is shorter.
_MOST_LANGUAGES: Final = 200
_picked: Final = lru_cache(maxsize=256)(pick_locale)


class Visit(msgspec.Struct, kw_only=True):
    """One request, as the outer layer saw it."""

    request_id: str
    method: str
    path: str
    query: str
    host: str
    address: str
    agent: str
    accept: str
    secure: bool
    cookies: dict[str, str]
    locale: Locale = "kk"
    actor: Actor | None = None
    school_id: int = 0
    """The school that the page is about, for readers with several; it decides how it looks."""
    account: str = ""
    """The account that the sending page was made for, if it says so."""
    set_cookies: list[str] = msgspec.field(default_factory=list)
    _here: str = ""

    @property
    def here(self) -> str:
        """Return path and query, to come back to."""
        if not self._here:
            self._here = local_path(f"{self.path}?{self.query}" if self.query else self.path)
        return self._here

    @property
    def is_api(self) -> bool:
        """Tell whether a machine asks: it gets JSON, also for what went wrong."""
        if self.path.startswith("/api/") or is_door(self.path):
            return True
        return "json" in self.accept and "text/html" not in self.accept

    @property
    def theme(self) -> str:
        """Return ``light``, ``dark`` or nothing."""
        theme = self.actor.theme if self.actor else self.cookies.get(THEME_COOKIE, "")
        return theme if theme in {"light", "dark"} else ""


def read_cookies(header: str) -> dict[str, str]:
    """Return the cookies of a request; ours hold plain signs, so there is nothing to unquote."""
    found: dict[str, str] = {}
    for part in header.split(";"):
        name, equals, value = part.strip().partition("=")
        # Of two the first wins: browsers send the one with the longer path first.
        if equals and name not in found:
            found[name] = value
    return found


def choose_locale(visit: Visit, asked: str, accept_language: str) -> Locale:
    """Return the language: what was asked for, chosen before, the account's, the browser's."""
    if asked in LOCALES:
        set_cookie(visit, LANG_COOKIE, asked, max_age=YEAR_SECONDS)
        return as_locale(asked)
    if visit.cookies.get(LANG_COOKIE) in LOCALES:
        return as_locale(visit.cookies[LANG_COOKIE])
    if visit.actor:
        return visit.actor.locale
    return _picked(accept_language[:_MOST_LANGUAGES])


def set_cookie(
    visit: Visit, name: str, value: str, *, max_age: int | None = None, http_only: bool = True
) -> None:
    """Let the answer set a cookie of this site."""
    parts = [f"{name}={value}", "Path=/", "SameSite=Lax"]
    if max_age is not None:
        parts.append(f"Max-Age={max_age}")
    if http_only:
        parts.append("HttpOnly")
    if visit.secure:
        parts.append("Secure")
    visit.set_cookies.append("; ".join(parts))


def clear_cookie(visit: Visit, name: str) -> None:
    """Let the answer remove a cookie."""
    set_cookie(visit, name, "", max_age=0)


def visit_of(request: LitestarRequest[Any, Any, Any]) -> Visit:
    """Return what is known of this request."""
    visit: Visit = cast("dict[str, Any]", request.scope)[KEY]
    return visit


def signed_out() -> Problem:
    """Return the answer to a request without a living session."""
    return Problem(
        "signed-out",
        N_("You are not signed in, or your session has ended."),
        status=401,
        help=N_("Sign in again; nothing that you saved is lost."),
    )


def actor_of(request: LitestarRequest[Any, Any, Any]) -> Actor:
    """Return the sender.

    Raises:
        Problem: ``signed-out``; cannot happen behind a guard other than ``public``.
    """
    actor = visit_of(request).actor
    if actor is None:
        raise signed_out()
    return actor


async def body_of(request: Request) -> bytes:
    """Return what was sent as it is, past the framework's many steps: for the hottest of writes.

    Raises:
        RequestEntityTooLarge: it is longer than its route lets it be.
        Problem: the sender has gone.
    """
    most = request.route_handler.resolve_request_max_body_size() or 0
    body = b""
    while True:
        event = await request.receive()
        if event["type"] != "http.request":
            raise Problem("gone", N_("What was sent does not fit."))
        body += event.get("body", b"")
        if len(body) > most:
            raise RequestEntityTooLarge
        if not event.get("more_body", False):
            return body


async def form_of(request: Request) -> dict[str, str]:
    """Return the text fields of a form; of repeated ones the last."""
    form = await request.form()
    return {key: value for key, value in form.multi_items() if isinstance(value, str)}


def with_query(path: str, **query: str | int | UUID) -> str:
    """Return an address with a query."""
    return f"{path}?{urlencode(query)}" if query else path
