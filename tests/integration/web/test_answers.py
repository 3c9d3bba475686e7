"""What every answer carries, whatever it is an answer to."""

import asyncio
import gzip
import json
import logging
from collections.abc import AsyncIterator

import asyncpg
import brotli
import httpx
import msgspec
import pytest
from litestar import Response
from litestar.params import JSONBody
from litestar.response import Stream

from kundelik_core.identity import accounts
from kundelik_core.identity.access import Permission
from kundelik_core.kernel.db import CommitFailed, Databases
from kundelik_core.kernel.errors import Problem
from kundelik_core.kernel.i18n import LOCALES
from kundelik_core.kernel.ids import new_id
from kundelik_core.web.frame import view
from kundelik_core.web.middleware import Shell
from kundelik_core.web.routes import api_get, api_post, declared_routes, form, page
from kundelik_core.web.security import CSP
from kundelik_core.web.static_mount import asset
from kundelik_core.web.visit import Request, actor_of, form_of
from tests.factories import Factory
from tests.web import browser, open_session, running


class Item(msgspec.Struct):
    pupil: int


class Body(msgspec.Struct):
    changes: list[Item]


@page("/t/crash", access="public")
async def crash() -> None:
    raise RuntimeError("the secret inner detail")


@page("/t/down", access="public")
async def down() -> None:
    raise asyncpg.ConnectionDoesNotExistError("connection was closed in the middle")


@api_get("/t/problem", access="public")
async def problem() -> None:
    raise Problem(
        "too-many-attempts",
        "Too many attempts. Wait %(minutes)s minutes and try again.",
        status=429,
        params={"minutes": 15},
        field="login",
        extra={"retry_after": 900},
    )


@api_get("/t/commit", access="public")
async def commit() -> None:
    raise CommitFailed


@api_post("/t/body", access="public")
async def body(data: JSONBody[Body]) -> Body:
    return data


@form("/t/form", access="public")
async def small_form(request: Request) -> Response[str]:
    return Response(",".join(await form_of(request)))


@page("/t/kept", access="signed-in")
async def kept(request: Request) -> Response[bytes]:
    return view(
        request,
        "error.html",
        headers={"Cache-Control": "private, no-cache"},
        title="T" * 3000,
        text="",
        href="",
        label="",
        ref="",
    )


@page("/t/journal", access=Permission.JOURNAL_READ)
async def journal(request: Request) -> Response[str]:
    return Response(actor_of(request).display_name)


@page("/t/stream", access="public")
async def stream() -> Stream:
    async def parts() -> AsyncIterator[str]:
        for n in range(3):
            yield f"{n}\n"

    return Stream(parts(), media_type="text/csv")


HANDLERS = (crash, down, problem, commit, body, small_form, kept, journal, stream)


@pytest.fixture(scope="module")
async def odd(databases: Databases) -> AsyncIterator[Shell]:
    """The application with some pages that go wrong in known ways."""
    async with running(handlers=HANDLERS) as made:
        yield made


def chunks(size: int) -> AsyncIterator[bytes]:
    async def run() -> AsyncIterator[bytes]:
        for _ in range(size // 65536):
            yield b"x" * 65536

    return run()


def guarded(answer: httpx.Response) -> bool:
    return (
        answer.headers.get("content-security-policy") == CSP
        and answer.headers["x-content-type-options"] == "nosniff"
        and answer.headers["referrer-policy"] == "same-origin"
        and "cache-control" in answer.headers
    )


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/login", 200),
        ("GET", "/", 303),
        ("GET", "/nowhere", 404),
        ("GET", "/api/v1/nowhere", 404),
        ("DELETE", "/login", 405),
        ("GET", "/t/crash", 500),
        ("GET", "/t/down", 503),
        ("GET", "/healthz", 200),
        ("GET", "/readyz", 200),
        ("GET", "/favicon.ico", 200),
        ("GET", "/static/x/none.css", 404),
        ("GET", "/t/stream", 200),
        ("HEAD", "/login", 200),
        ("GET", "/%00%ff/x", 404),
        ("OPTIONS", "/login", 204),
    ],
)
async def test_the_policy_is_on_every_answer(
    odd: Shell, method: str, path: str, status: int
) -> None:
    async with browser(odd) as client:
        answer = await client.request(method, path)
    assert answer.status_code == status
    assert guarded(answer)
    assert "secret inner detail" not in answer.text
    assert "Traceback" not in answer.text


