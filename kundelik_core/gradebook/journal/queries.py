"""Read journals: a page in one statement, the list of a teacher, a cell's history, what is new."""

from collections.abc import Collection
from datetime import date, datetime
from typing import Final
from uuid import UUID

import msgspec

from kundelik_core.gradebook.access import Teaching
from kundelik_core.gradebook.journal.model import (
    Change,
    JournalPage,
    SaveState,
    Titles,
    WholeState,
)
from kundelik_core.gradebook.journal.rules import Batch
from kundelik_core.gradebook.journal.statements import (
    LAST_WRITERS,
    PAGE,
    SAVE_STATE,
    VERSIONS,
    WHOLE_STATE,
)
from kundelik_core.gradebook.schemes.engine import PeriodResult
from kundelik_core.gradebook.schemes.model import GradingScheme
from kundelik_core.kernel.db import Tenant
from kundelik_core.kernel.names import sort_key

__all__ = [
    "FreshCell",
    "HistoryEntry",
    "JournalFacts",
    "JournalItem",
    "News",
    "history",
    "journal_facts",
    "journal_list",
    "journal_page",
    "journal_versions",
    "last_writers",
    "news",
    "save_state",
    "whole_state",
]

_page: Final = msgspec.json.Decoder(JournalPage)
_state: Final = msgspec.json.Decoder(SaveState)
_whole: Final = msgspec.json.Decoder(WholeState)


async def journal_page(
    tx: Tenant, group: UUID, period: str, today: date, person: UUID | None = None
) -> JournalPage:
    """Read a journal of one period; the period of ``today`` when none is named."""
    return _page.decode(await tx.fetchval(PAGE, tx.school_id, group, period, today, person))


async def journal_versions(tx: Tenant, group: UUID) -> tuple[int, int] | None:
    """Read how far the data of a journal have come: the version of the school, of the group."""
    row = await tx.fetchrow(VERSIONS, tx.school_id, group)
    return None if row is None else (row["school"], row["group"])


async def save_state(tx: Tenant, group: UUID, changes: list[Change]) -> SaveState:
    """Read all that these changes depend on, in one statement."""
    pupils = list({change.pupil for change in changes})
    return _state.decode(
        await tx.fetchval(SAVE_STATE, tx.school_id, group, *_asked(changes), pupils)
    )


async def whole_state(tx: Tenant, group: UUID, changes: list[Change]) -> WholeState:
    """Read the same of all pupils of the group, for the saves that follow."""
    return _whole.decode(await tx.fetchval(WHOLE_STATE, tx.school_id, group, *_asked(changes)))


def _asked(changes: list[Change]) -> tuple[list[UUID], ...]:
    """Return the columns of changes, each once, and the cell and id of every one."""
    columns = [change.column for change in changes]
    return (
        list(set(columns)),
        columns,
        [change.pupil for change in changes],
        [change.id for change in changes],
    )


async def last_writers(
    tx: Tenant, cells: Collection[tuple[UUID, UUID]]
) -> dict[tuple[UUID, UUID], tuple[datetime, str]]:
    """Read when and by whom each of these cells, column and pupil, was written last."""
    rows = await tx.fetch(
        LAST_WRITERS, tx.school_id, [cell[0] for cell in cells], [cell[1] for cell in cells]
    )
    return {(row["column_id"], row["pupil_id"]): (row["at"], row["by"]) for row in rows}


class JournalItem(msgspec.Struct, frozen=True):
    """One journal in somebody's list."""

    id: UUID
    grade: int
    title: str
    subject: Titles
    pupils: int
    mine: bool
    last: date | None


async def journal_list(
    tx: Tenant, person: UUID | None, year: int, today: date, *, everyone: bool
) -> list[JournalItem]:
    """List the journals that a person teaches, and with ``everyone`` all of the school."""
    rows = await tx.fetch(
        """
        select g.id, g.grade, g.title, s.title_kk, s.title_ru, s.title_en, t.mine,
               (select count(*) from core.group_pupil m
                 where m.school_id = $1 and m.group_id = g.id and m.from_date <= $4
                   and (m.to_date is null or m.to_date >= $4)) as pupils,
               (select max(l.date) from core.lesson l
                 where l.school_id = $1 and l.group_id = g.id and l.date <= $4
                     and l.status = 'held') as last
          from core.teaching_group g
          join core.subject s on s.school_id = g.school_id and s.id = g.subject_id
         cross join lateral (
               select exists (select from core.group_teacher t
                 where t.school_id = $1 and t.group_id = g.id and t.teacher_id = $2
                   and t.from_date <= $4 and (t.to_date is null or t.to_date >= $4)) as mine) t
         where g.school_id = $1 and g.year = $3 and g.status = 'active' and ($5 or t.mine)
         order by g.grade, g.title, s.position, s.code
        """,
        tx.school_id,
        person,
        year,
        today,
        everyone,
    )
    found = [
        JournalItem(
            id=row["id"],
            grade=row["grade"],
            title=row["title"],
            subject=Titles(row["title_kk"], row["title_ru"], row["title_en"]),
            pupils=row["pupils"],
            mine=row["mine"],
            last=row["last"],
        )
        for row in rows
    ]
    # Among classes of a grade, letters go in the Kazakh order.
    return sorted(found, key=lambda item: (item.grade, sort_key(item.title)))


class JournalFacts(msgspec.Struct, frozen=True):
    """What decides who may do what with a group, and by which scheme it is marked."""

    teachers: list[Teaching]
    homerooms: list[UUID]
    scheme_code: str
    scheme_version: int


