"""Read what a search finds in one school, in one statement, no more than its reader may open."""

from datetime import date
from typing import Any, Final, Literal
from uuid import UUID

import msgspec

from kundelik_core.gradebook.access import JOURNAL_STAFF, Viewer
from kundelik_core.gradebook.find.rules import FOLDED, LETTERS, Wanted
from kundelik_core.gradebook.journal.model import Titles
from kundelik_core.identity.model import STAFF_ROLES
from kundelik_core.kernel.db import Tenant
from kundelik_core.schools.access import LEADERS, people_reach
from kundelik_core.schools.titles import class_title

__all__ = [
    "MOST",
    "MOST_PEOPLE",
    "ClassName",
    "FoundClass",
    "FoundColleague",
    "FoundGuardian",
    "FoundJournal",
    "FoundPupil",
    "FoundThings",
    "find",
    "statement",
]

MOST: Final = 20
"""Lines of each kind; one more is read, to say that there are others."""

MOST_PEOPLE: Final = 200
"""Namesakes that are looked at: with more of them the search has to say more."""


class ClassName(msgspec.Struct, array_like=True, frozen=True):
    """A class by its name."""

    id: UUID
    grade: int
    letter: str

    @property
    def title(self) -> str:
        """Its name."""
        return class_title(self.grade, self.letter)


class FoundPupil(msgspec.Struct, array_like=True, frozen=True):
    """A pupil; ``own`` are those of the class that the reader leads."""

    id: UUID
    name: str
    school_class: ClassName | None
    own: bool


class FoundGuardian(msgspec.Struct, array_like=True, frozen=True):
    """A parent or guardian with the children that the reader may know of."""

    id: UUID
    name: str
    children: list[tuple[str, ClassName | None]]


class FoundColleague(msgspec.Struct, array_like=True, frozen=True):
    """Somebody who works here; ``roles`` for the school's leaders only."""

    id: UUID
    name: str
    roles: list[str]
    leads: list[ClassName]
    teaches: list[ClassName]


class FoundClass(msgspec.Struct, array_like=True, frozen=True):
    """A class and how many pupils it has today."""

    id: UUID
    grade: int
    letter: str
    pupils: int


class FoundJournal(msgspec.Struct, array_like=True, frozen=True):
    """A journal that the reader may open."""

    id: UUID
    title: str
    subject: Titles


class FoundThings(msgspec.Struct, frozen=True):
    """What was found, each kind in the order of its pages.

    ``people`` is how many have such a name, no more than one above MOST_PEOPLE.
    """

    people: int
    pupils: list[FoundPupil]
    guardians: list[FoundGuardian]
    colleagues: list[FoundColleague]
    classes: list[FoundClass]
    journals: list[FoundJournal]


# A longer number is no grade, and does not fit where grades are compared.
_DIGITS: Final = 3

_TODAY: Final = "{0}.from_date <= $7 and ({0}.to_date is null or {0}.to_date >= $7)"
_FOLD: Final = f"translate({{0}}, '{LETTERS}', '{FOLDED}')"
_NAME: Final = "concat_ws(' ', {0}.surname, {0}.given, nullif({0}.patronymic, ''))"
_CLASS_OF: Final = f"""
    select k.id, k.grade, k.letter, k.homeroom_id
      from core.class_pupil cp join klass k on k.id = cp.class_id
     where cp.school_id = $1 and cp.pupil_id = {{0}} and {_TODAY.format("cp")}
     order by cp.from_date desc limit 1
"""
_CLASS: Final = "json_build_array({0}.id, {0}.grade, {0}.letter)"
_OR_NONE: Final = "case when {0}.id is null then null else " + _CLASS + " end"
_WORKS: Final = f"""exists (
      select from core.membership m
       where m.school_id = $1 and m.person_id = n.id and m.role = any($10::text[])
         and {_TODAY.format("m")})"""
_FIRST: Final = (
    "(' ' || split_part(p.search_key, ' ', 1) || ' ' || split_part(p.search_key, ' ', 2))"
)
_LINES: Final = (
    "select coalesce(json_agg(x.line order by x.own desc, x.first, x.then), '[]') from ("
)

