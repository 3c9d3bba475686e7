"""Open the first page of whoever signs in: a family's diary, a teacher's day, others' desks."""

from collections.abc import Callable
from typing import Any, Final

import msgspec
from litestar.response import Redirect

from kundelik_core.identity.model import FAMILY_ROLES, STAFF_ROLES, Actor
from kundelik_core.kernel.errors import Problem
from kundelik_core.kernel.i18n import N_
from kundelik_core.web import frame
from kundelik_core.web.routes import page
from kundelik_core.web.visit import Request, actor_of

__all__ = ["HOMES", "Home", "home_of"]


class Home(msgspec.Struct, frozen=True, kw_only=True):
    """A first page: for whom, and where. The first that fits and exists is taken."""

    order: int
    path: str
    fits: Callable[[Actor], bool]


def _leads(actor: Actor) -> bool:
    return bool(actor.all_roles & {"director", "deputy", "admin"})


HOMES: Final[list[Home]] = [
    Home(order=10, path="/platform", fits=lambda a: a.has_platform("operator")),
    Home(order=20, path="/region", fits=lambda a: a.has_platform("region")),
    Home(order=30, path="/vendor", fits=lambda a: a.has_platform("vendor")),
    Home(order=40, path="/office", fits=_leads),
    Home(order=50, path="/today", fits=lambda a: bool(a.all_roles & STAFF_ROLES)),
    Home(order=55, path="/journal", fits=lambda a: bool(a.all_roles & STAFF_ROLES)),
    Home(order=60, path="/diary", fits=lambda a: bool(a.all_roles & FAMILY_ROLES)),
    Home(order=99, path="/account", fits=lambda _actor: True),
]


def home_of(actor: Actor) -> str:
    """Return the path of the first page for ``actor``.

    Raises:
        Problem: none of the pages that would fit is served here.
    """
    for home in sorted(HOMES, key=lambda h: h.order):
        if home.path in frame.PATHS and home.fits(actor):
            return home.path
    raise Problem("not-found", N_("There is nothing at this address."), status=404)


@page("/", access="signed-in")
async def home(request: Request) -> Redirect:
    """Lead to the first page of this person."""
    return Redirect(home_of(actor_of(request)), status_code=303)


HANDLERS: Final[tuple[Any, ...]] = (home,)
