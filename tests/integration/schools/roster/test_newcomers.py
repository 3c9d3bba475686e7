"""Who comes into a class by a list comes into the journals of the whole class."""

from datetime import date

from kundelik_core.gradebook.group_scheme import scheme_chooser
from kundelik_core.gradebook.periods.roster_changes import recompute_groups
from kundelik_core.kernel.audit import Doer
from kundelik_core.kernel.ids import new_id
from kundelik_core.schools.roster import read_roster
from kundelik_core.schools.roster.apply import Applied, apply, facts_of
from kundelik_core.schools.roster.apply_model import Options
from tests.factories import Factory, Journal

TODAY = date(2026, 11, 4)


async def bring(factory: Factory, journal: Journal, name: str) -> Applied:
    await factory.tenant.execute(
        "update core.school_class set letter = 'Ә' where school_id = $1 and id = $2",
        journal.school_id, journal.school_class,
    )  # fmt: skip
    source = f"Тегі;Аты;Сынып\n{name};5 «Ә»\n".encode()
    options = Options(year=2026, today=TODAY, scheme=scheme_chooser(2026))
    roster = read_roster(source, name="list.csv")
    return await apply(journal.school_id, roster, options, Doer(), facts_of(source, "list.csv"))


async def joined(factory: Factory, journal: Journal, surname: str) -> list[tuple[object, date]]:
    rows = await factory.tenant.fetch(
        "select g.group_id, g.from_date from core.group_pupil g join core.person n "
        "on n.school_id = g.school_id and n.id = g.pupil_id "
        "where g.school_id = $1 and n.surname = $2", journal.school_id, surname,
    )  # fmt: skip
    return [(row["group_id"], row["from_date"]) for row in rows]


async def test_a_newcomer_is_in_the_journal_from_the_day_of_the_list(factory: Factory) -> None:
    journal = await factory.journal(await factory.school())
    await bring(factory, journal, "Жаңабай;Айару")
    assert await joined(factory, journal, "Жаңабай") == [(journal.group, TODAY)]
    again = await bring(factory, journal, "Жаңабай;Айару")
    assert again.plan.counts["places"].new == 0
    assert len(await joined(factory, journal, "Жаңабай")) == 1


async def test_a_part_of_a_class_is_left_to_people(factory: Factory) -> None:
    journal = await factory.journal(await factory.school())
    await factory.tenant.execute(
        "with g as ("
        " insert into core.teaching_group (school_id, id, year, subject_id, title, grade,"
        "  scheme_code, scheme_version, period_kind)"
        " select school_id, gen_random_uuid(), year, subject_id, title || ' (2)', grade,"
        "  scheme_code, scheme_version, period_kind"
        " from core.teaching_group where school_id = $1 and id = $2 returning id) "
        "insert into core.group_class (school_id, group_id, class_id) select $1, g.id, $3 from g",
        journal.school_id, journal.group, journal.school_class,
    )  # fmt: skip
    done = await bring(factory, journal, "Төре;Ілияс")
    assert await joined(factory, journal, "Төре") == []
    assert "class_divided" in {error.code for error in done.plan.errors}


async def test_results_follow_who_sits_in_the_group(factory: Factory) -> None:
    journal = await factory.journal(await factory.school())
    school = journal.school_id
    await factory.tenant.execute(
        "insert into core.work (school_id, id, group_id, kind, date, max_points) "
        "values ($1, $2, $3, 'sor', $4, 10)", school, new_id(), journal.group, TODAY,
    )  # fmt: skip
    done = await bring(factory, journal, "Жаңабай;Айару")
    assert done.plan.changed_groups == {journal.group}
    await recompute_groups(school, done.plan.changed_groups)
    held = await factory.tenant.fetchval(
        "select count(*) from core.period_result r where r.school_id = $1 and r.group_id = $2",
        school, journal.group,
    )  # fmt: skip
    # Three pupils of the class and the newcomer, each with a result of the quarter.
    assert held == 4
