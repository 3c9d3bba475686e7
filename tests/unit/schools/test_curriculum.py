from decimal import Decimal

import pytest

from kundelik_core.schools.curriculum import load, max_load, plan, subjects

GRADES = range(1, 12)


@pytest.mark.parametrize("language", ["kk", "ru"])
@pytest.mark.parametrize("grade", [1, 2, 3, 4])
def test_primary_load_keeps_to_the_norm(grade: int, language: str) -> None:
    limit = max_load(grade, language)
    assert limit is not None
    mine = load(plan(grade, language))
    # What is left is for the school's own hours: two at most.
    assert limit - 2 <= mine <= limit


@pytest.mark.parametrize(
    ("language", "loads"), [("kk", [28, 28, 32, 32, 33]), ("ru", [29, 29, 33, 33, 34])]
)
def test_basic_load_adds_up(language: str, loads: list[int]) -> None:
    assert [load(plan(grade, language)) for grade in range(5, 10)] == loads


@pytest.mark.parametrize("language", ["kk", "ru"])
def test_every_grade_has_a_plan_of_known_subjects(language: str) -> None:
    for grade in GRADES:
        lines = plan(grade, language)
        codes = [line.subject.code for line in lines]
        assert len(codes) == len(set(codes))
        assert "physical_education" in codes
        assert all(line.hours * 2 == int(line.hours * 2) > 0 for line in lines)


def test_every_subject_is_taught_somewhere() -> None:
    taught = {
        line.subject.code
        for grade in GRADES
        for language in ("kk", "ru")
        for track in (None, "social")
        for line in plan(grade, language, track)
    }
    assert taught == set(subjects())


def test_titles_are_complete() -> None:
    for subject in subjects().values():
        for title in (subject.title, subject.short):
            assert all((title.kk, title.ru, title.en))
        assert len(subject.short.kk) <= 15
        assert subject.title.of("kk") == subject.title.kk
        assert subject.title.of("de") == subject.title.en


def test_small_subjects_are_marked_by_half_years() -> None:
    lines = {line.subject.code: line for line in plan(7, "kk")}
    assert lines["informatics"].half_year
    assert lines["chemistry"].half_year
    assert not lines["physics"].half_year
    assert lines["global_competences"].hours == Decimal("0.5")


def test_tracks_differ() -> None:
    nature = {line.subject.code for line in plan(10, "kk")}
    social = {line.subject.code for line in plan(10, "kk", "social")}
    assert "physics" in nature - social
    assert "law" in social - nature


def test_there_is_no_twelfth_grade() -> None:
    with pytest.raises(ValueError, match="12"):
        plan(12, "kk")
