"""Write events into the transaction that causes them, for those plugins that want them."""

from collections.abc import Callable, Collection, Iterable
from datetime import datetime
from typing import Final, Protocol
from uuid import UUID

import msgspec

from kundelik_core.kernel import clock
from kundelik_core.kernel.db import Tenant
from kundelik_core.kernel.ids import new_id
from kundelik_core.kernel.jobs.queue import enqueue_later, events_queue
from kundelik_core.sdk.events import EVENTS, EventData

__all__ = [
    "DELIVER",
    "DELIVER_SECONDS",
    "Happened",
    "Subscribers",
    "deliver_soon",
    "emit",
    "set_subscribers",
    "wanted",
]

DELIVER: Final = "outbox.deliver"
"""The job that brings one school's events to one plugin."""

_TYPES: Final = {data: name for name, data in EVENTS.items()}


DELIVER_SECONDS: Final = 150
"""What that job may take: its share of a minute, and the slowest handlers after that."""


class Happened(msgspec.Struct, frozen=True):
    """One event to be told; its type and its subject follow from the data."""

    data: EventData
    actor_id: UUID | None = None
    id: UUID = msgspec.field(default_factory=new_id)
    occurred_at: datetime = msgspec.field(default_factory=clock.now)

    @property
    def type(self) -> str:
        """Return the event's name with its version."""
        return _TYPES[type(self.data)]


class Subscribers(Protocol):
    """Name the plugins that want a type of event in a school; asked on every change, so quick.

    One too many does no harm: whether a plugin is on in a school is asked again at the delivery.
    """

    def __call__(self, school_id: int, kind: str, /) -> Collection[str]:
        """Return the plugins."""
        ...


_subscribers: Subscribers | None = None

_WRITE: Final = """
insert into core.outbox (school_id, id, plugin, type, subject, occurred_at, actor_id, data, next_at)
select $1, x.id, x.plugin, x.type, x.subject, x.occurred_at, x.actor_id, x.data::jsonb, $9
  from unnest($2::uuid[], $3::text[], $4::text[], $5::uuid[], $6::timestamptz[], $7::uuid[],
              $8::text[]) with ordinality
    as x (id, plugin, type, subject, occurred_at, actor_id, data, place)
 order by x.place
on conflict (school_id, id, plugin) do nothing
"""


def set_subscribers(subscribers: Subscribers | None) -> None:
    """Say who is asked; None, as at the start, means that nobody subscribes to anything."""
    global _subscribers  # noqa: PLW0603 - one registry of plugins per process
    _subscribers = subscribers


def wanted(school_id: int, *kinds: type[EventData]) -> bool:
    """Tell whether any plugin wants one of these events, before something is read for them."""
    return _subscribers is not None and any(_subscribers(school_id, _TYPES[k]) for k in kinds)


async def emit(
    tx: Tenant, kinds: Collection[type[EventData]], make: Callable[[], Iterable[Happened]]
) -> None:
    """Write what ``make`` returns for those who want it; ``kinds`` is all that it may return.

    ``make`` is called only if a plugin wants one of them, so that an unheard event costs nothing.
    """
    if _subscribers is None:
        return
    takers = {kind: who for kind in kinds if (who := _subscribers(tx.school_id, _TYPES[kind]))}
    if not takers:
        return
    rows = [(event, plugin) for event in make() for plugin in takers.get(type(event.data), ())]
    if not rows:
        return
    await tx.execute(
        _WRITE,
        tx.school_id,
        [event.id for event, _ in rows],
        [plugin for _, plugin in rows],
        [event.type for event, _ in rows],
        [event.data.subject for event, _ in rows],
        [event.occurred_at for event, _ in rows],
        [event.actor_id for event, _ in rows],
        [msgspec.json.encode(event.data).decode() for event, _ in rows],
        clock.now(),
    )
    school_id, plugins = tx.school_id, sorted({plugin for _, plugin in rows})
    tx.after_commit(lambda: deliver_soon(school_id, plugins))


def deliver_soon(school_id: int, plugins: Iterable[str]) -> None:
    """Wake the delivery; if that is lost, the sweep finds the rows."""
    for plugin in plugins:
        enqueue_later(
            DELIVER, {"plugin": plugin}, queue=events_queue(plugin), school_id=school_id,
            once=f"{DELIVER}:{school_id}:{plugin}", timeout_s=DELIVER_SECONDS,
        )  # fmt: skip
