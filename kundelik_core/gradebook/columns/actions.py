"""Write the columns of a journal: lessons with topic and homework, and summative works.

What is not a cell leaves its trace in the audit log, in the same statement.
"""

from datetime import date, time
from typing import Final
from uuid import UUID

import msgspec

from kundelik_core.gradebook.access import Teaching, Viewer, journal_right, need_write, not_found
from kundelik_core.gradebook.columns.queries import column_facts, lesson_texts
from kundelik_core.gradebook.columns.rules import (
    Facts,
    WorkSpec,
    check_day,
    check_work,
    open_period,
    parse_max,
)
from kundelik_core.gradebook.events import tell_homework, tell_voided
from kundelik_core.gradebook.periods.actions import recompute
from kundelik_core.gradebook.results import kind_of, scheme_of
from kundelik_core.gradebook.schemes.exact import plain
from kundelik_core.kernel import clock
from kundelik_core.kernel.db import Tenant
from kundelik_core.kernel.errors import Problem
from kundelik_core.kernel.i18n import N_
from kundelik_core.kernel.ids import new_id

__all__ = ["LessonPage", "add_lesson", "add_work", "edit_work", "save_lesson", "void_work"]

_LONGEST_TOPIC: Final = 500
_LONGEST_HOMEWORK: Final = 2000


_WRITE_TEXT: Final = """
with t as (
  update core.lesson l
     set topic = $4, status = case when $4 <> '' and l.status = 'planned' then 'held'
                                   else l.status end
   where l.school_id = $1 and l.group_id = $2 and l.id = $3 and $4 <> $7
), h as (
  update core.lesson l set homework = $5
   where l.school_id = $1 and l.group_id = $2 and l.id = $6 and $5 <> $8
)
insert into core.audit_log
  (school_id, at, id, account_id, person_id, action, entity, entity_id, before, after)
values ($1, $9, $10, $11, $12, 'lesson.text', 'lesson', $13,
        json_build_object('topic', $7::text, 'homework', $8::text)::jsonb,
        json_build_object('topic', $4::text, 'homework', $5::text)::jsonb)
"""


_WRITE_LESSON: Final = """
with l as (
  insert into core.lesson (school_id, id, group_id, date, slot, begins, ends, teacher_id)
  values ($1, $2, $3, $4, $5, $6, $7, $8)
  on conflict (school_id, id) do nothing
)
insert into core.audit_log
  (school_id, at, id, account_id, person_id, action, entity, entity_id, after)
values ($1, $9, $10, $11, $8, 'lesson.add', 'lesson', $12,
        json_build_object('date', $4::date, 'slot', $5::int)::jsonb)
"""


class LessonPage(msgspec.Struct, frozen=True):
    """Topic of a lesson and the homework given in it."""

    topic: str
    homework: str


async def save_lesson(
    tx: Tenant,
    viewer: Viewer,
    group: UUID,
    lesson: UUID,
    wanted: LessonPage,
    base: LessonPage,
    *,
    today: date,
) -> LessonPage:
    """Write topic and homework; homework goes to the lesson for which it is due.

    Raises:
        Problem: 409 with both texts when somebody else wrote meanwhile; or it may not be written.
    """
    found = await lesson_texts(tx, group, lesson)
    if found is None:
        raise not_found()
    teachings = [Teaching(*item) for item in found.teachers]
    need_write(journal_right(viewer, teachings, (), today))
    _check_texts(wanted, found.state)
    now = LessonPage(found.topic, found.homework)
    new = LessonPage(_clean(wanted.topic), _clean(wanted.homework, lines=True))
    if new == now:
        return now
    _check_base(now, new, base, found.next)
    await tx.execute(
        _WRITE_TEXT,
        tx.school_id,
        group,
        lesson,
        new.topic,
        new.homework,
        found.next,
        now.topic,
        now.homework,
        clock.now(),
        new_id(),
        viewer.account,
        viewer.person,
        str(lesson),
    )
    if found.next is not None and new.homework != now.homework:
        await tell_homework(tx, viewer.person, group, found.next)
    return new


