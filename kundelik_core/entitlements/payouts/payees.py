"""Say how vendors are paid. A way is never changed; it ends, and another begins."""

from uuid import UUID

import asyncpg
import msgspec

from kundelik_core.entitlements.payouts.model import BY_HAND, Payee
from kundelik_core.kernel import clock
from kundelik_core.kernel.db import directory
from kundelik_core.kernel.errors import Problem
from kundelik_core.kernel.i18n import N_
from kundelik_core.kernel.ids import new_id

__all__ = ["set_payee"]


async def set_payee(payee: Payee, by: UUID | None = None) -> Payee:
    """Let a vendor be paid so from now on; what was decided before goes the way it was decided.

    Raises:
        Problem: a way to pay needs to know whom, or somebody changed it just now.
    """
    if payee.method != BY_HAND and not payee.destination:
        raise Problem(
            "no-destination", N_("Say which account there the money goes to."), status=422,
            field="destination",
        )  # fmt: skip
    now = clock.now()
    try:
        made = msgspec.convert(
            msgspec.to_builtins(msgspec.structs.replace(payee, since=now)), Payee
        )
    except msgspec.ValidationError as error:
        raise Problem(
            "payee-form", N_("That is too long or too much."), status=422, field="destination"
        ) from error
    conn = await directory().acquire()
    try:
        async with conn.transaction():
            await conn.execute(
                "update directory.payee set until = greatest(since, $2) "
                "where vendor = $1 and until is null",
                made.vendor,
                now,
            )
            await conn.execute(
                "insert into directory.payee (id, vendor, method, destination, least_minor, "
                "account_id, since, set_by) values ($1, $2, $3, $4, $5, $6, $7, $8)",
                new_id(),
                made.vendor,
                made.method,
                made.destination,
                made.least_minor,
                made.account_id,
                now,
                by,
            )
    except asyncpg.UniqueViolationError as error:
        raise Problem(
            "payee-taken", N_("Somebody has changed this just now. Look again."), status=409
        ) from error
    finally:
        await directory().release(conn)
    return made
