"""Show the homework of the coming days: what is to be done for which day."""

from datetime import date, timedelta
from typing import Any, Final
from uuid import UUID

from litestar import Response
from litestar.params import FromPath

from kundelik_core.gradebook.access import Viewer, not_found
from kundelik_core.gradebook.overview import Due, homework_ahead
from kundelik_core.identity.access import Permission
from kundelik_core.identity.model import Actor
from kundelik_core.kernel import clock
from kundelik_core.kernel.db import tenant
from kundelik_core.kernel.i18n import N_, _, current_locale
from kundelik_core.web.frame import NAV, NavEntry, school_name, view
from kundelik_core.web.journal_titles import day_title
from kundelik_core.web.routes import page
from kundelik_core.web.school_choice import learn_schools
from kundelik_core.web.visit import Request, actor_of

__all__ = ["HANDLERS"]

LOOK_AHEAD: Final = timedelta(days=14)
Place = tuple[int, UUID, Viewer, str]


def _reads(actor: Actor) -> bool:
    return bool(_places(actor))


NAV.append(NavEntry(order=15, href="/homework", label=N_("Homework"), icon="edit", access=_reads))


def _places(actor: Actor) -> list[Place]:
    """Return whose homework somebody reads: their own and that of their children."""
    found: list[Place] = [
        (m.school_id, m.person_id, Viewer(actor.account_id, m.person_id, frozenset({"pupil"})), "")
        for m in actor.memberships
        if m.role == "pupil"
    ]
    for c in actor.children:
        viewer = Viewer(actor.account_id, c.guardian_id, frozenset({"parent"}))
        found.append((c.school_id, c.pupil_id, viewer, c.given_name))
    return found


@page("/homework", access=Permission.DIARY_READ)
async def homework(request: Request) -> Response[bytes]:
    """Show one's own homework, or that of the first child."""
    places = _places(actor_of(request))
    if not places:
        raise not_found()
    return await _show(request, places[0], places)


@page("/homework/{child:uuid}", access=Permission.DIARY_READ)
async def homework_of(request: Request, child: FromPath[UUID]) -> Response[bytes]:
    """Show the homework of one child."""
    places = _places(actor_of(request))
    chosen = next((place for place in places if place[1] == child), None)
    if chosen is None:
        raise not_found()
    return await _show(request, chosen, places)


async def _show(request: Request, chosen: Place, places: list[Place]) -> Response[bytes]:
    school_id, pupil, viewer, _name = chosen
    await learn_schools(actor_of(request))
    today = clock.today()
    async with tenant(school_id) as tx:
        found = await homework_ahead(tx, viewer, pupil, today, today + LOOK_AHEAD)
    assert found.pupil is not None
    return view(
        request,
        "homework.html",
        child={"name": " ".join(found.pupil)},
        children=[
            {
                "href": f"/homework/{other}",
                "name": name or _("You"),
                "school": school_name(school, current_locale()),
                "current": other == pupil,
            }
            for school, other, _viewer, name in places
        ],
        days=_days(found.due, today),
        diary=f"/diary/{pupil}",
    )


def _days(due: list[Due], today: date) -> list[dict[str, object]]:
    days: dict[date, list[dict[str, str]]] = {}
    for item in due:
        row = {"subject": item.subject.of(current_locale()), "text": item.homework}
        days.setdefault(item.date, []).append(row)
    soon = {today: _("for today"), today + timedelta(days=1): _("for tomorrow")}
    return [
        {"title": day_title(day), "soon": soon.get(day, ""), "rows": rows}
        for day, rows in days.items()
    ]


HANDLERS: Final[tuple[Any, ...]] = (homework, homework_of)
