"""Let the demo schools use the modules that come with Kundelik, filled as if for some weeks."""

import zlib
from typing import Final
from uuid import UUID

from kundelik_core.cli.demo_money import give_first_place, invent_prices, open_account
from kundelik_core.kernel.boot import Urls, open_databases
from kundelik_core.kernel.db import tenant, use_databases
from kundelik_core.kernel.errors import Problem
from kundelik_core.kernel.settings import Settings
from kundelik_core.plugins.declared import HandlerRef
from kundelik_core.plugins.life.here import called_here
from kundelik_core.plugins.life.running import Running
from kundelik_core.plugins.queries import plugin_history
from kundelik_core.plugins.switching import Switch
from kundelik_core.plugins.taking import take_for_all
from kundelik_core.plugins.work import school_call
from kundelik_core.schools.queries.schools import list_schools
from kundelik_core.sdk import DemoRequest

__all__ = ["use_modules"]

_HEAD: Final = (
    "select m.person_id from core.membership m where m.school_id = $1 and m.role = 'director' "
    "order by m.from_date, m.person_id limit 1"
)


async def use_modules(settings: Settings, urls: Urls, seed: str) -> list[str]:
    """Switch every module on in the demo schools where it never was, and return what failed."""
    databases = await open_databases(urls, settings)
    use_databases(databases)
    try:
        return await _use(settings, urls, seed)
    finally:
        use_databases(None)
        await databases.close()


async def _use(settings: Settings, urls: Urls, seed: str) -> list[str]:
    schools, _total = await list_schools()
    failed: list[str] = []
    async with called_here(settings, urls.tenant) as here:
        await invent_prices()
        for school_id in [one.id for one in schools if one.is_demo]:
            async with tenant(school_id) as tx:
                known = {turn.plugin for turn in await plugin_history(tx)}
                head = await tx.fetchval(_HEAD, school_id)
            if head is None:
                continue
            new = [
                name
                for name, one in here.registry.loaded.items()
                if one.manifest.level != "platform" and name not in known
            ]
            # All are on before any is filled: what one sells is what another one offers.
            wrong = {one: await _begin(here, school_id, one, UUID(str(head))) for one in new}
            wrong |= {one: await _fill(here, school_id, one, seed) for one in new if not wrong[one]}
            await give_first_place(school_id)
            failed += [f"{one} in school {school_id}: {why}" for one, why in wrong.items() if why]
    return failed


async def _begin(here: Running, school_id: int, name: str, head: UUID) -> str:
    """Switch one module on in one school; return what went wrong, if anything."""
    switch = Switch(here.registry, here.dispatcher, here.allowed)
    try:
        await switch.on(school_id, name, head, await school_call(school_id))
    except Problem as problem:
        return problem.code
    if here.registry.loaded[name].manifest.level == "user":
        async with tenant(school_id, write=True, quiet=True) as tx:
            await take_for_all(tx, name)
    await open_account(school_id, name, head)
    return ""


async def _fill(here: Running, school_id: int, name: str, seed: str) -> str:
    """Let one module make its own data for one school; return what went wrong, if anything."""
    if not here.registry.loaded[name].declared.demo:
        return ""
    request = DemoRequest(size="full", seed=zlib.crc32(f"{seed} {school_id}".encode()))
    on, call = await here.allowed.active(school_id), await school_call(school_id)
    outcome = await here.dispatcher.call(HandlerRef(name, "demo", "fill"), request, on, call)
    return "" if outcome.done else outcome.state.value
