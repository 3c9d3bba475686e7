"""Read what is granted."""

from collections.abc import Collection
from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec

from kundelik_core.entitlements.model import EVERYTHING, Granted
from kundelik_core.entitlements.rules import concerns, is_active
from kundelik_core.kernel.db import Tenant
from kundelik_core.kernel.wire import Record

__all__ = ["active", "by_source", "entitled", "grants_of", "history"]

_COLUMNS: Final = (
    "e.id, e.feature, e.valid_from, e.valid_until, e.source, e.source_ref, e.granted_at, "
    "e.holder_id, e.pupil_id, e.scope, e.revoked_at, e.revoke_reason"
)


async def active(tx: Tenant, pupils: Collection[UUID], at: datetime) -> list[Granted]:
    """Return what is in force for these pupils, with what is granted to the whole school."""
    return [grant for grant in await grants_of(tx, pupils) if is_active(grant, at)]


async def grants_of(tx: Tenant, pupils: Collection[UUID]) -> list[Granted]:
    """Return every grant for these pupils and the whole school, past and future ones too."""
    rows = await tx.fetch(
        f"select {_COLUMNS} from core.entitlement e "
        "where e.school_id = $1 and (e.pupil_id = any($2::uuid[]) or e.pupil_id is null) "
        "order by e.feature, e.valid_from, e.id",
        tx.school_id,
        list(pupils),
    )
    return [_granted(row) for row in rows]


async def entitled(
    tx: Tenant, feature: str, pupil: UUID, at: datetime, scope: str = EVERYTHING
) -> bool:
    """Tell whether a feature is in force for a pupil; the free core never asks."""
    return any(concerns(grant, feature, scope) for grant in await active(tx, [pupil], at))


async def history(tx: Tenant, pupil: UUID | None) -> list[Granted]:
    """Return everything ever granted for a pupil, or with None to the whole school."""
    rows = await tx.fetch(
        f"select {_COLUMNS} from core.entitlement e "
        "where e.school_id = $1 and e.pupil_id is not distinct from $2::uuid "
        "order by e.granted_at, e.id",
        tx.school_id,
        pupil,
    )
    return [_granted(row) for row in rows]


async def by_source(tx: Tenant, source: str, source_ref: str) -> Granted | None:
    """Return what an act has granted."""
    row = await tx.fetchrow(
        f"select {_COLUMNS} from core.entitlement e "
        "where e.school_id = $1 and e.source = $2 and e.source_ref = $3",
        tx.school_id,
        source,
        source_ref,
    )
    return _granted(row) if row else None


def _granted(row: Record) -> Granted:
    return msgspec.convert(dict(row), Granted)
