"""What the core tells of results: the engine's exact value, its measure, the works behind it."""

from datetime import UTC, datetime
from fractions import Fraction
from typing import Any
from uuid import UUID

import msgspec
import pytest

from kundelik_core.gradebook.results import store
from kundelik_core.gradebook.schemes.catalogue import builtin
from kundelik_core.gradebook.schemes.check import _works
from kundelik_core.gradebook.schemes.engine import PeriodResult, compute_period
from kundelik_core.gradebook.schemes.model import GradingScheme
from tests.integration.rating.conftest import Rated

SCALES = {
    "kz-cba-2022": ("percent", 0, 100),
    "kz-cba-2022-halfyear": ("percent", 0, 100),
    "nis-ib-7": ("percent", 0, 100),
    "kz-traditional-5": ("mean_mark", 1, 5),
    "pt-0-20": ("mean_mark", 0, 20),
    "kz-passfail": ("none", None, None),
}


async def keep(rated: Rated, group: UUID, pupil: UUID, result: PeriodResult) -> None:
    """Write a result as the journal does."""
    kept = store(result)
    await rated.factory.tenant.execute(
        "insert into core.period_result (school_id, pupil_id, group_id, period, raw, terms, "
        "percent, mark, status, provisional, computed_at) "
        "values ($1, $2, $3, 'q1', $4, $5::json, $6, $7, $8, $9, $10)",
        rated.school, pupil, group, kept.raw, msgspec.json.encode(kept.terms).decode(),
        kept.percent, kept.mark, kept.status, kept.provisional, datetime.now(UTC),
    )  # fmt: skip


async def read(rated: Rated, group: UUID) -> dict[UUID, dict[str, Any]]:
    rows = await rated.rows("select * from core_api.result_v1 where group_id = $1", group)
    return {row["student_id"]: row for row in rows}


def wanted(scheme: GradingScheme, result: PeriodResult) -> Fraction | None:
    if scheme.rating_metric == "none":
        return None
    if result.raw is not None:
        return result.raw
    mark = result.mark if scheme.rating_metric == "mean_mark" else None
    return Fraction(mark) if mark is not None and mark.isdigit() else None


@pytest.mark.parametrize("key", sorted(builtin()), ids=lambda key: f"{key[0]}-{key[1]}")
async def test_every_scheme_s_own_examples(rated: Rated, key: tuple[str, int]) -> None:
    scheme = builtin()[key]
    examples = scheme.vectors.period
    journal = await rated.group(max(len(examples), 1), scheme=key[0])
    computed: dict[UUID, PeriodResult] = {}
    for pupil, example in zip(journal.pupils, examples, strict=False):
        works = _works(scheme, example.works)
        assert isinstance(works, list)
        computed[pupil] = compute_period(scheme, works, closing=example.closing)
        await keep(rated, journal.group, pupil, computed[pupil])
    found = await read(rated, journal.group)
    assert found.keys() == computed.keys()
    for pupil, result in computed.items():
        row = found[pupil]
        exact = wanted(scheme, result)
        top, bottom = row["exact_numerator"], row["exact_denominator"]
        assert (None if top is None else Fraction(int(top), int(bottom))) == exact
        works_of = sum(term.count for term in result.terms if term)
        assert row["works_counted"] == (works_of if result.raw is not None else exact is not None)
        assert row["rating_metric"] == scheme.rating_metric
        assert (row["mark"], row["percent"]) == (result.mark, result.percent)
        if key[0] in SCALES:
            assert (row["rating_metric"], row["scale_low"], row["scale_high"]) == SCALES[key[0]]
        if exact is not None:
            assert row["scale_low"] <= exact <= row["scale_high"]


async def test_every_scheme_that_may_be_compared_was_looked_at() -> None:
    assert {one.code for one in builtin().values() if one.rating_metric != "none"} <= {
        *SCALES, "kz-cba-2016-g1", "kz-cba-2017", "kz-cba-2020-distance", "kz-primary-2026",
    }  # fmt: skip


async def test_a_mark_that_was_given_instead(rated: Rated) -> None:
    """The mean stays what it is; only where there is nothing else the given mark counts."""
    journal = await rated.group(3, scheme="pt-0-20")
    scheme = builtin()["pt-0-20", 1]
    for pupil, works in zip(
        journal.pupils, (["work 12", "work 13"], ["period 6"], []), strict=True
    ):
        made = _works(scheme, works)
        assert isinstance(made, list)
        await keep(rated, journal.group, pupil, compute_period(scheme, made))
    await rated.factory.tenant.execute(
        "update core.period_result set given_mark = '17' where school_id = $1", rated.school
    )
    rows = await read(rated, journal.group)
    exact = [
        (rows[one]["exact_numerator"], rows[one]["exact_denominator"], rows[one]["works_counted"])
        for one in journal.pupils
    ]
    assert exact == [(25, 2, 2), (17, 1, 1), (17, 1, 1)]
    assert [rows[one]["mark"] for one in journal.pupils] == ["17"] * 3


async def test_the_same_results_as_before_the_columns(rated: Rated) -> None:
    """Nothing that the view told before tells something else, and its columns only grew."""
    rows = await rated.rows(
        "select attname from pg_attribute where attrelid = 'core_api.result_v1'::regclass "
        "and attnum > 0 order by attnum"
    )
    assert [row["attname"] for row in rows] == [
            "school_id", "student_id", "group_id", "period", "percent", "mark", "computed_mark",
            "status", "provisional", "computed_at", "rating_metric", "scale_low", "scale_high",
            "exact_numerator", "exact_denominator", "works_counted",
    ]  # fmt: skip
