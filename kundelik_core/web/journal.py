"""Open journals: the list of them, and one group in one period on one page."""

from typing import Any, Final
from uuid import UUID

from litestar import Response
from litestar.params import FromPath
from litestar.types import ASGIApp

from kundelik_core.gradebook.access import JOURNAL_STAFF, Right, journal_right, not_found
from kundelik_core.gradebook.journal.model import JournalPage
from kundelik_core.gradebook.journal.queries import (
    JournalItem,
    journal_list,
    journal_page,
    journal_versions,
)
from kundelik_core.identity.access import Permission
from kundelik_core.identity.model import Actor
from kundelik_core.kernel import clock
from kundelik_core.kernel.db import tenant
from kundelik_core.kernel.i18n import current_locale, ngettext
from kundelik_core.schools.calendar import school_year_of
from kundelik_core.web.frame import frame_key, render_page, school_name, view
from kundelik_core.web.journal_answers import cursor
from kundelik_core.web.journal_reach import staff_schools, viewer_of
from kundelik_core.web.journal_view import journal_context, list_context
from kundelik_core.web.remembered import PAGES, KeptPage, keep_page
from kundelik_core.web.routes import page
from kundelik_core.web.visit import Request, actor_of, visit_of

__all__ = ["HANDLERS"]

# A journal on a shared computer must not come back with the browser's back button.
_KEPT: Final = "private, no-store"


@page("/journal", access=Permission.JOURNAL_READ)
async def journals(request: Request) -> Response[bytes]:
    """List the journals of a teacher; leaders see those of the whole school."""
    actor = actor_of(request)
    today = clock.today()
    schools = staff_schools(actor)
    blocks: dict[str, list[dict[str, str]]] = {}
    own: list[dict[str, str]] = []
    everyone = False
    for school_id in schools:
        viewer = viewer_of(actor, school_id)
        leads = bool(viewer.roles & JOURNAL_STAFF)
        everyone = everyone or leads
        async with tenant(school_id) as tx:
            items = await journal_list(
                tx, viewer.person, school_year_of(today), today, everyone=leads
            )
        prefix = f"{school_name(school_id, current_locale())}: " if len(schools) > 1 else ""
        for item in items:
            subject = item.subject.of(current_locale())
            # A teacher thinks of the subject first; who looks after a school, of the class.
            title = item.title.partition(" (")[0] if leads else subject
            line = _line(item, subject if leads else "")
            blocks.setdefault(f"{prefix}{title}", []).append(line)
            if leads and item.mine:
                own.append(line | {"name": f"{item.title} · {subject}"})
    return view(request, "journal_list.html", **list_context(blocks, own, everyone))


def _line(item: JournalItem, subject: str) -> dict[str, str]:
    part = item.title.partition(" (")[2].removesuffix(")")
    count = ngettext("%(n)s pupil", "%(n)s pupils", item.pupils) % {"n": item.pupils}
    return {
        "href": f"/journal/{item.id}",
        "name": (f"{subject} ({part})" if part else subject) or item.title,
        "sub": count,
        "todo": "",
        "lock": "",
    }


@page(["/journal/{group:uuid}", "/journal/{group:uuid}/{period:str}"],
      access=Permission.JOURNAL_READ)  # fmt: skip
async def journal(request: Request, group: FromPath[UUID], period: FromPath[str] = "") -> ASGIApp:
    """Show the journal of a group; the present period when none is named."""
    visit, actor, since, today = visit_of(request), actor_of(request), cursor(), clock.today()
    key = frame_key(visit)
    found = await _open(actor, group, period, PAGES.find(key, today))
    if isinstance(found, KeptPage):
        return found.answer()
    school_id, page, right = found
    context = journal_context(page, right, today, str(actor.account_id))
    body = render_page(visit, "journal.html", {"status": "200", "cursor": since, **context})
    return keep_page(key, body, (school_id, page.versions), today, _KEPT).answer()


async def _open(
    actor: Actor, group: UUID, period: str, kept: KeptPage | None
) -> KeptPage | tuple[int, JournalPage, Right]:
    """Read a journal in whichever of the account's schools it is, unless the kept page still holds.

    Raises:
        Problem: 404, when it is in none or none of their business.
    """
    today = clock.today()
    for school_id in staff_schools(actor):
        viewer = viewer_of(actor, school_id)
        async with tenant(school_id) as tx:
            held = kept if kept is not None and kept.school_id == school_id else None
            if held and await journal_versions(tx, group) == held.versions:
                return held
            found = await journal_page(tx, group, period, today, viewer.person)
        if found.group is None or found.period is None:
            continue
        right = journal_right(viewer, found.teachers, found.homerooms, today)
        if right:
            return school_id, found, right
    raise not_found()


HANDLERS: Final[tuple[Any, ...]] = (journals, journal)
