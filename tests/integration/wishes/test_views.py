"""The view of what is in force says what the rules say, whatever was granted, paused or revoked."""

from datetime import datetime, timedelta
from uuid import UUID

import msgspec
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from kundelik_core.entitlements.queries import grants_of
from kundelik_core.entitlements.rules import pieces
from kundelik_core.entitlements.sharing import set_sharing
from kundelik_core.kernel.db import tenant
from kundelik_core.kernel.ids import new_id
from tests.depth import looks
from tests.factories import Factory
from tests.integration.entitlements.desk import NOBODY, NOW, Family
from tests.integration.wishes.conftest import Asker

hours = st.integers(0, 60)


class Plan(msgspec.Struct, frozen=True):
    """One grant in hours from a beginning; lengths of none have no end."""

    begins: int
    lasts: int | None
    revoked: int | None
    grace: int
    pauses: list[tuple[int, int | None]]
    seats: list[tuple[int, int | None]] | None


def _lengths() -> st.SearchStrategy[int | None]:
    return st.none() | st.integers(0, 40)


plans = st.builds(
    Plan, hours, st.none() | st.integers(1, 40), st.none() | hours, st.integers(0, 10),
    st.lists(st.tuples(hours, _lengths()), max_size=3),
    st.none() | st.lists(st.tuples(hours, _lengths()), max_size=2),
)  # fmt: skip


def at(hour: int) -> datetime:
    return NOW + timedelta(hours=hour)


def after(hour: int, length: int | None) -> datetime | None:
    return None if length is None else at(hour + length)


async def _write(factory: Factory, family: Family, feature: str, plan: Plan) -> UUID:
    made, db, ends = new_id(), factory.tenant, after(plan.begins, plan.lasts)
    grace = None
    if plan.lasts is not None and 0 < plan.grace < plan.lasts:
        grace = at(plan.begins + plan.lasts - plan.grace)
    revoked = None if plan.revoked is None else at(plan.revoked)
    await db.execute(
        "insert into core.entitlement (school_id, id, pupil_id, feature, valid_from, valid_until, "
        "source, source_ref, granted_at, revoked_at, grace_from, seats) "
        "values ($1, $2, $3, $4, $5, $6, 'test', $7, $8, $9, $10, $11)",
        family.school, made, family.pupil if plan.seats is None else None, feature,
        at(plan.begins), ends, str(made), NOW, revoked, grace,
        None if plan.seats is None else 5,
    )  # fmt: skip
    for begins, length in plan.pauses:
        await db.execute(
            "insert into core.entitlement_pause (school_id, id, entitlement_id, kind, cause, "
            "begins, ends) values ($1, $2, $3, 'rest', $4, $5, $6)",
            family.school, new_id(), made, str(new_id()), at(begins), after(begins, length),
        )  # fmt: skip
    open_seat = False
    for begins, length in dict(plan.seats or []).items():
        if length is None and open_seat:
            continue
        open_seat |= length is None
        await db.execute(
            "insert into core.entitlement_seat (school_id, entitlement_id, pupil_id, begins, "
            "ends) values ($1, $2, $3, $4, $5)",
            family.school, made, family.pupil, at(begins), after(begins, length),
        )  # fmt: skip
    return made


@given(plan=st.lists(plans, min_size=1, max_size=4))
@looks(80, suppress_health_check=list(HealthCheck))
async def test_it_is_the_pieces_of_the_rules(
    shop: Asker, till: Asker, factory: Factory, plan: list[Plan]
) -> None:
    family = await Family.make(factory)
    for one in plan:
        await _write(factory, family, f"{shop.name}.view", one)
    async with tenant(family.school) as tx:
        grants = await grants_of(tx, [family.pupil])
    expected = sorted(
        (str(one.id), piece.begins, piece.ends or datetime.max.replace(tzinfo=NOW.tzinfo))
        for one in grants
        for piece in pieces(one)
    )
    for asker in (shop, till):
        rows = await asker.see(
            family.school,
            "select * from core_api.entitlement_v1 where student_id = $1", family.pupil,
        )  # fmt: skip
        found = sorted(
            (
                str(row["entitlement_id"]), row["begins_at"],
                row["ends_at"] or datetime.max.replace(tzinfo=NOW.tzinfo),
            )
            for row in rows
        )  # fmt: skip
        assert found == expected
        for row in rows:
            assert row["grace_at"] is None or row["ends_at"] is None or (
                row["grace_at"] < row["ends_at"]
            )  # fmt: skip


async def test_a_purchase_that_is_not_shared_says_for_whom_it_is(
    shop: Asker, factory: Factory
) -> None:
    """The history of the school decides, at once; what nobody holds is for everybody."""
    family = await Family.make(factory)
    feature = f"{shop.name}.view"
    await family.buy("1", feature=feature)
    await family.buy("2", feature=feature, pupil=None, holder=family.father)
    sql = "select student_id, only_for from core_api.entitlement_v1 order by student_id"
    for shared in (None, False, True):
        if shared is not None:
            async with tenant(family.school, write=True) as tx:
                await set_sharing(tx, shared, NOBODY)
        rows = await shop.see(family.school, sql)
        only = family.mother if shared is False else None
        assert [(row["student_id"], row["only_for"]) for row in rows] == [
            (family.pupil, only), (None, None),
        ]  # fmt: skip


async def test_each_sees_its_own_features_only(shop: Asker, factory: Factory) -> None:
    family = await Family.make(factory)
    whole = Plan(0, None, None, 0, [], None)
    for feature in (f"{shop.name}.view", f"{shop.name}x.view", "other.view"):
        await _write(factory, family, feature, whole)
    rows = await shop.see(family.school, "select feature from core_api.entitlement_v1")
    assert [row["feature"] for row in rows] == [f"{shop.name}.view"]
    other = await Family.make(factory)
    assert await shop.see(other.school, "select * from core_api.entitlement_v1") == []


async def test_a_pupil_is_found_by_the_index(shop: Asker, factory: Factory) -> None:
    family = await Family.make(factory)
    for pupil in range(300):
        await _write(
            factory, family, f"{shop.name}.view", Plan(pupil % 50, 5, None, 0, [], None)
        )  # fmt: skip
    await factory.tenant.execute("analyze core.entitlement, core.entitlement_seat")
    lines = await shop.see(
        family.school,
        "explain (costs off) select * from core_api.entitlement_v1 "
        f"where student_id = '{new_id()}'",
    )
    plan = "\n".join(row["QUERY PLAN"] for row in lines)
    assert "entitlement_pupil" in plan, plan
    assert "entitlement_seat" in plan, plan
