import csv
import datetime as dt

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kundelik_core.schools.calendar import (
    CalendarException,
    SchoolCalendar,
    iso_week,
    load_national,
    monday_of,
    parse_iso_week,
    published_years,
    school_year_of,
)
from kundelik_core.schools.titles import Title
from tests.interop import testdata

YEARS = st.sampled_from(published_years())
FROST = Title(kk="Аяз", ru="Мороз", en="Frost")


def day(text: str) -> dt.date:
    return dt.date.fromisoformat(text)


@pytest.fixture
def year() -> SchoolCalendar:
    return load_national(2026)


def test_two_school_years_are_published() -> None:
    assert set(published_years()) >= {2025, 2026}
    with pytest.raises(KeyError):
        load_national(1999)


@pytest.mark.parametrize(
    ("date", "grade", "code"),
    [
        ("2026-08-31", None, "outside_year"),
        ("2026-10-25", None, "holiday"),
        ("2026-10-26", None, "day_off"),
        ("2026-10-27", 5, "break"),
        ("2026-11-22", 5, "weekend"),
        ("2026-12-16", 1, "holiday"),
        ("2027-02-10", 1, "break"),
        ("2027-03-08", 9, "holiday"),
        ("2027-03-15", 9, "holiday"),
        ("2027-05-10", 9, "day_off"),
        ("2027-05-26", 9, "outside_year"),
        ("2025-09-01", 9, "day_off"),
    ],
)
def test_a_day_without_lessons_says_why(date: str, grade: int | None, code: str) -> None:
    moment = day(date)
    reason = load_national(school_year_of(moment)).why_not(moment, grade)
    assert reason is not None
    assert reason.code == code
    assert all((reason.title.kk, reason.title.ru, reason.title.en))


def test_only_grade_one_rests_in_february(year: SchoolCalendar) -> None:
    assert not year.is_teaching_day(day("2027-02-10"), 1)
    assert year.is_teaching_day(day("2027-02-10"), 2)
    assert year.is_teaching_day(day("2027-02-10"))


def test_the_year_has_its_weeks(year: SchoolCalendar) -> None:
    weeks = {p.code: 0 for p in year.periods}
    for period in year.periods:
        days = year.teaching_days(period.begins, period.ends)
        weeks[period.code] = len({monday_of(d) for d in days})
    assert (weeks["q1"], weeks["q2"], weeks["q3"]) == (8, 8, 10)
    # The order counts eight: the ninth has two days.
    assert weeks["q4"] == 9
    assert weeks["h1"] == 16


@given(YEARS)
def test_quarters_hold_every_teaching_day_once(key: int) -> None:
    calendar = load_national(key)
    for date in calendar.teaching_days(calendar.begins, calendar.ends):
        for kind in ("quarter", "half_year", "trimester", "year"):
            mine = [p for p in calendar.periods if p.kind == kind and p.holds(date)]
            assert len(mine) == 1, (date, kind)


@given(YEARS)
def test_periods_breaks_and_exceptions_are_in_order(key: int) -> None:
    calendar = load_national(key)
    spans = [(p.begins, p.ends) for p in calendar.periods]
    spans += [(b.begins, b.ends) for b in calendar.breaks]
    spans += [(e.begins, e.ends) for e in calendar.exams]
    assert all(begins <= ends for begins, ends in spans)
    assert [e.day for e in calendar.exceptions] == sorted({e.day for e in calendar.exceptions})
    assert [b.code for b in calendar.breaks] == ["autumn", "winter", "grade1", "spring"]
    assert [b.begins.weekday() for b in calendar.breaks if b.grades] == [0]
    codes = [p.code for p in calendar.periods]
    assert codes == ["q1", "q2", "q3", "q4", "h1", "h2", "t1", "t2", "t3", "s1", "s2", "y"]


@given(YEARS)
def test_a_holiday_on_a_day_off_moves_to_the_next_working_day(key: int) -> None:
    calendar = load_national(key)
    # 7 January and Kurban Ait are days off, not holidays of the state, and do not move.
    stay = {"Orthodox Christmas", "First day of Kurban Ait"}
    days = {e.day: e for e in calendar.exceptions}
    lost = [
        e.day
        for e in calendar.exceptions
        if e.kind == "holiday" and e.title.en not in stay and e.day.weekday() >= 5
    ]
    moved = [d for d, e in days.items() if e.kind == "day_off" and d.month != 9]
    assert len(moved) == len(lost)
    assert all(d.weekday() < 5 for d in moved)


