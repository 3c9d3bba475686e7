"""The ten rules of paid services, each with the test that is named after it."""

import asyncio
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from kundelik_core.entitlements.access import check_buyer, holdings
from kundelik_core.entitlements.actions import credit_days, grant
from kundelik_core.entitlements.ledger.queries import entries_of
from kundelik_core.entitlements.model import Wanted
from kundelik_core.entitlements.purchases import actions
from kundelik_core.entitlements.purchases.queries import inert
from kundelik_core.entitlements.queries import grants_of, summers
from kundelik_core.entitlements.rules import Span, add_months, spans
from kundelik_core.entitlements.seats import assign_seats, release_seats, seats_of
from kundelik_core.entitlements.terms import Between, Forever, Months, Until
from kundelik_core.entitlements.verdict import Facts
from kundelik_core.kernel.clock import SCHOOL_ZONE, set_now
from kundelik_core.kernel.db import tenant
from kundelik_core.kernel.errors import Problem
from tests.factories import Factory
from tests.integration.entitlements.desk import DAY, GOOD, NOBODY, NOW, Family


@pytest.fixture(autouse=True)
def _clock() -> Iterator[None]:
    with set_now(NOW):
        yield


@pytest.fixture
async def family(factory: Factory) -> Family:
    return await Family.make(factory)


def local(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(SCHOOL_ZONE))


async def test_rule_1_guardian_and_grant_and_module_and_not_opted_out(
    factory: Factory, family: Family
) -> None:
    stranger = await factory.person(family.school, role="parent")
    assert (await family.ask()).reason == "not-granted"
    await family.buy("1")
    verdict = await family.ask()
    assert (verdict.allowed, verdict.until) == (True, add_months(NOW, 1, SCHOOL_ZONE))
    assert (await family.ask(stranger)).reason == "no-guardianship"
    assert (await family.ask(facts=Facts(enabled=False, opted_out=False))).reason == "disabled"
    assert (await family.ask(facts=Facts(enabled=True, opted_out=True))).reason == "opted-out"
    await family.buy("2", scope="math", feature="content.view")
    assert (await family.ask(scope="math", feature="content.view")).allowed
    assert not (await family.ask(scope="physics", feature="content.view")).allowed


async def test_rule_1_days_without_enough_data_are_credited(family: Family) -> None:
    sold = await family.buy("1")
    assert sold.granted
    before = (await family.ask()).until
    assert before
    for _ in range(2):
        async with tenant(family.school, write=True) as tx:
            await credit_days(tx, sold.granted.id, 5, "2026-11", SCHOOL_ZONE, NOBODY)
    assert (await family.ask()).until == before + 5 * DAY
    # What has no end needs no credit.
    ever = await family.buy("2", Forever(), feature="content.view")
    assert ever.granted
    async with tenant(family.school, write=True) as tx:
        assert await credit_days(tx, ever.granted.id, 5, "x", SCHOOL_ZONE, NOBODY) is None


async def test_rule_2_buying_again_extends(family: Family) -> None:
    await asyncio.gather(*(family.buy(str(n)) for n in range(3)))
    assert (await family.ask()).until == add_months(NOW, 3, SCHOOL_ZONE)
    # A gap is a gap: later it begins at the moment of buying.
    later = add_months(NOW, 5, SCHOOL_ZONE)
    with set_now(later):
        assert not (await family.ask()).allowed
        await family.buy("9")
        assert (await family.ask()).until == add_months(later, 1, SCHOOL_ZONE)


async def test_rule_2_the_same_payment_told_twice_grants_once(family: Family) -> None:
    made = await asyncio.gather(*(family.buy("7") for _ in range(4)))
    assert len({sold.sale.order_ref for sold in made}) == 1
    assert len({sold.granted.id for sold in made if sold.granted}) == 1
    async with tenant(family.school) as tx:
        assert len(await grants_of(tx, [family.pupil])) == 1
        assert len({entry.txn for entry in await entries_of(tx, "7")}) == 1


async def test_rule_3_calendar_months_at_the_school(family: Family) -> None:
    with set_now(local("2027-01-31T01:00:00")):
        await family.buy("1")
        assert (await family.ask()).until == local("2027-02-28T01:00:00")


async def test_rule_3_summer_can_be_left_out(family: Family) -> None:
    async with tenant(family.school) as tx:
        rests = await summers(tx, NOW, SCHOOL_ZONE)
    # The school has planned one year; the next is taken to be like it.
    assert rests[0] == Span(local("2027-05-26T00:00:00"), local("2027-09-01T00:00:00"))
    with set_now(local("2027-05-16T00:00:00")):
        sold = await family.buy("1", rests=rests)
        assert sold.granted
        assert (await family.ask()).until == rests[0].begins
        assert (await family.ask(at=local("2027-07-01T00:00:00"))).reason == "suspended"
        # Ten days are used before the summer; twenty-one are left of the month.
        assert (await family.ask(at=local("2027-09-20T00:00:00"))).until == local(
            "2027-09-22T00:00:00"
        )


