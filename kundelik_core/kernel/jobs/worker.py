"""Take jobs out of the queue and run them: one procrastinate worker per queue, one process.

A job runs at least once: what a killed process was doing is taken up again a minute later.
"""

import asyncio
import logging
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

import procrastinate
from procrastinate import JobContext, RetryDecision
from procrastinate.jobs import Job as QueuedJob
from typing_extensions import override

from kundelik_core.kernel import clock
from kundelik_core.kernel.jobs.queue import CORE_QUEUE, MOST_TRIES, TIMEOUT_S, enqueue, pause
from kundelik_core.kernel.jobs.schema import QUEUE_SCHEMA
from kundelik_core.kernel.jobs.tasks import Handler, Job, Later, Tasks

__all__ = ["HOUSEKEEPING", "WorkerLost", "run_workers"]

log = logging.getLogger(__name__)

HOUSEKEEPING: Final = "jobs.housekeeping"
GRACE_SECONDS: Final = 15
_STALLED_SECONDS: Final = 40
_KEEP_FAILED: Final = timedelta(days=30)


class WorkerLost(Exception):
    """A queue's worker ended without being asked to; the process should be started anew."""


class Backoff(procrastinate.BaseRetryStrategy):
    """Try again after a growing pause, as often as the job itself says."""

    @override
    def get_retry_decision(
        self, *, exception: BaseException, job: QueuedJob
    ) -> RetryDecision | None:
        tries = job.attempts + 1
        most = job.task_kwargs.get("max_tries")
        if tries >= (most if isinstance(most, int) else MOST_TRIES):
            return None
        return RetryDecision(retry_at=clock.now() + pause(tries))


def _task(app: procrastinate.App, name: str, handler: Handler) -> None:
    async def run(
        context: JobContext,
        *,
        payload: Mapping[str, Any] | None = None,
        school_id: int | None = None,
        timeout_s: int = TIMEOUT_S,
        max_tries: int = MOST_TRIES,
        timestamp: int = 0,  # noqa: ARG001 - jobs queued by the clock carry their minute
    ) -> None:
        queued = context.job
        job = Job(
            id=queued.id or 0,
            name=name,
            payload=payload or {},
            school_id=school_id,
            tries=queued.attempts,
            scheduled_at=queued.scheduled_at,
        )
        try:
            async with asyncio.timeout(timeout_s):
                await handler(job)
        except Later as later:
            await enqueue(
                name, job.payload, queue=queued.queue, school_id=school_id, lock=queued.lock,
                run_at=clock.now() + timedelta(seconds=later.seconds),
                max_tries=max_tries, timeout_s=timeout_s,
            )  # fmt: skip

    app.task(name=name, pass_context=True, retry=Backoff(), queue=CORE_QUEUE)(run)


def _app(url: str, tasks: Tasks, queues: Mapping[str, int]) -> procrastinate.App:
    app = procrastinate.App(
        connector=procrastinate.PsycopgConnector(
            conninfo=url,
            kwargs={
                "options": f"-c role=kundelik_app -c search_path={QUEUE_SCHEMA}",
                "application_name": "kundelik worker",
            },
            min_size=1,
            max_size=min(4 + len(queues), 20),
        )
    )
    for name, handler in tasks.handlers.items():
        _task(app, name, handler)
    _task(app, HOUSEKEEPING, _housekeeping(app))
    for name in (*tasks.minutely, HOUSEKEEPING):
        app.periodic(cron="* * * * *", lock=name, queueing_lock=name)(app.tasks[name])
    return app


def _housekeeping(app: procrastinate.App) -> Handler:
    async def tidy(_job: Job) -> None:
        """Give back what killed workers were doing, and forget what failed long ago."""
        manager = app.job_manager
        for job in await manager.get_stalled_jobs(seconds_since_heartbeat=_STALLED_SECONDS):
            log.warning("jobs: %s was left by a worker that died; again", job.task_name)
            await manager.retry_job(job, retry_at=clock.now())
        await manager.prune_stalled_workers(_STALLED_SECONDS * 2)
        await manager.delete_old_jobs(
            nb_hours=int(_KEEP_FAILED.total_seconds() // 3600), include_failed=True,
            include_cancelled=True, include_aborted=True,
        )  # fmt: skip

    return tidy


async def run_workers(
    url: str, tasks: Tasks, queues: Mapping[str, int], stop: asyncio.Event, *, poll: float = 5.0
) -> None:
    """Work until ``stop`` is set, then finish what is under way within GRACE_SECONDS.

    ``queues`` are the queues to serve, each with how many of its jobs may run at a time.

    Raises:
        WorkerLost: the database went away for longer than the library puts up with.
    """
    app = _app(url, tasks, queues)
    async with app.open_async():
        workers = [
            asyncio.create_task(
                app.run_worker_async(
                    queues=[queue], name=queue, concurrency=concurrency, wait=True,
                    fetch_job_polling_interval=poll, install_signal_handlers=False,
                    shutdown_graceful_timeout=GRACE_SECONDS, delete_jobs="successful",
                    listen_notify=True, update_heartbeat_interval=10,
                    stalled_worker_timeout=_STALLED_SECONDS * 2,
                ),
                name=f"worker {queue}",
            )
            for queue, concurrency in queues.items()
        ]  # fmt: skip
        asked = asyncio.create_task(stop.wait(), name="stop")
        try:
            await asyncio.wait([asked, *workers], return_when=asyncio.FIRST_COMPLETED)
            lost = [worker for worker in workers if worker.done()]
        finally:
            for task in (asked, *workers):
                task.cancel()
            ended = await asyncio.gather(*workers, return_exceptions=True)
    if lost and not stop.is_set():
        why = [error for error in ended if isinstance(error, Exception)]
        raise WorkerLost(", ".join(task.get_name() for task in lost)) from next(iter(why), None)
