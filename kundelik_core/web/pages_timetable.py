"""Show a week of lessons: one's own, a child's, or that of a class."""

from datetime import date, timedelta
from typing import Any, Final, NamedTuple
from uuid import UUID

import msgspec
from litestar import Response
from litestar.params import FromPath

from kundelik_core.identity.access import Permission, schools_where
from kundelik_core.identity.model import STAFF_ROLES, Actor
from kundelik_core.kernel import clock
from kundelik_core.kernel.db import tenant
from kundelik_core.kernel.i18n import N_, _, current_locale
from kundelik_core.schools.calendar import monday_of, parse_iso_week, school_year_of
from kundelik_core.schools.queries.structure import school_calendar
from kundelik_core.schools.queries.timetable import Owner, TimetableWeek, timetable_week
from kundelik_core.web.frame import school_name, view
from kundelik_core.web.routes import page
from kundelik_core.web.school_choice import learn_schools, missing
from kundelik_core.web.timetable_view import week_context
from kundelik_core.web.visit import Request, actor_of

__all__ = ["HANDLERS"]

CYCLES: Final = {"A": N_("odd week"), "B": N_("even week")}


class Own(msgspec.Struct, frozen=True):
    """One of the timetables that somebody has: their own lessons, or a child's."""

    school_id: int
    owner: Owner
    id: UUID
    label: str


def own_timetables(actor: Actor) -> list[Own]:
    """Return the timetables of a person: whoever works at a school opens the page for work."""
    found = [
        Own(m.school_id, "pupil", m.person_id, "") for m in actor.memberships if m.role == "pupil"
    ]
    found += [Own(c.school_id, "pupil", c.pupil_id, c.given_name) for c in actor.children]
    teaching = {m.school_id: m.person_id for m in actor.memberships if m.role in STAFF_ROLES}
    work = [Own(s, "teacher", person, "") for s, person in sorted(teaching.items())]
    return [*work, *found]


@page("/timetable", access=Permission.TIMETABLE_READ)
async def timetable(request: Request) -> Response[bytes]:
    """Show the week of oneself or of a child."""
    actor = actor_of(request)
    await learn_schools(actor)
    mine = own_timetables(actor)
    asked = request.query_params.get("of", "")
    chosen = next((own for own in mine if not asked or str(own.id) == asked), None)
    if chosen is None:
        raise missing()
    monday = _monday(request)
    found = await _read(chosen.school_id, chosen.owner, chosen.id, monday)
    if found is None or found.week.owner is None:
        raise missing()
    name = " ".join(found.week.owner)
    views = [
        {"href": f"/timetable?of={own.id}", "label": _label(own, mine), "current": own == chosen}
        for own in mine
    ]
    path = "/timetable"
    tail = f"&of={chosen.id}" if asked else ""
    return _answer(request, found, chosen.owner, monday, (name, path, tail), views)


@page("/timetable/class/{class_id:uuid}", access=Permission.TIMETABLE_READ)
async def timetable_of_class(request: Request, class_id: FromPath[UUID]) -> Response[bytes]:
    """Show the week of a class to anybody of its school."""
    monday = _monday(request)
    for school_id in schools_where(actor_of(request), Permission.TIMETABLE_READ):
        found = await _read(school_id, "class", class_id, monday)
        if found is not None:
            names = (found.week.class_name(), f"/timetable/class/{class_id}", "")
            return _answer(request, found, "class", monday, names, [])
    raise missing()


def _label(own: Own, mine: list[Own]) -> str:
    if own.owner == "teacher":
        several = sum(o.owner == "teacher" for o in mine) > 1
        place = school_name(own.school_id, current_locale()) if several else ""
        return f"{_('Your lessons')}, {place}" if place else _("Your lessons")
    return own.label or _("Your timetable")


def _monday(request: Request) -> date:
    asked = request.query_params.get("week", "")
    if not asked:
        today = clock.today()
        # On a weekend people look at what comes.
        return monday_of(today + timedelta(days=2)) if today.isoweekday() > 5 else monday_of(today)
    monday = parse_iso_week(asked)
    if monday is None or not date(2000, 1, 3) <= monday <= date(2100, 1, 4):
        raise missing()
    return monday


class Read(NamedTuple):
    """A week as it was read, and which of two alternating weeks it is ("" where none do)."""

    week: TimetableWeek
    cycle: str


async def _read(school_id: int, owner: Owner, whose: UUID, monday: date) -> Read | None:
    span = (monday, monday + timedelta(days=6))
    year = school_year_of(span[1])
    async with tenant(school_id) as tx:
        found = await timetable_week(tx, owner, whose, span, year)
        calendar = await school_calendar(tx, year) if found.alternates else None
    week = calendar.week_of(monday) if calendar else None
    return None if found.owner is None else Read(found, week.cycle if week else "")


def _answer(
    request: Request,
    found: Read,
    owner: Owner,
    monday: date,
    names: tuple[str, str, str],
    views: list[dict[str, object]],
) -> Response[bytes]:
    title, path, tail = names
    context = week_context(found.week, owner, monday, clock.today(), path)
    week = {
        "title": context.pop("span"),
        "sub": _(CYCLES[found.cycle]) if found.cycle else "",
        "prev": context.pop("prev") + tail,
        "next": context.pop("next") + tail,
        "current": "",
        "views": views if len(views) > 1 else [],
    }
    return view(request, "timetable.html", title=title, week=week, **context)


HANDLERS: Final[tuple[Any, ...]] = (timetable, timetable_of_class)