async def test_rule_4_a_subscription_has_grace_and_then_lapses(family: Family) -> None:
    ends = NOW + 30 * DAY
    await family.buy("s1", Between(NOW, ends))
    assert (await family.ask(at=ends + 2 * DAY)).allowed
    assert (await family.ask(at=ends + 3 * DAY)).reason == "ended"
    # Paid in time: unbroken, and the grace is not added up.
    await family.buy("s2", Between(ends, ends + 30 * DAY))
    assert (await family.ask()).until == ends + 33 * DAY


async def test_rule_4_cancelling_keeps_to_the_end_of_what_is_paid(family: Family) -> None:
    ends = NOW + 30 * DAY
    await family.buy("s1", Between(NOW, ends))
    async with tenant(family.school, write=True) as tx:
        assert await actions.cancel_renewal(tx, "s1", NOBODY)
    async with tenant(family.school, write=True) as tx:
        assert not await actions.cancel_renewal(tx, "s1", NOBODY)
    assert (await family.ask()).until == ends
    await family.buy("m1")
    assert (await family.ask()).until == add_months(ends, 1, SCHOOL_ZONE)


async def test_rule_4_a_month_beside_a_subscription_is_not_swallowed(family: Family) -> None:
    ends = NOW + 30 * DAY
    await family.buy("s1", Between(NOW, ends))
    await family.buy("m1", Months(1))
    await family.buy("s2", Between(ends, ends + 30 * DAY))
    async with tenant(family.school) as tx:
        (whole,) = spans(await grants_of(tx, [family.pupil]))
    assert whole.ends
    month = add_months(ends + 3 * DAY, 1, SCHOOL_ZONE) - (ends + 3 * DAY)
    assert whole.ends - whole.begins >= 60 * DAY + month


async def test_rule_5_a_full_refund_revokes_now(family: Family) -> None:
    await family.buy("1")
    with set_now(NOW + DAY):
        assert (await family.ask()).allowed
        await family.refund("1")
        assert (await family.ask()).reason == "ended"


async def test_rule_5_a_partial_refund_shortens_or_is_kept_by_policy(family: Family) -> None:
    ends = add_months(NOW, 1, SCHOOL_ZONE)
    await family.buy("1")
    await family.refund("1", 33_000, "a", policy="keep")
    assert (await family.ask()).until == ends
    # Half of what is left goes back, and half of the time with it.
    await family.refund("1", 33_000, "b")
    assert (await family.ask()).until == NOW + (ends - NOW) / 2
    # What was used is not taken back.
    late = NOW + 14 * DAY
    with set_now(late):
        await family.refund("1", 32_999, "c")
    assert (await family.ask(at=late - timedelta(seconds=1))).allowed
    assert not (await family.ask(at=late)).allowed


async def test_rule_5_refunds_in_parallel_never_pass_what_was_paid(family: Family) -> None:
    await family.buy("1")
    done = await asyncio.gather(
        *(family.refund("1", 40_000, f"r{n}") for n in range(4)), return_exceptions=True
    )
    refused = [one for one in done if isinstance(one, Problem)]
    assert [one.code for one in refused] == ["too-much", "too-much"]
    # The same refund told again changes nothing.
    through = next(n for n, one in enumerate(done) if not isinstance(one, Problem))
    assert (await family.refund("1", 40_000, f"r{through}")).refunded_minor == 80_000


async def test_rule_5_an_external_refund_waits_for_a_human(family: Family) -> None:
    await family.buy("1")
    async with tenant(family.school, write=True) as tx:
        sale = await actions.money_returned(tx, "1", "dashboard", 99_000, "cash", NOBODY)
    assert (sale.position.undecided, sale.refunded_minor) == (99_000, 0)
    assert (await family.ask()).allowed, "nobody has decided yet"
    accepted = await family.refund("1", sale.position.undecided)
    assert (accepted.position.undecided, accepted.position.owed) == (0, 0)
    assert not (await family.ask()).allowed


async def test_rule_5_an_external_refund_can_be_borne(family: Family) -> None:
    await family.buy("1")
    async with tenant(family.school, write=True) as tx:
        await actions.money_returned(tx, "1", "dashboard", 99_000, "cash", NOBODY)
    async with tenant(family.school, write=True) as tx:
        sale = await actions.absorb(tx, "1", "decided", NOBODY)
    assert sale.position.undecided == 0
    assert (await family.ask()).allowed
    with pytest.raises(Problem, match="too-much"):
        await family.refund("1", 1)


