"""Run ``kundelik`` as a shell does, in a process of its own, on the databases of a test."""

import asyncio
import os
import sys
from pathlib import Path

from kundelik_core.kernel.boot import Urls

__all__ = ["CODE", "environment", "kundelik"]

CODE = "from kundelik_core.cli import main; main()"


def environment(urls: Urls, **more: str) -> dict[str, str]:
    """Return the environment of an installation; nothing of who runs the tests gets in."""
    clean = {k: v for k, v in os.environ.items() if not k.startswith("KUNDELIK_")}
    return clean | {
        "KUNDELIK_DATABASE_URL": urls.tenant,
        "KUNDELIK_DIRECTORY_URL": urls.directory,
        "KUNDELIK_JOBS_URL": urls.jobs,
        "KUNDELIK_MIGRATE_URL": urls.migrate_tenant,
        "KUNDELIK_MIGRATE_DIRECTORY_URL": urls.migrate_directory,
        "KUNDELIK_MIGRATE_JOBS_URL": urls.migrate_jobs,
        **more,
    }


async def kundelik(
    urls: Urls, *args: str | Path, cwd: Path | None = None, **more: str
) -> tuple[int, str, str]:
    """Run a command and return its exit code, what it printed and what it complained of."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", CODE, *map(str, args), cwd=cwd, env=environment(urls, **more),
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, err = await process.communicate()
    assert process.returncode is not None
    return process.returncode, out.decode(), err.decode()