# $1 school, $2 patterns, $3 the same in Cyrillic, $4 whether names, $5 reader, $6 year, $7 today,
# $8 reach, $9 journals, $10 roles of staff, $11 whether the reader leads the school, $12 grades
_FIND: Final = f"""
with klass as materialized (
  select c.id, c.grade, c.letter, c.homeroom_id,
         ' ' || c.grade || ' ' || {_FOLD.format("c.letter")} || ' '
         || regexp_replace({_FOLD.format("c.letter")}, '[0-9]+', ' \\& ', 'g') || ' ' as words
    from core.school_class c where c.school_id = $1 and c.year = $6
), subj as materialized (
  select s.id, s.title_kk, s.title_ru, s.title_en,
         {_FOLD.format("concat_ws(' ', s.title_kk, s.title_ru, s.title_en)")} || ' ' as words
    from core.subject s where s.school_id = $1
), same as materialized (
  -- Who is called so comes before whose father is.
  select p.id, {_FIRST} like all($2::text[])
         or coalesce({_FIRST} like all($3::text[]), false) as own
    from core.person p
   where p.school_id = $1 and $4
     and (' ' || p.search_key like all($2::text[]) or ' ' || p.search_key like all($3::text[]))
   order by 2 desc limit {MOST_PEOPLE + 1}
), named as materialized (
  select p.id, same.own, p.sort_key, {_NAME.format("p")} as name
    from same join core.person p on p.school_id = $1 and p.id = same.id
   where p.status <> 'erased'
), staff as materialized (
  select n.id, n.own, n.sort_key, n.name from named n where {_WORKS}
   order by n.own desc, n.sort_key, n.id limit {3 * MOST}
), near as materialized (
  select g.id, g.title, g.grade, s.title_kk, s.title_ru, s.title_en, s.words
    from core.teaching_group g
    join subj s on s.id = g.subject_id
   where g.school_id = $1 and g.year = $6 and g.status = 'active' and $9 <> ''
     and ($12::smallint[] = '{{}}' or g.grade = any($12::smallint[]))
     -- What is in the name of no class has to be the subject's: so few groups are looked at.
     and ' ' || s.words like all(array(
           select w.pattern from unnest($2::text[]) w (pattern)
            where not exists (select from klass k where k.words like w.pattern)))
), groups as materialized (
  select g.id, g.title, g.grade, g.title_kk, g.title_ru, g.title_en
    from near g
   where (select bool_or(k.words || g.words like all($2::text[]))
            from core.group_class gc join klass k on k.id = gc.class_id
           where gc.school_id = $1 and gc.group_id = g.id)
     and ($9 = 'all'
          or exists (select from core.group_teacher t
                      where t.school_id = $1 and t.group_id = g.id and t.teacher_id = $5
                        and t.from_date <= $7
                        and (not t.substitute or t.to_date is null or t.to_date >= $7))
          or exists (select from core.group_class h join klass k on k.id = h.class_id
                      where h.school_id = $1 and h.group_id = g.id and k.homeroom_id = $5))
)
select json_build_object(
  'people', (select count(*) from same),
  'pupils', ({_LINES}
    select n.own, n.sort_key as first, n.id as then,
           json_build_array(n.id, n.name,
           {_OR_NONE.format("k")}, coalesce(k.homeroom_id = $5, false)) as line
      from named n left join lateral ({_CLASS_OF.format("n.id")}) k on true
     where k.id is not null or ($8 in ('everyone', 'families') and exists (
             select from core.membership m
              where m.school_id = $1 and m.person_id = n.id and m.role = 'pupil'
                and {_TODAY.format("m")}))
     order by 1 desc, 2, 3 limit {MOST + 1}) x),
  'guardians', ({_LINES}
    select n.own, n.sort_key as first, n.id as then,
           json_build_array(n.id, n.name, c.children) as line
      from named n cross join lateral (
        select json_agg(json_build_array(concat_ws(' ', p.surname, p.given), {_OR_NONE.format("k")})
                        order by p.sort_key) as children
          from core.guardianship g
          join core.person p on p.school_id = g.school_id and p.id = g.pupil_id
          left join lateral ({_CLASS_OF.format("g.pupil_id")}) k on true
         where g.school_id = $1 and g.guardian_id = n.id and {_TODAY.format("g")}
           and ($8 <> 'class' or k.homeroom_id = $5)) c
     where $8 <> '' and c.children is not null and not ($8 = 'families' and {_WORKS})
     order by 1 desc, 2, 3 limit {MOST + 1}) x),
  'colleagues', ({_LINES}
    select n.own, n.sort_key as first, n.id as then,
           json_build_array(n.id, n.name, case when $11 then (
             select coalesce(json_agg(m.role order by m.role), '[]') from core.membership m
              where m.school_id = $1 and m.person_id = n.id and m.role = any($10::text[])
                and {_TODAY.format("m")}) else '[]' end,
           coalesce(l.classes, '[]'), coalesce(t.classes, '[]')) as line
      from staff n
     cross join lateral (
        select json_agg({_CLASS.format("k")} order by k.grade, k.letter) as classes
          from klass k where k.homeroom_id = n.id) l
     cross join lateral (
        select json_agg({_CLASS.format("k")} order by k.grade, k.letter) as classes
          from klass k where k.id = any(array(
            select gc.class_id from core.group_class gc
             where gc.school_id = $1 and gc.group_id = any(array(
               select t.group_id from core.group_teacher t
                where t.school_id = $1 and t.teacher_id = n.id and {_TODAY.format("t")}))))) t
     where ($11 or l.classes is not null or t.classes is not null)
     order by 1 desc, 2, 3 limit {MOST + 1}) x),
  'classes', (
    select coalesce(json_agg(json_build_array(k.id, k.grade, k.letter, (
             select count(*) from core.class_pupil cp
              where cp.school_id = $1 and cp.class_id = k.id and {_TODAY.format("cp")}))
           order by k.grade, k.letter), '[]')
      from (select k.id, k.grade, k.letter from klass k
             where not $4 and k.words like all($2::text[])
             order by k.grade, k.letter limit {MOST + 1}) k),
  'journals', (
    select coalesce(json_agg(json_build_array(g.id, g.title,
           json_build_array(g.title_kk, g.title_ru, g.title_en))
           order by g.grade, g.title, g.title_kk, g.id), '[]')
      from (select * from groups order by grade, title, title_kk, id limit {MOST + 1}) g)
)::text
"""

