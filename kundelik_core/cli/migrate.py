"""Bring the databases to the shape of this release: ``kundelik migrate``."""

import asyncio
from pathlib import Path

import click

from kundelik_core.cli.install import (
    data_dir_option,
    echo_json,
    json_option,
    pending,
    run,
    settings_with,
)
from kundelik_core.kernel.boot import DATABASE, ensure_database, migrate_all, start_postgres
from kundelik_core.kernel.settings import Settings

__all__ = ["command"]


@click.command("migrate")
@click.option("--check", is_flag=True, help="Only say what is missing; exit code 1 if anything is.")
@data_dir_option
@json_option
def command(check: bool, data_dir: Path | None, as_json: bool) -> None:
    """Apply the migrations that the databases lack, and load the reference data.

    Example:  kundelik migrate --check
    """
    names = run(_migrate(settings_with(data_dir=data_dir), check=check))
    if as_json:
        echo_json({"pending" if check else "applied": names})
    elif not names:
        click.echo("Nothing to do: the databases fit this release.")
    else:
        click.echo("Missing:" if check else "Applied:")
        for name in names:
            click.echo(f"  {name}")
    if check and names:
        raise click.exceptions.Exit(1)


async def _migrate(settings: Settings, *, check: bool) -> list[str]:
    from kundelik_core.web.setup import LOADERS

    urls, server = await asyncio.to_thread(start_postgres, settings)
    try:
        if check:
            if server:
                await ensure_database(server.superuser_dsn, DATABASE)
            return [name for names in (await pending(urls)).values() for name in names]
        return await migrate_all(urls, server, LOADERS)
    finally:
        if server:
            await asyncio.to_thread(server.stop)