def _check_base(now: LessonPage, new: LessonPage, base: LessonPage, after: UUID | None) -> None:
    """Refuse to write over what the writer has not seen, or where there is no place."""
    for field in ("topic", "homework"):
        there, mine = getattr(now, field), getattr(new, field)
        if there not in {mine, _clean(getattr(base, field), lines=field == "homework")}:
            raise Problem(
                "lesson-changed",
                N_("Somebody else wrote here meanwhile. Both texts are kept: choose one."),
                status=409,
                field=field,
                extra={"theirs": msgspec.to_builtins(now), "yours": msgspec.to_builtins(new)},
            )
    if new.homework != now.homework and after is None:
        raise Problem(
            "no-next-lesson",
            N_("There is no lesson after this one yet, so its homework has nowhere to go."),
            status=409,
            field="homework",
        )


def _clean(text: str, *, lines: bool = False) -> str:
    """Take away what cannot be kept and what nobody sees."""
    kept = text.replace("\0", "").replace("\r\n", "\n")
    return kept.strip() if lines else " ".join(kept.split())


def _check_texts(wanted: LessonPage, state: str | None) -> None:
    if state is not None and state != "open":
        raise Problem(
            "period-closed", N_("The period is closed. Its marks no longer change."), status=409
        )
    for field, text, most in (
        ("topic", wanted.topic, _LONGEST_TOPIC),
        ("homework", wanted.homework, _LONGEST_HOMEWORK),
    ):
        if len(text) > most:
            raise Problem(
                "text-too-long", N_("At most %(most)s characters."), status=422,
                params={"most": most}, field=field,
            )  # fmt: skip


async def _facts(tx: Tenant, viewer: Viewer, group: UUID, day: date, today: date) -> Facts:
    facts = await column_facts(tx, group, day)
    if facts is None:
        raise not_found()
    need_write(journal_right(viewer, facts.teachers, facts.homerooms, today))
    return facts


async def add_lesson(
    tx: Tenant,
    viewer: Viewer,
    group: UUID,
    lesson: UUID,
    day: date,
    slot: int,
    *,
    locale: str,
    today: date,
) -> None:
    """Add a lesson outside the timetable; the same id again changes nothing.

    Raises:
        Problem: the day is a holiday (it says which), or the place is taken.
    """
    facts = await _facts(tx, viewer, group, day, today)
    check_day(facts, day, locale)
    if any(item.id == lesson for item in facts.lessons):
        return
    if any(item.slot == slot for item in facts.lessons):
        raise Problem(
            "lesson-exists",
            N_("The group has a lesson at that time already."),
            status=409,
            field="slot",
        )
    times = next(((b, e) for n, b, e in facts.bells if n == slot), None)
    if times is None:
        raise Problem(
            "no-bell",
            N_("The bell schedule of the class has no lesson number %(slot)s."),
            status=422,
            params={"slot": slot},
            field="slot",
        )
    await tx.execute(
        _WRITE_LESSON,
        tx.school_id,
        lesson,
        group,
        day,
        slot,
        time.fromisoformat(times[0]),
        time.fromisoformat(times[1]),
        viewer.person,
        clock.now(),
        new_id(),
        viewer.account,
        str(lesson),
    )


async def add_work(
    tx: Tenant,
    viewer: Viewer,
    group: UUID,
    work: UUID,
    spec: WorkSpec,
    *,
    locale: str,
    today: date,
) -> None:
    """Plan a summative work; the same id again changes nothing.

    Raises:
        Problem: the day, the maximum or the number of works is not allowed.
    """
    facts = await _facts(tx, viewer, group, spec.date, today)
    if any(item.id == work and item.group == group for item in facts.works):
        return
    period = check_day(facts, spec.date, locale)
    scheme = scheme_of(facts.scheme_code, facts.scheme_version)
    kind = check_work(scheme, facts, group, spec)
    await _write_work(
        tx, viewer, group, work, spec, "work.add", _lesson_of(facts),
        parse_max(kind, facts.grade, spec.max),
    )  # fmt: skip
    await recompute(tx, group, period.code)


def _lesson_of(facts: Facts) -> UUID | None:
    """Give the lesson on which a work of that day is written."""
    return next((item.id for item in facts.lessons if item.status != "cancelled"), None)