_things: Final = msgspec.json.Decoder(FoundThings)


async def find(tx: Tenant, wanted: Wanted, viewer: Viewer, year: int, today: date) -> FoundThings:
    """Return what a search finds for one of the staff of a school."""
    if not wanted.words:  # no pattern would leave nobody out
        return FoundThings(0, [], [], [], [], [])
    text = await tx.fetchval(*statement(tx, wanted, viewer, year, today))
    return _things.decode(text)


def statement(
    tx: Tenant, wanted: Wanted, viewer: Viewer, year: int, today: date
) -> tuple[Any, ...]:
    """Return the statement of a search, then its arguments."""
    roles = viewer.roles
    return (
        _FIND,
        tx.school_id,
        list(wanted.patterns),
        # Null where they are the same: nothing is compared twice.
        list(wanted.latin) if wanted.latin != wanted.patterns else None,
        not wanted.has_number,
        viewer.person,
        year,
        today,
        people_reach(roles),
        _journals(roles),
        sorted(STAFF_ROLES),
        bool(roles & LEADERS),
        [int(word) for word in wanted.words if word.isdecimal() and len(word) < _DIGITS],
    )


def _journals(roles: frozenset[str]) -> Literal["", "own", "all"]:
    """Return whose journals may be opened; which of them exactly, the statement asks."""
    if roles & JOURNAL_STAFF:
        return "all"
    return "own" if roles & {"teacher", "homeroom"} else ""
