"""Do in the background what pages do not wait for: ``kundelik worker``."""

import asyncio
import contextlib
import logging
import os
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from kundelik_core.cli.errors import told
from kundelik_core.cli.install import data_dir_option, installation, run, settings_with
from kundelik_core.kernel.boot import Urls, open_databases
from kundelik_core.kernel.db import use_databases
from kundelik_core.kernel.jobs.tasks import Handler, Job
from kundelik_core.kernel.settings import Settings
from kundelik_core.kernel.supervise import Companion

if TYPE_CHECKING:
    from kundelik_core.plugins.life.running import Running

__all__ = ["command", "companion"]

WATCHDOG: Final = "plugins.watchdog"
"""The job that looks after the plugins' sessions in the database."""

_CORE_AT_ONCE: Final = 4
# Once an hour, at a minute at which little else begins.
_FORGETS_AT: Final = 41
_PAYS_AT: Final = 23

log = logging.getLogger(__name__)


def companion() -> Companion:
    """Return the worker as the server starts it beside itself."""
    return Companion("the job worker", [sys.executable, "-m", "kundelik_core.cli.worker", "beside"])


@click.command("worker")
@data_dir_option
def command(data_dir: Path | None) -> None:
    """Run background jobs: events for modules, their schedules, housekeeping.

    A server starts one beside itself; more of them, here or on other machines, share the work.
    Ctrl-C or SIGTERM stops it, after the jobs that are under way.

    Example:  kundelik worker
    """
    settings = settings_with(data_dir=data_dir)
    _log(settings)
    run(_alone(settings))


async def _alone(settings: Settings) -> None:
    async with installation(settings) as urls:
        click.echo("The worker is ready.")
        await _work(settings, urls, asyncio.Event())


async def _beside() -> None:
    """Work for the server that started this process, and end with it."""
    from kundelik_core.web.server import told_to_workers

    settings, urls = told_to_workers()
    _log(settings)
    stop = asyncio.Event()
    async with _pools(settings, urls), _until_closed(sys.stdin.fileno(), stop):
        await _work(settings, urls, stop)


def _log(settings: Settings) -> None:
    logging.basicConfig(
        level=settings.log_level.upper(), format="%(levelname)s %(name)s: %(message)s"
    )
    # It tells of every job with a whole line; failures are told of by our own modules.
    logging.getLogger("procrastinate").setLevel(max(logging.WARNING, logging.root.level))


@contextlib.asynccontextmanager
async def _pools(settings: Settings, urls: Urls) -> AsyncIterator[None]:
    databases = await open_databases(urls, settings)
    use_databases(databases)
    try:
        yield
    finally:
        use_databases(None)
        await databases.close()


@contextlib.asynccontextmanager
async def _until_closed(pipe: int, stop: asyncio.Event) -> AsyncIterator[None]:
    """Stop when the other end of a pipe is gone: whoever held it has died."""
    loop = asyncio.get_running_loop()

    def readable() -> None:
        if not os.read(pipe, 1024):
            loop.remove_reader(pipe)
            stop.set()

    loop.add_reader(pipe, readable)
    try:
        yield
    finally:
        loop.remove_reader(pipe)


async def _work(settings: Settings, urls: Urls, stop: asyncio.Event) -> None:
    from kundelik_core.gradebook.periods.closing import FINISH
    from kundelik_core.kernel.hub import Hub, use_hub
    from kundelik_core.kernel.jobs.queue import CORE_QUEUE
    from kundelik_core.kernel.jobs.tasks import Tasks
    from kundelik_core.kernel.jobs.worker import run_workers
    from kundelik_core.plugins.host.load import HostedPlugins
    from kundelik_core.plugins.host.place import place_of
    from kundelik_core.plugins.life.keys import keys_of
    from kundelik_core.plugins.life.running import LONG_TTL, running_plugins
    from kundelik_core.plugins.payouts import PAY
    from kundelik_core.plugins.wishes import SETTLE
    from kundelik_core.plugins.work import plugin_work

    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    keys = keys_of(settings, urls.tenant)
    hub = Hub(urls.jobs)
    await hub.start()
    try:
        hosts = HostedPlugins(place_of(settings.data_dir))
        async with running_plugins(settings, hub, keys=keys, hosts=hosts, ttl=LONG_TTL) as plugins:
            tasks = Tasks()
            work = plugin_work(plugins.registry, plugins.dispatcher, plugins.allowed.active)
            work.add_to(tasks)
            tasks.add(FINISH, _finish_period)
            tasks.add(WATCHDOG, _watch_sessions, every_minute=bool(plugins.registry.loaded))
            tasks.add(SETTLE, _settle_wishes, every_minute=bool(plugins.registry.loaded))
            tasks.add(PAY, _pays_by(plugins), every_minute=bool(plugins.registry.loaded))
            queues = {CORE_QUEUE: _CORE_AT_ONCE, **work.queues()}
            with use_hub(hub):
                await run_workers(urls.jobs, tasks, queues, stop)
    finally:
        await hub.stop()


async def _finish_period(job: Job) -> None:
    """Compute the results of a period that was closed, or opened again."""
    from kundelik_core.gradebook.periods.closing import finish_period

    assert job.school_id is not None
    await finish_period(job.school_id, job.payload["year"], job.payload["code"])


async def _watch_sessions(_job: object) -> None:
    """End what plugins left running in the database for too long."""
    from kundelik_core.kernel.db import reference
    from kundelik_core.plugins.database import end_old_sessions

    for one in await end_old_sessions(reference()):
        log.warning("plugin %s: a %s of %s s was ended", one.plugin, one.reason, one.seconds)


async def _settle_wishes(_job: object) -> None:
    """Fulfil what plugins have asked for and no call has seen to; forget what is long past."""
    from kundelik_core.kernel import clock
    from kundelik_core.plugins.wish_care import forget_old
    from kundelik_core.plugins.wishes import settle_waiting

    await settle_waiting()
    if clock.now().minute == _FORGETS_AT:
        await forget_old()


def _pays_by(plugins: "Running") -> Handler:
    """Return what pays vendors: decided once a day, asked again every hour until it is through."""
    from kundelik_core.kernel import clock
    from kundelik_core.plugins.payouts import Paying

    paying = Paying(plugins.registry, plugins.dispatcher, plugins.allowed.active)

    async def pay_vendors(job: Job) -> None:
        if (job.scheduled_at or clock.now()).minute == _PAYS_AT:
            await paying.run()

    return pay_vendors


if __name__ == "__main__":
    with told():
        run(_beside())
