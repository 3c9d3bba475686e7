"""Ask plugins what they keep about a person, to hand it out or to have it erased."""

import asyncio
from collections.abc import Collection

import msgspec

from kundelik_core.plugins.context import CallContext
from kundelik_core.plugins.declared import HandlerRef
from kundelik_core.plugins.dispatch import Dispatcher
from kundelik_core.plugins.registry import Registry
from kundelik_core.plugins.states import Found, State
from kundelik_core.sdk import Erasure, Record, Subject

__all__ = ["Kept", "ask_to_erase", "ask_what_is_kept", "keepers", "out_of_reach"]


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """What one plugin answered; ``whole`` is False when it could not be asked, or not about all."""

    plugin: str
    records: tuple[Record, ...]
    whole: bool


def keepers(registry: Registry, ever_on: Collection[str]) -> tuple[str, ...]:
    """Return the plugins that may keep something about people of a school and can be asked.

    A plugin that the school has switched off keeps its data, so it is asked like the others.
    """
    return tuple(
        name
        for name, one in registry.loaded.items()
        if one.declared.privacy and _was_there(one.manifest.level, name, ever_on)
    )


def out_of_reach(registry: Registry, ever_on: Collection[str]) -> tuple[Found, ...]:
    """Return the plugins that may keep something about people of a school and do not run here."""
    return tuple(
        one
        for one in registry.plugins
        if one.name not in registry.loaded and _may_hold(one, one.name in ever_on)
    )


def _may_hold(one: Found, was_on: bool) -> bool:
    if one.state is State.ERASED:
        return False
    if one.manifest is None:  # not installed any more, or broken: its data may still be there
        return was_on
    if one.manifest.level == "platform":
        was_on = one.state is not State.FOUND or one.reason is not None
    return was_on and one.manifest.data.personal


def _was_there(level: str, name: str, ever_on: Collection[str]) -> bool:
    return level == "platform" or name in ever_on


async def ask_what_is_kept(
    registry: Registry,
    dispatcher: Dispatcher,
    plugins: Collection[str],
    subjects: Collection[Subject],
    call: CallContext,
) -> list[Kept]:
    """Ask all of them at once and return the answers; one that fails takes nothing from the rest.

    ``subjects`` is one person in every kind in which the school knows them; a plugin is asked about
    those of which it declared to keep something.
    """
    asked = {name: _concern(registry, name, subjects) for name in plugins}
    answers = iter(
        await asyncio.gather(
            *(
                dispatcher.call(HandlerRef(name, "privacy", "export"), subject, plugins, call)
                for name, own in asked.items()
                for subject in own
            )
        )
    )
    found = []
    for name, own in asked.items():
        outcomes = [next(answers) for _subject in own]
        records = tuple(record for one in outcomes if one.done for record in one.value)
        found.append(Kept(plugin=name, records=records, whole=all(one.done for one in outcomes)))
    return found


async def ask_to_erase(
    registry: Registry,
    dispatcher: Dispatcher,
    plugins: Collection[str],
    subjects: Collection[Subject],
    call: CallContext,
) -> list[str]:
    """Have all of them erase a person, and return those that could not; asking again is safe."""
    asked = [(name, one) for name in plugins for one in _concern(registry, name, subjects)]
    answers = await asyncio.gather(
        *(
            dispatcher.call(
                HandlerRef(name, "privacy", "erase"),
                Erasure(subject=subject, mode="erase"),
                plugins,
                call,
            )
            for name, subject in asked
        )
    )
    failed = (name for (name, _one), answer in zip(asked, answers, strict=True) if not answer.done)
    return list(dict.fromkeys(failed))


def _concern(registry: Registry, name: str, subjects: Collection[Subject]) -> tuple[Subject, ...]:
    kinds = {field.subject for field in registry.loaded[name].declared.personal_data}
    return tuple(subject for subject in subjects if subject.kind in kinds)
