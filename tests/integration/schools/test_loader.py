"""A made-up school in the database: the same rows for the same seed, and results that are right."""

from datetime import date

import pytest

from kundelik_core.cli.load import Loaded, School, write_school
from kundelik_core.gradebook.periods.actions import recompute
from kundelik_core.kernel.db import tenant
from kundelik_core.schools.generate import GeneratedSchool, make_school
from tests.factories import NOW, Factory
from tests.integration.schools.test_actions import TABLES, rows

TODAY = date(2026, 11, 20)
MARKS = ("work", "mark", "absence", "cell_history", "period_result")


def generated() -> GeneratedSchool:
    return make_school("tiny", "S", "kk", 2026, TODAY)


async def write(school_id: int) -> Loaded:
    return await write_school(
        School(
            school_id=school_id,
            generated=generated(),
            today=TODAY,
            seed="tiny",
            locale="kk",
            password_hash="hash",
            login_suffix=f".{school_id}",
        )
    )


@pytest.fixture(scope="module")
async def village(factory: Factory) -> tuple[int, Loaded]:
    """A village school, written once for all tests here."""
    school_id = 970_001
    await factory.tenant.execute(
        "insert into core.school (id, region, title_kk, title_ru, title_en, created_at) "
        "values ($1, 'KZ-35', 'Ауыл', 'Село', 'Village', $2)",
        school_id,
        NOW,
    )
    done = await write(school_id)
    # Plans without statistics would take minutes.
    for table in MARKS:
        await factory.tenant.execute(f"analyze core.{table}")
    return school_id, done


async def everything(factory: Factory, school_id: int) -> dict[str, list[str]]:
    found = await rows(factory, school_id)
    for table in MARKS:
        got = await factory.tenant.fetch(
            f"select t::text as row from core.{table} t where t.school_id = $1 order by 1",
            school_id,
        )
        found[table] = [r["row"] for r in got]
    return found


async def test_a_second_run_of_a_seed_gives_the_same_rows(
    factory: Factory, village: tuple[int, Loaded]
) -> None:
    school_id, done = village
    before = await everything(factory, school_id)
    assert all(before[table] for table in (*TABLES, *MARKS))
    assert len(before["mark"]) == done.marks > 8000
    again = await write(school_id)
    assert (again.marks, again.history, again.results, again.lessons) == (0, 0, 0, 0)
    assert again.keys == done.keys
    assert await everything(factory, school_id) == before


async def test_results_are_what_the_gradebook_computes(
    factory: Factory, village: tuple[int, Loaded]
) -> None:
    school_id, done = village
    sql = (
        "select r.pupil_id, r.group_id, r.period, r.raw, r.terms::text as terms, r.percent, "
        "r.mark, r.status, r.provisional from core.period_result r where r.school_id = $1 "
        "order by 1, 2, 3"
    )
    before = [tuple(r.values()) for r in await factory.tenant.fetch(sql, school_id)]
    assert len(before) == done.results
    groups = {(row[1], row[2]) for row in before}
    assert {period for _, period in groups} == {"q1", "q2", "h1"}
    async with tenant(school_id, write=True) as tx:
        for group, period in sorted(groups):
            await recompute(tx, group, period, closing=period == "q1")
    after = [tuple(r.values()) for r in await factory.tenant.fetch(sql, school_id)]
    assert after == before
    final = [row for row in before if row[2] == "q1" and row[6]]
    assert final
    assert not any(row[8] for row in final)


async def test_the_first_quarter_is_closed_and_nothing_lies_in_the_future(
    factory: Factory, village: tuple[int, Loaded]
) -> None:
    school_id, _ = village
    states = await factory.tenant.fetch(
        "select p.code, p.state from core.period p where p.school_id = $1", school_id
    )
    assert {r["code"] for r in states if r["state"] == "closed"} == {"q1"}
    for sql in (
        "select max(m.date) from core.mark m where m.school_id = $1",
        "select max(l.date) from core.lesson l where l.school_id = $1 and l.topic <> ''",
    ):
        assert await factory.tenant.fetchval(sql, school_id) <= TODAY
    coming = await factory.tenant.fetchval(
        "select count(*) from core.lesson l where l.school_id = $1 and l.date > $2 "
        "and l.homework <> '' and l.status = 'planned'",
        school_id,
        TODAY,
    )
    assert coming > 20
    late = await factory.tenant.fetchval(
        "select count(*) from core.lesson l where l.school_id = $1 and l.status = 'held' "
        "and l.topic = '' and l.date > $2",
        school_id,
        date(2026, 11, 9),
    )
    assert late > 10


async def test_the_history_ends_with_what_stands(
    factory: Factory, village: tuple[int, Loaded]
) -> None:
    school_id, done = village
    wrong = await factory.tenant.fetchval(
        "select count(*) from core.mark m "
        "join lateral (select h.new, h.at from core.cell_history h "
        "where h.school_id = m.school_id and h.column_id = m.work_id and h.pupil_id = m.pupil_id "
        "order by h.at desc limit 1) h on true where m.school_id = $1 "
        "and (split_part(h.new, ' ', 1) <> coalesce(m.code, trim_scale(m.points)::text) "
        "or h.at <> m.changed_at)",
        school_id,
    )
    assert wrong == 0
    corrected = await factory.tenant.fetchval(
        "select count(*) from core.cell_history h where h.school_id = $1 and h.old <> ''", school_id
    )
    assert corrected > 10
    assert done.history > done.marks


async def test_everybody_can_sign_in_and_parents_see_their_children(
    factory: Factory, village: tuple[int, Loaded]
) -> None:
    school_id, done = village
    logins = await factory.directory.fetchval(
        "select count(*) from directory.login l join directory.account a on a.id = l.account_id "
        "where l.login like $1 and a.password_hash = 'hash'",
        f"%.{school_id}",
    )
    assert logins == done.accounts == len(done.keys.people)
    ties = await factory.directory.fetchval(
        "select count(*) from directory.account_child c where c.school_id = $1", school_id
    )
    assert ties == len(generated().outline.guardianships)
