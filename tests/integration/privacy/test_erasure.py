"""Erasing somebody takes everything that leads to them, everywhere, and leaves what counts."""

from datetime import UTC, date, datetime
from uuid import UUID

import asyncpg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kundelik_core.identity.accounts import forget_person
from kundelik_core.kernel.audit import Doer
from kundelik_core.kernel.clock import set_now
from kundelik_core.kernel.db import CommitFailed, tenant
from kundelik_core.privacy.erasure import JOURNAL_YEARS, Leaver, erase_person, kept_until, leaver
from kundelik_core.web.middleware import Shell
from tests.factories import Factory, Journal
from tests.integration.privacy.test_data_pages import member

LATER = datetime(2033, 10, 5, 8, 0, tzinfo=UTC)


async def leave(factory: Factory, school: int, person: UUID) -> None:
    day = date(2026, 12, 1)
    for table, column in (
        ("membership", "person_id"), ("class_pupil", "pupil_id"), ("group_pupil", "pupil_id"),
    ):  # fmt: skip
        await factory.tenant.execute(
            f"update core.{table} set to_date = $3 where school_id = $1 and {column} = $2",
            school, person, day,
        )  # fmt: skip


async def traces(factory: Factory, words: list[str]) -> list[str]:
    """Return each table that holds one of the words in any of its columns."""
    found = []
    for source, schemas in ((factory.tenant, ("core",)), (factory.directory, ("directory",))):
        tables = await source.fetch(
            "select c.oid::regclass::text as name from pg_class c "
            "join pg_namespace n on n.oid = c.relnamespace "
            "where n.nspname = any($1) and c.relkind in ('r', 'p') and not c.relispartition",
            list(schemas),
        )
        for row in tables:
            text = await source.fetchval(f"select string_agg(x::text, ' ') from {row['name']} x")
            found += [f"{row['name']}: {word}" for word in words if word in (text or "")]
    return found


@pytest.fixture
async def journal(factory: Factory) -> Journal:
    return await factory.journal(await factory.school(title="Мектеп"))


async def test_no_word_that_leads_to_the_person_is_left(
    factory: Factory, app: Shell, journal: Journal
) -> None:
    school, child = journal.school_id, journal.pupils[0]
    await factory.tenant.execute(
        "update core.person set surname = 'Қызғалдақова', given = 'Айнамкөз', "
        "phone = '+77010000077', email = 'ainamkoz@kundelik.test', birth_date = '2014-02-03', "
        "sort_key = 'Қызғалдақова', search_key = 'Айнамкөз' where school_id = $1 and id = $2",
        school,
        child,
    )
    teacher = await member(factory, app, school, journal.teacher, "teacher")
    pupil_account = await factory.account("ainamkoz.k", memberships=[(school, child, "pupil")])
    await factory.tenant.execute(
        "update core.person set account_id = $3 where school_id = $1 and id = $2",
        school, child, pupil_account,
    )  # fmt: skip
    guardian = await factory.person(school, "Серікова", "Гүлнар", role="parent", sex="f")
    parent = await factory.account("gulnar.s", memberships=[(school, guardian, "parent")])
    await factory.child(parent, school, guardian, child)
    await factory.directory.execute(
        "update directory.account_child set given_name = 'Айнамкөз' where pupil_id = $1", child
    )
    address = f"/api/v1/journal/{journal.group}/cells"
    cell = {"id": str(child), "column": str(journal.lessons[0]), "pupil": str(child)}
    change = {**cell, "value": "8", "base": "", "reason": None}
    with set_now(datetime(2026, 11, 4, 8, 0, tzinfo=UTC)):
        saved = await teacher.post(address, json={"changes": [change]})
        assert saved.json()["results"][0]["state"] == "saved", saved.text
        said = await teacher.post(
            f"{address}/{journal.lessons[0]}/{child}/comment",
            json={"id": str(guardian), "comment": "Айнамкөз жақсы оқиды"},
        )
        assert said.status_code == 200, said.text
    words = ["Қызғалдақова", "Айнамкөз", "77010000077", "ainamkoz"]
    assert await traces(factory, words)
    await leave(factory, school, child)

    director = await factory.person(school, "Сейтова", "Дина", role="director", sex="f")
    boss = await member(factory, app, school, director, "director")
    page = f"/office/people/{child}/erase"
    with set_now(datetime(2026, 12, 5, 8, 0, tzinfo=UTC)):
        refused = await boss.post(page, data={"sure": "1"})
        assert refused.status_code == 409, refused.text
        assert "2032" in refused.text  # five years after the school year
    await boss.aclose()
    boss = await member(factory, app, school, await factory.person(
        school, "Ерова", "Ана", role="director", sex="f"), "director")  # fmt: skip
    with set_now(LATER):
        async with tenant(school) as tx:
            one = await leaver(tx, child, LATER.date())
        assert one is not None
        assert not one.belongs
        await forget_person(school, child, one.account_id)
        async with tenant(school, write=True) as tx:
            assert await erase_person(tx, child, Doer())
            assert not await erase_person(tx, child, Doer())
            assert await leaver(tx, child, LATER.date()) is None
    assert await traces(factory, words) == []
    left = await factory.tenant.fetchval(
        "select count(*) from core.mark where school_id = $1 and pupil_id = $2 "
        "and points is not null",
        school, child,
    )  # fmt: skip
    assert left == 1
    # The parent's account is somebody still; the child's is nobody.
    status = await factory.directory.fetch(
        "select status from directory.account where id = any($1) order by id = $2",
        [parent, pupil_account], pupil_account,
    )  # fmt: skip
    assert [row["status"] for row in status] == ["active", "blocked"]


async def test_another_schools_people_are_out_of_reach(factory: Factory, journal: Journal) -> None:
    other = await factory.school(title="Басқа")
    async with tenant(other, write=True) as tx:
        assert not await erase_person(tx, journal.pupils[0], Doer())
    with pytest.raises(CommitFailed):
        async with tenant(other, write=True) as tx:
            with pytest.raises(asyncpg.InsufficientPrivilegeError, match="not the one"):
                await tx.fetchval(
                    "select core.erase_person($1, $2, now())", journal.school_id, journal.pupils[0]
                )


async def test_whoever_still_belongs_is_not_erased(
    factory: Factory, app: Shell, journal: Journal
) -> None:
    school = journal.school_id
    director = await factory.person(school, "Сейтова", "Дина", role="director", sex="f")
    boss = await member(factory, app, school, director, "director")
    page = f"/office/people/{journal.pupils[1]}/erase"
    asked = await boss.get(page)
    assert asked.status_code == 200
    assert "still belongs" in asked.text
    assert '<form class="card"' not in asked.text
    assert (await boss.post(page, data={"sure": "1"})).status_code == 409
    assert (await boss.post(page, data={})).status_code == 422


@given(st.dates(date(2000, 1, 1), date(2090, 12, 31)))
def test_a_journal_is_kept_five_whole_years_after_its_year(last: date) -> None:
    until = kept_until(Leaver(account_id=None, belongs=False, last_in_journal=last))
    assert until is not None
    assert (until.month, until.day) == (9, 1)
    years = (until - last).days / 365.25
    assert JOURNAL_YEARS < years <= JOURNAL_YEARS + 1.01
