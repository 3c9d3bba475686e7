"""Look at what a timetable would change in a school, or write all of it in one transaction.

plan = await look_timetable(school_id, file, options)                     # writes nothing
done = await apply_timetable(school_id, file, options, doer, facts)       # writes
"""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Iterable
from decimal import Decimal
from typing import Final
from uuid import UUID

import msgspec

from kundelik_core.gradebook.schemes.catalogue import builtin, choose, default
from kundelik_core.kernel.audit import Doer
from kundelik_core.kernel.db import Tenant, tenant
from kundelik_core.kernel.errors import Problem
from kundelik_core.kernel.i18n import N_
from kundelik_core.schools import curriculum
from kundelik_core.schools.actions import classes, people, timetable
from kundelik_core.schools.actions.directory import follow
from kundelik_core.schools.roster.apply import FileFacts, keep_run
from kundelik_core.schools.roster.apply_model import Scheme
from kundelik_core.schools.timetable import Slot, expand
from kundelik_core.schools.timetable_file.model import TimetablePlan, TimetableState
from kundelik_core.schools.timetable_file.plan import SOURCE, plan_timetable
from kundelik_core.schools.timetable_file.queries import read_slots, staff_logins, timetable_state
from kundelik_core.schools.timetable_file.reader import TimetableFile

from .actions import LessonKey, move_lessons, remove_lessons

__all__ = ["Options", "TimetableDone", "apply_timetable", "look_timetable"]

_DAY: Final = dt.timedelta(days=1)


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """What whoever imports decides besides the file; without a day the week counts from today."""

    year: int
    today: dt.date
    day: dt.date | None = None


class TimetableDone(msgspec.Struct, kw_only=True):
    """What an import did: lessons made, taken away, given another teacher or room, kept."""

    plan: TimetablePlan
    lessons: int = 0
    removed: int = 0
    moved: int = 0
    kept: int = 0


async def look_timetable(school_id: int, file: TimetableFile, options: Options) -> TimetablePlan:
    """Say what a timetable would change, and write nothing.

    Raises:
        Problem: no such year, or the day lies in a closed period.
    """
    async with tenant(school_id) as tx:
        state = await timetable_state(tx, options.year, options.today)
        await _slots(tx, state, options)
    state.staff = await staff_logins(state.staff)
    return await _plan(file, state, options)


async def apply_timetable(
    school_id: int, file: TimetableFile, options: Options, doer: Doer, facts: FileFacts
) -> TimetableDone:
    """Write the timetable of the classes whose rows are right, in one transaction.

    The same file a second time changes nothing.

    Raises:
        Problem: no such year, or the day lies in a closed period.
    """
    async with tenant(school_id) as tx:
        before = await timetable_state(tx, options.year, options.today)
    logins = {person.id: person.login for person in await staff_logins(before.staff)}
    async with tenant(school_id, write=True) as tx:
        # One import at a time: a second one waits here, and reads what this one has written.
        await tx.fetchval(
            "select y.year from core.school_year y where y.school_id = $1 and y.year = $2 "
            "for no key update",
            tx.school_id,
            options.year,
        )
        state = await timetable_state(tx, options.year, options.today)
        await _slots(tx, state, options)
        state.staff = [
            msgspec.structs.replace(person, login=logins.get(person.id, ""))
            for person in state.staff
        ]
        plan = await _plan(file, state, options)
        done = TimetableDone(plan=plan)
        await _write_groups(tx, plan, doer)
        await _write_week(tx, plan, doer)
        await _write_lessons(tx, done, state)
        if plan.has_changes or done.lessons or done.removed or done.moved:
            await keep_run(tx, doer, SOURCE, facts, plan.summary())
    if plan.memberships:
        await follow(school_id, {row.person_id for row in plan.memberships})
    return done


