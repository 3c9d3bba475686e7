"""Keep who did what to anything that is not a journal cell, in the transaction that did it."""

from collections.abc import Iterable, Mapping
from datetime import date, time
from decimal import Decimal
from uuid import UUID

import msgspec

from kundelik_core.kernel import clock
from kundelik_core.kernel.db import Tenant
from kundelik_core.kernel.ids import new_id

__all__ = ["Doer", "audit", "audit_each"]

Facts = Mapping[str, object]


class Doer(msgspec.Struct, frozen=True):
    """Whoever acts: an account, and who that is in the school; neither for a command."""

    account: UUID | None = None
    person: UUID | None = None


async def audit(
    tx: Tenant,
    doer: Doer,
    action: str,
    entity: str,
    entity_id: object,
    *,
    before: Facts | None = None,
    after: Facts | None = None,
    reason: str | None = None,
) -> None:
    """Write one row: ``action`` such as ``person.update``, ``entity`` the table's name."""
    await audit_each(tx, doer, action, entity, [(entity_id, before, after)], reason=reason)


async def audit_each(
    tx: Tenant,
    doer: Doer,
    action: str,
    entity: str,
    changes: Iterable[tuple[object, Facts | None, Facts | None]],
    *,
    reason: str | None = None,
) -> None:
    """Write a row for each ``(id, before, after)`` in one statement."""
    rows = list(changes)
    if not rows:
        return
    await tx.execute(
        "insert into core.audit_log (school_id, at, id, account_id, person_id, action, entity, "
        "entity_id, before, after, reason) "
        "select $1, $2, x.id, $3, $4, $5, $6, x.entity_id, x.before::jsonb, x.after::jsonb, $7 "
        "from unnest($8::uuid[], $9::text[], $10::text[], $11::text[]) "
        "as x (id, entity_id, before, after)",
        tx.school_id,
        clock.now(),
        doer.account,
        doer.person,
        action,
        entity,
        reason,
        [new_id() for _ in rows],
        [str(entity_id) for entity_id, _, _ in rows],
        [_json(before) for _, before, _ in rows],
        [_json(after) for _, _, after in rows],
    )


def _json(facts: Facts | None) -> str | None:
    return None if facts is None else msgspec.json.encode(facts, enc_hook=_plain).decode()


def _plain(value: object) -> str:
    if isinstance(value, UUID | date | time | Decimal):
        return str(value)
    raise TypeError(f"{type(value).__name__} has no place in the audit log")
