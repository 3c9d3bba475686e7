"""Switch plugins on and off for a school; the table keeps who did so and when."""

from uuid import UUID

from kundelik_core.kernel.clock import now
from kundelik_core.kernel.db import Tenant
from kundelik_core.kernel.errors import Problem
from kundelik_core.kernel.i18n import N_
from kundelik_core.plugins.active import active
from kundelik_core.plugins.queries import enabled_plugins
from kundelik_core.plugins.registry import Registry

__all__ = ["disable_plugin", "enable_plugin"]


async def enable_plugin(tx: Tenant, registry: Registry, plugin: str, by: UUID) -> bool:
    """Switch a plugin on for the school; False when it was on already."""
    one = registry.loaded.get(plugin)
    if one is None or one.manifest.level != "school":
        raise Problem(
            "plugin_unknown",
            N_("There is no plugin %(plugin)s that a school can switch on."),
            status=404,
            params={"plugin": plugin},
        )
    needed = {wanted.name for wanted in one.manifest.requirements()}
    if missing := sorted(needed - active(registry, await enabled_plugins(tx))):
        raise Problem(
            "plugin_requires",
            N_("Switch on first: %(plugins)s."),
            status=409,
            params={"plugins": ", ".join(missing)},
        )
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
    return done != "UPDATE 0"
