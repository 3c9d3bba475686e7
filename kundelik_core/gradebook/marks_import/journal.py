"""Write the marks of one imported group through the journal's own way of saving.

What a teacher has put into a cell is never overwritten: it comes back as a conflict of the row.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Final, NamedTuple
from uuid import UUID

import msgspec

from kundelik_core.gradebook.access import Viewer
from kundelik_core.gradebook.columns.actions import add_work
from kundelik_core.gradebook.columns.rules import WorkSpec
from kundelik_core.gradebook.journal.actions import save_cells
from kundelik_core.gradebook.journal.model import Change
from kundelik_core.gradebook.journal.rules import MOST_CHANGES
from kundelik_core.gradebook.markfile import PERIOD_MARK, MarkRow
from kundelik_core.gradebook.periods.actions import recompute, set_given_mark
from kundelik_core.gradebook.results import kind_of, scheme_of
from kundelik_core.gradebook.schemes.engine import mark_kind
from kundelik_core.gradebook.schemes.entry import absence_letters
from kundelik_core.gradebook.schemes.model import GradingScheme, KindSpec
from kundelik_core.kernel.db import Tenant
from kundelik_core.kernel.errors import Problem
from kundelik_core.kernel.i18n import N_
from kundelik_core.kernel.ids import new_id
from kundelik_core.schools.roster.model import Where
from kundelik_core.schools.roster.report import Report

__all__ = ["SOURCE", "GroupJob", "GroupWriter", "Tally"]

SOURCE: Final = "import"
_LOCALE: Final = "ru"


class Tally(msgspec.Struct):
    """What became of marks or absences."""

    saved: int = 0
    same: int = 0
    wrong: int = 0


class _Lesson(NamedTuple):
    id: UUID
    date: date


class _Span(NamedTuple):
    code: str
    begins: date
    ends: date


class _Work(NamedTuple):
    id: UUID
    kind: str
    title: str
    date: date


class GroupJob(msgspec.Struct, frozen=True, kw_only=True):
    """What a file brings for one group: marks by pupil, and lessons that pupils missed."""

    group: UUID
    marks: Sequence[tuple[UUID, MarkRow]]
    missed: Sequence[tuple[UUID, UUID, str, Where]]


class GroupWriter:
    """One group in its own locked transaction."""

    def __init__(self, tx: Tenant, job: GroupJob, report: Report, today: date) -> None:
        self.tx, self.job, self.report, self.today = tx, job, report, today
        self.marks, self.absences = Tally(), Tally()
        self.touched: set[str] = set()

    async def write(self) -> bool:
        """Write all of it; False when the group has no teacher in whose name it could be."""
        if not await self._read():
            return False
        changes: list[tuple[Change, Where]] = []
        for key, rows in self._columns().items():
            changes += await self._column(key, rows)
        await self._save(changes, self.marks)
        # After the marks: a work on the same lesson would show the absence in an empty cell.
        letters = absence_letters(_LOCALE)
        missed = [
            (_change(lesson, pupil, letters[code]), where)
            for lesson, pupil, code, where in self.job.missed
        ]
        await self._save(missed, self.absences)
        for code in sorted(self.touched):
            await recompute(self.tx, self.job.group, code)
        return True

    async def _read(self) -> bool:
        tx, group = self.tx, self.job.group
        row = await tx.fetchrow(
            """
            select g.scheme_code, g.scheme_version, t.teacher_id, p.account_id
              from core.teaching_group g
              join core.group_teacher t on t.school_id = g.school_id and t.group_id = g.id
              join core.person p on p.school_id = t.school_id and p.id = t.teacher_id
             where g.school_id = $1 and g.id = $2 and t.from_date <= $3
               and (t.to_date is null or t.to_date >= $3)
             order by t.substitute, t.from_date limit 1
            """,
            tx.school_id,
            group,
            self.today,
        )
        if row is None:
            return False
        self.scheme: GradingScheme = scheme_of(row["scheme_code"], row["scheme_version"])
        self.viewer = Viewer(
            account=row["account_id"] or row["teacher_id"],
            person=row["teacher_id"],
            roles=frozenset({"teacher"}),
        )
        await self._read_days()
        return True

    async def _read_days(self) -> None:
        tx, group = self.tx, self.job.group
        lessons = await tx.fetch(
            "select l.id, l.date from core.lesson l where l.school_id = $1 and l.group_id = $2 "
            "and l.status <> 'cancelled' order by l.date, l.slot",
            tx.school_id,
            group,
        )
        self.lessons = [_Lesson(row["id"], row["date"]) for row in lessons]
        spans = await tx.fetch(
            "select p.code, p.begins, p.ends from core.period p "
            "join core.teaching_group g on g.school_id = p.school_id and g.year = p.year "
            "and left(p.code, 1) = left(g.period_kind, 1) "
            "where p.school_id = $1 and g.id = $2 order by p.begins",
            tx.school_id,
            group,
        )
        self.spans = [_Span(row["code"], row["begins"], row["ends"]) for row in spans]
        works = await tx.fetch(
            "select w.id, w.kind, w.title, w.date from core.work w where w.school_id = $1 "
            "and w.group_id = $2 and w.status = 'active' and w.lesson_id is distinct from w.id",
            tx.school_id,
            group,
        )
        self.works = [_Work(r["id"], r["kind"], r["title"], r["date"]) for r in works]

    # ------------------------------------------------------------ columns

    def _columns(self) -> dict[WorkSpec | str, list[tuple[UUID, MarkRow]]]:
        """The marks by the column in which they belong; a spec's date is still missing."""
        found: dict[WorkSpec | str, list[tuple[UUID, MarkRow]]] = defaultdict(list)
        for pupil, mark in self.job.marks:
            kind = self._kind(mark)
            if kind is None or kind.per_lesson:
                found[mark.kind].append((pupil, mark))
                continue
            day = mark.date or self._default_day(mark)
            if day is None:
                self._wrong(mark.source, "no-period", N_("The group has no such period."), mark)
                continue
            top = "" if mark.maximum is None else format(mark.maximum, "f")
            found[WorkSpec(kind.code, mark.title, day, top)].append((pupil, mark))
        return found

    def _kind(self, mark: MarkRow) -> KindSpec | None:
        if mark.kind == PERIOD_MARK:
            return mark_kind(self.scheme)
        return kind_of(self.scheme, mark.kind)

    def _span(self, mark: MarkRow) -> _Span | None:
        if mark.period:
            return next((span for span in self.spans if span.code == mark.period), None)
        return next(
            (s for s in self.spans if mark.date and s.begins <= mark.date <= s.ends), None
        )  # fmt: skip

    def _days(self, mark: MarkRow) -> list[_Lesson]:
        span = self._span(mark)
        if span is None:
            return []
        return [lesson for lesson in self.lessons if span.begins <= lesson.date <= span.ends]

    def _default_day(self, mark: MarkRow) -> date | None:
        """Without a date a period's mark stands at its end, a work at a lesson of its own."""
        days = self._days(mark)
        if not days:
            return None
        if mark.kind == PERIOD_MARK:
            return days[-1].date
        others = {
            (other.kind, other.title): None
            for _, other in self.job.marks
            if other.period == mark.period and other.kind != PERIOD_MARK and other.date is None
        }
        place = list(others).index((mark.kind, mark.title)) + 1
        return days[place * len(days) // (len(others) + 1)].date

    async def _column(
        self, key: WorkSpec | str, rows: list[tuple[UUID, MarkRow]]
    ) -> list[tuple[Change, Where]]:
        if isinstance(key, WorkSpec):
            work = await self._work(key, rows)
            if work is None:
                return []
            return [(_change(work, pupil, mark.value), mark.source) for pupil, mark in rows]
        if key == PERIOD_MARK:
            await self._given(rows)
            return []
        kind = kind_of(self.scheme, key)
        if kind is None:
            for _, mark in rows:
                self._wrong(
                    mark.source,
                    "unknown-kind",
                    N_("The grading scheme does not know this kind of work."),
                    mark,
                )
            return []
        return self._in_lessons(rows)

    async def _work(self, spec: WorkSpec, rows: list[tuple[UUID, MarkRow]]) -> UUID | None:
        """The column of a work, which is planned unless it is there."""
        span = self._span(rows[0][1])
        dated = rows[0][1].date is not None
        for work in self.works:
            near = work.date == spec.date if dated else (
                span is not None and span.begins <= work.date <= span.ends
            )  # fmt: skip
            if (work.kind, work.title) == (spec.kind, spec.title) and near:
                return work.id
        made = new_id()
        try:
            await add_work(
                self.tx, self.viewer, self.job.group, made, spec,
                locale=_LOCALE, today=self.today,
            )  # fmt: skip
        except Problem as problem:
            for _, mark in rows:
                self._wrong(mark.source, problem.code, problem.message, mark, problem.params)
            return None
        self.works.append(_Work(made, spec.kind, spec.title, spec.date))
        return made

    def _in_lessons(self, rows: list[tuple[UUID, MarkRow]]) -> list[tuple[Change, Where]]:
        """Current marks stand in lessons: on their day, or one after the other."""
        by_day = {lesson.date: lesson for lesson in reversed(self.lessons)}
        taken: dict[tuple[UUID, str], int] = defaultdict(int)
        found = []
        for pupil, mark in rows:
            days = self._days(mark)
            if mark.date is not None:
                lesson = by_day.get(mark.date)
            else:
                place = taken[pupil, mark.period]
                taken[pupil, mark.period] += 1
                lesson = days[place] if place < len(days) else None
            if lesson is None:
                self._wrong(
                    mark.source,
                    "no-lesson",
                    N_("The group has no lesson on which this mark could stand."),
                    mark,
                )
                continue
            found.append((_change(lesson.id, pupil, mark.value), mark.source))
        return found

    # ------------------------------------------------------------ cells

    async def _given(self, rows: list[tuple[UUID, MarkRow]]) -> None:
        """Schemes without a column for it keep a period's mark beside the computed one."""
        for pupil, mark in rows:
            span = self._span(mark)
            try:
                if span is None:
                    raise Problem("no-period", N_("The group has no such period."))
                await set_given_mark(
                    self.tx, self.viewer, self.job.group, (pupil, span.code), mark.value,
                    "import", today=self.today,
                )  # fmt: skip
                self.marks.saved += 1
            except Problem as problem:
                self._wrong(mark.source, problem.code, problem.message, mark, problem.params)

    async def _save(self, changes: Sequence[tuple[Change, Where]], tally: Tally) -> None:
        for chunk in _chunks(changes, MOST_CHANGES):
            places = {change.id: (change, where) for change, where in chunk}
            done = await save_cells(
                self.tx,
                self.viewer,
                self.job.group,
                [change for change, _ in chunk],
                locale=_LOCALE,
                today=self.today,
                source=SOURCE,
            )
            for outcome in done.outcomes:
                change, where = places[outcome.id]
                if outcome.state == "saved":
                    tally.saved += 1
                elif outcome.state == "unchanged":
                    tally.same += 1
                else:
                    tally.wrong += 1
                    there = {"there": outcome.value, "value": change.value}
                    self.report.error(
                        where,
                        outcome.code or "cell_conflict",
                        outcome.message
                        or N_("The journal has %(there)s here; the file's %(value)s was left out."),
                        value=change.value,
                        params={**there, **outcome.params},
                    )
        days = {lesson.id: lesson.date for lesson in self.lessons}
        days |= {work.id: work.date for work in self.works}
        touched = {days[change.column] for change, _ in changes if change.column in days}
        self.touched |= {
            span.code for span in self.spans if any(span.begins <= d <= span.ends for d in touched)
        }

    def _wrong(
        self,
        where: Where,
        code: str,
        message: str,
        mark: MarkRow,
        params: Mapping[str, object] | None = None,
    ) -> None:
        self.marks.wrong += 1
        self.report.error(where, code, message, value=mark.value, params=params)


def _change(column: UUID, pupil: UUID, value: str) -> Change:
    return Change(id=new_id(), column=column, pupil=pupil, value=value)


def _chunks(
    rows: Sequence[tuple[Change, Where]], size: int
) -> Iterable[Sequence[tuple[Change, Where]]]:
    return (rows[start : start + size] for start in range(0, len(rows), size))
