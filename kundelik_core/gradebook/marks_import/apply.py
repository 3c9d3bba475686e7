"""Bring a mark file into a school, step by step; the same file again changes nothing.

People, classes and groups come first, by the way of rosters; then the year's lessons of groups that
have none; then every group's marks and absences in a transaction of its own, as its teacher would
have saved them.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import date, datetime
from typing import Final
from uuid import UUID

import msgspec

from kundelik_core.gradebook.group_scheme import fixed_scheme, scheme_chooser
from kundelik_core.gradebook.journal.actions import LOCK
from kundelik_core.gradebook.markfile import MarkFile, MarkMapping, MarkRow
from kundelik_core.kernel import clock
from kundelik_core.kernel.audit import Doer
from kundelik_core.kernel.db import tenant
from kundelik_core.kernel.errors import Problem
from kundelik_core.kernel.i18n import N_
from kundelik_core.schools.actions.structure import open_year
from kundelik_core.schools.calendar import load_national, published_years
from kundelik_core.schools.roster.apply import FileFacts, apply, keep_run, look, look_new
from kundelik_core.schools.roster.apply_model import Options, Plan, SchemeFor
from kundelik_core.schools.roster.apply_queries import earlier_run
from kundelik_core.schools.roster.model import Roster, RowError, Where
from kundelik_core.schools.roster.report import Report

from .journal import GroupJob, GroupWriter, Tally
from .people import as_roster, group_key, pupil_key
from .timetable import ensure_lessons

__all__ = ["KIND", "Marks", "import_marks", "look_marks"]

KIND: Final = "marks"
Say = Callable[[str], None]


class Marks(msgspec.Struct, kw_only=True):
    """What an import did, or was found to have done before (``repeated``)."""

    plan: Plan | None = None
    lessons: int = 0
    groups: int = 0
    accounts: int = 0
    marks: Tally = msgspec.field(default_factory=Tally)
    absences: Tally = msgspec.field(default_factory=Tally)
    errors: list[RowError] = []
    repeated: datetime | None = None

    def summary(self) -> dict[str, dict[str, int]]:
        """The numbers, to be shown and kept."""
        told = self.plan.summary() if self.plan else {}
        return {
            **told,
            "marks": msgspec.structs.asdict(self.marks),
            "absences": msgspec.structs.asdict(self.absences),
        }


def _schemes(file: MarkFile) -> SchemeFor:
    if file.scheme:
        return fixed_scheme(file.scheme)
    return scheme_chooser(file.school_year, file.language)


async def look_marks(school_id: int | None, file: MarkFile, mapping: MarkMapping) -> Plan:
    """Say what the import would do to people, classes and groups, and write nothing.

    Without a school it is one that the import would make.

    Raises:
        Problem: no such school, year or scheme.
    """
    options = Options(year=file.school_year, today=clock.today(), scheme=_schemes(file))
    roster = as_roster(file, mapping)
    if school_id is None:
        return look_new(roster, options, file.school_name, file.language)
    return await look(school_id, roster, options)


async def import_marks(
    school_id: int,
    file: MarkFile,
    mapping: MarkMapping,
    doer: Doer,
    facts: FileFacts,
    say: Say = lambda _text: None,
) -> Marks:
    """Write a mark file into a school; ``say`` hears how far it has come.

    Raises:
        Problem: no such school, year or scheme, or the school has no periods of the scheme.
    """
    async with tenant(school_id) as tx:
        repeated = await earlier_run(tx, KIND, facts.digest)
    if repeated is not None:
        return Marks(repeated=repeated, errors=list(file.errors))
    year = file.school_year
    today = clock.today()
    if year in published_years():
        calendar = load_national(year)
        today = min(max(today, calendar.begins), calendar.ends)
    options = Options(year=year, today=today, scheme=_schemes(file))
    await _open_year(school_id, file, options.scheme)
    roster: Roster = as_roster(file, mapping)
    people = await apply(school_id, roster, options, doer, facts)
    plan = people.plan
    done = Marks(plan=plan, accounts=people.accounts, errors=[*file.errors, *plan.errors])
    say(f"{people.accounts} accounts")
    groups = list(dict.fromkeys(plan.group_ids.values()))
    async with tenant(school_id, write=True) as tx:
        done.lessons = await ensure_lessons(tx, groups, plan.new_classes, year, file.language)
    say(f"{done.lessons} lessons")
    report = Report()
    jobs = await _jobs(school_id, file, plan, report)
    for job in jobs:
        await _write(school_id, job, done, report, today)
        say(f"{done.groups} of {len(jobs)} groups, {done.marks.saved} marks")
    done.errors += report.finish()
    async with tenant(school_id, write=True) as tx:
        await keep_run(tx, doer, KIND, facts, done.summary())
    return done


async def _open_year(school_id: int, file: MarkFile, scheme: SchemeFor) -> None:
    """Open the year with the periods that the marks need; what a school has stays as it is."""
    grades = {pupil.grade for pupil in file.pupils.values()} or {1}
    kinds = {scheme(grade, subject).period_kind for grade in grades for subject in file.subjects}
    async with tenant(school_id, write=True) as tx:
        row = await tx.fetchrow(
            "select y.begins, y.ends, (select json_agg(p.code) from core.period p "
            "where p.school_id = $1 and p.year = $2)::text as codes "
            "from core.school_year y where y.school_id = $1 and y.year = $2",
            tx.school_id,
            file.school_year,
        )
        there = set(msgspec.json.decode(row["codes"] or "[]")) if row else set()
        if file.school_year not in published_years():
            if row is None:
                raise _no_periods(file)
            return
        calendar = load_national(file.school_year)
        wanted = [p.code for p in calendar.periods if p.kind in {*kinds, "year"}]
        missing = [code for code in wanted if code not in there]
        usual = row is None or (row["begins"], row["ends"]) == (calendar.begins, calendar.ends)
        if missing and usual:
            await open_year(tx, calendar, missing)
        elif missing:
            raise _no_periods(file)


def _no_periods(file: MarkFile) -> Problem:
    return Problem(
        "no-periods",
        N_("The school has no periods for the scheme %(scheme)s in %(year)s. Add them first."),
        status=422,
        params={"scheme": file.scheme, "year": f"{file.school_year}/{file.school_year + 1}"},
    )


async def _write(school_id: int, job: GroupJob, done: Marks, report: Report, today: date) -> None:
    async with tenant(school_id, write=True, lock=(LOCK, job.group)) as tx:
        writer = GroupWriter(tx, job, report, today)
        written = await writer.write()
    if not written:
        where = job.marks[0][1].source if job.marks else Where("", 0)
        report.error(
            where,
            "teacher_missing",
            N_("The group has no teacher, and marks are somebody's. Name the teacher of the "
               "subject in the mapping, or in the office."),
        )  # fmt: skip
        done.marks.wrong += len(job.marks)
        return
    done.groups += 1
    for total, part in ((done.marks, writer.marks), (done.absences, writer.absences)):
        total.saved += part.saved
        total.same += part.same
        total.wrong += part.wrong


async def _jobs(school_id: int, file: MarkFile, plan: Plan, report: Report) -> list[GroupJob]:
    """Sort marks and missed lessons by the group in whose journal they stand."""
    marks: dict[UUID, list[tuple[UUID, MarkRow]]] = defaultdict(list)
    groups_of: dict[str, set[UUID]] = defaultdict(set)
    for mark in file.marks:
        title = file.pupils[mark.pupil].class_title
        group = plan.group_ids.get(group_key(mark.subject, title))
        pupil = plan.ids.get(pupil_key(mark.pupil))
        # Why a pupil or a group is not there has been told with the roster.
        if group is not None and pupil is not None:
            marks[group].append((pupil, mark))
            groups_of[mark.pupil].add(group)
    for title, keys in file.classes.items():
        for subject in file.subjects:
            group = plan.group_ids.get(group_key(subject, title))
            if group is not None and file.layout == "wide":
                for key in keys:
                    groups_of[key].add(group)
    missed = await _missed(school_id, file, plan, groups_of, report)
    return [
        GroupJob(group=group, marks=marks.get(group, []), missed=missed.get(group, []))
        for group in dict.fromkeys([*marks, *missed])
    ]


async def _missed(
    school_id: int,
    file: MarkFile,
    plan: Plan,
    groups_of: dict[str, set[UUID]],
    report: Report,
) -> dict[UUID, list[tuple[UUID, UUID, str, Where]]]:
    """Spread missed lessons evenly over the lessons of a pupil; always over the same ones."""
    found: dict[UUID, list[tuple[UUID, UUID, str, Where]]] = defaultdict(list)
    if not file.absences:
        return found
    async with tenant(school_id) as tx:
        rows = await tx.fetch(
            "select l.group_id, l.id, l.date, p.code from core.lesson l "
            "join core.period p on p.school_id = l.school_id and p.year = $2 "
            "and l.date between p.begins and p.ends "
            "where l.school_id = $1 and l.group_id = any($3::uuid[]) and l.status <> 'cancelled' "
            "order by l.date, l.slot, l.group_id",
            tx.school_id,
            file.school_year,
            list(plan.group_ids.values()),
        )
    lessons: dict[tuple[UUID, str], list[tuple[date, UUID]]] = defaultdict(list)
    for row in rows:
        lessons[row["group_id"], row["code"]].append((row["date"], row["id"]))
    for absence in file.absences:
        pupil = plan.ids.get(pupil_key(absence.pupil))
        if pupil is None:
            continue
        mine = sorted(
            (day, lesson, group)
            for group in groups_of[absence.pupil]
            for day, lesson in lessons[group, absence.period]
        )
        if absence.count > len(mine):
            report.warning(
                absence.source,
                "more_absences_than_lessons",
                N_("The file tells of %(count)s missed lessons; the period has %(there)s."),
                value=str(absence.count),
                params={"count": absence.count, "there": len(mine)},
            )
        for index in _spread(min(absence.count, len(mine)), len(mine), absence.pupil):
            _, lesson, group = mine[index]
            found[group].append((lesson, pupil, absence.code, absence.source))
    return found


def _spread(count: int, lessons: int, key: str) -> Iterable[int]:
    """``count`` of ``lessons`` places, evenly, beginning elsewhere for each pupil."""
    if not count:
        return ()
    shift = int.from_bytes(hashlib.blake2b(key.encode(), digest_size=4).digest()) % lessons
    return ((place * lessons + shift) // count for place in range(count))
