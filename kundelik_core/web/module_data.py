"""Put what modules keep about a person into the copy of their data, and say on the page what it is.

A module keeps its own data, so it is asked; whatever it does, the rest of the copy goes out.
"""

from collections.abc import Sequence
from uuid import UUID

import msgspec

from kundelik_core.kernel.db import Tenant
from kundelik_core.kernel.i18n import current_locale
from kundelik_core.plugins.kept import ask_to_erase, ask_what_is_kept, keepers, out_of_reach
from kundelik_core.plugins.queries import plugin_history
from kundelik_core.plugins.states import Found
from kundelik_core.privacy.model import Added, Entry, Kind
from kundelik_core.privacy.queries import kinds_of
from kundelik_core.sdk import Subject
from kundelik_core.web.module_view import title_of
from kundelik_core.web.modules import allowed, call_in, dispatcher, registry
from kundelik_core.web.visit import Request

__all__ = ["Asked", "erased_by_modules", "kept_by_modules", "told_by_modules", "whom_to_ask"]


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """Which modules of a school may keep something about somebody."""

    kinds: tuple[Kind, ...]
    modules: tuple[str, ...]
    away: tuple[Found, ...]


async def whom_to_ask(tx: Tenant, person: UUID) -> Asked:
    """Return whom to ask about a person; without any module loaded or missed, nothing is asked."""
    if not registry().plugins:
        return Asked(kinds=(), modules=(), away=())
    ever_on = {turn.plugin for turn in await plugin_history(tx)}
    modules, away = keepers(registry(), ever_on), out_of_reach(registry(), ever_on)
    return Asked(kinds=await kinds_of(tx, person) if modules else (), modules=modules, away=away)


def told_by_modules(asked: Asked, school: str = "") -> list[dict[str, object]]:
    """Return what modules declare that they keep about somebody, as the page shows it."""
    locale = current_locale()
    titles = {one.name: title_of(one) for one in registry().plugins}
    found: list[dict[str, object]] = []
    for name in asked.modules:
        fields = registry().loaded[name].declared.personal_data
        keeps = [one.purpose.of(locale) for one in fields if one.subject in asked.kinds]
        if keeps:
            found.append({"title": titles.get(name, name), "school": school, "keeps": keeps})
    return found


async def kept_by_modules(
    request: Request, school_id: int, person: UUID, asked: Asked
) -> list[Added]:
    """Ask the modules of a school about a person; open no ``tenant()`` around it."""
    locale = current_locale()
    titles = {one.name: title_of(one) for one in registry().plugins}
    added = [_away(one) for one in asked.away]
    if not asked.modules:
        return added
    await allowed().active(school_id)  # learns how the school has set them up
    subjects: Sequence[Subject] = [Subject(kind=kind, id=person) for kind in asked.kinds]
    call = call_in(request, school_id)
    answers = await ask_what_is_kept(registry(), dispatcher(), asked.modules, subjects, call)
    for one in answers:
        entries = [Entry(record.title.of(locale), record.values) for record in one.records]
        if entries or not one.whole:
            title = titles.get(one.plugin, one.plugin)
            added.append(Added(module=one.plugin, title=title, entries=entries, whole=one.whole))
    return added


async def erased_by_modules(
    request: Request, school_id: int, person: UUID, asked: Asked
) -> list[str]:
    """Have the modules of a school erase a person; return the titles of those that could not.

    Open no ``tenant()`` around it. A module that keeps data here and does not run counts too.
    """
    titles = {one.name: title_of(one) for one in registry().plugins}
    silent = [title_of(one) for one in asked.away]
    if asked.modules:
        await allowed().active(school_id)
        subjects = [Subject(kind=kind, id=person) for kind in asked.kinds]
        call = call_in(request, school_id)
        failed = await ask_to_erase(registry(), dispatcher(), asked.modules, subjects, call)
        silent += [titles.get(name, name) for name in failed]
    return silent


def _away(one: Found) -> Added:
    return Added(module=one.name, title=title_of(one), entries=[], whole=False)
