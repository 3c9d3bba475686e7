"""Start plugins' jobs by the clock of the school: ``Every`` so many seconds, or like ``Cron``.

Once a minute one worker looks which jobs are due. The moment of the last start is kept, so that
what was missed while no worker ran is made up for once, and nothing starts twice.
"""

import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import asyncpg
from croniter import CroniterBadDateError, croniter

from kundelik_core.kernel import clock
from kundelik_core.kernel.db import jobs_pool, reference
from kundelik_core.kernel.jobs.queue import CORE_QUEUE, enqueue, jobs_queue
from kundelik_core.plugins.declared import DeclaredJob
from kundelik_core.plugins.registry import Registry
from kundelik_core.sdk.jobs import Cron, Every

__all__ = [
    "FAN_OUT",
    "RUN_JOB",
    "due",
    "fan_out",
    "forget_schedules",
    "run_soon",
    "start_due",
    "wake_of",
]

FAN_OUT: Final = "plugins.fan_out"
"""The job that starts a job of a plugin in every school of a zone."""

RUN_JOB: Final = "plugins.job"
"""The job that runs one job of a plugin, in a school or for the installation."""

_FANNING_SECONDS: Final = 600
_FAILURES: Final = (OSError, RuntimeError, asyncpg.PostgresError, asyncpg.InterfaceError)

_log = logging.getLogger(__name__)

_SCHOOLS: Final = "select s.id from core.school s where s.time_zone = $1 order by s.id"
_ZONES: Final = "select distinct s.time_zone as zone from core.school s"

# The moment that was read has to be there still, or another worker was quicker.
_FIRED: Final = """
update jobs.schedule s set fired_at = $5
 where s.plugin = $1 and s.job = $2 and s.zone = $3 and s.fired_at = $4
returning s.job
"""


def due(schedule: Every | Cron, fired_at: datetime, now: datetime, zone: str) -> datetime | None:
    """Return the latest moment after ``fired_at`` and up to ``now`` when it was to start, or None.

    Hours are those of a clock on the wall in ``zone``; an hour that a clock skips or repeats makes
    a job start once.
    """
    if isinstance(schedule, Every):
        rounds = (now - fired_at) // timedelta(seconds=schedule.seconds)
        return fired_at + rounds * timedelta(seconds=schedule.seconds) if rounds > 0 else None
    place = ZoneInfo(zone)
    # From a minute on, since the library looks for what lies strictly before.
    wall = now.astimezone(place).replace(tzinfo=None, second=0, microsecond=0)
    try:
        last = croniter(schedule.spec, wall + timedelta(minutes=1)).get_prev(datetime)
    except CroniterBadDateError:  # the 30th of February
        return None
    moment = last.replace(tzinfo=place).astimezone(UTC)
    return moment if fired_at < moment <= now else None


async def start_due(
    jobs: Iterable[tuple[str, DeclaredJob]], own_zone: str = clock.SCHOOL_ZONE
) -> int:
    """Queue every job that is due, in each zone where there are schools; give how many."""
    now = clock.now()
    zones = [row["zone"] for row in await reference().fetch(_ZONES)]
    started = 0
    for plugin, job in jobs:
        for zone in zones if job.per_school else [own_zone]:
            started += await _start(plugin, job, zone, now)
    return started


async def _start(plugin: str, job: DeclaredJob, zone: str, now: datetime) -> int:
    pool = jobs_pool()
    fired_at = await pool.fetchval(
        "select s.fired_at from jobs.schedule s "
        "where s.plugin = $1 and s.job = $2 and s.zone = $3",
        plugin, job.name, zone,
    )  # fmt: skip
    if fired_at is None:
        # Seen for the first time: from now on, not for the past.
        await pool.execute(
            "insert into jobs.schedule (plugin, job, zone, fired_at) values ($1, $2, $3, $4) "
            "on conflict (plugin, job, zone) do nothing",
            plugin, job.name, zone, now,
        )  # fmt: skip
        return 0
    moment = due(job.schedule, fired_at, now, zone)
    if moment is None:
        return 0
    told = {"plugin": plugin, "job": job.name, "due_at": moment.isoformat()}
    # Queued first: to start twice after a crash is better than not at all.
    if job.per_school:
        await enqueue(
            FAN_OUT, {**told, "zone": zone}, queue=CORE_QUEUE, timeout_s=_FANNING_SECONDS,
            once=f"{FAN_OUT}:{plugin}.{job.name}:{zone}:{moment.isoformat()}",
        )  # fmt: skip
    else:
        await _queue(plugin, job, told, None)
    return 1 if await pool.fetchval(_FIRED, plugin, job.name, zone, fired_at, moment) else 0


async def fan_out(plugin: str, job: DeclaredJob, told: Mapping[str, object], zone: str) -> int:
    """Queue a job for every school of a zone; whether the plugin is on there is asked at the start.

    A school where the last run still waits is left out.
    """
    schools = [row["id"] for row in await reference().fetch(_SCHOOLS, zone)]
    return sum([await _queue(plugin, job, told, school_id) for school_id in schools])


async def run_soon(plugin: str, job: DeclaredJob, school_id: int) -> bool:
    """Queue a job for one school now; False if its next run there waits already."""
    told = {"plugin": plugin, "job": job.name, "due_at": clock.now().isoformat()}
    return await _queue(plugin, job, told, school_id)


def wake_of(registry: Registry) -> Callable[[str, str, int], Awaitable[None]]:
    """Return what runs a plugin's own job soon; one that cannot be queued comes by its schedule."""

    async def wake(plugin: str, name: str, school_id: int) -> None:
        jobs = registry.loaded[plugin].declared.jobs
        job = next((one for one in jobs if one.name == name and one.per_school), None)
        if job is None:
            _log.error("plugin %s: %s is no job of a school's", plugin, name)
            return
        try:
            await run_soon(plugin, job, school_id)
        except _FAILURES as error:
            _log.warning("plugin %s: %s was not queued: %s", plugin, name, type(error).__name__)

    return wake


async def _queue(
    plugin: str, job: DeclaredJob, told: Mapping[str, object], school_id: int | None
) -> bool:
    # The job's own time begins when its turn has come; this bounds the wait for it.
    return await enqueue(
        RUN_JOB, told, queue=jobs_queue(plugin), school_id=school_id,
        once=f"{plugin}.{job.name}:{school_id or ''}",
        max_tries=job.max_tries, timeout_s=_FANNING_SECONDS * 6,
    )  # fmt: skip


async def forget_schedules(plugin: str) -> None:
    """Forget when a plugin's jobs ran: it is being erased."""
    await jobs_pool().execute("delete from jobs.schedule s where s.plugin = $1", plugin)
