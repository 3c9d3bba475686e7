"""Show the summary sheet of a class: pupils down, subjects across, the results of a period."""

from collections.abc import Sequence
from datetime import date
from fractions import Fraction
from typing import Any, Final
from uuid import UUID

from litestar import Response
from litestar.params import FromPath

from kundelik_core.gradebook.class_marks import (
    ClassMarks,
    ClassPeriods,
    class_marks,
    class_periods,
)
from kundelik_core.gradebook.diary.model import DiaryGroup
from kundelik_core.gradebook.journal.model import Period
from kundelik_core.gradebook.results import Kept, level_of, scheme_of
from kundelik_core.gradebook.schemes.exact import fixed
from kundelik_core.gradebook.schemes.explain import mark_text, status_short
from kundelik_core.identity.access import Permission, schools_where
from kundelik_core.identity.model import Actor
from kundelik_core.kernel import clock
from kundelik_core.kernel.db import tenant
from kundelik_core.kernel.i18n import current_locale
from kundelik_core.schools.access import people_reach
from kundelik_core.schools.titles import class_title
from kundelik_core.web.diary_parts import worth
from kundelik_core.web.frame import view
from kundelik_core.web.journal_titles import number, period_title
from kundelik_core.web.routes import page
from kundelik_core.web.school_choice import missing
from kundelik_core.web.visit import Request, actor_of

__all__ = ["HANDLERS", "may_see_marks"]

Context = dict[str, Any]
Worths = list[Fraction | int]


def may_see_marks(actor: Actor, school_id: int, homeroom: UUID | None) -> bool:
    """Tell whether somebody sees every mark of a class: whoever may open all its diaries."""
    if people_reach(actor.roles(school_id)) in {"everyone", "families"}:
        return True
    return homeroom is not None and homeroom == actor.person(school_id)


@page(
    ["/classes/{class_id:uuid}/marks", "/classes/{class_id:uuid}/marks/{period:str}"],
    access=Permission.CLASS_READ,
)
async def sheet(
    request: Request, class_id: FromPath[UUID], period: FromPath[str] = ""
) -> Response[bytes]:
    """Show the results of a class; those of the present period when none is named."""
    actor, today = actor_of(request), clock.today()
    for school_id in schools_where(actor, Permission.CLASS_READ):
        async with tenant(school_id) as tx:
            known = await class_periods(tx, class_id)
            if known.row is None:
                continue
            if not may_see_marks(actor, school_id, known.row.homeroom):
                raise missing()
            shown = _shown(known)
            chosen = _choose(shown, period, today)
            codes = _codes(known, chosen)
            found = await class_marks(tx, class_id, chosen, list(codes.values()), today)
        break
    else:
        raise missing()
    base = f"/classes/{class_id}"
    tabs = [
        {"href": f"{base}/marks/{p.code}", "label": period_title(p.code), "current": p == chosen}
        for p in shown
    ]
    return view(
        request,
        "class_marks.html",
        name=class_title(known.row.grade, known.row.letter),
        period=period_title(chosen.code),
        back=base,
        periods=tabs,
        **_table(found, codes),
    )


def _shown(known: ClassPeriods) -> list[Period]:
    """Return the periods to choose from: the shortest kind that the groups of the class have."""
    kind = next((k for k in "qtsh" if k in known.kinds), "q")
    return [period for period in known.periods if period.code[0] == kind]


def _choose(shown: Sequence[Period], asked: str, today: date) -> Period:
    found = [period for period in shown if period.code == asked]
    if asked and not found:
        raise missing()
    begun = [period for period in shown if period.begins <= today]
    for period in (*found, *reversed(begun), *shown):
        return period
    raise missing()


def _codes(known: ClassPeriods, chosen: Period) -> dict[str, str]:
    """Return the period and the longer ones in which it lies: a half-year's mark in a quarter."""
    return {
        p.code[0]: p.code for p in known.periods
        if p.code[0] in known.kinds and p.begins <= chosen.begins and p.ends >= chosen.ends
    }  # fmt: skip


def _table(found: ClassMarks, codes: dict[str, str]) -> Context:
    subjects: dict[UUID, list[DiaryGroup]] = {}
    for group, subject in found.groups:
        if not scheme_of(group.scheme_code, group.scheme_version).marks_nothing:
            subjects.setdefault(subject, []).append(group)
    kept = {(pupil, group): row for pupil, group, row in found.results}
    members = set(found.members)
    columns: list[Worths] = [[] for _subject in subjects]
    rows: list[Context] = []
    for n, (pupil, surname, given) in enumerate(found.pupils, 1):
        cells, own = [], Worths()
        for at, groups in enumerate(subjects.values()):
            mine = next((g for g in groups if (g.id, pupil) in members), None)
            row = kept.get((pupil, mine.id)) if mine else None
            cells.append(_cell(pupil, mine, row, codes))
            value = worth(mine, row) if mine else None
            if value is not None:
                own.append(value)
                columns[at].append(value)
        name = f"{surname} {given}"
        rows.append(
            {"n": n, "name": name, "href": f"/diary/{pupil}/marks", "cells": cells,
             "mean": _mean(own)}
        )  # fmt: skip
    locale = current_locale()
    return {
        "columns": [groups[0].subject.of(locale) for groups in subjects.values()],
        "rows": rows,
        "unmarked": bool(found.groups) and not subjects,
        "means": [_mean(column) for column in columns],
        "mean": _mean([value for column in columns for value in column]),
        "open": any(cell["open"] for row in rows for cell in row["cells"]),
    }


def _cell(
    pupil: UUID, group: DiaryGroup | None, row: Kept | None, codes: dict[str, str]
) -> Context:
    blank = {"text": "", "level": "", "open": False, "href": "", "none": group is None}
    if group is None or row is None:
        return blank
    scheme = scheme_of(group.scheme_code, group.scheme_version)
    mark, locale = row.given or row.mark, current_locale()
    period = codes[group.period_kind[0]]
    return blank | {
        "text": mark_text(scheme, mark, locale) or status_short(scheme, row.status, locale),
        "level": level_of(scheme, mark),
        "open": bool(mark) and row.provisional and not row.given,
        "href": f"/diary/{pupil}/marks/{group.id}/{period}",
    }


def _mean(values: Worths) -> str:
    return number(fixed(Fraction(sum(values)) / len(values), 2)) if values else ""


HANDLERS: Final[tuple[Any, ...]] = (sheet,)
