"""What a plugin asks for is done once, in order, and by nobody who may not ask."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from typing import Any

import asyncpg
import pytest

from kundelik_core.entitlements.catalogue.actions import end_price
from kundelik_core.entitlements.catalogue.model import Price
from kundelik_core.entitlements.purchases.wishes import Fulfilled, Priced, fulfil, fulfil_many
from kundelik_core.entitlements.queries import grants_of
from kundelik_core.entitlements.rules import add_months, end_of_day
from kundelik_core.entitlements.terms import GRACE
from kundelik_core.kernel.clock import SCHOOL_ZONE, set_now
from kundelik_core.kernel.db import Tenant, tenant
from kundelik_core.kernel.errors import Problem
from kundelik_core.kernel.ids import new_id
from kundelik_core.plugins import wishes
from kundelik_core.plugins.wishes import Settled, settle, settle_waiting
from kundelik_core.sdk import (
    Absorbed,
    Bought,
    Credited,
    DisputeLost,
    DisputeOpened,
    DisputeWon,
    Refunded,
    RenewalEnded,
    Returned,
    Wish,
)
from tests.factories import Factory
from tests.integration.entitlements.desk import DAY, NOW, Family
from tests.integration.wishes.conftest import Asker, price_id

ROWS = "select * from core_api.entitlement_v1 order by begins_at"
MONTH = add_months(NOW, 1, SCHOOL_ZONE)


def bought(family: Family, price: Price, ref: str = "o:1", **rest: object) -> Bought:
    fields: dict[str, object] = {
        "ref": ref, "price_id": price_id(price), "amount_minor": 100_000,
        "student_id": family.pupil, "holder_id": family.mother,
    }  # fmt: skip
    return Bought(**(fields | rest))  # type: ignore[arg-type]


def stumble(monkeypatch: pytest.MonkeyPatch, at: Callable[[Wish], bool]) -> None:
    """Let it go wrong with some wishes, after a part of them was written."""

    async def alone(tx: Tenant, wish: Wish, *rest: Any) -> Fulfilled:
        made = await fulfil(tx, wish, *rest)
        if at(wish):
            raise OSError("the disk is full")
        return made

    async def together(
        tx: Tenant, several: Sequence[tuple[Wish, Priced]], *rest: Any
    ) -> list[Fulfilled | Problem]:
        made = await fulfil_many(tx, several, *rest)
        if any(at(wish) for wish, _ in several):
            raise OSError("the disk is full")
        return made

    monkeypatch.setattr(wishes, "fulfil", alone)
    monkeypatch.setattr(wishes, "fulfil_many", together)


async def test_what_was_paid_is_open_at_once(
    till: Asker, shop: Asker, month: Price, family: Family
) -> None:
    assert await till.ask(family.school, bought(family, month)) == Settled(1)
    (row,) = await shop.see(family.school, ROWS)
    assert row["student_id"] == family.pupil
    assert (row["feature"], row["scope"]) == (f"{shop.name}.view", "*")
    assert (row["begins_at"], row["ends_at"], row["grace_at"]) == (NOW, MONTH, None)
    (money,) = await till.see(family.school, "select * from core_api.money_v1")
    assert (money["order_ref"], money["amount_minor"]) == ("o:1", 100_000)
    (wish,) = await till.see(family.school, "select * from core_api.wish_v1")
    assert (wish["state"], wish["entitlement_id"]) == ("done", row["entitlement_id"])
    # The same once more, and both at a time: nothing new.
    assert await till.ask(family.school, bought(family, month)) == Settled()
    async with tenant(family.school) as tx:
        assert len(await grants_of(tx, [family.pupil])) == 1


async def test_an_ended_price_still_counts_for_what_was_bought_at_it(
    till: Asker, shop: Asker, whole_year: Price, family: Family
) -> None:
    await end_price(whole_year.sku, "KZT", "school_year", "parent")
    await till.ask(family.school, bought(family, whole_year))
    (row,) = await shop.see(family.school, ROWS)
    assert row["ends_at"] == end_of_day(date(2027, 5, 25), SCHOOL_ZONE)
    # After the last year that is planned there is no time to give: the money is owed back.
    with set_now(NOW + 400 * DAY):
        await till.ask(family.school, bought(family, whole_year, "o:2"))
    assert await till.states(family.school) == [
        ("Bought", "done", ""), ("Bought", "done", "nothing-to-add"),
    ]  # fmt: skip
    rows = await till.see(
        family.school, "select refunded_minor from core_api.money_v1 order by order_ref"
    )
    assert [row["refunded_minor"] for row in rows] == [0, 100_000]


async def test_the_life_of_a_payment(
    till: Asker, shop: Asker, month: Price, family: Family
) -> None:
    school = family.school
    await till.ask(school, bought(family, month))
    await till.ask(school, DisputeOpened(ref="o:1", dispute="d1", amount_minor=100_000))
    # What was open up to the dispute stays so in the history: no time had passed here.
    assert await shop.see(school, ROWS) == []
    with set_now(NOW + 2 * DAY):
        await till.ask(school, DisputeWon(ref="o:1", dispute="d1"))
        rows = await shop.see(school, ROWS)
        assert sum((row["ends_at"] - row["begins_at"] for row in rows), timedelta()) == (
            MONTH - NOW
        )
        await till.ask(school, Refunded(ref="o:1", cause="r1", amount_minor=40_000, policy="keep"))
        await till.ask(school, Returned(ref="o:1", cause="re1", amount_minor=40_000))
        assert await shop.see(school, ROWS) == rows
        await till.ask(school, Returned(ref="o:1", cause="re2", amount_minor=10_000))
        await till.ask(school, Absorbed(ref="o:1", cause="a1"))
        await till.ask(school, DisputeOpened(ref="o:1", dispute="d2", amount_minor=50_000))
        await till.ask(school, DisputeLost(ref="o:1", dispute="d2"))
        (money,) = await till.see(school, "select * from core_api.money_v1")
        told = {name: money[name] for name in money if name.endswith("_minor")}
        told.pop("unused_minor", None)
        assert told == {
            "amount_minor": 100_000, "refunded_minor": 90_000, "returned_minor": 90_000,
            "absorbed_minor": 10_000, "held_minor": 0,
        }  # fmt: skip
        assert {state for _, state, _ in await till.states(school)} == {"done"}
        assert await till.ask(school, Refunded(ref="o:1", cause="r9")) == Settled(refused=1)


async def test_a_subscription_does_not_move_by_its_days_of_grace(
    till: Asker, shop: Asker, month: Price, family: Family
) -> None:
    await till.ask(family.school, bought(family, month, renews=True))
    (row,) = await shop.see(family.school, ROWS)
    assert (row["ends_at"], row["grace_at"]) == (MONTH + GRACE, MONTH)
    with set_now(MONTH + DAY):
        await till.ask(family.school, bought(family, month, "o:2", renews=True))
        await till.ask(family.school, RenewalEnded(ref="o:2"))
    _, second = await shop.see(family.school, ROWS)
    assert second["begins_at"] == MONTH
    assert (second["ends_at"], second["grace_at"]) == (add_months(NOW, 2, SCHOOL_ZONE), None)


async def test_nothing_overtakes_what_could_not_be_done_yet(
    till: Asker, month: Price, family: Family, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A refund waits for its payment; another order does not."""

    def full(wish: Wish) -> bool:
        return wish.ref == "o:1"

    several = (
        bought(family, month), Refunded(ref="o:1", cause="r1"), bought(family, month, "o:2"),
    )  # fmt: skip
    stumble(monkeypatch, full)
    assert await till.ask(family.school, *several) == Settled(done=1, left=1)
    monkeypatch.undo()
    # It is not tried in the same second.
    assert await settle(family.school, till.name) == Settled()
    with set_now(NOW + DAY):
        assert await settle(family.school, till.name) == Settled(done=2)
    assert [state for _, state, _ in await till.states(family.school)] == ["done"] * 3


