"""Read who sits in a teaching group, and who of its classes could."""

from datetime import date
from typing import Final
from uuid import UUID

import msgspec

from kundelik_core.kernel.db import Tenant
from kundelik_core.schools.titles import Title

__all__ = ["GroupSeat", "GroupSeats", "group_seats"]

_SEATS: Final = """
with m as (
  select p.pupil_id from core.group_pupil p
   where p.school_id = $1 and p.group_id = $2 and p.from_date <= $3
     and (p.to_date is null or p.to_date >= $3)
), k as (
  select distinct on (cp.pupil_id) cp.pupil_id, c.grade, c.letter, cp.from_date,
         gc.class_id is not null as own
    from core.class_pupil cp
    join core.school_class c on c.school_id = cp.school_id and c.id = cp.class_id
    left join core.group_class gc on gc.school_id = c.school_id and gc.class_id = c.id
     and gc.group_id = $2
   where cp.school_id = $1 and cp.from_date <= $3 and (cp.to_date is null or cp.to_date >= $3)
     and (gc.class_id is not null or cp.pupil_id in (select m.pupil_id from m))
   order by cp.pupil_id, cp.from_date desc
)
select json_build_object(
  'title', g.title, 'subject', json_build_object('kk', s.title_kk, 'ru', s.title_ru,
      'en', s.title_en), 'status', g.status,
  'first', case when not exists (select from core.group_pupil u
                                  where u.school_id = $1 and u.group_id = g.id)
    then greatest(
      (select min(l.date) from core.lesson l where l.school_id = $1 and l.group_id = g.id),
      (select max(d.ends) + 1 from core.period d where d.school_id = $1 and d.year = g.year
          and d.state <> 'open' and d.code <> 'y')) end,
  'pupils', (
    select coalesce(json_agg(json_build_array(n.id, n.surname, n.given, coalesce(k.grade, 0),
           coalesce(k.letter, ''), n.id in (select m.pupil_id from m), (
             select coalesce(json_agg(o.title order by o.title), '[]')
               from core.group_pupil e
               join core.teaching_group o on o.school_id = e.school_id and o.id = e.group_id
              where e.school_id = $1 and e.pupil_id = n.id and o.id <> g.id
                and o.subject_id = g.subject_id and o.year = g.year and e.from_date <= $3
                and (e.to_date is null or e.to_date >= $3)), k.from_date)
           order by n.sort_key, n.id), '[]')
      from core.person n left join k on k.pupil_id = n.id
     where n.school_id = $1 and n.status <> 'erased'
       and (n.id in (select k.pupil_id from k) or n.id in (select m.pupil_id from m)))
)::text
  from core.teaching_group g
  join core.subject s on s.school_id = g.school_id and s.id = g.subject_id
 where g.school_id = $1 and g.id = $2
"""


class GroupSeat(msgspec.Struct, array_like=True, frozen=True):
    """A pupil who is in the group or could be; ``others`` are groups of the same subject."""

    id: UUID
    surname: str
    given: str
    grade: int
    letter: str
    here: bool
    others: list[str]
    since: date | None = None
    """From when they are in their class."""


class GroupSeats(msgspec.Struct, frozen=True):
    """A group, and the pupils of its classes."""

    title: str
    subject: Title
    status: str
    pupils: list[GroupSeat]
    first: date | None = None
    """The first lesson that can still be marked, of a group in which nobody has been yet."""

    def begins(self, one: GroupSeat, today: date) -> date:
        """From which day somebody who comes is in the group.

        Whoever says only in January who is in which half has said it for the lessons since
        September as well; later, a group changes from today on.
        """
        if self.first is None:
            return today
        return min(today, max(self.first, one.since or today))


_seats: Final = msgspec.json.Decoder(GroupSeats)


async def group_seats(tx: Tenant, group: UUID, day: date) -> GroupSeats | None:
    """Return who is in a group on a day, and who of its classes is not; None: no such group."""
    text = await tx.fetchval(_SEATS, tx.school_id, group, day)
    return None if text is None else _seats.decode(text)