async def test_rule_5_a_dispute_suspends_and_a_won_one_restores(family: Family) -> None:
    await family.buy("1")
    ends = add_months(NOW, 1, SCHOOL_ZONE)
    with set_now(NOW + 5 * DAY):
        async with tenant(family.school, write=True) as tx:
            await actions.dispute_opened(tx, "1", "dp_1", 99_000, NOBODY)
        assert (await family.ask()).reason == "suspended"
        with pytest.raises(Problem, match="disputed"):
            await family.refund("1")
    with set_now(NOW + 15 * DAY):
        for _ in range(2):
            async with tenant(family.school, write=True) as tx:
                await actions.dispute_won(tx, "1", "dp_1", SCHOOL_ZONE, NOBODY)
        # The money stays with us, so the ten days are given back.
        assert (await family.ask()).until == ends + 10 * DAY
        with pytest.raises(Problem, match="no-such-dispute"):
            async with tenant(family.school, write=True) as tx:
                await actions.dispute_lost(tx, "1", "dp_1", NOBODY)


async def test_rule_5_a_lost_dispute_takes_the_grant(family: Family) -> None:
    await family.buy("1")
    async with tenant(family.school, write=True) as tx:
        await actions.dispute_opened(tx, "1", "dp_1", 99_000, NOBODY)
    assert (await family.ask(at=NOW + DAY)).reason == "suspended"
    with set_now(NOW + DAY):
        async with tenant(family.school, write=True) as tx:
            sale = await actions.dispute_lost(tx, "1", "dp_1", NOBODY)
    assert (sale.refunded_minor, sale.returned_minor, sale.held_minor) == (99_000, 99_000, 0)
    assert not (await family.ask(at=NOW + DAY)).allowed
    assert not (await family.ask(at=NOW + 2 * DAY)).allowed


async def test_rule_6_what_cannot_be_used_is_inert_and_owed_in_proportion(
    factory: Factory, family: Family
) -> None:
    await family.buy("1", Until(NOW + 30 * DAY))
    half = NOW + 15 * DAY
    async with tenant(family.school) as tx:
        assert await inert(tx, NOW + 20 * DAY, SCHOOL_ZONE, {}) == []
        (off,) = await inert(tx, NOW + 20 * DAY, SCHOOL_ZONE, {"rating": half})
        assert (off.reason, off.since, off.owed_minor) == ("disabled", half, 49_500)
        assert await inert(tx, NOW + 20 * DAY, SCHOOL_ZONE, {"content": half}) == []
    # The mother's right ends with the 13th; the father still sees it, and she is owed the rest.
    await factory.tenant.execute(
        "update core.guardianship set to_date = $3 where school_id = $1 and guardian_id = $2",
        family.school, family.mother, date(2026, 11, 13),
    )  # fmt: skip
    at = NOW + 20 * DAY
    assert (await family.ask(at=at)).reason == "no-guardianship"
    assert (await family.ask(family.father, at=at)).allowed
    async with tenant(family.school) as tx:
        (one,) = await inert(tx, at, SCHOOL_ZONE, {})
    since = local("2026-11-14T00:00:00")
    share = (NOW + 30 * DAY - since) / (30 * DAY)
    assert (one.reason, one.since, one.holder) == ("no-guardianship", since, family.mother)
    assert one.owed_minor == int(99_000 * share)
    # Accepted, it ends for everybody and is not offered again.
    with set_now(at):
        await family.refund("1", one.owed_minor)
        assert not (await family.ask(family.father, at=at)).allowed
        async with tenant(family.school) as tx:
            assert await inert(tx, at, SCHOOL_ZONE, {}) == []


async def test_rule_6_a_pupil_who_has_left_sees_nothing(factory: Factory, family: Family) -> None:
    await family.buy("1")
    await factory.tenant.execute(
        "update core.membership set to_date = $3 where school_id = $1 and person_id = $2",
        family.school, family.pupil, date(2026, 11, 10),
    )  # fmt: skip
    at = NOW + 10 * DAY
    assert (await family.ask(at=at)).reason == "left"
    async with tenant(family.school) as tx:
        (one,) = await inert(tx, at, SCHOOL_ZONE, {})
    assert one.reason == "left"
    assert 0 < one.owed_minor < 99_000


async def test_rule_7_one_payment_serves_all_guardians(family: Family) -> None:
    await family.buy("1")
    assert (await family.ask(family.father)).allowed
    alone = Facts(enabled=True, opted_out=False, shared=False)
    assert (await family.ask(family.father, alone)).reason == "not-shared"
    # The second parent who pays too extends; nobody pays twice for the same days.
    await family.buy("2", holder=family.father)
    assert (await family.ask()).until == add_months(NOW, 2, SCHOOL_ZONE)


