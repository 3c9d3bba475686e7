"""What a family cannot use any more is offered back to the tiyn, once, to whoever paid it."""

import re
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st
from kundelik_payments.domain.balance import owed
from kundelik_payments.domain.model import RefundSource
from kundelik_payments.domain.refused import Refused
from kundelik_payments.domain.unused import unused
from kundelik_payments.service.checkout import send_refund
from kundelik_payments.service.giving import ask_unused, inert_lines

from kundelik_core.entitlements.purchases.queries import inert
from kundelik_core.kernel.clock import SCHOOL_ZONE, set_now
from kundelik_core.kernel.db import tenant
from kundelik_core.kernel.ids import new_id
from kundelik_core.plugins.wishes import settle
from kundelik_core.sdk import Bought, DisputeOpened, DisputeWon, Refunded
from tests.depth import looks
from tests.factories import Factory
from tests.fake_stripe.remote import Fake
from tests.integration.payments.counter import WEDNESDAY, Counter, at_school, counter
from tests.integration.payments.test_pages_office import pay, plain
from tests.integration.payments.ties import tie
from tests.integration.payments.till import PgBed, Town, make_pg_bed
from tests.web import browser, open_session

__all__ = ["at_school", "counter"]

DAY = timedelta(days=1)
SINCE = ("none", "guardian", "left", "off", "guardian+left", "left+off")


async def end(bed: PgBed, what: str, parent: UUID, child: UUID, days: tuple[int, int]) -> None:
    """Let what makes it of use end, some days after it was bought."""
    day = bed.clock.moment.date()
    if "guardian" in what:
        await bed.town.owner.execute(
            "update core.guardianship set to_date = $3 "
            "where school_id = $1 and guardian_id = $2",
            bed.school, parent, day + days[0] * DAY,
        )  # fmt: skip
    if "left" in what:
        await bed.town.owner.execute(
            "update core.membership set to_date = $3 where school_id = $1 and person_id = $2",
            bed.school, child, day + days[1] * DAY,
        )  # fmt: skip


