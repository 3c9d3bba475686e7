"""The parts of the demo go to people whom they fit, whatever the seed."""

import datetime as dt

import pytest

from kundelik_core.cli.cast import Cast, cast_of, unite
from kundelik_core.schools.generate import Outline, World

TODAY = dt.date(2026, 11, 20)


@pytest.fixture(scope="module", params=["1", "7", "абв"])
def demo(request: pytest.FixtureRequest) -> tuple[Outline, Outline, Cast]:
    world = World(request.param)
    town = world.make_school("M", "mixed", 2026, TODAY).outline
    village = world.make_school("S", "kk", 2026, TODAY).outline
    return town, village, cast_of(town)


def test_every_part_is_another_person(demo: tuple[Outline, Outline, Cast]) -> None:
    _, _, cast = demo
    people = [cast.director, cast.deputy, cast.teacher, cast.homeroom, cast.pupil, cast.parent2,
              cast.family.mother, cast.family.child]  # fmt: skip
    assert len(set(people)) == len(people)


def test_the_teacher_has_many_journals_and_no_class(demo: tuple[Outline, Outline, Cast]) -> None:
    town, _, cast = demo
    journals = [g for g in town.groups if g.teacher == cast.teacher and g.grade >= 5]
    assert len(journals) >= 6
    assert cast.teacher not in {c.homeroom for c in town.classes}


def test_the_pupil_is_in_the_class_of_the_homeroom_teacher(
    demo: tuple[Outline, Outline, Cast],
) -> None:
    town, _, cast = demo
    mine = next(c for c in town.classes if c.homeroom == cast.homeroom)
    assert cast.pupil in mine.pupils
    children = [t.pupil for t in town.guardianships if t.parent == cast.parent2]
    assert children == [cast.pupil]


def test_one_family_in_two_schools(demo: tuple[Outline, Outline, Cast]) -> None:
    town, village, cast = demo
    there = unite(town, cast.family, village)
    mother, same = town.people[cast.family.mother], village.people[there.mother]
    names = (mother.surname, mother.given, mother.patronymic, mother.birth, mother.sex)
    assert names == (same.surname, same.given, same.patronymic, same.birth, same.sex)
    child, sibling = town.people[cast.family.child], village.people[there.child]
    assert (child.surname, child.patronymic) == (sibling.surname, sibling.patronymic)
    assert [t.pupil for t in village.guardianships if t.parent == there.mother] == [there.child]
    fathers = {
        town.people[t.parent].given
        for t in town.guardianships
        if t.pupil == cast.family.child and t.relation == "father"
    }
    others = {
        village.people[t.parent].given
        for t in village.guardianships
        if t.pupil == there.child and t.relation == "father"
    }
    assert others <= fathers
