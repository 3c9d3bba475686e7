"""Let people who write plugins try them out: pytest fixtures, and tests that every plugin gets.

Set ``kundelik_plugin = name`` in pytest's configuration: the fixtures are then there, and the
conformance items join the run. The names below are for annotations. Importing this module loads
nothing, since pytest loads the kit wherever it is installed.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from kundelik_core.sdk import Role, SlotArgs
    from kundelik_core.testing.core import Core
    from kundelik_core.testing.gradebook import Gradebook
    from kundelik_core.testing.provider import PaymentService, ProviderSuite
    from kundelik_core.testing.recorder import Events, Jobs
    from kundelik_core.testing.town import School, Student
    from kundelik_core.testing.visitor import Visitor

__all__ = [
    "Core",
    "Events",
    "Gradebook",
    "Jobs",
    "PaymentService",
    "ProviderSuite",
    "RenderSlot",
    "School",
    "SchoolClock",
    "Student",
    "Visitor",
]

_PLACES = {
    "Core": "core",
    "Events": "recorder",
    "Gradebook": "gradebook",
    "Jobs": "recorder",
    "PaymentService": "provider",
    "ProviderSuite": "provider",
    "School": "town",
    "Student": "town",
    "Visitor": "visitor",
}


def __getattr__(name: str) -> object:
    """Load what an annotation names, at the moment it is imported."""
    if name not in _PLACES:
        raise AttributeError(name)
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_PLACES[name]}"), name)


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
        settings: Mapping[str, object] | None = None,
        school: School | None = None,
        role: Role | None = None,
    ) -> str:
        """Return what the plugin shows as HTML, an empty text where it shows nothing.

        ``enabled=False`` asks for a school that has not switched the plugin on, ``settings`` are
        what the school has set. With ``school`` the plugin finds that school's rows, and with
        ``role`` somebody of it looks; otherwise it is somebody with every role. What the plugin
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
