"""Show the classes of a school, and one class: its pupils, subjects and teachers."""

from collections import Counter
from datetime import date
from typing import Any, Final
from uuid import UUID

from litestar import Response
from litestar.params import FromPath

from kundelik_core.identity.access import Permission, schools_where
from kundelik_core.kernel import clock
from kundelik_core.kernel.db import tenant
from kundelik_core.kernel.i18n import N_, _, current_locale, day_month, ngettext
from kundelik_core.schools.access import people_reach
from kundelik_core.schools.calendar import school_year_of
from kundelik_core.schools.queries.classes import (
    ClassGroup,
    ClassPupil,
    ClassRow,
    Tile,
    class_tiles,
    one_class,
)
from kundelik_core.sdk import ClassPage, Student
from kundelik_core.web.frame import view
from kundelik_core.web.modules import call_in, fill_slot, on_for
from kundelik_core.web.pages_class_marks import may_see_marks
from kundelik_core.web.routes import page
from kundelik_core.web.school_choice import asked_school, learn_schools, missing, school_tabs
from kundelik_core.web.visit import Request, actor_of

__all__ = ["HANDLERS"]

LANGUAGES: Final = {
    "kk": N_("Kazakh"), "ru": N_("Russian"), "ug": N_("Uyghur"), "uz": N_("Uzbek"),
    "tg": N_("Tajik"), "en": N_("English"),
}  # fmt: skip
LEADERS: Final = frozenset({"director", "deputy", "admin"})


@page("/classes", access=Permission.CLASS_READ)
async def classes(request: Request) -> Response[bytes]:
    """List the classes of a school by grade."""
    actor, today = actor_of(request), clock.today()
    await learn_schools(actor)
    school_id = asked_school(request, Permission.CLASS_READ)
    async with tenant(school_id) as tx:
        tiles = await class_tiles(tx, school_year_of(today), today)
    grades: dict[int, list[dict[str, str]]] = {}
    for tile in tiles:
        grades.setdefault(tile.grade, []).append(_tile(tile))
    person = actor.person(school_id)
    own = [_tile(tile) for tile in tiles if person is not None and tile.homeroom_id == person]
    sections: list[dict[str, object]] = [
        {"title": _("Grade %(n)s") % {"n": grade}, "classes": items}
        for grade, items in grades.items()
    ]
    if own:
        sections.insert(0, {"title": _("Your class"), "classes": own})
    return view(
        request,
        "classes.html",
        grades=sections,
        add="",
        schools=school_tabs(request, Permission.CLASS_READ, school_id),
    )


def _tile(tile: Tile) -> dict[str, str]:
    return {
        "href": f"/classes/{tile.id}",
        "name": tile.title,
        "pupils": ngettext("%(n)s pupil", "%(n)s pupils", tile.pupils) % {"n": tile.pupils},
        "homeroom": tile.homeroom,
        "language": _(LANGUAGES[tile.language]),
    }


@page("/classes/{class_id:uuid}", access=Permission.CLASS_READ)
async def one(request: Request, class_id: FromPath[UUID]) -> Response[bytes]:
    """Show a class, with what modules add to it."""
    actor, today = actor_of(request), clock.today()
    for school_id in schools_where(actor, Permission.CLASS_READ):
        async with tenant(school_id) as tx:
            found = await one_class(tx, class_id, today)
            if found.row is None:
                continue
            on = await on_for(actor, school_id, tx)
        break
    else:
        raise missing()
    row = found.row
    assert row is not None
    here = [pupil for pupil in found.pupils if pupil.here(today)]
    args = ClassPage(
        class_id=class_id,
        students=tuple(
            Student(id=p.id, name=f"{p.surname} {p.given}", birth_date=p.birth_date) for p in here
        ),
    )
    person = actor.person(school_id)
    own = row.homeroom_id is not None and row.homeroom_id == person
    reach = people_reach(actor.roles(school_id))
    close = reach in {"everyone", "families"} or (reach == "class" and own)
    leads = bool(actor.roles(school_id) & LEADERS)
    subjects = Counter(group.subject for group in found.groups)
    return view(
        request,
        "class.html",
        klass=_head(row),
        count=str(len(here)),
        pupils=_pupils(found.pupils, today, close=close),
        groups=[
            _group(
                group,
                may_open=leads or own or any(t == person for t, _name in group.teachers),
                divided=subjects[group.subject] > 1,
                may_change=leads,
            )
            for group in found.groups
        ],
        actions=_actions(row, close=close, marks=may_see_marks(actor, school_id, row.homeroom_id)),
        slots=await fill_slot("class.page", args, on, call_in(request, school_id)) if on else [],
    )


def _head(row: ClassRow) -> dict[str, object]:
    language = _("taught in %(language)s") % {"language": _(LANGUAGES[row.language])}
    shift = _("shift %(n)s") % {"n": row.shift}
    return {
        "name": row.title,
        "sub": f"{language}, {shift}",
        "homeroom": {"name": row.homeroom, "href": ""} if row.homeroom else None,
    }


def _pupils(pupils: list[ClassPupil], today: date, *, close: bool) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = []
    number = 0
    for pupil in pupils:
        here = pupil.here(today)
        number += here
        rows.append(
            {
                "n": str(number) if here else "",
                "name": f"{pupil.surname} {pupil.given}",
                "href": f"/diary/{pupil.id}" if close else "",
                "note": "" if here else _gone(pupil, today),
                "no_parent": close and here and not pupil.guarded,
            }
        )
    return rows


def _gone(pupil: ClassPupil, today: date) -> str:
    if pupil.begins > today:
        return _("comes on %(day)s") % {"day": day_month(pupil.begins, current_locale())}
    assert pupil.ends is not None
    return _("left on %(day)s") % {"day": day_month(pupil.ends, current_locale())}


def _group(group: ClassGroup, *, may_open: bool, divided: bool, may_change: bool) -> dict[str, str]:
    subject = group.subject.of(current_locale())
    if divided:
        subject = f"{subject}, {group.title}"
    return {
        "name": subject,
        "teacher": ", ".join(name for _id, name in group.teachers),
        "pupils": ngettext("%(n)s pupil", "%(n)s pupils", group.pupils) % {"n": group.pupils},
        "href": f"/journal/{group.id}" if may_open else "",
        "members": f"/office/groups/{group.id}" if may_change else "",
    }


def _actions(row: ClassRow, *, close: bool, marks: bool) -> list[dict[str, str]]:
    found = [
        {"href": f"/timetable/class/{row.id}", "label": _("Timetable"), "icon": "timetable"},
    ]
    if marks:
        href = f"/classes/{row.id}/marks"
        found.insert(0, {"href": href, "label": _("Marks of the class"), "icon": "journal"})
    if close:
        href = f"/office/people?class={row.id}"
        found.append({"href": href, "label": _("People and codes"), "icon": "person"})
    return found


HANDLERS: Final[tuple[Any, ...]] = (classes, one)
