"""Read from the core who teaches whom, and what people, classes and subjects are called."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from typing import Any, Final
from uuid import UUID

from kundelik_core.sdk import Actor, PluginTx
from kundelik_praise.domain import leads, school_year

__all__ = ["classes", "may_write_to", "names", "pupils", "students", "subjects", "taught"]

Row = Mapping[str, Any]

# The Kazakh alphabet, in which Ә comes after А and not after Я.
_ORDER: Final = "grade, strpos('АӘБВГҒДЕЁЖЗИЙКҚЛМНҢОӨПРСТУҰҮФХҺЦЧШЩЪЫІЬЭЮЯ', letter), letter"

# Whom $1 teaches ($3) or leads as a homeroom teacher on the day $2.
_NEAR: Final = """
  select e.student_id from core_api.enrolment_v1 e
    join core_api.class_v1 c on c.class_id = e.class_id
   where e.kind = 'class' and c.homeroom_staff_id = $1
     and e.begin_date <= $2 and (e.end_date is null or e.end_date >= $2)
  union
  select e.student_id from core_api.teaching_v1 t
    join core_api.enrolment_v1 e on e.kind = 'group' and e.group_id = t.group_id
     and e.begin_date <= $2 and (e.end_date is null or e.end_date >= $2)
   where $3 and t.staff_id = $1
     and t.begin_date <= $2 and (t.end_date is null or t.end_date >= $2)
"""


async def may_write_to(
    tx: PluginTx, actor: Actor, student: UUID, today: date, *, teachers: bool
) -> bool:
    """Say whether somebody may write to a pupil of this school."""
    if leads(actor):
        there = await tx.fetchval(
            "select 1 from core_api.student_v1 where student_id = $1 and status = 'active'", student
        )
    else:
        there = await tx.fetchval(
            f"select 1 from ({_NEAR}) near where near.student_id = $4",
            actor.person_id,
            today,
            teachers,
            student,
        )
    return bool(there)


async def classes(tx: PluginTx, actor: Actor, today: date, *, teachers: bool) -> Sequence[Row]:
    """Return the classes of this year in which somebody may write to anybody."""
    year = school_year(today)
    own = """
        select c.class_id, c.grade, c.letter,
               coalesce(c.homeroom_staff_id = $1, false) as own
          from core_api.class_v1 c where c.school_year = """
    if leads(actor):
        return await tx.fetch(f"{own} $2 order by {_ORDER}", actor.person_id, year)
    return await tx.fetch(
        f"""{own} $4 and c.class_id in (
          select e.class_id from core_api.enrolment_v1 e
           where e.kind = 'class' and e.begin_date <= $2
             and (e.end_date is null or e.end_date >= $2)
             and e.student_id in ({_NEAR}))
        order by own desc, {_ORDER}
        """,
        actor.person_id,
        today,
        teachers,
        year,
    )


async def pupils(
    tx: PluginTx, actor: Actor, class_id: UUID, today: date, *, teachers: bool
) -> Sequence[Row]:
    """Return those of a class to whom somebody may write, in the order of the class."""
    sql = """
        select s.student_id, s.family_name, s.given_name from core_api.student_v1 s
         where s.student_id in (
           select e.student_id from core_api.enrolment_v1 e
            where e.kind = 'class' and e.class_id = $1 and e.begin_date <= $2
              and (e.end_date is null or e.end_date >= $2))
    """
    if leads(actor):
        return await tx.fetch(f"{sql} order by s.sort_key", class_id, today)
    near = _NEAR.replace("$1", "$4")
    return await tx.fetch(
        f"{sql} and s.student_id in ({near}) order by s.sort_key",
        class_id,
        today,
        teachers,
        actor.person_id,
    )


async def students(tx: PluginTx, ids: Collection[UUID]) -> Sequence[Row]:
    """Return names and classes of pupils."""
    return await tx.fetch(
        "select student_id, family_name, given_name, class_id, grade, class_letter "
        "from core_api.student_v1 where student_id = any($1::uuid[]) order by sort_key",
        list(ids),
    )


async def names(tx: PluginTx, staff: Collection[UUID]) -> dict[UUID, str]:
    """Return what teachers are called, as families address them."""
    rows = await tx.fetch(
        "select staff_id, family_name, given_name, middle_name from core_api.staff_v1 "
        "where staff_id = any($1::uuid[])",
        list(staff),
    )
    return {
        row["staff_id"]: " ".join(
            part for part in (row["family_name"], row["given_name"], row["middle_name"]) if part
        )
        for row in rows
    }


async def subjects(tx: PluginTx, groups: Collection[UUID], locale: str) -> dict[UUID, str]:
    """Return the subjects of groups in the reader's language."""
    rows = await tx.fetch(
        "select group_id, subject_kk, subject_ru, subject_en from core_api.group_v1 "
        "where group_id = any($1::uuid[])",
        list(groups),
    )
    return {row["group_id"]: str(row[f"subject_{locale}"]) for row in rows}


async def taught(tx: PluginTx, staff: UUID, student: UUID, today: date) -> list[UUID]:
    """Return the groups in which somebody teaches a pupil."""
    rows = await tx.fetch(
        """
        select distinct t.group_id from core_api.teaching_v1 t
          join core_api.enrolment_v1 e on e.kind = 'group' and e.group_id = t.group_id
         where t.staff_id = $1 and e.student_id = $2
           and t.begin_date <= $3 and (t.end_date is null or t.end_date >= $3)
           and e.begin_date <= $3 and (e.end_date is null or e.end_date >= $3)
        """,
        staff,
        student,
        today,
    )
    return [row["group_id"] for row in rows]
