"""Show what a timetable file would change in a school, and write it: the other file of the import.

Routes, uploads and the page itself are those of the lists of people.
"""

import asyncio
import datetime as dt
from typing import Any, Final

from kundelik_core.gradebook.timetable_import import (
    Options,
    TimetableDone,
    apply_timetable,
    look_timetable,
)
from kundelik_core.kernel import clock
from kundelik_core.kernel.audit import Doer
from kundelik_core.kernel.db import tenant
from kundelik_core.kernel.errors import Problem
from kundelik_core.kernel.i18n import N_, Locale, _
from kundelik_core.schools.calendar import school_year_of
from kundelik_core.schools.roster import FileRefusedError, open_source
from kundelik_core.schools.roster.apply import facts_of
from kundelik_core.schools.timetable_file import TimetableFile, is_timetable, read_timetable
from kundelik_core.schools.timetable_file.export import present_timetable
from kundelik_core.schools.timetable_file.model import TimetablePlan
from kundelik_core.schools.timetable_file.queries import (
    read_slots,
    staff_logins,
    timetable_state,
)
from kundelik_core.web.import_view import counted
from kundelik_core.web.uploads import Upload

__all__ = [
    "LABELS",
    "day_of",
    "done_context",
    "look",
    "opened",
    "present",
    "review_context",
    "write",
]

LABELS: Final = {
    "groups": N_("Teaching groups"),
    "teachers": N_("Teachers of groups"),
    "slots": N_("Lessons of the week"),
    "ended": N_("Lessons of the week that end"),
}


def opened(name: str, content: bytes) -> TimetableFile | None:
    """The rows of a timetable; None when the file is something else.

    Raises:
        FileRefusedError: it cannot be opened at all.
    """
    with open_source(content, name=name) as source:
        return read_timetable(source) if is_timetable(source) else None


def day_of(text: str) -> dt.date | None:
    """The day of a form; None for an empty field.

    Raises:
        Problem: it is no date.
    """
    if not text:
        return None
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        raise FileRefusedError(
            "date_unreadable",
            N_("%(value)s is not a date. Write it as 2026-09-01 or 01.09.2026."),
            params={"value": text[:20]},
        ) from None


def _options(day: dt.date | None) -> Options:
    today = clock.today()
    return Options(year=school_year_of(today), today=today, day=day)


async def look(school_id: int, file: TimetableFile, day: dt.date | None = None) -> TimetablePlan:
    """What the file would change; a file that cannot be used is refused.

    Raises:
        Problem: the school has no such year, or the day is closed.
    """
    options = _options(day)
    try:
        return await look_timetable(school_id, file, options)
    except Problem as problem:
        # The first look asks for a day; today may lie in a period that is closed early.
        if day is not None or problem.code != "period-closed":
            raise
        last = problem.params["date"]
        assert isinstance(last, dt.date)
        return await look_timetable(school_id, file, _options(last + dt.timedelta(days=1)))


async def present(school_id: int, locale: Locale) -> bytes:
    """The school's week as a file to change and to bring in again.

    Raises:
        Problem: the school has no such year.
    """
    today = clock.today()
    async with tenant(school_id) as tx:
        state = await timetable_state(tx, school_year_of(today), today)
        await read_slots(tx, state, today)
    state.staff = await staff_logins(state.staff)
    return await asyncio.to_thread(present_timetable, state, today, locale)


async def write(
    school_id: int, file: TimetableFile, upload: Upload, day: dt.date | None, doer: Doer
) -> TimetableDone:
    """Write the timetable from a day on.

    Raises:
        Problem: the school has no such year, or the day is closed.
    """
    facts = facts_of(upload.content, upload.name)
    return await apply_timetable(school_id, file, _options(day), doer, facts)


def review_context(plan: TimetablePlan) -> dict[str, Any]:
    """What a look at a timetable shows besides what every file does.

    A week in which nothing changes may still be meant to count from an earlier day.
    """
    return {
        "counts": counted(plan.summary(), LABELS),
        "ready": bool(plan.week) or plan.has_changes,
        "same": not plan.has_changes,
        "week": True,
        "day": plan.begins.isoformat(),
        "parts": [{"href": "", "label": f"{g.title}, {g.subject_title}"} for g in plan.empty_parts],
    }


def done_context(done: TimetableDone) -> dict[str, Any]:
    """What was written, and which parts of classes wait for their pupils."""
    lines = [
        (_(N_("%(what)s: new")) % {"what": _(LABELS[label])}, count.new)
        for label, count in done.plan.counts.items()
    ]
    lines += [
        (_("Lessons of the year made"), done.lessons),
        (_("Empty lessons taken away"), done.removed),
        (_("Lessons with another teacher or room"), done.moved),
        (_("Lessons kept with what is written on them"), done.kept),
        (_("Rows left out"), done.plan.counts["slots"].wrong),
    ]
    shown = [{"label": label, "value": str(number)} for label, number in lines if number]
    return {
        "done": shown or [{"label": _("Nothing had to be changed"), "value": "0"}],
        "parts": [
            {"href": f"/office/groups/{group.id}", "label": f"{group.title}, {group.subject_title}"}
            for group in done.plan.empty_parts
        ],
    }