@pytest.mark.parametrize("chunked", [False, True])
async def test_a_body_that_is_too_large_is_refused(odd: Shell, chunked: bool) -> None:
    size = 3 * 1024 * 1024
    taken = 0

    async def counted() -> AsyncIterator[bytes]:
        nonlocal taken
        async for part in chunks(size):
            taken += len(part)
            yield part

    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    if not chunked:
        headers["Content-Length"] = str(size)
    async with browser(odd) as client:
        answer = await client.post("/t/form", content=counted(), headers=headers)
        api = await client.post(
            "/api/v1/t/body", content=b" " * size, headers={"Content-Type": "application/json"}
        )
    assert answer.status_code == 413
    assert guarded(answer)
    assert taken <= 65536 if not chunked else taken < size
    assert (api.status_code, api.json()["code"]) == (413, "too-large")


async def test_a_crash_is_logged_with_the_reference_that_the_page_shows(
    odd: Shell, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR):
        async with browser(odd) as client:
            answer = await client.get("/t/crash")
    reference = answer.headers["x-request-id"]
    assert reference in answer.text
    assert any(reference in r.getMessage() and r.exc_info for r in caplog.records)


@pytest.mark.parametrize("lang", LOCALES)
async def test_machines_get_the_problem_in_the_language_of_the_reader(
    odd: Shell, lang: str
) -> None:
    from kundelik_core.kernel.i18n import translations

    text = translations(lang).gettext("Too many attempts. Wait %(minutes)s minutes and try again.")
    async with browser(odd, lang=lang) as client:
        answer = await client.get("/api/v1/t/problem")
    assert answer.status_code == 429
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["retry-after"] == "900"
    assert answer.json() == {
        "type": "urn:kundelik:problem:too-many-attempts",
        "code": "too-many-attempts",
        "title": text % {"minutes": 15},
        "status": 429,
        "detail": "",
        "field": "login",
        "retry_after": 900,
        "request_id": answer.headers["x-request-id"],
    }


async def test_pages_and_machines_get_their_own_kind(odd: Shell) -> None:
    async with browser(odd) as client:
        page_ = await client.get("/nowhere")
        asked = await client.get("/nowhere", headers={"Accept": "application/json"})
        api = await client.get("/api/v1/nowhere")
        signed_out = await client.get("/t/journal", headers={"Accept": "application/json"})
        conflict = await client.get("/api/v1/t/commit")
        down_ = await client.get("/t/down")
        login = await client.post(
            "/login", data={"login": "no", "password": "x"}, headers={"Accept": "application/json"}
        )
    assert page_.headers["content-type"] == "text/html; charset=utf-8"
    for answer in (asked, api, signed_out, conflict, login):
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["status"] == answer.status_code
    assert (signed_out.status_code, signed_out.json()["code"]) == (401, "signed-out")
    assert (conflict.status_code, conflict.json()["code"]) == (409, "commit-failed")
    assert (login.status_code, login.json()["code"]) == (401, "sign-in-failed")
    assert (down_.status_code, down_.headers["retry-after"]) == (503, "30")


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        ({"changes": [{"pupil": "x"}]}, "changes[0].pupil"),
        ({"changes": 1}, "changes"),
        ({}, "changes"),
        ("{", ""),
    ],
)
async def test_what_does_not_fit_is_named(odd: Shell, sent: object, field: str) -> None:
    content = sent if isinstance(sent, str) else json.dumps(sent)
    async with browser(odd) as client:
        answer = await client.post(
            "/api/v1/t/body", content=content, headers={"Content-Type": "application/json"}
        )
    assert answer.status_code == 400
    assert field in answer.json().get("field", "")
    assert bool(field) == ("field" in answer.json())


async def test_permission_is_asked_before_the_page(odd: Shell, factory: Factory) -> None:
    school = await factory.school()
    teacher = await factory.person(school, role="teacher")
    parent = await factory.person(school, role="parent")
    for person, role, status in ((teacher, "teacher", 200), (parent, "parent", 403)):
        account = await factory.account(
            f"p.{new_id().hex[-12:]}", memberships=[(school, person, role)]
        )
        async with browser(odd, token=await open_session(account)) as client:
            answer = await client.get("/t/journal")
            assert answer.status_code == status
            assert answer.headers["cache-control"] in {"private, no-store", "no-store"}
    async with browser(odd) as client:
        assert (
            (await client.get("/t/journal?x=1&y=ә"))
            .headers["location"]
            .startswith("/login?next=/t/journal%3Fx%3D1")
        )


