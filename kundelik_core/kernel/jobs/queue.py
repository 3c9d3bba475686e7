"""Queue jobs and look at the queue, through the pools that are open anyway."""

import asyncio
import logging
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

import asyncpg
import msgspec

from kundelik_core.kernel.db import Tenant, jobs_beside_tenants, jobs_pool
from kundelik_core.kernel.wire import Connection, Pool

__all__ = [
    "CORE_QUEUE",
    "MOST_TRIES",
    "TIMEOUT_S",
    "FailedJob",
    "QueueOverview",
    "enqueue",
    "enqueue_later",
    "events_queue",
    "failed_jobs",
    "jobs_queue",
    "pause",
    "queue_overview",
]

log = logging.getLogger(__name__)

CORE_QUEUE: Final = "core"
MOST_TRIES: Final = 3
TIMEOUT_S: Final = 60

_FIRST_PAUSE: Final = 10
_LONGEST_PAUSE: Final = 6 * 3600

_DEFER: Final = """
select procrastinate.procrastinate_defer_jobs_v1(array[
  row($1, $2, 0, $3, $4, $5::jsonb, $6)::procrastinate.procrastinate_job_to_defer_v1])
"""

_OVERVIEW: Final = """
select j.queue_name as queue,
       count(*) filter (where j.status = 'todo') as waiting,
       count(*) filter (where j.status = 'todo' and j.scheduled_at > now()) as later,
       count(*) filter (where j.status = 'doing') as running,
       count(*) filter (where j.status = 'failed') as failed,
       min(e.at) filter (where j.status = 'todo'
                           and (j.scheduled_at is null or j.scheduled_at <= now())) as oldest
  from procrastinate.procrastinate_jobs j
  left join procrastinate.procrastinate_events e on e.job_id = j.id and e.type = 'deferred'
 group by j.queue_name order by j.queue_name
"""

_FAILED: Final = """
select j.id, j.queue_name as queue, j.task_name as name, (j.args->>'school_id')::int as school_id,
       j.attempts as tries, (select max(e.at) from procrastinate.procrastinate_events e
                              where e.job_id = j.id and e.type = 'failed') as failed_at
  from procrastinate.procrastinate_jobs j
 where j.status = 'failed' order by j.id desc limit $1
"""

# A task that nobody refers to may be collected before it ends.
_sending: set[asyncio.Task[None]] = set()


class QueueOverview(msgspec.Struct, frozen=True, kw_only=True):
    """How one queue stands; ``oldest`` is since when the first job that could run has waited."""

    queue: str
    waiting: int
    later: int
    running: int
    failed: int
    oldest: datetime | None


class FailedJob(msgspec.Struct, frozen=True, kw_only=True):
    """A job that was tried as often as it may be."""

    id: int
    queue: str
    name: str
    school_id: int | None
    tries: int
    failed_at: datetime | None


def events_queue(plugin: str) -> str:
    """Return the queue in which a plugin's events are brought to it, and nothing else."""
    return f"events.{plugin}"


def jobs_queue(plugin: str) -> str:
    """Return the queue that a plugin's jobs have to themselves."""
    return f"jobs.{plugin}"


def pause(tries: int) -> timedelta:
    """Return how long to wait after ``tries`` failures: 10 s, 40 s, 160 s and on to six hours."""
    return timedelta(seconds=min(_FIRST_PAUSE * 4 ** min(max(tries, 1) - 1, 10), _LONGEST_PAUSE))


async def enqueue(
    name: str,
    payload: Mapping[str, Any],
    *,
    queue: str = CORE_QUEUE,
    school_id: int | None = None,
    run_at: datetime | None = None,
    lock: str | None = None,
    once: str | None = None,
    max_tries: int = MOST_TRIES,
    timeout_s: int = TIMEOUT_S,
    tx: Tenant | None = None,
) -> bool:
    """Queue a job; False if one with the same ``once`` waits already.

    Jobs with one ``lock`` run one after the other. With ``tx`` the job is queued if, and only if,
    that transaction is kept: in it where both live in one database, and right after it elsewhere,
    where a process that dies in between loses the job.
    """
    told = {
        "payload": payload, "school_id": school_id, "max_tries": max_tries, "timeout_s": timeout_s
    }  # fmt: skip
    row = (queue, name, lock, once, msgspec.json.encode(told).decode(), run_at)
    if tx is None:
        return await _defer(jobs_pool(), row)
    # A clash over `once` would break the transaction of those who only wanted to say it again.
    if once is None and jobs_beside_tenants():
        await tx.execute(_DEFER, *row)
    else:
        tx.after_commit(lambda: _send(row))
    return True


def enqueue_later(
    name: str,
    payload: Mapping[str, Any],
    *,
    queue: str = CORE_QUEUE,
    school_id: int | None = None,
    once: str | None = None,
    timeout_s: int = TIMEOUT_S,
) -> None:
    """Queue a job in the background, as a hint that may get lost."""
    told = {"payload": payload, "school_id": school_id, "timeout_s": timeout_s}
    _send((queue, name, None, once, msgspec.json.encode(told).decode(), None))


def _send(row: tuple[object, ...]) -> None:
    task = asyncio.get_running_loop().create_task(_try_to_send(row), name="enqueue")
    _sending.add(task)
    task.add_done_callback(_sending.discard)


async def _try_to_send(row: tuple[object, ...]) -> None:
    try:
        await _defer(jobs_pool(), row)
    except (OSError, RuntimeError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
        log.warning("jobs: %s was not queued", row[1], exc_info=True)


async def _defer(conn: Connection | Pool, row: tuple[object, ...]) -> bool:
    if row[3] is not None and await conn.fetchval(
        "select 1 from procrastinate.procrastinate_jobs j "
        "where j.queueing_lock = $1 and j.status = 'todo'",
        row[3],
    ):
        return False
    try:
        await conn.execute(_DEFER, *row)
    except asyncpg.UniqueViolationError:
        return False
    return True


async def queue_overview() -> list[QueueOverview]:
    """Return how every queue stands that holds anything."""
    rows = await jobs_pool().fetch(_OVERVIEW)
    return [msgspec.convert(dict(row), QueueOverview) for row in rows]


async def failed_jobs(most: int = 100) -> list[FailedJob]:
    """Return the jobs given up, the latest first."""
    rows = await jobs_pool().fetch(_FAILED, most)
    return [msgspec.convert(dict(row), FailedJob) for row in rows]
