"""Hire the teachers that a school's hours need, and give every group one of them."""

import datetime as dt
import random
from collections import defaultdict

from kundelik_core.schools.generate.classes import SHAPES
from kundelik_core.schools.generate.model import (
    Group,
    Position,
    SchoolClass,
    SchoolLanguage,
    Sex,
    Size,
    StaffMember,
)
from kundelik_core.schools.generate.names import adult_name, traditions
from kundelik_core.schools.generate.people import Register

# Hours a week (doubled, as in groups) that a teacher is hired for; one rate and a quarter.
_FULL = 2 * 21
# A profession with fewer hours is added to a related one.
_TOO_LITTLE = 2 * 9

_SPECIALITIES: dict[str, tuple[str, ...]] = {
    "primary": (),
    "kazakh": ("kazakh", "kazakh_literature", "kazakh_second"),
    "russian": ("russian", "russian_literature", "russian_second"),
    "english": ("foreign",),
    "mathematics": ("mathematics", "algebra", "geometry", "algebra_analysis"),
    "informatics": ("informatics", "digital_literacy", "graphics"),
    "physics": ("physics",),
    "chemistry": ("chemistry",),
    "biology": ("biology", "natural_science"),
    "geography": ("geography", "entrepreneurship"),
    "history": ("kazakhstan_history", "world_history", "law", "global_competences"),
    "music": ("music",),
    "crafts": ("crafts",),
    "physical_education": ("physical_education",),
    "military": ("military",),
}
# In a village one person teaches what in a town are two or three professions.
_VILLAGE = {
    "physics": "informatics",
    "chemistry": "biology",
    "geography": "history",
    "music": "crafts",
    "military": "physical_education",
}
# What the teacher of a primary class leaves to others.
_NOT_PRIMARY = frozenset({"foreign", "digital_literacy", "music", "physical_education"})
_MEN = {"physical_education": 0.7, "military": 1.0, "physics": 0.4, "informatics": 0.4}


def speciality_of(group: Group, size: Size) -> str:
    """Which profession teaches a group."""
    own_language = (group.subject == "kazakh") == (group.language == "kk")
    language = group.subject in ("kazakh", "russian")
    if group.grade <= 4 and group.subject not in _NOT_PRIMARY and (own_language or not language):
        return "primary"
    for name, subjects in _SPECIALITIES.items():
        if group.subject in subjects:
            return _VILLAGE.get(name, name) if size == "S" else name
    return "class_hour"


