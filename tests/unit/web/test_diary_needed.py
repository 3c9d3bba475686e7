"""What a coming work has to bring, as the page of a subject says it."""

from collections.abc import Sequence
from datetime import date

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from kundelik_core.gradebook.diary.model import (
    ComingWork,
    DiaryGroup,
    SubjectMark,
    SubjectYear,
)
from kundelik_core.gradebook.journal.model import Period, Titles
from kundelik_core.gradebook.results import Kept, scheme_of, store
from kundelik_core.gradebook.schemes.engine import Work, compute_period
from kundelik_core.kernel.i18n import use_locale
from kundelik_core.web.diary_needed import needed_context

DAY = date(2026, 11, 5)
QUARTER = Period("q2", date(2026, 11, 2), date(2026, 12, 27), "open")
GROUP = DiaryGroup("g", Titles("М", "М", "M"), "kz-cba-2022", 1, "quarter")
SCHEME = scheme_of("kz-cba-2022", 1)


def subject(
    marks: Sequence[tuple[str, str, str | None]], coming: list[ComingWork]
) -> tuple[SubjectYear, Kept]:
    """Marks as (kind, points, max), and the result that the journal keeps of them."""
    rows = [
        SubjectMark(kind, DAY, "", None, most, points, None, None, None, [])
        for kind, points, most in marks
    ]
    year = SubjectYear(
        pupil=("A", "B"), guardian=True, school_class=None, group=GROUP, periods=[QUARTER],
        results=[], marks=rows, coming=coming, schools=[],
    )  # fmt: skip
    works = [Work(k, int(points), int(most or 10)) for k, points, most in marks]
    blank = [Work(w.kind, None, int(w.max or 1)) for w in coming]
    return year, store(compute_period(SCHEME, [*works, *blank]))


def told(marks: Sequence[tuple[str, str, str | None]], coming: list[ComingWork]) -> dict[str, str]:
    found, kept = subject(marks, coming)
    with use_locale("en"):
        context = needed_context(found, GROUP, QUARTER, kept)
    assert context is not None
    return {"": context["title"]} | {row["mark"]: row["text"] for row in context["rows"]}


def test_a_planned_work_is_asked_about_in_its_points() -> None:
    found = told(
        [("fo", "8", None), ("sor", "7", "10")],
        [ComingWork("soch", date(2026, 12, 22), "25", None)],
    )
    assert found == {
        "": "SOCH, 22.12", "5": "from 24 of 25", "4": "from 14 of 25", "3": "from 1 of 25",
    }  # fmt: skip


def test_a_work_that_is_not_planned_yet_is_asked_about_in_percent() -> None:
    found = told([("fo", "8", None), ("sor", "7", "10")], [])
    assert found[""] == "SOCH"
    assert (found["5"], found["4"], found["3"]) == ("from 94 %", "from 54 %", "from 4 %")


def test_what_cannot_be_reached_is_said() -> None:
    found = told([("fo", "3", None), ("sor", "3", "10")],
                 [ComingWork("soch", DAY, "20", None)])  # fmt: skip
    assert found["5"] == "out of reach"


def test_a_closed_period_and_a_given_mark_are_past_asking() -> None:
    found, kept = subject([("fo", "8", None)], [])
    closed = Period("q2", QUARTER.begins, QUARTER.ends, "closed")
    assert needed_context(found, GROUP, closed, kept) is None
    assert needed_context(found, GROUP, QUARTER, msgspec.structs.replace(kept, given="5")) is None


def test_nothing_is_said_where_the_journal_counts_otherwise() -> None:
    found, kept = subject([("fo", "8", None), ("sor", "7", "10")], [])
    other = msgspec.structs.replace(kept, percent=(kept.percent or 0) + 1)
    assert needed_context(found, GROUP, QUARTER, other) is None


@given(
    st.lists(st.integers(1, 10), min_size=1, max_size=6), st.integers(0, 10), st.integers(10, 60)
)
def test_the_points_named_are_enough_and_one_less_is_not(
    formative: list[int], sor: int, most: int
) -> None:
    marks = [("fo", str(n), None) for n in formative] + [("sor", str(sor), "10")]
    rows = told(marks, [ComingWork("soch", DAY, str(most), None)])
    rest = [Work("fo", n, 10) for n in formative] + [Work("sor", sor, 10)]

    def mark(points: int) -> int:
        found = compute_period(SCHEME, [*rest, Work("soch", points, most)])
        assert found.raw is not None
        return int(found.mark or 0)

    for wanted, text in rows.items():
        if text.startswith("from"):
            points = int(text.split()[1])
            assert mark(points) >= int(wanted) > mark(points - 1)
        elif text == "out of reach":
            assert mark(most) < int(wanted)
        elif text == "in any case":
            assert mark(0) >= int(wanted)
