"""Nights of a school: what is published, for whom, once, and what happens to those who go."""

from datetime import date, datetime, time, timedelta
from fractions import Fraction
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import asyncpg
import pytest
from kundelik_rating import publishing
from kundelik_rating.domain.measure import Band, Spread
from kundelik_rating.domain.publish import Outcome
from kundelik_rating.domain.story import Missing
from kundelik_rating.rounds import save, take_gate
from kundelik_rating.store import family, looks, next_day, strip

from kundelik_core.kernel.clock import SCHOOL_ZONE
from tests.factories import Journal
from tests.integration.rating.conftest import MONDAY, Rated

TWELVE = (31, 42, 55, 58, 60, 67, 73, 77, 80, 86, 91, 98)
WEEK = timedelta(weeks=1)
CLOSE = date(2026, 12, 30)


def results(journal: Journal, values: tuple[int, ...] = TWELVE) -> dict[UUID, int | str | None]:
    return dict(zip(journal.pupils, values, strict=True))


async def test_a_group_is_published_on_its_day_and_not_before(rated: Rated) -> None:
    journal = await rated.group(12)
    await rated.results(journal.group, results(journal))
    await rated.night(MONDAY - timedelta(days=1))
    assert await rated.looks(journal.pupils[0]) == ()
    await rated.night(MONDAY)
    (seen,) = await rated.looks(journal.pupils[0])
    assert (seen.period, seen.subject_code, seen.subject["ru"]) == ("q2", "math", "Математика")
    assert (seen.period_begins, seen.period_ends) == (date(2026, 11, 2), date(2026, 12, 27))
    (look,) = seen.looks
    assert (look.day, look.result, look.band) == (MONDAY, Fraction(31), Band.LOWER)
    assert (look.middle, look.spread) == (Fraction(70), Spread.WIDE)
    bands = [(await rated.looks(one))[0].looks[0].band for one in journal.pupils]
    assert bands == [Band.LOWER] * 4 + [Band.MIDDLE] * 4 + [Band.UPPER] * 4


async def test_a_night_that_runs_again_changes_nothing(rated: Rated) -> None:
    journal = await rated.group(12)
    await rated.results(journal.group, results(journal))
    await rated.night(MONDAY)
    first = await everything(rated)
    await rated.results(journal.group, results(journal, TWELVE[::-1]), marks=9)
    await rated.night(MONDAY)
    await rated.night(MONDAY + timedelta(days=3))
    assert await everything(rated) == first
    await rated.night(MONDAY + WEEK)
    (seen,) = await rated.looks(journal.pupils[0])
    assert [(one.day, one.result, one.band) for one in seen.looks] == [
        (MONDAY, Fraction(31), Band.LOWER),
        (MONDAY + WEEK, Fraction(98), Band.UPPER),
    ]


