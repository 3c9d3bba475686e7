import calendar
import csv
import io
from datetime import date, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kundelik_praise.domain import (
    LONGEST,
    RECENT_DAYS,
    as_csv,
    class_name,
    faults_of,
    leads,
    looks_after,
    months_before,
    recent,
    school_year,
    unnoticed,
)

from kundelik_core.sdk import ROLES, Actor, Role

DAYS = st.dates(date(2020, 1, 1), date(2090, 12, 31))
ONE, TWO = UUID(int=1), UUID(int=2)


@pytest.mark.parametrize(
    ("kind", "body", "written", "faults"),
    [
        ("praise", "Жарайсың", 0, {}),
        ("remark", "Кешікті", 0, {"kind": "kind"}),
        ("shout", "A", 0, {"kind": "kind"}),
        ("praise", "", 0, {"body": "empty"}),
        ("praise", "ә" * LONGEST, 4, {}),
        ("praise", "ә" * (LONGEST + 1), 0, {"body": "long"}),
        ("praise", "a\x00b", 0, {"body": "signs"}),
        ("praise", "A", 5, {"form": "many"}),
        ("shout", "", 5, {"kind": "kind", "body": "empty"}),
    ],
)
def test_what_keeps_a_note_from_being_taken(
    kind: str, body: str, written: int, faults: dict[str, str]
) -> None:
    assert faults_of(kind, body, remarks=False, written_today=written, most_a_day=5) == faults


def test_remarks_are_taken_where_they_are_allowed() -> None:
    assert faults_of("remark", "A", remarks=True, written_today=0, most_a_day=1) == {}


@given(DAYS, st.integers(1, 60))
def test_months_are_counted_as_people_do(day: date, months: int) -> None:
    before = months_before(day, months)
    assert (day.year - before.year) * 12 + day.month - before.month == months
    last = calendar.monthrange(before.year, before.month)[1]
    assert before.day == min(day.day, last)


@given(DAYS)
def test_a_school_year_begins_in_august(day: date) -> None:
    year = school_year(day)
    assert date(year, 8, 1) <= day <= date(year + 1, 7, 31)


@pytest.mark.parametrize("role", ROLES)
def test_who_leads_also_looks_after(role: Role) -> None:
    actor = Actor(person_id=ONE, roles=(role,))
    assert leads(actor) == (role in {"deputy", "director"})
    assert looks_after(actor) == (role in {"deputy", "director", "psychologist"})


@given(st.lists(st.text(max_size=20), min_size=1, max_size=4))
def test_a_saved_list_holds_what_was_said_and_runs_nothing(cells: list[str]) -> None:
    table = as_csv(["a"], [cells]).decode("utf-8-sig")
    (_head, row) = csv.reader(io.StringIO(table, newline=""), delimiter=";")
    assert [cell.removeprefix("'") for cell in row] == [cell.removeprefix("'") for cell in cells]
    assert not any(cell[:1] in {"=", "+", "-", "@", "\t", "\r"} for cell in row)


def test_only_the_last_month_counts_as_lately() -> None:
    today = date(2026, 11, 24)
    rows = [
        {"student_id": ONE, "kind": "praise", "day": today},
        {"student_id": ONE, "kind": "remark", "day": today - timedelta(days=RECENT_DAYS - 1)},
        {"student_id": TWO, "kind": "praise", "day": today - timedelta(days=RECENT_DAYS)},
    ]
    counts = recent(rows, today)
    assert counts == {ONE: {"praise": 1, "remark": 1}}
    assert unnoticed([ONE, TWO], counts) == 1
    assert unnoticed([], counts) == 0


@pytest.mark.parametrize(
    ("grade", "letter", "name"), [(5, "А", "5 «А»"), (5, "", "5"), (None, None, "")]
)
def test_what_a_class_is_called(grade: int | None, letter: str | None, name: str) -> None:
    assert class_name(grade, letter) == name
