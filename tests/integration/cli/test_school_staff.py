"""A school's first person is let in from the shell, once."""

import json

from kundelik_core.kernel.boot import Urls
from kundelik_core.kernel.db import Databases, tenant
from kundelik_core.web.middleware import Shell
from tests.commands import kundelik
from tests.factories import Factory
from tests.web import browser, running


async def test_the_first_person_of_a_school_gets_in(
    urls: Urls, databases: Databases, factory: Factory
) -> None:
    school = await factory.school()
    args = (str(school), "Сейітқызы", "Айгерім", "--role", "director", "--locale", "en")
    code, out, err = await kundelik(urls, "school", "staff", *args, "--json")
    assert (code, err) == (0, "")
    made = json.loads(out)
    async with running() as app:
        await enter(app, made)
    async with tenant(school) as tx:
        noted = await tx.fetchval(
            "select a.after->>'role' from core.audit_log a "
            "where a.school_id = $1 and a.action = 'person.add' and a.entity_id = $2",
            school, made["person"],
        )  # fmt: skip
    assert noted == "director"
    code, out, err = await kundelik(urls, "school", "staff", *args)
    assert (code, out) == (1, "")
    assert "of this name and role" in err
    people = await factory.tenant.fetchval(
        "select count(*) from core.person where school_id = $1", school
    )
    assert people == 1


async def enter(app: Shell, made: dict[str, str]) -> None:
    """Use the code, and open the office."""
    secret = "Kök-aspan-2026"
    async with browser(app) as client:
        fields = {"code": made["code"], "password": secret, "again": secret}
        answer = await client.post("/activate", data=fields)
        assert answer.status_code == 303, answer.text
        assert (await client.get("/office")).status_code == 200
        assert (await client.post("/activate", data=fields)).status_code != 303, "once only"
