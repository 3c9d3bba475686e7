"""Fulfil what plugins have asked for, in the order of their asking, each wish once.

A wish waits in the plugin's own committed transaction. Whoever comes first takes it: the process
whose handler asked, right after the answer, or the housekeeping of a worker. Many are done in one
transaction with their own states; where that cannot be kept, each in one of its own. What the rules
refuse is refused for good; what broke on the way is tried again, and whatever else is about the
same order waits until then.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Final, Literal, TypeAlias, get_args
from uuid import UUID

import asyncpg
import msgspec

from kundelik_core.entitlements.purchases.wishes import (
    TOGETHER,
    Fulfilled,
    Priced,
    fulfil,
    fulfil_many,
    price_for,
)
from kundelik_core.kernel import clock
from kundelik_core.kernel.audit import Doer
from kundelik_core.kernel.db import Tenant, reference, tenant
from kundelik_core.kernel.errors import Problem
from kundelik_core.kernel.i18n import N_
from kundelik_core.sdk import Bought, Credited, Wish

__all__ = ["SETTLE", "Settled", "settle", "settle_after_call", "settle_waiting"]

SETTLE: Final = "plugins.wishes"
"""The job of a worker that looks for wishes which nobody has fulfilled."""

# So few that a pupil's row is not locked for long, so many that statements hardly count.
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

# All but credits, each of which stands for itself; by names, so that the key's index serves.
_IN_ORDER: Final = ", ".join(f"'{one.__name__}'" for one in get_args(Wish) if one is not Credited)

# Those that nobody else has. Blocked: something that was asked before about the same order is still
# open, in other hands. Foreign: a payment belongs to the plugin that told of it first.
_TAKE: Final = f"""
with taken as materialized (
  select w.kind, w.ref, w.about, w.asked_at
    from core.plugin_wish w
    join unnest($3::text[], $4::text[], $5::text[]) as x (kind, ref, about)
      on x.kind = w.kind and x.ref = w.ref and x.about = w.about
   where w.school_id = $1 and w.plugin = $2 and w.state = 'pending'
     for update of w skip locked)
select t.kind, t.ref, t.about, coalesce(s.time_zone, '') as zone,
       t.kind <> 'Credited' and exists (
         select from core.plugin_wish e
          where e.school_id = $1 and e.plugin = $2 and e.ref = t.ref and e.state = 'pending'
            and e.asked_at < t.asked_at
            and e.kind in ({_IN_ORDER})
            and not exists (select from taken o
                             where o.kind = e.kind and o.ref = e.ref and o.about = e.about)
       ) as blocked,
       t.kind <> 'Credited'
         and exists (select from core.sale b where b.school_id = $1 and b.order_ref = t.ref)
         and not exists (select from core.plugin_wish o
                          where o.school_id = $1 and o.plugin = $2 and o.kind = 'Bought'
                            and o.ref = t.ref and o.about = '' and o.state = 'done'
         ) as is_foreign
  from taken t left join core.school s on s.id = $1
"""

_END: Final = """
update core.plugin_wish w
   set state = x.state, reason = x.reason, told = x.told, entitlement_id = x.entitlement_id,
       tries = w.tries + 1, tried_at = $3,
       settled_at = case when x.state <> 'pending' then $3::timestamptz end
  from unnest($4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[], $10::uuid[])
       as x (kind, ref, about, state, reason, told, entitlement_id)
 where w.school_id = $1 and w.plugin = $2 and w.kind = x.kind and w.ref = x.ref
   and w.about = x.about and w.state = 'pending'
