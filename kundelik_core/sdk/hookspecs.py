"""List the hooks a plugin may implement; one docstring each, which is also its documentation.

Every hook only collects declarations. It is called once, at the start of a process, and never
during a request; what runs later are the async handlers inside the declarations.
"""

from collections.abc import Sequence
from typing import Protocol

import pluggy

from kundelik_core.sdk.ui import Slot

__all__ = ["PROJECT", "Hooks", "hookimpl"]

PROJECT = "kundelik"
"""The name under which pluggy knows our hooks."""

_hookspec = pluggy.HookspecMarker(PROJECT)

hookimpl = pluggy.HookimplMarker(PROJECT)
"""Mark a method of a plugin as an implementation of a hook. Takes no options: wrappers and
orders (``wrapper``, ``hookwrapper``, ``tryfirst``, ``trylast``) are refused."""


class Hooks(Protocol):
    """Every hook of this version of the contract."""

    @_hookspec
    def slots(self) -> Sequence[Slot]:
        """Return the places on core pages where the plugin shows something.

        Each slot has to stand in the manifest under ``uses.slots``.
        """
        ...
