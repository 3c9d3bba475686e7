"""Keep whether what one guardian has bought for a child serves the child's other guardians too."""

from datetime import datetime
from typing import Final

import msgspec

from kundelik_core.kernel import clock
from kundelik_core.kernel.audit import Doer, audit
from kundelik_core.kernel.db import Tenant

__all__ = ["Sharing", "set_sharing", "sharing_history", "sharing_of"]

_MOST: Final = 20


class Sharing(msgspec.Struct, frozen=True, kw_only=True):
    """How it is from a moment on."""

    since: datetime
    shared: bool


async def sharing_of(tx: Tenant) -> bool:
    """Return whether one purchase serves all guardians; it does until the school says otherwise."""
    found = await tx.fetchval(
        "select h.shared from core.guardian_sharing h where h.school_id = $1 "
        "order by h.since desc limit 1",
        tx.school_id,
    )
    return found is not False


async def sharing_history(tx: Tenant) -> list[Sharing]:
    """Return how it was set, the latest first."""
    rows = await tx.fetch(
        "select h.since, h.shared from core.guardian_sharing h where h.school_id = $1 "
        f"order by h.since desc limit {_MOST}",
        tx.school_id,
    )
    return [msgspec.convert(dict(row), Sharing) for row in rows]


async def set_sharing(tx: Tenant, shared: bool, doer: Doer) -> bool:
    """Let it be so from now on, for what was bought before as well; False when it is so already."""
    before = await sharing_of(tx)
    if before == shared:
        return False
    await tx.execute(
        "insert into core.guardian_sharing (school_id, since, shared, set_by) "
        "select $1, greatest($2::timestamptz, max(h.since) + interval '1 microsecond'), $3, $4 "
        "from core.guardian_sharing h where h.school_id = $1",
        tx.school_id,
        clock.now(),
        shared,
        doer.account,
    )
    await audit(tx, doer, "sharing.set", "guardian_sharing", tx.school_id,
                before={"shared": before}, after={"shared": shared})  # fmt: skip
    return True