async def _slots(tx: Tenant, state: TimetableState, options: Options) -> None:
    day = options.day or options.today
    day = min(max(day, state.calendar.begins), state.calendar.ends)
    if state.closed_until is not None and day <= state.closed_until:
        raise Problem(
            "period-closed",
            N_("Lessons up to %(date)s are closed. Let the timetable count from a later day."),
            status=409,
            params={"date": state.closed_until},
        )
    await read_slots(tx, state, day)


async def _plan(file: TimetableFile, state: TimetableState, options: Options) -> TimetablePlan:
    def scheme(grade: int, subject: str, language: str, hours: Decimal) -> Scheme:
        return _scheme(options.year, grade, subject, language, hours)

    day = options.day or options.today
    # A large school has a thousand rows, and other people's pages should not wait for them.
    return await asyncio.to_thread(plan_timetable, file, state, day, scheme)


def _scheme(year: int, grade: int, subject: str, language: str, hours: Decimal) -> Scheme:
    """The scheme of a new journal: by the country's hours, or the week's own where it has none."""
    component = "variative"
    if subject in curriculum.subjects():
        component = curriculum.subjects()[subject].component
    if 1 <= grade <= 11:
        for line in curriculum.plan(grade, language):
            if line.subject.code == subject:
                hours = line.hours
    key = choose(
        grade=grade, subject_code=subject, hours_per_week=hours, component=component, year=year
    )
    found = builtin()[key] if key else default()
    return Scheme(found.code, found.version, found.period_kind)


async def _write_groups(tx: Tenant, plan: TimetablePlan, doer: Doer) -> None:
    if plan.national_subjects:
        await classes.ensure_subjects(tx, plan.national_subjects)
    codes = await classes.write_subjects(tx, [])
    await classes.write_groups(
        tx,
        [
            classes.GroupRow(
                id=group.id,
                year=plan.year,
                subject_id=codes[group.subject],
                title=group.title,
                grade=group.grade,
                scheme_code=group.scheme.code,
                scheme_version=group.scheme.version,
                period_kind=group.scheme.period_kind,
                hours_per_week=group.hours,
                source=SOURCE,
                source_id=group.source_id,
            )
            for group in plan.groups
        ],
    )
    await classes.write_group_classes(
        tx, [(group.id, key) for group in plan.groups for key in group.class_ids]
    )
    await people.write_memberships(tx, plan.memberships)
    await classes.end_group_teachers(tx, doer, plan.ended_teachers, plan.begins - _DAY)
    await classes.write_group_teachers(tx, plan.group_teachers)
    await classes.write_group_pupils(tx, plan.group_pupils)


async def _write_week(tx: Tenant, plan: TimetablePlan, doer: Doer) -> None:
    await timetable.end_slots(tx, doer, plan.ended_slots, plan.begins - _DAY)
    await timetable.write_slots(tx, plan.slots)


async def _write_lessons(tx: Tenant, done: TimetableDone, state: TimetableState) -> None:
    plan = done.plan

    def days(slots: Iterable[Slot]) -> dict[LessonKey, tuple[UUID | None, str]]:
        found = expand(
            slots, state.calendar, state.bells, plan.begins, plan.ends,
            lambda group: plan.grades.get(_id(group)),
        )  # fmt: skip
        return {
            LessonKey(_id(one.group), one.date, one.lesson): (
                None if one.teacher is None else _id(one.teacher),
                str(one.room or ""),
            )
            for one in found
        }

    week = days(plan.week)
    done.removed, done.kept = await remove_lessons(
        tx, [key for key in days(plan.old_week) if key not in week]
    )
    moved = [(key, *what) for key, what in days(plan.changed_week).items()]
    done.moved = await move_lessons(tx, moved)
    done.lessons = await timetable.plan_lessons(
        tx, plan.week, state.calendar, state.bells, plan.begins, plan.ends, plan.grades
    )


def _id(key: object) -> UUID:
    if not isinstance(key, UUID):
        raise TypeError(f"a slot of the database has ids for keys, not {key!r}")
    return key
