"""Give tests of a plugin the plugin itself, its place on a page, and the school's clock."""

from collections.abc import Iterator
from contextlib import ExitStack
from datetime import date, datetime, time
from typing import Final
from zoneinfo import ZoneInfo

import pytest

from kundelik_core.kernel import clock
from kundelik_core.plugins.registry import Loaded
from kundelik_core.sdk import SlotArgs
from kundelik_core.testing import RenderSlot, SchoolClock
from kundelik_core.testing.items import chosen
from kundelik_core.testing.subject import LOCALES

__all__ = ["DAY", "plugin", "render_slot", "school_clock"]

DAY: Final = date(2026, 11, 24)
"""The day of a test that names none: an ordinary Tuesday within a term."""


class _Clock:
    """Holds the core's own clock, which is where a plugin's ``ctx.clock`` looks."""

    def __init__(self, stack: ExitStack) -> None:
        self._stack = stack

    def today(self) -> date:
        return clock.today()

    def set(self, day: date) -> None:
        noon = datetime.combine(day, time(12), ZoneInfo(clock.SCHOOL_ZONE))
        self._stack.enter_context(clock.set_now(noon))


@pytest.fixture
def school_clock() -> Iterator[SchoolClock]:
    """Hold the school's clock at noon of one day; ``set(day)`` changes it."""
    with ExitStack() as stack:
        held = _Clock(stack)
        held.set(DAY)
        yield held


@pytest.fixture
def plugin(request: pytest.FixtureRequest) -> Loaded:
    """Return the plugin as the server's own loader loads it: manifest, version, root, slots."""
    return chosen(request.config, request.path).loaded()


@pytest.fixture
def render_slot(request: pytest.FixtureRequest, school_clock: SchoolClock) -> RenderSlot:
    """Fill a place on a page through the server's own dispatcher and templates."""
    under_test = chosen(request.config, request.path)

    def render(
        slot: str,
        args: SlotArgs,
        locale: str = "en",
        *,
        today: date | None = None,
        enabled: bool = True,
    ) -> str:
        if locale not in LOCALES:
            raise ValueError(f"{locale!r} is not one of {', '.join(LOCALES)}")
        before = school_clock.today()
        if today:
            school_clock.set(today)
        try:
            return under_test.render(slot, args, locale, enabled=enabled)
        finally:
            school_clock.set(before)

    return render
