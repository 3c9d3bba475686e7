"""Switch plugins on and off for a school, and set them up; the tables keep who did so and when."""

from collections.abc import Mapping
from uuid import UUID

import msgspec

from kundelik_core.kernel.clock import now
from kundelik_core.kernel.db import Tenant
from kundelik_core.kernel.errors import Problem
from kundelik_core.kernel.i18n import N_
from kundelik_core.plugins.active import active
from kundelik_core.plugins.allowed import setup_changed
from kundelik_core.plugins.queries import enabled_plugins
from kundelik_core.plugins.registry import Registry

__all__ = ["disable_plugin", "enable_plugin", "may_enable", "not_the_schools", "store_settings"]


def not_the_schools(plugin: str) -> Problem:
    """Return the refusal for a plugin that no school switches."""
    return Problem(
        "plugin_unknown",
        N_("There is no plugin %(plugin)s that a school can switch on."),
        status=404,
        params={"plugin": plugin},
    )


async def may_enable(tx: Tenant, registry: Registry, plugin: str) -> None:
    """Let through a plugin that the school can switch on now.

    Raises:
        Problem: there is none of that name for schools, or another has to be on first.
    """
    one = registry.loaded.get(plugin)
    if one is None or one.manifest.level == "platform":
        raise not_the_schools(plugin)
    needed = {wanted.name for wanted in one.manifest.requirements()}
    if missing := sorted(needed - active(registry, await enabled_plugins(tx))):
        raise Problem(
            "plugin_requires",
            N_("Switch on first: %(plugins)s."),
            status=409,
            params={"plugins": ", ".join(missing)},
        )


async def enable_plugin(tx: Tenant, registry: Registry, plugin: str, by: UUID) -> bool:
    """Switch a plugin on for the school; False when it was on already."""
    await may_enable(tx, registry, plugin)
    done = await tx.execute(
        """
        insert into core.school_plugin (school_id, plugin, on_at, on_by)
        select $1::integer, $2::text, $3::timestamptz, $4::uuid
        where not exists (
          select from core.school_plugin p
          where p.school_id = $1 and p.plugin = $2 and p.off_at is null
        )
        """,
        tx.school_id,
        plugin,
        now(),
        by,
    )
    _tell(tx)
    return done != "INSERT 0 0"


async def disable_plugin(tx: Tenant, plugin: str, by: UUID) -> bool:
    """Switch a plugin off for the school, an uninstalled one too; False when it was not on."""
    done = await tx.execute(
        """
        update core.school_plugin set off_at = $3, off_by = $4
        where school_id = $1 and plugin = $2 and off_at is null
        """,
        tx.school_id,
        plugin,
        now(),
        by,
    )
    _tell(tx)
    return done != "UPDATE 0"


async def store_settings(
    tx: Tenant, plugin: str, values: Mapping[str, object], seen: int, by: UUID
) -> int:
    """Keep a school's settings of a plugin as a new version, and return its number.

    ``seen`` is the version that was changed; 0 when there was none.

    Raises:
        Problem: somebody else has stored another one meanwhile.
    """
    done = await tx.execute(
        """
        insert into core.school_plugin_settings
               (school_id, plugin, version, options, set_at, set_by)
        select $1::integer, $2::text, $3::bigint + 1, $4::text::jsonb, $5::timestamptz, $6::uuid
         where $3 = coalesce((select max(s.version) from core.school_plugin_settings s
                               where s.school_id = $1 and s.plugin = $2), 0)
        on conflict do nothing
        """,
        tx.school_id,
        plugin,
        seen,
        msgspec.json.encode(values).decode(),
        now(),
        by,
    )
    if done == "INSERT 0 0":
        raise Problem(
            "settings_changed",
            N_("Somebody else has just changed these settings. Look at them again."),
            status=409,
        )
    _tell(tx)
    return seen + 1


def _tell(tx: Tenant) -> None:
    school_id = tx.school_id
    tx.after_commit(lambda: setup_changed(school_id))
