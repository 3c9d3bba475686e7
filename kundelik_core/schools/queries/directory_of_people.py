"""Find people of a school by the beginning of a name, and read one person's record."""

from collections.abc import Collection
from datetime import date
from typing import Final
from uuid import UUID

import msgspec

from kundelik_core.kernel.db import Tenant
from kundelik_core.kernel.names import search_key
from kundelik_core.schools.titles import Title, class_title

__all__ = [
    "PAGE",
    "Found",
    "Kin",
    "PersonCard",
    "SchoolClassOf",
    "Search",
    "find_people",
    "people_names",
    "person_card",
]

PAGE: Final = 50


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """One line of a list; ``classes`` are theirs, their children's or the one they lead."""

    id: UUID
    surname: str
    given: str
    patronymic: str
    account_id: UUID | None
    roles: list[str]
    classes: list[tuple[int, str]]

    @property
    def class_titles(self) -> list[str]:
        """The names of the classes."""
        return [class_title(grade, letter) for grade, letter in self.classes]


class Search(msgspec.Struct, frozen=True, kw_only=True):
    """What is looked for, and how far the one who looks may see."""

    text: str = ""
    account: UUID | None = None
    """Somebody's account, when ``text`` is a login."""
    roles: Collection[str] | None = None
    homeroom: UUID | None = None
    """Only the people of classes that this person leads."""
    class_id: UUID | None = None
    first: int = 0


class SchoolClassOf(msgspec.Struct, array_like=True, frozen=True):
    """A class that a pupil belongs to or belonged to, or that a teacher leads."""

    id: UUID
    grade: int
    letter: str
    year: int
    begins: date | None
    ends: date | None

    @property
    def title(self) -> str:
        """Its name."""
        return class_title(self.grade, self.letter)


class Kin(msgspec.Struct, array_like=True, frozen=True):
    """A guardian of a pupil, or a child of a guardian."""

    id: UUID
    surname: str
    given: str
    patronymic: str
    relation: str
    phone: str | None
    has_account: bool


class PersonCard(msgspec.Struct, frozen=True, kw_only=True):
    """One person as the school knows them."""

    id: UUID
    surname: str
    given: str
    patronymic: str
    birth_date: date | None
    phone: str | None
    email: str | None
    account_id: UUID | None
    status: str
    memberships: list[tuple[str, date, date | None]]
    classes: list[SchoolClassOf]
    leads: list[SchoolClassOf]
    guardians: list[Kin]
    children: list[Kin]
    groups: list[tuple[UUID, str, Title]]
    near: bool
    """Whether they are a pupil or a guardian in a class that the reader leads."""

    def roles(self, today: date) -> frozenset[str]:
        """What they are today."""
        held = {r for r, begins, ends in self.memberships
                if begins <= today and (ends is None or today <= ends)}  # fmt: skip
        return frozenset(held | {"parent"} if self.children else held)


# $1 school, $2 text, $3 account, $4 roles, $5 homeroom, $6 class, $7 year, $8 today, $9 offset
_FIND: Final = f"""
with near as (
  select cp.pupil_id as id
    from core.school_class c
    join core.class_pupil cp on cp.school_id = c.school_id and cp.class_id = c.id
   where c.school_id = $1 and c.year = $7 and cp.from_date <= $8
     and (cp.to_date is null or cp.to_date >= $8)
     and ($5::uuid is null or c.homeroom_id = $5) and ($6::uuid is null or c.id = $6)
     and ($5::uuid is not null or $6::uuid is not null)
), known as (
  select near.id from near
  union
  select k.guardian_id from near join core.guardianship k on k.school_id = $1
     and k.pupil_id = near.id and k.from_date <= $8 and (k.to_date is null or k.to_date >= $8)
), found as (
  select p.id, p.surname, p.given, p.patronymic, p.account_id, p.sort_key, count(*) over () as total
    from core.person p
   where p.school_id = $1 and p.status <> 'erased'
     and ($2 = '' or p.search_key like $2 || '%' or p.search_key like '% ' || $2 || '%'
          or p.account_id = $3)
     and (($5::uuid is null and $6::uuid is null) or p.id in (select known.id from known))
     and ($4::text[] is null
          or exists (select from core.membership m
                      where m.school_id = $1 and m.person_id = p.id and m.role = any($4)
                        and m.from_date <= $8 and (m.to_date is null or m.to_date >= $8))
          or ('parent' = any($4) and exists (
                select from core.guardianship k
                 where k.school_id = $1 and k.guardian_id = p.id and k.from_date <= $8
                   and (k.to_date is null or k.to_date >= $8))))
   order by p.sort_key, p.id limit {PAGE} offset $9
)
select found.id, found.surname, found.given, found.patronymic, found.account_id, found.total,
       array(select m.role from core.membership m
              where m.school_id = $1 and m.person_id = found.id and m.from_date <= $8
                and (m.to_date is null or m.to_date >= $8)
             union
             select 'parent' from core.guardianship k
              where k.school_id = $1 and k.guardian_id = found.id and k.from_date <= $8
                and (k.to_date is null or k.to_date >= $8)) as roles,
       (select coalesce(json_agg(json_build_array(x.grade, x.letter) order by x.grade, x.letter),
               '[]')
          from (
            select c.grade, c.letter
              from core.class_pupil cp
              join core.school_class c on c.school_id = cp.school_id and c.id = cp.class_id
             where cp.school_id = $1 and c.year = $7 and cp.from_date <= $8
               and (cp.to_date is null or cp.to_date >= $8)
               and cp.pupil_id = any(array(
                 select found.id
                 union all
                 select k.pupil_id from core.guardianship k
                  where k.school_id = $1 and k.guardian_id = found.id and k.from_date <= $8
                    and (k.to_date is null or k.to_date >= $8)))
            union
            select c.grade, c.letter from core.school_class c
             where c.school_id = $1 and c.year = $7 and c.homeroom_id = found.id) x
       )::text as classes
  from found order by found.sort_key, found.id
"""

