"""Dates read as each language writes them, and the reader's language is found."""

from datetime import date

import pytest

from kundelik_core.kernel.i18n import (
    Locale,
    current_locale,
    date_range,
    day_month,
    long_date,
    pick_locale,
    use_locale,
    weekday,
)

DAY = date(2026, 11, 9)


@pytest.mark.parametrize(
    ("locale", "short", "with_month", "week"),
    [
        ("kk", "Дс", "9 қараша", "9–14 қараша"),
        ("ru", "Пн", "9 ноября", "9–14 ноября"),
        ("en", "Mon", "9 November", "9–14 November"),
    ],
)
def test_dates_follow_the_language(locale: Locale, short: str, with_month: str, week: str) -> None:
    assert weekday(DAY, locale) == short
    assert day_month(DAY, locale) == with_month
    assert date_range(DAY, date(2026, 11, 14), locale) == week
    assert "2026" in long_date(DAY, locale)
    assert date_range(date(2026, 11, 30), date(2026, 12, 5), locale).count(" ") == 4


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("ru-RU,ru;q=0.9,en;q=0.8", "ru"),
        ("de, en;q=0.5, kk;q=0.7", "kk"),
        ("fr", "kk"),
        ("", "kk"),
        ("en;q=x, ru;q=0.1", "ru"),
    ],
)
def test_the_best_of_our_languages_is_picked(header: str, expected: str) -> None:
    assert pick_locale(header) == expected


def test_a_language_ends_with_its_block() -> None:
    before = current_locale()
    with use_locale("en"):
        assert current_locale() == "en"
    assert current_locale() == before
