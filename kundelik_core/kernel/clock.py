"""Tell the time in one place, so that a test or a demo can set it."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

__all__ = ["SCHOOL_ZONE", "now", "set_now", "shift", "today"]

# Kazakhstan has had one zone, UTC+5, since 2024-03-01; a school's own zone is data
# (core.school.time_zone).
SCHOOL_ZONE = "Asia/Almaty"

_fixed: list[datetime] = []
_shift = timedelta()


def now() -> datetime:
    """Return the present moment in UTC."""
    return _fixed[-1] if _fixed else datetime.now(UTC) + _shift


def today(zone: str = SCHOOL_ZONE) -> date:
    """Return the local date of a school; never the server's own date."""
    return now().astimezone(ZoneInfo(zone)).date()


def shift(by: timedelta) -> None:
    """Let the clock of this process go ``by`` ahead of the machine's; for trying things out."""
    global _shift  # noqa: PLW0603 - one clock per process
    _shift = by


@contextmanager
def set_now(moment: datetime) -> Iterator[None]:
    """Hold the clock at ``moment`` (aware) inside the block."""
    _fixed.append(moment.astimezone(UTC))
    try:
        yield
    finally:
        _fixed.pop()
