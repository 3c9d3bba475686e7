"""Let a plugin take part in its own life: switched on or off, asked how it is, shown in a demo."""

from collections.abc import Awaitable, Callable
from typing import Literal, TypeAlias

import msgspec

from kundelik_core.sdk.context import PluginContext

__all__ = ["Demo", "DemoRequest", "DemoSize", "Health", "Lifecycle"]

DemoSize: TypeAlias = Literal["small", "full"]
"""How much demo data: a little for a test, or enough to look lived in."""


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """How the plugin is; ``note`` is for the operator, in English, and names nobody."""

    ok: bool
    note: str = ""


class Lifecycle(msgspec.Struct, frozen=True, kw_only=True):
    """What runs when a school switches the plugin on or off, and when an operator asks after it.

    ``on_enable`` may run again for a school that had the plugin before: its data is still there.
    If it fails, the plugin stays off and the school is told so. ``on_disable`` cannot keep a school
    from switching off; its failure is only noted. ``health`` is asked without a school.
    """

    on_enable: Callable[[PluginContext], Awaitable[None]] | None = None
    on_disable: Callable[[PluginContext], Awaitable[None]] | None = None
    health: Callable[[PluginContext], Awaitable[Health]] | None = None


class DemoRequest(msgspec.Struct, frozen=True, kw_only=True):
    """How to fill a demo school: the same ``seed`` gives the same data."""

    size: DemoSize
    seed: int


class Demo(msgspec.Struct, frozen=True, kw_only=True):
    """Fill the plugin's own tables of one school with made-up data, for try-outs and tests."""

    fill: Callable[[PluginContext, DemoRequest], Awaitable[None]]
