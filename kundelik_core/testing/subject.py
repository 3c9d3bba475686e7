"""Find and load the plugin under test as the server would, and fill its slots."""

import asyncio
from importlib.metadata import Distribution
from pathlib import Path
from typing import Final, get_args

import msgspec

from kundelik_core.kernel.clock import SCHOOL_ZONE
from kundelik_core.kernel.i18n import Locale
from kundelik_core.plugins.active import active
from kundelik_core.plugins.context import page_context
from kundelik_core.plugins.discover import GROUP, find_plugins
from kundelik_core.plugins.dispatch import Dispatcher
from kundelik_core.plugins.entries import entries_of
from kundelik_core.plugins.registry import Loaded, Registry, SlotEntry, load_plugins
from kundelik_core.plugins.render import JinjaRenderer
from kundelik_core.plugins.states import Found
from kundelik_core.sdk import SlotArgs

__all__ = ["LOCALES", "NotLoadedError", "Subject", "subject"]

LOCALES: Final[tuple[Locale, ...]] = get_args(Locale)


class NotLoadedError(Exception):
    """The server would not load the plugin; the text says why."""


class Subject(msgspec.Struct, frozen=True, kw_only=True):
    """One plugin under test: everything that is installed under its name, and what it became."""

    name: str
    found: tuple[Found, ...]
    dist: Distribution | None
    registry: Registry

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

    def render(self, slot: str, args: SlotArgs, locale: Locale, *, enabled: bool = True) -> str:
        """Return what the plugin shows in a slot; what it raises is raised."""
        self.loaded()
        errors: list[BaseException] = []

        def report(entry: SlotEntry, _args: SlotArgs, error: BaseException) -> None:
            if entry.plugin == self.name:
                errors.append(error)

        async def fill() -> str:
            dispatcher = Dispatcher(self.registry, JinjaRenderer(self.registry), report)
            others = set(self.registry.loaded) - {self.name}
            on = active(self.registry, {self.name, *others} if enabled else others)
            context = page_context(SCHOOL_ZONE, locale)
            shown = await dispatcher.render_slot(slot, args, on, context)
            return "".join(str(one.html) for one in shown if one.plugin == self.name)

        # A loop of its own that nobody else gets to see: pytest-asyncio keeps one for its tests.
        with asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
            html = runner.run(fill())
        if errors:
            raise errors[0]
        return html


def subject(name: str) -> Subject:
    """Return the plugin of this name, loaded with those that it requires and no others."""
    every = find_plugins()
    there = {one.name: one for one in every}
    wanted = {name, *_required(there, name)}
    found = tuple(one for one in every if one.name in wanted)
    dists = [dist for dist, entry in entries_of(GROUP) if entry.name == name]
    return Subject(
        name=name,
        found=tuple(one for one in found if one.name == name),
        dist=dists[0] if dists else None,
        registry=load_plugins(found, wanted),
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
