"""A service that pays vendors out, with the troubles that services have; the core asks it here."""

from collections.abc import Collection
from typing import Any, Literal
from uuid import uuid4

from kundelik_core.entitlements.payouts.by_hand import confirm, to_hand_over
from kundelik_core.entitlements.payouts.model import PaidByHand, Payee
from kundelik_core.entitlements.payouts.payees import set_payee
from kundelik_core.entitlements.payouts.queries import open_confirmations, underway
from kundelik_core.kernel.db import tenant
from kundelik_core.plugins.context import CallContext
from kundelik_core.plugins.declared import HandlerRef
from kundelik_core.plugins.outcome import Outcome, OutcomeState
from kundelik_core.plugins.payouts import Paying, Run
from kundelik_core.sdk import (
    PaymentTrouble,
    PayoutReturn,
    PayoutSeen,
    PayoutStart,
    ProviderAnswer,
    ProviderQuestion,
)
from tests.integration.entitlements.desk import Family

Fault = Literal[
    "none", "declined", "busy", "setup", "lost before", "lost after", "crash before",
    "crash after", "pending", "failed",
]  # fmt: skip
KEEPER, WAY = "till", "bank"


class Crash(BaseException):
    """The process dies here."""


class Service:
    """Pays once for a key; ``faults`` are what happens to the next calls."""

    def __init__(self) -> None:
        self.paid: dict[str, int] = {}
        self.back: dict[str, int] = {}
        self.faults: list[Fault] = []
        self.asked: list[PayoutStart | PayoutReturn] = []

    async def call(
        self, ref: HandlerRef, payload: Any, active: Collection[str], call: CallContext
    ) -> Outcome:
        """Answer as the dispatcher would."""
        assert (ref.plugin, ref.kind, ref.name) == (KEEPER, "service", "payment.payout.v1")
        assert isinstance(payload, ProviderQuestion)
        assert isinstance(payload.ask, PayoutStart | PayoutReturn)
        assert payload.provider == WAY
        assert KEEPER in active
        assert call.actor is None
        self.asked.append(payload.ask)
        fault = self.faults.pop(0) if self.faults else "none"
        if fault == "crash before":
            raise Crash
        if fault == "lost before":
            return Outcome(ref=ref, state=OutcomeState.LATE)
        told = self.told(payload.ask, fault)
        if fault == "crash after":
            raise Crash
        if fault == "lost after":
            return Outcome(ref=ref, state=OutcomeState.LATE)
        return Outcome(ref=ref, state=OutcomeState.DONE, value=ProviderAnswer(told=told))

    def told(self, ask: Any, fault: Fault) -> PayoutSeen | PaymentTrouble:
        """Do what is asked, unless it is refused; what was done for a key stays done."""
        done = self.paid if isinstance(ask, PayoutStart) else self.back
        if ask.key not in done:
            if fault in {"declined", "busy", "setup"}:
                return PaymentTrouble(kind=fault, text="no")
            if fault == "failed":
                return PayoutSeen(known="-", outcome="failed")
            done[ask.key] = ask.amount_minor
        known = ask.key if isinstance(ask, PayoutStart) else ask.payout
        return PayoutSeen(known=known, outcome="pending" if fault == "pending" else "done")

    @property
    def handed(self) -> int:
        """What has left us in the end."""
        return sum(self.paid.values()) - sum(self.back.values())


class _Names:
    def providers(self, service: str) -> tuple[str, ...]:
        assert service == "payment.payout.v1"
        return (KEEPER,)


class Office:
    """The operator's office: a vendor of its own, some schools, a service, and a purse."""

    def __init__(self, *families: Family) -> None:
        self.families = families
        self.schools = {one.school for one in families}
        self.vendor, self.service = f"v-{uuid4().hex[:12]}", Service()
        self.off: set[int] = set()
        self.by_hand = 0

    async def on(self, school_id: int) -> frozenset[str]:
        """The modules that are on in a school."""
        return frozenset() if school_id in self.off else frozenset({KEEPER, WAY})

    async def run(self, *faults: Fault) -> Run:
        """Let a worker do its round."""
        self.service.faults = [*faults]
        paying = Paying(_Names(), self.service, self.on)  # type: ignore[arg-type]
        return await paying.run(self.schools)

    async def pay_by(self, method: str, least: int = 0) -> None:
        """Say how the vendor is paid from now on."""
        await set_payee(
            Payee(vendor=self.vendor, method=method, destination="KZ0", least_minor=least)
        )

    async def sell(self, ref: str, family: int = 0, minor: int = 100_000) -> None:
        """Sell something of the vendor's; half of it is the vendor's."""
        await self.families[family % len(self.families)].buy(
            ref, vendor=self.vendor, amount_minor=minor, tax_bp=0, commission_bp=5_000
        )

    async def listed(self) -> list[Any]:
        """What waits to be paid by hand."""
        waiting = to_hand_over(await underway(), await open_confirmations())
        return waiting.get((self.vendor, "KZT"), [])

    async def confirm(self) -> PaidByHand | None:
        """Pay all that is on the list, and say so."""
        listed = await self.listed()
        if not listed:
            return None
        total = sum(one.amount_minor for one in listed)
        done = await confirm(self.vendor, "KZT", max(one.listed_at for one in listed), total, None)
        self.by_hand += total
        return done

    async def payouts(self) -> list[dict[str, Any]]:
        """Every payout of the vendor, as it is kept."""
        found: list[dict[str, Any]] = []
        for school in sorted(self.schools):
            async with tenant(school) as tx:
                rows = await tx.fetch(
                    "select p.* from core.payout p where p.school_id = $1 and p.vendor = $2 "
                    "order by p.made_at, p.id",
                    school,
                    self.vendor,
                )
            found += [dict(row) for row in rows]
        return found
