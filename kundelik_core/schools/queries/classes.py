"""Read the classes of a school, and one class with its pupils, groups and teachers."""

from datetime import date
from typing import Final
from uuid import UUID

import msgspec

from kundelik_core.kernel.db import Tenant
from kundelik_core.schools.titles import Title, class_order, class_title

__all__ = ["ClassGroup", "ClassPupil", "ClassRow", "OneClass", "Tile", "class_tiles", "one_class"]


class Tile(msgspec.Struct, frozen=True):
    """A class in the list of all."""

    id: UUID
    grade: int
    letter: str
    language: str
    pupils: int
    homeroom: str
    homeroom_id: UUID | None

    @property
    def title(self) -> str:
        """Its name."""
        return class_title(self.grade, self.letter)


class ClassRow(msgspec.Struct, array_like=True, frozen=True):
    """A class itself."""

    id: UUID
    year: int
    grade: int
    letter: str
    language: str
    shift: int
    homeroom_id: UUID | None
    homeroom: str

    @property
    def title(self) -> str:
        """Its name."""
        return class_title(self.grade, self.letter)


class ClassPupil(msgspec.Struct, array_like=True, frozen=True):
    """A pupil of the class, those who have left or are yet to come included."""

    id: UUID
    surname: str
    given: str
    birth_date: date | None
    begins: date
    ends: date | None
    guarded: bool

    def here(self, day: date) -> bool:
        """Tell whether the pupil is in the class on a day."""
        return self.begins <= day and (self.ends is None or day <= self.ends)


class ClassGroup(msgspec.Struct, array_like=True, frozen=True):
    """A teaching group that takes pupils of the class."""

    id: UUID
    title: str
    subject: Title
    teachers: list[tuple[UUID, str]]
    pupils: int


class OneClass(msgspec.Struct, frozen=True):
    """All that the page of a class shows."""

    row: ClassRow | None
    pupils: list[ClassPupil]
    groups: list[ClassGroup]


# $1 school, $2 class, $3 today
_ONE: Final = """
with g as (
  select g.id, g.title, g.subject_id
    from core.group_class gc
    join core.teaching_group g on g.school_id = gc.school_id and g.id = gc.group_id
   where gc.school_id = $1 and gc.class_id = $2 and g.status = 'active'
), m as (
  select distinct on (cp.pupil_id) cp.pupil_id, cp.from_date, cp.to_date
    from core.class_pupil cp
   where cp.school_id = $1 and cp.class_id = $2
   order by cp.pupil_id, cp.from_date desc
)
select json_build_object(
  'row', (
    select json_build_array(c.id, c.year, c.grade, c.letter, c.language, c.shift, c.homeroom_id,
           concat_ws(' ', n.surname, n.given, nullif(n.patronymic, '')))
      from core.school_class c
      left join core.person n on n.school_id = c.school_id and n.id = c.homeroom_id
     where c.school_id = $1 and c.id = $2),
  'pupils', (
    select coalesce(json_agg(json_build_array(n.id, n.surname, n.given, n.birth_date, m.from_date,
           m.to_date, exists (
             select from core.guardianship k
              where k.school_id = $1 and k.pupil_id = n.id and k.from_date <= $3
                and (k.to_date is null or k.to_date >= $3)))
           order by n.sort_key, n.id), '[]')
      from m join core.person n on n.school_id = $1 and n.id = m.pupil_id
     where n.status <> 'erased'),
  'groups', (
    select coalesce(json_agg(json_build_array(g.id, g.title,
           json_build_object('kk', s.title_kk, 'ru', s.title_ru, 'en', s.title_en), (
             select coalesce(json_agg(json_build_array(n.id, concat_ws(' ', n.surname, n.given))
                    order by t.substitute, n.sort_key), '[]')
               from core.group_teacher t
               join core.person n on n.school_id = t.school_id and n.id = t.teacher_id
              where t.school_id = $1 and t.group_id = g.id and t.from_date <= $3
                and (t.to_date is null or t.to_date >= $3)), (
             select count(*) from core.group_pupil p
              where p.school_id = $1 and p.group_id = g.id and p.from_date <= $3
                and (p.to_date is null or p.to_date >= $3)))
           order by s.position, s.code, g.title), '[]')
      from g join core.subject s on s.school_id = $1 and s.id = g.subject_id)
)::text
"""

_one: Final = msgspec.json.Decoder(OneClass)


async def class_tiles(tx: Tenant, year: int, today: date) -> list[Tile]:
    """List the classes of a school year, by grade and letter in the Kazakh order."""
    rows = await tx.fetch(
        """
        select c.id, c.grade, c.letter, c.language,
               concat_ws(' ', n.surname, n.given) as homeroom, c.homeroom_id,
               (select count(*) from core.class_pupil cp
                 where cp.school_id = $1 and cp.class_id = c.id and cp.from_date <= $3
                   and (cp.to_date is null or cp.to_date >= $3)) as pupils
          from core.school_class c
          left join core.person n on n.school_id = c.school_id and n.id = c.homeroom_id
         where c.school_id = $1 and c.year = $2
        """,
        tx.school_id,
        year,
        today,
    )
    found = [Tile(**dict(row)) for row in rows]
    return sorted(found, key=lambda tile: class_order(tile.grade, tile.letter))


async def one_class(tx: Tenant, class_id: UUID, today: date) -> OneClass:
    """Read a class with its pupils in Kazakh order; ``row`` is None when there is none."""
    return _one.decode(await tx.fetchval(_ONE, tx.school_id, class_id, today))