"""

_State: TypeAlias = Literal["done", "refused", "left"]
_Key: TypeAlias = tuple[str, str, str]
_Line: TypeAlias = tuple[str, str]


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
    def key(self) -> _Key:
        """Return what it is called among the wishes of its plugin."""
        return self.kind, self.ref, self.about

    @property
    def line(self) -> _Line:
        """Return what follows in order: all about one payment, and each credit for itself."""
        return self.ref, self.about if self.kind == "Credited" else ""


class _Came(msgspec.Struct, frozen=True):
    """What came of a wish."""

    state: _State
    reason: str = ""
    told: str = ""
    entitlement: UUID | None = None


class _Open(msgspec.Struct, frozen=True):
    """A wish with what is to be done; or what came of it before anything was."""

    asked: _Asked
    wish: Wish | None = None
    priced: Priced = None
    came: _Came | None = None


async def settle(school_id: int, plugin: str, *, at_once: int = _AT_ONCE) -> Settled:
    """Fulfil what a plugin has asked for in a school; opens transactions of its own.

    It looks until nothing is left: what was asked meanwhile, its process may have found taken.
    """
    states: dict[_Key, _State] = {}
    prices: dict[UUID, Priced] = {}
    while fresh := await _pending(school_id, plugin, at_once):
        came = await _several(fresh, prices)
        states |= came
        if not any(state != "left" for state in came.values()):
            break
    several = list(states.values())
    return Settled(several.count("done"), several.count("refused"), several.count("left"))


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


async def _pending(school_id: int, plugin: str, at_once: int) -> list[_Asked]:
    async with tenant(school_id) as tx:
        rows = await tx.fetch(_PENDING, school_id, plugin, at_once)
    now, held, found = clock.now(), set[_Line](), []
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


async def _several(fresh: Sequence[_Asked], prices: dict[UUID, Priced]) -> dict[_Key, _State]:
    """Do wishes in one transaction; should that not be kept, each in one of its own."""
    try:
        return await _together(fresh, prices)
    except Exception as error:  # noqa: BLE001 - the boundary: the others' turn comes all the same
        if len(fresh) == 1:
            return {fresh[0].key: await _keep(fresh[0], error)}
        _log.warning("%s wishes of %s are done one by one: %r", len(fresh), fresh[0].plugin, error)
    states: dict[_Key, _State] = {}
    stuck: set[_Line] = set()
    for asked in fresh:
        if asked.line not in stuck:
            came = await _several([asked], prices)
            states |= came
            stuck |= {asked.line} if "left" in came.values() else set()
    return states


async def _together(fresh: Sequence[_Asked], prices: dict[UUID, Priced]) -> dict[_Key, _State]:
    opened = [await _opened(asked, prices) for asked in fresh]
    school, plugin = fresh[0].school, fresh[0].plugin
    async with tenant(school, write=True) as tx:
        taken = await tx.fetch(
            _TAKE, school, plugin, *zip(*(one.key for one in fresh), strict=True)
        )
        rows = {(row["kind"], row["ref"], row["about"]): row for row in taken}
        mine = [
            _foreign(one) if rows[one.asked.key]["is_foreign"] else one
            for one in opened
            if one.asked.key in rows and not rows[one.asked.key]["blocked"]
        ]
        zone = next((row["zone"] for row in taken), "") or clock.SCHOOL_ZONE
        came = await _in_order(tx, mine, zone)
        if came:
            await _end(tx, plugin, came)
    states: dict[_Key, _State] = {one.key: "left" for one in fresh if one.key not in rows}
    return states | {key: one.state for key, one in came.items()}


async def _opened(asked: _Asked, prices: dict[UUID, Priced]) -> _Open:
    """Read what is asked, and ask for each price once in a burst: many buy the same."""
    try:
        wish = msgspec.json.decode(asked.body, type=Wish)
        if isinstance(wish, Bought) and wish.price_id not in prices:
            prices[wish.price_id] = await price_for(wish)
    except Exception as error:  # noqa: BLE001 - it is this wish's, and no other's
        return _Open(asked, came=_judged(asked, error))
    return _Open(asked, wish, prices[wish.price_id] if isinstance(wish, Bought) else None)


def _foreign(one: _Open) -> _Open:
    problem = Problem("not-yours", N_("This payment was told of by another module."), status=409)
    return one if one.came else _Open(one.asked, came=_judged(one.asked, problem))


async def _in_order(tx: Tenant, several: Sequence[_Open], zone: str) -> dict[_Key, _Came]:
    """Do wishes one behind the other, those for more time in as few steps as can be."""
    came: dict[_Key, _Came] = {}
    stuck: set[_Line] = set()
    rest = list(several)
    singly = 0
    while rest := [one for one in rest if one.asked.line not in stuck]:
        run = _run_of(rest) if not singly else []
        done = await _run(tx, run, zone) if run else []
        if done is None:
            singly, done = len(run), []
        for one, made in zip(run, done, strict=False):
            came[one.asked.key] = made
        if not done:
            first = rest[0]
            made = first.came or await _alone(tx, first, zone)
            came[first.asked.key] = made
            stuck |= {first.asked.line} if made.state == "left" else set()
            singly = max(singly - 1, 0)
        rest = rest[len(done) or 1 :]
    return came


def _run_of(several: Sequence[_Open]) -> list[_Open]:
    """Return the wishes at the beginning that can be done together."""
    run: list[_Open] = []
    for one in several:
        if one.came or not isinstance(one.wish, TOGETHER):
            break
        run.append(one)
    return run


async def _run(tx: Tenant, run: Sequence[_Open], zone: str) -> list[_Came] | None:
    """Do the first of a run together; none of them: the first alone. None: it went wrong."""
    asked = [(one.wish, one.priced) for one in run if one.wish is not None]
    try:
        async with _attempt(tx):
            made = await fulfil_many(tx, asked, zone, Doer())
    except Exception as error:  # noqa: BLE001 - which of them it was shows when each is alone
        _log.warning("%s wishes of %s are done singly: %r", len(run), run[0].asked.plugin, error)
        return None
    return [_came(one.asked, each) for one, each in zip(run, made, strict=False)]


async def _alone(tx: Tenant, one: _Open, zone: str) -> _Came:
    assert one.wish is not None, "otherwise it has come to something"
    try:
        async with _attempt(tx):
            return _came(one.asked, await fulfil(tx, one.wish, one.priced, zone, Doer()))
    except Exception as error:  # noqa: BLE001 - the boundary: the others' turn comes all the same
        return _judged(one.asked, error)


@asynccontextmanager
async def _attempt(tx: Tenant) -> AsyncIterator[None]:
    """Take back what the block did, and nothing else, should it fail."""
    await tx.execute("savepoint attempt")
    try:
        yield
    except Exception:
        await tx.execute("rollback to savepoint attempt")
        raise
    await tx.execute("release savepoint attempt")


def _came(asked: _Asked, made: Fulfilled | Problem) -> _Came:
    if isinstance(made, Problem):
        return _judged(asked, made)
    return _Came("done", made.reason, "", made.entitlement)


def _judged(asked: _Asked, error: Exception) -> _Came:
    """Say whether a wish is refused for good or left for later, and write it down."""
    match error:
        case msgspec.ValidationError():
            return _refused(asked, "wish-form", str(error))
        case Problem() if error.code not in _PASSING:
            return _refused(asked, error.code, error.message % error.params)
        case _ if isinstance(error, _IMPOSSIBLE):
            return _refused(asked, "not-possible", str(error))
    _log.warning(
        "a wish of %s in school %s could not be fulfilled (%s times): %s %s",
        asked.plugin, asked.school, asked.tries + 1, asked.kind, asked.ref,
        exc_info=error,
    )  # fmt: skip
    return _Came("left", "", f"{type(error).__name__}: {error}"[:500])


def _refused(asked: _Asked, code: str, told: str) -> _Came:
    _log.warning(
        "a wish of %s in school %s was refused: %s %s: %s",
        asked.plugin, asked.school, asked.kind, asked.ref, code,
    )  # fmt: skip
    return _Came("refused", code, told[:500])


async def _end(tx: Tenant, plugin: str, came: Mapping[_Key, _Came]) -> None:
    kinds, refs, abouts = zip(*came, strict=True)
    each = came.values()
    await tx.execute(
        _END, tx.school_id, plugin, clock.now(), kinds, refs, abouts,
        ["pending" if one.state == "left" else one.state for one in each],
        [one.reason for one in each],
        [one.told for one in each],
        [one.entitlement for one in each],
    )  # fmt: skip


async def _keep(asked: _Asked, error: Exception) -> _State:
    """Leave a wish for later whose transaction was not kept, and say so."""
    came = _judged(asked, error)
    async with tenant(asked.school, write=True, quiet=True) as tx:
        await _end(tx, asked.plugin, {asked.key: came})
    return came.state
