"""Give tests of a plugin the plugin itself, its place on a page, the clock, the core around."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from datetime import date, datetime, time
from typing import Any, Final
from zoneinfo import ZoneInfo

import pytest

from kundelik_core.kernel import clock
from kundelik_core.plugins.registry import Loaded
from kundelik_core.sdk import Actor, Role, SlotArgs
from kundelik_core.testing import RenderSlot, SchoolClock
from kundelik_core.testing.core import Core
from kundelik_core.testing.gradebook import Gradebook
from kundelik_core.testing.items import chosen, near
from kundelik_core.testing.network import no_network
from kundelik_core.testing.recorder import Events, Jobs
from kundelik_core.testing.subject import LOCALES
from kundelik_core.testing.town import School
from kundelik_core.testing.visitor import Visitor

__all__ = [
    "DAY",
    "as_head",
    "as_parent",
    "as_student",
    "as_teacher",
    "core",
    "events",
    "gradebook",
    "jobs",
    "other_school",
    "plugin",
    "render_slot",
    "school",
    "school_clock",
]

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
        settings: Mapping[str, object] | None = None,
        school: School | None = None,
        role: Role | None = None,
    ) -> str:
        if locale not in LOCALES:
            raise ValueError(f"{locale!r} is not one of {', '.join(LOCALES)}")
        before = school_clock.today()
        if today:
            school_clock.set(today)
        try:
            more: dict[str, Any] = {"enabled": enabled, "settings": settings}
            if school:
                more["school"] = Core(under_test.ground).told(school)
            if role:
                person = school.people[role] if school else None
                more["actor"] = Actor(person_id=person, roles=(role,))
            return under_test.render(slot, args, locale, **more)
        finally:
            school_clock.set(before)

    return render


@pytest.fixture(autouse=True)
def _no_network(request: pytest.FixtureRequest) -> Iterator[None]:
    """Keep the tests of a plugin from the network; tests of others are left alone."""
    if not near(request.config, request.path):
        yield
        return
    with no_network():
        yield


@pytest.fixture
def core(request: pytest.FixtureRequest, school_clock: SchoolClock) -> Core:  # noqa: ARG001
    """Return the core with the plugin approved, migrated and loaded in it, on a real database."""
    under_test = chosen(request.config, request.path)
    under_test.loaded()
    under_test.ground.start()
    return Core(under_test.ground)


@pytest.fixture
def school(core: Core) -> School:
    """Return a fresh school that has switched the plugin on."""
    return core.school()


@pytest.fixture
def other_school(core: Core) -> School:
    """Return a fresh school that has not."""
    return core.school(enabled=False)


@pytest.fixture
def as_teacher(core: Core, school: School) -> Visitor:
    """Return the teacher of ``school``'s class in front of the pages."""
    return core.visitor(school, "teacher")


@pytest.fixture
def as_parent(core: Core, school: School) -> Visitor:
    """Return a parent of the first student of ``school``."""
    return core.visitor(school, "parent")


@pytest.fixture
def as_student(core: Core, school: School) -> Visitor:
    """Return the first student of ``school``."""
    return core.visitor(school, "pupil")


@pytest.fixture
def as_head(core: Core, school: School) -> Visitor:
    """Return the head of ``school``."""
    return core.visitor(school, "director")


@pytest.fixture
def gradebook(core: Core, school: School) -> Gradebook:
    """Write into the journal of ``school`` as its teacher does."""
    return Gradebook(core, school)


@pytest.fixture
def events(core: Core, school: School) -> Events:
    """Deliver to the plugin what happened in ``school``."""
    return Events(core, school)


@pytest.fixture
def jobs(core: Core, school: School) -> Jobs:
    """Run the plugin's jobs in ``school``."""
    return Jobs(core, school)
