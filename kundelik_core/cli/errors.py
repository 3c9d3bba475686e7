"""Turn what went wrong into one clear line and an exit code."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import click

from kundelik_core.kernel.errors import Problem
from kundelik_core.kernel.settings import SettingError

__all__ = ["told"]


@contextmanager
def told() -> Iterator[None]:
    """Print expected failures instead of a trace; what nobody expected keeps its trace."""
    try:
        yield
    except SettingError as error:
        _stop(f"Setting: {error}", 2)
    except Problem as problem:
        text = problem.message % problem.params if problem.params else problem.message
        _stop(f"{text} {problem.help}" if problem.help else text, 1)
    except KeyboardInterrupt:
        _stop("Stopped.", 1)
    except Exception as error:
        if not isinstance(error, (OSError, *_late())):
            raise
        _stop(f"{type(error).__name__}: {error}", 1)


def _late() -> tuple[type[Exception], ...]:
    """Give the errors of the database's modules, if those have been imported at all."""
    names = {
        "kundelik_core.kernel.pg": "PostgresError",
        "kundelik_core.kernel.migrate": "MigrationError",
        "kundelik_core.web.server": "WorkersFailed",
        "kundelik_core.kernel.jobs.worker": "WorkerLost",
        "asyncpg": "PostgresError",
    }
    return tuple(getattr(sys.modules[m], name) for m, name in names.items() if m in sys.modules)


def _stop(text: str, code: int) -> None:
    click.echo(text, err=True)
    raise click.exceptions.Exit(code)
