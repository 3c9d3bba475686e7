"""Write classes, subjects and teaching groups, and who is in them."""

from collections.abc import Collection, Iterable
from datetime import date
from decimal import Decimal
from typing import Literal
from uuid import UUID

import msgspec

from kundelik_core.kernel.audit import Doer, audit_each
from kundelik_core.kernel.db import Tenant
from kundelik_core.kernel.ids import new_id
from kundelik_core.schools import curriculum
from kundelik_core.schools.actions.rows import fields_of, upsert
from kundelik_core.schools.calendar import PeriodKind
from kundelik_core.schools.events import classes_of, tell_enrolled, tell_left
from kundelik_core.schools.tables import (
    ClassPupil,
    GroupClass,
    GroupPupil,
    GroupTeacher,
    SchoolClass,
    Subject,
    TeachingGroup,
)

__all__ = [
    "ClassPupilRow",
    "ClassRow",
    "GroupPupilRow",
    "GroupRow",
    "GroupTeacherRow",
    "SubjectRow",
    "end_class_pupils",
    "end_group_pupils",
    "end_group_teachers",
    "ensure_subjects",
    "write_class_pupils",
    "write_classes",
    "write_group_classes",
    "write_group_pupils",
    "write_group_teachers",
    "write_groups",
    "write_subjects",
]


class ClassRow(msgspec.Struct, frozen=True, kw_only=True):
    """A class of one school year."""

    id: UUID
    year: int
    grade: int
    letter: str = ""
    language: str = "kk"
    shift: int = 1
    bell_set_id: UUID | None = None
    homeroom_id: UUID | None = None
    source: str | None = None
    source_id: str | None = None


class ClassPupilRow(msgspec.Struct, frozen=True, kw_only=True):
    """A pupil in a class."""

    class_id: UUID
    pupil_id: UUID
    from_date: date
    to_date: date | None = None


class SubjectRow(msgspec.Struct, frozen=True, kw_only=True):
    """A subject as a school calls it; ``code`` is the key within the school."""

    code: str
    title_kk: str
    title_ru: str
    title_en: str
    component: Literal["invariant", "variative"] = "variative"
    position: int = 100


class GroupRow(msgspec.Struct, frozen=True, kw_only=True):
    """A teaching group: one subject, one journal, one grading scheme for its life."""

    id: UUID
    year: int
    subject_id: UUID
    title: str
    grade: int
    scheme_code: str
    scheme_version: int
    period_kind: PeriodKind
    hours_per_week: Decimal = Decimal(1)
    room: str = ""
    source: str | None = None
    source_id: str | None = None


class GroupTeacherRow(msgspec.Struct, frozen=True, kw_only=True):
    """A teacher of a group."""

    group_id: UUID
    teacher_id: UUID
    from_date: date
    to_date: date | None = None
    substitute: bool = False


class GroupPupilRow(msgspec.Struct, frozen=True, kw_only=True):
    """A pupil of a group."""

    group_id: UUID
    pupil_id: UUID
    from_date: date
    to_date: date | None = None


async def write_classes(tx: Tenant, classes: Iterable[ClassRow]) -> int:
    """Create classes, or bring those with the same ids up to date; give how many changed."""
    return await upsert(
        tx,
        SchoolClass,
        fields_of(ClassRow),
        map(msgspec.structs.astuple, classes),
        fixed=("year",),
        keep=("bell_set_id", "homeroom_id", "source", "source_id"),
    )


async def write_class_pupils(tx: Tenant, pupils: Iterable[ClassPupilRow]) -> int:
    """Put pupils into classes, or change the last day of those who came on the same day."""
    rows = list(pupils)
    before = await classes_of(tx, (row.pupil_id for row in rows))
    written = await upsert(
        tx,
        ClassPupil,
        fields_of(ClassPupilRow),
        map(msgspec.structs.astuple, rows),
        key=("class_id", "pupil_id", "from_date"),
    )
    now = [(row.class_id, row.pupil_id) for row in rows if row.to_date is None]
    await tell_enrolled(tx, now, before)
    return written


async def write_subjects(tx: Tenant, subjects: Iterable[SubjectRow]) -> dict[str, UUID]:
    """Create subjects, or bring those with the same codes up to date; give all ids by code."""
    await upsert(
        tx,
        Subject,
        ("id", *fields_of(SubjectRow)),
        ((new_id(), *msgspec.structs.astuple(row)) for row in subjects),
        key=("code",),
        fixed=("id",),
    )
    rows = await tx.fetch(
        "select s.code, s.id from core.subject s where s.school_id = $1", tx.school_id
    )
    return {row["code"]: UUID(int=row["id"].int) for row in rows}


