"""Schemes as files: strict reading, own examples, the choice among them, outside vectors."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable
from decimal import Decimal
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from kundelik_core.gradebook.schemes.catalogue import builtin, choose, default, newest
from kundelik_core.gradebook.schemes.loader import load
from kundelik_core.gradebook.schemes.model import SchemeError
from kundelik_core.gradebook.schemes.vectorfile import check_file, check_vectors, run_vector_file
from tests.interop import shared

FOLDER = files("kundelik_core.gradebook.schemes") / "data"
CBA: dict[str, Any] = json.loads((FOLDER / "kz-cba-2022.json").read_text())


def altered(change: Callable[[dict[str, Any]], object]) -> bytes:
    data = copy.deepcopy(CBA)
    change(data)
    return json.dumps(data).encode()


def test_all_schemes_are_there_and_hold() -> None:
    codes = {code for code, _ in builtin()}
    assert codes == {
        "kz-cba-2016-g1",
        "kz-cba-2017",
        "kz-cba-2020-distance",
        "kz-cba-2022",
        "kz-cba-2022-halfyear",
        "kz-grade1-none",
        "kz-passfail",
        "kz-primary-2026",
        "kz-traditional-5",
        "nis-ib-7",
        "pt-0-20",
    }
    assert not newest("kz-primary-2026").active
    with pytest.raises(KeyError):
        newest("no-such-scheme")


@pytest.mark.parametrize(
    ("change", "where"),
    [
        (lambda d: d.update(color="red"), "color"),
        (lambda d: d.update(version="one"), "$.version"),
        (lambda d: d.pop("terms"), "terms"),
        (lambda d: d["terms"][0].update(aggregate="median"), "$.terms[0].aggregate"),
        (lambda d: d["terms"][0].update(kinds=["quiz"]), "no kind 'quiz'"),
        (lambda d: d["terms"][0].update(kinds=["fo", "sor"]), "'sor' is in two terms"),
        (lambda d: d["terms"][0].update(weight=-1), "below zero"),
        (lambda d: d["terms"][0].update(aggregate="mean"), "needs the measure"),
        (lambda d: d["terms"][0].update(aggregate="weighted_mean"), "no weight above zero"),
        (lambda d: [term.update(weight=0) for term in d["terms"]], "no term has any weight"),
        (lambda d: d.update(kinds=[*d["kinds"], d["kinds"][0]]), "twice"),
        (lambda d: d["kinds"][0].update(max={}), "exactly one of"),
        (lambda d: d["kinds"][0].update(max={"fixed": 0}), "above zero"),
        (lambda d: d["kinds"][0].update(step=0), "above zero"),
        (lambda d: d["kinds"][1].update(period_mark=True), "holds the period's mark"),
        (lambda d: d["scale"].pop(), "no mark for the lowest"),
        (lambda d: d["scale"][0].update(mark="4"), "same mark twice"),
        (lambda d: d["scale"][0].update(mark="excellent"), "needs a value"),
        (lambda d: d.update(passing="9"), "not on the scale"),
        (lambda d: d.update(statuses=[]), "temporarily_not_assessed"),
        (lambda d: d.update(override="teacher_sets"), "no kind is period_mark"),
        (lambda d: d.update(valid_to=1999), "ends before it begins"),
        (lambda d: d.update(code="KZ 1"), "$.code"),
        (lambda d: d["vectors"].update(period=[]), "at least one example"),
        (lambda d: d["attendance_effect"].update(kinds=["quiz"]), "attendance_effect"),
    ],
)
def test_a_senseless_scheme_is_refused_and_the_place_is_named(
    change: Callable[[dict[str, Any]], object], where: str
) -> None:
    with pytest.raises(SchemeError) as refusal:
        load(altered(change))
    assert refusal.value.code == "scheme"
    assert where in str(refusal.value)


@pytest.mark.parametrize(
    ("change", "where"),
    [
        (lambda d: d["vectors"]["period"][0].update(percent=77), "Q01: percent: expected 77"),
        (lambda d: d["vectors"]["period"][0].update(mark="5"), "Q01: mark"),
        (lambda d: d["vectors"]["period"][0].update(works=["fo eight"]), "cannot read"),
        (lambda d: d["vectors"]["period"][0].update(works=["sor 7"]), "needs a maximum"),
        (lambda d: d["vectors"]["round"][0].update(rounded=84), "84.5"),
        (lambda d: d["vectors"]["year"][0].update(mark="5"), "Y1"),
        (lambda d: d["vectors"]["final"][0].update(mark="5"), "F1"),
        (lambda d: d["vectors"]["needed"][0]["needed"].update({"4": "55"}), "W1"),
        (lambda d: d["vectors"]["remedial"][0].update(mark="4"), "extra work passed"),
        (lambda d: d["scale"][0].update(min=86), "84.5"),
        (lambda d: d["rounding"].update(mode="down"), "84.5"),
    ],
)
def test_a_scheme_whose_examples_do_not_hold_is_refused(
    change: Callable[[dict[str, Any]], object], where: str
) -> None:
    def with_rounding(data: dict[str, Any]) -> None:
        data.setdefault("rounding", {})
        change(data)

    with pytest.raises(SchemeError) as refusal:
        load(altered(with_rounding))
    assert refusal.value.code == "vectors"
    assert where in str(refusal.value)


def test_broken_json_is_a_scheme_error() -> None:
    for data in (b"", b"{", b"[]", b"\xff\xfe", b'{"code":'):
        with pytest.raises(SchemeError):
            load(data)


@pytest.mark.parametrize(
    ("grade", "subject", "hours", "component", "kind", "year", "code"),
    [
        (1, "mathematics", "4", "invariant", "", 2026, "kz-grade1-none"),
        (1, "music", "1", "invariant", "", 2026, "kz-grade1-none"),
        (3, "mathematics", "5", "invariant", "", 2026, "kz-cba-2022"),
        (5, "mathematics", "5", "invariant", "", 2026, "kz-cba-2022"),
        (7, "chemistry", "1", "invariant", "", 2026, "kz-cba-2022-halfyear"),
        (2, "digital_literacy", "1", "invariant", "", 2026, "kz-passfail"),
        (6, "music", "1", "invariant", "", 2026, "kz-passfail"),
        (7, "music", "1", "invariant", "", 2026, "kz-cba-2022-halfyear"),
        (8, "crafts", "1", "invariant", "", 2026, "kz-passfail"),
        (11, "physical_education", "3", "invariant", "", 2026, "kz-passfail"),
        (10, "military", "1", "invariant", "", 2026, "kz-passfail"),
        (7, "global_competences", "0.5", "variative", "", 2026, "kz-passfail"),
        (7, "class_hour", "1", "class_hour", "", 2026, "kz-grade1-none"),
        (9, "physics", "2", "invariant", "nis_ib", 2026, "nis-ib-7"),
        (10, "mathematics", "4", "invariant", "pt", 2026, "pt-0-20"),
        (5, "mathematics", "5", "invariant", "", 2018, "kz-cba-2017"),
        (9, "mathematics", "5", "invariant", "", 2018, "kz-traditional-5"),
        (9, "mathematics", "5", "invariant", "", 2020, "kz-cba-2017"),
        (1, "mathematics", "4", "invariant", "", 2016, "kz-cba-2016-g1"),
        (9, "mathematics", "5", "invariant", "", 2012, "kz-traditional-5"),
    ],
)
def test_the_choice_of_a_scheme(
    grade: int, subject: str, hours: str, component: str, kind: str, year: int, code: str
) -> None:
    chosen = choose(
        grade=grade,
        subject_code=subject,
        hours_per_week=Decimal(hours),
        component=component,
        school_kind=kind,
        year=year,
    )
    assert chosen == (code, 1)


def test_no_class_of_any_recent_year_is_left_without_a_scheme() -> None:
    for year in range(2014, 2030):
        for grade in range(1, 12):
            assert choose(
                grade=grade, subject_code="russian", hours_per_week=Decimal(2), year=year
            ), (year, grade)
    nowhere = choose(grade=13, subject_code="russian", hours_per_week=Decimal(2), year=2026)
    assert nowhere is None


def test_the_engine_knows_no_country() -> None:
    folder = Path(str(FOLDER)).parent
    for name in (
        "engine",
        "plan",
        "exact",
        "year",
        "needed",
        "explain",
        "check",
        "loader",
        "model",
    ):
        words = set(re.findall(r"[a-z]+", (folder / f"{name}.py").read_text().lower()))
        assert not words & {"kz", "kazakh", "kazakhstan", "nis", "ent"}, name


VECTORS: dict[str, Any] = {
    "period": [{"id": "A", "fo": [8], "sor": [[7, 10]], "soch": [16, 20], "w": [25, 25, 50],
                "raw": "155/2", "percent": 78, "mark": 4}],
    "round": [["84.5", 85, 5]],
    "year": [[[4, 5, 5, 4], 5]],
    "final": [{"q": [3, 4, 4, 3], "exam": 3, "year_rounded_first": 4, "year_unrounded": 3}],
}  # fmt: skip


def test_outside_vectors_hold_or_are_named() -> None:
    assert check_vectors(VECTORS) == []
    wrong = copy.deepcopy(VECTORS)
    wrong["period"][0]["mark"] = 5
    wrong["round"][0][1] = 84
    wrong["year"][0][1] = 4
    wrong["final"][0]["year_unrounded"] = 4
    misses = check_vectors(wrong)
    assert [miss.where for miss in misses] == ["period A", "round 0", "year 0", "final 0"]
    assert (misses[0].what, misses[0].expected, misses[0].got) == ("mark", "5", "4")


@pytest.mark.parametrize(
    "row",
    [
        {"id": "X", "fo": [8], "w": [25, 25], "mark": 4},
        {"id": "X", "fo": ["eight"], "w": [25, 25, 50], "mark": 4},
        {"id": "X", "fo": [8], "w": [25, 25, 50], "aggregate": "median", "mark": 4},
        {"id": "X", "sor": [[7, 0]], "w": [25, 25, 50], "mark": 4},
        {"id": "X", "fo": [8], "w": [25, 25, 50]},
        "Q01",
    ],
)
def test_an_unreadable_example_is_a_miss_and_no_crash(row: object) -> None:
    assert check_vectors({"period": [row]})


def test_files_of_vectors(tmp_path: Path) -> None:
    good, bad, empty = tmp_path / "good.json", tmp_path / "bad.json", tmp_path / "empty.json"
    good.write_text(json.dumps({**VECTORS, "extra": 1}))
    bad.write_text("{")
    empty.write_text("{}")
    for text in ("[]", '{"period": 5}', '{"round": ["x"], "scale": 7}', "[" * 100_000):
        bad.write_text(text)
        assert run_vector_file(bad).misses
        assert not check_file(bad).ok
    report = run_vector_file(good)
    assert (report.ok, report.checked, report.ignored) == (True, 4, ("extra",))
    assert not run_vector_file(bad).ok
    assert not run_vector_file(empty).ok
    assert not run_vector_file(tmp_path / "missing.json").ok


def test_files_of_schemes(tmp_path: Path) -> None:
    good, bad = tmp_path / "good.json", tmp_path / "bad.json"
    good.write_bytes(json.dumps(CBA).encode())
    bad.write_bytes(altered(lambda d: d["scale"][1].update(min=66)))
    assert check_file(good).ok
    report = check_file(bad)
    assert not report.ok
    assert any("64.5" in miss.where for miss in report.misses)


@pytest.mark.interop
def test_the_shared_vectors_all_hold() -> None:
    path = shared("vectors") / "grading.json"
    report = run_vector_file(path)
    assert report.misses == ()
    assert report.ignored == ()
    data = json.loads(path.read_bytes())
    assert report.checked == sum(len(data[key]) for key in ("period", "round", "year", "final"))
    assert report.checked >= 27


def test_the_default_is_the_country_wide_one() -> None:
    assert default().code == "kz-cba-2022"
