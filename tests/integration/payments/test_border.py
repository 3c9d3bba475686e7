"""What the plugin shows the core: doors, offers, jobs, commands, what people get and lose."""

import json
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
import stripe
from kundelik_payments import background, privacy, webhooks
from kundelik_payments.domain.balance import owed
from kundelik_payments.offers import offer
from kundelik_payments.service import checkout
from kundelik_payments.service.renewing import end_renewal
from kundelik_payments.service.report import accounts
from kundelik_payments.slots import diary_week

from kundelik_core.kernel.clock import set_now
from kundelik_core.kernel.ids import new_id
from kundelik_core.plugins.context import Facades
from kundelik_core.sdk import (
    Actor,
    CommandRequest,
    DiaryWeek,
    Erasure,
    ForSchool,
    JobRun,
    Listed,
    ListedPrice,
    OfferQuestion,
    Product,
    Role,
    Sibling,
    Subject,
    WebhookReply,
    WebhookRequest,
)
from tests.fake_stripe.remote import Fake
from tests.integration.payments.ties import tie
from tests.integration.payments.till import FEATURE, WORDS, PgBed, Town, make_pg_bed


def listed(bed: PgBed, **rest: Any) -> tuple[Listed, ...]:
    price = ListedPrice(
        id=bed.price, currency="KZT", amount_minor=99_000, interval="month", audience="parent",
        valid_from=bed.clock.moment, siblings=(Sibling(nth=2, percent_bp=5_000),),
    )  # fmt: skip
    product = Product(sku="rating.month", feature=FEATURE, title=WORDS, **rest)
    return (Listed(product=product, plugin="rating", prices=(price,)),)


def ctx_of(bed: PgBed, *students: UUID, role: Role = "parent", who: UUID | None = None) -> Facades:
    actor = Actor(person_id=who or new_id(), roles=(role,), students=students)
    with set_now(bed.clock.moment):
        return bed.town.ctx(bed.school, bed.secrets, actor, listed(bed))


async def signed(bed: PgBed, event: dict[str, Any]) -> WebhookRequest:
    body = json.dumps(event)
    stamp = int(bed.clock.moment.timestamp())
    header = stripe.WebhookSignature.generate_signature_header(body, "whsec_new", stamp)
    return WebhookRequest(body=body.encode(), headers={"stripe-signature": header})


def event(kind: str, **about: Any) -> dict[str, Any]:
    return {"id": "evt_1", "object": "event", "type": kind, "data": {"object": about}}


# -- doors


async def test_a_message_is_led_to_its_school_by_what_hangs_on_it(bed: PgBed) -> None:
    sale, session = await bed.paid(99_000)
    (intent,) = [one["id"] for one in bed.fake.objects("payment_intent")]
    dispute = await bed.act("dispute", of=session)
    abouts = [
        ("checkout.session.completed", {"object": "checkout.session", "id": session,
                                        "metadata": {"order": sale.order.reference}}),
        ("charge.dispute.created", {"object": "dispute", "id": dispute["id"]}),
        ("payment_intent.payment_failed", {"object": "payment_intent", "id": intent}),
    ]  # fmt: skip
    for kind, about in abouts:
        answer = await webhooks.stripe(bed.ctx(), await signed(bed, event(kind, **about)))
        assert answer == ForSchool(school_id=bed.school), kind


async def test_a_renewal_is_led_by_its_subscription(bed: PgBed) -> None:
    await bed.paid(99_000, renews=True)
    for charge in bed.fake.objects("charge"):
        about = {"object": "charge", "id": charge["id"], "metadata": {}}
        request = await signed(bed, event("charge.refunded", **about))
        assert await webhooks.stripe(bed.ctx(), request) == ForSchool(school_id=bed.school)


@pytest.mark.parametrize("order", ["", "12", "x-AAAAAAAAAA", "99999999999-A", "7-ABC", "-"])
async def test_what_is_no_order_of_ours_is_answered_and_kept_by_nobody(
    bed: PgBed, order: str
) -> None:
    about = {"object": "checkout.session", "id": "cs_x", "metadata": {"order": order}}
    request = await signed(bed, event("checkout.session.completed", **about))
    answer = await webhooks.stripe(bed.ctx(), request)
    assert isinstance(answer, WebhookReply)
    assert (answer.status, answer.then) == (200, None)


