"""Keep what went wrong with themes, so that an operator sees it and no reader ever does."""

import logging
from datetime import datetime
from typing import Final

import msgspec

from kundelik_core.kernel import clock

__all__ = ["Report", "forget_reports", "note_failure", "theme_reports"]

log = logging.getLogger(__name__)

KEPT: Final = 100


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that failed, how often, and when last."""

    theme: str
    what: str
    """The file, ``school 7``, or nothing for the theme as a whole."""
    problem: str
    times: int
    at: datetime


_reports: dict[tuple[str, str, str], Report] = {}


def note_failure(theme: str, what: str, problem: str) -> None:
    """Write to the log the first time, and count from then on."""
    key = (theme, what, problem)
    known = _reports.pop(key, None)
    if known is None:
        log.warning("theme %s, %s: %s", theme, what or "all of it", problem)
    _reports[key] = Report(
        theme=theme, what=what, problem=problem, times=known.times + 1 if known else 1,
        at=clock.now(),
    )  # fmt: skip
    while len(_reports) > KEPT:
        del _reports[next(iter(_reports))]


def theme_reports() -> tuple[Report, ...]:
    """Return what this process saw go wrong with themes, the latest first."""
    return tuple(reversed(_reports.values()))


def forget_reports() -> None:
    """Begin anew, as after a theme was changed."""
    _reports.clear()
