"""Do what plugins have to do behind the scenes: take events, run jobs on their schedules.

The worker process asks ``PluginWork`` for its tasks and queues. How a handler is called comes from
outside (``deliver``, ``run_job``), whether a plugin is on in a school as well (``active``): asked
when the work begins, not when it was queued.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Iterator
from datetime import UTC, datetime
from typing import Any, Final

from kundelik_core.kernel import clock
from kundelik_core.kernel.db import reference
from kundelik_core.kernel.jobs.queue import enqueue, events_queue, jobs_queue
from kundelik_core.kernel.jobs.tasks import Job, Tasks
from kundelik_core.kernel.outbox.deliver import (
    MAX_TRIES,
    Deliver,
    Unwanted,
    deliver_due,
    plugins_due,
)
from kundelik_core.kernel.outbox.emit import DELIVER, DELIVER_SECONDS, Subscribers, deliver_soon
from kundelik_core.plugins.declared import DeclaredJob
from kundelik_core.plugins.registry import Registry
from kundelik_core.plugins.schedule import FAN_OUT, RUN_JOB, fan_out, start_due
from kundelik_core.sdk.events import Event
from kundelik_core.sdk.jobs import JobRun

__all__ = ["SCHEDULE", "SWEEP", "Active", "PluginWork", "RunJob", "subscribers_of"]

log = logging.getLogger(__name__)

SWEEP: Final = "outbox.sweep"
SCHEDULE: Final = "plugins.schedule"

_EVENTS_AT_ONCE: Final = 2
_JOBS_AT_ONCE: Final = 12
# Schools that one sweep looks into: a country's are all seen within ten minutes.
_SCHOOLS_A_SWEEP: Final = 1000
_SCHOOLS: Final = "select s.id from core.school s where s.id > $1 order by s.id limit $2"

Active = Callable[[int], Awaitable[Collection[str]]]
"""Returns the plugins that are on in a school."""

RunJob = Callable[[str, str, int | None, JobRun], Awaitable[None]]
"""Runs a job of a plugin, in a school or for the installation; raises what the job raises."""


def subscribers_of(
    registry: Registry, known_active: Callable[[int], Collection[str] | None]
) -> Subscribers | None:
    """Return who is asked on every change: ``set_subscribers(subscribers_of(...))``.

    None if no plugin subscribes to anything: then nothing is asked, ever.

    ``known_active`` looks into a cache and returns None rather than waiting; then all subscribed
    plugins are written for, and the delivery drops what was too much.
    """
    if not any(one.declared.subscriptions for one in registry.loaded.values()):
        return None

    def subscribers(school_id: int, kind: str) -> Collection[str]:
        several = registry.subscribers(kind)
        if not several:
            return ()
        on = known_active(school_id)
        return several if on is None else [plugin for plugin in several if plugin in on]

    return subscribers


class PluginWork:
    """The plugins' part of a worker process."""

    def __init__(
        self, registry: Registry, active: Active, deliver: Deliver, run_job: RunJob
    ) -> None:
        self._registry = registry
        self._active = active
        self._deliver = deliver
        self._run_job = run_job
        self._last_school = 0
        self._turns = {
            (plugin, job.name): asyncio.Semaphore(job.concurrency) for plugin, job in self.jobs()
        }

    def jobs(self) -> Iterator[tuple[str, DeclaredJob]]:
        """Yield every job with its plugin."""
        for plugin, one in self._registry.loaded.items():
            for job in one.declared.jobs:
                yield plugin, job

    def queues(self) -> dict[str, int]:
        """Return the plugins' queues, each with how many of its jobs may run at a time."""
        found = {}
        for plugin, one in self._registry.loaded.items():
            if one.declared.subscriptions:
                found[events_queue(plugin)] = _EVENTS_AT_ONCE
            if one.declared.jobs:
                wanted = sum(job.concurrency for job in one.declared.jobs)
                found[jobs_queue(plugin)] = min(wanted, _JOBS_AT_ONCE)
        return found

    def add_to(self, tasks: Tasks) -> None:
        """Give a worker what it needs; nothing runs by the clock that no plugin asked for."""
        tasks.add(DELIVER, self._deliver_events)
        tasks.add(RUN_JOB, self._run)
        tasks.add(FAN_OUT, self._fan_out)
        loaded = self._registry.loaded.values()
        tasks.add(SWEEP, self._sweep, every_minute=any(o.declared.subscriptions for o in loaded))
        tasks.add(SCHEDULE, self._start_due, every_minute=any(o.declared.jobs for o in loaded))

    # -- events
    # ---------------------------------------------------------------------------------------------

    async def _deliver_events(self, job: Job) -> None:
        plugin, school_id = str(job.payload["plugin"]), job.school_id
        # Without its plugin an event waits: it may be quarantined, or the server in safe mode.
        if school_id is None or plugin not in self._registry.loaded:
            return

        def max_tries(kind: str) -> int:
            subscription = self._registry.subscription(plugin, kind)
            return subscription.max_tries if subscription else MAX_TRIES

        again = await deliver_due(school_id, plugin, self._hand_over, max_tries=max_tries)
        if again is None:
            return
        # Rounded up, so that many failures soon after each other make one job.
        at = datetime.fromtimestamp(-(-again.timestamp() // 5) * 5, UTC)
        await enqueue(
            DELIVER, {"plugin": plugin}, queue=events_queue(plugin), school_id=school_id,
            run_at=None if again <= clock.now() else at, timeout_s=DELIVER_SECONDS,
            once=f"{DELIVER}:{school_id}:{plugin}:{at:%d%H%M%S}",
        )  # fmt: skip

    async def _hand_over(self, plugin: str, event: Event[Any]) -> None:
        if self._registry.subscription(plugin, event.type) is None:
            raise Unwanted
        if plugin not in await self._active(event.school_id):
            raise Unwanted
        await self._deliver(plugin, event)

    async def _sweep(self, _job: Job) -> None:
        """Find what no ping told of, a thousand schools at a time."""
        rows = await reference().fetch(_SCHOOLS, self._last_school, _SCHOOLS_A_SWEEP)
        self._last_school = rows[-1]["id"] if len(rows) == _SCHOOLS_A_SWEEP else 0
        for row in rows:
            due = await plugins_due(row["id"])
            deliver_soon(row["id"], [plugin for plugin in due if plugin in self._registry.loaded])

    # -- jobs
    # ---------------------------------------------------------------------------------------------

    async def _start_due(self, _job: Job) -> None:
        await start_due(self.jobs())

    async def _fan_out(self, job: Job) -> None:
        plugin, name = str(job.payload["plugin"]), str(job.payload["job"])
        declared = self._find(plugin, name)
        if declared is not None:
            told = {key: job.payload[key] for key in ("plugin", "job", "due_at")}
            await fan_out(plugin, declared, told, str(job.payload["zone"]))

    async def _run(self, job: Job) -> None:
        plugin, name = str(job.payload["plugin"]), str(job.payload["job"])
        declared = self._find(plugin, name)
        if declared is None or declared.per_school is not (job.school_id is not None):
            log.info("jobs: %s of %s is gone", name, plugin)
            return
        if job.school_id is not None and plugin not in await self._active(job.school_id):
            return
        run = JobRun(
            due_at=datetime.fromisoformat(str(job.payload["due_at"])), attempt=job.tries + 1
        )
        async with self._turns[plugin, name], asyncio.timeout(declared.timeout_s):
            try:
                await self._run_job(plugin, name, job.school_id, run)
            except Unwanted:
                log.info("jobs: %s of %s is off in school %s", name, plugin, job.school_id)

    def _find(self, plugin: str, name: str) -> DeclaredJob | None:
        one = self._registry.loaded.get(plugin)
        several = one.declared.jobs if one else ()
        return next((job for job in several if job.name == name), None)