class Hiring:
    """Builds the staff of one school."""

    def __init__(
        self, rng: random.Random, register: Register, language: SchoolLanguage, size: Size
    ) -> None:
        self.staff: list[StaffMember] = []
        self._rng = rng
        self._register = register
        self._language = language
        self._size = size
        self._load: dict[int, int] = defaultdict(int)
        self._subjects: dict[int, set[str]] = defaultdict(set)
        self._rooms = 200

    def hire_heads(self, year: int) -> None:
        """The director, the deputies and the psychologist."""
        self._hire("director", "", year, room="110")
        for _ in range(SHAPES[self._size].deputies):
            self._hire("deputy", "", year)
        self._hire("psychologist", "", year)

    def hire_teachers(self, classes: list[SchoolClass], groups: list[Group], year: int) -> None:
        """Teachers for every group; classes get their homeroom teachers."""
        self._primary(classes, groups, year)
        needs: dict[str, list[Group]] = defaultdict(list)
        for group in groups:
            if group.teacher < 0:
                needs[speciality_of(group, self._size)].append(group)
        class_hours = needs.pop("class_hour", [])
        for name, related in _VILLAGE.items():
            if 0 < sum(g.hours for g in needs.get(name, ())) < _TOO_LITTLE:
                needs[related] += needs.pop(name)
        for name, mine in needs.items():
            self._share(name, mine, year)
        self._homerooms(classes, groups)
        for group in class_hours:
            self._give(group, classes[group.school_class].homeroom)
        for member in self.staff:
            member.subjects = tuple(sorted(self._subjects[member.person]))

    def _primary(self, classes: list[SchoolClass], groups: list[Group], year: int) -> None:
        joint: dict[int, int] = {}
        for school_class in classes:
            if school_class.grade > 4:
                continue
            teacher = joint.get(school_class.joint) if school_class.joint is not None else None
            if teacher is None:
                teacher = self._hire("teacher", "primary", year, school_class.room)
            if school_class.joint is not None:
                joint[school_class.joint] = teacher
            school_class.homeroom = teacher
            for group in groups:
                mine = group.school_class == school_class.key
                if mine and speciality_of(group, self._size) == "primary":
                    self._give(group, teacher)

    def _share(self, name: str, groups: list[Group], year: int) -> None:
        """Hire for one speciality, then hand out its classes, the largest bundles first."""
        bundles: dict[tuple[int, int], list[Group]] = defaultdict(list)
        for group in groups:
            bundles[group.school_class, group.part].append(group)
        total = sum(g.hours for g in groups)
        split = any(g.part for g in groups)
        count = max(2 if split else 1, round(total / _FULL + 0.3))
        teachers = [self._hire("teacher", name, year) for _ in range(count)]
        sizes = {key: sum(g.hours for g in mine) for key, mine in bundles.items()}
        for key in sorted(bundles, key=lambda k: (-sizes[k], k)):
            others = {g.teacher for g in bundles.get((key[0], 3 - key[1]), ())} if key[1] else set()
            free = [t for t in teachers if t not in others]
            teacher = min(free, key=lambda t: (self._load[t], t))
            for group in bundles[key]:
                self._give(group, teacher)

    def _homerooms(self, classes: list[SchoolClass], groups: list[Group]) -> None:
        """A homeroom teacher is one who teaches the class, and has no class yet."""
        taken = {c.homeroom for c in classes}
        by_class: dict[int, list[Group]] = defaultdict(list)
        for group in groups:
            by_class[group.school_class].append(group)
        everybody = [m.person for m in self.staff if m.position == "teacher"]
        for school_class in classes:
            if school_class.homeroom >= 0:
                continue
            mine = sorted(by_class[school_class.key], key=lambda g: -g.hours)
            own = [g.teacher for g in mine if g.teacher >= 0 and not g.part]
            choice = next((t for t in own if t not in taken), None)
            if choice is None:
                choice = next((t for t in everybody if t not in taken), own[0])
            school_class.homeroom = choice
            taken.add(choice)
            school_class.room = self.room_of(choice)

    def room_of(self, person: int) -> str:
        """The room a member of staff teaches in."""
        return next(m.room for m in self.staff if m.person == person)

    def _give(self, group: Group, teacher: int) -> None:
        group.teacher = teacher
        self._load[teacher] += group.hours
        self._subjects[teacher].add(group.subject)

    def _hire(self, position: Position, speciality: str, year: int, room: str = "") -> int:
        rng = self._rng
        sex: Sex = "m" if rng.random() < _MEN.get(speciality, 0.12) else "f"
        if position == "director":
            sex = "m" if rng.random() < 0.4 else "f"
        name = adult_name(rng, traditions()[self._tradition(speciality)], sex)
        youngest = {"director": 41, "deputy": 34}.get(position, 24)
        born = dt.date(year - rng.randint(youngest, 61), 1, 1)
        birth = born + dt.timedelta(days=rng.randint(0, 364))
        person = self._register.add(name, sex, birth)
        if not room and position == "teacher":
            self._rooms += 1
            room = str(self._rooms)
        member = StaffMember(person, position, speciality, room)
        self.staff.append(member)
        return person

    def _tradition(self, speciality: str) -> str:
        rng = self._rng
        if speciality == "kazakh" or (self._language == "kk" and speciality != "russian"):
            return "kazakh"
        russian = 0.6 if speciality == "russian" else 0.35
        return "russian" if rng.random() < russian else "kazakh"