async def test_a_run_that_breaks_off_is_finished_by_the_next(
    rated: Rated, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Groups are done in batches: those that were done stay, of the broken one nothing is there."""
    journals = [await rated.group(12, subject=f"s{number}") for number in range(5)]
    for journal in journals:
        await rated.results(journal.group, results(journal))
    times = iter(range(10))

    async def breaks(tx: Any, *rest: Any) -> None:
        await save(tx, *rest)
        if next(times) == 1:
            raise ConnectionError("the power went")

    with monkeypatch.context() as broken:
        broken.setattr(publishing, "AT_ONCE", 2)
        broken.setattr(publishing, "save", breaks)
        with pytest.raises(ConnectionError):
            await rated.night(MONDAY)
    assert sorted([len(await rated.looks(one.pupils[0])) for one in journals]) == [0, 0, 0, 1, 1]
    before = {row["group_id"]: row for row in await rated.rows("select * from snapshot")}
    await rated.night(MONDAY)
    after = {row["group_id"]: row for row in await rated.rows("select * from snapshot")}
    assert len(after) == 5
    assert before.items() <= after.items()
    lines = await rated.rows("select numbers from standing")
    assert [row["numbers"] for row in lines] == [[1]] * 60


async def test_a_group_of_eight_is_published_once_when_the_period_is_over(rated: Rated) -> None:
    journal = await rated.group(8)
    await rated.results(journal.group, results(journal, TWELVE[:8]))
    await rated.night(MONDAY)
    (seen,) = await rated.looks(journal.pupils[0])
    assert (seen.now, seen.outcome, seen.looks) == (Missing.AT_CLOSE, Outcome.AT_CLOSE, ())
    await rated.night(CLOSE)
    (seen,) = await rated.looks(journal.pupils[0])
    assert [one.day for one in seen.looks] == [CLOSE]
    await rated.results(journal.group, results(journal, TWELVE[1:9]), marks=9)
    await rated.night(CLOSE + WEEK)
    assert (await rated.looks(journal.pupils[0])) == (seen,)


async def test_six_and_those_who_are_alike_have_nothing_to_see(rated: Rated) -> None:
    small = await rated.group(6)
    alike = await rated.group(9, subject="art")
    await rated.results(small.group, results(small, TWELVE[:6]))
    await rated.results(alike.group, dict.fromkeys(alike.pupils, 70))
    await rated.night(MONDAY)
    assert (await rated.looks(small.pupils[0]))[0].now is Missing.SMALL_GROUP
    assert (await rated.looks(alike.pupils[0]))[0].now is Missing.NOT_ENOUGH_DATA
    # Asked once: a second answer in the same period would tell too much.
    await rated.results(alike.group, results(alike, TWELVE[:9]))
    await rated.night(MONDAY + WEEK)
    assert (await rated.looks(alike.pupils[0]))[0].now is Missing.NOT_ENOUGH_DATA


async def test_groups_that_may_not_be_compared_are_not_there(rated: Rated) -> None:
    words = await rated.group(9, scheme="kz-passfail", subject="pe")
    left_out = await rated.group(9, subject="music")
    await rated.configure(left_out="ART, Music")
    for journal in (words, left_out):
        await rated.results(journal.group, results(journal, TWELVE[:9]))
    await rated.night(MONDAY)
    assert await rated.rows("select * from round") == []
    assert await rated.looks(left_out.pupils[0]) == ()


async def test_marks_of_another_school_and_another_period_are_not_touched(
    rated: Rated, host: object
) -> None:
    journal = await rated.group(12)
    await rated.results(journal.group, results(journal), period="q1")
    await rated.results(journal.group, results(journal), period="y")
    await rated.night(MONDAY)
    # The first quarter was closed on 28 October: late, but soon enough.
    (seen,) = await rated.looks(journal.pupils[0])
    assert (seen.period, seen.looks[0].day) == ("q1", MONDAY)
    assert {row["period"] for row in await rated.rows("select period from round")} == {"q1"}


async def test_whoever_leaves_stays_in_the_sums_without_a_name(rated: Rated) -> None:
    journal = await rated.group(12)
    await rated.results(journal.group, results(journal))
    await rated.night(MONDAY)
    gone = journal.pupils[11]
    await rated.leave(journal, gone, MONDAY + timedelta(days=2))
    await rated.results(journal.group, {gone: 5}, marks=9)
    stay = dict(zip(journal.pupils[:11], TWELVE, strict=False))
    await rated.results(journal.group, stay, marks=4)
    await rated.night(MONDAY + WEEK)
    (seen,) = await rated.looks(journal.pupils[0])
    # 67 would be the middle of eleven.
    assert [one.middle for one in seen.looks] == [70, 70]
    assert len((await rated.looks(gone))[0].looks) == 1
    (kept,) = await rated.rows("select nameless from round")
    assert kept == {"nameless": ["98"]}
    (line,) = await rated.rows("select counted, marks from standing where student_id = $1", gone)
    assert line == {"counted": False, "marks": 0}


async def test_nothing_of_those_who_went_is_left_once_the_period_is_over(rated: Rated) -> None:
    journal = await rated.group(12)
    await rated.results(journal.group, results(journal))
    await rated.night(MONDAY)
    await rated.choose(journal.pupils[11], opted_out=True)
    assert await rated.rows("select nameless from round") == [{"nameless": ["98"]}]
    await rated.night(CLOSE)
    assert await rated.rows("select nameless, closed from round") == [
        {"nameless": [], "closed": True}
    ]


async def test_a_period_that_nobody_closed_is_closed_without_a_snapshot(rated: Rated) -> None:
    journal = await rated.group(12)
    await rated.results(journal.group, results(journal))
    await rated.night(MONDAY)
    await rated.choose(journal.pupils[11], opted_out=True)
    await rated.night(CLOSE + timedelta(days=15))
    (row,) = await rated.rows("select nameless, closed, outcome from round")
    assert row == {"nameless": [], "closed": True, "outcome": "published"}
    assert len((await rated.looks(journal.pupils[0]))[0].looks) == 1


async def test_opting_out_acts_before_the_next_mark(rated: Rated) -> None:
    journal = await rated.group(12)
    await rated.results(journal.group, results(journal))
    await rated.night(MONDAY)
    out = journal.pupils[11]
    await rated.choose(out, opted_out=True)
    counted = await rated.rows("select student_id from standing where counted")
    assert {row["student_id"] for row in counted} == set(journal.pupils) - {out}
    assert (await rated.family(out)).choices.opted_out
    # Back within the period: what was shown is there again, nothing newer comes.
    await rated.choose(out, MONDAY + timedelta(days=1), opted_out=False)
    assert not (await rated.family(out)).choices.opted_out
    await rated.results(journal.group, results(journal), marks=9)
    await rated.night(MONDAY + WEEK)
    assert len((await rated.looks(out))[0].looks) == 1
    assert len((await rated.looks(journal.pupils[0]))[0].looks) == 2
    # And counted again on the next list.
    await rated.results(journal.group, results(journal), period="q3")
    await rated.night(date(2027, 1, 18))
    assert len((await rated.looks(out, "q3"))[0].looks) == 1


async def test_whoever_opted_out_before_is_on_no_list_and_not_read(rated: Rated) -> None:
    journal = await rated.group(10)
    await rated.choose(journal.pupils[9], opted_out=True)
    await rated.results(journal.group, results(journal, TWELVE[:10]))
    await rated.night(MONDAY)
    assert (await rated.looks(journal.pupils[9]))[0].now is Missing.NOT_COUNTED
    shown = (await rated.looks(journal.pupils[0]))[0].looks[0]
    assert shown.middle == 60  # of nine


async def test_out_and_in_again_on_one_day(rated: Rated) -> None:
    pupil = (await rated.group(1)).pupils[0]
    for turn in (True, True, False, False, True):
        await rated.choose(pupil, opted_out=turn)
        assert (await rated.family(pupil)).choices.opted_out is turn
    await rated.choose(pupil, MONDAY + WEEK, opted_out=False)
    rows = await rated.rows("select since, until from opt_out where student_id = $1", pupil)
    assert rows == [{"since": MONDAY, "until": MONDAY + WEEK}]


async def test_whoever_comes_waits_for_the_next_list(rated: Rated) -> None:
    journal = await rated.group(12)
    await rated.results(journal.group, results(journal))
    await rated.night(MONDAY)
    new = await rated.come(journal, MONDAY + timedelta(days=1))
    await rated.results(journal.group, {**results(journal), new: 100}, marks=7)
    await rated.night(MONDAY + WEEK)
    assert (await rated.looks(new))[0].now is Missing.NOT_COUNTED
    assert (await rated.looks(new))[0].looks == ()


async def test_what_a_family_chooses_is_kept_apart(rated: Rated) -> None:
    one, other = (await rated.group(2)).pupils
    await rated.choose(one, hidden=True)
    await rated.choose(one, dismissed=True)
    choices = (await rated.family(one)).choices
    assert (choices.hidden, choices.dismissed, choices.opted_out) == (True, True, False)
    await rated.choose(one, hidden=False)
    assert not (await rated.family(one)).choices.hidden
    assert (await rated.family(one)).choices.dismissed
    assert not (await rated.family(other)).choices.dismissed


async def test_a_line_in_the_diary_has_the_last_two_of_each_group(rated: Rated) -> None:
    maths, art = await rated.group(9), await rated.group(9, subject="art")
    pupil = maths.pupils[0]
    await rated.factory.tenant.execute(
        "update core.group_pupil set pupil_id = $3 where school_id = $1 and pupil_id = $2",
        rated.school, art.pupils[0], pupil,
    )  # fmt: skip
    everybody = {pupil, *art.pupils[1:]}
    for week in range(3):
        await rated.results(maths.group, results(maths, TWELVE[week : week + 9]), marks=3 + week)
        await rated.results(art.group, dict.fromkeys(everybody, 50), marks=3 + week)
        await rated.night(MONDAY + week * WEEK)
    await rated.choose(pupil, hidden=True)
    await rated.entitle(pupil, MONDAY, None, scope="math")
    now = datetime.combine(MONDAY + timedelta(days=1), time(9), ZoneInfo(SCHOOL_ZONE))
    async with rated.tx() as tx:
        home, seen = await strip(tx, pupil, 2026, now)
        assert [one.subject_code for one in seen] == ["art", "math"]
        assert [[int(look.result) for look in one.looks] for one in seen] == [[], [42, 55]]
        whole = {one.subject_code: one.looks for one in await looks(tx, pupil, 2026)}
        assert (len(whole["math"]), whole["math"][1:]) == (3, seen[1].looks)
        assert home == await family(tx, pupil, now)
        assert home.choices.hidden
        (stretch,) = home.stretches
        assert stretch.holds(now)
        assert stretch.covers("math")
        assert not stretch.covers("art")
        assert not stretch.holds(now - WEEK)
        _home, others = await strip(tx, pupil, 2026, now, left_out="MATH")
        assert [one.subject_code for one in others] == ["art"]
        assert (await strip(tx, art.pupils[0], 2026, now))[1] == ()
        assert await next_day(tx, 2026, MONDAY, "week") == MONDAY + WEEK
        assert await next_day(tx, 2026, MONDAY, "close") == CLOSE
        assert await next_day(tx, 2026, date(2027, 7, 1), "week") is None


async def test_exact_thirds_are_compared_exactly(rated: Rated) -> None:
    """Two results that floats and percents would call equal lie on two sides of a border."""
    journal = await rated.group(9)
    low = ["199/3", "199/3", "199/3", "199/3", "133/2"]
    values: list[int | str | None] = [*low, 67, 68, 69, 70]
    await rated.results(journal.group, dict(zip(journal.pupils, values, strict=True)))
    await rated.night(MONDAY)
    look = (await rated.looks(journal.pupils[0]))[0].looks[0]
    assert look.result == Fraction(199, 3)
    assert look.band is Band.MIDDLE


async def test_old_years_are_cleared(rated: Rated) -> None:
    journal = await rated.group(12)
    await rated.results(journal.group, results(journal))
    await rated.night(MONDAY)
    await rated.night(date(2027, 9, 6))
    assert len(await rated.rows("select 1 from standing")) == 12
    await rated.night(date(2028, 9, 4))
    for table in ("standing", "snapshot", "round"):
        assert await rated.rows(f"select 1 from {table}") == []


async def everything(rated: Rated) -> list[list[dict[str, object]]]:
    return [
        await rated.rows(f"select * from {table} order by 1, 2, 3, 4")
        for table in ("round", "snapshot", "standing", "credit")
    ]


async def test_opting_out_and_publishing_never_pass_each_other(rated: Rated) -> None:
    """While a list is drawn nobody can slip off it unseen: the family waits, or is told to."""
    journal = await rated.group(12)
    await rated.results(journal.group, results(journal))
    async with rated.tx(write=True) as tx:
        await take_gate(tx, rated.school)
        with pytest.raises(asyncpg.LockNotAvailableError):
            await rated.choose(journal.pupils[0], opted_out=True)
        # What is no matter of the lists waits for nobody.
        await rated.choose(journal.pupils[0], hidden=True)
    assert not (await rated.family(journal.pupils[0])).choices.opted_out
    await rated.choose(journal.pupils[0], opted_out=True)
    async with rated.tx(write=True) as tx:
        await take_gate(tx, rated.school)
        with pytest.raises(asyncpg.LockNotAvailableError):
            await rated.night(MONDAY)
    await rated.night(MONDAY)
    assert (await rated.looks(journal.pupils[0]))[0].now is Missing.NOT_COUNTED
