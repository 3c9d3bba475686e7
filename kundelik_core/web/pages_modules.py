"""Let a school switch modules: what each does, what it may see, who switched it and when."""

from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from litestar import Response
from litestar.params import FromPath
from litestar.response import Redirect

from kundelik_core.identity.access import Permission
from kundelik_core.kernel.clock import SCHOOL_ZONE
from kundelik_core.kernel.db import tenant
from kundelik_core.kernel.i18n import N_, _, current_locale, moment
from kundelik_core.plugins.actions import disable_plugin, enable_plugin
from kundelik_core.plugins.active import active
from kundelik_core.plugins.queries import Turn, enabled_plugins, plugin_history
from kundelik_core.plugins.states import Found, State
from kundelik_core.schools.queries.directory_of_people import people_names
from kundelik_core.sdk import SCOPES, Manifest
from kundelik_core.web.frame import NOTES, Note, after, view
from kundelik_core.web.modules import registry
from kundelik_core.web.routes import form, page
from kundelik_core.web.school_choice import asked_school, learn_schools, missing, school_tabs
from kundelik_core.web.visit import Request, actor_of

__all__ = ["HANDLERS", "state_label", "title_of"]

NOTES["module-on"] = Note(N_("The module is on for your school."))
NOTES["module-off"] = Note(N_("The module is off. What it showed is gone from all pages."))

_SLOTS: Final = {"class.page": N_("the page of a class")}
_STATES: Final = {
    State.FOUND: N_("found"),
    State.LOADED: N_("running"),
    State.INCOMPATIBLE: N_("does not fit"),
    State.QUARANTINED: N_("stopped"),
}


def state_label(state: State) -> str:
    """Return the state of a module in words."""
    return _(_STATES[state])


def title_of(one: Found) -> str:
    """Return a module's title for the reader; its name when its manifest cannot be read."""
    if one.manifest is None:
        return one.name
    return str(getattr(one.manifest.title, current_locale()))


@page("/office/modules", access=Permission.MODULES)
async def modules(request: Request) -> Response[bytes]:
    """List the modules of the installation, as this school uses them."""
    await learn_schools(actor_of(request))
    school_id = asked_school(request, Permission.MODULES)
    async with tenant(school_id) as tx:
        enabled = await enabled_plugins(tx)
        turns = await plugin_history(tx)
        doers = {who for turn in turns for who in (turn.on_by, turn.off_by) if who}
        names = {str(key): name for key, name in (await people_names(tx, doers)).items()}
    on = active(registry(), enabled)
    found = registry().plugins
    titles = {one.name: title_of(one) for one in found}
    return view(
        request,
        "modules.html",
        modules=[_module(one, one.name in on, one.name in enabled, school_id) for one in found],
        history=[_turn(turn, titles, names) for turn in turns],
        schools=school_tabs(request, Permission.MODULES, school_id),
    )


def _module(one: Found, on: bool, enabled: bool, school_id: int) -> dict[str, object]:
    manifest = one.manifest
    ok = one.state is State.LOADED
    action = label = ""
    if enabled:
        action, label = f"/office/modules/{one.name}/off", _("Switch off for the school")
    elif ok and manifest is not None and manifest.level == "school":
        action, label = f"/office/modules/{one.name}/on", _("Switch on for the school")
    return {
        "name": one.name,
        "title": title_of(one),
        "version": one.version,
        "vendor": manifest.vendor.name if manifest else "",
        "support": manifest.vendor.support if manifest else "",
        "state": _("on") if on else _("off") if ok else state_label(one.state),
        "ok": ok,
        "on": on,
        "reads": [_(SCOPES[scope]) for scope in manifest.data.reads if scope in SCOPES]
        if manifest
        else [],
        "slots": [_(_SLOTS.get(slot, slot)) for slot in manifest.uses.slots] if manifest else [],
        "why": one.reason.text(_) if one.reason else _why(manifest, enabled=enabled, on=on),
        "action": f"{action}?school={school_id}" if action else "",
        "label": label,
    }


def _why(manifest: Manifest | None, *, enabled: bool, on: bool) -> str:
    if enabled and not on:
        return _("It is switched on, but another module that it needs is not.")
    if manifest is not None and manifest.level == "platform":
        return _("Whoever runs the installation switches this module for all schools.")
    return ""


def _turn(turn: Turn, titles: dict[str, str], names: dict[str, str]) -> dict[str, str]:
    return {
        "title": titles.get(turn.plugin, turn.plugin),
        "on": _at(turn.on_at),
        "by": names.get(str(turn.on_by), ""),
        "off": _at(turn.off_at),
        "off_by": names.get(str(turn.off_by), ""),
    }


def _at(at: datetime | None) -> str:
    return moment(at.astimezone(ZoneInfo(SCHOOL_ZONE)), current_locale()) if at else ""


@form("/office/modules/{name:str}/{turn:str}", access=Permission.MODULES)
async def switch(request: Request, name: FromPath[str], turn: FromPath[str]) -> Redirect:
    """Switch a module on or off for the whole school; the history keeps who did it."""
    if turn not in {"on", "off"}:
        raise missing()
    school_id = asked_school(request, Permission.MODULES)
    person = actor_of(request).person(school_id)
    assert person is not None
    async with tenant(school_id, write=True) as tx:
        if turn == "on":
            await enable_plugin(tx, registry(), name, person)
        else:
            await disable_plugin(tx, name, person)
    return after(request, f"/office/modules?school={school_id}", f"module-{turn}")


HANDLERS: Final[tuple[Any, ...]] = (modules, switch)
