"""Show an education department its schools in numbers; never a child's name."""

from datetime import date, timedelta
from typing import Any, Final

from litestar import Response

from kundelik_core.gradebook.overview import FilledShare, filled_share
from kundelik_core.identity.access import Permission
from kundelik_core.identity.model import Actor
from kundelik_core.kernel import clock
from kundelik_core.kernel.db import tenant
from kundelik_core.kernel.i18n import _, current_locale, date_range
from kundelik_core.schools.calendar import school_year_of
from kundelik_core.schools.queries.schools import (
    RegionRow,
    SchoolCounts,
    SchoolRow,
    counts,
    list_schools,
    regions,
)
from kundelik_core.web.frame import view
from kundelik_core.web.paging import offset_of, turns
from kundelik_core.web.routes import page
from kundelik_core.web.school_choice import missing
from kundelik_core.web.visit import Request, actor_of

__all__ = ["HANDLERS", "within"]

LOOK_BACK: Final = timedelta(days=14)
Numbers = tuple[SchoolCounts, FilledShare]


def within(code: str, rows: list[RegionRow]) -> frozenset[str]:
    """Return a region and everything below it."""
    found = {code}
    while True:
        more = {row.code for row in rows if row.parent in found} - found
        if not more:
            return frozenset(found)
        found |= more


@page("/region", access=Permission.REGION_READ)
async def region(request: Request) -> Response[bytes]:
    """List the schools of the officer's region with counts only."""
    actor, today = actor_of(request), clock.today()
    rows = await regions(today)
    code = _asked(request, actor, rows)
    first = offset_of(request)
    schools, total = await list_schools(within(code, rows) if code else None, first=first)
    span = (today - LOOK_BACK, today - timedelta(days=1))
    numbers = [await _numbers(row, today, span) for row in schools]
    titles = {row.code: row.title.of(current_locale()) for row in rows}
    labels = (
        _("Classes"), _("Pupils"), _("Staff"), _("Lessons held"), _("Filled in, %"),
    )  # fmt: skip
    return view(
        request,
        "region.html",
        title=titles.get(code, _("The whole country")),
        up=None,
        note=_("Journals: lessons with a topic, %(days)s. Sums only; no names of children.")
        % {"days": date_range(*span, current_locale())},
        columns=[{"label": label, "num": True} for label in labels],
        rows=[
            {"name": row.title.of(current_locale()), "href": "", "cells": _cells([found])}
            for row, found in zip(schools, numbers, strict=True)
        ],
        total=_cells(numbers) if numbers and total == len(schools) else [],
        **turns("/region", first, total, code=request.query_params.get("code", "")),
    )


def _asked(request: Request, actor: Actor, rows: list[RegionRow]) -> str:
    """Return the region that is asked for, if the officer's own holds it; empty for the country."""
    own = [p.region_code for p in actor.platform if p.role in {"region", "operator"}]
    asked = request.query_params.get("code", "")
    if not asked:
        return "" if "" in own else own[0]
    if asked in {row.code for row in rows} and any(
        not code or asked in within(code, rows) for code in own
    ):
        return asked
    raise missing()


async def _numbers(row: SchoolRow, today: date, span: tuple[date, date]) -> Numbers:
    # One short transaction per school: one transaction never holds rows of two.
    async with tenant(row.id) as tx:
        return await counts(tx, school_year_of(today), today), await filled_share(tx, *span)


def _cells(numbers: list[Numbers]) -> list[str]:
    people = [found for found, _share in numbers]
    lessons = sum(share.lessons for _people, share in numbers)
    filled = sum(share.filled for _people, share in numbers)
    return [
        str(sum(found.classes for found in people)),
        str(sum(found.pupils for found in people)),
        str(sum(found.staff for found in people)),
        str(lessons),
        str((200 * filled + lessons) // (2 * lessons)) if lessons else "",
    ]


HANDLERS: Final[tuple[Any, ...]] = (region,)
