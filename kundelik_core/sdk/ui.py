"""Let a plugin show something on a page of the core: where, what it is told, what it hands back."""

from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType
from typing import Any
from uuid import UUID

import msgspec

from kundelik_core.sdk.context import PluginContext
from kundelik_core.sdk.data import Pupil

__all__ = ["MAX_BUDGET_MS", "SLOTS", "ClassPage", "Fragment", "Slot", "SlotArgs"]

MAX_BUDGET_MS = 250
"""The longest a page waits for all its fragments, and so the most one slot can ask for."""


class SlotArgs(msgspec.Struct, frozen=True, kw_only=True):
    """What every slot is told; each slot has its own kind of arguments, see ``SLOTS``."""

    school_id: int


class ClassPage(SlotArgs, frozen=True, kw_only=True):
    """What a fragment on the page of one class is told.

    ``pupils`` are those who are in the class today, in the order of the page; empty without the
    scope ``pupil.v1``, and without dates of birth unless ``pupil.birth_date.v1`` is declared too.
    """

    class_id: UUID
    pupils: tuple[Pupil, ...] = ()


class Fragment(msgspec.Struct, frozen=True, kw_only=True):
    """What a slot shows: one of the plugin's own templates and plain values for it.

    ``context`` holds what JSON can hold. The core renders with autoescape, so a value is always
    text and never markup.
    """

    template: str
    context: Mapping[str, Any] = msgspec.field(default_factory=dict)


class Slot(msgspec.Struct, frozen=True, kw_only=True):
    """One place on a page and the handler that fills it.

    ``render`` gets the context and the arguments of its slot; None shows nothing. It is given up
    after ``budget_ms``. Fragments stand by ``order``, then as the plugins were loaded.
    """

    slot: str
    # The second argument is the type that SLOTS names: a union of all would fit no handler.
    render: Callable[[PluginContext, Any], Awaitable[Fragment | None]]
    order: int = 50
    budget_ms: int = 150


SLOTS: Mapping[str, type[SlotArgs]] = MappingProxyType({"class.page": ClassPage})
"""Every slot there is, with the type of its arguments. ``class.page``: the page of one class."""
