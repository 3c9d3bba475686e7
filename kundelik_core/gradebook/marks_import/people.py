"""Turn the people and classes of a mark file into a roster, so that both are imported one way."""

from __future__ import annotations

from kundelik_core.gradebook.markfile import MarkFile, MarkMapping
from kundelik_core.kernel.i18n import N_
from kundelik_core.kernel.names import search_key
from kundelik_core.schools.roster.model import (
    ClassRow,
    Course,
    Enrollment,
    Relationship,
    Roster,
    User,
    UserRole,
    Where,
)
from kundelik_core.schools.roster.values import split_name

__all__ = ["as_roster", "group_key", "pupil_key"]


def pupil_key(key: str) -> str:
    """The id that a pupil of a mark file has in the roster."""
    return f"pupil:{key}"


def group_key(subject: str, class_title: str) -> str:
    """The id that the group of a subject and class has in the roster."""
    return f"{subject}|{class_title}"


def as_roster(file: MarkFile, mapping: MarkMapping) -> Roster:
    """The school that a mark file describes, without its marks."""
    roster = Roster(format="marks", format_title=N_("Marks"))
    for key, title in file.subjects.items():
        known = mapping.subjects.get(key)
        roster.courses[key] = Course(
            id=key, title=title, source=Where("", 0), code=known.code if known else ""
        )
    for class_title, keys in file.classes.items():
        _class(roster, file, class_title, keys)
    for pupil in file.pupils.values():
        roster.users[pupil_key(pupil.key)] = User(
            id=pupil_key(pupil.key),
            source=pupil.source,
            family_name=pupil.family_name,
            given_name=pupil.given_name,
            middle_name=pupil.middle_name,
            birth_date=pupil.birth_date,
            sex=pupil.sex,
            grades=[str(pupil.grade)],
            roles=[UserRole(role="pupil", source=pupil.source)],
        )
        _guardians(roster, file, pupil.key)
    return roster


def _class(roster: Roster, file: MarkFile, class_title: str, keys: list[str]) -> None:
    first = file.pupils[keys[0]]
    roster.classes[class_title] = ClassRow(
        id=class_title,
        title=class_title,
        source=first.source,
        kind="homeroom",
        grades=[str(first.grade)],
        letter=first.letter,
    )
    for key in keys:
        _enroll(roster, pupil_key(key), class_title, "pupil", file.pupils[key].source)
    here = set(keys)
    taught: dict[str, dict[str, None]] = {}
    for mark in file.marks:
        if mark.pupil in here:
            taught.setdefault(mark.subject, {})[mark.pupil] = None
    for subject, marked in taught.items():
        group = group_key(subject, class_title)
        roster.classes[group] = ClassRow(
            id=group,
            title=class_title,
            source=first.source,
            course=subject,
            grades=[str(first.grade)],
        )
        # In a file of one row a pupil a class learns a subject together.
        for key in keys if file.layout == "wide" else marked:
            _enroll(roster, pupil_key(key), group, "pupil", file.pupils[key].source)
        _teacher(roster, file.teachers.get(subject, ""), group, first.source)


def _teacher(roster: Roster, name: str, group: str, where: Where) -> None:
    if not name:
        return
    key = f"teacher:{search_key(name)}"
    if key not in roster.users:
        family, given, middle = split_name(name)
        roster.users[key] = User(
            id=key, source=where, family_name=family, given_name=given, middle_name=middle,
            roles=[UserRole(role="teacher", source=where)],
        )  # fmt: skip
    _enroll(roster, key, group, "teacher", where)


def _guardians(roster: Roster, file: MarkFile, key: str) -> None:
    pupil = file.pupils[key]
    for adult in pupil.guardians:
        if adult.key not in roster.users:
            roster.users[adult.key] = User(
                id=adult.key,
                source=pupil.source,
                family_name=adult.family_name,
                given_name=adult.given_name,
                middle_name=adult.middle_name,
                phone=adult.phone,
                sex=adult.sex,
                roles=[UserRole(role="parent", source=pupil.source)],
            )
        roster.relationships.append(
            Relationship(
                pupil=pupil_key(key), guardian=adult.key, source=pupil.source, kind=adult.kind
            )
        )


def _enroll(roster: Roster, user: str, place: str, role: str, where: Where) -> None:
    roster.enrollments.append(
        Enrollment(id=f"{place}:{user}", user=user, class_id=place, role=role, source=where)
    )