async def test_a_kept_page_is_asked_for_again_and_answered_short(odd: Shell) -> None:
    account = await accounts.create_account(f"e.{new_id().hex[-12:]}", "Айша")
    async with browser(
        odd, token=await open_session(account), **{"Accept-Encoding": "br"}
    ) as client:
        first = await client.get("/t/kept")
        assert first.headers["cache-control"] == "private, no-cache"
        second = await client.get("/t/kept", headers={"If-None-Match": first.headers["etag"]})
        assert (second.status_code, second.content) == (304, b"")
        assert second.headers["content-security-policy"] == CSP
        await client.post("/preferences", data={"lang": "ru"})
        third = await client.get("/t/kept", headers={"If-None-Match": first.headers["etag"]})
        assert third.status_code == 200


async def test_long_answers_are_packed_as_the_browser_can(odd: Shell) -> None:
    async with browser(odd) as client:
        plain = await client.get("/login", headers={"Accept-Encoding": "identity"})
        for coding, unpack in (("br", brotli.decompress), ("gzip", gzip.decompress)):
            async with client.stream(
                "GET", "/login", headers={"Accept-Encoding": coding}
            ) as answer:
                raw = b"".join([part async for part in answer.aiter_raw()])
            assert answer.headers["content-encoding"] == coding
            assert int(answer.headers["content-length"]) == len(raw) < len(plain.content)
            assert unpack(raw) == plain.content
        refused = await client.get("/login", headers={"Accept-Encoding": "br;q=0, gzip;q=0"})
        assert "content-encoding" not in refused.headers
        head = await client.head("/login", headers={"Accept-Encoding": "identity"})
        assert (head.content, head.headers["content-length"]) == (
            b"",
            plain.headers["content-length"],
        )


async def test_files_are_kept_for_ever_under_their_digest(odd: Shell) -> None:
    url = asset("css/family.css")
    async with browser(odd) as client:
        found = await client.get(url, headers={"Accept-Encoding": "br"})
        assert found.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert found.headers["content-encoding"] == "br"
        assert found.headers["content-type"] == "text/css; charset=utf-8"
        assert "@layer tokens, base, components, pages, theme;" in found.text
        assert not found.headers.get_list("set-cookie")
        again = await client.get(url, headers={"If-None-Match": found.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
        name = url.rsplit("/css/", 1)[1]
        other = await client.get(f"/static/0000000000/css/{name}")
        assert (other.status_code, other.headers["cache-control"]) == (200, "public, no-cache")
        for path in (
            "/static/../render.py",
            "/static/x/../../render.py",
            "/static/",
            "/static/x/css/",
        ):
            assert (await client.get(path)).status_code == 404


async def test_a_handler_that_does_not_say_who_may_stops_the_start() -> None:
    from litestar import get

    @get("/t/open")
    async def forgotten() -> None:
        return None

    with pytest.raises(RuntimeError, match="does not declare access"):
        async with running(handlers=(forgotten,)):
            pass


def test_every_route_of_the_product_is_declared(app: Shell) -> None:
    routes = list(declared_routes(app.litestar))
    assert len(routes) >= 12
    assert all(
        access in {"public", "signed-in"} or isinstance(access, Permission)
        for _p, _m, access in routes
    )


async def test_health_needs_no_database_and_readiness_does(odd: Shell) -> None:
    from kundelik_core.kernel import db

    opened = db._databases
    db.use_databases(None)
    try:
        async with browser(odd) as client:
            health, ready = await client.get("/healthz"), await client.get("/readyz")
    finally:
        db.use_databases(opened)
    assert health.status_code == 200
    assert ready.status_code >= 500


async def test_many_requests_at_once_keep_their_own_language(odd: Shell) -> None:
    async with browser(odd) as client:
        langs = list(LOCALES) * 10
        pages = await asyncio.gather(
            *(client.get("/nowhere", headers={"Accept-Language": x}) for x in langs)
        )
    assert [f'<html lang="{x}">' in p.text for x, p in zip(langs, pages, strict=True)] == [
        True
    ] * len(langs)
