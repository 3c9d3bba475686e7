"""Give news, take lessons, works and remarks: the JSON side of the journal but for its cells.

Every write is repeatable: its id is made by the client, and the same id again changes nothing.
"""

from datetime import UTC, date, datetime
from typing import Any, Final
from uuid import UUID

import msgspec
from litestar.params import FromPath, FromQuery, JSONBody

from kundelik_core.gradebook.access import Viewer, journal_right, not_found
from kundelik_core.gradebook.cells import decode
from kundelik_core.gradebook.columns.actions import (
    LessonPage,
    add_lesson,
    add_work,
    edit_work,
    save_lesson,
    void_work,
)
from kundelik_core.gradebook.columns.rules import WorkSpec
from kundelik_core.gradebook.journal.actions import save_comment
from kundelik_core.gradebook.journal.queries import (
    HistoryEntry,
    history,
    journal_facts,
    news,
)
from kundelik_core.gradebook.periods.actions import set_given_mark
from kundelik_core.gradebook.schemes.entry import show_cell
from kundelik_core.identity.access import Permission
from kundelik_core.kernel import clock
from kundelik_core.kernel.db import Tenant
from kundelik_core.kernel.errors import Problem
from kundelik_core.kernel.i18n import N_, current_locale
from kundelik_core.web.journal_answers import Json, computed_json, cursor, local_time
from kundelik_core.web.journal_reach import in_school
from kundelik_core.web.routes import api_get, api_post
from kundelik_core.web.visit import Request

__all__ = ["HANDLERS"]

# Older than any school year: whoever asks from there reads the page anew anyway.
_EARLIEST: Final = datetime(2000, 1, 1, tzinfo=UTC)


class Comment(msgspec.Struct, frozen=True):
    """The body of a comment."""

    id: UUID
    comment: str


class LessonChange(msgspec.Struct, frozen=True):
    """The body of topic and homework; ``base`` is what the writer saw."""

    topic: str
    homework: str
    base: LessonPage


class NewLesson(msgspec.Struct, frozen=True):
    """The body of a lesson outside the timetable."""

    id: UUID
    date: date
    slot: int


class WorkChange(msgspec.Struct, frozen=True):
    """The body of a work, new or edited."""

    id: UUID
    kind: str
    title: str
    date: date
    max: str = ""


class Reason(msgspec.Struct, frozen=True):
    """The body of what only wants a reason."""

    reason: str = ""


class GivenMark(msgspec.Struct, frozen=True):
    """The body of a period's mark set by hand; null takes it back."""

    mark: str | None
    reason: str = ""


def _since(text: str) -> datetime:
    try:
        return max(datetime.fromtimestamp(int(text) / 1_000_000, UTC), _EARLIEST)
    except (ValueError, OverflowError, OSError) as error:
        raise Problem("bad-cursor", N_("What was sent does not fit."), field="since") from error


@api_get("/journal/{group:uuid}/{period:str}/changes", access=Permission.JOURNAL_READ)
async def get_changes(
    request: Request, group: FromPath[UUID], period: FromPath[str], since: FromQuery[str]
) -> Json:
    """Tell what others have written since ``since``."""
    now, asked, locale = cursor(), _since(since), current_locale()

    async def act(tx: Tenant, viewer: Viewer) -> Json:
        await _may_read(tx, viewer, group)
        found = await news(tx, group, period, asked, person=viewer.person, locale=locale)
        if found is None:
            return {"cursor": now, "cells": [], "computed": {}}
        cells = [
            {
                "column": cell.column,
                "pupil": cell.pupil,
                "value": cell.value,
                "by": cell.by,
                "at": local_time(cell.at),
            }
            for cell in found.cells
        ]
        return {
            "cursor": now,
            "cells": cells,
            "computed": computed_json(found.scheme, found.results),
        }

    return await in_school(request, group, act, write=False)


async def _may_read(tx: Tenant, viewer: Viewer, group: UUID) -> None:
    facts = await journal_facts(tx, group)
    if facts is None or not journal_right(viewer, facts.teachers, facts.homerooms, clock.today()):
        raise not_found()


@api_get(
    "/journal/{group:uuid}/cells/{column:uuid}/{pupil:uuid}/history",
    access=Permission.JOURNAL_READ,
)
async def get_history(
    request: Request, group: FromPath[UUID], column: FromPath[UUID], pupil: FromPath[UUID]
) -> Json:
    """Tell who wrote what into a cell, and when, and why; the oldest first."""
    locale = current_locale()

    async def act(tx: Tenant, viewer: Viewer) -> Json:
        await _may_read(tx, viewer, group)
        entries = await history(tx, group, column, pupil)
        return {"entries": [_entry(item, locale) for item in entries]}

    return await in_school(request, group, act, write=False)


