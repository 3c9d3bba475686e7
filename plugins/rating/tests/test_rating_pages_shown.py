"""What of all that was published gets onto a page: only what is open, in the period asked for."""

import json
from datetime import date, timedelta
from fractions import Fraction
from typing import Any
from uuid import UUID

import pytest
from kundelik_rating.domain.measure import Band, Scale, Spread
from kundelik_rating.domain.publish import Outcome
from kundelik_rating.domain.story import Look
from kundelik_rating.pages_shown import Shown, rated_values
from kundelik_rating.pages_words import long_day, period_title
from kundelik_rating.store import Seen

MATHS, MUSIC, ART = UUID(int=1), UUID(int=2), UUID(int=3)
DAY = date(2026, 11, 9)


def looks(*results: str) -> tuple[Look, ...]:
    return tuple(
        Look(
            day=DAY + timedelta(weeks=week), result=Fraction(result), band=Band.MIDDLE,
            middle=Fraction(70), spread=Spread.MIXED,
        )
        for week, result in enumerate(results)
    )  # fmt: skip


def seen(
    group: UUID = MATHS,
    code: str = "math",
    period: str = "q2",
    shown: tuple[Look, ...] = (),
    outcome: Outcome = Outcome.PUBLISHED,
) -> Seen:
    begins = date(2026, 9, 1) if period == "q1" else date(2026, 11, 2)
    return Seen(
        group_id=group, school_year=2026, subject_code=code,
        subject={"kk": code.upper(), "ru": code.upper(), "en": code.upper()},
        period_kind="quarter", period=period, period_begins=begins,
        period_ends=begins + timedelta(weeks=8), scale=Scale.percent(), outcome=outcome,
        looks=shown, on_list=bool(shown), published=bool(shown),
    )  # fmt: skip


def values(
    *rated: Seen, opened: tuple[str, ...] = ("*",), period: str = "", group: UUID | None = None
) -> Any:
    shown = Shown(
        rated=rated, opened=frozenset(opened), period=period, group=group, locale="en",
        day=date.isoformat,
    )  # fmt: skip
    return rated_values(shown, "student=x")


@pytest.mark.parametrize("opened", [(), ("music",)])
@pytest.mark.parametrize("group", [None, MATHS, MUSIC])
@pytest.mark.parametrize("period", ["", "q1", "q2", "q9"])
def test_what_is_not_open_is_nowhere(
    opened: tuple[str, ...], group: UUID | None, period: str
) -> None:
    rated = [
        seen(shown=looks("12.3", "12.3"), period=code) for code in ("q1", "q2")
    ] + [seen(MUSIC, "music", shown=looks("80"))]  # fmt: skip
    found = values(*rated, opened=opened, period=period, group=group)
    assert "12.3" not in json.dumps(found)
    assert found["closed"]
    if not opened:
        assert found["profile"] == []
        assert found["detail"] is None
        assert found["periods"] == []


def test_each_group_stands_in_its_latest_period_until_one_is_asked_for() -> None:
    rated = [
        seen(shown=looks("50"), period="q1"),
        seen(shown=looks("60"), period="q2"),
        seen(MUSIC, "music", shown=looks("70"), period="q1"),
    ]
    now = values(*rated)
    assert [row["result"] for row in now["profile"]] == ["60.0%", "70.0%"]
    assert [one["current"] for one in now["periods"]] == [True, False, False]
    first = values(*rated, period="q1")
    assert [row["result"] for row in first["profile"]] == ["50.0%", "70.0%"]
    assert [one["title"] for one in first["periods"]] == ["", "Quarter 1", "Quarter 2"]
    assert first["profile"][0]["query"] == f"student=x&period=q1&group={MATHS}#one"


def test_the_one_in_full_is_the_one_asked_for() -> None:
    rated = [seen(shown=looks("50", "55")), seen(MUSIC, "music", shown=looks("70"))]
    assert values(*rated)["detail"]["subject"] == "MATH"
    assert values(*rated, group=MUSIC)["detail"]["subject"] == "MUSIC"
    # Another's group, or one that is gone, shows none, and never the first instead.
    assert values(*rated, group=ART)["detail"] is None
    assert len(values(*rated)["detail"]["trend"]["points"]) == 2


def test_reasons_are_said_once_and_only_of_what_is_open() -> None:
    rated = [
        seen(outcome=Outcome.SMALL_GROUP),
        seen(MUSIC, "music", outcome=Outcome.SMALL_GROUP),
        seen(ART, "art", outcome=Outcome.NOT_ENOUGH_DATA),
    ]
    assert values(*rated)["reasons"] == ["not_enough_data", "small_group"]
    assert values(*rated, opened=("math",))["reasons"] == ["small_group"]


def test_a_small_school_has_nothing_to_be_opened() -> None:
    rated = [seen(outcome=Outcome.SMALL_GROUP), seen(MUSIC, "music", outcome=Outcome.SMALL_GROUP)]
    found = values(*rated, opened=())
    assert (found["small"], found["closed"]) == (True, False)
    other = values(*rated, seen(ART, "art", shown=looks("50")), opened=())
    assert (other["small"], other["closed"]) == (False, True)


def test_nothing_at_all_is_neither() -> None:
    found = values(opened=())
    assert (found["small"], found["closed"], found["open"]) == (False, True, False)


@pytest.mark.parametrize(
    ("code", "locale", "title"),
    [
        ("q1", "kk", "1-тоқсан"), ("h2", "ru", "2 полугодие"), ("t3", "en", "Trimester 3"),
        ("s1", "kk", "1-семестр"), ("y", "en", "y"), ("", "ru", ""),
    ],
)  # fmt: skip
def test_periods_have_names(code: str, locale: str, title: str) -> None:
    assert period_title(code, locale) == title


def test_days_have_years() -> None:
    assert [long_day(date(2027, 2, 3), one) for one in ("kk", "ru", "en")] == [
        "03.02.2027", "03.02.2027", "3 February 2027",
    ]  # fmt: skip