async def ensure_subjects(tx: Tenant, codes: Collection[str]) -> dict[str, UUID]:
    """Take subjects over from the national curriculum; give all of the school's ids by code.

    Raises:
        KeyError: a code that the curriculum does not have.
    """
    national = curriculum.subjects()
    order = {code: place for place, code in enumerate(national, 1)}
    return await write_subjects(
        tx,
        [
            SubjectRow(
                code=code,
                title_kk=national[code].title.kk,
                title_ru=national[code].title.ru,
                title_en=national[code].title.en,
                component="invariant" if national[code].component == "invariant" else "variative",
                position=order[code],
            )
            for code in sorted(set(codes), key=order.__getitem__)
        ],
    )


async def write_groups(tx: Tenant, groups: Iterable[GroupRow]) -> int:
    """Create teaching groups, or bring them up to date; a journal keeps its scheme."""
    return await upsert(
        tx,
        TeachingGroup,
        (*fields_of(GroupRow), "status"),
        ((*msgspec.structs.astuple(row), "active") for row in groups),
        fixed=("year", "scheme_code", "scheme_version", "period_kind", "status"),
        keep=("source", "source_id"),
    )


async def write_group_classes(tx: Tenant, pairs: Iterable[tuple[UUID, UUID]]) -> int:
    """Say from which classes groups are made: ``(group, class)`` pairs."""
    return await upsert(
        tx, GroupClass, ("group_id", "class_id"), pairs, key=("group_id", "class_id")
    )


async def write_group_teachers(tx: Tenant, teachers: Iterable[GroupTeacherRow]) -> int:
    """Give groups teachers, or change the last day of those who began on the same day."""
    return await upsert(
        tx,
        GroupTeacher,
        fields_of(GroupTeacherRow),
        map(msgspec.structs.astuple, teachers),
        key=("group_id", "teacher_id", "from_date"),
    )


async def write_group_pupils(tx: Tenant, pupils: Iterable[GroupPupilRow]) -> int:
    """Put pupils into groups, or change the last day of those who came on the same day."""
    return await upsert(
        tx,
        GroupPupil,
        fields_of(GroupPupilRow),
        map(msgspec.structs.astuple, pupils),
        key=("group_id", "pupil_id", "from_date"),
    )


async def end_class_pupils(
    tx: Tenant, doer: Doer, pairs: Collection[tuple[UUID, UUID]], last_day: date
) -> int:
    """Let ``(class, pupil)`` pairs end after ``last_day``; what was marked stays."""
    ended = await tx.fetch(
        "update core.class_pupil c set to_date = greatest($4, c.from_date) "
        "from unnest($2::uuid[], $3::uuid[]) as x (class, pupil) "
        "where c.school_id = $1 and c.class_id = x.class and c.pupil_id = x.pupil "
        "and (c.to_date is null or c.to_date > $4) returning c.class_id, c.pupil_id, c.to_date",
        tx.school_id,
        [a for a, _ in pairs],
        [b for _, b in pairs],
        last_day,
    )
    changes = [(f"{r['class_id']}/{r['pupil_id']}", None, {"to_date": r["to_date"]}) for r in ended]
    await audit_each(tx, doer, "class_pupil.end", "class_pupil", changes)
    await tell_left(tx, doer.person, ((r["class_id"], r["pupil_id"]) for r in ended))
    return len(ended)


async def end_group_pupils(
    tx: Tenant, doer: Doer, pairs: Collection[tuple[UUID, UUID]], last_day: date
) -> int:
    """Let ``(group, pupil)`` pairs end after ``last_day``; what was marked stays."""
    ended = await tx.fetch(
        "update core.group_pupil g set to_date = greatest($4, g.from_date) "
        "from unnest($2::uuid[], $3::uuid[]) as x (grp, pupil) "
        "where g.school_id = $1 and g.group_id = x.grp and g.pupil_id = x.pupil "
        "and (g.to_date is null or g.to_date > $4) returning g.group_id, g.pupil_id, g.to_date",
        tx.school_id,
        [a for a, _ in pairs],
        [b for _, b in pairs],
        last_day,
    )
    changes = [(f"{r['group_id']}/{r['pupil_id']}", None, {"to_date": r["to_date"]}) for r in ended]
    await audit_each(tx, doer, "group_pupil.end", "group_pupil", changes)
    return len(ended)


async def end_group_teachers(
    tx: Tenant, doer: Doer, pairs: Collection[tuple[UUID, UUID]], last_day: date
) -> int:
    """Let ``(group, teacher)`` pairs end after ``last_day``; the journal stays readable to them."""
    ended = await tx.fetch(
        "update core.group_teacher t set to_date = greatest($4, t.from_date) "
        "from unnest($2::uuid[], $3::uuid[]) as x (grp, teacher) "
        "where t.school_id = $1 and t.group_id = x.grp and t.teacher_id = x.teacher "
        "and (t.to_date is null or t.to_date > $4) "
        "returning t.group_id, t.teacher_id, t.to_date",
        tx.school_id,
        [a for a, _ in pairs],
        [b for _, b in pairs],
        last_day,
    )
    changes = [
        (f"{r['group_id']}/{r['teacher_id']}", None, {"to_date": r["to_date"]}) for r in ended
    ]
    await audit_each(tx, doer, "group_teacher.end", "group_teacher", changes)
    return len(ended)
