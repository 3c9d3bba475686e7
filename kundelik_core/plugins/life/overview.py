"""Put together what an operator wants to know of every plugin, for the page and the command."""

import asyncio
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from kundelik_core.kernel.settings import Settings
from kundelik_core.plugins.host.plans import all_found
from kundelik_core.plugins.life.installed import provenance
from kundelik_core.plugins.life.model import Approval, Trip
from kundelik_core.plugins.life.policy import Index, index_of, policy_of
from kundelik_core.plugins.life.queries import approvals, life_events, trips
from kundelik_core.plugins.life.remove import kept_for
from kundelik_core.plugins.life.rules import decide, observed, without_process
from kundelik_core.plugins.states import Found

__all__ = ["overview", "overview_without_database", "standings"]


async def standings(
    settings: Settings, running: Iterable[Found] | None = None
) -> tuple[tuple[Found, ...], dict[str, Approval], dict[str, Trip]]:
    """Return where every plugin stands now, with what was decided and how its breaker is.

    ``running`` is what a process made of the plugins when it started; without, nothing runs here.
    """
    found = await asyncio.to_thread(all_found, settings)
    known, tripped = await approvals(), await trips()
    decided = decide(found, known, policy_of(settings))
    if running is None:
        decided = without_process(decided, tripped)
    else:
        decided = observed(decided, {one.name: one for one in running}, tripped)
    return decided, known, tripped


async def overview(settings: Settings, name: str | None = None) -> list[dict[str, Any]]:
    """Return a row for each plugin, or for one with all that is known of it."""
    decided, known, tripped = await standings(settings)
    index = index_of(settings)
    rows = [_row(one, known, tripped, index) for one in decided if name is None or one.name == name]
    if name is not None:
        for row in rows:
            row["history"] = [
                {"at": event.at, "step": event.step, "doer": event.doer, "version": event.version,
                 "scopes": event.scopes, "note": event.note}
                for event in await life_events(name)
            ]  # fmt: skip
    return rows


def _asks(one: Found, approval: Approval | None) -> dict[str, Any]:
    """Return what a plugin says of itself and asks for; ``new_scopes`` were not approved yet."""
    manifest = one.manifest
    if manifest is None:
        return {}
    known = set(approval.scopes) if approval else set()
    asked = {
        key: list(value) if isinstance(value, tuple) else value
        for key, value in msgspec.structs.asdict(manifest.uses).items()
    }
    asked["webhooks"] = [f"/x/{one.name}/hook/{hook}" for hook in manifest.uses.webhooks]
    return {
        "summary": manifest.summary.en if manifest.summary else "",
        "vendor": manifest.vendor.name,
        "level": manifest.level,
        "reads": list(manifest.data.reads),
        "new_scopes": [scope for scope in manifest.data.reads if approval and scope not in known],
        "personal": manifest.data.personal,
        "provides": list(manifest.provides),
        **asked,
    }


def overview_without_database(settings: Settings, name: str | None = None) -> list[dict[str, Any]]:
    """Return the same where nothing was ever decided."""
    index = index_of(settings)
    decided = decide(all_found(settings), {}, policy_of(settings))
    return [_row(one, {}, {}, index) for one in decided if name is None or one.name == name]


def _row(
    one: Found, known: Mapping[str, Approval], tripped: Mapping[str, Trip], index: Index
) -> dict[str, Any]:
    approval, trip, origin = known.get(one.name), tripped.get(one.name), provenance(one, index)
    return {
        "name": one.name,
        "version": one.version,
        "state": one.state.value,
        "reason": one.reason.text() if one.reason else None,
        "mode": approval.mode if approval else "",
        "distribution": one.dist,
        "sha256": one.sha256,
        **_asks(one, approval),
        "approved": {
            "version": approval.version, "sha256": approval.sha256, "scopes": approval.scopes,
            "at": approval.approved_at, "by": approval.approved_by,
        } if approval and approval.approved_at else {},
        "kept_until": kept_for(approval) if approval else None,
        "breaker": {"phase": trip.phase, "held": trip.held, "reason": trip.reason}
        if trip and trip.tripped else {},
        "tier": origin.tier,
        "from": {"installer": origin.installer, "source": origin.source,
                 "archive": origin.archive, "record": origin.record,
                 "attestation": origin.attestation},
    }  # fmt: skip
