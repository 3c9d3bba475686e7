"""Read a week of lessons: of a class, a pupil or a teacher, each in one statement."""

from datetime import date
from typing import Final, Literal
from uuid import UUID

import msgspec

from kundelik_core.kernel.db import Tenant
from kundelik_core.schools.titles import Title, class_title

__all__ = ["DayOff", "Owner", "TimetableLesson", "TimetableWeek", "timetable_week"]

Owner = Literal["class", "pupil", "teacher"]


class TimetableLesson(msgspec.Struct, array_like=True, frozen=True):
    """One lesson of the week; ``usual`` tells whether its teacher is one of the group's own."""

    date: date
    slot: int
    begins: str
    ends: str
    room: str
    status: str
    group: UUID
    title: str
    subject: Title
    teacher: UUID | None
    surname: str | None
    given: str | None
    usual: bool


class DayOff(msgspec.Struct, array_like=True, frozen=True):
    """Days that are not like their weekday."""

    begins: date
    ends: date
    kind: str
    title: Title

    def holds(self, day: date) -> bool:
        """Tell whether a day is among them."""
        return self.begins <= day <= self.ends


class TimetableWeek(msgspec.Struct, frozen=True):
    """All that the page of a week shows."""

    owner: tuple[str, str] | None
    """Surname and given name; of a class its grade and letter."""
    week_days: int
    lessons: list[TimetableLesson]
    days_off: list[DayOff]
    alternates: bool = False
    """Whether the school has lessons that are held in every second week."""

    def class_name(self) -> str:
        """The name of the class whose week it is."""
        assert self.owner is not None
        return class_title(int(self.owner[0]), self.owner[1])


_WHOSE: Final[dict[Owner, str]] = {
    "teacher": "l.teacher_id = $2",
    "class": """l.group_id in (
       select gc.group_id from core.group_class gc where gc.school_id = $1 and gc.class_id = $2)""",
    "pupil": """l.group_id in (
       select m.group_id from core.group_pupil m
        where m.school_id = $1 and m.pupil_id = $2 and m.from_date <= $4
          and (m.to_date is null or m.to_date >= $3))""",
}
_NAME: Final[dict[Owner, str]] = {
    "teacher": "select json_build_array(n.surname, n.given) from core.person n "
    "where n.school_id = $1 and n.id = $2 and n.status <> 'erased'",
    "class": "select json_build_array(c.grade::text, c.letter) from core.school_class c "
    "where c.school_id = $1 and c.id = $2",
}
_NAME["pupil"] = _NAME["teacher"]

# $1 school, $2 class, pupil or teacher, $3 first day, $4 last day, $5 school year
_WEEK: Final = """
select json_build_object(
  'owner', ({name}),
  'week_days', coalesce((
    select y.week_days from core.school_year y where y.school_id = $1 and y.year = $5), 5),
  'alternates', exists (
    select from core.timetable_slot t
      join core.teaching_group tg on tg.school_id = t.school_id and tg.id = t.group_id
     where t.school_id = $1 and tg.year = $5 and t.week_cycle <> '' and t.from_date <= $4
       and (t.to_date is null or t.to_date >= $3)),
  'days_off', (
    select coalesce(json_agg(json_build_array(e.begins, e.ends, e.kind,
           json_build_object('kk', e.title_kk, 'ru', e.title_ru, 'en', e.title_en))
           order by e.begins, e.id), '[]')
      from core.calendar_exception e
     where e.school_id = $1 and e.begins <= $4 and e.ends >= $3 and e.grades is null),
  'lessons', (
    select coalesce(json_agg(json_build_array(l.date, l.slot, to_char(l.begins, 'HH24:MI'),
           to_char(l.ends, 'HH24:MI'), coalesce(nullif(l.room, ''), g.room), l.status, g.id,
           g.title,
           json_build_object('kk', s.title_kk, 'ru', s.title_ru, 'en', s.title_en),
           l.teacher_id, n.surname, n.given, exists (
             select from core.group_teacher t
              where t.school_id = $1 and t.group_id = g.id and t.teacher_id = l.teacher_id
                and not t.substitute and t.from_date <= l.date
                and (t.to_date is null or t.to_date >= l.date)))
           order by l.date, l.begins, l.slot, g.title), '[]')
      from core.lesson l
      join core.teaching_group g on g.school_id = l.school_id and g.id = l.group_id
      join core.subject s on s.school_id = g.school_id and s.id = g.subject_id
      left join core.person n on n.school_id = l.school_id and n.id = l.teacher_id
     where l.school_id = $1 and l.date between $3 and $4 and {whose})
)::text
"""
_SQL: Final = {
    owner: _WEEK.format(name=_NAME[owner], whose=whose) for owner, whose in _WHOSE.items()
}
_week: Final = msgspec.json.Decoder(TimetableWeek)


async def timetable_week(
    tx: Tenant, owner: Owner, whose: UUID, span: tuple[date, date], year: int
) -> TimetableWeek:
    """Read the lessons of a week; ``owner`` of the result is None when there is no such one."""
    return _week.decode(await tx.fetchval(_SQL[owner], tx.school_id, whose, *span, year))
