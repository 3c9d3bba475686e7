"""Choose who plays which part in the demo: ordinary people of its schools, with logins to remember.

The parts: a subject teacher with many journals, a homeroom teacher, a pupil of that class and a
parent with one child there; and a parent with one child in the town and one in the village.
"""

from collections import Counter, defaultdict
from typing import NamedTuple

from kundelik_core.schools.generate import Outline, Person, SchoolClass

__all__ = ["Cast", "Family", "cast_of", "unite"]


class Family(NamedTuple):
    """A mother and her child, by their keys in one school."""

    mother: int
    child: int


class Cast(NamedTuple):
    """People of one school by their keys."""

    director: int
    deputy: int
    teacher: int
    homeroom: int
    homeroom_class: int
    pupil: int
    parent2: int
    family: Family


def cast_of(outline: Outline) -> Cast:
    """Choose the parts in the school of the town."""
    position = {member.position: member.person for member in reversed(outline.staff)}
    school_class = _homeroom_class(outline)
    parents: dict[int, list[int]] = defaultdict(list)
    children: Counter[int] = Counter()
    for tie in outline.guardianships:
        parents[tie.pupil].append(tie.parent)
        children[tie.parent] += 1
    alone = [
        (pupil, parent)
        for pupil in school_class.pupils
        for parent in parents[pupil]
        if children[parent] == 1
    ]
    pupil, parent2 = alone[0]
    family = next(f for f in _families(outline) if f.child in _kazakh(outline) and f.child != pupil)
    return Cast(
        director=position["director"],
        deputy=position["deputy"],
        teacher=_teacher(outline),
        homeroom=school_class.homeroom,
        homeroom_class=school_class.key,
        pupil=pupil,
        parent2=parent2,
        family=family,
    )


def _homeroom_class(outline: Outline) -> SchoolClass:
    """A seventh form if there is one, for its many subjects."""
    led = [c for c in outline.classes if c.homeroom >= 0 and c.pupils]
    return min(led, key=lambda c: (abs(c.grade - 7), c.language != "ru", c.key))


def _teacher(outline: Outline) -> int:
    """Whoever leads no class and keeps most journals that have summative works."""
    leads = {c.homeroom for c in outline.classes}
    journals = Counter(
        g.teacher for g in outline.groups if g.grade >= 5 and g.scheme == "kz-cba-2022"
    )
    return max(journals, key=lambda person: (person not in leads, journals[person], -person))


def _kazakh(outline: Outline) -> set[int]:
    return {
        p for c in outline.classes if c.language == "kk" and c.grade in range(4, 10)
        for p in c.pupils
    }  # fmt: skip


def _families(outline: Outline) -> list[Family]:
    """Mothers with one child in the school, in the order of the register."""
    children = Counter(tie.parent for tie in outline.guardianships)
    return [
        Family(tie.parent, tie.pupil)
        for tie in outline.guardianships
        if tie.relation == "mother" and children[tie.parent] == 1
    ]


def unite(town: Outline, family: Family, village: Outline) -> Family:
    """Make a child of the village school the sibling of a child of the town school.

    Changes the names in the village; gives the keys of mother and child there.
    """
    sister = town.people[family.child]
    there = next(
        (f for f in _families(village) if village.people[f.child].sex == sister.sex),
        _families(village)[0],
    )
    child, mother = village.people[there.child], village.people[there.mother]
    if child.sex == sister.sex:
        child.surname, child.patronymic = sister.surname, sister.patronymic
    source = town.people[family.mother]
    _rename(mother, source)
    mother.birth = source.birth
    fathers = [t.parent for t in village.guardianships if t.pupil == there.child]
    father = next((p for p in fathers if p != there.mother), None)
    named = [t.parent for t in town.guardianships if t.pupil == family.child]
    example = next((p for p in named if p != family.mother), None)
    if father is not None and example is not None:
        _rename(village.people[father], town.people[example])
    elif father is not None:
        # The town knows no father, so the village's record has none either.
        village.guardianships[:] = [t for t in village.guardianships if t.parent != father]
    return there


def _rename(person: Person, like: Person) -> None:
    person.surname, person.given, person.patronymic = like.surname, like.given, like.patronymic
