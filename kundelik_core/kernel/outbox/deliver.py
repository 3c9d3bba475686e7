"""Bring events to one plugin: in order per subject, at least once, outside any transaction.

A delivery holds its rows by moving the moment of their next try into the future. If the process
dies, that moment comes and somebody else takes them. Only the first waiting row of a subject may be
taken, so nothing overtakes a row that is being delivered or waits for its next try.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import msgspec

from kundelik_core.kernel import clock
from kundelik_core.kernel.db import tenant
from kundelik_core.kernel.ids import new_id
from kundelik_core.kernel.jobs.queue import pause
from kundelik_core.kernel.jobs.tasks import Later
from kundelik_core.kernel.wire import Record
from kundelik_core.sdk.events import EVENTS, Event

__all__ = ["LEASE", "MAX_TRIES", "Deliver", "Unwanted", "deliver_due", "plugins_due"]

log = logging.getLogger(__name__)

MAX_TRIES: Final = 8
HANDLER_SECONDS: Final = 65.0
LEASE: Final = timedelta(seconds=90)
"""How long taken rows are left alone: longer than their handlers may take, all at once."""

_BATCH: Final = 16
_LONGEST_LATER: Final = 3600.0

# The first row of a subject is looked up one by one, in the order of an index: the table's
# statistics are always of some other hour, so no statement may depend on how full it is.
_FIRST: Final = """(
  select e.seq from core.outbox e
   where e.school_id = $1 and e.plugin = $2 and e.subject = o.subject and e.state = 'waiting'
   order by e.school_id, e.plugin, e.subject, e.seq limit 1)
"""

_CLAIM: Final = f"""
with due as (
  select o.id from core.outbox o
   where o.school_id = $1 and o.plugin = $2 and o.state = 'waiting' and o.next_at <= $3
     and o.seq = {_FIRST}
   order by o.school_id, o.plugin, o.next_at, o.seq limit $4
   for no key update of o skip locked
)
update core.outbox t set next_at = $5, claim = $6
 where t.school_id = $1 and t.plugin = $2 and t.id = any(array(select due.id from due))
returning t.id, t.type, t.subject, t.occurred_at, t.actor_id, t.data::text as data, t.tries, t.seq
"""

# A row whose lease ran out may be somebody else's by now: the claim tells.
_DONE: Final = """
delete from core.outbox o
 where o.school_id = $1 and o.plugin = $2 and o.claim = $3 and o.id = any($4::uuid[])
"""

_FAILED: Final = """
update core.outbox o
   set claim = null, tries = x.tries, next_at = x.next_at, error = x.error, state = x.state
  from unnest($4::uuid[], $5::smallint[], $6::timestamptz[], $7::text[], $8::text[])
    as x (id, tries, next_at, error, state)
 where o.school_id = $1 and o.plugin = $2 and o.claim = $3 and o.id = x.id
"""

_NEXT: Final = f"""
select o.next_at from core.outbox o
 where o.school_id = $1 and o.plugin = $2 and o.state = 'waiting' and o.seq = {_FIRST}
 order by o.school_id, o.plugin, o.next_at limit 1
"""

_PLUGINS: Final = """
select distinct o.plugin from core.outbox o
 where o.school_id = $1 and o.state = 'waiting' and o.next_at <= $2
"""


class Unwanted(Exception):
    """The plugin is not to hear of this: it is off in the school, or has unsubscribed."""


class Claimed(msgspec.Struct, frozen=True):
    """An event with the number of deliveries that failed so far."""

    event: Event[Any]
    tries: int

    @property
    def id(self) -> UUID:
        """Return the event's id, which stays the same when it comes again."""
        return self.event.id


Deliver = Callable[[str, Event[Any]], Awaitable[None]]
"""Hand an event to a plugin. Returning means delivered; `Later` puts it off without blame,
`Unwanted` drops it, anything else is a failure of the plugin."""


