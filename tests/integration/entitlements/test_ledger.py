"""The database holds the ledger even against us; vendors are paid what is ripe; a month adds up."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest

from kundelik_core.entitlements.ledger.actions import (
    HOLD,
    book_fee,
    pay_out,
    payout_failed,
    settle,
)
from kundelik_core.entitlements.ledger.model import MonthReport, VendorBalance
from kundelik_core.entitlements.ledger.queries import (
    balance_of,
    losses,
    month_report,
    sale_of,
    waiting,
)
from kundelik_core.entitlements.purchases import actions
from kundelik_core.kernel.clock import SCHOOL_ZONE, now, set_now
from kundelik_core.kernel.db import tenant
from kundelik_core.kernel.errors import Problem
from kundelik_core.kernel.ids import new_id
from tests.factories import Factory
from tests.integration.entitlements.desk import DAY, NOBODY, NOW, Family

RIPE = NOW + HOLD


@pytest.fixture(autouse=True)
def _clock() -> Iterator[None]:
    with set_now(NOW):
        yield


@pytest.fixture
async def family(factory: Factory) -> Family:
    return await Family.make(factory)


async def balance(family: Family) -> VendorBalance:
    async with tenant(family.school) as tx:
        return await balance_of(tx, "ustaz", "KZT", now())


async def payout(family: Family, cause: str, amount: int | None = None) -> int:
    async with tenant(family.school, write=True) as tx:
        return await pay_out(tx, "ustaz", "KZT", cause, NOBODY, amount)


async def report(family: Family, month: int, year: int = 2026) -> MonthReport:
    async with tenant(family.school) as tx:
        return await month_report(tx, year, month, "KZT", SCHOOL_ZONE)


async def post(family: Family, **columns: object) -> None:
    """Write a transaction past every function of ours, as the application's role."""
    fields = {
        "school_id": family.school, "id": new_id(), "kind": "sale", "cause": "forged",
        "created": NOW, "currency": "KZT",
    } | columns  # fmt: skip
    places = ", ".join(f"${n}" for n in range(1, len(fields) + 1))
    async with tenant(family.school, write=True) as tx:
        await tx.execute(
            f"insert into core.ledger_txn ({', '.join(fields)}) values ({places})",
            *fields.values(),
        )


@pytest.mark.parametrize(
    "columns",
    [
        {"cash": 100},
        {"cash": 100, "commission": -99},
        {},
        {"cash": 5, "payable": -5},
    ],
    ids=["one leg", "a tiyn is missing", "nothing moves", "payable to nobody"],
)
async def test_what_does_not_balance_cannot_be_written(
    family: Family, columns: dict[str, object]
) -> None:
    with pytest.raises(asyncpg.CheckViolationError):
        await post(family, **columns)


@pytest.mark.parametrize(
    "statement",
    [
        "update core.ledger_txn set cash = 0, commission = 0 where school_id = $1",
        "delete from core.ledger_txn where school_id = $1",
        "delete from core.sale where school_id = $1",
        "update core.sale set amount_minor = 1 where school_id = $1",
        "update core.sale set entitlement_id = null where school_id = $1",
    ],
)
async def test_what_is_booked_stays(family: Family, statement: str) -> None:
    await family.buy("1")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with tenant(family.school, write=True) as tx:
            await tx.execute(statement, family.school)


@pytest.mark.parametrize(
    "change",
    [
        "refunded_minor = amount_minor + 1",
        "refunded_minor = 1",
        "returned_minor = amount_minor + 1",
        "held_minor = 1",
        "vendor_left = vendor_left - 1",
    ],
)
async def test_the_counters_of_a_sale_cannot_run_past_its_money(
    family: Family, change: str
) -> None:
    await family.buy("1")
    with pytest.raises(asyncpg.CheckViolationError):
        async with tenant(family.school, write=True) as tx:
            await tx.execute(f"update core.sale set {change} where school_id = $1", family.school)


async def test_money_without_a_grant_cannot_be_kept(family: Family) -> None:
    sql = (
        "insert into core.sale (school_id, order_ref, sku, currency, amount_minor, vendor_left, "
        "commission_left, tax_left, sold_at, matures_at) "
        "values ($1, 'x', 'rating.month', 'KZT', 5, 5, 0, 0, $2, $2)"
    )
    with pytest.raises(asyncpg.CheckViolationError):
        async with tenant(family.school, write=True) as tx:
            await tx.execute(sql, family.school, NOW)


