"""Read which plugins a school has switched on, and how it set them up."""

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any
from uuid import UUID

import msgspec

from kundelik_core.kernel.db import Tenant

__all__ = [
    "SettingsTurn",
    "Setup",
    "Turn",
    "enabled_plugins",
    "plugin_history",
    "school_setup",
    "settings_history",
    "stored_settings",
]


class Turn(msgspec.Struct, frozen=True):
    """One span in which a plugin was on, and who switched it."""

    plugin: str
    on_at: datetime
    on_by: UUID | None
    off_at: datetime | None
    off_by: UUID | None


class SettingsTurn(msgspec.Struct, frozen=True):
    """One change of a plugin's settings, and who made it."""

    plugin: str
    version: int
    set_at: datetime
    set_by: UUID | None


class Setup(msgspec.Struct, frozen=True):
    """What a school has switched on; by plugin the version and values of its settings.

    ``takers`` are the people who took a plugin that everybody decides on for themselves.
    """

    enabled: frozenset[str]
    settings: Mapping[str, tuple[int, Mapping[str, Any]]]
    takers: Mapping[str, frozenset[UUID]] = MappingProxyType({})


async def school_setup(tx: Tenant) -> Setup:
    """Return everything that a school has chosen, in one statement."""
    rows = await tx.fetch(
        """
        select plugin, null::bigint as version, null::text as options, null::uuid[] as takers
          from core.school_plugin where school_id = $1 and off_at is null
        union all
        select s.plugin, s.version, s.options, null from (
          select distinct on (plugin) plugin, version, options::text as options
            from core.school_plugin_settings where school_id = $1
           order by plugin, version desc) s
        union all
        select t.plugin, null, null, array_agg(t.person_id)
          from core.plugin_taker t where t.school_id = $1 and t.off_at is null group by t.plugin
        """,
        tx.school_id,
    )
    return Setup(
        frozenset(
            row["plugin"] for row in rows if row["version"] is None and row["takers"] is None
        ),
        {
            row["plugin"]: (row["version"], msgspec.json.decode(row["options"]))
            for row in rows
            if row["version"] is not None
        },
        {row["plugin"]: frozenset(row["takers"]) for row in rows if row["takers"] is not None},
    )


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


async def stored_settings(tx: Tenant, plugin: str) -> tuple[int, Mapping[str, Any]]:
    """Return the latest version of a plugin's settings and its values; (0, nothing) if none."""
    row = await tx.fetchrow(
        """
        select version, options::text as options from core.school_plugin_settings
        where school_id = $1 and plugin = $2 order by version desc limit 1
        """,
        tx.school_id,
        plugin,
    )
    return (row["version"], msgspec.json.decode(row["options"])) if row else (0, {})


async def settings_history(tx: Tenant) -> list[SettingsTurn]:
    """Return every change of every plugin's settings of the school, the latest first."""
    rows = await tx.fetch(
        """
        select plugin, version, set_at, set_by from core.school_plugin_settings
        where school_id = $1 order by set_at desc, plugin
        """,
        tx.school_id,
    )
    return [SettingsTurn(**row) for row in rows]
