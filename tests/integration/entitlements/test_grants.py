"""What is granted, extended and revoked is found again; the history only grows."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from uuid import UUID

import asyncpg
import pytest

from kundelik_core.entitlements.actions import extend, grant, revoke
from kundelik_core.entitlements.model import Granted, Wanted
from kundelik_core.entitlements.queries import active, history, is_granted
from kundelik_core.entitlements.rules import add_months
from kundelik_core.kernel.audit import Doer
from kundelik_core.kernel.clock import SCHOOL_ZONE, set_now
from kundelik_core.kernel.db import Databases, tenant
from kundelik_core.kernel.errors import Problem
from kundelik_core.web.middleware import Shell
from tests.factories import Factory
from tests.web import browser, open_session, running

NOW = datetime(2026, 11, 4, 8, 0, tzinfo=UTC)
NOBODY = Doer()


@pytest.fixture(scope="session")
async def app(databases: Databases) -> AsyncIterator[Shell]:
    async with running() as made:
        yield made


@pytest.fixture(autouse=True)
def _clock() -> Iterator[None]:
    with set_now(NOW):
        yield


@pytest.fixture
async def school(factory: Factory) -> int:
    return await factory.school()


@pytest.fixture
async def pupil(factory: Factory, school: int) -> UUID:
    return await factory.person(school, role="pupil")


def wanted(pupil: UUID | None, ref: str = "1", feature: str = "rating.view") -> Wanted:
    return Wanted(feature=feature, source="order", source_ref=ref, pupil=pupil)


async def bought(school: int, pupil: UUID, ref: str, months: int = 1) -> Granted:
    async with tenant(school, write=True) as tx:
        return await extend(tx, wanted(pupil, ref), months, SCHOOL_ZONE, NOBODY)


async def test_a_grant_is_in_force_until_its_end(school: int, pupil: UUID) -> None:
    until = NOW + timedelta(days=30)
    async with tenant(school, write=True) as tx:
        made = await grant(tx, wanted(pupil), until, NOBODY)
    async with tenant(school) as tx:
        assert await active(tx, [pupil], NOW) == [made]
        assert await is_granted(tx, "rating.view", pupil, until - timedelta(seconds=1))
        assert not await is_granted(tx, "rating.view", pupil, until)
        assert not await is_granted(tx, "rating.export", pupil, NOW)
        assert await active(tx, [], NOW) == []


async def test_the_same_source_grants_once(school: int, pupil: UUID) -> None:
    first = await bought(school, pupil, "42")
    again = await bought(school, pupil, "42", months=12)
    assert again == first
    async with tenant(school) as tx:
        assert len(await history(tx, pupil)) == 1


async def test_two_orders_paid_at_once_follow_each_other(school: int, pupil: UUID) -> None:
    made = await asyncio.gather(*(bought(school, pupil, str(n)) for n in range(4)))
    made.sort(key=lambda one: one.valid_from)
    for one, two in itertools.pairwise(made):
        assert two.valid_from == one.valid_until
    assert made[-1].valid_until == add_months(NOW, 4, SCHOOL_ZONE)


async def test_a_revoked_grant_stays_in_the_history(school: int, pupil: UUID) -> None:
    made = await bought(school, pupil, "1")
    async with tenant(school, write=True) as tx:
        assert await revoke(tx, made.id, "қайтарылды", NOBODY)
        assert not await revoke(tx, made.id, "тағы", NOBODY)
    async with tenant(school) as tx:
        assert not await is_granted(tx, "rating.view", pupil, NOW)
        (kept,) = await history(tx, pupil)
        log = await tx.fetch(
            "select action from core.audit_log where school_id = $1 order by id", school
        )
    assert (kept.revoked_at, kept.revoke_reason) == (NOW, "қайтарылды")
    assert [row["action"] for row in log] == ["entitlement.grant", "entitlement.revoke"]


async def test_what_the_school_holds_reaches_every_pupil(school: int, pupil: UUID) -> None:
    async with tenant(school, write=True) as tx:
        await grant(tx, wanted(None), None, NOBODY)
    async with tenant(school) as tx:
        assert await is_granted(tx, "rating.view", pupil, NOW + timedelta(days=5000))


async def test_another_school_s_pupil_is_not_there(factory: Factory, school: int) -> None:
    other = await factory.person(await factory.school(), role="pupil")
    teacher = await factory.person(school, role="teacher")
    for person in (other, teacher):
        with pytest.raises(Problem, match="no-such-pupil"):
            async with tenant(school, write=True) as tx:
                await grant(tx, wanted(person), None, NOBODY)
    with pytest.raises(Problem, match="until-past"):
        async with tenant(school, write=True) as tx:
            await grant(tx, wanted(None), NOW, NOBODY)
    with pytest.raises(Problem, match="not-found"):
        async with tenant(school, write=True) as tx:
            await revoke(tx, other, "", NOBODY)


@pytest.mark.parametrize(
    "statement",
    [
        "update core.entitlement set valid_until = null where school_id = $1",
        "update core.entitlement set feature = 'rating.all' where school_id = $1",
        "delete from core.entitlement where school_id = $1",
    ],
)
async def test_the_application_cannot_rewrite_history(school: int, statement: str) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with tenant(school, write=True) as tx:
            await tx.execute(statement, school)


async def test_the_account_lists_what_the_family_has(
    factory: Factory, app: Shell, school: int, pupil: UUID
) -> None:
    guardian = await factory.person(school, role="parent")
    account = await factory.account(
        f"g.{guardian.hex[-12:]}", memberships=[(school, guardian, "parent")]
    )
    await factory.child(account, school, guardian, pupil, "Ерлан")
    await bought(school, pupil, "1")
    await bought(school, pupil, "2")
    client = browser(app, token=await open_session(account))
    client.cookies.set("kundelik_lang", "en", domain="kundelik.test")
    page = await client.get("/account")
    assert page.status_code == 200
    assert "Ерлан" in page.text
    # One line for the two months, since the second follows the first.
    assert page.text.count("until 4 January 2027") == 1
    assert "Nothing here needs payment" not in page.text