async def journal_facts(tx: Tenant, group: UUID) -> JournalFacts | None:
    """Read who teaches a group; None when there is no such group."""
    text = await tx.fetchval(
        """
        select json_build_object(
          'scheme_code', g.scheme_code, 'scheme_version', g.scheme_version,
          'teachers', (
            select coalesce(json_agg(json_build_array(t.teacher_id, t.from_date, t.to_date,
                t.substitute)), '[]')
              from core.group_teacher t where t.school_id = $1 and t.group_id = $2),
          'homerooms', (
            select coalesce(json_agg(c.homeroom_id) filter (where c.homeroom_id is not null), '[]')
              from core.group_class gc
              join core.school_class c on c.school_id = gc.school_id and c.id = gc.class_id
             where gc.school_id = $1 and gc.group_id = $2))::text
          from core.teaching_group g where g.school_id = $1 and g.id = $2
        """,
        tx.school_id,
        group,
    )
    return None if text is None else msgspec.json.decode(text, type=JournalFacts)


class HistoryEntry(msgspec.Struct, frozen=True):
    """One change of a cell: who, when, what, why."""

    at: datetime
    by: str
    field: str
    old: str
    new: str
    reason: str


async def history(tx: Tenant, group: UUID, column: UUID, pupil: UUID) -> list[HistoryEntry]:
    """Read what happened to a cell of this group, the last hundred changes, oldest first."""
    rows = await tx.fetch(
        """
        select h.at, concat_ws(' ', n.surname, n.given) as by, h.field, h.old, h.new,
            coalesce(h.reason, '') as reason
          from core.cell_history h
          left join core.person n on n.school_id = h.school_id and n.id = h.actor_id
         where h.school_id = $1 and h.column_id = $3 and h.pupil_id = $4
           and (exists (select from core.lesson l where l.school_id = $1 and l.group_id = $2
               and l.id = $3)
                or exists (select from core.work w where w.school_id = $1 and w.group_id = $2
                    and w.id = $3))
         order by h.at desc, h.id desc limit 100
        """,
        tx.school_id,
        group,
        column,
        pupil,
    )
    return [HistoryEntry(**dict(row)) for row in reversed(rows)]


class FreshCell(msgspec.Struct, frozen=True):
    """A cell that somebody else has written."""

    column: UUID
    pupil: UUID
    value: str
    by: str
    at: datetime


class News(msgspec.Struct, frozen=True):
    """What others have written since somebody last asked, and what follows from it."""

    cells: list[FreshCell]
    results: dict[UUID, PeriodResult]
    scheme: GradingScheme


async def _changed(
    tx: Tenant, group: UUID, period: str, since: datetime
) -> list[tuple[UUID, UUID, datetime, str, UUID | None]]:
    """List the cells of a period changed after ``since``: column, pupil, when, by whom."""
    rows = await tx.fetch(
        """
        with g as (
          select g.year from core.teaching_group g where g.school_id = $1 and g.id = $2
        ), p as (
          select p.begins, p.ends from core.period p join g on p.year = g.year
           where p.school_id = $1 and p.code = $3
        ), c as (
          select m.work_id as column_id, m.pupil_id, m.work_id as told_in
            from core.work w join core.mark m on m.school_id = w.school_id and m.work_id = w.id
           where w.school_id = $1 and w.group_id = $2
             and w.date between (select p.begins from p) and (select p.ends from p)
             and m.changed_at > $4
          union
          select x.id, a.pupil_id, a.lesson_id
            from core.lesson l join core.absence a on a.school_id = l.school_id
                and a.lesson_id = l.id
            cross join lateral (
              select l.id
              union
              select w.id from core.work w
               where w.school_id = l.school_id and w.group_id = $2 and w.lesson_id = l.id
                 and w.date = l.date) x
           where l.school_id = $1 and l.group_id = $2
             and l.date between (select p.begins from p) and (select p.ends from p)
             and a.changed_at > $4
        )
        select c.column_id, c.pupil_id, h.at, concat_ws(' ', n.surname, n.given) as by, h.actor_id
          from c
          left join lateral (
            select h.at, h.actor_id from core.cell_history h
             where h.school_id = $1 and h.column_id = c.told_in and h.pupil_id = c.pupil_id
             order by h.at desc limit 1) h on true
          left join core.person n on n.school_id = $1 and n.id = h.actor_id
        """,
        tx.school_id,
        group,
        period,
        since,
    )
    return [
        (row["column_id"], row["pupil_id"], row["at"] or since, row["by"], row["actor_id"])
        for row in rows
    ]


async def news(
    tx: Tenant, group: UUID, period: str, since: datetime, *, person: UUID | None, locale: str
) -> News | None:
    """Read what others than ``person`` have written in a period; None when it is nothing."""
    fresh = [row for row in await _changed(tx, group, period, since) if row[4] != person]
    if not fresh:
        return None
    probes = [Change(id=row[0], column=row[0], pupil=row[1], value="") for row in fresh]
    state = await save_state(tx, group, probes)
    batch = Batch(state, locale)
    cells = []
    for column, pupil, at, by, _person in fresh:
        found = batch.find(column)
        if found is not None:
            shown = batch.show(found, batch.cell(found, pupil))
            cells.append(FreshCell(column, pupil, shown, by, at))
    known = any(item.code == period for item in batch.periods)
    pupils = {cell.pupil for cell in cells} if known else set()
    return News(cells, {pupil: batch.shown(pupil, period) for pupil in pupils}, batch.scheme)