async def test_a_vendor_is_paid_what_is_ripe_and_once(family: Family) -> None:
    await family.buy("1", amount_minor=116_000)
    assert await balance(family) == VendorBalance(
        vendor="ustaz", currency="KZT", payable_minor=70_000, matured_minor=0, paid_out_minor=0
    )
    with set_now(RIPE - timedelta(seconds=1)), pytest.raises(Problem, match="not-ripe"):
        await payout(family, "p1")
    with set_now(RIPE):
        with pytest.raises(Problem, match="not-ripe"):
            await payout(family, "p1", 70_001)
        assert await payout(family, "p1") == 70_000
        assert await payout(family, "p1") == 70_000
        assert (await balance(family)).payable_minor == 0
        with pytest.raises(Problem, match="not-ripe"):
            await payout(family, "p2")


async def test_two_payouts_at_once_pay_once(family: Family) -> None:
    await family.buy("1", amount_minor=116_000)
    with set_now(RIPE):
        done = await asyncio.gather(
            *(payout(family, f"p{n}") for n in range(4)), return_exceptions=True
        )
    assert [one for one in done if isinstance(one, int)] == [70_000]
    assert {one.code for one in done if isinstance(one, Problem)} == {"not-ripe"}


async def test_a_refund_after_the_payout_is_carried_on(family: Family) -> None:
    await family.buy("1", amount_minor=116_000)
    with set_now(RIPE):
        await payout(family, "p1")
        await family.refund("1")
        owed = await balance(family)
        assert (owed.payable_minor, owed.matured_minor) == (-70_000, -70_000)
        await family.buy("2", amount_minor=232_000)
        with pytest.raises(Problem, match="not-ripe"):
            await payout(family, "p2")
    with set_now(RIPE + HOLD):
        assert await payout(family, "p2") == 70_000
        assert (await report(family, 12)).is_right


async def test_a_refund_before_ripeness_takes_from_its_own_sale(family: Family) -> None:
    await family.buy("1", amount_minor=116_000)
    with set_now(NOW + 10 * DAY):
        await family.buy("2", amount_minor=116_000)
        await family.refund("2")
    with set_now(RIPE):
        assert (await balance(family)).matured_minor == 70_000


async def test_disputed_money_is_not_paid_out(family: Family) -> None:
    await family.buy("1", amount_minor=116_000)
    with set_now(RIPE):
        async with tenant(family.school, write=True) as tx:
            await actions.dispute_opened(tx, "1", "d", 116_000, NOBODY)
        with pytest.raises(Problem, match="not-ripe"):
            await payout(family, "p1")
        async with tenant(family.school, write=True) as tx:
            await actions.dispute_won(tx, "1", "d", SCHOOL_ZONE, NOBODY)
        assert await payout(family, "p1") == 70_000


async def test_a_payout_that_comes_back_is_payable_again(family: Family) -> None:
    await family.buy("1", amount_minor=116_000)
    with set_now(RIPE):
        await payout(family, "p1")
        for _ in range(2):
            async with tenant(family.school, write=True) as tx:
                assert await payout_failed(tx, "ustaz", "KZT", "p1", NOBODY) == 70_000
        assert await payout(family, "p2") == 70_000
        assert (await report(family, 11)).is_right
        with pytest.raises(Problem, match="not-found"):
            async with tenant(family.school, write=True) as tx:
                await payout_failed(tx, "ustaz", "KZT", "p9", NOBODY)


async def test_a_provider_hands_over_less_its_fee(family: Family) -> None:
    await family.buy("1", till="receivable")
    with pytest.raises(Problem, match="does-not-settle"):
        async with tenant(family.school, write=True) as tx:
            await settle(tx, "1", "s1", 90_000, 3_000, NOBODY)
    async with tenant(family.school, write=True) as tx:
        assert await settle(tx, "1", "s1", 96_029, 2_970, NOBODY)
    async with tenant(family.school, write=True) as tx:
        assert not await settle(tx, "1", "s1", 96_029, 2_970, NOBODY)
    with pytest.raises(Problem, match="does-not-settle"):
        async with tenant(family.school, write=True) as tx:
            await settle(tx, "1", "s2", 1, 0, NOBODY)
    async with tenant(family.school, write=True) as tx:
        assert await book_fee(tx, "1", "f1", 500, NOBODY)
    closing = {line.account: line.closing_minor for line in (await report(family, 11)).lines}
    assert (closing["cash"], closing["fees"], closing["rounding"], closing["receivable"]) == (
        95_529, 3_470, 1, 0,
    )  # fmt: skip


