"""Let people who write plugins try them out: pytest fixtures, and tests that every plugin gets.

Set ``kundelik_plugin = name`` in pytest's configuration: the fixtures ``plugin``, ``render_slot``
and ``school_clock`` are then there, and the conformance items join the run. The names below are for
annotations. This module imports nothing, since pytest loads the kit wherever it is installed.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from kundelik_core.sdk import SlotArgs

__all__ = ["RenderSlot", "SchoolClock"]


class RenderSlot(Protocol):
    """Fill a place on a page as the server does; the fixture ``render_slot``."""

    def __call__(
        self,
        slot: str,
        args: SlotArgs,
        locale: str = "en",
        *,
        today: date | None = None,
        enabled: bool = True,
    ) -> str:
        """Return what the plugin shows as HTML, an empty text where it shows nothing.

        ``enabled=False`` asks for a school that has not switched the plugin on. What the plugin
        raises is raised here, while a page would go out without it.
        """
        ...


class SchoolClock(Protocol):
    """Hold the clock of the school; the fixture ``school_clock``."""

    def today(self) -> date:
        """Return the date at the school."""
        ...

    def set(self, day: date) -> None:
        """Make it noon of another day, until the end of the test."""
        ...
