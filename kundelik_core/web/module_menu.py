"""Put modules' own pages into the menu of those who may open them, and ask nothing for it.

What a school has switched on is learnt by a guard before a page is made; the frame, which waits for
nothing, then finds it known.
"""

import logging
import re
from functools import lru_cache
from typing import Any, Final, cast

import asyncpg
from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler

from kundelik_core import sdk
from kundelik_core.identity.model import Actor
from kundelik_core.plugins.registry import Registry
from kundelik_core.sdk import NavItem
from kundelik_core.web.frame import MENUS, MenuLine
from kundelik_core.web.modules import allowed, registry
from kundelik_core.web.static_mount import FOLDER
from kundelik_core.web.visit import KEY, Visit

__all__ = ["ICONS", "know_modules", "menu", "roles_in"]

log = logging.getLogger(__name__)

ICONS: Final = frozenset(
    re.findall(r'<symbol id="([a-z-]+)"', (FOLDER / "img/icons.svg").read_text("utf-8"))
)
PLAIN_ICON: Final = "module"


async def know_modules(
    connection: ASGIConnection[Any, Any, Any, Any], _handler: BaseRouteHandler
) -> None:
    """Learn, before a page is made, what the reader's schools have switched on."""
    if not registry().loaded:
        return
    visit: Visit = cast("dict[str, Any]", connection.scope)[KEY]
    if visit.actor is None or visit.path.startswith("/api/"):
        return
    for school_id in visit.actor.schools:
        try:
            await allowed().active(school_id)
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError):
            # The page itself says what is wrong, if it needs that database at all.
            log.warning("the modules of school %s could not be asked", school_id, exc_info=True)


def roles_in(actor: Actor, school_id: int) -> tuple[sdk.Role, ...]:
    """Return the roles in a school in one order, so that equal ones are found again."""
    roles = actor.roles(school_id)
    return tuple(role for role in sdk.ROLES if role in roles)


def menu(visit: Visit) -> tuple[MenuLine, ...]:
    """Return the lines of the modules that are on in any of the reader's schools."""
    actor = visit.actor
    if actor is None or not registry().loaded:
        return ()
    lines: dict[str, MenuLine] = {}
    for school_id in actor.schools:
        on = allowed().theirs(school_id, actor.person(school_id))
        if on:
            for line in _lines(registry(), on, roles_in(actor, school_id), visit.locale):
                lines.setdefault(line.href, line)
    return tuple(lines.values())


@lru_cache(maxsize=500)
def _lines(
    known: Registry, on: frozenset[str], roles: tuple[str, ...], locale: str
) -> tuple[MenuLine, ...]:
    found: list[tuple[str, NavItem]] = [
        (name, item)
        for name, one in known.loaded.items()
        if name in on
        for item in one.declared.navigation
        if _opens(known, name, item, roles)
    ]
    found.sort(key=lambda one: one[1].order)
    return tuple(
        MenuLine(
            f"/x/{name}/{item.path}".rstrip("/"),
            item.label.of(locale),
            item.icon if item.icon in ICONS else PLAIN_ICON,
        )
        for name, item in found
    )


def _opens(known: Registry, plugin: str, item: NavItem, roles: tuple[str, ...]) -> bool:
    page = known.page(plugin, "GET", item.path)
    if page is None:
        return False
    wanted = page[0].permission
    return wanted is None or wanted in known.permitted(plugin, roles)


MENUS.append(menu)
