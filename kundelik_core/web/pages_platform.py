"""Show the operator the installation: schools, modules, versions; no journals and no diaries."""

import platform as machine
from typing import Any, Final

from litestar import Response

import kundelik_core
from kundelik_core.identity.access import Permission
from kundelik_core.kernel import clock
from kundelik_core.kernel.db import reference, tenant
from kundelik_core.kernel.i18n import _, current_locale, ngettext
from kundelik_core.plugins.life.overview import standings
from kundelik_core.schools.calendar import school_year_of
from kundelik_core.schools.queries.schools import (
    SchoolRow,
    counts,
    list_schools,
    regions,
)
from kundelik_core.sdk import API_VERSION
from kundelik_core.web import plugin_view
from kundelik_core.web.frame import view
from kundelik_core.web.modules import registry
from kundelik_core.web.paging import offset_of, turns
from kundelik_core.web.routes import page
from kundelik_core.web.themes import Report, theme_reports
from kundelik_core.web.visit import Request

__all__ = ["HANDLERS"]


@page("/platform", access=Permission.PLATFORM)
async def platform(request: Request) -> Response[bytes]:
    """List schools with the number of their pupils, modules with their state, and versions."""
    today = clock.today()
    first = offset_of(request)
    schools, total = await list_schools(first=first)
    names = {row.code: row.title.of(current_locale()) for row in await regions(today)}
    rows = [await _school(row, names) for row in schools]
    server = str(await reference().fetchval("show server_version"))
    found, known, _trips = await standings(request.app.state.settings, registry().plugins)
    versions = (
        (_("Kundelik"), kundelik_core.__version__),
        (_("Contract for modules"), API_VERSION),
        ("PostgreSQL", server.partition(" ")[0]),
        ("Python", machine.python_version()),
    )
    return view(
        request,
        "platform.html",
        schools=rows,
        total=str(total),
        plugins=[plugin_view.card(one, known.get(one.name)) for one in found],
        themes=[_theme(one) for one in theme_reports()],
        system=[{"label": label, "value": value, "bad": False} for label, value in versions],
        **turns("/platform", first, total),
    )


async def _school(row: SchoolRow, names: dict[str, str]) -> dict[str, str]:
    # A school's numbers are its own rows: one short transaction each, for a page of schools.
    today = clock.today()
    async with tenant(row.id) as tx:
        numbers = await counts(tx, school_year_of(today), today)
    return {
        "name": row.title.of(current_locale()),
        "region": names.get(row.region, row.region),
        "pupils": str(numbers.pupils),
        "state": _("demo") if row.is_demo else _("in use"),
        "href": "",
    }


def _theme(one: Report) -> dict[str, str]:
    """Return what went wrong with a theme; whoever reads pages never sees it."""
    school = one.what.removeprefix("school ")
    what = _("school %(number)s") % {"number": school} if school != one.what else one.what
    return {
        "name": one.theme,
        "what": what or _("all of it"),
        "problem": one.problem,
        "times": ngettext("%(n)s time", "%(n)s times", one.times) % {"n": one.times},
        "at": plugin_view.at(one.at),
    }


HANDLERS: Final[tuple[Any, ...]] = (platform,)
