"""Work out exact places for staff, of today's results; families never see them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Any, Final
from uuid import UUID

from kundelik_core.sdk import Actor, PluginTx
from kundelik_rating.domain.measure import Scale
from kundelik_rating.domain.story import places
from kundelik_rating.settings import Options, offered

__all__ = ["Group", "Placed", "groups_of", "groups_of_student", "placed"]

Row = Mapping[str, Any]

_HEADS: Final = frozenset({"deputy", "director"})
# With the period in which a group is on the day $1: the last one that has begun.
_GROUPS: Final = """
  select g.group_id, g.title, g.subject_code, g.subject_kk, g.subject_ru, g.subject_en, p.period
    from core_api.group_v1 g
    cross join lateral (
           select p.period from core_api.period_v1 p
            where p.school_year = g.school_year and p.period like left(g.period_kind, 1) || '%'
              and p.begin_date <= $1 order by p.begin_date desc limit 1) p
"""
_TAUGHT: Final = """
  (select t.group_id from core_api.teaching_v1 t
    where t.staff_id = $2 and t.begin_date <= $1 and (t.end_date is null or t.end_date >= $1))
"""
_ATTENDED: Final = """
  (select e.group_id from core_api.enrolment_v1 e
    where e.kind = 'group' and e.student_id = $3
      and e.begin_date <= $1 and (e.end_date is null or e.end_date >= $1))
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """A teaching group in the period that runs."""

    id: UUID
    title: str
    subjects: Mapping[str, str]
    period: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """One pupil of a group, with the place that the result of today gives."""

    group: UUID
    student: UUID
    name: str
    place: int
    of: int
    result: Fraction
    scale: Scale


async def groups_of(tx: PluginTx, actor: Actor, today: date, options: Options) -> list[Group]:
    """Return the groups that somebody teaches."""
    rows = await tx.fetch(
        f"{_GROUPS} where g.group_id in {_TAUGHT} order by g.grade, g.title, g.subject_code",
        today,
        actor.person_id,
    )
    return _groups(rows, options)


async def groups_of_student(
    tx: PluginTx, actor: Actor, student: UUID, today: date, options: Options
) -> list[Group]:
    """Return the groups of a pupil: all for the heads, for others those that they teach."""
    near = f"and ($4 or g.group_id in {_TAUGHT})"
    rows = await tx.fetch(
        f"{_GROUPS} where g.group_id in {_ATTENDED} {near} order by g.subject_code",
        today,
        actor.person_id,
        student,
        not _HEADS.isdisjoint(actor.roles),
    )
    return _groups(rows, options)


async def placed(tx: PluginTx, groups: Sequence[Group], today: date) -> list[Placed]:
    """Return who is in which place, the best first; whose family is not counted is not there."""
    # Each view is read once, whole: it cannot be looked into from outside, row by row it is slow.
    rows = await tx.fetch(
        """
        with member as materialized (
          select distinct e.group_id, e.student_id from core_api.enrolment_v1 e
           where e.kind = 'group' and e.group_id = any($1::uuid[])
             and e.begin_date <= $3 and (e.end_date is null or e.end_date >= $3)
             and not exists (select from opt_out o
                              where o.student_id = e.student_id and o.until is null)),
        result as materialized (
          select r.group_id, r.period, r.student_id, r.rating_metric, r.scale_low, r.scale_high,
                 r.exact_numerator, r.exact_denominator
            from core_api.result_v1 r
           where r.group_id = any($1::uuid[]) and r.period = any($2::text[])
             and r.rating_metric in ('percent', 'mean_mark') and r.exact_numerator is not null),
        named as materialized (
          select s.student_id, s.family_name, s.given_name, s.sort_key
            from core_api.student_v1 s
           where s.student_id = any(array(select m.student_id from member m)))
        select r.*, s.family_name, s.given_name
          from result r
          join member m on m.group_id = r.group_id and m.student_id = r.student_id
          join named s on s.student_id = r.student_id
         order by s.sort_key
        """,
        [one.id for one in groups],
        [one.period for one in groups],
        today,
    )
    return [one for group in groups for one in _in_group(group, rows)]


def _groups(rows: Sequence[Row], options: Options) -> list[Group]:
    return [
        Group(
            id=row["group_id"],
            title=row["title"],
            subjects={locale: row[f"subject_{locale}"] for locale in ("kk", "ru", "en")},
            period=row["period"],
        )
        for row in rows
        if offered(row["subject_code"], options)
    ]


def _in_group(group: Group, rows: Sequence[Row]) -> list[Placed]:
    own = [row for row in rows if (row["group_id"], row["period"]) == (group.id, group.period)]
    results = {row["student_id"]: _exact(row) for row in own}
    where = places(results)
    found = [
        Placed(
            group=group.id,
            student=row["student_id"],
            name=f"{row['family_name']} {row['given_name']}",
            place=where[row["student_id"]],
            of=len(own),
            result=results[row["student_id"]],
            scale=_scale(row),
        )
        for row in own
    ]
    return sorted(found, key=lambda one: one.place)


def _exact(row: Row) -> Fraction:
    return Fraction(int(row["exact_numerator"]), int(row["exact_denominator"]))


def _scale(row: Row) -> Scale:
    if row["rating_metric"] == "percent":
        return Scale.percent()
    return Scale.marks(int(row["scale_low"]), int(row["scale_high"]))
