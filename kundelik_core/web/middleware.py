"""Stand around the whole application: nothing is answered, not even an unknown address, without it.

It finds out who asks and in which language, refuses what another site sends, keeps static files and
health checks away from the rest, and gives every answer its security headers.
"""

import secrets
from contextlib import AbstractAsyncContextManager
from typing import Any, Final
from urllib.parse import parse_qs

from litestar import Litestar

from kundelik_core.identity.sessions import Sessions
from kundelik_core.kernel.errors import Problem
from kundelik_core.kernel.i18n import N_, use_locale
from kundelik_core.web.answer import Finisher, accepts
from kundelik_core.web.errors import answer
from kundelik_core.web.module_files import MODULES, module_file
from kundelik_core.web.security import SAFE_METHODS, fixed_headers, is_cross_site, is_door
from kundelik_core.web.static_mount import PREFIX, File, static_files
from kundelik_core.web.visit import (
    KEY,
    SESSION_COOKIE,
    Receive,
    Scope,
    Send,
    Visit,
    choose_locale,
    clear_cookie,
    read_cookies,
)

__all__ = ["Shell"]

YEAR: Final = b"public, max-age=31536000, immutable"
INERT: Final = b"default-src 'none'; style-src 'unsafe-inline'; sandbox"
# Files that browsers want at the root, and where they lie.
AT_ROOT: Final = {
    "/favicon.ico": "img/favicon.svg",
    "/sw.js": "js/sw.js",
    "/manifest.webmanifest": "manifest.webmanifest",
    "/robots.txt": "robots.txt",
}


class Shell:
    """The application as the server calls it; ``litestar`` inside does the routing."""

    def __init__(self, litestar: Litestar, *, secure: bool = False) -> None:
        self.litestar = litestar
        self._inner: Any = litestar
        self.secure = secure
        # Replaced at the start, when there is a hub; until then nothing is remembered.
        self.sessions = Sessions(None)
        self._fixed = {flag: fixed_headers(secure=flag) for flag in (False, True)}

    def lifespan(self) -> AbstractAsyncContextManager[None]:
        """Open and close what the application needs; the server does it by itself."""
        return self.litestar.lifespan()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            if scope["type"] == "websocket":
                await send({"type": "websocket.close", "code": 1000, "reason": ""})
                return
            await self._inner(scope, receive, send)
            return
        headers = dict(reversed(list(scope["headers"])))
        path = scope["path"]
        secure = self.secure or scope["scheme"] == "https"
        if path == "/healthz":
            await _plain(send, 200, b"ok\n", self._fixed[secure])
        elif path.startswith((PREFIX, MODULES)) or path in AT_ROOT:
            await self._static(send, headers, path, secure=secure, method=scope["method"])
        else:
            await self._serve(scope, receive, send, headers, secure=secure)

    async def _serve(
        self,
        scope: Scope,
        receive: Receive,
        send: Send,
        headers: dict[bytes, bytes],
        *,
        secure: bool,
    ) -> None:
        visit = _visit(scope, headers, secure=secure)
        finisher = Finisher(
            send,
            visit,
            self._fixed[secure],
            accepts(headers.get(b"accept-encoding", b"")),
            headers.get(b"if-none-match", b""),
            head=scope["method"] == "HEAD",
        )
        if scope["method"] == "HEAD":
            scope["method"] = "GET"  # a page is made, its body kept back
        scope[KEY] = visit
        language = headers.get(b"accept-language", b"").decode("latin-1")
        asked = parse_qs(visit.query).get("lang", [""])[0] if "lang=" in visit.query else ""
        visit.locale = choose_locale(visit, asked, language)
        try:
            outside = visit.method == "POST" and is_door(visit.path)
            if not outside:
                _refuse_foreign(visit, headers)
            token = "" if outside else visit.cookies.get(SESSION_COOKIE, "")
            if token:
                visit.actor = await self.sessions.actor(token)
                if visit.actor is None:
                    clear_cookie(visit, SESSION_COOKIE)
                elif not asked:
                    visit.locale = choose_locale(visit, "", language)
            scope["user"], scope["auth"] = visit.actor, None
            with use_locale(visit.locale):
                await self._inner(scope, receive, finisher)
        except Exception as error:  # the last place where it can become an answer
            if finisher.begun:
                raise
            await _send_error(finisher, visit, error)

    async def _static(
        self, send: Send, headers: dict[bytes, bytes], path: str, *, secure: bool, method: str
    ) -> None:
        fixed = self._fixed[secure]
        found = _file(path)
        if found is None or method not in {"GET", "HEAD"}:
            await _plain(send, 404, b"not found\n", fixed)
            return
        file, for_ever = found
        cache = YEAR if for_ever else b"public, no-cache"
        if path.startswith(MODULES):  # opened by itself, a picture is a page: an inert one
            fixed = [pair for pair in fixed if pair[0] != b"content-security-policy"]
            fixed.append((b"content-security-policy", INERT))
        out = [
            *fixed,
            (b"cache-control", cache),
            (b"etag", file.etag),
            (b"vary", b"Accept-Encoding"),
        ]
        if file.etag in headers.get(b"if-none-match", b""):
            await _send(send, 304, out, b"")
            return
        coding = accepts(headers.get(b"accept-encoding", b""))
        packed = {"br": file.brotli, "gzip": file.gzip}.get(coding, b"")
        if packed:
            out.append((b"content-encoding", coding.encode()))
        body = packed or file.plain
        out += [(b"content-type", file.type.encode()), (b"content-length", str(len(body)).encode())]
        await _send(send, 200, out, b"" if method == "HEAD" else body)


