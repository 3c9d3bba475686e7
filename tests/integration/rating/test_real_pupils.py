"""The whole path of 395 real pupils: a file is imported, terms end, families look; NumPy agrees."""

import csv
from collections import Counter, defaultdict
from datetime import date, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

import pytest
from kundelik_rating.domain.story import Look

from kundelik_core.gradebook.markfile import load_mapping, read_marks
from kundelik_core.gradebook.marks_import import import_marks
from kundelik_core.kernel.audit import Doer
from kundelik_core.kernel.db import tenant
from kundelik_core.plugins.actions import enable_plugin
from kundelik_core.plugins.database import PluginPools
from kundelik_core.plugins.life.running import Running
from kundelik_core.schools.actions.schools import NewSchool, add_school
from kundelik_core.schools.roster.apply import facts_of
from tests.factories import Factory
from tests.integration.rating.conftest import Rated
from tests.interop import testdata

np = pytest.importorskip("numpy")

MAPPING = Path(__file__).parents[3] / "docs" / "examples" / "uci-student-performance.toml"
TERMS = {"t1": "G1", "t2": "G2", "t3": "G3"}
CLASS_OF = 25


class Imported(NamedTuple):
    rated: Rated
    pupils: list[tuple[UUID, dict[str, str]]]


@pytest.fixture(scope="module")
async def uci(host: Running, pools: PluginPools, factory: Factory) -> Imported:
    path = testdata("uci-student-performance/student-mat.csv")
    last = await factory.tenant.fetchval("select max(id) from core.school")
    number = max(last or 0, 80_000_000) + 1
    new = NewSchool(id=number, title_kk="Escola Secundária UCI", locale="en")
    school = await add_school(factory.tenant, new)
    mapping = load_mapping(MAPPING)
    done = await import_marks(school, read_marks(path, mapping), mapping, Doer(), facts_of(path))
    assert done.errors == []
    assert done.plan is not None
    head = await factory.person(school, role="director")
    async with tenant(school, write=True) as tx:
        await enable_plugin(tx, host.registry, "rating", head)
    with path.open(encoding="utf-8", newline="") as stream:
        rows = [*csv.DictReader(stream, delimiter=";")]
    ids = done.plan.ids
    pupils = [(ids[f"pupil:{row['school']}|line-{n}"], row) for n, row in enumerate(rows, 2)]
    rated = Rated(host, pools, factory, school)
    ends = await factory.tenant.fetch(
        "select ends from core.period where school_id = $1 and code ~ '^t' order by ends", school
    )
    for row in ends:
        await rated.night(row["ends"] + timedelta(days=3))
    return Imported(rated, pupils)


def classes(pupils: list[tuple[UUID, dict[str, str]]]) -> list[list[tuple[UUID, dict[str, str]]]]:
    """Rows fill classes of 25, those of each school their own."""
    by_school: dict[str, list[tuple[UUID, dict[str, str]]]] = defaultdict(list)
    for one in pupils:
        by_school[one[1]["school"]].append(one)
    return [
        there[at : at + CLASS_OF]
        for there in by_school.values()
        for at in range(0, len(there), CLASS_OF)
    ]


def by_numpy(marks: Any) -> tuple[float, str | None, list[str]]:
    """Middle, spread and bands of a class, by quantiles and ranks, in floats: marks are whole."""
    count = len(marks)
    low_place = max(4, count // 3 + 1)
    places = [(low_place - 0.5) / count, (count + 1 - low_place - 0.5) / count]
    low, high = np.quantile(marks, places, method="inverted_cdf")
    middle = float(np.floor(np.median(marks) + 0.5))
    width = (high - low) / 20
    spread = "close" if width < 0.05 else "mixed" if width < 0.15 else "wide"
    bands = np.select([marks < low, marks > high], ["lower", "upper"], "middle")
    return middle, spread if count >= 9 else None, [*map(str, bands)]


@pytest.mark.interop
@pytest.mark.parametrize("term", TERMS)
async def test_every_pupil_s_own_page_says_what_numpy_says(uci: Imported, term: str) -> None:
    assert len(uci.pupils) == 395
    seen: Counter[str] = Counter()
    for group in classes(uci.pupils):
        marks = np.array([int(row[TERMS[term]]) for _pupil, row in group])
        middle, spread, bands = by_numpy(marks)
        inside = np.sort(marks)[3:-3] if len(marks) >= 9 else marks
        enough = len(marks) >= 7 and len(np.unique(inside)) >= 3
        for (pupil, _row), mark, band in zip(group, marks, bands, strict=True):
            (found,) = await uci.rated.looks(pupil, term)
            assert found.subject["en"] == "Mathematics"
            if not enough:
                assert found.looks == ()
                seen["nothing"] += 1
                continue
            (look,) = found.looks
            assert isinstance(found.now, Look)
            told = (look.result, look.band.value, look.middle, look.spread and look.spread.value)
            assert told == (Fraction(int(mark)), band, Fraction(middle), spread)
            seen[band] += 1
    assert sum(seen.values()) == 395
    assert min(seen[band] for band in ("lower", "middle", "upper")) > 50


@pytest.mark.interop
async def test_a_pupil_sees_the_three_terms_and_no_year(uci: Imported) -> None:
    pupil = uci.pupils[0][0]
    assert [one.period for one in await uci.rated.looks(pupil)] == ["t1", "t2", "t3"]
    periods = await uci.rated.rows("select distinct period, closed from round order by 1")
    assert periods == [{"period": term, "closed": True} for term in TERMS]
    assert date(2026, 9, 1) < (await uci.rated.looks(pupil))[0].looks[0].day
