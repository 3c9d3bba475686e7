"""Read what was decided about plugins, what happened to them, and who has to be told."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

import msgspec

from kundelik_core.kernel.db import directory
from kundelik_core.kernel.wire import Querying, Record
from kundelik_core.plugins.life.model import Approval, LifeEvent, Trip

__all__ = ["approvals", "life_events", "scope_notices", "trips"]

_APPROVALS: Final = """
select p.name, p.state, p.reason, p.version, p.sha256, p.scopes, p.mode, p.retention,
       p.approved_at, p.approved_by, p.changed_at, p.trash
  from directory.plugin p where $1::text is null or p.name = $1
"""

_EVENTS: Final = """
select e.id, e.plugin, e.at, e.step, e.doer, e.version, e.sha256, e.scopes, e.note
  from directory.plugin_event e where e.plugin = $1 order by e.at desc, e.id desc limit $2
"""

_TRIPS: Final = """
select b.plugin, b.phase, b.since, b.held, b.reason, b.doer, b.changed_at
  from directory.plugin_breaker b
"""

_NOTICES: Final = """
select e.plugin, s.scope
  from unnest($1::text[], $2::timestamptz[]) as w (plugin, on_at)
  join directory.plugin_event e
    on e.plugin = w.plugin and e.step = 'approve' and e.at > w.on_at
 cross join lateral unnest(e.scopes) as s (scope)
 order by e.at, s.scope
"""


def _approval(row: Record) -> Approval:
    return msgspec.convert(dict(row), Approval)


async def approvals(source: Querying | None = None, name: str | None = None) -> dict[str, Approval]:
    """Return what was decided about each plugin, or about one, by name."""
    rows = await (source or directory()).fetch(_APPROVALS, name)
    return {row["name"]: _approval(row) for row in rows}


async def life_events(plugin: str, *, most: int = 100) -> list[LifeEvent]:
    """Return the steps of a plugin's life, the latest first."""
    rows = await directory().fetch(_EVENTS, plugin, most)
    return [msgspec.convert(dict(row), LifeEvent) for row in rows]


async def trips(source: Querying | None = None) -> dict[str, Trip]:
    """Return the breakers that ever opened, by plugin."""
    rows = await (source or directory()).fetch(_TRIPS)
    return {row["plugin"]: msgspec.convert(dict(row), Trip) for row in rows}


async def scope_notices(on_since: Mapping[str, datetime]) -> dict[str, tuple[str, ...]]:
    """Return, by plugin, the scopes that it was given after a school had switched it on.

    The school agreed to less; switching off and on again is how it agrees to the new ones.
    """
    if not on_since:
        return {}
    rows = await directory().fetch(_NOTICES, list(on_since), list(on_since.values()))
    found: dict[str, tuple[str, ...]] = {}
    for row in rows:
        known = found.get(row["plugin"], ())
        if row["scope"] not in known:
            found[row["plugin"]] = (*known, row["scope"])
    return found
