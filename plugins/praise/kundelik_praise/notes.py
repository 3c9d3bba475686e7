"""Keep notes: write, take back, list, archive, clear; every statement of the plugin's own table."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from kundelik_core.sdk import Json, PluginContext, PluginTx
from kundelik_praise.domain import ARCHIVE_DAYS, TITLES, months_before
from kundelik_praise.people import names, subjects

__all__ = ["Note", "archive_left", "clear", "described", "of_student", "take_back", "write"]

Row = Mapping[str, Any]

_COLUMNS = "id, student_id, author_id, kind, group_id, body, day"


@dataclass(frozen=True, kw_only=True)
class Note:
    """A note to be written."""

    id: UUID
    student_id: UUID
    author_id: UUID
    kind: str
    group_id: UUID | None
    body: str
    day: date
    written_at: datetime


async def write(tx: PluginTx, school_id: int, note: Note) -> None:
    """Keep a note; the same one sent twice is kept once."""
    await tx.execute(
        """
        insert into note (school_id, id, student_id, author_id, kind, group_id, body, day,
                          written_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9) on conflict (school_id, id) do nothing
        """,
        school_id,
        note.id,
        note.student_id,
        note.author_id,
        note.kind,
        note.group_id,
        note.body,
        note.day,
        note.written_at,
    )


async def written_on(tx: PluginTx, author: UUID, day: date) -> int:
    """Return how many notes somebody has written on a day."""
    found = await tx.fetchval(
        "select count(*) from note where author_id = $1 and day = $2", author, day
    )
    return int(found or 0)


async def take_back(tx: PluginTx, note: UUID, author: UUID | None) -> UUID | None:
    """Delete a note, only the author's own if one is named; return whose it was."""
    row = await tx.fetchrow(
        "delete from note where id = $1 and ($2::uuid is null or author_id = $2) "
        "returning student_id",
        note,
        author,
    )
    return row["student_id"] if row else None


async def of_student(
    tx: PluginTx, student: UUID, first: date, last: date, *, most: int = 300
) -> Sequence[Row]:
    """Return the notes to a pupil within some days, the latest first."""
    return await tx.fetch(
        f"select {_COLUMNS} from note where student_id = $1 and day between $2 and $3 "
        "order by day desc, written_at desc limit $4",
        student,
        first,
        last,
        most,
    )


async def of_author(tx: PluginTx, author: UUID, most: int = 100) -> Sequence[Row]:
    """Return what somebody has written, the latest first."""
    return await tx.fetch(
        f"select {_COLUMNS} from note where author_id = $1 and student_id is not null "
        "and archived_on is null order by day desc, written_at desc limit $2",
        author,
        most,
    )


async def of_students(tx: PluginTx, ids: Collection[UUID], first: date) -> Sequence[Row]:
    """Return the notes to several pupils since a day, the latest first."""
    return await tx.fetch(
        f"select {_COLUMNS} from note where student_id = any($1::uuid[]) and day >= $2 "
        "order by day desc, written_at desc",
        list(ids),
        first,
    )


async def described(
    ctx: PluginContext, tx: PluginTx, rows: Sequence[Row], *, mine: UUID | None = None
) -> list[dict[str, Json]]:
    """Return notes as pages show them, with names and subjects in the reader's language."""
    if not rows:
        return []
    locale = ctx.i18n.locale
    who = await names(tx, {row["author_id"] for row in rows if row["author_id"]})
    groups = {row["group_id"] for row in rows if row["group_id"]}
    about = await subjects(tx, groups, locale) if groups else {}
    return [
        {
            "id": str(row["id"]),
            "student": str(row["student_id"]),
            "kind": row["kind"],
            "label": TITLES[row["kind"]].of(locale),
            "body": row["body"],
            "day": ctx.i18n.day(row["day"]),
            "by": who.get(row["author_id"], ""),
            "subject": about.get(row["group_id"], ""),
            "mine": mine is not None and row["author_id"] == mine,
        }
        for row in rows
    ]


async def archive_left(tx: PluginTx, today: date, student: UUID | None = None) -> None:
    """Archive the notes to pupils who are in no class any more, and bring others' back.

    It looks at how things are now, so it may run twice, or late, or for all at once.
    """
    there = """
      exists (select from core_api.enrolment_v1 e
               where e.student_id = note.student_id and e.kind = 'class'
                 and (e.end_date is null or e.end_date > $1))
    """
    whose = "and ($2::uuid is null or note.student_id = $2)"
    await tx.execute(
        f"update note set archived_on = $1 where archived_on is null {whose} and not {there}",
        today,
        student,
    )
    await tx.execute(
        f"update note set archived_on = null where archived_on is not null {whose} "
        f"and $1::date is not null and {there}",
        today,
        student,
    )


async def clear(tx: PluginTx, today: date, keep_months: int) -> str:
    """Delete what is older than the school keeps, and what was archived long ago."""
    return await tx.execute(
        "delete from note where day < $1 or archived_on < $2",
        months_before(today, keep_months),
        today - timedelta(days=ARCHIVE_DAYS),
    )
