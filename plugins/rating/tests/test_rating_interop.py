"""Real marks of 395 pupils, measured by us and, in another way, by NumPy."""

import csv
from collections import defaultdict
from collections.abc import Iterator
from fractions import Fraction

import pytest
from kundelik_rating.domain.measure import (
    FEWEST,
    SEVERAL,
    Band,
    Scale,
    band_of,
    border_places,
    measure,
    varied,
)

np = pytest.importorskip("numpy")

SCALE = Scale.marks(0, 20)
TERMS = ("G1", "G2", "G3")


@pytest.fixture(scope="module")
def pupils() -> list[dict[str, str]]:
    interop = pytest.importorskip("tests.interop")
    file = interop.testdata("uci-student-performance") / "student-mat.csv"
    with file.open(encoding="utf-8", newline="") as stream:
        return [*csv.DictReader(stream, delimiter=";")]


def classes(pupils: list[dict[str, str]]) -> Iterator[list[dict[str, str]]]:
    """All of them; and as classes: by school, age and sex, and as they come, 7 to 31 at a time."""
    yield pupils
    groups: dict[tuple[str, str, str], list[dict[str, str]]] = defaultdict(list)
    for one in pupils:
        groups[one["school"], one["age"], one["sex"]].append(one)
    yield from (group for group in groups.values() if len(group) >= FEWEST)
    at, size = 0, FEWEST
    while at + size <= len(pupils):
        yield pupils[at : at + size]
        at, size = at + size, size + 1 if size < 31 else FEWEST


@pytest.mark.interop
@pytest.mark.parametrize("term", TERMS)
def test_parts_and_middles_are_numpys(pupils: list[dict[str, str]], term: str) -> None:
    assert len(pupils) == 395
    checked = 0
    for group in classes(pupils):
        marks = np.array([int(one[term]) for one in group])
        ours = measure([Fraction(int(one)) for one in marks], SCALE)
        count = len(marks)
        low, high = border_places(count)
        # A place as the quantile half a step before it: no sorting of ours is repeated.
        quantiles = [(place - 0.5) / count for place in (low, high)]
        borders = np.quantile(marks, quantiles, method="inverted_cdf")
        assert [ours.low, ours.high] == [*map(int, borders)]
        # Halves go up; NumPy's own rounding would send them to the even neighbour.
        assert ours.middle == int(np.floor(np.median(marks) + 0.5))
        ordered = np.sort(marks)
        below_or_like = np.searchsorted(ordered, marks, side="right")
        above_or_like = count - np.searchsorted(ordered, marks, side="left")
        for mark, under, over in zip(marks, below_or_like, above_or_like, strict=True):
            band = Band.LOWER if under < low else Band.UPPER if over < low else Band.MIDDLE
            assert band_of(Fraction(int(mark)), ours) is band
            checked += 1
        inside = ordered[3:-3] if count >= SEVERAL else ordered
        assert varied([Fraction(int(one)) for one in marks]) == (len(np.unique(inside)) >= 3)
    assert checked > 2 * len(pupils)


@pytest.mark.interop
def test_means_of_three_terms_are_exact(pupils: list[dict[str, str]]) -> None:
    """Thirds of marks, where floats would put equal means on two sides of a border."""
    sums = [sum(int(one[term]) for term in TERMS) for one in pupils]
    ours = measure([Fraction(one, 3) for one in sums], SCALE)
    low, high = border_places(len(sums))
    borders = np.partition(np.array(sums), [low - 1, high - 1])[[low - 1, high - 1]]
    assert [ours.low * 3, ours.high * 3] == [*map(int, borders)]
    lower = sum(band_of(Fraction(one, 3), ours) is Band.LOWER for one in sums)
    assert lower == int(np.count_nonzero(np.array(sums) < borders[0]))
