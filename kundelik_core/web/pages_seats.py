"""Say which pupils sit on the seats of a school's licence."""

from http import HTTPStatus
from typing import Any, Final
from uuid import UUID

from litestar import Response
from litestar.params import FromPath
from litestar.response import Redirect

from kundelik_core.entitlements.office import sitting
from kundelik_core.entitlements.queries import by_id
from kundelik_core.entitlements.seats import assign_seats, release_seats, seats_of
from kundelik_core.kernel import clock
from kundelik_core.kernel.db import tenant
from kundelik_core.kernel.errors import Problem
from kundelik_core.kernel.i18n import N_, _, current_locale, ngettext
from kundelik_core.kernel.names import full_name
from kundelik_core.schools.calendar import school_year_of
from kundelik_core.schools.queries.classes import class_tiles
from kundelik_core.web.frame import NOTES, Note, after, view
from kundelik_core.web.offer_titles import feature_title, last_day
from kundelik_core.web.pages_licences import MAY, PATH, doer_of, pupils_like
from kundelik_core.web.routes import form, page
from kundelik_core.web.school_choice import asked_school, learn_schools
from kundelik_core.web.visit import Request, actor_of

__all__ = ["HANDLERS"]

NOTES["seats-given"] = Note(N_("They have it from now on."))
NOTES["seat-freed"] = Note(N_("The seat is free for somebody else."))


@page(f"{PATH}/{{licence:uuid}}", access=MAY)
async def licence(request: Request, licence: FromPath[UUID]) -> Response[bytes]:
    """Show who sits on a licence, and find those who are to."""
    return await _page(request, await _school(request), licence)


@form(f"{PATH}/{{licence:uuid}}/seats", access=MAY)
async def put(request: Request, licence: FromPath[UUID]) -> Response[bytes] | Redirect:
    """Give pupils a seat each."""
    school_id = await _school(request)
    sent = await request.form()
    pupils = [_pupil(value) for name, value in sent.multi_items() if name == "pupil"]
    try:
        if not pupils:
            raise Problem("no-pupil", N_("Choose a pupil."), status=422, field="pupil")
        async with tenant(school_id, write=True) as tx:
            await assign_seats(tx, licence, pupils, doer_of(request, school_id))
    except Problem as problem:
        if problem.status == HTTPStatus.NOT_FOUND:
            raise
        return await _page(request, school_id, licence, problem)
    return after(request, f"{PATH}/{licence}?school={school_id}", "seats-given")


@form(f"{PATH}/{{licence:uuid}}/free/{{pupil:uuid}}", access=MAY)
async def free(request: Request, licence: FromPath[UUID], pupil: FromPath[UUID]) -> Redirect:
    """Free a pupil's seat; what was seen until now stays in the history."""
    school_id = await _school(request)
    async with tenant(school_id, write=True) as tx:
        await release_seats(tx, licence, [pupil], doer_of(request, school_id))
    return after(request, f"{PATH}/{licence}?school={school_id}", "seat-freed")


async def _school(request: Request) -> int:
    await learn_schools(actor_of(request))
    return asked_school(request, MAY)


def _pupil(value: object) -> UUID:
    try:
        return UUID(str(value))
    except ValueError:
        raise Problem(
            "no-such-pupil", N_("There is no such pupil in this school."), status=404
        ) from None


async def _page(
    request: Request, school_id: int, licence: UUID, problem: Problem | None = None
) -> Response[bytes]:
    query, today, locale = request.query_params, clock.today(), current_locale()
    q, klass = query.get("q", "").strip()[:80], _class(query.get("class", ""))
    async with tenant(school_id) as tx:
        seats = await seats_of(tx, licence)
        one = await by_id(tx, licence)
        assert one is not None, "seats_of has found it"
        there = await sitting(tx, licence)
        classes = await class_tiles(tx, school_year_of(today), today)
        found = await pupils_like(tx, q, klass)
    sits = {str(each.pupil) for each in there}
    left = seats.seats - len(there)
    return view(
        request,
        "licence.html",
        status=problem.status if problem else HTTPStatus.OK,
        title=feature_title(one.feature, locale),
        until=last_day(one.valid_until, locale),
        back=f"{PATH}?school={school_id}",
        here_path=f"{PATH}/{licence}",
        school_id=school_id,
        total=seats.seats,
        free=ngettext("%(n)s seat is free", "%(n)s seats are free", left) % {"n": left},
        any_free=left > 0,
        sitting=[
            {
                "name": full_name(each.surname, each.given, each.patronymic),
                "action": f"{PATH}/{licence}/free/{each.pupil}?school={school_id}",
            }
            for each in there
        ],
        q=q,
        asked=bool(q or klass),
        classes=[
            {"value": str(each.id), "label": each.title, "current": each.id == klass}
            for each in classes
        ],
        found=[each for each in found if each["id"] not in sits],
        error=_(problem.message) % problem.params if problem else "",
    )


def _class(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


HANDLERS: Final[tuple[Any, ...]] = (licence, put, free)
