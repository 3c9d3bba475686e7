"""Bring events and scheduled work to a plugin within a test, at once and as often as it asks."""

from typing import Any

from kundelik_core.sdk import Event, EventData
from kundelik_core.testing.core import Core
from kundelik_core.testing.town import School

__all__ = ["Events", "Jobs"]


class Events:
    """The events of one school; the fixture ``events``."""

    def __init__(self, core: Core, school: School) -> None:
        self._core, self._school = core, school

    def deliver(self, *, times: int = 2) -> list[Event[Any]]:
        """Deliver what waits in the outbox and return it; each twice, as may happen for real."""
        return self._core.deliver(self._school, times=times)

    def tell(self, *data: EventData, times: int = 2) -> None:
        """Tell the plugin that something happened, without doing it."""
        self._core.tell(self._school, *data, times=times)


class Jobs:
    """The jobs of one school; the fixture ``jobs``."""

    def __init__(self, core: Core, school: School) -> None:
        self._core, self._school = core, school

    def run(self, name: str, *, for_all: bool = False) -> None:
        """Run a job once; ``for_all`` for one that is not ``per_school``."""
        self._core.run_job(None if for_all else self._school, name)
