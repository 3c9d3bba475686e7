"""Measure the hot pages: ``kundelik bench``. The work is done by ``bench/`` of the checkout."""

import importlib
import os
import sys
from pathlib import Path
from typing import Any

import click

import kundelik_core
from kundelik_core.cli.install import echo_json, json_option
from kundelik_core.kernel.errors import Problem

__all__ = ["command"]


@click.command("bench")
@click.option("--quick", is_flag=True, help="A small try: it shows that all works, not how fast.")
@click.option("--schools", type=click.IntRange(1, 500), help="Made-up schools; 50 unless given.")
@click.option("--rounds", type=click.IntRange(1, 100), help="7 unless given; the least counts.")
@click.option("--requests", type=click.IntRange(16, 100_000), help="In each round; 300.")
@click.option("--only", default="", help="Measure only what has this in its name.")
@click.option(
    "--data-dir",
    type=click.Path(path_type=Path, file_okay=False),
    help="Keep the data there, and use them if they are there already.",
)
@click.option("--keep", is_flag=True, help="Keep the data that were made.")
@json_option
def command(
    quick: bool, schools: int | None, rounds: int | None, requests: int | None, only: str,
    data_dir: Path | None, keep: bool, as_json: bool,
) -> None:  # fmt: skip
    """Measure what the hot pages cost, in processor time, statements and bytes.

    It brings its own database, server and schools; nothing that is installed here is touched.
    Processor times are the least of several rounds, so that other work on the machine counts
    little.

    Example:  kundelik bench --json
    """
    import msgspec

    runner = _bench()
    given = {"schools": schools, "rounds": rounds, "requests": requests}
    wanted: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    plan = msgspec.structs.replace(
        runner.QUICK if quick else runner.Plan(),
        only=only,
        pg_bin=os.environ.get("KUNDELIK_PG_BIN", ""),
        **wanted,
    )
    try:
        lines = runner.run(plan, data_dir, keep=keep, say=_say)
    except runner.BenchError as error:
        raise Problem("bench", "%(why)s", params={"why": str(error)}) from error
    if as_json:
        echo_json(lines)
    else:
        _table(lines)


def _bench() -> Any:  # noqa: ANN401 - a module that is not part of the installed package
    """Import the benchmark, which lies beside the package in a checkout."""
    root = Path(kundelik_core.__file__).resolve().parent.parent
    if not (root / "bench" / "run.py").is_file():
        raise Problem("no-bench", "The benchmark is part of a checkout of the sources.")
    sys.path.insert(0, str(root))
    try:
        return importlib.import_module("bench.run")
    finally:
        sys.path.remove(str(root))


def _say(text: str) -> None:
    click.echo(f"  {text}", err=True)


def _table(lines: list[Any]) -> None:
    head = ("", "Python µs", "PostgreSQL µs", "sum", "statements", "buffers", "bytes", "per s")
    click.echo(
        f"{head[0]:<32}{head[1]:>10}{head[2]:>15}{head[3]:>8}{head[4]:>12}{head[5]:>9}{head[6]:>9}"
        f"{head[7]:>9}"
    )
    for line in lines:
        total = line.python_cpu_us + line.postgres_cpu_us
        click.echo(
            f"{line.name:<32}{line.python_cpu_us:>10.0f}{line.postgres_cpu_us:>15.0f}{total:>8.0f}"
            f"{line.statements:>12}{line.buffers:>9}{line.wire_bytes:>9}{line.requests_per_s:>9.0f}"
        )
