"""Show the operator every plugin of the installation with its reasons, and hold one back at once.

What takes the rights of the tables' owner, such as an approval, is for the command line: a server
that was broken into has them not.
"""

from typing import Any, Final

from litestar import Response
from litestar.params import FromPath
from litestar.response import Redirect

from kundelik_core.identity.access import Permission
from kundelik_core.kernel.db import tenant
from kundelik_core.kernel.i18n import N_, _, current_locale
from kundelik_core.kernel.jobs.queue import events_queue, failed_jobs, jobs_queue, queue_overview
from kundelik_core.kernel.outbox.letters import (
    DeadLetter,
    dead_letters,
    discard_dead,
    retry_dead,
    waiting,
)
from kundelik_core.kernel.settings import Settings
from kundelik_core.plugins.host.place import HostState, place_of
from kundelik_core.plugins.life.board import reset, trip
from kundelik_core.plugins.life.installed import provenance
from kundelik_core.plugins.life.overview import standings
from kundelik_core.plugins.life.policy import index_of, policy_of
from kundelik_core.plugins.life.queries import life_events
from kundelik_core.plugins.states import Found
from kundelik_core.schools.queries.schools import SchoolRow, list_schools
from kundelik_core.web import plugin_view as words
from kundelik_core.web.frame import NOTES, Note, after, view
from kundelik_core.web.modules import registry
from kundelik_core.web.paging import offset_of, turns
from kundelik_core.web.routes import form, page
from kundelik_core.web.school_choice import missing
from kundelik_core.web.visit import Request, actor_of, form_of

__all__ = ["HANDLERS", "settings_of"]

NOTES["plugin-trip"] = Note(N_("The plugin is held back in every school until you let it go."))
NOTES["plugin-reset"] = Note(N_("The plugin is called again."))
NOTES["letters-retry"] = Note(N_("The events are on their way again."))
NOTES["letters-discard"] = Note(N_("The events are thrown away."))

MOST_REASON: Final = 200
MOST_LETTERS: Final = 200


def settings_of(request: Request) -> Settings:
    """Return the settings of the application."""
    settings: Settings = request.app.state.settings
    return settings


@page("/platform/plugins", access=Permission.PLATFORM)
async def plugins(request: Request) -> Response[bytes]:
    """List all plugins with their states, and how the queues stand."""
    settings = settings_of(request)
    found, known, _trips = await standings(settings, registry().plugins)
    policy, index = policy_of(settings), index_of(settings)
    faults = [text for text in (policy.fault, index.fault) if text]
    queues = [words.queue(one) for one in await queue_overview()]
    failed = [words.failed_job(one) for one in await failed_jobs(20)]
    return view(
        request,
        "plugins.html",
        plugins=[words.card(one, known.get(one.name)) for one in found],
        registry=[
            words.registered(one, known.get(one.name), provenance(one, index))
            for one in found
            if one.dist
        ],
        safe_mode=policy.safe_mode,
        faults=faults,
        queues=queues,
        failed=failed,
    )


@page("/platform/plugins/{name:str}", access=Permission.PLATFORM)
async def plugin(request: Request, name: FromPath[str]) -> Response[bytes]:
    """Show one plugin: how it is and why, what it asks for, where it is from, what was done."""
    settings = settings_of(request)
    found, known, trips = await standings(settings, registry().plugins)
    one = _one(found, name)
    approval = known.get(name)
    queues = {events_queue(name), jobs_queue(name)}
    overview = [words.queue(each) for each in await queue_overview() if each.queue in queues]
    events = await life_events(name)
    return view(
        request,
        "plugin.html",
        plugin=words.card(one, approval),
        next=words.next_step(one, approval),
        wants=words.wants(one, approval),
        origin=words.origin(one, provenance(one, index_of(settings))),
        approved=words.approved(approval) if approval and approval.approved_at else [],
        host=words.host(_host(settings, name)) if approval and approval.mode == "host" else [],
        calls=words.calls(trips.get(name)),
        queues=overview,
        history=words.life(events),
        may_trip=approval is not None,
        most=MOST_REASON,
    )


def _one(found: tuple[Found, ...], name: str) -> Found:
    # Of two with one name both are told of in the list, with the reason; here the first will do.
    one = next((each for each in found if each.name == name), None)
    if one is None:
        raise missing()
    return one


def _host(settings: Settings, name: str) -> HostState | None:
    return place_of(settings.data_dir).states().get(name)


@form("/platform/plugins/{name:str}/{step:str}", access=Permission.PLATFORM)
async def take_step(request: Request, name: FromPath[str], step: FromPath[str]) -> Redirect:
    """Hold a plugin back everywhere at once, or let it go."""
    found, known, _trips = await standings(settings_of(request), registry().plugins)
    _one(found, name)
    if step not in {"trip", "reset"} or name not in known:
        raise missing()
    doer = actor_of(request).display_name
    if step == "trip":
        fields = await form_of(request)
        await trip(name, doer, " ".join(fields.get("reason", "").split())[:MOST_REASON])
    else:
        await reset(name, doer)
    return after(request, f"/platform/plugins/{name}", f"plugin-{step}")


@page("/platform/plugins/{name:str}/letters", access=Permission.PLATFORM)
async def letters(request: Request, name: FromPath[str]) -> Response[bytes]:
    """List the events that a plugin failed to take, school by school, a page of schools at a time.

    Every school's events are its own rows, so each school is asked by itself.
    """
    first = offset_of(request)
    schools, total = await list_schools(first=first)
    rows = [found for school in schools if (found := await _letters(school, name))]
    path = f"/platform/plugins/{name}/letters"
    return view(
        request, "letters.html", name=name, schools=rows, total=str(total),
        **turns(path, first, total),
    )  # fmt: skip


async def _letters(school: SchoolRow, plugin: str) -> dict[str, object] | None:
    async with tenant(school.id) as tx:
        lag = next((one for one in await waiting(tx) if one.plugin == plugin), None)
        if lag is None:
            return None
        dead = await dead_letters(tx, plugin, most=MOST_LETTERS) if lag.dead else []
    return {
        "id": school.id,
        "name": school.title.of(current_locale()),
        "waiting": lag.waiting,
        "dead": lag.dead,
        "oldest": words.at(lag.oldest),
        "letters": [_letter(one) for one in dead],
    }


def _letter(one: DeadLetter) -> dict[str, str]:
    return {
        "type": one.type,
        "at": words.at(one.occurred_at),
        "tries": str(one.tries),
        "error": one.error or _("not known"),
    }


@form("/platform/plugins/{name:str}/letters/{fate:str}", access=Permission.PLATFORM)
async def turn_letters(request: Request, name: FromPath[str], fate: FromPath[str]) -> Redirect:
    """Let a school's dead events be delivered again, or throw them away."""
    school = (await form_of(request)).get("school", "")
    if fate not in {"retry", "discard"} or not (school.isascii() and school.isdigit()):
        raise missing()
    number = int(school[:9])
    if not number:
        raise missing()
    async with tenant(number, write=True) as tx:
        await (retry_dead if fate == "retry" else discard_dead)(tx, name)
    return after(request, f"/platform/plugins/{name}/letters", f"letters-{fate}")


HANDLERS: Final[tuple[Any, ...]] = (plugins, plugin, take_step, letters, turn_letters)
