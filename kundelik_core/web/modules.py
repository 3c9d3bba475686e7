"""Hold the modules of this process, and fill the places that pages keep for them."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from datetime import date

import msgspec
from markupsafe import Markup

from kundelik_core import sdk
from kundelik_core.identity.model import Actor
from kundelik_core.kernel.clock import SCHOOL_ZONE
from kundelik_core.kernel.db import Tenant
from kundelik_core.kernel.i18n import current_locale
from kundelik_core.kernel.outbox.emit import set_subscribers
from kundelik_core.plugins.allowed import Allowed
from kundelik_core.plugins.context import CallContext, call_for
from kundelik_core.plugins.delivery import subscribers_of
from kundelik_core.plugins.dispatch import Dispatcher
from kundelik_core.plugins.life.running import Running, running
from kundelik_core.plugins.registry import Registry
from kundelik_core.plugins.render import Layouts, use_layouts
from kundelik_core.plugins.switching import Switch
from kundelik_core.sdk import DiaryWeek, School, Student, StudentCard, Viewer
from kundelik_core.web.frame import school_name
from kundelik_core.web.static_mount import static_files
from kundelik_core.web.themes.looks import look_of
from kundelik_core.web.themes.reports import note_failure
from kundelik_core.web.visit import Request, actor_of, visit_of

__all__ = [
    "Host",
    "allowed",
    "call_in",
    "card_slots",
    "diary_slots",
    "dispatcher",
    "fill_slot",
    "fills",
    "is_for_money",
    "on_for",
    "registry",
    "switch",
    "tell_modules",
    "theme_layouts",
    "use_host",
]


class Host(msgspec.Struct, frozen=True):
    """What runs modules in this process."""

    registry: Registry
    dispatcher: Dispatcher
    allowed: Allowed


# Who stands in for the process's own; a test brings plugins with a database of theirs.
_given: list[Host] = []


def _host() -> Host | Running:
    return _given[-1] if _given else running()


def use_host(host: Host) -> Callable[[], None]:
    """Run modules through ``host`` until what is returned is called."""
    _given.append(host)
    return lambda: _given.remove(host)


def registry() -> Registry:
    """Return what this process knows of modules; found and loaded once."""
    return _host().registry


def dispatcher() -> Dispatcher:
    """Return who calls the modules of this process."""
    return _host().dispatcher


def allowed() -> Allowed:
    """Return what this process knows of the schools' choices."""
    return _host().allowed


def tell_modules() -> None:
    """Let what happens in schools reach the modules that subscribe to it."""
    host = _host()
    set_subscribers(subscribers_of(host.registry, host.allowed.peek))


def switch() -> Switch:
    """Return who switches modules for a school."""
    host = _host()
    return Switch(host.registry, host.dispatcher, host.allowed)


async def on_for(actor: Actor, school_id: int, tx: Tenant | None = None) -> frozenset[str]:
    """Return the modules that act when somebody looks at a school; mostly known without asking."""
    await allowed().active(school_id, tx)
    return allowed().theirs(school_id, actor.person(school_id))


def fills(slot: str, on: frozenset[str]) -> bool:
    """Tell whether any of the modules that are on shows something in a place."""
    return bool(on) and any(entry.ref.plugin in on for entry in registry().slots(slot))


def is_for_money(plugin: str) -> bool:
    """Tell whether a module is one that takes payments."""
    one = registry().loaded.get(plugin)
    return one is not None and one.manifest.kind == "payment"


def call_in(request: Request, school_id: int) -> CallContext:
    """Return what modules may know of a request: the school, the roles of who asks, no name."""
    visit = visit_of(request)
    locale = current_locale()
    actor = visit.actor
    return call_for(
        School(id=school_id, name=school_name(school_id, locale), zone=SCHOOL_ZONE),
        locale,
        _told(actor, school_id) if actor else None,
        visit.request_id,
    )


def _told(actor: Actor, school_id: int) -> sdk.Actor:
    roles = actor.roles(school_id)
    own = [
        member.person_id
        for member in actor.memberships
        if member.school_id == school_id and member.role == "pupil"
    ]
    children = [child.pupil_id for child in actor.children if child.school_id == school_id]
    return sdk.Actor(
        person_id=actor.person(school_id),
        roles=tuple(role for role in sdk.ROLES if role in roles),
        students=(*own, *children),
    )


def theme_layouts(school_id: int | None) -> AbstractContextManager[None]:
    """Render modules as the school's theme lays out what they let it."""
    static = static_files()
    theme = look_of(school_id or 0, ())["theme"] or static.theme
    dress = static.dresses.get(theme)
    sources = dress.layouts if dress else {}
    if not sources:
        return nullcontext()
    return use_layouts(Layouts(sources, lambda what, why: note_failure(theme, what, why)))


async def fill_slot(
    slot: str, args: sdk.SlotArgs, on: frozenset[str], call: CallContext
) -> list[Markup]:
    """Return what modules show in a place of a page, as HTML that is safe to put there.

    Called after ``tenant()`` has ended: a slow module holds no connection.
    """
    with theme_layouts(call.school_id):
        fragments = await _host().dispatcher.render_slot(slot, args, on, call)
    return [fragment.html for fragment in fragments]


async def diary_slots(
    request: Request, school_id: int, student: Student, monday: date, viewer: Viewer
) -> list[Markup]:
    """Return what modules show below a week; nothing at once where none of them does."""
    on = await on_for(actor_of(request), school_id)
    if not fills("diary.week", on):
        return []
    args = DiaryWeek(student_id=student.id, monday=monday, viewer=viewer, student=student)
    return await fill_slot("diary.week", args, on, call_in(request, school_id))


async def card_slots(request: Request, school_id: int, student: Student) -> list[Markup]:
    """Return what modules show on the page of a student in the office."""
    on = await on_for(actor_of(request), school_id)
    if not fills("student.card", on):
        return []
    args = StudentCard(student_id=student.id, student=student)
    return await fill_slot("student.card", args, on, call_in(request, school_id))
