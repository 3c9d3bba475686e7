import calendar
from datetime import date, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kundelik_birthdays.domain import birthday_in, coming, next_birthday

from kundelik_core.sdk import Student

TODAYS = st.dates(date(2020, 1, 1), date(2090, 12, 31))
BIRTHS = st.dates(date(2000, 1, 1), date(2019, 12, 31))


def student(name: str, born: date | None) -> Student:
    return Student(id=UUID(int=hash(name) % 2**64), name=name, birth_date=born)


@pytest.mark.parametrize(
    ("born", "today", "day"),
    [
        (date(2015, 11, 24), date(2026, 11, 24), date(2026, 11, 24)),
        (date(2015, 11, 24), date(2026, 11, 25), date(2027, 11, 24)),
        (date(2015, 1, 2), date(2026, 12, 30), date(2027, 1, 2)),
        (date(2016, 2, 29), date(2027, 2, 27), date(2027, 2, 28)),
        (date(2016, 2, 29), date(2027, 3, 1), date(2028, 2, 29)),
        (date(2016, 2, 29), date(2028, 2, 28), date(2028, 2, 29)),
    ],
)
def test_the_next_birthday(born: date, today: date, day: date) -> None:
    assert next_birthday(born, today) == day


@given(BIRTHS, TODAYS)
def test_the_next_birthday_is_within_a_year_and_on_the_day(born: date, today: date) -> None:
    day = next_birthday(born, today)
    assert today <= day <= today + timedelta(days=366)
    if (day.month, day.day) != (born.month, born.day):
        assert (born.month, born.day) == (2, 29)
        assert (day.month, day.day) == (2, 28)
        assert not calendar.isleap(day.year)
    # None is skipped: the day a year earlier is over.
    assert birthday_in(day.year - 1, born) < today


@given(BIRTHS, TODAYS, st.integers(0, 7))
def test_everybody_is_noted_on_the_day_and_the_days_before(
    born: date, today: date, days: int
) -> None:
    away = (next_birthday(born, today) - today).days
    assert bool(coming([student("A", born)], today, days)) == (away <= days)


def test_the_list_goes_by_day_and_keeps_the_order_of_the_class() -> None:
    today = date(2026, 12, 29)
    students = [
        student("Әлия", date(2014, 1, 5)),
        student("Бекзат", date(2015, 12, 29)),
        student("Ғалым", None),
        student("Өмір", date(2015, 1, 6)),
        student("Аружан", date(2015, 12, 29)),
        student("Іңкәр", date(2015, 12, 28)),
    ]
    assert coming(students, today, 7) == [
        (today, "Бекзат"),
        (today, "Аружан"),
        (date(2027, 1, 5), "Әлия"),
    ]


def test_an_empty_class() -> None:
    assert coming([], date(2026, 11, 24), 7) == []
