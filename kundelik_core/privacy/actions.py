"""Write down who of the staff looked at a child's records.

    note_look(actor, school_id, pupil, "diary")

The page does not wait: the row is written in a transaction of its own beside the answer, so that a
reader who hangs up early is written down all the same.
"""

import asyncio
import logging
from contextvars import Context
from datetime import datetime
from typing import Final
from uuid import UUID

from kundelik_core.identity.model import Actor
from kundelik_core.kernel import clock
from kundelik_core.kernel.audit import Doer, audit
from kundelik_core.kernel.db import Tenant, tenant
from kundelik_core.kernel.ids import new_id
from kundelik_core.privacy.model import What
from kundelik_core.privacy.rules import ONE_VISIT, is_foreign, role_of

__all__ = ["note_copy", "note_look", "settle", "write_look"]

log = logging.getLogger(__name__)

_pending: Final[set[asyncio.Task[None]]] = set()


def note_look(actor: Actor, school_id: int, subject: UUID, what: What) -> None:
    """Have a look written down, unless it is at oneself or at one's own child."""
    if not is_foreign(actor, school_id, subject):
        return
    work = _note(actor, school_id, subject, what, clock.now())
    # A context of its own: the caller's transaction, if one is open, is not ours.
    task = asyncio.get_running_loop().create_task(work, context=Context())
    _pending.add(task)
    task.add_done_callback(_pending.discard)


async def settle() -> None:
    """Wait until every look noted so far is written: at the end of a process, and in tests."""
    while _pending:
        await asyncio.gather(*_pending)


async def _note(actor: Actor, school_id: int, subject: UUID, what: What, at: datetime) -> None:
    try:
        async with tenant(school_id, write=True, quiet=True) as tx:
            await write_look(tx, actor, subject, what, at)
    except Exception:
        log.exception("a look of account %s was not written down", actor.account_id)


async def write_look(tx: Tenant, actor: Actor, subject: UUID, what: What, at: datetime) -> None:
    """Write one row; a second look within the same visit adds nothing."""
    await tx.execute(
        "insert into core.access_log "
        "(school_id, subject_id, at, id, account_id, person_id, role, what) "
        "select $1, $2, $3, $4, $5, $6, $7, $8 where not exists ("
        "select from core.access_log a where a.school_id = $1 and a.subject_id = $2 "
        "and a.at > $9 and a.at <= $3 and a.account_id = $5 and a.what = $8)",
        tx.school_id,
        subject,
        at,
        new_id(),
        actor.account_id,
        actor.person(tx.school_id),
        role_of(actor.roles(tx.school_id)),
        what,
        at - ONE_VISIT,
    )


async def note_copy(tx: Tenant, doer: Doer, subject: UUID) -> None:
    """Keep in the audit log that a copy of somebody's records was handed out, and to whom."""
    await audit(tx, doer, "person.copy", "person", subject)
