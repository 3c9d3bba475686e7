"""Name what is remembered about plugins for the whole installation."""

from datetime import datetime
from enum import StrEnum
from typing import Literal, TypeAlias
from uuid import UUID

import msgspec

from kundelik_core.plugins.breaker import Phase

__all__ = ["Approval", "Kept", "LifeEvent", "Mode", "Step", "Trip"]

Mode: TypeAlias = Literal["process", "host"]
"""Where a plugin's code runs: in the core's own processes, or in one of its own."""

Kept: TypeAlias = Literal["approved", "migrated", "withdrawn", "blocked", "retained", "erased"]
"""What the operator's last step left behind; a plugin without any was only ever found."""


class Step(StrEnum):
    """What is done about a plugin."""

    APPROVE = "approve"
    MIGRATE = "migrate"
    WITHDRAW = "withdraw"
    BLOCK = "block"
    RETAIN = "retain"
    ERASE = "erase"


class Approval(msgspec.Struct, frozen=True, kw_only=True):
    """What the operator decided about one plugin; it holds for ``sha256`` and nothing else."""

    name: str
    state: Kept
    reason: str = ""
    version: str = ""
    sha256: str = ""
    scopes: tuple[str, ...] = ()
    mode: Mode = "host"
    retention: str = ""
    approved_at: datetime | None = None
    approved_by: str = ""
    changed_at: datetime
    trash: str = ""


class LifeEvent(msgspec.Struct, frozen=True, kw_only=True):
    """One step that was taken; ``scopes`` are those that an approval added."""

    id: UUID
    plugin: str
    at: datetime
    step: str
    doer: str
    version: str
    sha256: str
    scopes: tuple[str, ...]
    note: str


class Trip(msgspec.Struct, frozen=True, kw_only=True):
    """The breaker of one plugin as all processes know it."""

    plugin: str
    phase: Phase
    since: datetime
    held: bool
    reason: str
    doer: str
    changed_at: datetime

    @property
    def tripped(self) -> bool:
        """Say whether the plugin is left alone."""
        return self.held or self.phase != "closed"