async def test_an_unproved_message_is_refused_and_a_proved_one_waits_for_secrets(
    bed: PgBed,
) -> None:
    about = {"object": "payout", "id": "po_1"}
    good = await signed(bed, event("payout.paid", **about))
    bad = [
        WebhookRequest(body=b"", headers={}),
        WebhookRequest(body=good.body, headers={"stripe-signature": "t=1,v1=00"}),
        WebhookRequest(body=good.body + b" ", headers=good.headers),
        WebhookRequest(body=b"\xff\x00", headers=good.headers),
    ]
    for request in bad:
        answer = await webhooks.stripe(bed.ctx(), request)
        assert isinstance(answer, WebhookReply)
        assert answer.status == 400
    with set_now(bed.clock.moment):
        ctx = bed.town.ctx(None, {})
    assert (await webhooks.stripe(ctx, good)).status == 503  # type: ignore[union-attr]


# -- offers


async def test_a_parent_is_offered_a_price_and_less_for_the_second_child(bed: PgBed) -> None:
    child, other = await bed.child(), await bed.child()
    ctx = ctx_of(bed, child, other)
    first = await offer(ctx, OfferQuestion(feature=FEATURE, student_id=child))
    assert [one.period for one in first.lines] == ["1 месяц"]
    assert first.lines[0].price.startswith("990")
    assert first.address == f"/x/payments/buy?feature={FEATURE}&student={child}"
    await bought_for(bed, other)
    second = await offer(ctx, OfferQuestion(feature=FEATURE, student_id=child))
    assert second.lines[0].price.startswith("495")


async def bought_for(bed: PgBed, child: UUID) -> None:
    async def this() -> UUID:
        return child

    bed.child = this  # type: ignore[method-assign]
    await bed.paid(99_000)
    await bed.settle()


@pytest.mark.parametrize("role", ["pupil", "teacher", "director"])
async def test_nobody_but_a_parent_is_offered_anything(bed: PgBed, role: Role) -> None:
    child = await bed.child()
    shown = await offer(
        ctx_of(bed, child, role=role), OfferQuestion(feature=FEATURE, student_id=child)
    )
    assert (shown.lines, shown.address) == ((), "")
    assert shown.refusal


async def test_a_stranger_and_an_unknown_feature_are_refused(bed: PgBed) -> None:
    child = await bed.child()
    ctx = ctx_of(bed, child)
    for question in (
        OfferQuestion(feature=FEATURE, student_id=new_id()),
        OfferQuestion(feature="rating.other", student_id=child),
    ):
        shown = await offer(ctx, question)
        assert (shown.lines, bool(shown.refusal)) == ((), True)


# -- jobs, commands, the month


async def test_the_month_closes_against_the_core_and_shows_a_forgery(bed: PgBed) -> None:
    await bed.paid(99_000, 50_000)
    sale, _ = await bed.paid(60_000)
    refund = await checkout.ask_refund(bed.cashier, sale.order.id, 1, {1: 60_000})
    await checkout.send_refund(bed.cashier, sale.order.id, refund.number)
    await bed.settle()
    ctx = bed.ctx(bed.school)
    month = await background.month(ctx, 2026, 11)
    assert (month.differences, month.closing.held_minor) == ((), 149_000)
    async with ctx.db.read() as tx:
        books = await accounts(tx)
    assert sum(one.amount_minor - one.returned_minor for one in books) == 149_000
    answer = await background.report(ctx, CommandRequest(arguments={"month": "2026-11"}))
    assert (answer.exit_code, "  differences: 0" in answer.lines) == (0, True)
    async with ctx.db.write() as tx:
        await tx.execute(
            "update purchase set told = jsonb_set(told, '{0,refunded_minor}', '5') where id = $1",
            (await bed.sales())[0].order.id,
        )
    answer = await background.report(ctx, CommandRequest(arguments={"month": "2026-11"}))
    assert answer.exit_code == 1
    assert await background.report(ctx, CommandRequest(arguments={"month": "x"})) != answer


