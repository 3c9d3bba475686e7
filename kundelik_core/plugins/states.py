"""Tell what has become of each plugin, and why, in words that an operator can act on."""

from collections.abc import Callable, Mapping
from enum import StrEnum
from pathlib import Path

import msgspec

from kundelik_core.sdk import Manifest

__all__ = ["Found", "Reason", "State"]


class State(StrEnum):
    """Where a plugin stands in its life in this process."""

    FOUND = "found"
    LOADED = "loaded"
    INCOMPATIBLE = "incompatible"
    QUARANTINED = "quarantined"


class Reason(msgspec.Struct, frozen=True):
    """Why a plugin is not loaded.

    ``message`` and ``help`` are English msgids with ``%(name)s`` placeholders for ``params``.
    """

    code: str
    message: str
    params: Mapping[str, object] = {}
    help: str | None = None

    def text(self, translate: Callable[[str], str] = str) -> str:
        """Return the reason in the reader's language; in English, for logs, without one."""
        text = translate(self.message) % self.params
        return f"{text} {translate(self.help)}" if self.help else text


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """One entry point of one installed distribution, with what is known of the plugin behind it."""

    name: str
    version: str
    dist: str
    entry_point: str
    state: State = State.FOUND
    reason: Reason | None = None
    manifest: Manifest | None = None
    root: Path | None = None

    def turned(self, state: State, reason: Reason) -> "Found":
        """Return this plugin as no longer usable, with the reason."""
        return msgspec.structs.replace(self, state=state, reason=reason)
