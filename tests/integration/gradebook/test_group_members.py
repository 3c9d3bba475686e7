"""A deputy divides a class: who joins is in the journal at once, who leaves keeps the marks."""

from datetime import UTC, date, datetime
from uuid import UUID

import pytest

from kundelik_core.kernel.clock import set_now
from kundelik_core.kernel.db import tenant
from kundelik_core.kernel.ids import new_id
from kundelik_core.schools.queries.groups import group_seats
from kundelik_core.web.middleware import Shell
from tests.factories import Factory, Journal
from tests.integration.privacy.test_data_pages import member

NOW = datetime(2026, 11, 4, 8, 0, tzinfo=UTC)


@pytest.fixture
async def journal(factory: Factory) -> Journal:
    return await factory.journal(await factory.school(title="Мектеп"))


async def members(journal: Journal) -> set[UUID]:
    async with tenant(journal.school_id) as tx:
        seats = await group_seats(tx, journal.group, NOW.date())
    assert seats is not None
    return {one.id for one in seats.pupils if one.here}


async def test_a_class_is_divided(factory: Factory, app: Shell, journal: Journal) -> None:
    school, (one, two, three) = journal.school_id, journal.pupils
    head = await factory.person(school, "Ахметов", "Ерлан", role="deputy")
    deputy = await member(factory, app, school, head, "deputy")
    teacher = await member(factory, app, school, journal.teacher, "teacher")
    address = f"/office/groups/{journal.group}"
    with set_now(NOW):
        change = {
            "id": str(new_id()), "column": str(journal.lessons[0]), "pupil": str(two),
            "value": "8", "base": "", "reason": None,
        }  # fmt: skip
        saved = await teacher.post(
            f"/api/v1/journal/{journal.group}/cells", json={"changes": [change]}
        )
        assert saved.json()["results"][0]["state"] == "saved"
        assert await members(journal) == {one, two, three}
        page = (await deputy.get(address)).text
        assert page.count(" checked") == 3
        # Somebody else has taken out the third meanwhile: what this page did not touch stays so.
        everybody = [str(one), str(two), str(three)]
        left = await deputy.post(address, data={"was": everybody, "in": everybody[:2]})
        assert left.status_code == 303
        stale = await deputy.post(address, data={"was": everybody, "in": [str(one), str(three)]})
        assert stale.status_code == 303
        assert await members(journal) == {one}
        back = await deputy.post(address, data={"was": [str(one)], "in": [str(one), str(two)]})
        assert back.status_code == 303
        assert await members(journal) == {one, two}
        strange = await deputy.post(address, data={"was": [], "in": [str(head)]})
        assert strange.status_code == 409
        assert (await teacher.get(address)).status_code == 403
    kept = await factory.tenant.fetchval(
        "select points from core.mark where school_id = $1 and pupil_id = $2", school, two
    )
    assert kept == 8


async def test_a_group_is_filled_for_the_first_time_from_its_first_lesson(
    factory: Factory, app: Shell, journal: Journal
) -> None:
    """The week was imported from September on, and who is in which half is said in November."""
    school, (one, two, _three) = journal.school_id, journal.pupils
    execute = factory.tenant.execute
    await execute(
        "delete from core.group_pupil where school_id = $1 and group_id = $2", school, journal.group
    )
    late = date(2026, 11, 3)
    await execute(
        "update core.class_pupil set from_date = $3 where school_id = $1 and pupil_id = $2",
        school, two, late,
    )  # fmt: skip
    head = await factory.person(school, "Ахметов", "Ерлан", role="deputy")
    deputy = await member(factory, app, school, head, "deputy")
    first = min(journal.dates)
    address = f"/office/groups/{journal.group}"
    with set_now(NOW):
        sent = await deputy.post(address, data={"was": [], "in": [str(one), str(two)]})
        assert sent.status_code == 303
    rows = await factory.tenant.fetch(
        "select pupil_id, from_date from core.group_pupil where school_id = $1 and group_id = $2",
        school, journal.group,
    )  # fmt: skip
    assert {row["pupil_id"]: row["from_date"] for row in rows} == {
        one: first,
        two: max(first, late),
    }