def test_a_school_adds_its_own_days(year: SchoolCalendar) -> None:
    monday, saturday = day("2027-01-18"), day("2027-01-23")
    mine = year.with_exceptions(
        CalendarException(monday, "cancelled", FROST, grades=(1, 2, 3, 4)),
        CalendarException(monday, "distance", FROST, grades=(5, 6)),
        CalendarException(saturday, "working", FROST, like=1),
    )
    assert mine.why_not(monday, 3) is not None
    assert mine.is_teaching_day(monday, 5)
    assert mine.is_distance_day(monday, 5)
    assert not mine.is_distance_day(monday, 7)
    assert mine.is_teaching_day(saturday, 7)
    assert mine.timetable_weekday(saturday, 7) == 1
    assert year.why_not(saturday, 7) is not None


def test_a_schools_own_day_outranks_the_template(year: SchoolCalendar) -> None:
    holiday = day("2026-12-16")
    mine = year.with_exceptions(CalendarException(holiday, "working", FROST))
    assert mine.is_teaching_day(holiday)


def test_a_six_day_week_teaches_on_saturdays(year: SchoolCalendar) -> None:
    six = msgspec.structs.replace(year, week_days=(1, 2, 3, 4, 5, 6))
    assert six.is_teaching_day(day("2026-11-21"))
    assert not six.is_teaching_day(day("2026-11-22"))


@pytest.mark.parametrize(
    ("come", "shown"),
    [
        ("2026-07-20", "2026-W36"),
        ("2026-09-01", "2026-W36"),
        ("2026-10-28", "2026-W45"),
        ("2026-11-22", "2026-W47"),
        ("2026-12-31", "2027-W02"),
        ("2027-07-01", "2027-W21"),
    ],
)
def test_the_nearest_week_is_opened(year: SchoolCalendar, come: str, shown: str) -> None:
    assert year.nearest_week(day(come)).iso == shown


def test_weeks_alternate(year: SchoolCalendar) -> None:
    assert [w.cycle for w in year.weeks[:4]] == ["A", "B", "A", "B"]
    assert [w.number for w in year.weeks] == list(range(1, len(year.weeks) + 1))
    assert year.week_of(day("2026-10-28")) is None
    found = year.week_of(day("2026-11-22"))
    assert found is not None
    assert found.sunday == day("2026-11-22")


def test_periods_are_found_by_day(year: SchoolCalendar) -> None:
    quarter = year.period_of(day("2026-11-20"))
    assert quarter is not None
    assert quarter.code == "q2"
    assert year.period_of(day("2026-10-28")) is None
    for come, code in (("2026-10-28", "q1"), ("2026-08-01", "q1"), ("2027-06-30", "q4")):
        latest = year.latest_period(day(come))
        assert latest is not None
        assert latest.code == code


@given(st.dates(dt.date(2000, 1, 1), dt.date(2100, 1, 1)))
def test_week_addresses_go_round(date: dt.date) -> None:
    assert parse_iso_week(iso_week(date)) == monday_of(date)


@pytest.mark.parametrize("text", ["", "2026", "2026-W99", "2026-W", "x-W1", "２０２６-W47", "-W1"])
def test_what_is_no_week_is_refused(text: str) -> None:
    assert parse_iso_week(text) is None


@pytest.mark.interop
def test_public_holidays_agree_with_the_published_list() -> None:
    path = testdata("kz-regions-holidays") / "kz-public-holidays-2025-2028.csv"
    with path.open(encoding="utf-8-sig") as file:
        theirs = {day(row["date"]) for row in csv.DictReader(file)}
    for key in (2025, 2026):
        calendar = load_national(key)
        first, last = dt.date(key, 9, 1), dt.date(key + 1, 8, 31)
        ours = {e.day for e in calendar.exceptions}
        assert ours == {d for d in theirs if first <= d <= last}
