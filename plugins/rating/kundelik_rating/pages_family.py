"""Show a family how its child stands: what is open, what is not and why, and what can be chosen."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final
from uuid import UUID

from kundelik_core.sdk import (
    Actor,
    Html,
    Json,
    NotFound,
    PageAnswer,
    PageRequest,
    PluginContext,
    Redirect,
)
from kundelik_rating.kept import Child
from kundelik_rating.offer import offer_values
from kundelik_rating.pages_reads import Names, at_home
from kundelik_rating.pages_shown import Shown, preview_values, rated_values, term_values
from kundelik_rating.pages_sight import open_scopes, sees_as, terms
from kundelik_rating.pages_words import long_day, period_title
from kundelik_rating.pictures import Values
from kundelik_rating.store import Family, set_choice, year_of

__all__ = ["choose", "front"]

_CHOICES: Final = MappingProxyType(
    {
        "hidden": {"hidden": True},
        "shown": {"hidden": False},
        "out": {"opted_out": True},
        "in": {"opted_out": False},
        "thanks": {"dismissed": True},
    }
)
_FOR_PARENTS: Final[Mapping[str, Json]] = MappingProxyType(
    {"done": "", "terms": [], "given": [], "offer": None, "sample": None, "choices": None}
)
# A child is not told why: what the school allows and what a parent chose look the same.
_NOT_FOR_YOU: Final = Redirect(to="method")


async def front(ctx: PluginContext, request: PageRequest) -> PageAnswer:
    """Show the rating of one child to its family, or lead the staff to what is theirs."""
    actor = ctx.actor
    if actor is None:
        return NotFound()
    if not actor.students:
        return _elsewhere(ctx, actor)
    student = _uuid(request.asked("student")) if "student" in request.query else actor.students[0]
    viewer = sees_as(actor, student) if student else ""
    if student is None or not viewer:
        return NotFound()
    if viewer == "student" and not ctx.settings.pupils_see:
        return _NOT_FOR_YOU
    own, now = viewer == "student", ctx.clock.now()
    child = Child(
        school=ctx.school.id,
        student=student,
        year=year_of(now.date()),
        left_out=ctx.settings.left_out,
    )
    async with ctx.db.read() as tx:
        theirs = [student] if own else actor.students
        told, home, sheet = await at_home(tx, child, actor.person_id, theirs, now)
    out = home.choices.opted_out
    opened = frozenset() if out else open_scopes(home.stretches, now)
    if own and (home.choices.hidden or not opened):
        return _NOT_FOR_YOU
    if not told.of(student):
        return NotFound()
    shown = Shown(
        rated=sheet.rated,
        opened=opened,
        period=request.asked("period"),
        group=_uuid(request.asked("group")),
        locale=ctx.i18n.locale,
        day=ctx.i18n.day,
    )
    rated = sheet.drawn(shown.asked_for, lambda: rated_values(shown, f"student={student}"))
    context = rated | _child(ctx, shown, told, student) | {"own": own, **_FOR_PARENTS}
    if not own:
        context |= await _for_parents(ctx, shown, home, student)
        context["done"] = request.asked("done") if request.asked("done") in _CHOICES else ""
    return Html(template="front.html", title=told.of(student), context=context)


def _elsewhere(ctx: PluginContext, actor: Actor) -> Redirect:
    """Lead the staff to their page; where there is none for them, to how it works."""
    places = actor.may("rating.places") and ctx.settings.staff_places
    return Redirect(to="staff" if places else "method")


def _child(ctx: PluginContext, shown: Shown, told: Names, student: UUID) -> Values:
    """Return what the child itself may see as well."""
    next_day = None if shown.rated else told.next_day(ctx.clock.today(), ctx.settings.rhythm)
    return {
        "student": str(student),
        "name": told.of(student),
        "first_day": ctx.i18n.day(next_day) if next_day else "",
        "children": [
            {"id": str(one.id), "name": one.name, "current": one.id == student}
            for one in told.children
        ],
    }


async def _for_parents(ctx: PluginContext, shown: Shown, home: Family, student: UUID) -> Values:
    """Return what only a parent is shown: until when, time given back, choices, the offer."""
    locale, now, choices = ctx.i18n.locale, ctx.clock.now(), home.choices
    titles = {one.subject_code: one.subject.get(locale, "") for one in shown.rated}
    asks = shown.closed and not choices.opted_out
    return {
        "terms": [term_values(one, titles, locale) for one in terms(home.stretches, now)],
        "given": [
            {
                "period": period_title(one.period, locale),
                "subject": titles.get(one.scope, ""),
                "days": one.days,
                "day": long_day(one.day, locale),
            }
            for one in home.credited
            if one.school_year == year_of(now.date())
        ],
        "offer": await offer_values(ctx, student) if asks else None,
        "sample": preview_values(now.date(), locale, ctx.i18n.day) if asks else None,
        "choices": {
            "hidden": choices.hidden,
            "out": choices.opted_out,
            "dismissed": choices.dismissed,
            "pupils_see": ctx.settings.pupils_see,
        },
    }


async def choose(ctx: PluginContext, request: PageRequest) -> PageAnswer:
    """Take what a parent chose for their child; asked twice it is the same."""
    student, choice = _uuid(request.field("student")), request.field("choice")
    if student is None or choice not in _CHOICES or sees_as(ctx.actor, student) != "guardian":
        return NotFound()
    async with ctx.db.write() as tx:
        await set_choice(tx, ctx.school.id, student, today=ctx.clock.today(), **_CHOICES[choice])
    return Redirect(to=f"?student={student}&done={choice}")


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
