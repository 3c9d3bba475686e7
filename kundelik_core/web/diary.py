"""Open diaries: a week, the marks of the year, one subject; for a pupil, a family, the staff."""

from collections.abc import Awaitable, Callable
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any, Final, TypeVar
from uuid import UUID

from litestar import Response
from litestar.params import FromPath
from litestar.response import Redirect
from litestar.types import ASGIApp

from kundelik_core import sdk
from kundelik_core.gradebook.access import Viewer, not_found
from kundelik_core.gradebook.diary.actions import mark_seen
from kundelik_core.gradebook.diary.model import DiaryWeek, SubjectYear, Who, YearMarks
from kundelik_core.gradebook.diary.queries import diary_week, subject_year, year_marks
from kundelik_core.identity.model import Actor
from kundelik_core.kernel import clock
from kundelik_core.kernel.db import tenant
from kundelik_core.kernel.errors import Problem
from kundelik_core.privacy.actions import note_look
from kundelik_core.privacy.model import What
from kundelik_core.schools.calendar import monday_of, parse_iso_week, school_year_of
from kundelik_core.web.answer import Ready
from kundelik_core.web.diary_book import drawn_week
from kundelik_core.web.diary_marks import subject_context, year_context
from kundelik_core.web.diary_state import coming
from kundelik_core.web.diary_view import Reader, child_context, week_context
from kundelik_core.web.frame import frame_key, render_page, view
from kundelik_core.web.journal_reach import staff_schools
from kundelik_core.web.modules import diary_slots
from kundelik_core.web.remembered import PAGES, KeptPage, keep_page
from kundelik_core.web.routes import form, page
from kundelik_core.web.themes.looks import look_of
from kundelik_core.web.visit import Request, actor_of, visit_of

__all__ = ["HANDLERS"]

T = TypeVar("T")
# A family may look at a week again without a connection; with one it asks whether it is the same.
_KEPT: Final = "private, no-cache"
_SATURDAY: Final = 5

_monday: Final = lru_cache(maxsize=256)(parse_iso_week)


def _places(actor: Actor, pupil: UUID) -> list[tuple[int, Viewer, bool]]:
    """Return where a pupil may be looked for, and as whom: own, child's, then staff's schools."""
    found: list[tuple[int, Viewer, bool]] = []
    for member in actor.memberships:
        if member.role == "pupil" and member.person_id == pupil:
            viewer = Viewer(actor.account_id, member.person_id, frozenset({"pupil"}))
            found.append((member.school_id, viewer, True))
    for child in actor.children:
        if child.pupil_id == pupil:
            viewer = Viewer(actor.account_id, child.guardian_id, frozenset({"parent"}))
            found.append((child.school_id, viewer, True))
    for school_id in staff_schools(actor):
        viewer = Viewer(actor.account_id, actor.person(school_id), actor.roles(school_id))
        found.append((school_id, viewer, False))
    return found


async def _look(
    actor: Actor, pupil: UUID, what: What, read: Callable[[int, Viewer], Awaitable[T]]
) -> tuple[T, int, bool]:
    """Read in the first school that lets the account; tell which, and whether it is the family.

    Raises:
        Problem: 404, when no school does.
    """
    missing = not_found()
    for school_id, viewer, own in _places(actor, pupil):
        try:
            found = await read(school_id, viewer)
        except Problem as problem:
            if problem.code != missing.code:
                raise
            continue
        note_look(actor, school_id, pupil, what)
        return found, school_id, own
    raise missing


def _schools(actor: Actor) -> list[int]:
    """Return the schools of several children, whose titles their tabs then say."""
    schools = {child.school_id for child in actor.children}
    return sorted(schools) if len(schools) > 1 else []


@page("/diary", access="signed-in")
async def diary(request: Request) -> ASGIApp:
    """Show this week of oneself or of the first child."""
    actor = actor_of(request)
    own = [m.person_id for m in actor.memberships if m.role == "pupil"]
    pupils = own or [child.pupil_id for child in actor.children]
    if not pupils:
        raise not_found()
    return await _week(request, pupils[0])


@page("/diary/{child:uuid}", access="signed-in")
async def diary_of(request: Request, child: FromPath[UUID]) -> ASGIApp:
    """Show this week of a child."""
    return await _week(request, child)


@page("/diary/{child:uuid}/{week:str}", access="signed-in")
async def diary_of_week(request: Request, child: FromPath[UUID], week: FromPath[str]) -> ASGIApp:
    """Show a named week of a child."""
    monday = _monday(week)
    if monday is None or not date(2000, 1, 3) <= monday <= date(2100, 1, 4):
        raise not_found()
    return await _week(request, child, monday)


