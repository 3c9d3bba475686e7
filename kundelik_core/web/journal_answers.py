"""Say when, where to go on from, and what was computed, as every answer of the journal does."""

from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from kundelik_core.gradebook.results import computed_view
from kundelik_core.gradebook.schemes.engine import PeriodResult
from kundelik_core.gradebook.schemes.model import GradingScheme
from kundelik_core.kernel import clock
from kundelik_core.kernel.i18n import _, current_locale

__all__ = ["Json", "computed_json", "cursor", "local_time"]

_ZONE: Final = ZoneInfo(clock.SCHOOL_ZONE)
# A save that was under way while somebody asked is seen at the next question.
_OVERLAP: Final = timedelta(seconds=2)

Json = dict[str, Any]


def cursor() -> str:
    """Return where the next question for news goes on from."""
    return str(int((clock.now() - _OVERLAP).timestamp() * 1_000_000))


def local_time(at: datetime | None) -> str:
    """Write a moment in the time of the school; nothing for none."""
    return "" if at is None else at.astimezone(_ZONE).isoformat(timespec="seconds")


def computed_json(scheme: GradingScheme, results: dict[UUID, PeriodResult]) -> Json:
    """Return the computed ends of the rows; nothing where the scheme computes nothing."""
    if not scheme.terms:
        return {}
    locale = current_locale()
    return {
        str(pupil): computed_view(scheme, result, locale, _) for pupil, result in results.items()
    }
