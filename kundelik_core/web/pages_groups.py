"""Let the school's leaders say which pupils of a class are in which part of a divided subject."""

from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from litestar import Response
from litestar.params import FromPath
from litestar.response import Redirect

from kundelik_core.gradebook.periods.roster_changes import recompute_groups
from kundelik_core.identity.access import Permission, schools_where
from kundelik_core.identity.model import Actor
from kundelik_core.kernel import clock
from kundelik_core.kernel.audit import Doer
from kundelik_core.kernel.db import tenant
from kundelik_core.kernel.errors import Problem
from kundelik_core.kernel.i18n import N_, current_locale
from kundelik_core.schools.actions.classes import (
    GroupPupilRow,
    end_group_pupils,
    write_group_pupils,
)
from kundelik_core.schools.queries.groups import GroupSeats, group_seats
from kundelik_core.schools.titles import class_title
from kundelik_core.web.frame import NOTES, Note, after, view
from kundelik_core.web.routes import form, page
from kundelik_core.web.school_choice import missing
from kundelik_core.web.visit import Request, actor_of

__all__ = ["HANDLERS"]

NOTES["group-saved"] = Note(N_("The group is changed from today on. What was marked stays."))
NOTES["group-filled"] = Note(N_("The group has its pupils, from its first lesson on."))


@page("/office/groups/{group:uuid}", access=Permission.STRUCTURE_WRITE)
async def group_pupils(request: Request, group: FromPath[UUID]) -> Response[bytes]:
    """Show the pupils of a group's classes, with a tick at those who are in it."""
    _school_id, seats = await _seats(actor_of(request), group)
    several = len({(one.grade, one.letter) for one in seats.pupils}) > 1
    return view(
        request,
        "group.html",
        title=seats.title,
        subject=seats.subject.of(current_locale()),
        action=f"/office/groups/{group}",
        journal=f"/journal/{group}",
        pupils=[
            {
                "id": str(one.id),
                "name": f"{one.surname} {one.given}",
                "klass": class_title(one.grade, one.letter) if several and one.grade else "",
                "here": one.here,
                "others": ", ".join(one.others),
            }
            for one in seats.pupils
        ],
    )


async def _seats(actor: Actor, group: UUID) -> tuple[int, GroupSeats]:
    """Find a group in the schools where the reader may change groups.

    Raises:
        Problem: 404, there is none.
    """
    for school_id in schools_where(actor, Permission.STRUCTURE_WRITE):
        async with tenant(school_id) as tx:
            seats = await group_seats(tx, group, clock.today())
        if seats is not None:
            return school_id, seats
    raise missing()


@form("/office/groups/{group:uuid}", access=Permission.STRUCTURE_WRITE)
async def save(request: Request, group: FromPath[UUID]) -> Redirect:
    """Change who is in a group: only what differs from the page as it was sent out."""
    actor = actor_of(request)
    school_id, seats = await _seats(actor, group)
    sent = await request.form()
    was, ticked = set(sent.getall("was", [])), set(sent.getall("in", []))
    known = {str(one.id): one for one in seats.pupils}
    if not was | ticked <= known.keys():
        raise Problem(
            "group-changed",
            N_("The list has changed meanwhile."),
            status=409,
            help=N_("Open the page again. Nothing was changed."),
        )
    if seats.status != "active":
        raise Problem(
            "group-closed", N_("This group is closed. Its marks no longer change."), status=409
        )
    today = clock.today()
    come = [known[name] for name in sorted(ticked - was) if not known[name].here]
    gone = [known[name].id for name in sorted(was - ticked) if known[name].here]
    async with tenant(school_id, write=True) as tx:
        doer = Doer(actor.account_id, actor.person(school_id))
        yesterday = today - timedelta(days=1)
        await end_group_pupils(tx, doer, [(group, pupil) for pupil in gone], yesterday)
        await write_group_pupils(
            tx,
            [
                GroupPupilRow(group_id=group, pupil_id=one.id, from_date=seats.begins(one, today))
                for one in come
            ],
        )
    if come or gone:
        await recompute_groups(school_id, [group])
    early = any(seats.begins(one, today) < today for one in come)
    return after(request, f"/office/groups/{group}", "group-filled" if early else "group-saved")


HANDLERS: Final[tuple[Any, ...]] = (group_pupils, save)