async def test_what_waits_for_somebody_is_listed(family: Family) -> None:
    await family.buy("1")
    await family.buy("2")
    await family.buy("3")
    await family.refund("1", 10_000)
    async with tenant(family.school, write=True) as tx:
        await actions.money_returned(tx, "2", "x", 5_000, "cash", NOBODY)
    async with tenant(family.school) as tx:
        found = await waiting(tx)
    assert [(s.order_ref, s.position.owed, s.position.undecided) for s in found] == [
        ("1", 10_000, 0),
        ("2", 0, 5_000),
    ]


async def test_a_cause_belongs_to_one_sale(family: Family) -> None:
    await family.buy("1")
    await family.buy("2")
    await family.refund("1", 1_000, "r")
    with pytest.raises(Problem, match="cause-taken"):
        await family.refund("2", 1_000, "r")
    async with tenant(family.school) as tx:
        assert (await sale_of(tx, "2")).refunded_minor == 0
        with pytest.raises(Problem, match="not-found"):
            await sale_of(tx, "9")


async def test_a_month_is_the_school_s_and_adds_up(family: Family) -> None:
    # An hour before the month ends in Almaty, and an hour after; in UTC both are the 30th.
    with set_now(datetime(2026, 11, 30, 18, 0, tzinfo=UTC)):
        await family.buy("1", amount_minor=116_000)
    with set_now(datetime(2026, 11, 30, 20, 0, tzinfo=UTC)):
        await family.refund("1", 58_000)
    november, december = await report(family, 11), await report(family, 12)
    assert november.is_right
    assert december.is_right
    assert {line.account: line.closing_minor for line in november.lines} == {
        "cash": 116_000, "payable": -70_000, "commission": -30_000, "tax": -16_000,
    }  # fmt: skip
    cash = next(line for line in december.lines if line.account == "cash")
    assert (cash.opening_minor, cash.moved, cash.closing_minor) == (116_000, {}, 116_000)
    tax = next(line for line in december.lines if line.account == "tax")
    assert (tax.opening_minor, tax.moved) == (-16_000, {"refund": 8_000})
    assert (await report(family, 1, 2027)).is_right


async def test_the_report_finds_what_is_wrong(factory: Factory, family: Family) -> None:
    await family.buy("1")
    await family.refund("1", 1_000)
    assert (await report(family, 11)).is_right
    # What only an owner of the database could do.
    await factory.tenant.execute(
        "update core.sale set returned_minor = 500 where school_id = $1", family.school
    )
    await factory.tenant.execute(
        "insert into core.entitlement (school_id, id, feature, valid_from, source, source_ref, "
        "granted_at) values ($1, $2, 'rating.view', $3, 'order', 'stolen', $3)",
        family.school, new_id(), NOW,
    )  # fmt: skip
    found = await report(family, 11)
    assert {name: n for name, n in found.differences.items() if n} == {
        "refunds": -500, "grants_without_money": 1,
    }  # fmt: skip


async def test_another_school_s_money_is_not_seen(factory: Factory, family: Family) -> None:
    other = await Family.make(factory)
    await family.buy("1")
    await other.buy("1")
    await other.refund("1")
    async with tenant(family.school) as tx:
        assert (await sale_of(tx, "1")).refunded_minor == 0
        seen = await tx.fetchval(
            "select count(distinct l.school_id) from core.ledger_entry l -- tenant-lint: off"
        )
    assert seen == 1


async def test_what_a_bank_takes_once_more_is_our_loss_and_nobody_else_s(family: Family) -> None:
    """It was given back, and then the payer's bank was right as well."""
    await family.buy("1")
    before = await balance(family)
    await family.refund("1")
    async with tenant(family.school, write=True) as tx:
        await actions.money_returned(tx, "1", "r1", 99_000, "cash", NOBODY)
        await actions.dispute_opened(tx, "1", "d1", 99_000, NOBODY)
    async with tenant(family.school, write=True) as tx:
        sale = await actions.dispute_lost(tx, "1", "d1", NOBODY)
    assert (sale.returned_minor, sale.charged_minor, sale.position.lost) == (
        198_000,
        99_000,
        99_000,
    )
    found = await report(family, 11)
    assert found.is_right
    lines = {line.account: line.closing_minor for line in found.lines}
    assert lines["losses"] == 99_000
    assert lines["cash"] == -99_000
    # The vendor's share was taken back once, by the refund.
    after = await balance(family)
    assert (before.payable_minor > 0, after.payable_minor) == (True, 0)
    async with tenant(family.school) as tx:
        assert await waiting(tx) == []
    mine = [one for one in await losses(NOW - DAY) if one.school_id == family.school]
    assert [(one.order_ref, one.losses) for one in mine] == [("1", 99_000)]