async def test_two_refunds_alike_are_two(bed: PgBed) -> None:
    for _ in range(2):
        sale, _session = await bed.paid(60_000)
        refund = await checkout.ask_refund(bed.cashier, sale.order.id, 1, {1: 60_000})
        await checkout.send_refund(bed.cashier, sale.order.id, refund.number)
        assert await bed.states(sale) == ["revoked"]
    await bed.check_month()


async def test_what_could_not_be_granted_is_owed(bed: PgBed) -> None:
    """A child who is not there: the money is kept as a debt, and nothing is granted."""

    async def nobody() -> UUID:
        return new_id()

    bed.child = nobody  # type: ignore[method-assign]
    sale, _ = await bed.paid(99_000)
    await bed.settle()
    await background.work(bed.ctx(bed.school), JobRun(due_at=bed.clock.moment))
    after = await bed.get(sale)
    assert (owed(after), after.told[0].unplaced) == (99_000, True)
    assert await bed.granted() == []
    refund = await checkout.ask_refund(bed.cashier, sale.order.id, 1, {}, 99_000)
    await checkout.send_refund(bed.cashier, sale.order.id, refund.number)
    await bed.settle()
    await bed.check_month()
    assert owed(await bed.get(sale)) == 0


async def test_lost_messages_are_found_by_the_hourly_job(bed: PgBed) -> None:
    sale = await bed.order(99_000)
    await bed.act("pay", session=await bed.start(sale.order.id))
    await bed.deliver(lose=["*"])
    run = JobRun(due_at=bed.clock.moment)
    for _ in range(2):
        await background.JOBS[1].run(bed.ctx(bed.school), run)
    assert await bed.states(sale) == ["active"]
    await bed.check_month()


async def test_two_schools_share_an_account_and_never_each_others_orders(
    bed: PgBed, payments: Town, fake_stripe: Fake
) -> None:
    sale = await bed.order(99_000)
    await bed.act("pay", session=await bed.start(sale.order.id))
    with set_now(bed.clock.moment):
        other = await payments.factory.school()
    for school in (other, bed.school):
        with set_now(bed.clock.moment):
            ctx = payments.ctx(school, bed.secrets)
        answer = await background.reconcile_now(ctx, CommandRequest(arguments={"days": "3"}))
        assert answer.exit_code == 0, answer.lines
    assert (await bed.get(sale)).order.state == "paid"
    assert fake_stripe.url


async def test_an_account_is_gone_through_once_for_all_its_schools(
    bed: PgBed, payments: Town, fake_stripe: Fake
) -> None:
    sale = await bed.order(99_000)
    await bed.act("pay", session=await bed.start(sale.order.id))
    await bed.advance(minutes=20)

    def lists() -> int:
        seen = fake_stripe.state()["seen"]
        whole = {f"/v1/{name}" for name in ("checkout/sessions", "invoices", "refunds", "disputes")}
        return sum(one["method"] == "GET" and one["path"] in whole for one in seen)

    with set_now(bed.clock.moment):
        schools = [await payments.factory.school() for _ in range(5)]
    counts: list[int] = []
    for school in (*schools, bed.school, bed.school):
        with set_now(bed.clock.moment):
            ctx = payments.ctx(school, bed.secrets)
        before = lists()
        answer = await background.reconcile_now(ctx, CommandRequest(arguments={"days": "3"}))
        assert answer.exit_code == 0, answer.lines
        counts.append(lists() - before)
    # The first asks for sessions, invoices, refunds and disputes; who asks again hears what is new.
    assert counts == [4, 0, 0, 0, 0, 0, 4]
    assert (await bed.get(sale)).order.state == "paid"


# -- renewals


@pytest.fixture
async def renewing(payments: Town, fake_stripe: Fake) -> AsyncIterator[PgBed]:
    async with make_pg_bed(payments, fake_stripe) as made:
        await made.paid(99_000, renews=True)
        yield made


