"""Look after events that a plugin failed to take eight times: show, try again, throw away."""

from collections.abc import Collection
from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec

from kundelik_core.kernel import clock
from kundelik_core.kernel.db import Tenant
from kundelik_core.kernel.outbox.emit import deliver_soon

__all__ = ["DeadLetter", "Waiting", "dead_letters", "discard_dead", "discard_plugin", "retry_dead",
           "waiting"]  # fmt: skip


class DeadLetter(msgspec.Struct, frozen=True, kw_only=True):
    """An event given up; ``error`` is the class of the last exception."""

    id: UUID
    plugin: str
    type: str
    subject: UUID
    occurred_at: datetime
    tries: int
    error: str


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    """How much of a school's events a plugin has not taken yet."""

    plugin: str
    waiting: int
    dead: int
    oldest: datetime


_DEAD: Final = """
select o.id, o.plugin, o.type, o.subject, o.occurred_at, o.tries, coalesce(o.error, '') as error
  from core.outbox o
 where o.school_id = $1 and o.state = 'dead' and ($2::text is null or o.plugin = $2)
 order by o.plugin, o.seq limit $3
"""

_WAITING: Final = """
select o.plugin, count(*) filter (where o.state = 'waiting') as waiting,
       count(*) filter (where o.state = 'dead') as dead, min(o.occurred_at) as oldest
  from core.outbox o where o.school_id = $1 group by o.plugin order by o.plugin
"""


async def dead_letters(
    tx: Tenant, plugin: str | None = None, *, most: int = 200
) -> list[DeadLetter]:
    """Return a school's dead letters, of one plugin or of all, the oldest first."""
    rows = await tx.fetch(_DEAD, tx.school_id, plugin, most)
    return [msgspec.convert(dict(row), DeadLetter) for row in rows]


async def waiting(tx: Tenant) -> list[Waiting]:
    """Return how far each plugin lags behind in a school."""
    rows = await tx.fetch(_WAITING, tx.school_id)
    return [msgspec.convert(dict(row), Waiting) for row in rows]


async def retry_dead(tx: Tenant, plugin: str, ids: Collection[UUID] | None = None) -> int:
    """Let dead letters be delivered again with all their tries, ahead of what came after them."""
    rows = await tx.fetch(
        "update core.outbox o set state = 'waiting', tries = 0, next_at = $3, claim = null "
        "where o.school_id = $1 and o.plugin = $2 and o.state = 'dead' "
        "and ($4::uuid[] is null or o.id = any($4)) returning o.id",
        tx.school_id, plugin, clock.now(), None if ids is None else list(ids),
    )  # fmt: skip
    if rows:
        school_id = tx.school_id
        tx.after_commit(lambda: deliver_soon(school_id, [plugin]))
    return len(rows)


async def discard_dead(tx: Tenant, plugin: str, ids: Collection[UUID] | None = None) -> int:
    """Throw dead letters away; the plugin will never hear of them."""
    rows = await tx.fetch(
        "delete from core.outbox o where o.school_id = $1 and o.plugin = $2 and o.state = 'dead' "
        "and ($3::uuid[] is null or o.id = any($3)) returning o.id",
        tx.school_id, plugin, None if ids is None else list(ids),
    )  # fmt: skip
    return len(rows)


async def discard_plugin(tx: Tenant, plugin: str) -> int:
    """Throw away all that waits for a plugin in a school: it is being erased."""
    rows = await tx.fetch(
        "delete from core.outbox o where o.school_id = $1 and o.plugin = $2 returning o.id",
        tx.school_id, plugin,
    )  # fmt: skip
    return len(rows)
