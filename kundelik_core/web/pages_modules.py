"""Let a school switch modules and set them up: what each does, what it may see, who changed it."""

from typing import Any, Final
from uuid import UUID

from litestar import Response
from litestar.params import FromPath
from litestar.response import Redirect

from kundelik_core.identity.access import Permission
from kundelik_core.identity.model import Actor
from kundelik_core.kernel.db import Tenant, tenant
from kundelik_core.kernel.i18n import N_
from kundelik_core.plugins.actions import store_settings
from kundelik_core.plugins.active import active
from kundelik_core.plugins.life.installed import provenance
from kundelik_core.plugins.life.policy import index_of
from kundelik_core.plugins.life.queries import scope_notices, trips
from kundelik_core.plugins.queries import (
    SettingsTurn,
    Turn,
    enabled_plugins,
    plugin_history,
    settings_history,
    stored_settings,
)
from kundelik_core.plugins.settings import from_form
from kundelik_core.plugins.states import Found
from kundelik_core.schools.queries.directory_of_people import people_names
from kundelik_core.web.frame import NOTES, Note, after, view
from kundelik_core.web.module_costs import module_prices
from kundelik_core.web.module_view import (
    about,
    card,
    history,
    newly_seen,
    paused,
    settings_form,
    state_label,
    title_of,
)
from kundelik_core.web.modules import allowed, call_in, registry, switch
from kundelik_core.web.plugin_view import origin
from kundelik_core.web.routes import form, page
from kundelik_core.web.school_choice import asked_school, learn_schools, missing, school_tabs
from kundelik_core.web.visit import Request, actor_of, form_of

__all__ = ["HANDLERS", "state_label", "title_of"]

NOTES["module-on"] = Note(N_("The module is on for your school."))
NOTES["module-off"] = Note(N_("The module is off. What it showed is gone from all pages."))
NOTES["module-set"] = Note(N_("The settings are saved and in force."))

SEEN: Final = "version"


@page("/office/modules", access=Permission.MODULES)
async def modules(request: Request) -> Response[bytes]:
    """List the modules of the installation, as this school uses them."""
    await learn_schools(actor_of(request))
    school_id = asked_school(request, Permission.MODULES)
    async with tenant(school_id) as tx:
        enabled = await enabled_plugins(tx)
        turns, changes = await plugin_history(tx), await settings_history(tx)
        names = await _names(tx, turns, changes)
    on, tripped = active(registry(), enabled), await trips()
    more, prices = await _more(turns), await module_prices()
    found = registry().plugins
    titles = {one.name: title_of(one) for one in found}
    return view(
        request,
        "modules.html",
        modules=[
            card(
                one,
                on=one.name in on,
                enabled=one.name in enabled,
                school_id=school_id,
                prices=prices.get(one.name, ()),
                halted=one.name in allowed().halted(),
            )
            | {"more": newly_seen(more.get(one.name, ()))}
            | paused(tripped.get(one.name), on=one.name in on)
            for one in found
        ],
        history=history(turns, changes, titles, names),
        schools=school_tabs(request, Permission.MODULES, school_id),
    )


async def _names(tx: Tenant, turns: list[Turn], changes: list[SettingsTurn]) -> dict[UUID, str]:
    doers = {who for turn in turns for who in (turn.on_by, turn.off_by) if who}
    doers |= {change.set_by for change in changes if change.set_by}
    return dict(await people_names(tx, doers))


async def _more(turns: list[Turn]) -> dict[str, tuple[str, ...]]:
    """Return the scopes that modules got after the school had switched them on."""
    return await scope_notices({one.plugin: one.on_at for one in turns if one.off_at is None})


def _found(name: str) -> Found:
    """Return the module of a name.

    Raises:
        Problem: 404.
    """
    for one in registry().plugins:
        if one.name == name:
            return one
    raise missing()


@page("/office/modules/{name:str}", access=Permission.MODULES)
async def module(request: Request, name: FromPath[str]) -> Response[bytes]:
    """Show all about one module, and its settings."""
    school_id = asked_school(request, Permission.MODULES)
    async with tenant(school_id) as tx:
        seen, stored = await stored_settings(tx, name)
    loaded = registry().loaded.get(name)
    fields = loaded.declared.settings if loaded else ()
    return await _module(request, name, school_id, settings_form(fields, stored, {}), seen)


async def _module(
    request: Request,
    name: str,
    school_id: int,
    fields: list[dict[str, Any]],
    seen: int,
) -> Response[bytes]:
    await learn_schools(actor_of(request))
    one = _found(name)
    async with tenant(school_id) as tx:
        enabled = await enabled_plugins(tx)
        turns = [turn for turn in await plugin_history(tx) if turn.plugin == name]
        changes = [change for change in await settings_history(tx) if change.plugin == name]
        names = await _names(tx, turns, changes)
    on, prices = name in active(registry(), enabled), (await module_prices()).get(name, ())
    loaded = registry().loaded.get(name)
    return view(
        request,
        "module_about.html",
        status=422 if any(field["error"] for field in fields) else 200,
        m=card(
            one,
            on=on,
            enabled=name in enabled,
            school_id=school_id,
            prices=prices,
            halted=name in allowed().halted(),
        )
        | {"more": newly_seen((await _more(turns)).get(name, ()))}
        | paused((await trips()).get(name), on=on),
        origin=origin(one, provenance(one, index_of(request.app.state.settings))),
        about=about(one, loaded.declared if loaded else None),
        fields=fields,
        action=f"/office/modules/{name}/settings?school={school_id}",
        seen=seen,
        back=f"/office/modules?school={school_id}",
        history=history(turns, changes, {name: title_of(one)}, names),
        schools=school_tabs(request, Permission.MODULES, school_id),
    )


def _person(actor: Actor, school_id: int) -> UUID:
    person = actor.person(school_id)
    assert person is not None
    return person


@form("/office/modules/{name:str}/settings", access=Permission.MODULES)
async def set_up(request: Request, name: FromPath[str]) -> Response[bytes] | Redirect:
    """Store a module's settings for the school; what does not fit is said beside its field."""
    school_id = asked_school(request, Permission.MODULES)
    loaded = registry().loaded.get(name)
    if loaded is None or not loaded.declared.settings:
        raise missing()
    sent = await form_of(request)
    seen = int(sent[SEEN]) if sent.get(SEEN, "").isdecimal() and len(sent[SEEN]) < 10 else 0
    values, faults = from_form(loaded.declared.settings, sent)
    if faults:
        fields = settings_form(loaded.declared.settings, {}, faults, sent)
        return await _module(request, name, school_id, fields, seen)
    by = _person(actor_of(request), school_id)
    async with tenant(school_id, write=True) as tx:
        await store_settings(tx, name, values, seen, by)
    return after(request, f"/office/modules/{name}?school={school_id}", "module-set")


@form("/office/modules/{name:str}/{turn:str}", access=Permission.MODULES)
async def turn_module(request: Request, name: FromPath[str], turn: FromPath[str]) -> Redirect:
    """Switch a module on or off for the whole school; the history keeps who did it."""
    if turn not in {"on", "off"}:
        raise missing()
    await learn_schools(actor_of(request))
    school_id = asked_school(request, Permission.MODULES)
    by = _person(actor_of(request), school_id)
    call = call_in(request, school_id)
    if turn == "on":
        await switch().on(school_id, name, by, call)
    else:
        await switch().off(school_id, name, by, call)
    return after(request, f"/office/modules?school={school_id}", f"module-{turn}")


HANDLERS: Final[tuple[Any, ...]] = (modules, module, set_up, turn_module)
