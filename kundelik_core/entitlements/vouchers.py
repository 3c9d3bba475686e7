"""Give out codes that open a feature, for families who are not to pay.

Only digests of the codes are kept, and a code is shown once. What a code opens looks to everybody
as if it had been bought: ``holdings`` in ``access`` says so of both in the same words.
"""

import hashlib
import secrets
from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec

from kundelik_core.entitlements.actions import extend
from kundelik_core.entitlements.model import EVERYTHING, Granted, Wanted
from kundelik_core.entitlements.queries import by_source
from kundelik_core.entitlements.rules import check_feature
from kundelik_core.kernel import clock
from kundelik_core.kernel.audit import Doer, audit
from kundelik_core.kernel.db import Tenant
from kundelik_core.kernel.errors import Problem
from kundelik_core.kernel.i18n import N_
from kundelik_core.kernel.ids import new_id

__all__ = ["NewVoucher", "Voucher", "make_voucher", "redeem", "vouchers", "withdraw_voucher"]

# No letter or digit that is taken for another, in Latin or in Cyrillic.
_LETTERS: Final = "23456789DFGJLQRSUVWZ"
_LENGTH: Final = 16


class NewVoucher(msgspec.Struct, frozen=True, kw_only=True):
    """What a code opens, how often, and how long it may be used."""

    feature: str
    months: int
    expires_at: datetime
    uses: int = 1
    scope: str = EVERYTHING


class Voucher(msgspec.Struct, frozen=True, kw_only=True):
    """A code that was given out; not the code itself, nor who used it."""

    id: UUID
    feature: str
    scope: str
    months: int
    uses: int
    used: int
    made_at: datetime
    expires_at: datetime
    withdrawn_at: datetime | None


async def make_voucher(tx: Tenant, new: NewVoucher, doer: Doer) -> tuple[UUID, str]:
    """Make a voucher and return its id and its code, which cannot be read again.

    Raises:
        Problem: its last moment is past, or the feature's name is none.
    """
    check_feature(new.feature)
    now, made = clock.now(), new_id()
    if new.expires_at <= now:
        raise Problem("until-past", N_("The last day lies in the past."), status=422, field="until")
    code = "".join(secrets.choice(_LETTERS) for _ in range(_LENGTH))
    await tx.execute(
        "insert into core.voucher (school_id, id, code_hash, feature, scope, months, uses, "
        "made_at, expires_at) values ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        tx.school_id,
        made,
        _digest(code),
        new.feature,
        new.scope,
        new.months,
        new.uses,
        now,
        new.expires_at,
    )
    facts = {"feature": new.feature, "months": new.months, "uses": new.uses}
    await audit(tx, doer, "voucher.make", "voucher", made, after=facts)
    return made, "-".join(code[n : n + 4] for n in range(0, _LENGTH, 4))


async def redeem(
    tx: Tenant, code: str, pupil: UUID, holder: UUID, zone: str, doer: Doer
) -> Granted:
    """Open what a code is for; a code opens it for a pupil once, however often it is sent.

    Raises:
        Problem: there is no such code, or it is used up, over or taken back.
    """
    row = await tx.fetchrow(
        "select v.id, v.feature, v.scope, v.months, v.used < v.uses as free "
        "from core.voucher v where v.school_id = $1 and v.code_hash = $2 "
        "and v.withdrawn_at is null and v.expires_at > $3 for update",
        tx.school_id,
        _digest(code),
        clock.now(),
    )
    if row is None:
        raise Problem(
            "no-such-code", N_("There is no such code, or its time is over."), status=404,
            field="code",
        )  # fmt: skip
    ref = f"{row['id']}/{pupil}"
    known = await by_source(tx, "voucher", ref)
    if known:
        return known
    if not row["free"]:
        raise Problem("code-used", N_("This code has been used."), status=409, field="code")
    wanted = Wanted(
        feature=row["feature"], source="voucher", source_ref=ref, pupil=pupil, holder=holder,
        scope=row["scope"],
    )  # fmt: skip
    made = await extend(tx, wanted, row["months"], zone, doer)
    await tx.execute(
        "update core.voucher set used = used + 1 where school_id = $1 and id = $2",
        tx.school_id,
        row["id"],
    )
    return made


async def withdraw_voucher(tx: Tenant, voucher: UUID, doer: Doer) -> bool:
    """Let a code open nothing more; what it has opened stays. False when that was done before."""
    done = await tx.fetchval(
        "update core.voucher set withdrawn_at = $3 where school_id = $1 and id = $2 "
        "and withdrawn_at is null returning true",
        tx.school_id,
        voucher,
        clock.now(),
    )
    if done:
        await audit(tx, doer, "voucher.withdraw", "voucher", voucher)
    return bool(done)


async def vouchers(tx: Tenant) -> list[Voucher]:
    """Return the vouchers of the school, the latest first."""
    rows = await tx.fetch(
        "select v.id, v.feature, v.scope, v.months, v.uses, v.used, v.made_at, v.expires_at, "
        "v.withdrawn_at from core.voucher v where v.school_id = $1 order by v.made_at desc, v.id",
        tx.school_id,
    )
    return [msgspec.convert(dict(row), Voucher) for row in rows]


def _digest(code: str) -> bytes:
    """Return the digest of a code however it was typed; 69 random bits need no salt."""
    plain = "".join(sign for sign in code.upper() if sign.isalnum())
    return hashlib.sha256(plain.encode()).digest()
