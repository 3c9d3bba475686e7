"""Find and load the plugin under test as the server would, and fill its slots."""

import asyncio
import contextlib
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from importlib.metadata import Distribution
from pathlib import Path
from typing import Final, get_args
from uuid import UUID

import msgspec

from kundelik_core.kernel.clock import SCHOOL_ZONE
from kundelik_core.kernel.i18n import Locale
from kundelik_core.plugins.active import active
from kundelik_core.plugins.context import CallContext, call_for
from kundelik_core.plugins.discover import GROUP, find_plugins
from kundelik_core.plugins.dispatch import Dispatcher
from kundelik_core.plugins.entries import entries_of
from kundelik_core.plugins.outcome import Outcome
from kundelik_core.plugins.registry import Loaded, Registry, load_plugins
from kundelik_core.plugins.render import JinjaRenderer
from kundelik_core.plugins.runner import LocalRunner
from kundelik_core.plugins.states import Found
from kundelik_core.sdk import ROLES, Actor, PluginTx, School, SlotArgs
from kundelik_core.testing.ground import Ground, RunnerMode

__all__ = ["LOCALES", "NotLoadedError", "Subject", "subject"]

# Opens nothing; it only lets the plugin ask.
_NO_TOKEN: Final = "-"  # noqa: S105
_MORE_TRIES: Final = 3
LOCALES: Final[tuple[Locale, ...]] = get_args(Locale)


SCHOOL: Final = School(id=1, name="School", zone=SCHOOL_ZONE, languages=("kk", "ru"))
READER: Final = Actor(person_id=UUID(int=1), roles=ROLES)
"""One who has every role, so that nothing hides for want of a permission."""


class NotLoadedError(Exception):
    """The server would not load the plugin; the text says why."""


class _Nowhere:
    """Stands in for the plugin's database until somebody asks for it."""

    def __init__(self) -> None:
        self.asked = False

    def transaction(
        self,
        token: str,  # noqa: ARG002 - as the pool of the plugin
        *,
        write: bool = False,  # noqa: ARG002
    ) -> AbstractAsyncContextManager[PluginTx]:
        self.asked = True
        raise LookupError("the database is not there yet")


class Subject(msgspec.Struct, frozen=True, kw_only=True):
    """One plugin under test: everything that is installed under its name, and what it became.

    ``ground`` is the core with a database, started when it is first needed.
    """

    name: str
    found: tuple[Found, ...]
    dist: Distribution | None
    registry: Registry
    ground: Ground

    @property
    def root(self) -> Path | None:
        """Return the folder of its package, if there is one with a manifest."""
        return self.found[0].root if len(self.found) == 1 else None

    def fault(self) -> str:
        """Return why the server would not load it, or nothing."""
        if not self.found:
            return (
                f"No installed distribution has {self.name} under the entry points {GROUP}. "
                "Install yours, like: pip install --editable ."
            )
        state = next(one for one in self.registry.plugins if one.name == self.name)
        if state.reason:
            return state.reason.text()
        return "" if self.name in self.registry.loaded else f"It is only {state.state.value}."

    def loaded(self) -> Loaded:
        """Return the plugin as it runs.

        Raises:
            NotLoadedError: it does not.
        """
        if fault := self.fault():
            raise NotLoadedError(fault)
        return self.registry.loaded[self.name]

    @property
    def migrations(self) -> tuple[Path, ...]:
        """Return the files that make the plugin's tables."""
        folder = self.root / "migrations" if self.root else None
        return tuple(sorted(folder.glob("*.sql"))) if folder and folder.is_dir() else ()

    def render(
        self,
        slot: str,
        args: SlotArgs,
        locale: Locale,
        *,
        enabled: bool = True,
        settings: Mapping[str, object] | None = None,
        school: School = SCHOOL,
        actor: Actor = READER,
    ) -> str:
        """Return what the plugin shows in a slot; what it raises is raised.

        What is late is asked again: on a machine that is busy with other tests it says little.
        What is too slow by itself is late each time.
        """
        for _attempt in range(_MORE_TRIES):
            with contextlib.suppress(TimeoutError):
                return self._render(slot, args, locale, enabled, settings, school, actor)
        return self._render(slot, args, locale, enabled, settings, school, actor)

    def _render(
        self,
        slot: str,
        args: SlotArgs,
        locale: Locale,
        enabled: bool,
        settings: Mapping[str, object] | None,
        school: School,
        actor: Actor,
    ) -> str:
        self.loaded()
        call = msgspec.structs.replace(call_for(school, locale, actor), settings=settings or {})
        if self.ground.mode == "process" and not self.ground.started and school is SCHOOL:
            nowhere = _Nowhere()
            html, errors = self._without_database(slot, args, call, nowhere, enabled=enabled)
            if not nowhere.asked:
                if errors:
                    raise errors[0]
                return html
        self.ground.start()
        on = self._on(self.ground.registry, enabled=enabled)
        html = self.ground.run(self._fill(self.ground.dispatcher, slot, args, on, call))
        self.ground.raise_failures()
        return html

    def _on(self, registry: Registry, *, enabled: bool) -> frozenset[str]:
        others = set(registry.loaded) - {self.name}
        return active(registry, {self.name, *others} if enabled else others)

    def _without_database(
        self, slot: str, args: SlotArgs, call: CallContext, nowhere: _Nowhere, *, enabled: bool
    ) -> tuple[str, list[BaseException]]:
        """Fill a slot with nothing started; most plugins need no more, and it is quick."""
        errors: list[BaseException] = []

        def report(outcome: Outcome, _call: CallContext) -> None:
            if outcome.ref.plugin == self.name and outcome.error is not None:
                errors.append(outcome.error)

        runner = LocalRunner(self.registry, lambda _plugin: nowhere)
        dispatcher = Dispatcher(self.registry, runner, JinjaRenderer(self.registry), report=report)
        call = msgspec.structs.replace(call, db_token=_NO_TOKEN)
        on = self._on(self.registry, enabled=enabled)
        # A loop of its own that nobody else gets to see: pytest-asyncio keeps one for its tests.
        with asyncio.Runner(loop_factory=asyncio.new_event_loop) as loop:
            return loop.run(self._fill(dispatcher, slot, args, on, call)), errors

    async def _fill(
        self,
        dispatcher: Dispatcher,
        slot: str,
        args: SlotArgs,
        on: frozenset[str],
        call: CallContext,
    ) -> str:
        shown = await dispatcher.render_slot(slot, args, on, call)
        return "".join(str(one.html) for one in shown if one.plugin == self.name)


def subject(name: str, mode: RunnerMode = "process") -> Subject:
    """Return the plugin of this name, loaded with those that it requires and no others."""
    every = find_plugins()
    there = {one.name: one for one in every}
    wanted = {name, *_required(there, name)}
    found = tuple(one for one in every if one.name in wanted)
    dists = [dist for dist, entry in entries_of(GROUP) if entry.name == name]
    registry = load_plugins(found, wanted)
    # What it requires comes first, as the server loads it.
    ordered = [one for on in registry.loaded for one in found if one.name == on]
    return Subject(
        name=name,
        found=tuple(one for one in found if one.name == name),
        dist=dists[0] if dists else None,
        registry=registry,
        ground=Ground(name, ordered, mode),
    )


def _required(there: dict[str, Found], name: str) -> list[str]:
    """Return what a plugin requires, and what that requires."""
    names = [name]
    for one in names:  # it grows on the way
        manifest = there[one].manifest if one in there else None
        for requirement in manifest.requirements() if manifest else ():
            if requirement.name not in names:
                names.append(requirement.name)
    return names[1:]
