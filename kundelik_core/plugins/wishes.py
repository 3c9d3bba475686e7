"""Fulfil what plugins have asked for, in the order of their asking, each wish once.

A wish waits in the plugin's own committed transaction. Whoever comes first takes it: the process
whose handler asked, right after the answer, or the housekeeping of a worker. Each is done in one
transaction with its own state. What the rules refuse is refused for good; what broke on the way is
tried again, and whatever else is about the same order waits until then.
"""

import asyncio
import logging
from collections.abc import Mapping
from datetime import timedelta
from typing import Final
from uuid import UUID

import asyncpg
import msgspec

from kundelik_core.entitlements.purchases.wishes import Fulfilled, Priced, fulfil, price_for
from kundelik_core.kernel import clock
from kundelik_core.kernel.audit import Doer
from kundelik_core.kernel.db import Tenant, reference, tenant
from kundelik_core.kernel.errors import Problem
from kundelik_core.kernel.i18n import N_
from kundelik_core.sdk import Bought, Wish

__all__ = ["SETTLE", "Settled", "settle", "settle_after_call", "settle_waiting"]

SETTLE: Final = "plugins.wishes"
"""The job of a worker that looks for wishes which nobody has fulfilled."""

_AT_ONCE: Final = 100
_WAITS: Final = 30
_LONGEST: Final = 3600
_PATIENCE: Final = 5
# Not the wish's fault: somebody else was at it, or PostgreSQL gave up.
_PASSING: Final = frozenset({"busy", "commit-failed"})
_IMPOSSIBLE: Final = (
    asyncpg.ForeignKeyViolationError,
    asyncpg.CheckViolationError,
    asyncpg.DataError,
)

_log = logging.getLogger(__name__)

_PENDING: Final = """
select w.kind, w.ref, w.about, w.body::text as body, w.tries, w.tried_at
  from core.plugin_wish w
 where w.school_id = $1 and w.plugin = $2 and w.state = 'pending'
 order by w.asked_at limit $3
"""

# Nobody else has it, and nothing that was asked before about the same order is still open.
_TAKE: Final = """
select w.kind
  from core.plugin_wish w
 where w.school_id = $1 and w.plugin = $2 and w.kind = $3 and w.ref = $4 and w.about = $5
   and w.state = 'pending'
   and not exists (select from core.plugin_wish e
                    where e.school_id = $1 and e.plugin = $2 and e.ref = $4
                      and e.state = 'pending' and e.asked_at < w.asked_at
                      and e.kind <> 'Credited' and w.kind <> 'Credited')
   for update of w skip locked
"""

_END: Final = """
update core.plugin_wish
   set state = $6, reason = $7, told = $8, entitlement_id = $9, tries = tries + 1, tried_at = $10,
       settled_at = $10
 where school_id = $1 and plugin = $2 and kind = $3 and ref = $4 and about = $5
   and state = 'pending'
"""

_AGAIN: Final = """
update core.plugin_wish set tries = tries + 1, tried_at = $6, told = $7
 where school_id = $1 and plugin = $2 and kind = $3 and ref = $4 and about = $5
   and state = 'pending'
"""

# A payment belongs to the plugin that told of it first.
_FOREIGN: Final = """
select exists (select from core.sale s where s.school_id = $1 and s.order_ref = $3)
       and not exists (select from core.plugin_wish w
                        where w.school_id = $1 and w.plugin = $2 and w.kind = 'Bought'
                          and w.ref = $3 and w.about = '' and w.state = 'done')
"""


class Settled(msgspec.Struct, frozen=True):
    """How many wishes were fulfilled, refused, and left to be tried again."""

    done: int = 0
    refused: int = 0
    left: int = 0


class _Asked(msgspec.Struct, frozen=True, kw_only=True):
    """One wish as it waits."""

    school: int
    plugin: str
    kind: str
    ref: str
    about: str
    body: str
    tries: int

    @property
    def key(self) -> tuple[int, str, str, str, str]:
        """Return the row's primary key."""
        return self.school, self.plugin, self.kind, self.ref, self.about

    @property
    def line(self) -> tuple[str, str]:
        """Return what follows in order: all about one payment, and each credit for itself."""
        return self.ref, self.about if self.kind == "Credited" else ""


async def settle(school_id: int, plugin: str) -> Settled:
    """Fulfil what a plugin has asked for in a school; opens transactions of its own."""
    counts = {"done": 0, "refused": 0, "left": 0}
    held: set[tuple[str, str]] = set()
    prices: dict[UUID, Priced] = {}
    while True:
        fresh = await _pending(school_id, plugin)
        moved = 0
        for asked in fresh:
            if asked.line in held:
                continue
            state = await _one(asked, prices)
            counts[state] += 1
            moved += state != "left"
            if state == "left":
                held.add(asked.line)
        if not moved or len(fresh) < _AT_ONCE:
            return Settled(**counts)


