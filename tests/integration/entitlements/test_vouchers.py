"""A code opens a feature once per child, shows itself once, and leaves no trace of need."""

import asyncio
from collections.abc import Iterator

import pytest

from kundelik_core.entitlements.access import holdings
from kundelik_core.entitlements.model import Granted
from kundelik_core.entitlements.rules import add_months
from kundelik_core.entitlements.vouchers import (
    NewVoucher,
    make_voucher,
    redeem,
    vouchers,
    withdraw_voucher,
)
from kundelik_core.kernel.clock import SCHOOL_ZONE, set_now
from kundelik_core.kernel.db import tenant
from kundelik_core.kernel.errors import Problem
from tests.factories import Factory
from tests.integration.entitlements.desk import DAY, NOBODY, NOW, Family

MONTH = NewVoucher(feature="rating.view", months=1, expires_at=NOW + 30 * DAY)


@pytest.fixture(autouse=True)
def _clock() -> Iterator[None]:
    with set_now(NOW):
        yield


@pytest.fixture
async def family(factory: Factory) -> Family:
    return await Family.make(factory)


async def made(family: Family, new: NewVoucher = MONTH) -> str:
    async with tenant(family.school, write=True) as tx:
        return (await make_voucher(tx, new, NOBODY))[1]


async def used(family: Family, code: str) -> Granted:
    async with tenant(family.school, write=True) as tx:
        return await redeem(tx, code, family.pupil, family.mother, SCHOOL_ZONE, NOBODY)


async def test_a_code_opens_once_however_it_is_typed(factory: Factory, family: Family) -> None:
    code = await made(family)
    first = await used(family, f" {code.lower().replace('-', ' ')} ")
    assert await used(family, code) == first
    assert first.valid_until == add_months(NOW, 1, SCHOOL_ZONE)
    with pytest.raises(Problem, match="code-used"):
        await used(await Family.make(factory, family.school), code)
    with pytest.raises(Problem, match="no-such-code"):
        await used(await Family.make(factory), code)


async def test_two_families_at_once_do_not_share_the_last_use(
    factory: Factory, family: Family
) -> None:
    code = await made(family)
    others = [family, *[await Family.make(factory, family.school) for _ in range(3)]]
    done = await asyncio.gather(*(used(one, code) for one in others), return_exceptions=True)
    assert sum(isinstance(one, Granted) for one in done) == 1
    async with tenant(family.school) as tx:
        assert [(one.uses, one.used) for one in await vouchers(tx)] == [(1, 1)]


async def test_a_code_that_is_over_or_taken_back_opens_nothing(family: Family) -> None:
    code = await made(family)
    with set_now(MONTH.expires_at), pytest.raises(Problem, match="no-such-code"):
        await used(family, code)
    async with tenant(family.school, write=True) as tx:
        (one,) = await vouchers(tx)
        assert await withdraw_voucher(tx, one.id, NOBODY)
        assert not await withdraw_voucher(tx, one.id, NOBODY)
    with pytest.raises(Problem, match="no-such-code"):
        await used(family, code)
    with pytest.raises(Problem, match="until-past"):
        await made(family, NewVoucher(feature="rating.view", months=1, expires_at=NOW))


async def test_the_code_itself_is_kept_nowhere(factory: Factory, family: Family) -> None:
    code = await made(family)
    rows = await factory.tenant.fetch(
        "select v::text as row from core.voucher v where v.school_id = $1 union all "
        "select a::text from core.audit_log a where a.school_id = $1",
        family.school,
    )
    assert len(rows) == 2
    assert not any(code.replace("-", "") in row["row"] or code in row["row"] for row in rows)


async def test_it_looks_like_what_others_have_paid_for(factory: Factory, family: Family) -> None:
    payer = await Family.make(factory, family.school)
    await payer.buy("1")
    await used(family, await made(family))
    assert await family.ask() == await payer.ask()
    async with tenant(family.school) as tx:
        assert await holdings(tx, family.pupil, NOW) == await holdings(tx, payer.pupil, NOW)