def _entry(item: HistoryEntry, locale: str) -> Json:
    values = item.field == "value"
    return {
        "at": local_time(item.at),
        "by": item.by,
        "field": item.field,
        "old": show_cell(decode(item.old), locale) if values else item.old,
        "new": show_cell(decode(item.new), locale) if values else item.new,
        "reason": item.reason,
    }


@api_post(
    "/journal/{group:uuid}/cells/{column:uuid}/{pupil:uuid}/comment",
    access=Permission.JOURNAL_WRITE,
)
async def post_comment(
    request: Request,
    group: FromPath[UUID],
    column: FromPath[UUID],
    pupil: FromPath[UUID],
    data: JSONBody[Comment],
) -> Json:
    """Write what the teacher says beside a mark."""

    async def act(tx: Tenant, viewer: Viewer) -> bool:
        return await save_comment(
            tx, viewer, group, (column, pupil), data.id, data.comment, today=clock.today()
        )

    changed = await in_school(request, group, act, write=True)
    return {"state": "saved" if changed else "unchanged"}


@api_post("/journal/{group:uuid}/lessons/{lesson:uuid}", access=Permission.JOURNAL_WRITE)
async def post_lesson(
    request: Request, group: FromPath[UUID], lesson: FromPath[UUID], data: JSONBody[LessonChange]
) -> Json:
    """Write topic and homework; 409 with both texts when somebody else did meanwhile."""
    wanted = LessonPage(data.topic, data.homework)

    async def act(tx: Tenant, viewer: Viewer) -> LessonPage:
        return await save_lesson(tx, viewer, group, lesson, wanted, data.base, today=clock.today())

    saved = await in_school(request, group, act, write=True)
    return {"state": "saved", "topic": saved.topic, "homework": saved.homework}


@api_post("/journal/{group:uuid}/lessons", access=Permission.JOURNAL_WRITE)
async def post_new_lesson(
    request: Request, group: FromPath[UUID], data: JSONBody[NewLesson]
) -> Json:
    """Add a lesson outside the timetable; a holiday is refused by its name."""
    locale = current_locale()

    async def act(tx: Tenant, viewer: Viewer) -> None:
        await add_lesson(
            tx, viewer, group, data.id, data.date, data.slot, locale=locale, today=clock.today()
        )

    await in_school(request, group, act, write=True)
    return {"id": data.id, "state": "saved"}


@api_post("/journal/{group:uuid}/works", access=Permission.JOURNAL_WRITE)
async def post_work(request: Request, group: FromPath[UUID], data: JSONBody[WorkChange]) -> Json:
    """Plan a summative work."""
    spec, locale = WorkSpec(data.kind, data.title, data.date, data.max), current_locale()

    async def act(tx: Tenant, viewer: Viewer) -> None:
        await add_work(tx, viewer, group, data.id, spec, locale=locale, today=clock.today())

    await in_school(request, group, act, write=True)
    return {"id": data.id, "state": "saved"}


@api_post("/journal/{group:uuid}/works/{work:uuid}", access=Permission.JOURNAL_WRITE)
async def post_work_edit(
    request: Request, group: FromPath[UUID], work: FromPath[UUID], data: JSONBody[WorkChange]
) -> Json:
    """Change the title, day or maximum of a work."""
    spec, locale = WorkSpec(data.kind, data.title, data.date, data.max), current_locale()

    async def act(tx: Tenant, viewer: Viewer) -> None:
        await edit_work(tx, viewer, group, work, spec, locale=locale, today=clock.today())

    await in_school(request, group, act, write=True)
    return {"id": work, "state": "saved"}


@api_post("/journal/{group:uuid}/works/{work:uuid}/void", access=Permission.JOURNAL_WRITE)
async def post_work_void(
    request: Request, group: FromPath[UUID], work: FromPath[UUID], data: JSONBody[Reason]
) -> Json:
    """Take a work out of the journal."""

    async def act(tx: Tenant, viewer: Viewer) -> None:
        await void_work(tx, viewer, group, work, data.reason, today=clock.today())

    await in_school(request, group, act, write=True)
    return {"id": work, "state": "saved"}


@api_post(
    "/journal/{group:uuid}/periods/{period:str}/{pupil:uuid}/mark",
    access=Permission.JOURNAL_WRITE,
)
async def post_given_mark(
    request: Request,
    group: FromPath[UUID],
    period: FromPath[str],
    pupil: FromPath[UUID],
    data: JSONBody[GivenMark],
) -> Json:
    """Set a period's mark by hand where the scheme leaves it to the teacher."""

    async def act(tx: Tenant, viewer: Viewer) -> None:
        await set_given_mark(
            tx, viewer, group, (pupil, period), data.mark, data.reason, today=clock.today()
        )

    await in_school(request, group, act, write=True)
    return {"state": "saved"}


HANDLERS: Final[tuple[Any, ...]] = (
    get_changes,
    get_history,
    post_comment,
    post_lesson,
    post_new_lesson,
    post_work,
    post_work_edit,
    post_work_void,
    post_given_mark,
)
