"""Give out, put aside and erase what plugins keep: the last steps of ``kundelik plugin``."""

import sys
from contextlib import nullcontext
from pathlib import Path

import click

from kundelik_core.cli.install import (
    data_dir_option,
    installation,
    json_option,
    run,
    settings_with,
)
from kundelik_core.cli.plugin_steps import acting, said
from kundelik_core.kernel.settings import Settings

__all__ = ["erase", "export", "retain"]

_FOLDER = "exports"


@click.command("retain")
@click.argument("name")
@click.option(
    "--folder",
    type=click.Path(path_type=Path, file_okay=False),
    help="Where the copy is written; exports under the data directory unless set.",
)
@data_dir_option
@json_option
def retain(name: str, folder: Path | None, data_dir: Path | None, as_json: bool) -> None:
    """Take plugin NAME away: write out its rows, put its tables aside, close its login.

    Example:  kundelik plugin retain rating
    """
    from kundelik_core.plugins.life.remove import kept_for
    from kundelik_core.plugins.life.remove import retain as step

    settings = settings_with(data_dir=data_dir)

    async def work() -> tuple[dict[str, object], str]:
        async with acting(settings) as op:
            done, file = await step(op, name, folder or settings.data_dir / _FOLDER)
        until = kept_for(done)
        text = f"{name} is taken away; its data stays aside until {until}."
        if file:
            text += f" A copy: {file}"
        return {"name": name, "trash": done.trash, "until": until, "file": str(file or "")}, text

    row, text = run(work())
    said(row, as_json=as_json, text=text)


@click.command("erase")
@click.argument("name")
@click.option("--early", is_flag=True, help="Before its data has been kept as long as promised.")
@click.option(
    "--folder",
    type=click.Path(path_type=Path, file_okay=False),
    help="Where a copy is written with --early.",
)
@click.confirmation_option(prompt="What the plugin kept will be gone for good. Erase it?")
@data_dir_option
@json_option
def erase(
    name: str, early: bool, folder: Path | None, data_dir: Path | None, as_json: bool
) -> None:
    """Erase what was put aside of plugin NAME: its tables, its logins, what schools had set.

    Example:  kundelik plugin erase rating --yes
    """
    from kundelik_core.plugins.life.remove import erase as step

    settings = settings_with(data_dir=data_dir)

    async def work() -> Path | None:
        async with acting(settings) as op:
            return await step(op, name, folder or settings.data_dir / _FOLDER, early=early)

    file = run(work())
    text = f"{name} is erased." + (f" A copy: {file}" if file else "")
    said({"name": name, "file": str(file or "")}, as_json=as_json, text=text)


@click.command("export")
@click.argument("name")
@click.option("--school", type=click.IntRange(1), help="What it holds about people of one school.")
@click.option("--rows", is_flag=True, help="All its rows of all schools, without asking its code.")
@click.option("--output", type=click.Path(path_type=Path, dir_okay=False), help="Else printed.")
@data_dir_option
def export(
    name: str, school: int | None, rows: bool, output: Path | None, data_dir: Path | None
) -> None:
    """Write what plugin NAME keeps, as lines of JSON.

    Example:  kundelik plugin export praise --school 1 --output praise.jsonl
    """
    if (school is None) is not rows:
        raise click.UsageError("Name a --school, or say --rows.")
    settings = settings_with(data_dir=data_dir)
    count = run(_rows(settings, name, output) if school is None
                else _records(settings, name, school, output))  # fmt: skip
    click.echo(f"{count} lines.", err=True)


async def _records(settings: Settings, name: str, school: int, output: Path | None) -> int:
    from kundelik_core.plugins.life.export import export_school
    from kundelik_core.plugins.life.here import called_here

    count = 0
    async with installation(settings) as urls, called_here(settings, urls.tenant) as here:
        with output.open("xb") if output else nullcontext(sys.stdout.buffer) as stream:
            async for line in export_school(here, name, school):
                stream.write(line)
                count += 1
    return count


async def _rows(settings: Settings, name: str, output: Path | None) -> int:
    from kundelik_core.plugins.database import schema_of
    from kundelik_core.plugins.life.remove import dump_rows

    count = 0
    async with acting(settings) as op:
        known = await op.record(name)
        if known is None:
            raise click.UsageError(f"No plugin {name} was ever approved here.")
        with output.open("xb") if output else nullcontext(sys.stdout.buffer) as stream:
            async for line in dump_rows(op.tenant, known.trash or schema_of(name)):
                stream.write(line)
                count += 1
    return count