def _file(path: str) -> tuple[File, bool] | None:
    """Return a file of ours or of a module, and whether it may be kept for ever."""
    if path.startswith(MODULES):
        return module_file(path)
    return static_files().find(PREFIX + "-/" + AT_ROOT[path] if path in AT_ROOT else path)


def _visit(scope: Scope, headers: dict[bytes, bytes], *, secure: bool) -> Visit:
    def text(name: bytes) -> str:
        return headers.get(name, b"").decode("latin-1")

    client = scope.get("client")
    return Visit(
        request_id=secrets.token_hex(8),
        method=scope["method"],
        path=scope["path"],
        query=scope["query_string"].decode("latin-1"),
        host=text(b"host"),
        address=client[0] if client else "",
        agent=text(b"user-agent")[:300],
        accept=text(b"accept"),
        secure=secure,
        cookies=read_cookies(text(b"cookie")),
        account=text(b"kundelik-account"),
    )


def _refuse_foreign(visit: Visit, headers: dict[bytes, bytes]) -> None:
    if visit.method in SAFE_METHODS:
        return
    site = headers.get(b"sec-fetch-site", b"").decode("latin-1")
    origin = headers.get(b"origin", b"").decode("latin-1")
    if is_cross_site(site, origin, visit.host):
        raise Problem(
            "cross-site",
            N_("This request came from another site and was not carried out."),
            status=403,
            help=N_("Open the page here and try again."),
        )


async def _send_error(finisher: Finisher, visit: Visit, error: Exception) -> None:
    status, media_type, extra, body = answer(visit, error)
    pairs = [(k.lower().encode(), v.encode()) for k, v in extra.items()]
    kind = f"{media_type}; charset=utf-8" if media_type.startswith("text/") else media_type
    await _send(finisher, status, [(b"content-type", kind.encode()), *pairs], body)


async def _plain(send: Send, status: int, body: bytes, fixed: list[tuple[bytes, bytes]]) -> None:
    headers = [
        *fixed,
        (b"content-type", b"text/plain; charset=utf-8"),
        (b"content-length", str(len(body)).encode()),
        (b"cache-control", b"no-store"),
    ]
    await _send(send, status, headers, body)


async def _send(send: Send, status: int, headers: list[tuple[bytes, bytes]], body: bytes) -> None:
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})
