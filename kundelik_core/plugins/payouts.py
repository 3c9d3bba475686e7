"""Pay vendors what is ripe: decide it once a day, and have ways to pay hand it over.

The core decides, books and keeps the number under which a payout is made once; who keeps orders
asks the provider. Nothing that happens between the two pays twice: a payout is begun before anybody
is asked, and asked for again by the same number until it is known how it ended.
"""

import logging
from collections.abc import Collection, Mapping
from typing import Final, Literal

import asyncpg
import msgspec

from kundelik_core.entitlements.payouts import actions
from kundelik_core.entitlements.payouts.by_hand import carry_on
from kundelik_core.entitlements.payouts.model import BY_HAND, Due, Payee, Underway
from kundelik_core.entitlements.payouts.queries import dues, open_confirmations, payees, underway
from kundelik_core.kernel import clock
from kundelik_core.kernel.audit import Doer
from kundelik_core.kernel.db import tenant
from kundelik_core.kernel.errors import Problem
from kundelik_core.kernel.outbox.deliver import Unwanted
from kundelik_core.plugins.declared import HandlerRef
from kundelik_core.plugins.delivery import Active
from kundelik_core.plugins.dispatch import Dispatcher
from kundelik_core.plugins.registry import Registry
from kundelik_core.plugins.work import school_call
from kundelik_core.sdk import (
    PAYMENT_PAYOUT,
    PaymentTrouble,
    PayoutReturn,
    PayoutSeen,
    PayoutStart,
    ProviderQuestion,
)

__all__ = ["PAY", "Paying", "Run"]

PAY: Final = "plugins.payouts"
"""The job of a worker that pays vendors."""

_NOBODY: Final = Doer()
_FAILURES: Final = (Problem, OSError, asyncpg.PostgresError, asyncpg.InterfaceError)
_FAILED: Final = frozenset({"failed", "canceled"})
_log = logging.getLogger(__name__)

_Told = PayoutSeen | PaymentTrouble | None


class Run(msgspec.Struct):
    """What one run has come to."""

    made: int = 0
    paid: int = 0
    failed: int = 0
    waiting: int = 0


