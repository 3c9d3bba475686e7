"""The golden path: what has to go well whatever a plugin does, through the pages themselves."""

import re
import time
from contextlib import AsyncExitStack
from typing import Final
from uuid import UUID

import httpx

from kundelik_core.kernel.audit import Doer
from kundelik_core.kernel.db import tenant
from kundelik_core.kernel.ids import new_id
from kundelik_core.schools.actions.structure import close_period
from kundelik_core.sdk import Role
from kundelik_core.testing.town import School
from kundelik_core.web.middleware import Shell
from kundelik_core.web.remembered import PLACE
from tests.chaos.ground import PASSWORD, WEEK
from tests.factories import YEAR
from tests.web import browser

__all__ = ["PATIENCE", "diary", "golden_path", "inserted", "save", "sign_in"]

PATIENCE: Final = 3.0
"""Seconds for one page on a busy machine; the budget of a place on it is a tenth of that."""


async def sign_in(app: Shell, school: School, role: Role) -> httpx.AsyncClient:
    """Sign somebody in on the page, as people do."""
    client = browser(app)
    answer = await client.post(
        "/login", data={"login": f"{role}-{school.id}", "password": PASSWORD}
    )
    assert answer.status_code == 303, answer.text
    assert answer.headers["location"] == "/"
    client.cookies.set("kundelik_lang", "en", domain="kundelik.test")
    return client


async def get(client: httpx.AsyncClient, path: str, status: int = 200) -> str:
    """Return a page; it has to be there in time, and whole."""
    began = time.monotonic()
    answer = await client.get(path)
    took = time.monotonic() - began
    assert answer.status_code == status, answer.text
    assert took < PATIENCE, f"{path} took {took:.1f} s"
    assert answer.text.rstrip().endswith("</html>")
    return answer.text


async def save(
    teacher: httpx.AsyncClient, school: School, value: str, base: str, *, lesson: int = 0
) -> str:
    """Set a mark of the first pupil, and return what became of it."""
    change = {
        "id": str(new_id()), "column": str(school.lessons[lesson]),
        "pupil": str(school.students[0].id), "value": value, "base": base, "reason": None,
    }  # fmt: skip
    began = time.monotonic()
    answer = await teacher.post(
        f"/api/v1/journal/{school.group_id}/cells", json={"changes": [change]}
    )
    assert answer.status_code == 200, answer.text
    assert time.monotonic() - began < PATIENCE
    (result,) = answer.json()["results"]
    return str(result["state"] if result["state"] != "refused" else result["problem"]["code"])


async def diary(client: httpx.AsyncClient, child: UUID) -> str:
    """Return the page of the week."""
    return await get(client, f"/diary/{child}/{WEEK}")


def inserted(without: str, with_it: str) -> str:
    """Return what a page has in the modules' place; the rest is the same to the byte.

    Raises:
        AssertionError: something else differs too.
    """
    if without == with_it:
        return ""
    before, after = without.split(PLACE.decode())
    part = with_it[len(before) : len(with_it) - len(after)]
    assert with_it == f"{before}{part}{after}"
    return part


async def golden_path(app: Shell, school: School, plugin: str = "") -> None:
    """Sign in, set a mark, see it, look at the pages around, take a copy, close the term."""
    child = school.students[0].id
    async with AsyncExitStack() as stack:
        people: dict[Role, httpx.AsyncClient] = {}
        for role in ("teacher", "parent", "director"):
            people[role] = await sign_in(app, school, role)
            stack.push_async_callback(people[role].aclose)
        teacher, parent, director = people.values()

        assert await save(teacher, school, "9", "") == "saved"
        assert await save(teacher, school, "7", "9") == "saved"
        assert re.search(r'class="mk[^"]*"[^>]*>7<', await diary(parent, child))
        assert "7" in await get(teacher, f"/journal/{school.group_id}/q2")
        for path in (f"/classes/{school.class_id}", f"/office/people/{child}", "/office/modules"):
            assert await get(director, path)
        if plugin:
            began = time.monotonic()
            answer = await director.get(f"/x/{plugin}")
            # A page of its own may take its time, of which nobody else notices anything.
            assert answer.status_code in {200, 404, 503}, answer.text
            assert time.monotonic() - began < 15
            assert answer.text.rstrip().endswith("</html>")
            assert "Traceback" not in answer.text

        copied = await parent.post(f"/account/data/{child}", data={"format": "json"})
        assert copied.status_code == 200, copied.text
        (place,) = copied.json()["places"]
        assert [row["points"] for row in place["held"]["marks"]] == ["7"]

        doer = Doer(school.accounts["director"], school.people["director"])
        async with tenant(school.id, write=True) as tx:
            assert await close_period(tx, doer, YEAR, "q2")
        assert await save(teacher, school, "8", "7") == "period-closed"
        assert re.search(r'class="mk[^"]*"[^>]*>7<', await diary(parent, child))
