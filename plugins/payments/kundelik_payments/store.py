"""Keep orders in the plugin's own tables: each step is one transaction, under the order's lock."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from kundelik_core.sdk import PluginContext, PluginTx, Wish
from kundelik_payments.domain.model import Order, Sale
from kundelik_payments.domain.subscribing import Subscription
from kundelik_payments.ports import Held, Inboxed, Known, ProviderObject
from kundelik_payments.rows import (
    SALE,
    SUBSCRIPTION,
    sale_of,
    save_changes,
    save_new,
    subscription_of,
)

__all__ = ["PgStore"]

_OPEN_REFUNDS: Final = "('created', 'transit')"
_OPEN_PAYMENTS: Final = "('created', 'pending')"

# Nobody else takes them meanwhile; should we die over them, their turn comes again after that.
_LEASE: Final = timedelta(seconds=90)
_CLAIM: Final = """
with chosen as (
  select school_id, provider, event_id from webhook_inbox
   where processed_at is null and (next_at is null or next_at <= $2)
   order by received_at, event_id limit $1 for update skip locked)
update webhook_inbox i set next_at = $3 from chosen c
 where (i.school_id, i.provider, i.event_id) = (c.school_id, c.provider, c.event_id)
returning i.provider, i.event_id, i.type, i.hint, i.received_at, i.attempts, i.error,
  i.processed_at