_KIN: Final = """
    select coalesce(json_agg(json_build_array(n.id, n.surname, n.given, n.patronymic, k.relation,
           n.phone, n.account_id is not null) order by n.sort_key), '[]')
      from core.guardianship k
      join core.person n on n.school_id = k.school_id and n.id = k.{other}
     where k.school_id = $1 and k.{mine} = $2 and k.from_date <= $4
       and (k.to_date is null or k.to_date >= $4)
"""

# $1 school, $2 person, $3 reader, $4 today
_CARD: Final = f"""
select json_build_object(
  'id', p.id, 'surname', p.surname, 'given', p.given, 'patronymic', p.patronymic,
  'birth_date', p.birth_date, 'phone', p.phone, 'email', p.email, 'account_id', p.account_id,
  'status', p.status,
  'memberships', (
    select coalesce(json_agg(json_build_array(m.role, m.from_date, m.to_date)
           order by m.from_date desc, m.role), '[]')
      from core.membership m where m.school_id = $1 and m.person_id = $2),
  'classes', (
    select coalesce(json_agg(json_build_array(c.id, c.grade, c.letter, c.year, cp.from_date,
           cp.to_date) order by cp.from_date desc), '[]')
      from core.class_pupil cp
      join core.school_class c on c.school_id = cp.school_id and c.id = cp.class_id
     where cp.school_id = $1 and cp.pupil_id = $2),
  'leads', (
    select coalesce(json_agg(json_build_array(c.id, c.grade, c.letter, c.year, null, null)
           order by c.year desc, c.grade), '[]')
      from core.school_class c where c.school_id = $1 and c.homeroom_id = $2),
  'guardians', ({_KIN.format(other="guardian_id", mine="pupil_id")}),
  'children', ({_KIN.format(other="pupil_id", mine="guardian_id")}),
  'groups', (
    select coalesce(json_agg(json_build_array(g.id, g.title,
           json_build_object('kk', s.title_kk, 'ru', s.title_ru, 'en', s.title_en))
           order by g.grade, g.title), '[]')
      from core.group_teacher t
      join core.teaching_group g on g.school_id = t.school_id and g.id = t.group_id
      join core.subject s on s.school_id = g.school_id and s.id = g.subject_id
     where t.school_id = $1 and t.teacher_id = $2 and t.from_date <= $4 and g.status = 'active'
       and (t.to_date is null or t.to_date >= $4)),
  'near', exists (
    select from core.school_class c
      join core.class_pupil cp on cp.school_id = c.school_id and cp.class_id = c.id
     where c.school_id = $1 and c.homeroom_id = $3 and cp.from_date <= $4
       and (cp.to_date is null or cp.to_date >= $4)
       and (cp.pupil_id = $2 or exists (
             select from core.guardianship k
              where k.school_id = $1 and k.pupil_id = cp.pupil_id and k.guardian_id = $2
                and k.from_date <= $4 and (k.to_date is null or k.to_date >= $4))))
)::text
  from core.person p where p.school_id = $1 and p.id = $2 and p.status <> 'erased'
"""

_card: Final = msgspec.json.Decoder(PersonCard)
_classes: Final = msgspec.json.Decoder(list[tuple[int, str]])


async def find_people(
    tx: Tenant, wanted: Search, year: int, today: date
) -> tuple[list[Found], int]:
    """Return a page of people in Kazakh order, and how many there are in all."""
    text = search_key(wanted.text).translate({ord("%"): None, ord("\\"): None})
    rows = await tx.fetch(
        _FIND,
        tx.school_id,
        text,
        wanted.account,
        None if wanted.roles is None else list(wanted.roles),
        wanted.homeroom,
        wanted.class_id,
        year,
        today,
        wanted.first,
    )
    people = [
        Found(
            id=row["id"],
            surname=row["surname"],
            given=row["given"],
            patronymic=row["patronymic"],
            account_id=row["account_id"],
            roles=list(row["roles"]),
            classes=_classes.decode(row["classes"]),
        )
        for row in rows
    ]
    return people, rows[0]["total"] if rows else 0


async def person_card(
    tx: Tenant, person: UUID, reader: UUID | None, today: date
) -> PersonCard | None:
    """Read one person's record; None when there is none in this school."""
    text = await tx.fetchval(_CARD, tx.school_id, person, reader, today)
    return None if text is None else _card.decode(text)


async def people_names(tx: Tenant, people: Collection[UUID]) -> dict[UUID, str]:
    """Return names by id."""
    rows = await tx.fetch(
        "select p.id, concat_ws(' ', p.surname, p.given) as name from core.person p "
        "where p.school_id = $1 and p.id = any($2::uuid[])",
        tx.school_id,
        list(people),
    )
    return {UUID(int=row["id"].int): row["name"] for row in rows}
