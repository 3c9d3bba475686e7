"""Settled wishes go away in time, and what came to nothing is shown to those who can mend it."""

import asyncpg
import pytest

from kundelik_core.entitlements.catalogue.model import Price
from kundelik_core.kernel.boot import Urls
from kundelik_core.kernel.clock import set_now
from kundelik_core.plugins.wish_care import KEPT, Trouble, forget_old, in_trouble
from kundelik_core.plugins.wishes import Settled, settle
from kundelik_core.sdk import Absorbed, Bought, Credited, Refunded, Returned
from tests.factories import Factory
from tests.integration.entitlements.desk import DAY, NOW, Family
from tests.integration.wishes.conftest import Asker, price_id


def bought(family: Family, month: Price, ref: str = "o:1") -> Bought:
    return Bought(
        ref=ref, price_id=price_id(month), amount_minor=100_000, student_id=family.pupil,
        holder_id=family.mother,
    )  # fmt: skip


async def test_what_is_old_is_forgotten_and_not_done_again(
    till: Asker, shop: Asker, month: Price, family: Family
) -> None:
    school = family.school
    await till.ask(school, bought(family, month), Refunded(ref="o:1", cause="r1", amount_minor=10))
    await till.ask(school, Returned(ref="o:1", cause="b1", amount_minor=10))
    credited = Credited(ref="c", student_id=family.pupil, feature=f"{shop.name}.view", days=2)
    assert await shop.ask(school, credited) == Settled(1)
    assert await till.ask(school, Absorbed(ref="no:1", cause="x")) == Settled(refused=1)
    await till.ask(school, bought(family, month, "o:2"), and_settle=False)
    with set_now(NOW + KEPT - DAY):
        await forget_old()
        assert len(await till.states(school)) == 5
    with set_now(NOW + KEPT + DAY):
        assert await forget_old() >= 4
        # Whose a payment is has to be known for ever, and what waits is not old.
        assert [kind for kind, _, _ in await till.states(school)] == ["Bought", "Bought"]
        assert await shop.states(school) == []
        money = await till.see(school, "select * from core_api.money_v1")
        # Asked once more it is done once more, and changes nothing.
        again = Refunded(ref="o:1", cause="r1", amount_minor=10)
        await till.ask(school, again, Returned(ref="o:1", cause="b1", amount_minor=10))
        assert (await till.see(school, "select * from core_api.money_v1"))[0] == money[0]


async def test_what_came_to_nothing_is_shown(
    till: Asker, month: Price, family: Family, factory: Factory
) -> None:
    other = await Family.make(factory)
    with set_now(NOW + 900 * DAY):
        assert [one for one in await in_trouble() if one.plugin == till.name] == []
        await till.ask(family.school, Absorbed(ref="no:1", cause="x"))
        await till.ask(
            other.school, Absorbed(ref="no:1", cause="x"), Absorbed(ref="n:2", cause="x")
        )
        await till.ask(family.school, bought(family, month), and_settle=False)
        await factory.tenant.execute(
            "update core.plugin_wish set tries = 7, tried_at = asked_at, told = 'OSError: full' "
            "where school_id = $1 and state = 'pending'", family.school,
        )  # fmt: skip
        stuck, said_no = [one for one in await in_trouble() if one.plugin == till.name]
    assert stuck == Trouble(
        plugin=till.name, state="pending", wishes=1, schools=1, school_id=family.school,
        kind="Bought", ref="o:1", reason="OSError: full",
    )  # fmt: skip
    assert (said_no.state, said_no.wishes, said_no.schools) == ("refused", 3, 2)
    assert (said_no.kind, said_no.reason) == ("Absorbed", "not-found")
    with set_now(NOW + 900 * DAY):
        await settle(family.school, till.name)


async def test_no_plugin_forgets_or_looks_elsewhere(till: Asker, urls: Urls) -> None:
    assert urls.tenant
    conn = await till.half.connect()
    try:
        for sql in (
            "select core_plugins.forget_wishes(now(), 1)",
            "select * from core_plugins.wishes_in_trouble(now(), 1)",
        ):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await conn.fetch(sql)
    finally:
        await conn.close()
