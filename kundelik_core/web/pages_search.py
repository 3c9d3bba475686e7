"""Let staff find people, classes, journals and what modules keep, as far as each may open it."""

from collections.abc import Sequence
from typing import Any, Final
from urllib.parse import urlencode

from litestar import Response

from kundelik_core.gradebook.access import DIARY_STAFF, Viewer
from kundelik_core.gradebook.find.queries import (
    MOST,
    MOST_PEOPLE,
    ClassName,
    FoundColleague,
    FoundGuardian,
    FoundPupil,
    FoundThings,
    find,
)
from kundelik_core.gradebook.find.rules import LONGEST, Wanted, wanted
from kundelik_core.identity.access import Permission, may
from kundelik_core.kernel import clock
from kundelik_core.kernel.db import tenant
from kundelik_core.kernel.i18n import _, current_locale, ngettext
from kundelik_core.plugins.searching import FoundKind, search_plugins
from kundelik_core.schools.access import LEADERS, people_reach, stands_near
from kundelik_core.schools.calendar import school_year_of
from kundelik_core.schools.titles import class_order
from kundelik_core.sdk import SearchQuery
from kundelik_core.web.frame import ROLE_TITLES, view
from kundelik_core.web.journal_reach import viewer_of
from kundelik_core.web.modules import call_in, dispatcher, on_for, registry
from kundelik_core.web.routes import page
from kundelik_core.web.school_choice import asked_school, learn_schools, school_tabs
from kundelik_core.web.visit import Request, actor_of

__all__ = ["HANDLERS"]

Line = dict[str, Any]

_NAMED: Final = 4
"""Classes that a line names before it says how many more there are."""


@page("/search", access=Permission.CLASS_READ)
async def search(request: Request) -> Response[bytes]:
    """Show what was found, or how to search."""
    actor = actor_of(request)
    await learn_schools(actor)
    school_id = asked_school(request, Permission.CLASS_READ)
    asked = wanted(request.query_params.get("q", ""))
    viewer = viewer_of(actor, school_id)
    sections: list[Line] = []
    people, silent = 0, list[str]()
    if asked.words:
        today = clock.today()
        async with tenant(school_id) as tx:
            found = await find(tx, asked, viewer, school_year_of(today), today)
            on = await on_for(actor, school_id, tx)
        people = found.people
        kinds = await _modules(request, school_id, asked, on)
        sections = [*_core(found, viewer), *(_module(kind) for kind in kinds if kind.lines)]
        silent = [kind.title.of(current_locale()) for kind in kinds if kind.failed]
    kept = {"q": asked.text}
    return view(
        request,
        "search.html",
        q=asked.text,
        longest=str(LONGEST),
        state="found" if sections else "nothing" if asked.words else "short" if asked.text else "",
        sections=sections,
        many=people > MOST_PEOPLE,
        silent=silent,
        people=f"/office/people?{urlencode({**kept, 'school': school_id})}"
        if asked.words and may(actor, Permission.PEOPLE_READ, school_id)
        else "",
        hidden=[("school", str(school_id))] if len(actor.schools) > 1 else [],
        schools=[
            {**tab, "href": f"{tab['href']}&{urlencode(kept)}"}
            for tab in school_tabs(request, Permission.CLASS_READ, school_id)
        ],
        seek=False,
    )


async def _modules(
    request: Request, school_id: int, asked: Wanted, on: frozenset[str]
) -> list[FoundKind]:
    """Ask the modules that are on; called after ``tenant()`` has ended."""
    if not any(entry.ref.plugin in on for entry in registry().searches):
        return []
    query = SearchQuery(text=asked.text, words=asked.words, most=MOST)
    call = call_in(request, school_id)
    return await search_plugins(registry(), dispatcher(), query, on, call)


def _section(title: str, lines: Sequence[Line], *, more: bool = False) -> list[Line]:
    shown = list(lines[:MOST])
    return [{"title": title, "lines": shown, "more": more or len(lines) > MOST}] if shown else []


def _module(kind: FoundKind) -> Line:
    lines: list[Line] = [
        {"name": line.title, "href": line.href, "note": line.note, "links": []}
        for line in kind.lines
    ]
    return _section(kind.title.of(current_locale()), lines, more=kind.more)[0]


def _core(found: FoundThings, viewer: Viewer) -> list[Line]:
    classes = [
        {
            "name": ClassName(one.id, one.grade, one.letter).title,
            "href": f"/classes/{one.id}",
            "note": ngettext("%(n)s pupil", "%(n)s pupils", one.pupils) % {"n": one.pupils},
            "links": [{"href": f"/timetable/class/{one.id}", "label": _("Timetable")}],
        }
        for one in sorted(found.classes, key=lambda one: class_order(one.grade, one.letter))
    ]
    journals = [
        {
            "name": f"{one.subject.of(current_locale())}, {one.title}",
            "href": f"/journal/{one.id}",
            "note": "",
            "links": [],
        }
        for one in found.journals
    ]
    return [
        *_section(_("Classes"), classes),
        *_section(_("Journals"), journals),
        *_section(_("Pupils"), [_pupil(one, viewer) for one in found.pupils]),
        *_section(_("Parents and guardians"), [_guardian(one) for one in found.guardians]),
        *_section(_("Colleagues"), [_colleague(one, viewer) for one in found.colleagues]),
    ]


def _pupil(one: FoundPupil, viewer: Viewer) -> Line:
    """Return a pupil's line: the diary where the reader may open it, else the class."""
    diary = bool(viewer.roles & DIARY_STAFF) or one.own
    record = stands_near(people_reach(viewer.roles), own_class=one.own, roles={"pupil"})
    klass = f"/classes/{one.school_class.id}" if one.school_class else ""
    links = [{"href": klass, "label": one.school_class.title}] if one.school_class else []
    if record:
        links.append({"href": f"/office/people/{one.id}", "label": _("Record")})
    return {
        "name": one.name,
        "href": f"/diary/{one.id}" if diary else klass,
        "note": "",
        "links": links,
    }


def _guardian(one: FoundGuardian) -> Line:
    children = [f"{name}, {klass.title}" if klass else name for name, klass in one.children]
    note = ngettext("Child: %(names)s", "Children: %(names)s", len(children))
    return {
        "name": one.name,
        "href": f"/office/people/{one.id}",
        "note": note % {"names": "; ".join(children)},
        "links": [],
    }


def _colleague(one: FoundColleague, viewer: Viewer) -> Line:
    """Return a colleague's line; who leads the school gets to the record, others to a class."""
    notes = [_(title) for role, title in ROLE_TITLES.items() if role in one.roles]
    if one.leads:
        notes.append(_("leads %(classes)s") % {"classes": _named(one.leads)})
    if one.teaches:
        notes.append(_("teaches in %(classes)s") % {"classes": _named(one.teaches)})
    classes = [*one.leads, *one.teaches]
    href = f"/classes/{classes[0].id}" if classes else ""
    if viewer.roles & LEADERS:
        href = f"/office/people/{one.id}"
    return {"name": one.name, "href": href, "note": ", ".join(notes), "links": []}


def _named(classes: Sequence[ClassName]) -> str:
    ordered = sorted(classes, key=lambda one: class_order(one.grade, one.letter))
    shown = ", ".join(one.title for one in ordered[:_NAMED])
    left = len(classes) - _NAMED
    return f"{shown} {_('and %(n)s more') % {'n': left}}" if left > 0 else shown


HANDLERS: Final[tuple[Any, ...]] = (search,)
