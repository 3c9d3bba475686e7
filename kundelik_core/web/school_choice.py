"""Settle which school a page is about, for those who belong to several."""

from typing import Final
from urllib.parse import urlencode

from kundelik_core.identity.access import Permission, refuse, schools_where
from kundelik_core.identity.model import Actor
from kundelik_core.kernel.errors import Problem
from kundelik_core.kernel.i18n import N_, current_locale
from kundelik_core.schools.queries.schools import school_titles
from kundelik_core.web.frame import know_schools, school_name
from kundelik_core.web.visit import Request, actor_of, visit_of

__all__ = ["asked_school", "learn_schools", "missing", "school_tabs"]

PARAMETER: Final = "school"


def missing() -> Problem:
    """Return the answer for what is not there, or belongs to another school."""
    return Problem("not-found", N_("There is nothing at this address."), status=404)


async def learn_schools(actor: Actor) -> None:
    """Learn the names of the reader's schools, when one was added since the server started."""
    unknown = [s for s in actor.schools if not school_name(s, "en")]
    if unknown:
        know_schools(await school_titles(unknown))


def asked_school(request: Request, permission: Permission) -> int:
    """Return the school that ``?school=`` names, else the first in which the reader may.

    Raises:
        Problem: 404 for a school that is none of theirs, 403 without the permission in any.
    """
    mine = schools_where(actor_of(request), permission)
    asked = request.query_params.get(PARAMETER, "")
    if not asked:
        if not mine:
            raise refuse()
        return _chosen(request, mine[0])
    if not asked.isascii() or not asked.isdigit() or int(asked) not in mine:
        raise missing()
    return _chosen(request, int(asked))


def _chosen(request: Request, school_id: int) -> int:
    """Let the page wear what the school wears."""
    visit_of(request).school_id = school_id
    return school_id


def school_tabs(
    request: Request, permission: Permission, school_id: int
) -> list[dict[str, object]]:
    """Return the tabs over a page of one school; none for those who have one school only."""
    mine = schools_where(actor_of(request), permission)
    if len(mine) < 2:
        return []
    path = request.url.path
    return [
        {
            "href": f"{path}?{urlencode({PARAMETER: s})}",
            "name": school_name(s, current_locale()) or str(s),
            "current": s == school_id,
        }
        for s in mine
    ]