async def test_two_at_a_time_do_each_once(till: Asker, month: Price, family: Family) -> None:
    several: list[Wish] = [bought(family, month, f"o:{n}") for n in range(4)]
    several += [Refunded(ref=f"o:{n}", cause=f"r{n}") for n in range(4)]
    await till.ask(family.school, *several, and_settle=False)
    await asyncio.gather(*(settle(family.school, till.name) for _ in range(4)))
    assert [state for _, state, _ in await till.states(family.school)] == ["done"] * 8
    rows = await till.see(family.school, "select refunded_minor from core_api.money_v1")
    assert [row["refunded_minor"] for row in rows] == [100_000] * 4


async def test_the_worker_finds_what_was_left(
    till: Asker, month: Price, family: Family, factory: Factory
) -> None:
    await till.ask(family.school, bought(family, month), and_settle=False)
    await settle_waiting()
    assert (await till.states(family.school))[0][1] == "pending"  # its call may be under way
    await factory.tenant.execute(
        "update core.plugin_wish set asked_at = asked_at - interval '1 minute' "
        "where school_id = $1", family.school,
    )  # fmt: skip
    assert await settle_waiting() >= 1
    assert (await till.states(family.school))[0][1] == "done"


async def test_what_cannot_be_is_refused_and_said(
    till: Asker, shop: Asker, month: Price, family: Family
) -> None:
    wrong: list[Wish] = [
        bought(family, month, "w:1", amount_minor=0),
        bought(family, month, "w:2", price_id=new_id()),
        bought(family, month, "w:3", holder_id=new_id()),
        bought(family, month, "w:4", seats=3),
        Refunded(ref="w:5", cause="x"),
        Absorbed(ref="w:6", cause="x"),
    ]
    assert await till.ask(family.school, *wrong) == Settled(refused=len(wrong))
    assert [reason for _, _, reason in await till.states(family.school)] == [
        "wish-form", "no-such-price", "not-possible", "wish-form", "not-found", "not-found",
    ]  # fmt: skip
    assert await shop.see(family.school, ROWS) == []
    # For a child who is not there the money is taken and owed back.
    await till.ask(family.school, bought(family, month, "w:7", student_id=new_id()))
    (money,) = await till.see(family.school, "select * from core_api.money_v1")
    assert (money["refunded_minor"], money["entitlement_id"]) == (100_000, None)
    assert (await till.states(family.school))[-1] == ("Bought", "done", "no-such-pupil")


