"""The method on worked examples, and what has to hold for every group."""

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from kundelik_rating.domain.measure import (
    FEWEST,
    SEVERAL,
    SHELTER,
    Band,
    Scale,
    band_of,
    border_places,
    fresh_needed,
    measure,
    nearest,
    varied,
)

SCALES = {"percent": Scale.percent(), "0..20": Scale.marks(0, 20), "1..5": Scale.marks(1, 5)}
VECTORS = json.loads((Path(__file__).parent / "vectors" / "measure.json").read_text())
PERCENT = Scale.percent()
HEIGHT = {Band.LOWER: 0, Band.MIDDLE: 1, Band.UPPER: 2}

RESULTS = st.fractions(0, 100, max_denominator=12)
FEW = st.sampled_from([Fraction(one) for one in (30, 50, 50, 65, 80, 100)])
GROUPS = st.lists(RESULTS | FEW, min_size=FEWEST, max_size=40)


@pytest.mark.parametrize("case", VECTORS, ids=lambda case: case["title"])
def test_worked_examples(case: dict[str, Any]) -> None:
    results = [Fraction(one) for one in case["results"]]
    group = measure(results, SCALES[case["scale"]])
    assert (group.low, group.high) == (Fraction(case["low"]), Fraction(case["high"]))
    assert group.middle == Fraction(case["middle"])
    assert (group.spread.value if group.spread else None) == case["spread"]
    for band in (Band.LOWER, Band.UPPER):
        there = sorted(one for one in results if band_of(one, group) is band)
        assert there == [Fraction(one) for one in case[band.value]]


@given(GROUPS, st.randoms(use_true_random=False))
def test_the_order_of_the_group_says_nothing(results: list[Fraction], random: Any) -> None:
    other = random.sample(results, len(results))
    assert measure(results, PERCENT) == measure(other, PERCENT)
    assert varied(results) == varied(other)


@given(GROUPS, st.data())
def test_a_better_result_never_gives_a_lower_part(
    results: list[Fraction], data: st.DataObject
) -> None:
    at = data.draw(st.integers(0, len(results) - 1))
    better = results.copy()
    better[at] = data.draw(st.fractions(results[at], 100, max_denominator=12))
    before, after = (band_of(one[at], measure(one, PERCENT)) for one in (results, better))
    assert HEIGHT[after] >= HEIGHT[before]


@given(GROUPS)
def test_parts_go_by_results_alone(results: list[Fraction]) -> None:
    group = measure(results, PERCENT)
    heights = [HEIGHT[band_of(one, group)] for one in sorted(results)]
    assert heights == sorted(heights)
    bands = {(one, band_of(one, group)) for one in results}
    assert len(bands) == len(set(results))


@given(GROUPS)
def test_the_outer_parts_are_at_most_a_third_or_the_shelter(results: list[Fraction]) -> None:
    group = measure(results, PERCENT)
    most = max(SHELTER, len(results) // 3)
    for band in (Band.LOWER, Band.UPPER):
        assert sum(band_of(one, group) is band for one in results) <= most


@given(GROUPS, st.data())
def test_no_number_hangs_on_the_three_at_either_end(
    results: list[Fraction], data: st.DataObject
) -> None:
    ordered = sorted(results)
    group = measure(ordered, PERCENT)
    ends = data.draw(st.lists(st.fractions(0, ordered[3]), min_size=3, max_size=3))
    tops = data.draw(st.lists(st.fractions(ordered[-4], 100), min_size=3, max_size=3))
    other = [*ends, *ordered[3:-3], *tops]
    assert measure(other, PERCENT) == group
    if len(other) >= SEVERAL:
        assert varied(other) == varied(ordered)


@given(GROUPS)
def test_variety_is_never_found_among_fewer_than_three_results(results: list[Fraction]) -> None:
    assume(varied(results))
    assert len(set(results)) >= 3


def test_variety_asks_inside_from_nine_on() -> None:
    eight = [Fraction(one) for one in (10, 50, 50, 50, 50, 50, 50, 90)]
    assert varied(eight)
    assert not varied([*eight, Fraction(50)])
    assert varied([Fraction(one) for one in (50, 50, 50, 50, 60, 70, 70, 70, 70)])
    assert not varied([Fraction(50)] * 4 + [Fraction(60)] * 4)


@given(st.integers(FEWEST, 500))
def test_places_are_sheltered_and_alike_from_both_ends(count: int) -> None:
    low, high = border_places(count)
    assert SHELTER < low <= high <= count - SHELTER
    assert low - 1 == count - high
    assert fresh_needed(count) < count


def test_too_few_have_no_measure() -> None:
    with pytest.raises(ValueError, match="6 results"):
        measure([Fraction(one) for one in range(6)], PERCENT)


@given(st.fractions(0, 100), st.sampled_from([Fraction(5), Fraction(1), Fraction(1, 2)]))
def test_rounding_is_to_the_nearest_step_and_halves_go_up(value: Fraction, step: Fraction) -> None:
    rounded = nearest(value, step)
    assert (rounded / step).denominator == 1
    assert -step / 2 < rounded - value <= step / 2
