"""Fill classes with children of families: siblings share a surname, a father and their parents."""

import datetime as dt
import random

import msgspec

from kundelik_core.kernel.names import sort_key
from kundelik_core.schools.generate.model import Guardianship, Person, SchoolClass, Sex
from kundelik_core.schools.generate.names import (
    FamilyName,
    Logins,
    adult_name,
    child_name,
    draw_family,
    patronymic_for,
    spelled,
    surname_for,
    traditions,
)

# Chance that a place in a class goes to a sibling of somebody who is already in the school.
_SIBLING = 0.27
_MOST_CHILDREN = 4


class _Family(msgspec.Struct):
    name: FamilyName
    language: str
    children: list[int]
    grades: list[int]
    taken: set[str]


class Register:
    """Everybody of one school, as the school meets them."""

    def __init__(self, rng: random.Random, year: int, logins: Logins) -> None:
        self.people: list[Person] = []
        self.guardianships: list[Guardianship] = []
        self.order: list[str] = []
        self._rng = rng
        self._year = year
        self._logins = logins
        self._families: dict[str, list[_Family]] = {"kk": [], "ru": []}

    def add(self, name: tuple[str, str, str], sex: Sex, birth: dt.date) -> int:
        """Register somebody; the key of the new person."""
        surname, given, patronymic = name
        login = self._logins.take(given, surname)
        key = len(self.people)
        self.order.append(sort_key(f"{surname} {given} {patronymic}"))
        self.people.append(Person(key, surname, given, patronymic, sex, birth, login))
        return key

    def fill(self, school_class: SchoolClass, size: int) -> None:
        """Put `size` children into a class."""
        pupils = [self._child(school_class) for _ in range(size)]
        school_class.pupils = tuple(sorted(pupils, key=self.order.__getitem__))

    def _child(self, school_class: SchoolClass) -> int:
        rng, grade = self._rng, school_class.grade
        sex: Sex = "m" if rng.random() < 0.51 else "f"
        family = self._family(school_class.language, grade)
        name = child_name(rng, family.name, sex, family.taken)
        key = self.add(name, sex, self._birth(grade))
        family.children.append(key)
        family.grades.append(grade)
        return key

    def _family(self, language: str, grade: int) -> _Family:
        rng = self._rng
        known = self._families[language]
        if known and rng.random() < _SIBLING:
            for _ in range(6):
                family = rng.choice(known)
                apart = all(abs(g - grade) >= 2 for g in family.grades)
                if apart and len(family.children) < _MOST_CHILDREN:
                    return family
        family = _Family(draw_family(rng, language), language, [], [], set())
        known.append(family)
        return family

    def _birth(self, grade: int) -> dt.date:
        """Six by the first of September of grade 1; one in ten began school later."""
        days = int(self._rng.random() * 364)
        if self._rng.random() < 0.1:
            days -= 150
        return dt.date(self._year - grade - 6, 9, 1) + dt.timedelta(days=days)

    def add_parents(self) -> None:
        """Give every family a mother, a father, or both."""
        for families in self._families.values():
            for family in families:
                self._add_parents_of(family)

    def _add_parents_of(self, family: _Family) -> None:
        rng = self._rng
        luck = rng.random()
        relations = ["mother"] if luck < 0.95 else ["father"]
        if luck < 0.7:
            relations.append("father")
        oldest = min(self.people[c].birth for c in family.children)
        for relation in relations:
            age = rng.randint(20, 31) + (3 if relation == "father" else 0)
            birth = oldest - dt.timedelta(days=age * 365 + rng.randint(0, 364))
            sex: Sex = "f" if relation == "mother" else "m"
            key = self.add(self._parent_name(family.name, sex), sex, birth)
            self.guardianships += [
                Guardianship(key, child, "mother" if sex == "f" else "father")
                for child in family.children
            ]

    def _parent_name(self, family: FamilyName, sex: Sex) -> tuple[str, str, str]:
        rng = self._rng
        tradition = traditions()[family.tradition]
        own_surname, given, patronymic = adult_name(rng, tradition, sex)
        surname = surname_for(family.surname, sex)
        if sex == "m":
            given = family.father
            grandfather = rng.choice([m for m in tradition.men if m != given])
            patronymic = patronymic_for(grandfather, "m", "slavic")
        elif family.tradition == "kazakh" and rng.random() < 0.45:
            surname = own_surname
        return spelled(family, surname), spelled(family, given), spelled(family, patronymic)
