"""Show a teacher's day: the next journal first, then what waits."""

from datetime import date, time, timedelta
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from litestar import Response

from kundelik_core.gradebook.journal.model import Titles
from kundelik_core.gradebook.journal.queries import JournalItem, journal_list
from kundelik_core.gradebook.overview import DayLesson, TeacherDay, Unfilled, teacher_day
from kundelik_core.identity.access import Permission
from kundelik_core.identity.model import Actor
from kundelik_core.kernel import clock
from kundelik_core.kernel.db import tenant
from kundelik_core.kernel.i18n import N_, _, current_locale, day_month, ngettext
from kundelik_core.schools.calendar import school_year_of
from kundelik_core.web.frame import NAV, NavEntry, school_name, view
from kundelik_core.web.journal_reach import staff_schools
from kundelik_core.web.journal_titles import day_title
from kundelik_core.web.routes import page
from kundelik_core.web.school_choice import learn_schools
from kundelik_core.web.visit import Request, actor_of

__all__ = ["HANDLERS"]

# What is older than this is the office's business.
LOOK_BACK: Final = timedelta(days=14)
TEACHING: Final = frozenset({"teacher", "homeroom"})


def _teaches(actor: Actor) -> bool:
    return bool(actor.all_roles & TEACHING)


NAV.append(NavEntry(order=5, href="/today", label=N_("Today"), icon="sun", access=_teaches))


@page("/today", access=Permission.JOURNAL_READ)
async def today(request: Request) -> Response[bytes]:
    """Show the lessons of today, and the past ones that lack a topic or marks."""
    actor = actor_of(request)
    await learn_schools(actor)
    moment = clock.now().astimezone(ZoneInfo(clock.SCHOOL_ZONE))
    day, now = moment.date(), moment.time().replace(tzinfo=None)
    schools = staff_schools(actor)
    days: dict[date, list[dict[str, str]]] = {}
    todo: list[dict[str, str]] = []
    journals: list[dict[str, str]] = []
    off: Titles | None = None
    for school_id in schools:
        person = actor.person(school_id)
        async with tenant(school_id) as tx:
            found = await teacher_day(tx, person, day, day - LOOK_BACK, now)
            own = await journal_list(tx, person, school_year_of(day), day, everyone=False)
        place = school_name(school_id, current_locale()) if len(schools) > 1 else ""
        rows = [
            _lesson(item, found.day, now if found.day == day else None, place)
            for item in found.lessons
        ]
        if rows:
            days.setdefault(found.day, []).extend(rows)
        todo += _todo(found, place)
        journals += [_own(item, place) for item in own]
        off = off or found.day_off
    shown = min(days, default=day)
    lessons = days.get(shown, [])
    return view(
        request,
        "home_teacher.html",
        day=day_title(day),
        note=_note(day, off),
        next_day="" if shown == day else day_title(shown),
        lessons=sorted(lessons, key=lambda item: item["time"]),
        todo=todo,
        journals=journals,
        slots=[],
    )


def _note(day: date, off: Titles | None) -> str:
    if off is not None:
        return off.of(current_locale())
    return _("It is the weekend") if day.isoweekday() > 5 else ""


def _lesson(item: DayLesson, day: date, now: time | None, place: str) -> dict[str, str]:
    begins, ends = time.fromisoformat(item.begins), time.fromisoformat(item.ends)
    change = ""
    if item.status == "cancelled":
        change = _("Cancelled")
    elif not item.usual:
        change = _("You stand in for a colleague")
    state = "done" if item.filled else ""
    if now is not None and begins <= now < ends:
        state = "now"
    return {
        "n": str(item.slot),
        "time": f"{item.begins}–{item.ends}",
        "group": f"{item.title} · {item.subject.of(current_locale())}",
        "room": ", ".join(part for part in (_room(item.room), place) if part),
        "href": _journal(item.group, day),
        "state": state,
        "topic": item.topic,
        "change": change,
    }


def _journal(group: UUID, day: date) -> str:
    """Return the address of a journal at the lesson of a day."""
    return f"/journal/{group}#c={day}"


def _own(item: JournalItem, place: str) -> dict[str, str]:
    subject = item.subject.of(current_locale())
    sub = f"{subject} ({place})" if place else subject
    return {"href": f"/journal/{item.id}", "name": item.title, "sub": sub}


def _room(room: str) -> str:
    return _("room %(room)s") % {"room": room} if room else ""


def _todo(found: TeacherDay, place: str) -> list[dict[str, str]]:
    rows = [_waiting(item, place) for item in found.waiting]
    if found.more:
        text = ngettext("%(n)s more lesson", "%(n)s more lessons", found.more) % {"n": found.more}
        rows.append({"text": text, "href": "/journal", "label": _("All journals")})
    return rows


def _waiting(item: Unfilled, place: str) -> dict[str, str]:
    if not item.topic and not item.marks:
        lacks = _("no topic and no marks")
    else:
        lacks = _("no marks") if item.topic else _("no topic")
    group = f"{item.title} · {item.subject.of(current_locale())}"
    text = _("%(group)s, %(day)s: %(lacks)s") % {
        "group": f"{group} ({place})" if place else group,
        "day": day_month(item.date, current_locale()),
        "lacks": lacks,
    }
    return {"text": text, "href": _journal(item.group, item.date), "label": _("Open")}


HANDLERS: Final[tuple[Any, ...]] = (today,)
