"""The engine by example: the rules' own numbers, missing works, years, finals, what is needed."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import msgspec
import pytest

from kundelik_core.gradebook.schemes.catalogue import builtin, newest
from kundelik_core.gradebook.schemes.engine import PeriodResult, Work, compute_period, mark_kind
from kundelik_core.gradebook.schemes.exact import fixed, plain, round_ratio
from kundelik_core.gradebook.schemes.explain import cells, explain, percent_text
from kundelik_core.gradebook.schemes.model import (
    GradingScheme,
    Remedial,
    Rounding,
    Term,
    Text,
    YearRule,
)
from kundelik_core.gradebook.schemes.needed import needed
from kundelik_core.gradebook.schemes.year import (
    PeriodMark,
    after_failed_year,
    compute_final,
    compute_remedial,
    compute_year,
    exam_is_held,
    is_failing,
)

CBA = newest("kz-cba-2022")


def sor(points: int | None, most: int, **flags: bool) -> Work:
    return Work("sor", points, most, **flags)


def soch(points: int | None, most: int, **flags: bool) -> Work:
    return Work("soch", points, most, **flags)


def fo(*points: int | None) -> list[Work]:
    return [Work("fo", one, 10) for one in points]


def with_terms(scheme: GradingScheme, **changes: object) -> GradingScheme:
    terms = tuple(msgspec.structs.replace(term, **changes) for term in scheme.terms)
    return msgspec.structs.replace(scheme, terms=terms)


def periods(marks: str) -> list[PeriodMark]:
    return [PeriodMark(f"q{at}", mark) for at, mark in enumerate(marks, 1)]


def test_the_aggregate_is_one_field_and_worth_a_whole_mark() -> None:
    works = [*fo(8, 8), sor(14, 20), sor(8, 10), soch(26, 50)]
    pooled = compute_period(CBA, works, closing=True)
    averaged = compute_period(with_terms(CBA, aggregate="mean_of_ratios"), works, closing=True)
    assert (pooled.raw, pooled.percent, pooled.mark) == (Fraction(193, 3), 64, "3")
    assert (averaged.raw, averaged.percent, averaged.mark) == (Fraction(259, 4), 65, "4")


@pytest.mark.parametrize(
    ("exact", "rounded", "mark"),
    [
        ("84.5", 85, "5"),
        ("84.4", 84, "4"),
        ("64.5", 65, "4"),
        ("64.4", 64, "3"),
        ("39.5", 40, "3"),
        ("39.4", 39, "2"),
        ("43.11", 43, "3"),
        ("43.31", 43, "3"),
        ("43.52", 44, "3"),
        ("43.81", 44, "3"),
    ],
)
def test_halves_go_up_on_the_exact_value(exact: str, rounded: int, mark: str) -> None:
    percent = Fraction(exact)
    works = [Work("sor", percent.numerator, percent.denominator * 100)]
    got = compute_period(CBA, works)
    assert (got.raw, got.percent, got.mark) == (percent, rounded, mark)


def test_what_is_shown_is_never_rounded_again() -> None:
    got = compute_period(CBA, [Work("sor", 6446, 10000)])
    assert percent_text(CBA, got, "ru") == "64,5"
    assert (got.percent, got.mark) == (64, "3")


def test_an_open_period_shows_where_the_pupil_stands_and_says_so() -> None:
    got = compute_period(CBA, [*fo(8), sor(7, 10)])
    assert (got.percent, got.mark, got.provisional) == (75, "4", True)
    done = compute_period(CBA, [*fo(8), sor(7, 10), soch(16, 20)])
    assert (done.percent, done.provisional) == (78, False)


def test_a_blank_summative_work_leaves_an_open_period_provisional() -> None:
    got = compute_period(CBA, [*fo(8), sor(7, 10), sor(None, 12), soch(16, 20)])
    assert (got.percent, got.provisional) == (78, True)


def test_a_missed_summative_work_with_a_reason_waits_and_without_one_is_zero() -> None:
    excused = [*fo(8), sor(7, 10), soch(None, 25, excused=True)]
    assert compute_period(CBA, excused, closing=True) == PeriodResult(
        status="temporarily_not_assessed"
    )
    skipped = [*fo(8), sor(7, 10), soch(None, 25, missed_unexcused=True)]
    got = compute_period(CBA, skipped, closing=True)
    assert (got.raw, got.percent, got.mark) == (Fraction(75, 2), 38, "2")


def test_a_lesson_missed_without_a_mark_costs_nothing() -> None:
    absent = Work("fo", None, 10, missed_unexcused=True)
    with_it = compute_period(CBA, [*fo(8), absent, sor(7, 10), soch(16, 20)], closing=True)
    assert with_it.raw == Fraction(155, 2)


@pytest.mark.parametrize(
    ("rule", "percent", "status", "open_percent"),
    [
        ("redistribute", 75, "", 75),
        ("zero", 38, "", 75),
        ("pending", None, "temporarily_not_assessed", 75),
        ("block", None, "not_assessed", None),
    ],
)
def test_each_rule_for_a_term_without_works(
    rule: str, percent: int | None, status: str, open_percent: int | None
) -> None:
    scheme = with_terms(CBA, on_missing=rule)
    works = [*fo(8), sor(7, 10)]
    closed = compute_period(scheme, works, closing=True)
    assert (closed.percent, closed.status) == (percent, status)
    assert compute_period(scheme, works).percent == open_percent


def test_an_unwritten_work_counts_as_zero_where_the_scheme_says_so() -> None:
    scheme = with_terms(CBA, on_unwritten="zero")
    got = compute_period(scheme, [*fo(10), sor(10, 10), sor(None, 10), soch(20, 20)], closing=True)
    assert got.raw == Fraction(175, 2)


def test_a_pupil_who_wrote_nothing_or_is_exempt_has_a_status_and_no_mark() -> None:
    assert compute_period(CBA, [], closing=True).status == "not_assessed"
    assert compute_period(CBA, []) == PeriodResult()
    assert compute_period(CBA, [*fo(10)], exempt=True) == PeriodResult(status="exempt")
    assert compute_period(newest("kz-grade1-none"), []).status == "none"


def test_a_work_from_which_a_pupil_is_exempt_does_not_exist_for_them() -> None:
    without = compute_period(CBA, [*fo(8), sor(7, 10), soch(16, 20)], closing=True)
    works = [*fo(8), sor(7, 10), sor(None, 10, exempt=True), soch(16, 20)]
    assert compute_period(CBA, works, closing=True) == without


def test_contributions_add_up_to_the_exact_value() -> None:
    got = compute_period(CBA, [*fo(7, 8), sor(12, 17), soch(18, 29)])
    terms = [term for term in got.terms if term is not None]
    assert sum((term.contribution for term in terms), Fraction(0)) == got.raw
    assert sum((term.weight for term in terms), Fraction(0)) == 100
    running = compute_period(CBA, [*fo(7, 8), sor(12, 17)])
    assert [term and term.weight for term in running.terms] == [50, 50, None]


def test_the_weight_may_depend_on_how_many_works_there_are() -> None:
    by_count = {1: Decimal(30), 3: Decimal(60)}
    terms = (
        Term("sor", Text("", "", ""), ("sor",), "ratio_of_sums", weight_by_count=by_count),
        Term("soch", Text("", "", ""), ("soch",), "ratio_of_sums", weight=Decimal(60)),
    )
    scheme = msgspec.structs.replace(CBA, terms=terms)
    one = compute_period(scheme, [sor(10, 10), soch(0, 20)])
    three = compute_period(scheme, [sor(10, 10), sor(10, 10), sor(10, 10), soch(0, 20)])
    assert (one.raw, three.raw) == (Fraction(100, 3), Fraction(50))


def test_the_last_work_may_count_alone() -> None:
    scheme = with_terms(CBA, aggregate="last", on_missing="redistribute")
    assert compute_period(scheme, [sor(1, 10), sor(9, 10)]).percent == 90


def test_the_teacher_sets_a_traditional_mark_and_sees_a_hint() -> None:
    scheme = newest("kz-traditional-5")
    marks = [Work("classwork", mark, 5) for mark in (5, 4, 4, 3, 5)]
    got = compute_period(scheme, marks)
    assert (got.raw, got.mark, got.hint) == (Fraction(21, 5), None, "4")
    weighted = [Work("classwork", 5, 5), Work("classwork", 4, 5), Work("control", 3, 5)]
    assert compute_period(scheme, weighted).raw == Fraction(15, 4)
    decided = compute_period(scheme, [*marks, Work("period", 5, 5)])
    assert (decided.mark, decided.hint, decided.set_by_teacher) == ("5", "4", True)
    assert mark_kind(scheme) is not None


def test_on_the_scale_to_twenty_the_mark_is_the_value() -> None:
    scheme = newest("pt-0-20")
    assert compute_period(scheme, [Work("work", 12, 20), Work("work", 13, 20)]).mark == "13"
    assert compute_period(scheme, [Work("period", 0, 20)]).mark == "0"
    assert is_failing(scheme, "9")
    assert not is_failing(scheme, "10")


def test_a_missing_exact_half_never_depends_on_even_and_odd() -> None:
    half_up = Rounding()
    assert [round_ratio(n, 2, half_up) for n in (1, 3, 5, 7)] == [1, 2, 3, 4]
    assert round_ratio(19, 10, Rounding(mode="down")) == 1
    assert round_ratio(12345, 1000, Rounding(digits=2)) == Fraction(1235, 100)
    assert (fixed(Fraction(-1, 3), 1), fixed(5, 0), plain(Decimal("7.50"))) == ("-0.3", "5", "7.5")


@pytest.mark.parametrize(
    ("marks", "mark"),
    [("4345", "4"), ("4554", "5"), ("3443", "4"), ("2223", "2"), ("2233", "3"), ("45", "5")],
)
def test_the_year_is_the_rounded_mean(marks: str, mark: str) -> None:
    assert compute_year(CBA, periods(marks)).mark == mark


def test_the_year_minds_statuses_and_blanks() -> None:
    skipped = [*periods("45"), PeriodMark("q3", None, status="not_assessed")]
    assert compute_year(CBA, skipped).mark == "5"
    waiting = [*periods("45"), PeriodMark("q3", None, status="temporarily_not_assessed")]
    assert compute_year(CBA, waiting).status == "temporarily_not_assessed"
    so_far = compute_year(CBA, [*periods("45"), PeriodMark("q3", None)])
    assert (so_far.mark, so_far.provisional) == ("5", True)
    assert compute_year(CBA, []).status == "not_assessed"
    assert compute_year(newest("kz-grade1-none"), []).status == "none"


def test_the_year_may_come_from_weighted_percents() -> None:
    rule = YearRule(source="percents", weights={"s1": Decimal(40), "s2": Decimal(60)})
    scheme = msgspec.structs.replace(CBA, year=rule)
    halves = [PeriodMark("s1", "3", percent=60), PeriodMark("s2", "4", percent=68)]
    got = compute_year(scheme, halves)
    assert (got.raw, got.rounded, got.mark) == (Fraction(324, 5), 65, "4")


@pytest.mark.parametrize(
    ("marks", "exam", "first", "mark"),
    [
        ("4345", "4", None, "4"),
        ("4554", "5", True, "5"),
        ("4554", "5", False, "5"),
        ("3443", "3", True, "4"),
        ("3443", "3", False, "3"),
        ("4444", "2", None, "3"),
        ("5555", "3", None, "4"),
    ],
)
def test_the_final_mark(marks: str, exam: str, first: bool | None, mark: str) -> None:
    assert compute_final(CBA, periods(marks), exam, year_rounded_first=first).mark == mark


def test_a_final_mark_needs_a_rule_and_a_year() -> None:
    with pytest.raises(ValueError, match="no final mark"):
        compute_final(newest("pt-0-20"), periods("45"), "4")
    with pytest.raises(ValueError, match="no final mark"):
        compute_final(CBA, [], "4")
    assert exam_is_held(CBA.final, 9, "algebra")
    assert not exam_is_held(CBA.final, 8, "algebra")
    assert not exam_is_held(None, 9, "algebra")


def test_what_follows_a_failed_year() -> None:
    steps = [after_failed_year(CBA, failed) for failed in (0, 1, 2, 3)]
    assert steps == ["none", "extra_work", "extra_work", "repeat"]
    assert (compute_remedial(CBA, "2", "3"), compute_remedial(CBA, "2", "2")) == ("3", "2")
    assert CBA.remedial == Remedial(max_failed=2)


def test_which_soch_do_i_need() -> None:
    works = [*fo(8), sor(7, 10)]
    assert needed(CBA, works, "soch", Decimal(100)) == {"5": 94, "4": 54, "3": 4, "2": 0}
    planned = [*works, soch(None, 20)]
    assert needed(CBA, planned, "soch", Decimal(20)) == {"5": 19, "4": 11, "3": 1, "2": 0}
    assert needed(CBA, [*fo(3), sor(3, 10)], "soch", Decimal(20))["5"] is None


def test_the_explanation_speaks_the_readers_language() -> None:
    got = compute_period(CBA, [*fo(7, 8, 9, 6, 8), sor(12, 15), sor(9, 15), soch(18, 25)])
    assert explain(CBA, got, "ru", str).text == (
        "ФО 38/50 → 76,0 % × 25 = 19,0; СОР 21/30 → 70,0 % × 25 = 17,5; "
        "СОЧ 18/25 → 72,0 % × 50 = 36,0; Σ = 72,5 % → 73 % → «4»"
    )
    assert explain(CBA, got, "en", str).text.startswith("FO 38/50 → 76.0 % × 25 = 19.0; SOR")
    assert cells(CBA, got, "kk") == ["19,0", "17,5", "36,0"]
    open_one = explain(CBA, compute_period(CBA, fo(8)), "kk", {"so far": "әзірге"}.get)  # type: ignore[arg-type]
    assert open_one.text == "ҚБ 8/10 → 80,0 % × 100 = 80,0 → 80 % → «4» (әзірге)"


def test_the_explanation_does_not_show_sums_that_do_not_give_the_share() -> None:
    scheme = with_terms(CBA, aggregate="mean_of_ratios")
    got = compute_period(scheme, [sor(14, 20), sor(8, 10)])
    assert "СОР mean, works: 2 → 75,0 %" in explain(scheme, got, "ru", str).text


@pytest.mark.parametrize("locale", ["kk", "ru", "en"])
def test_every_scheme_explains_its_own_examples(locale: str) -> None:
    for scheme in builtin().values():
        assert explain(scheme, compute_period(scheme, []), locale, str).text == "no marks yet"
        closed = explain(scheme, compute_period(scheme, [], closing=True), locale, str)
        assert closed.text
