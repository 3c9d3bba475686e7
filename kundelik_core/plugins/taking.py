"""Let a person take, or give back, a module that the school leaves to everybody's own choice."""

from uuid import UUID

from kundelik_core.kernel.clock import now
from kundelik_core.kernel.db import Tenant
from kundelik_core.kernel.errors import Problem
from kundelik_core.kernel.i18n import N_
from kundelik_core.plugins.allowed import setup_changed
from kundelik_core.plugins.registry import Registry

__all__ = ["give_back", "on_offer", "take", "take_for_all"]


def on_offer(registry: Registry, on: frozenset[str]) -> tuple[str, ...]:
    """Return the modules among those that are on which a person takes or leaves."""
    return tuple(
        name for name, one in registry.loaded.items() if name in on and one.manifest.level == "user"
    )


async def take(
    tx: Tenant, registry: Registry, on: frozenset[str], plugin: str, person: UUID
) -> None:
    """Take a module for oneself; taken twice is taken once.

    Raises:
        Problem: the school offers no such module to its people.
    """
    if plugin not in on_offer(registry, on):
        raise Problem(
            "plugin_unknown",
            N_("Your school offers no module %(plugin)s to choose."),
            status=404,
            params={"plugin": plugin},
        )
    await tx.execute(
        """
        insert into core.plugin_taker (school_id, plugin, person_id, on_at)
        select $1::integer, $2::text, $3::uuid, $4::timestamptz
         where not exists (select from core.plugin_taker t
                            where t.school_id = $1 and t.plugin = $2 and t.person_id = $3
                              and t.off_at is null)
        """,
        tx.school_id,
        plugin,
        person,
        now(),
    )
    _tell(tx)


async def take_for_all(tx: Tenant, plugin: str) -> None:
    """Let everybody of a demo school, or of a test, have taken a module."""
    await tx.execute(
        """
        insert into core.plugin_taker (school_id, plugin, person_id, on_at)
        select distinct $1::integer, $2::text, m.person_id, $3::timestamptz
          from core.membership m
         where m.school_id = $1
           and not exists (select from core.plugin_taker t
                            where t.school_id = $1 and t.plugin = $2
                              and t.person_id = m.person_id and t.off_at is null)
        """,
        tx.school_id,
        plugin,
        now(),
    )
    _tell(tx)


async def give_back(tx: Tenant, plugin: str, person: UUID) -> None:
    """Give a module back; what it keeps about the person stays until that is erased."""
    await tx.execute(
        "update core.plugin_taker set off_at = $4 where school_id = $1 and plugin = $2 "
        "and person_id = $3 and off_at is null",
        tx.school_id,
        plugin,
        person,
        now(),
    )
    _tell(tx)


def _tell(tx: Tenant) -> None:
    school_id = tx.school_id
    tx.after_commit(lambda: setup_changed(school_id))