async def test_rule_7_a_pupil_cannot_buy(factory: Factory, family: Family) -> None:
    stranger = await factory.person(family.school, role="parent")
    async with tenant(family.school) as tx:
        await check_buyer(tx, family.father, family.pupil, GOOD, NOW)
        for viewer in (family.pupil, stranger):
            with pytest.raises(Problem, match="not-a-guardian"):
                await check_buyer(tx, viewer, family.pupil, GOOD, NOW)
        off = Facts(enabled=False, opted_out=False)
        with pytest.raises(Problem, match="disabled"):
            await check_buyer(tx, family.mother, family.pupil, off, NOW)


async def test_rule_8_a_school_buys_seats(factory: Factory, family: Family) -> None:
    other = await Family.make(factory, family.school)
    third = await Family.make(factory, family.school)
    sold = await family.buy("1", holder=None, pupil=None, seats=2)
    assert sold.granted
    licence = sold.granted.id
    assert (await family.ask()).reason == "not-granted"

    async def assign(*pupils: object) -> None:
        async with tenant(family.school, write=True) as tx:
            await assign_seats(tx, licence, pupils, NOBODY)  # type: ignore[arg-type]

    await asyncio.gather(assign(family.pupil), assign(family.pupil, other.pupil))
    assert (await family.ask()).allowed
    assert (await other.ask()).allowed
    with pytest.raises(Problem, match="no-seat"):
        await assign(third.pupil)
    with pytest.raises(Problem, match="no-seat"):
        await assign(family.mother)
    with set_now(NOW + DAY):
        async with tenant(family.school, write=True) as tx:
            await release_seats(tx, licence, [other.pupil], NOBODY)
        with pytest.raises(Problem, match="no-such-pupil"):
            await assign(family.mother)
        await assign(third.pupil)
        assert (await third.ask()).allowed
        assert (await other.ask()).reason == "ended"
        async with tenant(family.school) as tx:
            assert set((await seats_of(tx, licence)).pupils) == {family.pupil, third.pupil}
    # Refunded, it ends for all of them; credited, it goes on for those who sit there.
    async with tenant(family.school, write=True) as tx:
        await credit_days(tx, licence, 3, "x", SCHOOL_ZONE, NOBODY)
    ends = add_months(NOW, 1, SCHOOL_ZONE)
    assert (await third.ask(at=ends + 2 * DAY)).allowed
    assert not (await other.ask(at=ends + 2 * DAY)).allowed


async def test_rule_9_a_sale_is_split_and_a_refund_reverses_the_split(family: Family) -> None:
    await family.buy("1", amount_minor=116_000)
    await family.refund("1")
    async with tenant(family.school) as tx:
        entries = await entries_of(tx, "1")
    by_kind = {
        kind: {e.account: e.amount_minor for e in entries if e.kind == kind}
        for kind in ("sale", "refund")
    }
    assert by_kind["sale"] == {
        "cash": 116_000, "payable": -70_000, "commission": -30_000, "tax": -16_000,
    }  # fmt: skip
    assert by_kind["refund"] == {
        "refunds": -116_000, "payable": 70_000, "commission": 30_000, "tax": 16_000,
    }  # fmt: skip


async def test_rule_10_free_places_look_like_paid_ones(factory: Factory, family: Family) -> None:
    poor = await Family.make(factory, family.school)
    await family.buy("1")
    async with tenant(family.school, write=True) as tx:
        wanted = Wanted(
            feature="rating.view", source="grant", source_ref="f1", pupil=poor.pupil,
            holder=poor.mother,
        )  # fmt: skip
        await grant(tx, wanted, add_months(NOW, 1, SCHOOL_ZONE), NOBODY)
    assert await family.ask() == await poor.ask()
    async with tenant(family.school) as tx:
        assert await holdings(tx, family.pupil, NOW) == await holdings(tx, poor.pupil, NOW)


async def test_money_for_which_nothing_can_be_granted_is_owed_back(
    factory: Factory, family: Family
) -> None:
    await family.buy("1", Forever())
    again = await family.buy("2", Forever())
    assert (again.granted, again.reason) == (None, "has-no-end")
    assert again.sale.position.owed == 99_000
    gone = await family.buy("3", pupil=await factory.person(family.school, role="teacher"))
    assert (gone.granted, gone.reason) == (None, "no-such-pupil")
    async with tenant(family.school, write=True) as tx:
        sale = await actions.money_returned(tx, "2", "back", 99_000, "cash", NOBODY)
    assert (sale.position.owed, sale.position.undecided) == (0, 0)
