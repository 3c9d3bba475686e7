"""Give out and erase what the plugin holds about somebody; papers stay as long as the law says."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final
from uuid import UUID

from kundelik_core.sdk import (
    Erased,
    Erasure,
    Json,
    PersonalField,
    PluginContext,
    Record,
    Subject,
    Text,
)
from kundelik_payments.cashdesk import Desk, cashier_for
from kundelik_payments.domain.codes import grouped
from kundelik_payments.domain.model import OrderState, Sale
from kundelik_payments.service.renewing import end_renewal

__all__ = ["FIELDS", "erase", "export"]

FIELDS: Final = (
    PersonalField(
        table="purchase",
        column="payer_id",
        subject="guardian",
        purpose=Text(
            kk="Тапсырысты кім төлегені", ru="Кто оплатил заказ", en="Who paid for an order"
        ),
        ground="contract",
        keep="P5Y",
    ),
    PersonalField(
        table="purchase",
        column="lines",
        subject="student",
        purpose=Text(
            kk="Қызмет қай оқушыға сатып алынғаны",
            ru="Для какого ученика куплена услуга",
            en="For which pupil something was bought",
        ),
        ground="contract",
        keep="P5Y",
    ),
    PersonalField(
        table="act",
        column="staff_id",
        subject="staff",
        purpose=Text(
            kk="Қолма-қол ақшаны кім қабылдағаны немесе бергені",
            ru="Кто принял или выдал наличные",
            en="Who took or handed over cash",
        ),
        ground="law",
        keep="P5Y",
    ),
)
_ORDER: Final = Text(kk="Сіздің тапсырысыңыз", ru="Ваш заказ", en="An order of yours")
_ACT: Final = Text(
    kk="Ақшамен жасаған әрекетіңіз", ru="Ваше действие с деньгами", en="What you did with money"
)
_FOR: Final = Text(
    kk="Сізге сатып алынған қызмет", ru="Услуга, купленная для вас", en="Bought for you"
)

# Lines of one pupil; the array is small, and the school has few orders of one child.
_OF_STUDENT: Final = (
    "select id from purchase where lines @> "
    "jsonb_build_array(jsonb_build_object('student', $1::text)) order by placed_at, id"
)


async def export(ctx: PluginContext, subject: Subject) -> Sequence[Record]:
    """Return somebody's orders, or what was bought for a pupil, the oldest first."""
    cashier = await cashier_for(ctx)
    if subject.kind != "student":
        sales = await cashier.store.of_payer(subject.id, 10_000)
        found = [Record(title=_ORDER, values=_told(one)) for one in reversed(sales)]
        return found + await _acts(ctx, subject.id)
    return [
        Record(title=_FOR, values=values)
        for one in await _bought_for(ctx, cashier, subject.id)
        for values in _lines(one, subject.id)
    ]


async def _acts(ctx: PluginContext, staff: UUID) -> list[Record]:
    """Return what somebody of the school did with money."""
    async with ctx.db.read() as tx:
        rows = await tx.fetch(
            "select p.public_id, a.at, a.kind, a.amount_minor from act a "
            "join purchase p on p.id = a.purchase_id where a.staff_id = $1 order by a.at",
            staff,
        )
    return [
        Record(
            title=_ACT,
            values={
                "order": grouped(row["public_id"]),
                "at": row["at"].isoformat(),
                "what": row["kind"],
                "amount": row["amount_minor"],
            },
        )
        for row in rows
    ]


async def _bought_for(ctx: PluginContext, cashier: Desk, student: UUID) -> list[Sale]:
    async with ctx.db.read() as tx:
        rows = await tx.fetch(_OF_STUDENT, str(student))
    return [await cashier.get(row["id"]) for row in rows]


def _told(sale: Sale) -> dict[str, Json]:
    order = sale.order
    return {
        "order": grouped(order.public_id),
        "placed_at": order.placed_at.isoformat(),
        "state": order.state.value,
        "currency": order.currency,
        "lines": [
            {"title": line.title, "amount": line.price_minor, "scope": line.scope}
            for line in order.lines
        ],
        "payments": [
            {"state": one.state.value, "provider": one.provider, "amount": one.received_minor}
            for one in sale.payments
        ],
        "refunds": [{"state": one.state.value, "amount": one.amount_minor} for one in sale.refunds],
        "receipts": [one.number for one in sale.receipts],
    }


def _lines(sale: Sale, student: UUID) -> list[dict[str, Json]]:
    return [
        {
            "title": line.title,
            "scope": line.scope,
            "state": sale.order.state.value,
            "placed_at": sale.order.placed_at.isoformat(),
        }
        for line in sale.order.lines
        if line.student == student
    ]


async def erase(ctx: PluginContext, erasure: Erasure) -> Erased:
    """Delete orders without any money, and let the others be about nobody."""
    who = erasure.subject
    if who.kind == "student":
        return Erased(rows=await _forget_student(ctx, who.id))
    cashier = await cashier_for(ctx)
    for one in await cashier.store.subscriptions_of(who.id):
        if not one.ends:
            # Nobody is charged who is not known any more.
            await end_renewal(cashier, one)
    async with ctx.db.write() as tx:
        rows = await tx.fetch(
            "select id from purchase o where payer_id = $1 and $2 "
            "and not exists (select from entry e where e.school_id = o.school_id "
            "and e.purchase_id = o.id) and state <> 'paid' for update",
            who.id,
            erasure.mode == "erase",
        )
        gone = [row["id"] for row in rows]
        for table in ("act", "provider_object", "subscription", "refund", "payment"):
            await tx.execute(f"delete from {table} where purchase_id = any($1::uuid[])", gone)
        await tx.execute("delete from purchase where id = any($1::uuid[])", gone)
        left = await tx.execute("update purchase set payer_id = null where payer_id = $1", who.id)
        acts = await tx.execute("update act set staff_id = null where staff_id = $1", who.id)
    changed = sum(int(done.rpartition(" ")[2]) for done in (left, acts))
    return Erased(rows=len(gone) + changed)


async def _forget_student(ctx: PluginContext, student: UUID) -> int:
    """Let lines be about nobody; what is not paid yet is cancelled, or it would be for anybody."""
    cashier = await cashier_for(ctx)
    found = await _bought_for(ctx, cashier, student)
    for one in found:
        known = await cashier.store.subscription_of(one.order.id)
        if known and not known.ends:
            await end_renewal(cashier, known)
        await cashier.step(one.order.id, lambda sale, _now: _without(sale, student))
    return len(found)


def _without(sale: Sale, student: UUID) -> Sale:
    lines = tuple(
        replace(line, student=None, forgotten=True) if line.student == student else line
        for line in sale.order.lines
    )
    unpaid = sale.order.paid_at is None
    state = OrderState.CANCELLED if unpaid else sale.order.state
    return replace(sale, order=replace(sale.order, lines=lines, state=state))
