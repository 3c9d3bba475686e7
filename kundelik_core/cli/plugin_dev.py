"""Try a plugin out while it is being written: ``kundelik plugin dev``."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

import click

from kundelik_core.cli.errors import told
from kundelik_core.cli.install import run, settings_with
from kundelik_core.kernel import clock
from kundelik_core.kernel.boot import Urls, start_postgres
from kundelik_core.kernel.errors import Problem
from kundelik_core.kernel.settings import Settings, load_settings
from kundelik_core.plugins.states import Found

__all__ = ["command"]

DATA: Final = ".kundelik-dev"
_LOOK_EVERY: Final = 0.5
_STOP_SECONDS: Final = 40


@click.command("dev")
@click.argument(
    "folder", type=click.Path(path_type=Path, exists=True, file_okay=False), default="."
)
@click.option("--port", type=click.IntRange(1, 65535), help="To listen on; 8000 unless set.")
@click.option("--password", help="Of all demo accounts; made up at the first start.")
@click.option(
    "--now",
    type=click.DateTime(["%Y-%m-%dT%H:%M", "%Y-%m-%d"]),
    help="Begin at this moment at the schools, like 2026-11-09T08:00; the clock goes on from it.",
)
@click.option("--fresh", is_flag=True, help="Drop the plugin's own tables first.")
def command(
    folder: Path, port: int | None, password: str | None, now: datetime | None, fresh: bool
) -> None:
    """Start a demo with the plugin of this folder in it, and anew whenever its files change.

    The plugin is approved, switched on in both schools and filled with its demo data. All of it
    lies in the folder .kundelik-dev beside the plugin; delete that to begin anew.

    Example:  kundelik plugin dev --now 2026-11-09T08:00
    """
    from kundelik_core.cli.demo import check_port, prepare_demo, welcome
    from kundelik_core.plugins.dev import plugin_of

    project = folder.resolve()
    settings = settings_with(port=port, data_dir=project / DATA, workers=1)
    check_port(settings)
    one = plugin_of(project)
    ahead = _ahead(now)
    clock.shift(ahead)
    _urls, server = start_postgres(settings)
    signal.signal(signal.SIGTERM, _stop)
    try:
        state = run(prepare_demo(settings, password, None))
        where, said = one.root or project, welcome(settings, state)
        with contextlib.suppress(KeyboardInterrupt):
            _keep_serving(settings, one.name, where, ahead, state.seed, said, fresh=fresh)
    finally:
        if server:
            server.stop()


def _stop(_number: int, _frame: object) -> None:
    raise KeyboardInterrupt


def _ahead(moment: datetime | None) -> timedelta:
    """Return how far the clock of the schools goes ahead of this machine's."""
    if moment is None:
        return timedelta()
    return moment.replace(tzinfo=ZoneInfo(clock.SCHOOL_ZONE)) - datetime.now(UTC)


def _keep_serving(
    settings: Settings, name: str, root: Path, ahead: timedelta, seed: str, said: str,
    *, fresh: bool,
) -> None:  # fmt: skip
    """Serve in a process of its own, and in another one after every change; say when it answers."""
    from kundelik_core.cli.announce import Announcement
    from kundelik_core.plugins.dev import changed, look
    from kundelik_core.web.server import CLOCK

    known = {**os.environ, CLOCK: str(ahead.total_seconds())}
    known |= {
        "KUNDELIK_DATA_DIR": str(settings.data_dir),
        "KUNDELIK_HOST": settings.host,
        "KUNDELIK_PORT": str(settings.port),
        "KUNDELIK_WORKERS": "1",
    }
    while True:
        seen = look(root)
        orders = [name, seed, "fresh" if fresh else "keep"]
        # A group of its own: Ctrl-C reaches this process alone, which then ends that one in order.
        process = subprocess.Popen(
            [sys.executable, "-m", "kundelik_core.cli.plugin_dev", *orders],
            env=known,
            start_new_session=True,
        )
        fresh, here = False, Announcement(settings, said)
        try:
            while not (now := changed(seen, look(root))):
                here.look()
                time.sleep(_LOOK_EVERY)
        finally:
            _end(process)
        click.echo(f"  {now[0].name} changed; starting anew.")
        said = f"  It is at http://{settings.host}:{settings.port} again."


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


# -- the process that serves
# -------------------------------------------------------------------------------------------------


def _serve(name: str, seed: str, fresh: bool) -> None:
    from kundelik_core.cli.worker import companion
    from kundelik_core.web.server import CLOCK, serve

    settings = load_settings()
    clock.shift(timedelta(seconds=float(os.environ.get(CLOCK, "0"))))

    def ready(urls: Urls) -> None:
        try:
            why = run(_let_in(settings, urls, name, seed, fresh=fresh))
        except Problem as problem:
            told = problem.message % problem.params
            why = f"is not in. {told} {problem.help or ''}".rstrip()
            if problem.code == "plugin-migration":
                why += " To try it on new tables, start with --fresh."
        click.echo(f"  {name}: {why or 'is in.'}", err=bool(why))

    serve(settings, beside=(companion(),), on_ready=ready)


async def _let_in(settings: Settings, urls: Urls, name: str, seed: str, *, fresh: bool) -> str:
    """Approve the plugin as it is now, switch it on and fill it; return what went wrong."""
    from kundelik_core.cli.demo_modules import use_modules
    from kundelik_core.plugins.database import erase
    from kundelik_core.plugins.discover import find_plugins
    from kundelik_core.plugins.life.operate import approve
    from kundelik_core.plugins.life.operator import operator
    from kundelik_core.plugins.registry import load_plugins

    async with operator(settings, urls, doer="kundelik plugin dev") as op:
        found = {one.name: one for one in find_plugins()}
        if fresh and await op.record(name) is not None:
            await erase(op.tenant, name, export=_nothing)
        names = _with_required(found, name)
        for one in names:
            await approve(op, found[one], mode="process")
    registry = load_plugins([*found.values()], names)
    if name not in registry.loaded:
        reasons = (one.reason for one in registry.plugins if one.name == name)
        return next((f"is not in. {why.text()}" for why in reasons if why), "is not in.")
    return "; ".join(await use_modules(settings, urls, seed))


async def _nothing(_name: str) -> None:
    """Keep nothing of made-up data."""


def _with_required(found: Mapping[str, Found], name: str) -> list[str]:
    """Return a plugin behind those that it requires."""
    one = found.get(name)
    wanted = [w.name for w in one.manifest.requirements()] if one and one.manifest else []
    return [n for w in wanted if w in found for n in _with_required(found, w)] + [name]


if __name__ == "__main__":
    with told():
        _serve(sys.argv[1], sys.argv[2], sys.argv[3] == "fresh")
