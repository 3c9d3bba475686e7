"""Let everybody take or leave the modules that their school leaves to them."""

from typing import Any, Final

from litestar import Response
from litestar.params import FromPath
from litestar.response import Redirect

from kundelik_core.kernel.db import tenant
from kundelik_core.kernel.i18n import N_, current_locale
from kundelik_core.plugins.taking import give_back, on_offer, take
from kundelik_core.web.frame import NOTES, Note, after, school_name, view
from kundelik_core.web.module_view import reads_of, summary_of
from kundelik_core.web.modules import allowed, registry
from kundelik_core.web.routes import form, page
from kundelik_core.web.school_choice import missing
from kundelik_core.web.visit import Request, actor_of, form_of

__all__ = ["HANDLERS"]

NOTES["module-taken"] = Note(N_("The module is on for you."))
NOTES["module-given-back"] = Note(N_("The module is off for you."))


@page("/account/modules", access="signed-in")
async def own_modules(request: Request) -> Response[bytes]:
    """Show the modules that can be taken, in every school of the reader."""
    actor, locale = actor_of(request), current_locale()
    lines: list[dict[str, object]] = []
    for school_id in actor.schools:
        on = await allowed().active(school_id)
        person = actor.person(school_id)
        theirs = allowed().theirs(school_id, person)
        for name in on_offer(registry(), on) if person else ():
            manifest = registry().loaded[name].manifest
            lines.append(
                {
                    "title": manifest.title.of(locale),
                    "summary": summary_of(manifest),
                    "reads": reads_of(manifest),
                    "vendor": manifest.vendor.name,
                    "school": school_name(school_id, locale) if len(actor.schools) > 1 else "",
                    "on": name in theirs,
                    "action": f"/account/modules/{school_id}/{name}",
                }
            )
    return view(request, "own_modules.html", modules=lines)


@form("/account/modules/{school_id:int}/{plugin:str}", access="signed-in")
async def turn(request: Request, school_id: FromPath[int], plugin: FromPath[str]) -> Redirect:
    """Take a module or give it back."""
    actor = actor_of(request)
    person = actor.person(school_id) if school_id in actor.schools else None
    if person is None:
        raise missing()
    on = await allowed().active(school_id)
    wanted = (await form_of(request)).get("on") == "1"
    async with tenant(school_id, write=True, quiet=True) as tx:
        if wanted:
            await take(tx, registry(), on, plugin, person)
        else:
            await give_back(tx, plugin, person)
    note = "module-taken" if wanted else "module-given-back"
    return after(request, "/account/modules", note)


HANDLERS: Final[tuple[Any, ...]] = (own_modules, turn)