class _Failed(msgspec.Struct, frozen=True):
    id: UUID
    tries: int
    next_at: datetime
    error: str
    state: str = "waiting"


async def deliver_due(
    school_id: int,
    plugin: str,
    deliver: Deliver,
    *,
    seconds: float = 45.0,
    lease: timedelta = LEASE,
    handler_seconds: float = HANDLER_SECONDS,
    max_tries: Callable[[str], int] = lambda _kind: MAX_TRIES,
) -> datetime | None:
    """Deliver what is due, for about ``seconds``; return when to come again, or None.

    ``max_tries`` says for a type of event how often it is tried before it is a dead letter.
    """
    until = time.monotonic() + seconds
    while True:
        claim = new_id()
        events = await _claim(school_id, plugin, claim, lease)
        if not events:
            break
        outcomes = await asyncio.gather(
            *(
                _hand_over(plugin, one, deliver, handler_seconds, max_tries(one.event.type))
                for one in events
            )
        )
        await _settle(school_id, plugin, claim, events, outcomes)
        if time.monotonic() > until:
            return clock.now()
    async with tenant(school_id) as tx:
        found: datetime | None = await tx.fetchval(_NEXT, school_id, plugin)
    return found


async def _claim(school_id: int, plugin: str, claim: UUID, lease: timedelta) -> list[Claimed]:
    now = clock.now()
    async with tenant(school_id, write=True, quiet=True) as tx:
        rows = await tx.fetch(_CLAIM, school_id, plugin, now, _BATCH, now + lease, claim)
    return [_event(school_id, row) for row in rows]


def _event(school_id: int, row: Record) -> Claimed:
    return Claimed(
        Event(
            id=UUID(int=row["id"].int),
            type=row["type"],
            school_id=school_id,
            occurred_at=row["occurred_at"],
            actor_id=row["actor_id"] and UUID(int=row["actor_id"].int),
            data=msgspec.json.decode(row["data"], type=EVENTS[row["type"]]),
        ),
        row["tries"],
    )


async def _hand_over(
    plugin: str, event: Claimed, deliver: Deliver, seconds: float, most: int
) -> _Failed | None:
    try:
        async with asyncio.timeout(seconds):
            await deliver(plugin, event.event)
    except Unwanted:
        return None
    except Later as later:
        wait = timedelta(seconds=min(max(later.seconds, 1.0), _LONGEST_LATER))
        return _Failed(event.id, event.tries, clock.now() + wait, "")
    except Exception as error:  # noqa: BLE001 - a plugin may raise anything
        tries = event.tries + 1
        dead = tries >= most
        # The class alone: a plugin's text may hold what it read about a pupil.
        name = type(error).__name__[:100]
        log.warning("outbox: %s of %s failed, try %d: %s", event.event.type, plugin, tries, name)
        state = "dead" if dead else "waiting"
        return _Failed(event.id, tries, clock.now() + pause(tries), name, state)
    return None


async def _settle(
    school_id: int,
    plugin: str,
    claim: UUID,
    events: list[Claimed],
    outcomes: list[_Failed | None],
) -> None:
    failed = [outcome for outcome in outcomes if outcome]
    done = [event.id for event, outcome in zip(events, outcomes, strict=True) if outcome is None]
    async with tenant(school_id, write=True, quiet=True) as tx:
        if done:
            await tx.execute(_DONE, school_id, plugin, claim, done)
        if failed:
            await tx.execute(
                _FAILED, school_id, plugin, claim,
                [one.id for one in failed], [one.tries for one in failed],
                [one.next_at for one in failed], [one.error or None for one in failed],
                [one.state for one in failed],
            )  # fmt: skip


async def plugins_due(school_id: int) -> list[str]:
    """Return the plugins for which something is due in a school: what the sweep looks for."""
    async with tenant(school_id) as tx:
        rows = await tx.fetch(_PLUGINS, school_id, clock.now())
    return sorted(row["plugin"] for row in rows)
