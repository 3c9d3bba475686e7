"""Run the application: granian with several worker processes, and the database it stands on.

``serve(settings)`` blocks until it is told to stop (Ctrl-C, SIGTERM). A SIGHUP to the master starts
workers and job worker anew, one after the other, so that they load what was approved; the pages
answer all the while. The master starts PostgreSQL where no address is set and migrates; the workers
find the addresses in their environment.
"""

import asyncio
import gc
import logging
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any, Final

import granian._signals
import msgspec
from granian._granian import WorkerSignal
from granian.constants import HTTPModes, Interfaces, Loops
from granian.log import LogLevels
from granian.utils.proxies import wrap_asgi_with_proxy_headers

from kundelik_core.kernel import clock
from kundelik_core.kernel.boot import Urls, migrate_all, start_postgres
from kundelik_core.kernel.settings import Settings, load_settings
from kundelik_core.kernel.supervise import Beside, Supervisor
from kundelik_core.plugins.life.operate import prepare_plugins
from kundelik_core.web.app import create_app
from kundelik_core.web.handover import Handover
from kundelik_core.web.setup import LOADERS
from kundelik_core.web.themes import load_theme

__all__ = ["CLOCK", "serve", "told_to_workers", "worker"]

log = logging.getLogger(__name__)

SETTINGS: Final = "_KUNDELIK_WORKER_SETTINGS"
URLS: Final = "_KUNDELIK_WORKER_URLS"
CLOCK: Final = "_KUNDELIK_WORKER_CLOCK"
# Requests that a worker takes in at once; more wait in the socket, where they cost nothing.
IN_FLIGHT: Final = 256
KILL_AFTER_SECONDS: Final = 5
# How often a worker looks whether its master lives, and what it gets to finish when it does not.
LOOK_EVERY: Final = 0.5
ORPHAN_SECONDS: Final = 3
# Objects made and not yet freed before the garbage collector looks; Python's own number is 700.
GC_AFTER: Final = 10_000


def worker() -> Any:  # noqa: ANN401 - an ASGI application, plain or wrapped
    """Return the application of one worker process; granian calls it there."""
    _end_with_master()
    # Granian's own asks again at the second signal and hangs: Ctrl-C in a terminal and systemd tell
    # everybody at once, and then the master tells its workers again.
    granian._signals.set_loop_signals = _stop_once
    settings, urls = told_to_workers()
    logging.basicConfig(
        level=settings.log_level.upper(), format="%(levelname)s %(name)s: %(message)s"
    )
    app = create_app(settings, urls)
    # What is there now stays for ever, and a page makes some thousand objects that hang in no
    # circle: the collector need not look at the former, nor so often at the latter.
    gc.collect()
    gc.freeze()
    gc.set_threshold(GC_AFTER, 20, 100)
    if settings.trusted_proxies:
        return wrap_asgi_with_proxy_headers(app, settings.trusted_proxies)
    return app


def _stop_once(loop: asyncio.AbstractEventLoop) -> WorkerSignal:
    """Let a worker finish its requests and end when told to; being told twice adds nothing."""
    event = WorkerSignal()
    told = False

    def stop() -> None:
        nonlocal told
        if not told:
            told = True
            event.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop)
    return event


def _end_with_master() -> None:
    """Stop this worker when its master is gone: it would keep the port from the next one."""
    parent = multiprocessing.parent_process()
    if parent is None or parent.pid is None:
        return
    # Not a signal of the kernel's: that would come when the thread ends which started this process.
    # Not a pipe: workers that are forked later hold the master's end of it, too.
    threading.Thread(target=_watch, args=(parent.pid,), name="master", daemon=True).start()


def _watch(master: int) -> None:
    while os.getppid() == master:
        time.sleep(LOOK_EVERY)
    log.warning("the master of this worker is gone; it stops")
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(ORPHAN_SECONDS)
    os._exit(1)


def told_to_workers() -> tuple[Settings, Urls]:
    """Return what the master told the processes that it started, and set their clock."""
    # Seconds ahead of the machine's clock; only a demo in which somebody tries things out is.
    clock.shift(timedelta(seconds=float(os.environ.get(CLOCK, "0"))))
    raw = os.environ.get(SETTINGS)
    settings = msgspec.json.decode(raw, type=Settings, dec_hook=_path) if raw else load_settings()
    return settings, msgspec.json.decode(os.environ[URLS], type=Urls)


def _path(kind: Callable[[str], object], value: object) -> object:
    return kind(str(value))


class WorkersFailed(Exception):
    """No worker stays alive; their log says why."""


def serve(
    settings: Settings,
    *,
    beside: Sequence[Beside] = (),
    on_ready: Callable[[Urls], None] | None = None,
    own_plugins: bool = False,
) -> None:
    """Start everything and serve until stopped. ``on_ready`` runs once the database is migrated.

    What runs ``beside`` is kept alive meanwhile, and so is the embedded database. With
    ``own_plugins`` those that belong to the core are approved without being asked for.

    Raises:
        PostgresError: the embedded database did not start.
        MigrationError: the database does not fit this release.
        WorkersFailed: no worker stays alive.
        ThemeError: the theme of the settings cannot be used.
    """
    load_theme(settings.theme)  # said here in one line, not by each worker that dies of it
    urls, postgres = start_postgres(settings)
    try:
        asyncio.run(migrate_all(urls, postgres, LOADERS))
        asyncio.run(prepare_plugins(settings, urls, approve_own=own_plugins))
        if on_ready:
            on_ready(urls)
        # The workers are new processes: what they must know goes through the environment.
        told = msgspec.structs.replace(
            settings, migrate_url="", migrate_directory_url="", migrate_jobs_url=""
        )
        os.environ[SETTINGS] = msgspec.json.encode(told, enc_hook=str).decode()
        os.environ[URLS] = msgspec.json.encode(urls.for_workers()).decode()
        server = _server(settings)
        with Supervisor(beside, postgres) as supervisor:
            # SIGHUP: what stands beside the server is to know what its new workers know.
            server.on_reload(supervisor.reload)
            server.serve()
        if not server.interrupt_signal:
            raise WorkersFailed("the workers died as fast as they were started; see the log")
    finally:
        for name in (SETTINGS, URLS):
            os.environ.pop(name, None)
        if postgres:
            postgres.stop()


def _server(settings: Settings) -> Handover:
    level = settings.log_level.lower()
    return Handover(
        "kundelik_core.web.server:worker",
        factory=True,
        address=settings.host,
        port=settings.port,
        interface=Interfaces.ASGI,
        http=HTTPModes.auto,
        loop=Loops.uvloop,
        websockets=False,
        workers=settings.workers or min(os.cpu_count() or 1, 8),
        backlog=1024,
        backpressure=IN_FLIGHT,
        respawn_failed_workers=True,
        workers_kill_timeout=KILL_AFTER_SECONDS,
        log_level=LogLevels(level) if level in {x.value for x in LogLevels} else LogLevels.warning,
    )
