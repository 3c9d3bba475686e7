"""Lay out a school's classes and teaching groups from its size and the curriculum."""

import random
from typing import Literal

import msgspec

from kundelik_core.schools.curriculum import SPLIT_TOWN, SPLIT_VILLAGE, SubjectHours, Track, plan
from kundelik_core.schools.generate.model import Group, SchoolClass, SchoolLanguage, Size
from kundelik_core.schools.generate.people import Register

Language = Literal["kk", "ru"]

_KAZAKH_LETTERS = "АӘБВГҒДЕЖЗИК"
_RUSSIAN_LETTERS = "АБВГДЕЖЗИКЛМ"
_SECOND_SHIFT = frozenset({2, 3, 6, 7, 8})


class Shape(msgspec.Struct, frozen=True):
    """How large a school is: pupils, and classes per grade (index 0 is grade 1)."""

    pupils: int
    parallel: tuple[int, ...]
    shifts: int
    split_from: int
    bells: str
    deputies: int


SHAPES: dict[Size, Shape] = {
    "S": Shape(75, (1,) * 11, 1, SPLIT_VILLAGE, "one-shift", 1),
    "M": Shape(720, (3,) * 9 + (1, 1), 1, SPLIT_TOWN, "one-shift", 3),
    "L": Shape(2500, (11,) * 4 + (9,) * 5 + (3, 3), 2, SPLIT_TOWN, "two-shifts", 5),
}


def make_classes(
    rng: random.Random, size: Size, language: SchoolLanguage, register: Register
) -> list[SchoolClass]:
    """All classes of a school with their pupils in them."""
    shape = SHAPES[size]
    places = [
        (grade, index, count)
        for grade, count in enumerate(shape.parallel, 1)
        for index in range(count)
    ]
    counts = _sizes(rng, shape.pupils, len(places))
    classes = []
    for key, (grade, index, count) in enumerate(places):
        spoken: Language = _language(language, index, count)
        letters = _RUSSIAN_LETTERS if language == "ru" else _KAZAKH_LETTERS
        letter = letters[index]
        shift = 2 if shape.shifts == 2 and grade in _SECOND_SHIFT else 1
        school_class = SchoolClass(
            key=key,
            grade=grade,
            letter=letter,
            title=f"{grade} «{letter}»",
            language=spoken,
            shift=shift,
            room="",
            joint=_joint(grade) if size == "S" else None,
        )
        if grade >= 10:
            school_class.track = "nature" if index % 2 == 0 else "social"
        register.fill(school_class, counts[key])
        classes.append(school_class)
    _give_rooms(classes)
    return classes


def _sizes(rng: random.Random, pupils: int, classes: int) -> list[int]:
    """Class sizes about the mean that add up to the school's pupils."""
    mean = pupils / classes
    spread = max(1, round(mean * 0.12))
    sizes = [round(mean) + rng.randint(-spread, spread) for _ in range(classes)]
    at = 0
    while (missing := pupils - sum(sizes)) != 0:
        sizes[at % classes] += 1 if missing > 0 else -1
        at += 1
    return sizes


def _language(school: SchoolLanguage, index: int, count: int) -> Language:
    if school == "mixed":
        return "kk" if index < (count + 1) // 2 + (count > 4) else "ru"
    return school


def _joint(grade: int) -> int | None:
    """Which grades of a small school share a teacher and a room."""
    return {1: 0, 3: 0, 2: 1, 4: 1}.get(grade)


def _give_rooms(classes: list[SchoolClass]) -> None:
    """Rooms of their own for primary classes; two shifts and joint classes share them."""
    taken = {1: 100, 2: 100}
    joint: dict[int, str] = {}
    for school_class in classes:
        if school_class.grade > 4:
            continue
        if school_class.joint is not None and school_class.joint in joint:
            school_class.room = joint[school_class.joint]
            continue
        taken[school_class.shift] += 1
        school_class.room = str(taken[school_class.shift])
        if school_class.joint is not None:
            joint[school_class.joint] = school_class.room


def make_groups(classes: list[SchoolClass], register: Register, size: Size) -> list[Group]:
    """The teaching groups of every class."""
    groups: list[Group] = []
    for school_class in classes:
        track: Track | None = school_class.track or None
        for line in plan(school_class.grade, school_class.language, track):
            for part, pupils in _parts(line, school_class, register, SHAPES[size].split_from):
                groups.append(
                    Group(
                        key=len(groups),
                        subject=line.subject.code,
                        school_class=school_class.key,
                        grade=school_class.grade,
                        language=school_class.language,
                        hours=int(line.hours * 2),
                        scheme=scheme_for(school_class.grade, line),
                        part=part,
                        split=line.subject.split if part else "",
                        pupils=pupils,
                    )
                )
    return groups


def _parts(
    line: SubjectHours, school_class: SchoolClass, register: Register, split_from: int
) -> list[tuple[int, tuple[int, ...]]]:
    pupils = school_class.pupils
    if not line.subject.split or len(pupils) < split_from:
        return [(0, pupils)]
    if line.subject.split == "sexes":
        girls = tuple(p for p in pupils if register.people[p].sex == "f")
        boys = tuple(p for p in pupils if register.people[p].sex == "m")
        return [(1, girls), (2, boys)] if girls and boys else [(0, pupils)]
    half = (len(pupils) + 1) // 2
    # Halves go by the class list, as schools usually make them.
    return [(1, pupils[:half]), (2, pupils[half:])]


def scheme_for(grade: int, line: SubjectHours) -> str:
    """The code of the grading scheme that a subject has in a grade."""
    if grade == 1 or line.subject.component == "class_hour":
        return "kz-grade1-none"
    if line.subject.pass_fail:
        return "kz-passfail"
    return "kz-cba-2022-halfyear" if line.half_year else "kz-cba-2022"
