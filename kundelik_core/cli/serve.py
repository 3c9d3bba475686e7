"""Start the server: ``kundelik serve``."""

from pathlib import Path

import click

from kundelik_core.cli.install import data_dir_option, settings_with

__all__ = ["command"]


@click.command("serve")
@click.option("--port", type=click.IntRange(1, 65535), help="KUNDELIK_PORT, else 8000.")
@click.option("--host", help="KUNDELIK_HOST, else 127.0.0.1.")
@click.option("--workers", type=click.IntRange(1, 64), help="KUNDELIK_WORKERS, else one a core.")
@click.option("--no-jobs", is_flag=True, help="Start no job worker: one runs elsewhere.")
@data_dir_option
def command(
    port: int | None, host: str | None, workers: int | None, no_jobs: bool, data_dir: Path | None
) -> None:  # fmt: skip
    """Start the server, with the embedded database where no other is set. Migrates first.

    A worker for background jobs runs beside it: see kundelik worker.
    Ctrl-C or SIGTERM stops it, after the requests that are under way.

    Example:  kundelik serve --host 0.0.0.0 --port 8000
    """
    from kundelik_core.cli.announce import Announcement
    from kundelik_core.cli.hosts import plugin_hosts
    from kundelik_core.cli.worker import companion
    from kundelik_core.web.server import serve
    from kundelik_core.web.themes import load_theme

    settings = settings_with(port=port, host=host, workers=workers, data_dir=data_dir)
    load_theme(settings.theme)  # before anything is made on the disk
    here = Announcement(settings, f"Kundelik is at http://{settings.host}:{settings.port}")
    serve(settings, beside=[*([] if no_jobs else [companion()]), plugin_hosts(settings), here])