class Paying:
    """Pays vendors by the plugins of this process."""

    def __init__(self, registry: Registry, dispatcher: Dispatcher, on: Active) -> None:
        self._registry, self._dispatcher, self._on = registry, dispatcher, on

    async def run(self, only: Collection[int] | None = None) -> Run:
        """Decide what is due today, and bring on what has not come to its end; safe to repeat.

        It is for all schools, or for some ``only``.
        """
        done = Run()
        for one in await open_confirmations():
            await carry_on(one)
        ways = await payees()
        for due in await dues(clock.now()):
            if only is not None and due.school_id not in only:
                continue
            try:
                done.made += await _decide(due, ways)
            except _FAILURES as error:
                # One school's trouble is not that of the next.
                _log.warning("%s is not paid in school %s: %s", due.vendor, due.school_id, error)
        for each in await underway():
            if each.method == BY_HAND or (only is not None and each.school_id not in only):
                continue
            try:
                state = await (self._take_back(each) if each.back else self._hand_over(each))
            except _FAILURES as error:
                _log.warning("payout %s in school %s waits: %s", each.id, each.school_id, error)
                state = "waiting"
            setattr(done, state, getattr(done, state) + 1)
        return done

    async def _hand_over(self, one: Underway) -> Literal["paid", "failed", "waiting"]:
        """Ask a way to pay for a payout; whatever keeps us from hearing the end, it is asked again.

        Nobody is asked before it is written down that somebody was.
        """
        keeper = await self._keeper(one.school_id)
        if keeper is None:
            return "waiting"
        async with tenant(one.school_id, write=True, quiet=True) as tx:
            begun = await actions.begin(tx, one.id)
        if begun is None:
            return "waiting"
        told = await self._ask(keeper, one, PayoutStart(
            reference=f"{one.school_id}-{one.id.hex}", amount_minor=begun.amount_minor,
            currency=begun.currency, destination=begun.destination, key=f"payout-{one.id.hex}",
        ))  # fmt: skip
        async with tenant(one.school_id, write=True, quiet=True) as tx:
            match told:
                case PayoutSeen(outcome="done"):
                    await actions.pay(tx, one.id, _NOBODY, known=told.known)
                    return "paid"
                case PayoutSeen() if told.outcome in _FAILED:
                    await actions.fail(tx, one.id, told.outcome, _NOBODY)
                    return "failed"
                case PaymentTrouble(kind="declined"):
                    await actions.fail(tx, one.id, told.text or told.kind, _NOBODY)
                    return "failed"
            known = told.known if isinstance(told, PayoutSeen) else ""
            untouched = isinstance(told, PaymentTrouble) and told.kind in {"setup", "busy"}
            await actions.leave(tx, one.id, _why(told), untouched=untouched, known=known)
        return "waiting"

    async def _take_back(self, one: Underway) -> Literal["paid", "failed", "waiting"]:
        keeper = await self._keeper(one.school_id)
        if keeper is None:
            return "waiting"
        async with tenant(one.school_id, write=True, quiet=True) as tx:
            back = await actions.try_return(tx, one.id)
        if back is None:
            return "waiting"
        told = await self._ask(keeper, one, PayoutReturn(
            payout=back.known, amount_minor=back.amount_minor, key=f"payout-back-{one.id.hex}"
        ))  # fmt: skip
        state: Literal["begun", "done", "failed"] = "begun"
        if isinstance(told, PayoutSeen) and told.outcome != "pending":
            state = "done" if told.outcome == "done" else "failed"
        elif isinstance(told, PaymentTrouble) and told.kind == "declined":
            state = "failed"
        reason = "" if state == "done" else _why(told)
        async with tenant(one.school_id, write=True, quiet=True) as tx:
            await actions.end_return(tx, one.id, state, reason, _NOBODY)
        return {"begun": "waiting", "done": "paid", "failed": "failed"}[state]  # type: ignore[return-value]

    async def _keeper(self, school_id: int) -> str | None:
        """Return who keeps orders in a school, and so can ask its ways to pay."""
        on = await self._on(school_id)
        return next((n for n in self._registry.providers(PAYMENT_PAYOUT) if n in on), None)

    async def _ask(self, keeper: str, one: Underway, ask: PayoutStart | PayoutReturn) -> _Told:
        try:
            call = await school_call(one.school_id)
        except Unwanted:
            return None
        outcome = await self._dispatcher.call(
            HandlerRef(keeper, "service", PAYMENT_PAYOUT),
            ProviderQuestion(provider=one.method, ask=ask),
            await self._on(one.school_id),
            call,
        )
        told = outcome.value.told if outcome.done else None
        return told if isinstance(told, PayoutSeen | PaymentTrouble) else None


async def _decide(due: Due, ways: Mapping[str, Payee]) -> int:
    """Make today's payout of a vendor in a school, or ask back what it owes."""
    now, batch, made = clock.now(), clock.today(), 0
    payee = ways.get(due.vendor) or Payee(vendor=due.vendor)
    if due.matured <= 0 and due.payable >= 0:
        return 0
    async with tenant(due.school_id, write=True, quiet=True) as tx:
        if due.matured > 0:
            one = await actions.make_payout(tx, due.vendor, due.currency, batch, payee, _NOBODY)
            made += one is not None and one.made_at >= now
        if due.payable < 0:
            made += len(await actions.make_returns(tx, due.vendor, due.currency, batch, _NOBODY))
    return made


def _why(told: _Told) -> str:
    """Return in a few words what is known of how it ended."""
    match told:
        case PaymentTrouble():
            return f"{told.kind}: {told.text}".rstrip(": ")
        case PayoutSeen():
            return told.outcome
    return "no answer"
