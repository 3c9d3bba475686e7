"""Tell what has become of each plugin, and why, in words that an operator can act on."""

from collections.abc import Callable, Mapping
from enum import StrEnum
from pathlib import Path

import msgspec

from kundelik_core.sdk import Manifest

__all__ = ["Found", "Reason", "State"]


class State(StrEnum):
    """Where a plugin stands in its life.

    The way is found, approved, migrated, loaded; each school then switches it on and off. After
    it was taken away its data is retained, then erased. The others are where it stands aside: it
    does not fit, it failed to load, it failed too often, or the operator shut it out.
    """

    FOUND = "found"
    APPROVED = "approved"
    MIGRATED = "migrated"
    LOADED = "loaded"
    RETAINED = "retained"
    ERASED = "erased"
    INCOMPATIBLE = "incompatible"
    QUARANTINED = "quarantined"
    TRIPPED = "tripped"
    BLOCKED = "blocked"


class Reason(msgspec.Struct, frozen=True):
    """Why a plugin is not loaded.

    ``message`` and ``help`` are English msgids with ``%(name)s`` placeholders for ``params``.
    """

    code: str
    message: str
    params: Mapping[str, object] = {}
    help: str | None = None

    def words(self, translate: Callable[[str], str] = str) -> str:
        """Return the reason alone, for readers who cannot do anything about it."""
        return translate(self.message) % self.params

    def text(self, translate: Callable[[str], str] = str) -> str:
        """Return it with what to do, in the reader's language; without one in English, for logs."""
        text = self.words(translate)
        return f"{text} {translate(self.help)}" if self.help else text


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """One entry point of one installed distribution, with what is known of the plugin behind it.

    ``sha256`` names exactly what is installed; an approval holds for it alone.
    """

    name: str
    version: str
    dist: str
    entry_point: str
    state: State = State.FOUND
    reason: Reason | None = None
    manifest: Manifest | None = None
    root: Path | None = None
    sha256: str = ""

    def turned(self, state: State, reason: Reason) -> "Found":
        """Return this plugin as no longer usable, with the reason."""
        return msgspec.structs.replace(self, state=state, reason=reason)
