"""Read for whom slips with one-time codes may be printed together: the staff, or a class."""

from datetime import date
from typing import Final
from uuid import UUID

import msgspec

from kundelik_core.identity.model import STAFF_ROLES
from kundelik_core.kernel.db import Tenant
from kundelik_core.schools.titles import class_order, class_title

__all__ = ["Recipient", "class_choices", "class_people", "staff_people"]

_STAFF: Final = """
select p.id, p.account_id, p.surname, p.given, p.patronymic, p.sort_key as place, '' as child,
       array_agg(distinct m.role order by m.role) as roles
  from core.person p
  join core.membership m on m.school_id = p.school_id and m.person_id = p.id
 where p.school_id = $1 and p.status = 'active' and m.role = any($2::text[])
   and m.from_date <= $3 and (m.to_date is null or m.to_date >= $3)
 group by p.school_id, p.id order by place, p.id
"""
# A parent's slip lies behind that of the child, and once, however many children are in the class.
_CLASS: Final = """
with here as (
  select p.id, p.sort_key, concat_ws(' ', p.surname, p.given) as name
    from core.class_pupil x
    join core.person p on p.school_id = x.school_id and p.id = x.pupil_id
   where x.school_id = $1 and x.class_id = $2 and p.status = 'active'
     and x.from_date <= greatest($3, x.from_date) and (x.to_date is null or x.to_date >= $3)
), wanted as (
  select h.id, h.sort_key as place, 0 as part, '' as child, 'pupil' as role from here h
  union all
  select g.guardian_id, h.sort_key, 1, h.name, 'parent' from here h
    join core.guardianship g on g.school_id = $1 and g.pupil_id = h.id
     and g.from_date <= $3 and (g.to_date is null or g.to_date >= $3)
)
select p.id, p.account_id, p.surname, p.given, p.patronymic, min(w.place) as place,
       string_agg(w.child, ', ' order by w.place) as child, array_agg(distinct w.role) as roles
  from wanted w join core.person p on p.school_id = $1 and p.id = w.id and p.status = 'active'
 group by p.school_id, p.id order by min(w.place), min(w.part), p.id
"""


class Recipient(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody for whom a slip may be printed; ``child`` is whose parent they are in a class."""

    id: UUID
    account_id: UUID | None
    surname: str
    given: str
    patronymic: str
    child: str
    roles: frozenset[str]


async def staff_people(tx: Tenant, today: date) -> list[Recipient]:
    """Return those who work at the school today, in the order of the alphabet."""
    return _read(await tx.fetch(_STAFF, tx.school_id, sorted(STAFF_ROLES), today))


async def class_people(tx: Tenant, class_id: UUID, today: date) -> list[Recipient]:
    """Return the pupils of a class, and behind each their parents."""
    return _read(await tx.fetch(_CLASS, tx.school_id, class_id, today))


async def class_choices(tx: Tenant, year: int) -> list[tuple[UUID, str]]:
    """Return the classes of a year that have pupils, by id and name."""
    rows = await tx.fetch(
        "select c.id, c.grade, c.letter from core.school_class c "
        "where c.school_id = $1 and c.year = $2 and exists (select from core.class_pupil x "
        "where x.school_id = $1 and x.class_id = c.id)",
        tx.school_id,
        year,
    )
    ordered = sorted(rows, key=lambda row: class_order(row["grade"], row["letter"]))
    return [(UUID(int=row["id"].int), class_title(row["grade"], row["letter"])) for row in ordered]


def _read(rows: object) -> list[Recipient]:
    return [
        msgspec.convert(dict(row), Recipient, strict=False)
        for row in rows  # type: ignore[attr-defined]
    ]
