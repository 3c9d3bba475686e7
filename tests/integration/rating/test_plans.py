"""What a family's page asks is planned once: to plan it takes longer than to find it."""

import pytest
from kundelik_rating.store import FEATURE
from kundelik_rating.store_sql import FIRST, HOME, LOOKS, STRIP

from kundelik_core.kernel.clock import now
from tests.integration.rating.conftest import MONDAY, Rated

YEAR = 2026
# So often PostgreSQL plans for the values, before it looks whether a plan for any is as good.
CUSTOM = 5


@pytest.mark.parametrize(
    "sql", [HOME, FIRST, LOOKS, STRIP], ids=["home", "first", "looks", "strip"]
)
async def test_postgresql_finds_a_plan_for_any_family_as_good(rated: Rated, sql: str) -> None:
    journal = await rated.group(12)
    pupil = journal.pupils[0]
    args: dict[str, tuple[object, ...]] = {
        HOME: (pupil, now(), FEATURE, None, [pupil], YEAR, MONDAY),
        FIRST: (pupil, now(), FEATURE, None, [pupil], YEAR, MONDAY),
        LOOKS: (pupil, YEAR, None),
        STRIP: (pupil, YEAR, now(), FEATURE, None),
    }
    async with rated.tx() as tx:
        for _look in range(CUSTOM + 3):
            await tx.fetch(sql, *args[sql])
        found = await tx.fetchrow(
            "select generic_plans as kept, custom_plans as made from pg_prepared_statements "
            "where statement = $1 order by prepare_time desc limit 1",
            sql,
        )
    assert found is not None
    assert found["kept"] >= 1
    assert found["made"] <= CUSTOM
