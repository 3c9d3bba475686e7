"""Read which plugins a school has switched on."""

from datetime import datetime
from uuid import UUID

import msgspec

from kundelik_core.kernel.db import Tenant

__all__ = ["Turn", "enabled_plugins", "plugin_history"]


class Turn(msgspec.Struct, frozen=True):
    """One span in which a plugin was on, and who switched it."""

    plugin: str
    on_at: datetime
    on_by: UUID | None
    off_at: datetime | None
    off_by: UUID | None


async def enabled_plugins(tx: Tenant) -> frozenset[str]:
    """Return the names that the school has switched on; ``active`` says which of them may act."""
    rows = await tx.fetch(
        "select plugin from core.school_plugin where school_id = $1 and off_at is null",
        tx.school_id,
    )
    return frozenset(row["plugin"] for row in rows)


async def plugin_history(tx: Tenant) -> list[Turn]:
    """Return every span of every plugin of the school, the latest first."""
    rows = await tx.fetch(
        """
        select plugin, on_at, on_by, off_at, off_by from core.school_plugin
        where school_id = $1 order by on_at desc, plugin
        """,
        tx.school_id,
    )
    return [Turn(**row) for row in rows]
