"""Start with made-up schools: ``kundelik demo``."""

import os
import secrets
import signal
import socket
import time
from pathlib import Path
from types import FrameType
from typing import Final

import asyncpg
import click
import msgspec

from kundelik_core.cli.demo_data import LOGINS, make_demo, set_demo_password
from kundelik_core.cli.generate import school_day
from kundelik_core.cli.install import data_dir_option, installation, run, settings_with
from kundelik_core.identity.queries import account_by_login
from kundelik_core.kernel import clock
from kundelik_core.kernel.boot import DATABASE, Urls, start_postgres
from kundelik_core.kernel.errors import Problem
from kundelik_core.kernel.settings import Settings
from kundelik_core.kernel.wire import Connection
from kundelik_core.schools.queries.schools import list_schools

__all__ = ["State", "check_port", "command", "prepare_demo", "welcome"]

_STATE: Final = "demo.json"


class State(msgspec.Struct, kw_only=True):
    """What is kept of a demo beside its data."""

    password: str
    seed: str
    ready: bool = False
    modules: bool = False


@click.command("demo")
@click.option("--port", type=click.IntRange(1, 65535), help="To listen on; 8000 unless set.")
@click.option("--host", help="Address to listen on; 127.0.0.1 unless set.")
@click.option("--password", help="Of all demo accounts; made up at the first start.")
@click.option("--seed", help="Other people, other marks. Counts at the first start only.")
@click.option("--prepare", is_flag=True, help="Make the data and stop before serving.")
@data_dir_option
def command(
    port: int | None, host: str | None, password: str | None, seed: str | None, prepare: bool,
    data_dir: Path | None,
) -> None:  # fmt: skip
    """Start with two made-up schools and a login for every part one may play.

    The first start makes the schools, which takes about a minute; later ones keep everything.
    Ctrl-C stops the server and the database.

    Example:  kundelik demo --port 8123
    """
    from kundelik_core.web.themes import load_theme

    settings = settings_with(port=port, host=host, data_dir=data_dir)
    if not prepare:
        check_port(settings)
        load_theme(settings.theme)  # before the minute that the data take
    # A stop from outside must not leave the database running behind.
    signal.signal(signal.SIGTERM, _stop)
    _urls, server = start_postgres(settings)
    try:
        state = run(prepare_demo(settings, password, seed))
        if not prepare:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            _serve(settings, state)
    finally:
        if server:
            server.stop()


def _stop(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def check_port(settings: Settings) -> None:
    """Refuse a port on which somebody listens already."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as error:
            raise click.UsageError(
                f"cannot listen on {settings.host}:{settings.port}: {error.strerror}. "
                "Choose another port: kundelik demo --port 8001"
            ) from None


def _serve(settings: Settings, state: State) -> None:
    from kundelik_core.cli.announce import Announcement
    from kundelik_core.cli.demo_modules import use_modules
    from kundelik_core.cli.hosts import plugin_hosts
    from kundelik_core.cli.worker import companion
    from kundelik_core.web.server import serve

    def ready(urls: Urls) -> None:
        if not state.modules:
            for failed in run(use_modules(settings, urls, state.seed)):
                click.echo(f"Not shown in the demo: {failed}.", err=True)
            state.modules = True
            _write(settings, state)

    serve(
        settings,
        beside=(
            companion(),
            plugin_hosts(settings),
            Announcement(settings, welcome(settings, state)),
        ),
        on_ready=ready,
        own_plugins=True,
    )


def welcome(settings: Settings, state: State) -> str:
    """Return what whoever started a demo has to know."""
    width = max(map(len, LOGINS))
    lines = [f"    {login:<{width}}   {shows}" for login, shows in LOGINS.items()]
    return "\n".join(
        [
            "",
            f"  Kundelik is at http://{settings.host}:{settings.port}",
            f"  The password of all logins: {state.password}",
            "",
            *lines,
            "",
            "  Everybody in these schools is made up. Ctrl-C stops it; the data stays.",
            "",
        ]
    )


# -- state
# -------------------------------------------------------------------------------------------------


def _read(settings: Settings) -> State | None:
    path = settings.data_dir / _STATE
    try:
        return msgspec.json.decode(path.read_bytes(), type=State)
    except FileNotFoundError:
        return None
    except msgspec.DecodeError as error:
        raise Problem(
            "demo-state",
            "%(path)s cannot be read (%(error)s). Delete it and the data beside it.",
            params={"path": path, "error": error},
        ) from None


def _write(settings: Settings, state: State) -> None:
    path = settings.data_dir / _STATE
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(msgspec.json.format(msgspec.json.encode(state), indent=2))


async def prepare_demo(settings: Settings, password: str | None, seed: str | None) -> State:
    """Give a ready demo, made now if it is the first start."""
    state = _read(settings)
    if state and state.ready:
        if password and password != state.password:
            async with installation(settings) as urls:
                await set_demo_password(urls, password)
            state.password = password
            _write(settings, state)
        return state
    if state and not settings.database_url:
        click.echo("The last start was interrupted while it made the schools; beginning anew.")
        await _drop_database(settings)
    began = time.monotonic()
    # Short enough to type from a terminal, long enough not to be guessed over a network.
    state = State(
        password=password or (state.password if state else secrets.token_urlsafe(8)),
        seed=seed or (state.seed if state else "1"),
    )
    click.echo("First start: preparing the database and making two schools, about a minute.")
    async with installation(settings, migrate=True) as urls:
        if await _is_there():
            return await _adopt(settings, urls, state, password)
        _write(settings, state)
        day = school_day(clock.today())
        made = await make_demo(urls, seed=state.seed, day=day, password=state.password)
    state.ready = True
    _write(settings, state)
    marks = sum(one.marks for one in made)
    lessons = sum(one.lessons for one in made)
    click.echo(f"Made {lessons} lessons and {marks} marks in {time.monotonic() - began:.0f} s.")
    return state


async def _is_there() -> bool:
    """Whether the database holds a demo whose state beside it was lost."""
    if await account_by_login("operator") is None:
        return False
    schools, total = await list_schools()
    return total > 0 and all(school.is_demo for school in schools)


async def _adopt(settings: Settings, urls: Urls, state: State, password: str | None) -> State:
    if password is None:
        raise Problem(
            "demo-password",
            "This database holds a demo, but %(path)s with its password is gone. "
            "Give it a new one: kundelik demo --password ...",
            params={"path": settings.data_dir / _STATE},
        )
    await set_demo_password(urls, password)
    state.ready = True
    _write(settings, state)
    return state


async def _drop_database(settings: Settings) -> None:
    _urls, server = start_postgres(settings)
    if server is None:
        return
    try:
        conn: Connection = await asyncpg.connect(server.superuser_dsn)
        try:
            await conn.execute(f'drop database if exists "{DATABASE}" with (force)')
        finally:
            await conn.close(timeout=5)
    finally:
        server.stop()
