"""Every route, every role, the own school and another one: nobody gets further than the table."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from kundelik_core.web.middleware import Shell
from kundelik_core.web.routes import declared_routes
from kundelik_core.web.security import CSP, SAFE_METHODS
from tests.factories import Factory
from tests.security.table import ACTORS, QUERIES, ROUTES, Line
from tests.security.town import (
    AWAY,
    CHILD_AWAY,
    CHILD_HERE,
    School,
    Town,
    fingerprint,
)
from tests.web import browser, open_session

# Written after the answer is out, so a look of an earlier test may still arrive.
LOOKS = "access_log"
ABOVE_SCHOOLS = {"region", "operator", "vendor"}
LINES = [(method, path, line) for (method, path), line in ROUTES.items()]
LINES += [("GET", path, line) for path, line in QUERIES.items()]
IDS = [f"{method} {path}" for method, path, _line in LINES]
WRITES = [(m, p, line) for m, p, line in LINES if m not in SAFE_METHODS]
NAMED = [(m, p, line) for m, p, line in LINES if line.names]
API = [(m, p, line) for m, p, line in LINES if p.startswith("/api/") and not line.public]


def ids(lines: list[tuple[str, str, Line]]) -> list[str]:
    return [f"{method} {path}" for method, path, _line in lines]


def nothing_leaks(answer: httpx.Response, actor: str) -> None:
    """Every answer to anybody: our headers, no trace, no name of the other school."""
    where = f"{actor}: {answer.request.method} {answer.request.url.path} -> {answer.status_code}"
    assert answer.status_code < 500, where
    assert answer.headers["content-security-policy"] == CSP, where
    assert answer.headers["x-content-type-options"] == "nosniff", where
    assert answer.headers["x-frame-options"] == "DENY", where
    assert answer.headers["referrer-policy"] == "same-origin", where
    assert "public" not in answer.headers["cache-control"], where
    text = answer.text
    signs = ["Traceback", 'File "/', "asyncpg", "core.mark", "kundelik_app", CHILD_AWAY]
    # Whoever is above schools sees their names, and nobody's inside.
    signs += [] if actor in ABOVE_SCHOOLS else [AWAY]
    for sign in signs:
        assert sign not in text, f"{where}: shows {sign!r}"
    if actor in ABOVE_SCHOOLS | {"anonymous"}:
        assert CHILD_HERE not in text, f"{where}: shows a child's name"


@asynccontextmanager
async def as_(
    app: Shell, town: Town, actor: str, **headers: str
) -> AsyncIterator[httpx.AsyncClient]:
    token = "" if actor == "anonymous" else await open_session(town.accounts[actor])
    async with browser(app, token=token, **headers) as client:
        yield client


async def ask(
    client: httpx.AsyncClient, actor: str, method: str, path: str, line: Line, school: School,
    **headers: str,
) -> httpx.Response:  # fmt: skip
    address = school.address(path)
    assert "{" not in address, f"the town has nothing for {address}"
    sent: dict[str, Any] = {}
    if line.sends == "json":
        sent["json"] = plain(line.content(school))
    elif line.sends == "form":
        sent["data"] = line.content(school)
    if line.query:
        address = f"{address}?{line.query}"
    answer = await client.request(method, address, headers=headers, **sent)
    nothing_leaks(answer, actor)
    return answer


def plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return value if value is None or isinstance(value, int) else str(value)


def refused(answer: httpx.Response, actor: str, *, exists: bool) -> bool:
    """Tell whether an answer lets nobody through: to the sign-in, 403, or 404."""
    if actor == "anonymous":
        if answer.headers.get("content-type", "").startswith("application/problem+json"):
            return answer.status_code == 401
        return answer.status_code == 303 and answer.headers["location"].startswith("/login")
    # What belongs to another school does not exist; a role may still be refused before that.
    codes = {403, 404} if exists else {404, 403}
    return answer.status_code in codes


def test_every_route_has_a_line_and_every_line_a_route(app: Shell) -> None:
    served = {(method, path) for path, method, _access in declared_routes(app.litestar)}
    assert sorted(served - set(ROUTES)) == [], "routes that the table does not know"
    assert sorted(set(ROUTES) - served) == [], "lines of the table that nothing serves"


def test_one_door_alone_asks_for_no_origin() -> None:
    assert [path for _m, path, line in LINES if line.door] == ["/x/{plugin:str}/hook/{hook:str}"]


def test_lines_agree_with_what_routes_declare(app: Shell) -> None:
    for path, method, access in declared_routes(app.litestar):
        assert ROUTES[method, path].public == (access == "public"), f"{method} {path}"


@pytest.mark.parametrize(("method", "path", "line"), LINES, ids=IDS)
async def test_who_may_gets_through_and_nobody_else(
    app: Shell, town: Town, method: str, path: str, line: Line
) -> None:
    wrong = []
    for actor in ACTORS:
        async with as_(app, town, actor) as client:
            answer = await ask(client, actor, method, path, line, town.here)
        if actor in line.may or line.public:
            fits = answer.status_code in line.through
            to_login = answer.headers.get("location", "").startswith("/login?")
            fits = fits and not (to_login and not line.public)
        else:
            fits = refused(answer, actor, exists=True)
        if not fits:
            wrong.append(f"{actor}: {answer.status_code} {answer.text[-300:]!r}")
    assert wrong == []


@pytest.mark.parametrize(("method", "path", "line"), NAMED, ids=ids(NAMED))
async def test_things_of_another_school_do_not_exist(
    app: Shell, town: Town, factory: Factory, method: str, path: str, line: Line
) -> None:
    before = await fingerprint(factory, town.away)
    wrong = []
    for actor in ACTORS:
        async with as_(app, town, actor) as client:
            answer = await ask(client, actor, method, path, line, town.away)
            # Who may do it at home is told that there is nothing, not that it is forbidden.
            there = actor not in line.may
            if not refused(answer, actor, exists=there) or (
                actor in line.may and answer.status_code != 404
            ):
                wrong.append(f"{actor}: {answer.status_code}")
    assert wrong == []
    assert await fingerprint(factory, town.away) == before


@pytest.mark.parametrize(("method", "path", "line"), WRITES, ids=ids(WRITES))
async def test_who_may_not_writes_nothing(
    app: Shell, town: Town, factory: Factory, method: str, path: str, line: Line
) -> None:
    before = await fingerprint(factory, town.here, without=LOOKS)
    for actor in ACTORS:
        if actor not in line.may:
            async with as_(app, town, actor) as client:
                await ask(client, actor, method, path, line, town.here)
    assert await fingerprint(factory, town.here, without=LOOKS) == before


@pytest.mark.parametrize(("method", "path", "line"), WRITES, ids=ids(WRITES))
@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "", "Origin": "https://evil.test"},
    ],
    ids=["fetch-site", "origin"],
)
async def test_another_sites_page_cannot_write(
    app: Shell, town: Town, factory: Factory, headers: dict[str, str],
    method: str, path: str, line: Line,
) -> None:  # fmt: skip
    before = await fingerprint(factory, town.here, without=LOOKS)
    for actor in sorted(line.may | {"anonymous"}):
        async with as_(app, town, actor) as client:
            answer = await ask(client, actor, method, path, line, town.here, **headers)
            assert answer.status_code in (line.through if line.door else {403}), actor
            assert not answer.headers.get_list("set-cookie"), actor
    assert await fingerprint(factory, town.here, without=LOOKS) == before


@pytest.mark.parametrize(("method", "path", "line"), API, ids=ids(API))
async def test_machines_are_refused_with_a_problem(
    app: Shell, town: Town, method: str, path: str, line: Line
) -> None:
    for actor in ACTORS:
        if actor in line.may:
            continue
        async with as_(app, town, actor) as client:
            answer = await ask(client, actor, method, path, line, town.here)
        assert answer.headers["content-type"] == "application/problem+json", actor
        problem = answer.json()
        assert problem["status"] == answer.status_code, actor
        assert problem["code"], actor
        assert problem["title"], actor
        assert answer.status_code == (401 if actor == "anonymous" else answer.status_code)


@pytest.mark.parametrize(("method", "path", "line"), NAMED, ids=ids(NAMED))
async def test_a_page_refuses_a_machine_with_a_problem_too(
    app: Shell, town: Town, method: str, path: str, line: Line
) -> None:
    for actor in ("anonymous", "vendor"):
        async with as_(app, town, actor, Accept="application/json") as client:
            answer = await ask(client, actor, method, path, line, town.here)
        assert answer.status_code in {401, 403, 404}
        assert answer.headers["content-type"] == "application/problem+json"


async def test_ids_of_two_schools_in_one_address_do_not_meet(app: Shell, town: Town) -> None:
    here, away = town.here.journal, town.away.journal
    mixed = [
        f"/api/v1/journal/{here.group}/cells/{away.lessons[0]}/{here.pupils[0]}/history",
        f"/api/v1/journal/{here.group}/cells/{here.lessons[0]}/{away.pupils[0]}/history",
        f"/diary/{here.pupils[0]}/marks/{away.group}/q2",
    ]
    for actor in ("teacher", "director", "parent"):
        async with as_(app, town, actor) as client:
            for address in mixed:
                answer = await client.get(address)
                nothing_leaks(answer, actor)


async def test_a_mark_for_a_pupil_of_another_school_is_refused(
    app: Shell, town: Town, factory: Factory
) -> None:
    here, away = town.here.journal, town.away.journal
    before = await fingerprint(factory, town.away)
    pairs = [(here.lessons[0], away.pupils[0]), (away.lessons[0], here.pupils[0]),
             (away.lessons[0], away.pupils[0]), (here.lessons[0], town.here.other.pupils[0]),
             (town.here.other.lessons[0], here.pupils[0])]  # fmt: skip
    async with as_(app, town, "teacher") as client:
        for column, pupil in pairs:
            change = {"id": column, "column": column, "pupil": pupil, "value": "8", "base": ""}
            answer = await client.post(
                f"/api/v1/journal/{here.group}/cells", json=plain({"changes": [change]})
            )
            nothing_leaks(answer, "teacher")
            states = [result["state"] for result in answer.json().get("results", [])]
            assert states in ([], ["refused"]), (column, pupil)
    assert await fingerprint(factory, town.away) == before


async def test_no_page_that_a_region_can_reach_names_a_child(app: Shell, town: Town) -> None:
    for actor in sorted(ABOVE_SCHOOLS):
        async with as_(app, town, actor) as client:
            for method, path, line in LINES:
                if method == "GET":
                    for school in (town.here, town.away):
                        answer = await ask(client, actor, method, path, line, school)
                        assert CHILD_HERE not in answer.text
                        assert CHILD_AWAY not in answer.text


async def test_a_pupil_sees_nothing_of_a_classmate(app: Shell, town: Town) -> None:
    mate = town.here.journal.pupils[1]
    mark = f"{CHILD_HERE} {mate.hex[-4:]}"
    async with as_(app, town, "pupil") as client:
        for method, path, line in LINES:
            if method == "GET":
                answer = await ask(client, "pupil", method, path, line, town.here)
                assert mark not in answer.text, path
        for tail in ("", "/2026-W45", "/marks", f"/marks/{town.here.journal.group}/q2"):
            assert (await client.get(f"/diary/{mate}{tail}")).status_code == 404


async def test_a_session_that_was_ended_opens_nothing(app: Shell, town: Town) -> None:
    token = await open_session(town.accounts["director"])
    async with browser(app, token=token) as client:
        assert (await client.get("/office")).status_code == 200
        await client.post("/logout")
    async with browser(app, token=token) as client:
        answer = await client.get("/office")
        assert answer.headers["location"].startswith("/login")


@pytest.mark.parametrize("word", [AWAY[:5], CHILD_AWAY[:5]])
@pytest.mark.parametrize("actor", ["director", "homeroom", "psychologist", "commuter"])
async def test_a_search_finds_nobody_of_another_school(
    app: Shell, town: Town, actor: str, word: str
) -> None:
    async with as_(app, town, actor) as client:
        for extra in ({}, {"kind": "pupil"}, {"class": str(town.away.journal.school_class)}):
            answer = await client.get("/office/people", params={"q": word, **extra})
            assert answer.status_code in {200, 404}
            nothing_leaks(answer, actor)
