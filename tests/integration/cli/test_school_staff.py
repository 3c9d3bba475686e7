"""A school's first person is let in from the shell, once."""

import asyncio
import json
import os
import sys

from kundelik_core.kernel.boot import Urls
from kundelik_core.kernel.db import Databases, tenant
from kundelik_core.web.middleware import Shell
from tests.factories import Factory
from tests.web import browser, running

CALL = (
    "from kundelik_core.cli.errors import told\n"
    "from kundelik_core.cli.school_staff import staff\n"
    "with told(): staff()"
)


async def kundelik(urls: Urls, *args: str) -> tuple[int, str, str]:
    env = {k: v for k, v in os.environ.items() if not k.startswith("KUNDELIK_")} | {
        "KUNDELIK_DATABASE_URL": urls.tenant,
        "KUNDELIK_DIRECTORY_URL": urls.directory,
        "KUNDELIK_JOBS_URL": urls.jobs,
        "KUNDELIK_MIGRATE_URL": urls.migrate_tenant,
        "KUNDELIK_MIGRATE_DIRECTORY_URL": urls.migrate_directory,
        "KUNDELIK_MIGRATE_JOBS_URL": urls.migrate_jobs,
    }
    done = await asyncio.create_subprocess_exec(
        sys.executable, "-c", CALL, *args, env=env,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, err = await done.communicate()
    return done.returncode or 0, out.decode(), err.decode()


async def test_the_first_person_of_a_school_gets_in(
    urls: Urls, databases: Databases, factory: Factory
) -> None:
    school = await factory.school()
    args = (str(school), "Сейітқызы", "Айгерім", "--role", "director", "--locale", "en")
    code, out, err = await kundelik(urls, *args, "--json")
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
    code, out, err = await kundelik(urls, *args)
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
