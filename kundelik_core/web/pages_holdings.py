"""Show families what they have, and let them use a code. How it came is nobody's business."""

from collections import defaultdict
from http import HTTPStatus
from typing import Any, Final
from uuid import UUID

from litestar import Response
from litestar.response import Redirect

from kundelik_core.entitlements.queries import standing
from kundelik_core.entitlements.vouchers import redeem
from kundelik_core.identity.model import Actor, Child
from kundelik_core.kernel import clock
from kundelik_core.kernel.audit import Doer
from kundelik_core.kernel.db import tenant
from kundelik_core.kernel.errors import Problem
from kundelik_core.kernel.i18n import N_, Locale, _, current_locale
from kundelik_core.web.former import FORMER, remembered
from kundelik_core.web.frame import NOTES, Note, after, school_name, view
from kundelik_core.web.module_menu import roles_in
from kundelik_core.web.modules import is_for_money, on_for, registry
from kundelik_core.web.pages_licences import zone_of
from kundelik_core.web.routes import form, page
from kundelik_core.web.school_choice import PARAMETER, learn_schools, missing
from kundelik_core.web.services import Service, services_of
from kundelik_core.web.visit import Request, actor_of, form_of

__all__ = ["HANDLERS"]

NOTES["code-used"] = Note(N_("The code is accepted. What it opens stands below."))


@page("/account/services", access="signed-in")
async def holdings(request: Request) -> Response[bytes]:
    """Show what is in force for each child, or for oneself."""
    return await _page(request)


@form("/account/services", access="signed-in")
async def use(request: Request) -> Response[bytes] | Redirect:
    """Use a code for a child."""
    fields, actor = await form_of(request), actor_of(request)
    child = _child(actor, fields.get("child", ""))
    try:
        async with tenant(child.school_id, write=True) as tx:
            # The school's own rows decide, not the session.
            there = await standing(tx, child.guardian_id, child.pupil_id, clock.now())
            if not there.guardian:
                raise missing()
            await redeem(
                tx, fields.get("code", "")[:60], child.pupil_id, child.guardian_id,
                await zone_of(tx), Doer(actor.account_id, child.guardian_id),
            )  # fmt: skip
    except Problem as problem:
        if problem.field != "code" and problem.status != HTTPStatus.CONFLICT:
            raise
        return await _page(request, problem, fields.get("code", "")[:60], child.pupil_id)
    return after(request, "/account/services", "code-used")


def _child(actor: Actor, text: str) -> Child:
    """Return the child that a form names.

    Raises:
        Problem: 404 for anybody else's.
    """
    found = next((one for one in actor.children if str(one.pupil_id) == text), None)
    if found is None:
        raise missing()
    return found


async def _page(
    request: Request, problem: Problem | None = None, code: str = "", child: UUID | None = None
) -> Response[bytes]:
    actor, locale = actor_of(request), current_locale()
    await learn_schools(actor)
    lines: defaultdict[UUID | None, list[Service]] = defaultdict(list)
    for line in await services_of(actor, locale):
        lines[line.pupil].append(line)
    several = len({one.school_id for one in actor.children}) > 1
    children = [
        {
            "id": str(one.pupil_id),
            "name": one.given_name,
            "school": school_name(one.school_id, locale) if several else "",
            "current": one.pupil_id == child,
            "services": lines.pop(one.pupil_id, []),
        }
        for one in actor.children
    ]
    return view(
        request,
        "holdings.html",
        more=await _more(actor, locale),
        orders=await _orders(actor, locale),
        status=HTTPStatus.UNPROCESSABLE_ENTITY if problem else HTTPStatus.OK,
        children=children,
        others=[line for rest in lines.values() for line in rest],
        code=code,
        error=_(problem.message) % problem.params if problem else "",
    )


async def _more(actor: Actor, locale: Locale) -> list[dict[str, str]]:
    """Return the pages of modules that a family can have more of: said here, and nowhere urged."""
    found: dict[str, dict[str, str]] = {}
    for school_id in sorted({one.school_id for one in actor.children}):
        on, roles = await on_for(actor, school_id), roles_in(actor, school_id)
        for name, one in registry().loaded.items():
            first = registry().page(name, "GET", "")
            if name not in on or not one.declared.products or first is None:
                continue
            code = first[0].permission
            if code is None or code in registry().permitted(name, roles):
                title = one.manifest.title.of(locale)
                found.setdefault(name, {"title": title, "href": f"/x/{name}"})
    return sorted(found.values(), key=lambda one: one["title"])


async def _orders(actor: Actor, locale: Locale) -> list[dict[str, str]]:
    """Return where orders lie, at schools too where the last child has left."""
    whole, found = await remembered(actor), []
    await learn_schools(whole)
    several = len(whole.schools) > 1
    theirs = {one.school_id for one in whole.children}
    theirs |= {one.school_id for one in whole.memberships if one.role == FORMER}
    for school_id in sorted(theirs):
        query = f"?{PARAMETER}={school_id}" if several else ""
        found += [
            {
                "school": school_name(school_id, locale) if several else "",
                "href": f"/x/{name}/orders{query}",
            }
            for name in sorted(await on_for(whole, school_id))
            if is_for_money(name) and registry().page(name, "GET", "orders")
        ]
    return found


HANDLERS: Final[tuple[Any, ...]] = (holdings, use)
