"""A school says whom a purchase serves; whoever paid gets what they paid for either way."""

from collections.abc import Iterator
from datetime import timedelta
from uuid import UUID

import pytest

from kundelik_core.entitlements.office import give_place
from kundelik_core.entitlements.purchases.wishes import fulfil
from kundelik_core.entitlements.queries import grants_of
from kundelik_core.entitlements.rules import span_at
from kundelik_core.entitlements.sharing import set_sharing, sharing_history, sharing_of
from kundelik_core.entitlements.terms import Months
from kundelik_core.entitlements.verdict import Facts, reaches
from kundelik_core.kernel.clock import SCHOOL_ZONE, now, set_now
from kundelik_core.kernel.db import Databases, tenant
from kundelik_core.kernel.ids import new_id
from kundelik_core.sdk import entitlements as sdk
from tests.factories import Factory
from tests.integration.entitlements.desk import DAY, NOBODY, NOW, Family


@pytest.fixture(autouse=True)
def _clock(databases: Databases) -> Iterator[None]:
    with set_now(NOW):
        yield


@pytest.fixture
async def family(factory: Factory) -> Family:
    return await Family.make(factory)


async def share(family: Family, shared: bool) -> bool:
    async with tenant(family.school, write=True) as tx:
        return await set_sharing(tx, shared, NOBODY)


async def sees(family: Family, viewer: UUID) -> bool:
    """Whether it is open, with the school's own setting."""
    async with tenant(family.school) as tx:
        shared = await sharing_of(tx)
    facts = Facts(enabled=True, opted_out=False, shared=shared)
    return (await family.ask(viewer, facts)).allowed


async def ends(family: Family, viewer: UUID, shared: bool = False) -> timedelta:
    async with tenant(family.school) as tx:
        there = await grants_of(tx, [family.pupil])
    span = span_at([one for one in there if reaches(one, viewer, shared=shared)], now())
    assert span is not None
    assert span.ends is not None
    return span.ends - NOW


async def test_one_purchase_is_enough_until_the_school_says_otherwise(family: Family) -> None:
    await family.buy("1")
    assert await sees(family, family.father)
    with set_now(NOW + DAY):
        assert await share(family, False)
        assert not await share(family, False)
        # At once, and for what was bought before as well.
        assert not await sees(family, family.father)
        assert await sees(family, family.mother)
        assert await sees(family, family.pupil)
    with set_now(NOW + 2 * DAY):
        assert await share(family, True)
        assert await sees(family, family.father)
    async with tenant(family.school) as tx:
        history = await sharing_history(tx)
    assert [(one.shared, one.since - NOW) for one in history] == [
        (True, 2 * DAY), (False, DAY),
    ]  # fmt: skip


async def test_another_school_s_setting_is_its_own(factory: Factory, family: Family) -> None:
    other = await Family.make(factory)
    await share(other, False)
    async with tenant(family.school) as tx:
        assert await sharing_of(tx)
        assert await sharing_history(tx) == []


async def test_the_second_guardian_gets_time_from_now_on(family: Family) -> None:
    """Not behind the first one's, of which the second sees nothing."""
    await family.buy("1")
    await share(family, False)
    with set_now(NOW + DAY):
        sold = await family.buy("2", holder=family.father)
        assert sold.granted is not None
        assert sold.granted.valid_from == NOW + DAY
        assert await sees(family, family.father)
        # One's own is added to, as ever.
        again = await family.buy("3", holder=family.father)
        assert again.granted is not None
        assert again.granted.valid_from == sold.granted.valid_until
    first = (await family.buy("4")).granted
    assert first is not None
    assert first.valid_from > NOW + 29 * DAY


async def test_where_they_share_the_second_one_adds(family: Family) -> None:
    one = (await family.buy("1")).granted
    two = (await family.buy("2", holder=family.father)).granted
    assert one is not None
    assert two is not None
    assert two.valid_from == one.valid_until


async def test_what_the_school_gives_is_for_all_of_the_family(family: Family) -> None:
    await share(family, False)
    async with tenant(family.school, write=True) as tx:
        await give_place(tx, "rating.view", family.pupil, 1, new_id(), SCHOOL_ZONE, NOBODY)
    assert await sees(family, family.mother)
    assert await sees(family, family.father)
    # What is bought then is behind it, for it serves the buyer too.
    bought = (await family.buy("1")).granted
    assert bought is not None
    assert bought.valid_from > NOW + 29 * DAY


@pytest.mark.parametrize("seats", [None, 30])
async def test_what_the_school_has_bought_is_nobody_s_alone(
    family: Family, seats: int | None
) -> None:
    """Whoever of the school has paid for it."""
    await share(family, False)
    sold = await family.buy("1", Months(1), pupil=None, holder=family.mother, seats=seats)
    assert sold.granted is not None
    if seats:
        async with tenant(family.school, write=True) as tx:
            await tx.execute(
                "insert into core.entitlement_seat (school_id, entitlement_id, pupil_id, begins) "
                "values ($1, $2, $3, $4)",
                family.school, sold.granted.id, family.pupil, NOW,
            )  # fmt: skip
    assert await sees(family, family.father)


async def test_lost_days_are_given_to_each_who_has_paid(family: Family) -> None:
    await share(family, False)
    await family.buy("1")
    await family.buy("2", Months(3), holder=family.father)
    before = [await ends(family, one) for one in (family.mother, family.father)]
    wish = sdk.Credited(ref="q1", student_id=family.pupil, feature="rating.view", days=5)
    for _ in range(2):
        async with tenant(family.school, write=True) as tx:
            await fulfil(tx, wish, None, SCHOOL_ZONE, NOBODY)
    after = [await ends(family, one) for one in (family.mother, family.father)]
    assert [b - a for a, b in zip(before, after, strict=True)] == [5 * DAY] * 2


async def test_a_refund_ends_one_s_own_and_nobody_else_s(family: Family) -> None:
    await share(family, False)
    await family.buy("1")
    await family.buy("2", holder=family.father)
    await family.refund("1")
    assert not await sees(family, family.mother)
    assert await sees(family, family.father)
