"""Which day of publication has come, and which days of a paid time had nothing to show."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kundelik_rating.domain.credit import (
    Period,
    Window,
    credit_days,
    finest,
    shown_until,
    windows,
)
from kundelik_rating.domain.schedule import closing_day, due_day, publication_days

FIRST, LAST = date(2026, 11, 2), date(2026, 12, 27)
DAY = timedelta(days=1)


def period(code: str, first: date, last: date) -> Period:
    return Period(code=code, first=first, last=last)


QUARTERS = [
    period("q1", date(2026, 9, 1), date(2026, 10, 25)),
    period("q2", FIRST, LAST),
    period("q3", date(2027, 1, 11), date(2027, 3, 21)),
]
HALVES = [
    period("h1", date(2026, 9, 1), LAST),
    period("h2", date(2027, 1, 11), date(2027, 5, 25)),
]


@pytest.mark.parametrize(
    ("today", "due"),
    [
        (date(2026, 11, 8), None),
        (date(2026, 11, 9), date(2026, 11, 9)),
        (date(2026, 11, 15), date(2026, 11, 9)),
        (date(2026, 12, 29), date(2026, 12, 21)),
        (date(2026, 12, 30), date(2026, 12, 30)),
        (date(2027, 1, 13), date(2026, 12, 30)),
        (date(2027, 1, 14), None),
    ],
)
def test_the_latest_day_that_has_come(today: date, due: date | None) -> None:
    assert due_day(FIRST, LAST, "week", today) == due


@given(st.dates(FIRST - 30 * DAY, LAST + 60 * DAY), st.sampled_from(["week", "fortnight", "close"]))
def test_a_day_that_has_come_is_one_of_those_set_beforehand(today: date, rhythm: str) -> None:
    due = due_day(FIRST, LAST, rhythm, today)  # type: ignore[arg-type]
    days = publication_days(FIRST, LAST, rhythm)  # type: ignore[arg-type]
    if due is not None:
        assert due in days
        assert not any(due < day <= today for day in days)


def test_windows_follow_each_other_without_a_gap() -> None:
    found = windows(QUARTERS)
    assert [one.begins for one in found] == [
        QUARTERS[0].first,
        closing_day(QUARTERS[0].last),
        closing_day(LAST),
    ]
    assert [one.ends for one in found[:-1]] == [one.begins for one in found[1:]]


def test_time_is_cut_by_the_kind_of_which_there_are_most() -> None:
    year = period("y", QUARTERS[0].first, date(2027, 5, 25))
    assert finest([year, *HALVES, *reversed(QUARTERS)]) == QUARTERS
    assert finest([year, *HALVES]) == HALVES
    assert finest([year]) == finest([]) == []


def test_what_was_shown_last_counts_until_the_next_is_due() -> None:
    weekly = shown_until([*QUARTERS, *HALVES], "week")
    assert weekly["q1"] == date(2026, 11, 9)
    assert weekly["h1"] == date(2027, 1, 18)
    assert weekly["q3"] == weekly["h2"] == date.max
    assert shown_until(QUARTERS, "close")["q1"] == closing_day(LAST)


SPANS = st.lists(
    st.tuples(st.integers(-9, 40), st.integers(0, 20)).map(
        lambda pair: (FIRST + pair[0] * DAY, FIRST + sum(pair) * DAY)
    ),
    max_size=5,
)


@given(SPANS, SPANS, SPANS)
def test_credited_days_are_those_held_and_not_shown(
    held: list[tuple[date, date]],
    shown: list[tuple[date, date]],
    away: list[tuple[date, date]],
) -> None:
    """Day by day, and each day once, however the spans overlap."""
    window = Window(period="q2", begins=FIRST, ends=FIRST + 30 * DAY)

    def within(spans: list[tuple[date, date]], day: date) -> bool:
        return any(begins <= day < ends for begins, ends in spans)

    days = [FIRST + number * DAY for number in range(30)]
    plain = sum(within(held, day) and (within(away, day) or not within(shown, day)) for day in days)
    assert credit_days(window, held, shown, away) == plain


@given(SPANS, SPANS, st.integers(1, 29))
def test_however_time_is_cut_as_many_days_are_credited(
    held: list[tuple[date, date]], shown: list[tuple[date, date]], cut: int
) -> None:
    whole = Window(period="h1", begins=FIRST, ends=FIRST + 30 * DAY)
    middle = FIRST + cut * DAY
    parts = (
        Window(period="q1", begins=whole.begins, ends=middle),
        Window(period="q2", begins=middle, ends=whole.ends),
    )
    assert credit_days(whole, held, shown) == sum(credit_days(one, held, shown) for one in parts)