async def edit_work(
    tx: Tenant,
    viewer: Viewer,
    group: UUID,
    work: UUID,
    spec: WorkSpec,
    *,
    locale: str,
    today: date,
) -> None:
    """Change the title, day or maximum of a work, and every result that rests on it.

    Raises:
        Problem: it is not there, a mark is above the new maximum, or as for a new one.
    """
    facts = await _facts(tx, viewer, group, spec.date, today)
    old = next((item for item in facts.works if item.id == work and item.group == group), None)
    if old is None or old.status != "active":
        raise not_found()
    before = open_period(facts, old.date)
    period = check_day(facts, spec.date, locale)
    scheme = scheme_of(facts.scheme_code, facts.scheme_version)
    wanted = msgspec.structs.replace(spec, kind=old.kind)
    kind = check_work(scheme, facts, group, wanted, own=work)
    top = parse_max(kind, facts.grade, spec.max)
    if top is not None and old.highest is not None and old.highest > top:
        raise Problem(
            "max-below-marks",
            N_("Somebody has %(points)s points already; the maximum cannot be lower."),
            status=422,
            params={"points": plain(old.highest)},
            field="max",
        )
    same_day = any(item.id == old.lesson and item.status != "cancelled" for item in facts.lessons)
    lesson = old.lesson if same_day else _lesson_of(facts)
    await _write_work(tx, viewer, group, work, wanted, "work.edit", lesson, top)
    for code in sorted({before.code, period.code}):
        await recompute(tx, group, code)


async def _write_work(
    tx: Tenant,
    viewer: Viewer,
    group: UUID,
    work: UUID,
    spec: WorkSpec,
    action: str,
    lesson: UUID | None,
    top: object,
) -> None:
    await tx.execute(
        """
        with o as (
          select w.title, w.date, w.max_points from core.work w
           where w.school_id = $1 and w.id = $2 and w.group_id = $3
        ), w as (
          insert into core.work as t
            (school_id, id, group_id, lesson_id, kind, date, title, max_points)
          values ($1, $2, $3, $4, $5, $6, $7, $8)
          on conflict (school_id, id) do update
             set lesson_id = excluded.lesson_id, date = excluded.date, title = excluded.title,
                 max_points = excluded.max_points
           where t.group_id = $3
        ), m as (
          update core.mark m set date = $6
           where m.school_id = $1 and m.work_id = $2 and m.date <> $6
        )
        insert into core.audit_log
          (school_id, at, id, account_id, person_id, action, entity, entity_id, before, after)
        values ($1, $9, $10, $11, $12, $13, 'work', $14,
                (select json_build_object('title', o.title, 'date', o.date, 'max', o.max_points)
                   from o)::jsonb,
                json_build_object('title', $7::text, 'date', $6::date, 'max', $8::numeric)::jsonb)
        """,
        tx.school_id,
        work,
        group,
        lesson,
        spec.kind,
        spec.date,
        _clean(spec.title),
        top,
        clock.now(),
        new_id(),
        viewer.account,
        viewer.person,
        action,
        str(work),
    )


async def void_work(
    tx: Tenant,
    viewer: Viewer,
    group: UUID,
    work: UUID,
    reason: str,
    *,
    today: date,
) -> None:
    """Take a work out of the journal; its marks stay in the history and count no more.

    Raises:
        Problem: it is not there, or its period is closed.
    """
    facts = await _facts(tx, viewer, group, today, today)
    old = next((item for item in facts.works if item.id == work and item.group == group), None)
    if old is None:
        raise not_found()
    kind = kind_of(scheme_of(facts.scheme_code, facts.scheme_version), old.kind)
    if kind is not None and kind.per_lesson:
        # It is there as long as its lesson is.
        raise not_found()
    if old.status == "void":
        return
    period = open_period(facts, old.date)
    await tx.execute(
        """
        with w as (
          update core.work w set status = 'void'
           where w.school_id = $1 and w.id = $2 and w.group_id = $3
        )
        insert into core.audit_log
          (school_id, at, id, account_id, person_id, action, entity, entity_id, reason)
        values ($1, $4, $5, $6, $7, 'work.void', 'work', $8, nullif($9, ''))
        """,
        tx.school_id,
        work,
        group,
        clock.now(),
        new_id(),
        viewer.account,
        viewer.person,
        str(work),
        _clean(reason),
    )
    await tell_voided(tx, viewer.person, group, work)
    await recompute(tx, group, period.code)
