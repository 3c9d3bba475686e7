"""Let plugins in and shut them out: the steps of ``kundelik plugin``."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import click

from kundelik_core.cli.install import (
    data_dir_option,
    echo_json,
    installation,
    json_option,
    run,
    settings_with,
)
from kundelik_core.kernel.settings import Settings
from kundelik_core.plugins.life.model import Approval, Mode
from kundelik_core.plugins.life.operator import Operator, operator, shell_user
from kundelik_core.plugins.states import Found

__all__ = ["acting", "approve", "block", "disable", "migrate", "reset", "said", "trip"]

Work = Callable[[Operator, Found | None], Awaitable[Approval]]

FILE = click.Path(path_type=Path, exists=True, dir_okay=False)
FOLDER = click.Path(path_type=Path, exists=True, file_okay=False)

reason_option = click.option("--reason", default="", help="Why; schools and operators will see it.")
trip_option = click.option("--reason", default="", help="Why; other operators will see it.")


@asynccontextmanager
async def acting(settings: Settings) -> AsyncIterator[Operator]:
    """Open the installation with the rights of whoever runs it."""
    async with installation(settings) as urls, operator(settings, urls) as op:
        yield op


@click.command("approve")
@click.argument("name")
@click.option(
    "--in-process",
    "mode",
    flag_value="process",
    help="Run it inside the server: only code that you trust as you trust the core.",
)
@click.option("--in-host", "mode", flag_value="host", help="Run it in a process of its own.")
@click.option("--wheel", type=FILE, help="Make an environment of its own from this wheel first.")
@click.option("--lock", type=FILE, help="What else goes in there, with hashes.")
@click.option("--wheels", type=FOLDER, help="The folder with those packages.")
@data_dir_option
@json_option
def approve(
    name: str, mode: Mode | None, wheel: Path | None, lock: Path | None, wheels: Path | None,
    data_dir: Path | None, as_json: bool,
) -> None:  # fmt: skip
    """Let plugin NAME run, exactly as it is installed now, with the scopes it asks for.

    Its schema, logins and tables are made. Unless you say otherwise, what belongs to the core runs
    inside the server and everything else in a process of its own. The server loads it at its next
    start. With --wheel it need not be installed beside the server at all.

    Example:  kundelik plugin approve birthdays
    """
    from kundelik_core.plugins.life.operate import approve as step

    async def work(op: Operator, one: Found | None) -> Approval:
        if one is None:
            raise click.UsageError(f"No plugin {name} is installed. See: kundelik plugin list")
        return await step(op, one, mode="host" if wheel else mode)

    def own_environment(settings: Settings) -> None:
        from kundelik_core.plugins.host.plans import home_of
        from kundelik_core.plugins.host.venv import make_venv

        if wheel is not None:
            make_venv(home_of(settings), name, wheel, lock, wheels)

    if wheel is not None and mode == "process":
        raise click.UsageError("With --wheel it runs in a process of its own.")
    done = _do(data_dir, name, work, own_environment)
    said(done, as_json=as_json, text=f"Approved {name} {done.version}, {_scopes(done)}. "
         "To load it, restart the server or send SIGHUP to its first process.")  # fmt: skip


@click.command("migrate")
@click.argument("name")
@data_dir_option
@json_option
def migrate(name: str, data_dir: Path | None, as_json: bool) -> None:
    """Make the tables of the approved plugin NAME, after what kept it from doing so was mended.

    Example:  kundelik plugin migrate birthdays
    """
    from kundelik_core.plugins.life.operate import migrate as step

    async def work(op: Operator, one: Found | None) -> Approval:
        if one is None:
            raise click.UsageError(f"No plugin {name} is installed. See: kundelik plugin list")
        return await step(op, one)

    done = _do(data_dir, name, work)
    said(done, as_json=as_json, text=f"The tables of {name} {done.version} are ready.")


@click.command("disable")
@click.argument("name")
@reason_option
@data_dir_option
@json_option
def disable(name: str, reason: str, data_dir: Path | None, as_json: bool) -> None:
    """Switch plugin NAME off for all schools, at once. What they chose is kept for its return.

    Example:  kundelik plugin disable birthdays --reason "until the next release"
    """
    from kundelik_core.plugins.life.operate import withdraw

    done = _do(data_dir, name, lambda op, _one: withdraw(op, name, reason))
    said(done, as_json=as_json, text=f"{name} is off for all schools. To bring it back: "
         f"kundelik plugin approve {name}")  # fmt: skip


@click.command("block")
@click.argument("name")
@reason_option
@data_dir_option
@json_option
def block(name: str, reason: str, data_dir: Path | None, as_json: bool) -> None:
    """Shut plugin NAME out at once, whatever version of it, until it is approved again.

    Example:  kundelik plugin block rating --reason "leaks names"
    """
    from kundelik_core.plugins.life.operate import block as step

    done = _do(data_dir, name, lambda op, _one: step(op, name, reason))
    said(done, as_json=as_json, text=f"{name} is blocked, whatever version of it is "
         f"installed. To let it in again: kundelik plugin approve {name}")  # fmt: skip


@click.command("trip")
@click.argument("name")
@trip_option
@data_dir_option
@json_option
def trip(name: str, reason: str, data_dir: Path | None, as_json: bool) -> None:
    """Hold plugin NAME back at once, in every server, until: kundelik plugin reset NAME.

    Example:  kundelik plugin trip birthdays --reason "slow since noon"
    """
    from kundelik_core.plugins.life.board import trip as step

    _break(data_dir, name, lambda: step(name, shell_user(), reason))
    said({"name": name, "held": True}, as_json=as_json, text=f"{name} is held back in every "
         f"server. To let it go: kundelik plugin reset {name}")  # fmt: skip


@click.command("reset")
@click.argument("name")
@data_dir_option
@json_option
def reset(name: str, data_dir: Path | None, as_json: bool) -> None:
    """Let plugin NAME go again, whether you held it back or it failed too often.

    Example:  kundelik plugin reset birthdays
    """
    from kundelik_core.plugins.life.board import reset as step

    _break(data_dir, name, lambda: step(name, shell_user()))
    said({"name": name, "held": False}, as_json=as_json,
         text=f"{name} is let go: it is called again wherever it is on.")  # fmt: skip


def said(what: object, *, as_json: bool, text: str) -> None:
    """Tell what was done."""
    if as_json:
        echo_json(what)
    else:
        click.echo(text)


def _scopes(one: Approval) -> str:
    mode = "inside the server" if one.mode == "process" else "in a process of its own"
    return f"{mode}, reading {', '.join(one.scopes) or 'nothing of the core'}"


def _do(
    data_dir: Path | None,
    name: str,
    work: Work,
    prepare: Callable[[Settings], None] | None = None,
) -> Approval:
    from kundelik_core.plugins.host.plans import all_found

    async def steps() -> Approval:
        settings = settings_with(data_dir=data_dir)
        if prepare is not None:
            prepare(settings)
        async with acting(settings) as op:
            one = next((each for each in all_found(settings) if each.name == name), None)
            return await work(op, one)

    return run(steps())


def _break(data_dir: Path | None, name: str, work: Callable[[], Awaitable[None]]) -> None:
    from kundelik_core.plugins.life.queries import approvals

    async def steps() -> None:
        async with installation(settings_with(data_dir=data_dir)):
            known: dict[str, Any] = {**await approvals(name=name)}
            if not known:
                raise click.UsageError(f"No plugin {name} was ever approved here.")
            await work()

    run(steps())
