"""Work on many orders in one transaction: read at once, changed here, written at once.

A burst of messages costs a statement for each table then, instead of some for each message.
"""

# A plugin imports nothing for the decorator that the check asks for.
# mypy: disable-error-code="explicit-override"

from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Final
from uuid import UUID

from kundelik_core.sdk import PluginContext, PluginTx, Wish
from kundelik_payments.domain.model import Sale
from kundelik_payments.ports import Known, ProviderObject
from kundelik_payments.rows import SALE, sale_of, save_changes
from kundelik_payments.store import PgStore

__all__ = ["Together"]

_OBJECT: Final = (
    'select provider, reference, kind, purchase_id as "order", number from provider_object '
)
# Who else locks several keeps to the same order.
_LOCK: Final = (
    "select id from purchase where public_id = any($1::text[]) or id = any($2::uuid[]) "
    "order by id for update"
)


class _Held:
    """One order within its block; what it used up counts once the block ends well."""

    def __init__(self, store: "Together", sale: Sale) -> None:
        self._store, self.now = store, sale
        self.last: dict[str, int] = {}
        self.wishes: list[Wish] = []

    @property
    def sale(self) -> Sale:
        return self.now

    def put(self, sale: Sale) -> None:
        self.now = sale

    async def next_number(self, series: str) -> int:
        if series not in self.last:
            self.last[series] = await self._store.last_number(series)
        self.last[series] += 1
        return self.last[series]

    async def ask(self, wish: Wish) -> None:
        self.wishes.append(wish)


class Together(PgStore):
    """The orders of one school within one transaction."""

    def __init__(self, ctx: PluginContext, tx: PluginTx) -> None:
        super().__init__(ctx)
        self._tx = tx
        self._before: dict[UUID, Sale] = {}
        self._now: dict[UUID, Sale] = {}
        self._objects: dict[tuple[str, str], Known] = {}
        self._fresh: list[ProviderObject] = []
        self._last: dict[str, int] = {}
        self._wishes: list[Wish] = []

    def _reading(self) -> AbstractAsyncContextManager[PluginTx]:
        return self._here()

    def _writing(self) -> AbstractAsyncContextManager[PluginTx]:
        return self._here()

    @asynccontextmanager
    async def _here(self) -> AsyncIterator[PluginTx]:
        yield self._tx

    async def read(self, references: Sequence[tuple[str, str]], orders: Sequence[str]) -> None:
        """Lock and read what will be needed; what turns out to be needed besides comes later."""
        await self._look_up(references)
        known = {one.order for one in self._objects.values() if one}
        await self._hold(orders, sorted(known))

    async def _look_up(self, references: Sequence[tuple[str, str]]) -> None:
        if not references:
            return
        rows = await self._tx.fetch(
            f"{_OBJECT} where provider = any($1::text[]) and reference = any($2::text[])",
            sorted({provider for provider, _ in references}),
            sorted({reference for _, reference in references}),
        )
        self._objects |= dict.fromkeys(references)
        self._objects |= {
            (row["provider"], row["reference"]): ProviderObject(**row) for row in rows
        }

    async def _hold(self, names: Sequence[str], ids: Sequence[UUID]) -> None:
        # Behind others' orders nobody is waited for: whoever waits for us would wait for ever.
        lock = f"{_LOCK} nowait" if self._before else _LOCK
        rows = await self._tx.fetch(lock, list(names), list(ids))
        # A statement of its own: what another one wrote while we waited is seen by the next.
        held = [row["id"] for row in rows if row["id"] not in self._before]
        if held:
            found = await self._tx.fetch(f"{SALE} where o.id = any($1::uuid[])", held)
            sales = {sale.order.id: sale for sale in (sale_of(row["sale"]) for row in found)}
            self._before |= sales
            self._now |= sales

    async def last_number(self, series: str) -> int:
        """Return the last number of a series that was given out; nobody else counts meanwhile."""
        if series not in self._last:
            taken = await self._tx.fetchval(
                "insert into series (school_id, name, last) values ($1, $2, 1) "
                "on conflict (school_id, name) do update set last = series.last + 1 returning last",
                self._ctx.school.id,
                series,
            )
            self._last[series] = int(taken) - 1
        return self._last[series]

    @asynccontextmanager
    async def _locked(self, order: UUID) -> AsyncIterator[_Held]:
        if order not in self._now:
            await self._hold([], [order])
        if order not in self._now:
            raise LookupError(order)
        held = _Held(self, self._now[order])
        yield held
        self._now[order] = held.now
        self._last |= held.last
        self._wishes += held.wishes

    async def sale(self, order: UUID) -> Sale | None:
        return self._now.get(order) or await super().sale(order)

    async def by_public_id(self, public_id: str) -> Sale | None:
        here = (one for one in self._now.values() if one.order.public_id == public_id)
        return next(here, None) or await super().by_public_id(public_id)

    async def refer(self, *items: ProviderObject) -> None:
        await self._look_up(self._unseen(*((one.provider, one.reference) for one in items)))
        for item in items:
            key = (item.provider, item.reference)
            if self._objects[key] is None:
                self._objects[key] = item
                self._fresh.append(item)

    async def referred(self, provider: str, *references: str) -> Known:
        keys = [(provider, one) for one in references]
        await self._look_up(self._unseen(*keys))
        return next((found for key in keys if (found := self._objects[key])), None)

    def _unseen(self, *keys: tuple[str, str]) -> list[tuple[str, str]]:
        return [key for key in keys if key not in self._objects]

    async def write(self) -> None:
        """Write all that has changed, and ask for all that follows from it."""
        if self._fresh:
            await super().refer(*self._fresh)
        steps = [(self._before[order], now) for order, now in self._now.items()]
        await save_changes(self._tx, *(one for one in steps if one[0] != one[1]))
        await self._count()
        for wish in self._wishes:
            await self._ctx.wishes.ask(self._tx, wish)

    async def _count(self) -> None:
        """Write how far papers are numbered; a number that was not used is used by the next."""
        if not self._last:
            return
        await self._tx.execute(
            "update series s set last = x.last from unnest($1::text[], $2::int[]) as x (name, last)"
            " where s.name = x.name and x.last > 0 and s.last <> x.last",
            list(self._last),
            list(self._last.values()),
        )
        unused = [name for name, last in self._last.items() if not last]
        if unused:
            await self._tx.execute("delete from series where name = any($1::text[])", unused)