"""


class _Held:
    """One order between its lock and the end of the block."""

    def __init__(self, ctx: PluginContext, tx: PluginTx, sale: Sale) -> None:
        self._ctx, self._tx, self.now = ctx, tx, sale

    @property
    def sale(self) -> Sale:
        return self.now

    def put(self, sale: Sale) -> None:
        self.now = sale

    async def next_number(self, series: str) -> int:
        found = await self._tx.fetchval(
            "insert into series (school_id, name, last) values ($1, $2, 1) "
            "on conflict (school_id, name) do update set last = series.last + 1 returning last",
            self._ctx.school.id,
            series,
        )
        return int(found)

    async def ask(self, wish: Wish) -> None:
        await self._ctx.wishes.ask(self._tx, wish)


class PgStore:
    """The orders of one school, within one call."""

    def __init__(self, ctx: PluginContext) -> None:
        self._ctx = ctx

    def _reading(self) -> AbstractAsyncContextManager[PluginTx]:
        return self._ctx.db.read()

    def _writing(self) -> AbstractAsyncContextManager[PluginTx]:
        return self._ctx.db.write()

    async def add(self, sale: Sale) -> bool:
        async with self._writing() as tx:
            return await save_new(tx, sale)

    def locked(self, order: UUID) -> AbstractAsyncContextManager[Held]:
        return self._locked(order)

    @asynccontextmanager
    async def _locked(self, order: UUID) -> AsyncIterator[Held]:
        async with self._writing() as tx:
            # A statement of its own: what another one wrote while we waited is seen by the next.
            if not await tx.fetchval("select 1 from purchase where id = $1 for update", order):
                raise LookupError(order)
            before = sale_of(await tx.fetchval(f"{SALE} where o.id = $1", order))
            held = _Held(self._ctx, tx, before)
            yield held
            await save_changes(tx, (before, held.now))

    async def sale(self, order: UUID) -> Sale | None:
        return await self._one("where o.id = $1", order)

    async def by_public_id(self, public_id: str) -> Sale | None:
        return await self._one("where o.public_id = $1", public_id)

    async def _one(self, where: str, value: object) -> Sale | None:
        async with self._reading() as tx:
            raw = await tx.fetchval(f"{SALE} {where}", value)
        return sale_of(raw) if raw else None

    async def _several(self, where: str, *values: object) -> list[Sale]:
        async with self._reading() as tx:
            rows = await tx.fetch(f"{SALE} {where}", *values)
        return [sale_of(row["sale"]) for row in rows]

    async def unfinished(self) -> Sequence[Order]:
        found = await self._several(
            f"""
            where o.state = 'pending'
               or o.id in (select purchase_id from payment where state in {_OPEN_PAYMENTS})
               or o.id in (select purchase_id from refund where state in {_OPEN_REFUNDS})
            order by o.placed_at
            """
        )
        return [one.order for one in found]

    async def has_paid_by(self, provider: str) -> bool:
        async with self._reading() as tx:
            found = await tx.fetchval("select 1 from payment where provider = $1 limit 1", provider)
        return found is not None

    # -- ids of providers, their messages, subscriptions

    async def refer(self, *items: ProviderObject) -> None:
        async with self._writing() as tx:
            await tx.execute(
                "insert into provider_object "
                "(school_id, provider, reference, kind, purchase_id, number) "
                "select $1, x.* from unnest($2::text[], $3::text[], $4::text[], $5::uuid[], "
                "$6::int[]) x on conflict do nothing",
                self._ctx.school.id,
                [one.provider for one in items],
                [one.reference for one in items],
                [one.kind for one in items],
                [one.order for one in items],
                [one.number for one in items],
            )

    async def referred(self, provider: str, *references: str) -> Known:
        async with self._reading() as tx:
            row = await tx.fetchrow(
                'select provider, reference, kind, purchase_id as "order", number '
                "from provider_object where provider = $1 and reference = any($2::text[]) "
                "order by array_position($2::text[], reference) limit 1",
                provider,
                list(references),
            )
        return ProviderObject(**row) if row else None

    async def take_in(self, message: Inboxed) -> bool:
        async with self._writing() as tx:
            done = await tx.execute(
                "insert into webhook_inbox (school_id, provider, event_id, type, hint, "
                "received_at) values ($1, $2, $3, $4, $5, $6) on conflict do nothing",
                self._ctx.school.id,
                message.provider,
                message.event_id,
                message.type,
                message.hint,
                message.received_at,
            )
        return done.endswith(" 1")

    async def waiting(self, limit: int, now: datetime) -> Sequence[Inboxed]:
        async with self._writing() as tx:
            rows = await tx.fetch(_CLAIM, limit, now, now + _LEASE)
        found = [Inboxed(**row) for row in rows]
        return sorted(found, key=lambda one: (one.received_at, one.event_id))

    @asynccontextmanager
    async def together(
        self, references: Sequence[tuple[str, str]], orders: Sequence[str]
    ) -> AsyncIterator["PgStore"]:
        # Here, since it is made of this very class.
        from kundelik_payments.together import Together

        async with self._ctx.db.write() as tx:
            store = Together(self._ctx, tx)
            await store.read(references, orders)
            yield store
            await store.write()

    async def worked_off(self, *messages: Inboxed) -> None:
        async with self._writing() as tx:
            await tx.execute(
                "update webhook_inbox i set attempts = x.attempts, error = x.error, "
                "next_at = x.next_at, processed_at = x.processed_at "
                "from unnest($1::text[], $2::text[], $3::int[], $4::text[], $5::timestamptz[], "
                "$6::timestamptz[]) as x (provider, event_id, attempts, error, next_at, "
                "processed_at) where i.provider = x.provider and i.event_id = x.event_id "
                # Whoever was thought dead and comes back takes nothing up again.
                "and i.processed_at is null",
                [one.provider for one in messages],
                [one.event_id for one in messages],
                [one.attempts for one in messages],
                [one.error for one in messages],
                [one.next_at for one in messages],
                [one.processed_at for one in messages],
            )

    async def subscription(self, provider: str, reference: str) -> Subscription | None:
        async with self._reading() as tx:
            row = await tx.fetchrow(
                f"{SUBSCRIPTION} where provider = $1 and reference = $2", provider, reference
            )
        return subscription_of(row) if row else None

    async def put_subscription(self, subscription: Subscription) -> None:
        async with self._writing() as tx:
            await tx.execute(
                "insert into subscription as s (school_id, provider, reference, purchase_id, "
                "latest_id, state, period_end, cancel_at_period_end, reminded_for) "
                "values ($1, $2, $3, $4, $5, $6, $7, $8, $9) "
                "on conflict (school_id, provider, reference) do update set "
                "latest_id = excluded.latest_id, state = excluded.state, "
                "period_end = greatest(s.period_end, excluded.period_end), "
                "cancel_at_period_end = excluded.cancel_at_period_end, "
                "reminded_for = excluded.reminded_for",
                self._ctx.school.id,
                subscription.provider,
                subscription.reference,
                subscription.order,
                subscription.latest,
                subscription.state.value,
                subscription.period_end,
                subscription.cancel_at_period_end,
                subscription.reminded_for,
            )

    # -- what pages and jobs read

    async def of_payer(self, person: UUID, limit: int = 100) -> list[Sale]:
        """Return somebody's orders, the latest first."""
        return await self._several(
            "where o.payer_id = $1 order by o.placed_at desc, o.id limit $2", person, limit
        )

    async def listed(
        self,
        states: Sequence[str] = (),
        text: str = "",
        limit: int = 50,
        before: datetime | None = None,
    ) -> list[Sale]:
        """Return orders, the latest first: in some states, whose code begins with ``text``."""
        return await self._several(
            "where ($1::text[] = '{}' or o.state = any($1)) and starts_with(o.public_id, $2) "
            "and ($3::timestamptz is null or o.placed_at < $3) "
            "order by o.placed_at desc, o.id limit $4",
            list(states),
            text,
            before,
            limit,
        )

    async def waiting_decisions(self) -> list[Sale]:
        """Return orders with which a person has to do something.

        Money went back by somebody else's hand, a complaint is open, a refund failed, or something
        is owed: to say which, look at the sale.
        """
        return await self._several(
            """
            where o.id in (select purchase_id from refund where state in ('external', 'failed'))
               or o.id in (select purchase_id from dispute where state in ('inquiry', 'open'))
               or o.id in (
                 select e.purchase_id from entry e group by e.purchase_id
                 having sum(case when e.kind in ('paid', 'returned', 'won_back') then amount_minor
                                 when e.kind in ('refunded', 'charged_back') then -amount_minor
                                 when e.kind = 'sold' then -amount_minor
                                 else amount_minor end) <> 0)
            order by o.placed_at desc, o.id
            """
        )

    async def until(self, moment: datetime) -> AsyncIterator[Sale]:
        """Go through all orders that were placed before a moment, a page at a time."""
        last = (datetime(2000, 1, 1, tzinfo=moment.tzinfo), UUID(int=0))
        while True:
            page = await self._several(
                "where o.placed_at < $1 and (o.placed_at, o.id) > ($2, $3) "
                "order by o.placed_at, o.id limit 500",
                moment,
                *last,
            )
            for one in page:
                yield one
            if len(page) < 500:
                return
            last = (page[-1].order.placed_at, page[-1].order.id)

    async def subscription_of(self, order: UUID) -> Subscription | None:
        """Return the subscription that an order began or goes on with."""
        async with self._reading() as tx:
            row = await tx.fetchrow(
                f"{SUBSCRIPTION} where purchase_id = $1 or latest_id = $1 "
                "order by period_end desc limit 1",
                order,
            )
        return subscription_of(row) if row else None

    async def subscriptions_of(self, person: UUID) -> list[Subscription]:
        """Return what renews itself and is paid by somebody."""
        async with self._reading() as tx:
            rows = await tx.fetch(
                f"{SUBSCRIPTION} where purchase_id in "
                "(select id from purchase where payer_id = $1) order by period_end",
                person,
            )
        return [subscription_of(row) for row in rows]

    async def renewing(self, before: datetime) -> list[Subscription]:
        """Return what renews itself up to a moment."""
        async with self._reading() as tx:
            rows = await tx.fetch(
                f"{SUBSCRIPTION} where state = 'active' and not cancel_at_period_end "
                "and period_end <= $1 order by period_end",
                before,
            )
        return [subscription_of(row) for row in rows]

    async def clear_inbox(self, before: datetime) -> None:
        """Forget messages that were worked on long ago; providers send none again for so long."""
        async with self._writing() as tx:
            await tx.execute("delete from webhook_inbox where processed_at < $1", before)

    async def gone_through(self, provider: str) -> datetime | None:
        """Return until when an account was gone through for this school."""
        async with self._reading() as tx:
            found: datetime | None = await tx.fetchval(
                "select until from gone_through where provider = $1", provider
            )
        return found

    async def went_through(self, provider: str, until: datetime) -> None:
        """Note until when an account was gone through."""
        async with self._writing() as tx:
            await tx.execute(
                "insert into gone_through (school_id, provider, until) values ($1, $2, $3) "
                "on conflict (school_id, provider) do update set until = excluded.until",
                self._ctx.school.id,
                provider,
                until,
            )