async def _week(request: Request, pupil: UUID, monday: date | None = None) -> Ready:
    """Show a week, without one the week that matters now."""
    visit, actor = visit_of(request), actor_of(request)
    today, now = clock.today(), clock.now()
    # A child of several is shown in the colours of their own school.
    visit.school_id = next((c.school_id for c in actor.children if c.pupil_id == pupil), 0)
    key = frame_key(visit)
    kept = PAGES.find(key, today)

    async def read(school_id: int, viewer: Viewer) -> tuple[date, DiaryWeek | None]:
        page = kept if kept is not None and kept.school_id == school_id else None
        return await _read_week(
            (school_id, viewer, pupil), monday, (today, now), _schools(actor), page
        )

    (shown, week), school_id, own = await _look(actor, pupil, "diary", read)
    if week is None:
        assert kept is not None
        return await _answer(request, pupil, kept, own=own)
    who = week.who
    assert who.pupil is not None
    context = child_context(actor, pupil, who.pupil, who.school_class, who.schools)
    theme = look_of(visit.school_id, actor.schools)["theme"]
    # A weekend's diary is already the next week.
    reader = Reader(shown, today, own, monday is None and shown > today, theme)
    body = drawn_week(visit, week, reader, context)
    if body is None:
        context |= week_context(week, reader, f"/diary/{pupil}")
        body = render_page(visit, "diary.html", {"status": "200", **context})
    about = (" ".join(who.pupil), shown)
    # A week that was chosen among two is read anew: whose it is may have another last day.
    basis = None if monday is None and today.weekday() >= _SATURDAY else who
    page = keep_page(key, body, (school_id, week.versions), today, _KEPT, about, basis)
    return await _answer(request, pupil, page, own=own)


async def _answer(request: Request, pupil: UUID, page: KeptPage, *, own: bool) -> Ready:
    """Answer with a week and what the modules of its school show below it."""
    name, monday = page.about
    viewer: sdk.Viewer = "staff"
    if own:
        mine = any(m.person_id == pupil for m in actor_of(request).memberships)
        viewer = "student" if mine else "guardian"
    added = await diary_slots(
        request, page.school_id, sdk.Student(id=pupil, name=name), monday, viewer
    )
    return page.answer([f'<section class="card">{html}</section>' for html in added])


async def _read_week(
    whose: tuple[int, Viewer, UUID],
    monday: date | None,
    now: tuple[date, datetime],
    schools: list[int],
    kept: KeptPage | None,
) -> tuple[date, DiaryWeek | None]:
    """Read the week that begins on ``monday``, or the one that matters now; give its Monday too.

    No week where ``kept`` has its versions.
    """
    today = now[0]

    async def of(begins: date, sunday: date, kept: KeptPage | None = None) -> DiaryWeek | None:
        # The last days of August already belong to the coming year.
        year = school_year_of(sunday)
        versions, known = (kept.versions, kept.basis) if kept else (None, None)
        return await diary_week(
            *whose, (begins, sunday), year=year, now=now, schools=schools,
            kept=versions, known=known if isinstance(known, Who) else None,
        )  # fmt: skip

    this = monday or monday_of(today)
    if monday is None and today.weekday() >= _SATURDAY:
        after = this + timedelta(days=7)
        found = await of(today, after + timedelta(days=6), kept)
        ahead = found and coming(found, after)
        if found is None or ahead is not None:
            return after, ahead
        kept = None
    return this, await of(this, this + timedelta(days=6), kept)


def _year_span(today: date) -> tuple[int, tuple[date, date]]:
    year = school_year_of(today)
    return year, (date(year, 8, 1), date(year + 1, 7, 31))


@page("/diary/{child:uuid}/marks", access="signed-in")
async def marks(request: Request, child: FromPath[UUID]) -> Response[bytes]:
    """Show the marks of all periods of the year."""
    actor, today = actor_of(request), clock.today()
    year, span = _year_span(today)

    async def read(school_id: int, viewer: Viewer) -> YearMarks:
        async with tenant(school_id) as tx:
            return await year_marks(
                tx, viewer, child, span, year=year, today=today, schools=_schools(actor)
            )

    found, _school, _own = await _look(actor, child, "marks", read)
    assert found.pupil is not None
    context = child_context(
        actor, child, found.pupil, found.school_class, found.schools, tail="/marks"
    )
    return view(request, "marks.html", **context, **year_context(found, f"/diary/{child}"))


@page("/diary/{child:uuid}/marks/{group:uuid}/{period:str}", access="signed-in")
async def subject(
    request: Request, child: FromPath[UUID], group: FromPath[UUID], period: FromPath[str]
) -> Response[bytes]:
    """Show every mark of one subject, what was changed, and what follows from them."""
    actor, today = actor_of(request), clock.today()
    year, span = _year_span(today)

    async def read(school_id: int, viewer: Viewer) -> SubjectYear:
        async with tenant(school_id) as tx:
            return await subject_year(
                tx, viewer, child, group, span, year=year, today=today, schools=_schools(actor)
            )

    found, _school, _own = await _look(actor, child, "marks", read)
    assert found.pupil is not None
    context = child_context(
        actor, child, found.pupil, found.school_class, found.schools, tail="/marks"
    )
    return view(
        request, "marks.html", **context, **subject_context(found, period, f"/diary/{child}")
    )


@form(["/diary/{child:uuid}/seen", "/diary/{child:uuid}/{week:str}/seen"], access="signed-in")
async def seen(request: Request, child: FromPath[UUID], week: FromPath[str] = "") -> Redirect:
    """Note that the family has looked, and show the week again."""
    actor = actor_of(request)
    for school_id, viewer, own in _places(actor, child):
        if own:
            async with tenant(school_id, write=True, quiet=True) as tx:
                await mark_seen(tx, viewer, child)
            tail = f"/{week}" if parse_iso_week(week) else ""
            return Redirect(f"/diary/{child}{tail}", status_code=303)
    raise not_found()


HANDLERS: Final[tuple[Any, ...]] = (diary, diary_of, diary_of_week, marks, subject, seen)
