"""A school's year and bells come back from the database as they went in, with its own days."""

import datetime as dt

from kundelik_core.kernel.audit import Doer
from kundelik_core.kernel.db import tenant
from kundelik_core.schools.actions import structure
from kundelik_core.schools.bells import load_bells
from kundelik_core.schools.calendar import load_national
from kundelik_core.schools.queries.structure import bell_schedule, school_calendar
from kundelik_core.schools.titles import Title
from tests.factories import Factory


async def test_the_national_year_comes_back(factory: Factory) -> None:
    school_id, national = await factory.school(), load_national(2026)
    async with tenant(school_id, write=True) as tx:
        await structure.open_year(tx, national)
        mine = await school_calendar(tx, 2026)
        assert await school_calendar(tx, 2030) is None
    assert mine
    for grade in (1, 5, 11):
        for begin in (national.begins, dt.date(2027, 2, 1)):
            days = list(national.teaching_days(begin, national.ends, grade))
            assert list(mine.teaching_days(begin, national.ends, grade)) == days
    assert [w.iso for w in mine.weeks] == [w.iso for w in national.weeks]
    quarter = mine.period_of(dt.date(2026, 11, 20))
    assert quarter
    assert quarter.title == Title("2-тоқсан", "2 четверть", "Quarter 2")


async def test_a_saturday_worked_off_follows_another_day(factory: Factory) -> None:
    school_id = await factory.school()
    saturday = dt.date(2026, 11, 14)
    title = Title("Жұмыс күні", "Рабочий день", "Working day")
    async with tenant(school_id, write=True) as tx:
        await structure.open_year(tx, load_national(2026))
        await structure.add_exception(
            tx, Doer(), saturday, saturday, "working", title, grades=[5], taught_as=3
        )
        mine = await school_calendar(tx, 2026)
    assert mine
    assert mine.is_teaching_day(saturday, 5)
    assert not mine.is_teaching_day(saturday, 6)
    assert mine.timetable_weekday(saturday, 5) == 3


async def test_bells_come_back_with_their_times_and_narrowings(factory: Factory) -> None:
    school_id, bells = await factory.school(), load_bells("two-shifts")
    first_grade = load_bells("grade-1")
    async with tenant(school_id, write=True) as tx:
        await structure.write_bells(tx, bells, "kk")
        await structure.write_bells(tx, first_grade, "kk")
        mine = await bell_schedule(tx)
    sets = {item.code: item for item in mine.sets}
    for item in (*bells.sets, *first_grade.sets):
        got = sets[item.code]
        assert got.bells == item.bells
        assert (got.shift, got.grades, got.weekdays, got.shortened) == (
            item.shift, item.grades, item.weekdays, item.shortened,
        )  # fmt: skip