async def test_days_are_given_back_to_what_was_last_in_force(
    till: Asker, shop: Asker, month: Price, family: Family
) -> None:
    school, feature = family.school, f"{shop.name}.view"
    wish = Credited(ref="c:1", student_id=family.pupil, feature=feature, days=3)
    assert await shop.ask(school, wish) == Settled(refused=1)  # nothing was ever granted
    await till.ask(school, bought(family, month))
    again = Credited(ref="c:" + "2" * 78, student_id=family.pupil, feature=feature, days=3)
    with set_now(MONTH + DAY):
        assert await shop.ask(school, again) == Settled(1)
        assert await shop.ask(school, again) == Settled()
    rows = await shop.see(school, ROWS)
    assert [(row["begins_at"], row["ends_at"]) for row in rows] == [
        (NOW, MONTH), (MONTH + DAY, MONTH + 4 * DAY),
    ]  # fmt: skip


async def test_who_may_ask_and_see(
    till: Asker, other_till: Asker, shop: Asker, month: Price, family: Family
) -> None:
    school = family.school
    with pytest.raises(PermissionError):
        await shop.ask(school, bought(family, month))
    foreign = Credited(ref="c", student_id=family.pupil, feature="other.view", days=1)
    with pytest.raises(PermissionError):
        await shop.ask(school, foreign)
    # Past the facade PostgreSQL says the same.
    for sql in (
        """select core_api.ask('Bought', 'x', '{"type": "Bought", "ref": "x"}')""",
        """select core_api.ask('Credited', 'x',
             '{"type": "Credited", "ref": "x", "feature": "other.view"}')""",
    ):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with shop.half.pool.transaction(shop.half.token(school), write=True) as tx:
                await tx.fetchval(sql)
    # Another one that takes money sees the time, and neither the order nor a way to it.
    await till.ask(school, bought(family, month))
    assert len(await other_till.see(school, ROWS)) == 1
    assert await other_till.see(school, "select * from core_api.money_v1") == []
    assert await other_till.see(school, "select * from core_api.wish_v1") == []
    for wish in (Refunded(ref="o:1", cause="r1"), bought(family, month)):
        assert await other_till.ask(school, wish) == Settled(refused=1)
    assert {reason for _, _, reason in await other_till.states(school)} == {"not-yours"}


async def test_nobody_asks_without_a_school_or_without_the_right(
    till: Asker, family: Family
) -> None:
    conn = await till.half.connect()
    try:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await conn.execute(
                """select core_api.ask('Absorbed', 'x',
                     '{"type": "Absorbed", "ref": "x", "cause": "c"}')"""
            )
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await conn.execute("select * from core.plugin_wish")
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await conn.execute("select * from core_plugins.waiting_wishes(0)")
    finally:
        await conn.close()
    with pytest.raises(asyncpg.InvalidParameterValueError):
        async with till.half.pool.transaction(till.half.token(family.school), write=True) as tx:
            await tx.fetchval("""select core_api.ask('Absorbed', 'x', '{"type": "Refunded"}')""")


async def test_a_wish_of_a_transaction_that_failed_is_none(
    till: Asker, month: Price, family: Family
) -> None:
    from kundelik_core.plugins.asking import PluginWishes

    facade = PluginWishes(till.name, till.manifest)
    with pytest.raises(ZeroDivisionError):
        async with till.half.pool.transaction(till.half.token(family.school), write=True) as tx:
            await facade.ask(tx, bought(family, month))
            raise ZeroDivisionError
    assert await settle(family.school, till.name) == Settled()
    assert await till.states(family.school) == []


async def test_one_pupil_s_credit_does_not_wait_for_another_s(
    till: Asker, shop: Asker, month: Price, factory: Factory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A class gets its days back under one number; what fails for one pupil fails for no other."""
    one = await Family.make(factory)
    two = await Family.make(factory, one.school)
    for n, family in enumerate((one, two)):
        await till.ask(one.school, bought(family, month, f"o:{n}"))

    stumble(monkeypatch, lambda wish: getattr(wish, "student_id", None) == one.pupil)
    several = [
        Credited(ref="q1", student_id=family.pupil, feature=f"{shop.name}.view", days=2)
        for family in (one, two)
    ]
    assert await shop.ask(one.school, *several) == Settled(done=1, left=1)
