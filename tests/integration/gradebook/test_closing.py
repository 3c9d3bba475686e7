"""A head closes a period: gaps are seen before, nothing changes after, and it opens again."""

from datetime import UTC, datetime
from uuid import UUID

import httpx
import pytest

from kundelik_core.gradebook.periods.closing import finish_period, gaps, period_lines
from kundelik_core.kernel.clock import set_now
from kundelik_core.kernel.db import tenant
from kundelik_core.kernel.ids import new_id
from kundelik_core.web.middleware import Shell
from tests.factories import YEAR, Factory, Journal
from tests.integration.privacy.test_data_pages import member

IN_PERIOD = datetime(2026, 11, 4, 8, 0, tzinfo=UTC)
AFTER = datetime(2027, 1, 20, 8, 0, tzinfo=UTC)


async def save(teacher: httpx.AsyncClient, journal: Journal, pupil: UUID, value: str) -> str:
    change = {
        "id": str(new_id()), "column": str(journal.lessons[0]), "pupil": str(pupil),
        "value": value, "base": "", "reason": None,
    }  # fmt: skip
    answer = await teacher.post(
        f"/api/v1/journal/{journal.group}/cells", json={"changes": [change]}
    )
    result: str = answer.json()["results"][0]["state"]
    return result


@pytest.fixture
async def journal(factory: Factory) -> Journal:
    return await factory.journal(await factory.school(title="Мектеп"))


async def test_a_period_is_closed_and_opened_again(
    factory: Factory, app: Shell, journal: Journal
) -> None:
    school = journal.school_id
    teacher = await member(factory, app, school, journal.teacher, "teacher")
    deputy = await member(
        factory,
        app,
        school,
        await factory.person(school, "Ахметов", "Ерлан", role="deputy"),
        "deputy",
    )
    address = f"/office/periods/{school}/{YEAR}/q2"
    with set_now(IN_PERIOD):
        assert await save(teacher, journal, journal.pupils[0], "8") == "saved"
        early = await deputy.post(f"{address}/close", data={})
        assert early.status_code == 422
        assert "This period runs until" in early.text
        page = (await deputy.get(address)).text
        assert "Without a mark" in page
        assert f"/journal/{journal.group}?period=q2" in page
        assert (await teacher.get(address)).status_code == 403
    with set_now(AFTER):
        assert (await deputy.post(f"{address}/close", data={})).status_code == 303
        assert (await deputy.post(f"{address}/close", data={})).status_code == 303
        assert await finish_period(school, YEAR, "q2") == 1
        async with tenant(school) as tx:
            (line,) = [one for one in await period_lines(tx, YEAR) if one.code == "q2"]
        assert (line.state, line.surname, line.unsettled) == ("closed", "Ахметов", 0)
        assert await save(teacher, journal, journal.pupils[1], "7") == "refused"
        assert (await deputy.post(f"{address}/reopen", data={"reason": " "})).status_code == 422
        again = await deputy.post(f"{address}/reopen", data={"reason": "қате"})
        assert again.status_code == 303
        await finish_period(school, YEAR, "q2")
        reasons = await factory.tenant.fetch(
            "select action, reason from core.audit_log where school_id = $1 and entity = 'period' "
            "order by at",
            school,
        )
        assert [tuple(row) for row in reasons] == [
            ("period.close", None), ("period.reopen", "қате"),
        ]  # fmt: skip
        assert (await deputy.get(f"/office/periods/{school}/{YEAR}/q9")).status_code == 404
    with set_now(IN_PERIOD):
        assert await save(teacher, journal, journal.pupils[1], "7") == "saved"
        async with tenant(school) as tx:
            # The third pupil has nothing yet.
            assert [gap.pupils for gap in await gaps(tx, YEAR, "q2")] == [1]
