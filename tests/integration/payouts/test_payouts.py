"""What is ripe is paid once, whatever happens between the service's answer and our writing it."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from kundelik_core.entitlements.ledger.actions import HOLD
from kundelik_core.entitlements.ledger.queries import balance_of, month_report
from kundelik_core.entitlements.payouts import actions
from kundelik_core.entitlements.payouts.by_hand import came_back, carry_on, confirm, not_payable
from kundelik_core.entitlements.payouts.model import Payee
from kundelik_core.entitlements.payouts.payees import set_payee
from kundelik_core.entitlements.payouts.queries import (
    dues,
    open_confirmations,
    payees,
    settled,
    underway,
    vendors_of,
)
from kundelik_core.kernel.clock import SCHOOL_ZONE, now, set_now
from kundelik_core.kernel.db import Databases, directory, tenant
from kundelik_core.kernel.errors import Problem
from tests.factories import Factory
from tests.integration.entitlements.desk import DAY, NOBODY, NOW, Family
from tests.integration.payouts.service import WAY, Crash, Fault, Office

LATER = NOW + HOLD


@pytest.fixture(autouse=True)
def _clock(databases: Databases) -> Iterator[None]:
    with set_now(NOW):
        yield


@pytest.fixture
async def office(factory: Factory) -> Office:
    return Office(await Family.make(factory), await Family.make(factory))


async def states(office: Office) -> list[tuple[str, int, int]]:
    return [
        (one["state"], one["amount_minor"], one["returned_minor"]) for one in await office.payouts()
    ]


async def books_are_right(office: Office) -> None:
    for school in office.schools:
        async with tenant(school) as tx:
            report = await month_report(tx, now().year, now().month, "KZT", SCHOOL_ZONE)
        assert report.is_right, report


async def test_nothing_is_paid_before_it_is_ripe_and_all_of_it_then(office: Office) -> None:
    await office.pay_by(WAY)
    await office.sell("1")
    await office.sell("2", family=1)
    assert (await office.run()).made == 0
    with set_now(LATER):
        done = await office.run()
        assert (done.made, done.paid) == (2, 2)
        assert (await office.run()).made == 0
        assert await states(office) == [("paid", 50_000, 0)] * 2
        assert office.service.handed == 100_000
        await books_are_right(office)


@pytest.mark.parametrize("fault", ["crash after", "lost after", "pending"])
async def test_what_was_paid_and_not_heard_of_is_not_paid_again(
    office: Office, fault: Fault
) -> None:
    await office.pay_by(WAY)
    await office.sell("1")
    with set_now(LATER):
        if fault == "crash after":
            with pytest.raises(Crash):
                await office.run(fault)
        else:
            assert (await office.run(fault)).waiting == 1
        assert [one[0] for one in await states(office)] == ["begun"]
        assert office.service.handed == 50_000
    # Days later another sale is ripe as well; that is another payout.
    with set_now(LATER + 2 * DAY):
        await office.run()
    assert await states(office) == [("paid", 50_000, 0)]
    assert (office.service.handed, len(office.service.asked)) == (50_000, 2)
    assert len({ask.key for ask in office.service.asked}) == 1


@pytest.mark.parametrize("fault", ["crash before", "lost before", "busy", "setup"])
async def test_what_was_not_paid_is_paid_the_next_time(office: Office, fault: Fault) -> None:
    await office.pay_by(WAY)
    await office.sell("1")
    with set_now(LATER):
        if fault == "crash before":
            with pytest.raises(Crash):
                await office.run(fault)
        else:
            await office.run(fault)
        kept = "open" if fault in {"busy", "setup"} else "begun"
        assert await states(office) == [(kept, 50_000, 0)]
        await office.run()
    assert await states(office) == [("paid", 50_000, 0)]
    assert office.service.handed == 50_000


@pytest.mark.parametrize("fault", ["declined", "failed"])
async def test_what_a_service_refuses_is_ripe_again_on_another_day(
    office: Office, fault: Fault
) -> None:
    await office.pay_by(WAY)
    await office.sell("1")
    with set_now(LATER):
        assert (await office.run(fault)).failed == 1
        await office.run()
        assert await states(office) == [("failed", 50_000, 0)]
        await books_are_right(office)
    with set_now(LATER + DAY):
        await office.run()
    assert [one[0] for one in await states(office)] == ["failed", "paid"]
    assert office.service.handed == 50_000


async def test_an_answer_to_a_second_try_says_nothing_of_the_first(office: Office) -> None:
    """Else somebody would pay by hand what the service has paid already."""
    await office.pay_by(WAY)
    await office.sell("1")
    with set_now(LATER):
        await office.run("lost after")
        office.service.paid, known = {}, office.service.paid  # it does not find it this time
        await office.run("setup")
        (one,) = await office.payouts()
        assert one["state"] == "begun"
        async with tenant(one["school_id"], write=True) as tx:
            with pytest.raises(Problem, match="payout-asked"):
                await actions.take_over(tx, one["id"], NOBODY)
        office.service.paid = known
        await office.run()
    assert office.service.handed == 50_000


async def test_where_nobody_keeps_orders_any_more_somebody_pays_by_hand(office: Office) -> None:
    await office.pay_by(WAY)
    await office.sell("1")
    office.off = set(office.schools)
    with set_now(LATER):
        await office.run()
        (one,) = await office.payouts()
        assert (one["state"], office.service.asked) == ("open", [])
        async with tenant(one["school_id"], write=True) as tx:
            assert await actions.take_over(tx, one["id"], NOBODY)
        async with tenant(one["school_id"], write=True) as tx:
            assert not await actions.take_over(tx, one["id"], NOBODY)
        office.off = set()
        await office.run()
        assert (await office.confirm()) is not None
    assert (await states(office), office.service.handed) == ([("paid", 50_000, 0)], 0)


async def test_one_transfer_by_hand_is_for_all_schools(office: Office) -> None:
    await office.sell("1")
    await office.sell("2", family=1, minor=60_000)
    with set_now(LATER):
        await office.run()
        assert sum(one.amount_minor for one in await office.listed()) == 80_000
        with pytest.raises(Problem, match="list-changed"):
            await confirm(office.vendor, "KZT", now(), 79_999, None)
        done = await office.confirm()
        assert done is not None
        assert await office.listed() == []
        assert [one.amount_minor for one in await settled(NOW, office.vendor)] == [80_000]
        with pytest.raises(Problem, match="list-changed"):
            await confirm(office.vendor, "KZT", now(), 80_000, None)
        await books_are_right(office)
        # The bank sends it back: ripe again, and decided anew on another day.
        await came_back(done.id, None)
        with pytest.raises(Problem, match="not-found"):
            await came_back(done.id, None)
        assert [one[0] for one in await states(office)] == ["failed"] * 2
        await books_are_right(office)
    with set_now(LATER + DAY):
        assert (await office.run()).made == 2
        assert await not_payable(office.vendor, "KZT", now(), None) == 2
        assert await office.listed() == []
        await books_are_right(office)


async def test_a_confirmation_that_was_cut_short_is_no_list_to_pay_again(office: Office) -> None:
    await office.sell("1")
    await office.sell("2", family=1)
    with set_now(LATER):
        await office.run()
        done = await office.confirm()
        assert done is not None
        # As if the process had died behind the first school.
        await directory().execute(
            "update directory.paid_by_hand set done_at = null where id = $1", done.id
        )
        one = (await office.payouts())[1]
        async with tenant(one["school_id"], write=True) as tx:
            await tx.execute(
                "update core.payout set state = 'open', confirmation = null, settled_at = null "
                "where school_id = $1 and id = $2",
                one["school_id"],
                one["id"],
            )
        assert await office.listed() == []
        with pytest.raises(Problem, match="list-changed"):
            await confirm(office.vendor, "KZT", now(), 50_000, None)
        await office.run()
    assert [one[0] for one in await states(office)] == ["paid", "paid"]
    assert done.id not in {one.id for one in await open_confirmations()}


async def test_a_small_sum_waits_for_more(office: Office) -> None:
    await office.pay_by("", least=60_000)
    await office.sell("1")
    with set_now(LATER):
        assert (await office.run()).made == 0
        await office.sell("2")
    with set_now(LATER + HOLD):
        await office.run()
    assert await states(office) == [("open", 100_000, 0)]


async def test_what_a_vendor_owes_is_carried_on_before_it_is_asked_back(office: Office) -> None:
    await office.pay_by(WAY)
    family = office.families[0]
    await office.sell("1")
    await office.sell("2", minor=40_000)
    with set_now(LATER):
        await office.run()
        assert office.service.handed == 70_000
        await office.sell("3", minor=20_000)
        await family.refund("1", cause="a")
        # It owes 50 000, of which 10 000 will be earned: the rest is asked back, and once.
        await office.run("lost after")
        await office.run()
        assert office.service.handed == 30_000
        assert await states(office) == [("paid", 70_000, 40_000)]
        async with tenant(family.school) as tx:
            found = await balance_of(tx, office.vendor, "KZT", now())
        assert (found.payable_minor, found.matured_minor) == (0, -10_000)
        await books_are_right(office)
    with set_now(LATER + HOLD):
        assert (await office.run()).made == 0
        await books_are_right(office)


async def test_what_was_paid_by_hand_is_carried_on_and_never_asked_back(office: Office) -> None:
    await office.sell("1")
    with set_now(LATER):
        await office.run()
        await office.confirm()
        await office.families[0].refund("1")
        assert (await office.run()).made == 0
        (due,) = [one for one in await dues(now()) if one.vendor == office.vendor]
        assert (due.payable, due.matured, due.paid_out) == (-50_000, -50_000, 50_000)
        await office.sell("2", minor=160_000)
    with set_now(LATER + HOLD):
        await office.run()
    assert [one[1] for one in await states(office)] == [50_000, 30_000]


async def test_a_refused_return_is_tried_again_on_another_day(office: Office) -> None:
    await office.pay_by(WAY)
    await office.sell("1")
    with set_now(LATER):
        await office.run()
        await office.families[0].refund("1")
        assert (await office.run("declined")).failed == 1
        await office.run()
        assert office.service.handed == 50_000
    with set_now(LATER + DAY):
        await office.run()
    assert office.service.handed == 0
    assert not [one for one in await underway() if one.vendor == office.vendor]


async def test_how_a_vendor_is_paid_has_a_history(office: Office) -> None:
    with pytest.raises(Problem, match="no-destination"):
        await set_payee(Payee(vendor=office.vendor, method=WAY))
    await office.pay_by("")
    await office.sell("1")
    with set_now(LATER):
        await office.run()
        await office.pay_by(WAY, least=100)
        found = (await payees())[office.vendor]
        assert (found.method, found.least_minor) == (WAY, 100)
        # What was decided goes the way it was decided.
        await office.run()
        assert len(await office.listed()) == 1
    rows = await directory().fetch(
        "select y.until is null as now from directory.payee y where y.vendor = $1 order by y.since",
        office.vendor,
    )
    assert [row["now"] for row in rows] == [False, True]


async def test_only_whom_the_operator_names_sees_a_vendor_s_money(office: Office) -> None:
    someone = await directory().fetchval(
        "insert into directory.account (id, display_name, created_at) "
        "values (gen_random_uuid(), 'V', $1) returning id",
        NOW,
    )
    await set_payee(Payee(vendor=office.vendor, account_id=someone))
    assert office.vendor in {one.vendor for one in await vendors_of(someone)}
    with set_now(NOW + timedelta(minutes=1)):
        await set_payee(Payee(vendor=office.vendor))
    assert office.vendor not in {one.vendor for one in await vendors_of(someone)}


async def test_a_confirmation_is_safe_to_repeat(office: Office) -> None:
    await office.sell("1")
    with set_now(LATER):
        await office.run()
        done = await office.confirm()
        assert done is not None
        await carry_on(done)
    assert await states(office) == [("paid", 50_000, 0)]
