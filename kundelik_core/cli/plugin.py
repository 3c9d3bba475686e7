"""Look at plugins and lead them through their life: ``kundelik plugin``."""

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
from kundelik_core.cli.plugin_data import erase, export, retain
from kundelik_core.cli.plugin_dev import command as dev
from kundelik_core.cli.plugin_steps import approve, block, disable, migrate, reset, trip
from kundelik_core.cli.plugin_vendor import check, new, words
from kundelik_core.kernel.settings import Settings

__all__ = ["command"]


@click.group("plugin")
def command() -> None:
    """Say which plugins may run here, and see how they are.

    An installed plugin runs once it is approved, exactly as it was approved. Schools then switch
    it on, each for itself, on the page /office/modules.

    Example:  kundelik plugin approve birthdays
    """


@command.command("list")
@data_dir_option
@json_option
def list_(data_dir: Path | None, as_json: bool) -> None:
    """List all plugins, installed or once approved, and why one does not run.

    Nothing of a plugin is run for it. Exit code 1 if one of them cannot be used at all.

    Example:  kundelik plugin list --json
    """
    rows = run(_look(settings_with(data_dir=data_dir)))
    if as_json:
        echo_json(rows)
    for row in () if as_json else rows:
        click.echo(f"{row['name']:<24} {row['version']:<10} {row['state']:<13} {row['mode']}")
        if row["reason"]:
            click.echo(f"    {row['reason']}")
    if not rows and not as_json:
        click.echo("No plugin is installed. The core works without any.")
    if any(row["state"] in {"incompatible", "quarantined"} for row in rows):
        raise click.exceptions.Exit(1)


@command.command("show")
@click.argument("name")
@data_dir_option
@json_option
def show(name: str, data_dir: Path | None, as_json: bool) -> None:
    """Show all that is known of plugin NAME: what it asks for, where it is from, its history.

    Example:  kundelik plugin show birthdays
    """
    rows = run(_look(settings_with(data_dir=data_dir), name))
    if not rows:
        raise click.UsageError(f"There is no plugin {name}. See: kundelik plugin list")
    (row,) = rows
    if as_json:
        echo_json(row)
        return
    for key, value in row.items():
        if isinstance(value, dict):
            value = [f"{k} {_listed(v)}" for k, v in value.items() if v]  # noqa: PLW2901
        if key == "history":
            click.echo("history")
            for event in value:
                click.echo(f"    {event['at']:%Y-%m-%d %H:%M}  {event['step']:<9} {event['doer']}"
                           f"  {event['version']}  {event['note']}")  # fmt: skip
        elif value:
            click.echo(f"{key:<12} {_listed(value)}")


def _listed(value: object) -> str:
    """Return a value as people read it, several with commas."""
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


async def _look(settings: Settings, name: str | None = None) -> list[dict[str, Any]]:
    """Return a row for each plugin; before there is a database, what is installed."""
    from kundelik_core.plugins.life.overview import overview, overview_without_database

    if not settings.database_url and not (settings.data_dir / "pg").exists():
        return overview_without_database(settings, name)
    async with installation(settings):
        return await overview(settings, name)


for step in (
    *(new, dev, words, check),
    *(approve, migrate, trip, reset, block, disable, retain, erase, export),
):
    command.add_command(step)