async def settle_after_call(plugin: str, school_id: int) -> None:
    """Fulfil what a handler has just asked for; what takes too long is left to the workers."""
    try:
        async with asyncio.timeout(_PATIENCE):
            await settle(school_id, plugin)
    except Exception as error:  # noqa: BLE001 - the handler's answer stands, whatever this came to
        _log.warning("wishes of %s in school %s wait: %r", plugin, school_id, error)


async def settle_waiting() -> int:
    """Fulfil what waits in any school for longer than a call lasts; give how many were settled."""
    rows = await reference().fetch(
        "select w.school_id, w.plugin from core_plugins.waiting_wishes($1) w", _WAITS
    )
    count = 0
    for row in rows:
        try:
            one = await settle(row["school_id"], row["plugin"])
        except (Problem, OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            # One school's trouble is not that of the next.
            _log.warning("wishes of %s in school %s wait: %s", *row.values(), error)
        else:
            count += one.done + one.refused
    return count


async def _pending(school_id: int, plugin: str) -> list[_Asked]:
    async with tenant(school_id) as tx:
        rows = await tx.fetch(_PENDING, school_id, plugin, _AT_ONCE)
    now, held, found = clock.now(), set[tuple[str, str]](), []
    for row in rows:
        asked = _asked(school_id, plugin, row)
        if asked.line in held:
            continue
        if row["tried_at"] and now < row["tried_at"] + _rest(asked.tries):
            held.add(asked.line)
        else:
            found.append(asked)
    return found


def _asked(school_id: int, plugin: str, row: Mapping[str, object]) -> _Asked:
    fields = {name: row[name] for name in ("kind", "ref", "about", "body", "tries")}
    return msgspec.convert({"school": school_id, "plugin": plugin, **fields}, _Asked)


def _rest(tries: int) -> timedelta:
    return timedelta(seconds=min(2**tries, _LONGEST))


async def _one(asked: _Asked, prices: dict[UUID, Priced]) -> str:
    """Do one wish and return what came of it: ``done``, ``refused`` or ``left``."""
    try:
        return await _try(asked, prices)
    except msgspec.ValidationError as error:
        return await _refuse(asked, "wish-form", str(error))
    except Problem as problem:
        if problem.code in _PASSING:
            return await _keep(asked, problem)
        return await _refuse(asked, problem.code, problem.message % problem.params)
    except _IMPOSSIBLE as error:
        return await _refuse(asked, "not-possible", str(error))
    except Exception as error:  # noqa: BLE001 - the boundary: the others' turn comes all the same
        return await _keep(asked, error)


async def _try(asked: _Asked, prices: dict[UUID, Priced]) -> str:
    wish = msgspec.json.decode(asked.body, type=Wish)
    priced = await _price(wish, prices)
    async with tenant(asked.school, write=True) as tx:
        if await tx.fetchrow(_TAKE, *asked.key) is None:
            return "left"
        made = await _fulfil(tx, asked, wish, priced)
        await tx.execute(
            _END, *asked.key, "done", made.reason, "", made.entitlement, clock.now()
        )  # fmt: skip
    return "done"


async def _price(wish: Wish, prices: dict[UUID, Priced]) -> Priced:
    """Ask for each price once in a burst: many buy the same."""
    if not isinstance(wish, Bought):
        return None
    if wish.price_id not in prices:
        prices[wish.price_id] = await price_for(wish)
    return prices[wish.price_id]


async def _fulfil(tx: Tenant, asked: _Asked, wish: Wish, priced: Priced) -> Fulfilled:
    if asked.kind != "Credited" and await tx.fetchval(
        _FOREIGN, asked.school, asked.plugin, asked.ref
    ):
        raise Problem("not-yours", N_("This payment was told of by another module."), status=409)
    zone = await tx.fetchval("select s.time_zone from core.school s where s.id = $1", asked.school)
    return await fulfil(tx, wish, priced, zone or clock.SCHOOL_ZONE, Doer())


async def _refuse(asked: _Asked, code: str, told: str) -> str:
    _log.warning(
        "a wish of %s in school %s was refused: %s %s: %s",
        asked.plugin, asked.school, asked.kind, asked.ref, code,
    )  # fmt: skip
    async with tenant(asked.school, write=True, quiet=True) as tx:
        await tx.execute(_END, *asked.key, "refused", code, told[:500], None, clock.now())
    return "refused"


async def _keep(asked: _Asked, error: Exception) -> str:
    """Leave a wish for later, and say so."""
    _log.warning(
        "a wish of %s in school %s could not be fulfilled (%s times): %s %s",
        asked.plugin, asked.school, asked.tries + 1, asked.kind, asked.ref,
        exc_info=error,
    )  # fmt: skip
    async with tenant(asked.school, write=True, quiet=True) as tx:
        await tx.execute(_AGAIN, *asked.key, clock.now(), f"{type(error).__name__}: {error}"[:500])
    return "left"