async def test_a_reminder_stands_in_the_payers_diary_and_nobody_elses(renewing: PgBed) -> None:
    (known,) = await renewing.subscriptions()
    (sale,) = await renewing.sales()
    child = sale.order.lines[0].student
    assert child
    assert sale.order.payer
    await tie(renewing, sale.order.payer, child)
    await renewing.settle()
    args = DiaryWeek(student_id=child, monday=known.period_end.date(), viewer="guardian")
    payer = ctx_of(renewing, child, who=sale.order.payer)
    assert await diary_week(payer, args) is None
    renewing.clock.moment = known.period_end - timedelta(days=5)
    ctx = renewing.ctx(renewing.school)
    for _ in range(2):
        await background.remind_payers(ctx, JobRun(due_at=renewing.clock.moment))
    payer = ctx_of(renewing, child, who=sale.order.payer)
    shown = await diary_week(payer, args)
    assert shown is not None
    assert shown.context["coming"][0]["amount"].startswith("990")
    assert await diary_week(ctx_of(renewing, child), args) is None


async def test_nobody_is_charged_again_for_what_nobody_can_use(renewing: PgBed) -> None:
    (known,) = await renewing.subscriptions()
    (sale,) = await renewing.sales()
    await renewing.settle()
    await renewing.town.owner.execute(
        "update core.membership set to_date = $2 where school_id = $1 and role = 'pupil'",
        renewing.school, renewing.clock.moment.date(),
    )  # fmt: skip
    renewing.clock.moment = known.period_end - timedelta(days=5)
    ctx = renewing.ctx(renewing.school)
    for _ in range(2):
        await background.remind_payers(ctx, JobRun(due_at=renewing.clock.moment))
    (known,) = await renewing.subscriptions()
    assert known.ends
    assert known.reminded_for is None
    assert sale.order.renews


async def test_one_click_ends_it_and_no_grace_follows(renewing: PgBed) -> None:
    (known,) = await renewing.subscriptions()
    await end_renewal(renewing.cashier, known)
    await end_renewal(renewing.cashier, known)
    (known,) = await renewing.subscriptions()
    assert known.ends
    await renewing.settle()
    (row,) = await renewing._rows("select * from core.entitlement where school_id = $1")
    assert row["revoked_at"] == row["grace_from"]
    assert await renewing.states((await renewing.sales())[0]) == ["active"]


# -- people


async def test_a_guardian_gets_their_orders_and_is_forgotten(renewing: PgBed) -> None:
    (sale,) = await renewing.sales()
    assert sale.order.payer
    ctx = renewing.ctx(renewing.school)
    who = Subject(kind="guardian", id=sale.order.payer)
    (record,) = await privacy.export(ctx, who)
    assert record.values["payments"][0]["amount"] == 99_000
    assert (await privacy.erase(ctx, Erasure(subject=who, mode="erase"))).rows == 1
    assert (await privacy.erase(ctx, Erasure(subject=who, mode="erase"))).rows == 0
    (after,) = await renewing.sales()
    assert (after.order.payer, after.order.state) == (None, "paid")
    assert (await renewing.subscriptions())[0].ends, "nobody is charged who is not known"


async def test_an_order_for_a_forgotten_child_is_never_for_the_whole_school(bed: PgBed) -> None:
    sale = await bed.order(99_000)
    session = await bed.start(sale.order.id)
    child = sale.order.lines[0].student
    assert child
    ctx = bed.ctx(bed.school)
    assert len(await privacy.export(ctx, Subject(kind="student", id=child))) == 1
    erasure = Erasure(subject=Subject(kind="student", id=child), mode="erase")
    assert (await privacy.erase(ctx, erasure)).rows == 1
    assert (await privacy.erase(ctx, erasure)).rows == 0
    await bed.act("pay", session=session)
    await bed.deliver()
    after = await bed.get(sale)
    assert (after.order.state, owed(after)) == ("cancelled", 99_000)
    assert await bed.granted() == []