@looks(
    40,
    report_multiple_bugs=False,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(
    amount=st.integers(1, 500_000),
    back=st.one_of(st.none(), st.tuples(st.integers(1, 40), st.integers(1, 99))),
    dispute=st.one_of(st.none(), st.tuples(st.integers(0, 20), st.integers(1, 20))),
    flags=st.tuples(st.booleans(), st.booleans()),
    what=st.sampled_from(SINCE),
    days=st.tuples(st.integers(-3, 45), st.integers(-3, 45)),
    at=st.integers(0, 70),
)
async def test_the_view_says_what_the_rules_say_to_the_tiyn(
    amount: int, back: tuple[int, int] | None, dispute: tuple[int, int] | None,
    flags: tuple[bool, bool], what: str, days: tuple[int, int], at: int,
    payments: Town, fake_stripe: Fake,
) -> None:  # fmt: skip
    async with make_pg_bed(payments, fake_stripe) as bed:
        begin = bed.clock.moment
        child, parent = await bed.child(), await bed.parent()
        await tie(bed, parent, child)
        wish = Bought(
            ref=f"{new_id()}:1", price_id=bed.price, amount_minor=amount, student_id=child,
            holder_id=parent, renews=flags[0], skip_summer=flags[1],
        )  # fmt: skip
        moves: list[tuple[int, Any]] = [(0, wish)]
        if dispute:
            first = DisputeOpened(ref=wish.ref, dispute="d", amount_minor=amount)
            won = DisputeWon(ref=wish.ref, dispute="d")
            moves += [(dispute[0], first), (sum(dispute), won)]
        if back:
            part = max(amount * back[1] // 100, 1)
            moves.append((back[0], Refunded(ref=wish.ref, cause="b", amount_minor=part)))
        for day, one in sorted(moves, key=lambda move: move[0]):
            bed.clock.moment = begin + day * DAY
            with set_now(bed.clock.moment):
                ctx = bed.ctx(bed.school)
                async with ctx.db.write() as tx:
                    await ctx.wishes.ask(tx, one)
                await settle(bed.school, "payments")
        bed.clock.moment = begin
        await end(bed, what, parent, child, days)
        disabled: dict[str, datetime] = {}
        if "off" in what:
            disabled["rating"] = begin + days[0] * DAY
            await bed.town.owner.execute(
                "insert into core.school_plugin (school_id, plugin, on_at, off_at) "
                "values ($1, 'rating', $2, $3)",
                bed.school, begin - 9 * DAY, disabled["rating"],
            )  # fmt: skip
        now = begin + at * DAY
        async with tenant(bed.school) as core:
            wanted = [
                (one.reason, one.since, one.owed_minor)
                for one in await inert(core, now, SCHOOL_ZONE, disabled)
            ]
        async with bed.ctx(bed.school).db.read() as tx:
            rows = await tx.fetch("select * from core_api.money_v1 where inert_since <= $1", now)
        found = [
            (row["inert_reason"], row["inert_since"], row["unused_minor"])
            for row in rows
            if row["inert_ends_at"] is None or row["inert_ends_at"] > now
        ]
        assert found == wanted
        assert all(0 <= minor <= amount for _, _, minor in found)


async def lines_of(bed: PgBed, sale: Any) -> dict[int, Any]:
    async with bed.ctx(bed.school).db.read() as tx:
        return (await inert_lines(tx, [sale])).get(sale.order.id, {})


async def test_half_of_a_time_is_half_of_its_money_and_goes_back_once(bed: PgBed) -> None:
    sale, _ = await bed.paid(90_000)
    line = sale.order.lines[0]
    assert sale.order.payer
    assert line.student
    await tie(bed, sale.order.payer, line.student)
    await bed.settle()
    assert unused(sale, await lines_of(bed, sale), bed.clock.moment) == ()
    # Bought on the 24th; the last day is the 8th of December, and half a day was used before.
    await end(bed, "left", sale.order.payer, line.student, (0, 14))
    assert unused(sale, await lines_of(bed, sale), bed.clock.moment) == ()
    await bed.advance(days=16)
    inert_now = await lines_of(bed, sale)
    (offered,) = unused(sale, inert_now, bed.clock.moment)
    begins = sale.order.paid_at
    assert begins
    ends = begins.replace(month=12)
    tick = timedelta(microseconds=1)
    assert offered.amount_minor == 90_000 * ((ends - offered.since) // tick) // (
        (ends - begins) // tick
    )
    assert offered.reason == "left"
    (refund,) = await ask_unused(bed.cashier, sale.order.id, inert_now)
    with pytest.raises(Refused):
        await ask_unused(bed.cashier, sale.order.id, inert_now)
    await send_refund(bed.cashier, sale.order.id, refund.number)
    await bed.deliver(times=2)
    after = await bed.get(sale)
    assert [(one.source, one.amount_minor) for one in after.refunds] == [
        (RefundSource.UNUSED, offered.amount_minor)
    ]
    await bed.check_month()
    inert_now = await lines_of(bed, after)
    assert unused(after, inert_now, bed.clock.moment) == ()
    with pytest.raises(Refused):
        await ask_unused(bed.cashier, sale.order.id, inert_now)


async def test_it_fails_in_the_end_and_is_owed_in_both_books(bed: PgBed) -> None:
    sale, _ = await bed.paid(90_000)
    line = sale.order.lines[0]
    assert sale.order.payer
    assert line.student
    await tie(bed, sale.order.payer, line.student)
    await end(bed, "left", sale.order.payer, line.student, (0, 14))
    await bed.settle()
    await bed.advance(days=16)
    (refund,) = await ask_unused(bed.cashier, sale.order.id, await lines_of(bed, sale))
    await send_refund(bed.cashier, sale.order.id, refund.number)
    await bed.deliver()
    await bed.check_month()
    (made,) = bed.fake.objects("refund")
    await bed.act("end_refund", refund=made["id"], status="failed")
    await bed.deliver(times=2)
    after = await bed.get(sale)
    await bed.check_month()
    assert owed(after) == refund.amount_minor
    (book,) = bed.books.books.values()
    assert (book.refunded, book.returned, book.owed) == (refund.amount_minor, 0, owed(after))
    legs = await bed._rows(
        "select sum(cash) as cash, sum(refunds) as refunds from core.ledger_txn "
        "where school_id = $1"
    )
    assert (legs[0]["cash"], legs[0]["refunds"]) == (90_000, -owed(after))


# -- the pages of a family and of the school


async def leave(counter: Counter, child: UUID, day: date) -> None:
    """Let a pupil leave, with everything that goes with it."""
    here = counter.town.here
    async with tenant(here.id, write=True) as tx:
        await tx.execute(
            "update core.membership set to_date = $3 where school_id = $1 and person_id = $2",
            here.id, child, day,
        )  # fmt: skip
        await tx.execute(
            "update core.guardianship set to_date = $3 where school_id = $1 and pupil_id = $2",
            here.id, child, day,
        )  # fmt: skip


async def test_one_click_of_who_paid_and_the_desk_sees_it(counter: Counter) -> None:
    path = await counter.order()
    code = await pay(counter, path)
    page = plain((await counter.send("parent", path)).text)
    assert "of no use" not in page
    await leave(counter, counter.children[0], date(2026, 11, 13))
    with set_now(WEDNESDAY + 12 * DAY):
        # All of it, while no reason is asked for; what is left of it, from then on.
        listed = plain((await counter.send("parent", "orders")).text)
        assert "You can have 1 500 ₸ back" in listed
        assert "of no use" not in plain((await counter.send("parent", path)).text)
    with set_now(WEDNESDAY + 15 * DAY):
        listed = plain((await counter.send("parent", "orders")).text)
        (amount,) = set(re.findall(r"You can have ([0-9 ,]+ ₸) back", listed))
        page = plain((await counter.send("parent", path)).text)
        assert f"Have {amount} back" in page
        for lang, words in (("kk", "қайтарып алу"), ("ru", "Вернуть")):
            assert words in plain((await counter.send("parent", path, lang=lang)).text)
        desk = path.replace("orders/", "desk/")
        assert f"{amount} can be asked back" in plain((await counter.send("director", desk)).text)
        stranger = await counter.send("other_parent", f"{path}/unused", {})
        assert stranger.status_code == 404
        answer = await counter.send("parent", f"{path}/unused", {})
        assert answer.headers["location"].endswith("?done=refund")
        again = await counter.send("parent", f"{path}/unused", {})
        assert again.headers["location"].endswith("?trouble=refused")
        page = plain((await counter.send("parent", path)).text)
        assert f"Have {amount} back" not in page
        books = plain((await counter.send("director", desk)).text)
        assert f"{amount} has to be transferred back." in books
        assert "asked for by the family, for time of no use" in books
        assert code in books


async def test_who_has_no_child_here_any_more_still_has_their_orders(
    counter: Counter, factory: Factory
) -> None:
    path = await counter.order()
    account = counter.town.accounts["parent"]
    ended = "update directory.account_child set to_date = $2 where account_id = $1"
    await factory.directory.execute(ended, account, date(2026, 11, 3))
    member = "update directory.account_school set to_date = $2 where account_id = $1"
    await factory.directory.execute(member, account, date(2026, 11, 3))
    try:
        assert (await counter.send("parent", path)).status_code == 200
        assert (await counter.send("parent", "orders")).status_code == 200
        # Nothing else of the school is theirs.
        assert (await counter.send("parent", "desk")).status_code == 403
        assert (
            "Parents of pupils of this school can buy" in (await counter.send("parent", "buy")).text
        )
        token = await open_session(account)
        async with browser(counter.app, token=token) as client:
            page = await client.get("/account/services")
            assert "/x/payments/orders" in page.text
            assert (await client.get("/x/praise")).status_code == 404
    finally:
        await factory.directory.execute(ended, account, None)
        await factory.directory.execute(member, account, None)
    assert (await counter.send("parent", "buy")).status_code == 200
