"""Show what a long command is doing: one line that moves, or a line a step where nobody watches."""

import sys
import time
from types import TracebackType
from typing import Final, Self

import click

__all__ = ["Progress"]

# How often a log that nobody watches gets a line.
_EVERY_SECONDS: Final = 5.0


class Progress:
    """``with Progress("Importing") as p: p.say("12 of 80")``; ends with the time it took."""

    def __init__(self, title: str, *, quiet: bool = False) -> None:
        self._title = title
        self._quiet = quiet
        self._moving = sys.stderr.isatty()
        self._began = self._told = time.monotonic()

    def __enter__(self) -> Self:
        self._show("...")
        return self

    def say(self, text: str) -> None:
        """Tell how far it has come."""
        now = time.monotonic()
        if self._moving or now - self._told >= _EVERY_SECONDS:
            self._told = now
            self._show(text)

    def _show(self, text: str) -> None:
        if self._quiet:
            return
        line = f"  {self._title}: {text}"
        if self._moving:
            click.echo(f"\r\x1b[2K{line}", nl=False, err=True)
        else:
            click.echo(line, err=True)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        took = f"{time.monotonic() - self._began:.1f} s"
        self._show(took if kind is None else f"stopped after {took}")
        if self._moving and not self._quiet:
            click.echo(err=True)
