"""What must hold for any works: order, growth, scale, bounds, exactness."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kundelik_core.gradebook.schemes.catalogue import builtin, newest
from kundelik_core.gradebook.schemes.engine import PeriodResult, Work, compute_period
from kundelik_core.gradebook.schemes.model import GradingScheme
from kundelik_core.gradebook.schemes.needed import needed

CBA = newest("kz-cba-2022")
MEANS = msgspec.structs.replace(
    CBA,
    terms=tuple(msgspec.structs.replace(term, aggregate="mean_of_ratios") for term in CBA.terms),
)


@st.composite
def works(draw: st.DrawFn, scheme: GradingScheme) -> Work:
    kinds = [kind for term in scheme.terms for kind in term.kinds]
    kind = scheme.kind(draw(st.sampled_from(kinds)))
    fixed = kind.max_for()
    most = int(fixed) if fixed is not None else draw(st.integers(1, 60))
    halves = draw(st.integers(0, 2 * most))
    points: int | Fraction | None = halves // 2 if halves % 2 == 0 else Fraction(halves, 2)
    flag = draw(st.sampled_from(["", "", "", "", "blank", "unexcused", "excused", "exempt"]))
    if flag in ("blank", "unexcused", "excused"):
        points = None
    return Work(
        kind.code,
        points,
        most,
        missed_unexcused=flag == "unexcused",
        excused=flag == "excused",
        exempt=flag == "exempt",
    )


def several(scheme: GradingScheme) -> st.SearchStrategy[list[Work]]:
    return st.lists(works(scheme), max_size=14)


ANY = st.sampled_from([scheme for scheme in builtin().values() if scheme.terms])


@given(st.data(), ANY, st.booleans())
def test_the_order_of_works_does_not_matter(
    data: st.DataObject, scheme: GradingScheme, closing: bool
) -> None:
    given_works = data.draw(several(scheme))
    shuffled = data.draw(st.permutations(given_works))
    assert compute_period(scheme, shuffled, closing=closing) == compute_period(
        scheme, given_works, closing=closing
    )


@given(st.data(), ANY, st.booleans())
def test_a_point_more_never_lowers_the_result(
    data: st.DataObject, scheme: GradingScheme, closing: bool
) -> None:
    given_works = data.draw(several(scheme))
    room = [
        at
        for at, work in enumerate(given_works)
        if work.points is not None and work.points + 1 <= work.max
    ]
    if not room:
        return
    at = data.draw(st.sampled_from(room))
    better = list(given_works)
    points = better[at].points
    assert points is not None
    better[at] = msgspec.structs.replace(better[at], points=points + 1)
    before = compute_period(scheme, given_works, closing=closing)
    after = compute_period(scheme, better, closing=closing)
    assert (before.raw is None) == (after.raw is None)
    if before.raw is not None and after.raw is not None:
        assert after.raw >= before.raw
        assert (after.percent or 0) >= (before.percent or 0)


@given(several(MEANS), st.integers(2, 9), st.data())
def test_a_work_marked_out_of_more_points_weighs_the_same_in_a_mean_of_ratios(
    given_works: list[Work], factor: int, data: st.DataObject
) -> None:
    if not given_works:
        return
    at = data.draw(st.integers(0, len(given_works) - 1))
    work = given_works[at]
    scaled = list(given_works)
    scaled[at] = msgspec.structs.replace(
        work,
        points=None if work.points is None else work.points * factor,
        max=work.max * factor,
    )
    before, after = compute_period(MEANS, given_works), compute_period(MEANS, scaled)
    assert (before.raw, before.percent, before.mark) == (after.raw, after.percent, after.mark)


@given(st.data(), ANY, st.booleans())
def test_results_stay_within_bounds_and_exact(
    data: st.DataObject, scheme: GradingScheme, closing: bool
) -> None:
    given_works = data.draw(several(scheme))
    got = compute_period(scheme, given_works, closing=closing)
    assert not list(_floats(got))
    if got.raw is None:
        assert got.mark is None
        return
    assert 0 <= got.raw <= (100 if scheme.measure == "percent" else 20)
    assert got.percent is None or 0 <= got.percent <= 100
    assert (got.mark is None) != (got.hint is None)
    whole = sum((term.contribution for term in got.terms if term is not None), Fraction(0))
    assert whole == got.raw


@given(several(CBA))
def test_the_engine_agrees_with_the_formula_written_out(given_works: list[Work]) -> None:
    shares = {"fo": Fraction(25), "sor": Fraction(25), "soch": Fraction(50)}
    total, weight = Fraction(0), Fraction(0)
    for kind, share in shares.items():
        written = [_counted(work) for work in given_works if work.kind == kind]
        pairs = [pair for pair in written if pair is not None]
        if pairs:
            points = sum((Fraction(pair[0]) for pair in pairs), Fraction(0))
            total += share * points / sum((Fraction(pair[1]) for pair in pairs), Fraction(0))
            weight += share
    expected = 100 * total / weight if weight else None
    assert compute_period(CBA, given_works).raw == expected


@given(several(CBA), st.integers(10, 60))
def test_what_is_needed_is_enough_and_one_point_less_is_not(
    given_works: list[Work], most: int
) -> None:
    rest = [work for work in given_works if work.kind != "soch"]
    for mark, points in needed(CBA, rest, "soch", Decimal(most)).items():
        best = compute_period(CBA, [*rest, Work("soch", most, most)]).mark
        if points is None:
            assert best is not None
            assert best < mark
            continue
        enough = compute_period(CBA, [*rest, Work("soch", points, most)]).mark
        assert enough is not None
        assert enough >= mark
        if points > 0:
            less = compute_period(CBA, [*rest, Work("soch", points - 1, most)]).mark
            assert less is not None
            assert less < mark


@pytest.mark.parametrize("scheme", builtin().values(), ids=lambda scheme: scheme.code)
def test_a_scheme_holds_no_float(scheme: GradingScheme) -> None:
    assert not list(_floats(scheme))


def _counted(work: Work) -> tuple[int | Fraction, int | Fraction] | None:
    if work.exempt:
        return None
    if work.points is None:
        return (0, work.max) if work.missed_unexcused and work.kind != "fo" else None
    return work.points, work.max


def _floats(value: object) -> Sequence[float]:
    if isinstance(value, float):
        return [value]
    if isinstance(value, msgspec.Struct):
        return [
            found for name in value.__struct_fields__ for found in _floats(getattr(value, name))
        ]
    if isinstance(value, dict):
        return [found for one in value.values() for found in _floats(one)]
    if isinstance(value, (list, tuple)):
        return [found for one in value for found in _floats(one)]
    return []


def test_the_search_for_floats_finds_them() -> None:
    assert _floats(PeriodResult(percent=0.5)) == [0.5]  # type: ignore[arg-type]
