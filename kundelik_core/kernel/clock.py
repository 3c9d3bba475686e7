"""Tell the time in one place, so that a test or a demo can set it."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

__all__ = ["SCHOOL_ZONE", "now", "set_now", "today"]

# Kazakhstan has had one zone, UTC+5, since 2024-03-01; a school's own zone is data
# (core.school.time_zone).
SCHOOL_ZONE = "Asia/Almaty"

_fixed: list[datetime] = []


def now() -> datetime:
    """Return the present moment in UTC."""
    return _fixed[-1] if _fixed else datetime.now(UTC)


def today(zone: str = SCHOOL_ZONE) -> date:
    """Return the local date of a school; never the server's own date."""
    return now().astimezone(ZoneInfo(zone)).date()


@contextmanager
def set_now(moment: datetime) -> Iterator[None]:
    """Hold the clock at ``moment`` (aware) inside the block."""
    _fixed.append(moment.astimezone(UTC))
    try:
        yield
    finally:
        _fixed.pop()
