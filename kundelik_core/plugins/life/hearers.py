"""Let what a command changes reach the plugins, none of which is loaded for it."""

import asyncio
from collections.abc import Collection

from kundelik_core.kernel.db import directory
from kundelik_core.kernel.outbox.emit import set_subscribers
from kundelik_core.kernel.settings import Settings
from kundelik_core.plugins.host.plans import all_found
from kundelik_core.plugins.life.policy import policy_of
from kundelik_core.plugins.life.queries import approvals
from kundelik_core.plugins.life.rules import decide, wanted

__all__ = ["note_changes_for_plugins"]


async def note_changes_for_plugins(settings: Settings) -> None:
    """Write down what changes for every approved plugin whose manifest names the event.

    Whether a school has it on is asked when the event is delivered.
    """
    known = await approvals(directory())
    found = await asyncio.to_thread(all_found, settings)
    names = wanted(decide(found, known, policy_of(settings)))
    heard: dict[str, list[str]] = {}
    for one in found:
        if one.name in names and one.manifest is not None:
            for event in one.manifest.uses.events:
                heard.setdefault(event, []).append(one.name)

    def subscribers(_school_id: int, kind: str) -> Collection[str]:
        return heard.get(kind, ())

    set_subscribers(subscribers if heard else None)
