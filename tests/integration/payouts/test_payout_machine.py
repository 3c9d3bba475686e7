"""Whatever happens: no more is paid than was ripe, nothing twice, and ledgers sum to nothing."""

import contextlib
from datetime import timedelta
from typing import Literal
from uuid import uuid4

import msgspec
from hypothesis import HealthCheck, example, given
from hypothesis import strategies as st

from kundelik_core.entitlements.ledger.queries import balance_of, month_report
from kundelik_core.entitlements.payouts import actions
from kundelik_core.entitlements.payouts.by_hand import came_back, not_payable
from kundelik_core.entitlements.payouts.queries import paid_by_hand, underway
from kundelik_core.entitlements.purchases import actions as purchases
from kundelik_core.kernel.clock import SCHOOL_ZONE, set_now
from kundelik_core.kernel.db import tenant
from kundelik_core.kernel.errors import Problem
from tests.depth import looks
from tests.factories import Factory
from tests.integration.entitlements.desk import NOBODY, NOW, Family
from tests.integration.payouts.service import WAY, Crash, Fault, Office

Name = Literal[
    "sell", "refund", "dispute", "won", "lost", "wait", "run", "way", "confirm", "back", "cannot",
    "take_over", "switch",
]  # fmt: skip
FAULTS: tuple[Fault, ...] = Fault.__args__  # type: ignore[attr-defined]


class Step(msgspec.Struct, frozen=True):
    """One thing that happens."""

    name: Name
    which: int = 0
    size: int = 0
    faults: tuple[Fault, ...] = ()


steps = st.builds(
    Step,
    st.sampled_from([*Name.__args__, "run", "wait", "sell"]),  # type: ignore[attr-defined]
    st.integers(0, 3),
    st.integers(0, 100),
    st.lists(st.sampled_from(FAULTS), max_size=3).map(tuple),
)
RIPE = Step("wait", size=100)


class Machine:
    """Takes steps, and holds what left us against what the schools' books say."""

    def __init__(self, office: Office) -> None:
        self.office, self.now = office, NOW
        self.sold: list[tuple[int, str]] = []
        self.seen: set[object] = set()

    async def take(self, step: Step) -> None:
        with set_now(self.now):
            ripe = await self.ripe()
            with contextlib.suppress(Crash, Problem):
                await getattr(self, f"do_{step.name}")(step)
            await self.check(ripe)
        # No two things happen at the same moment.
        self.now += timedelta(seconds=1)

    async def do_wait(self, step: Step) -> None:
        self.now += timedelta(hours=4 * step.size)

    async def do_sell(self, step: Step) -> None:
        ref = f"o{len(self.sold)}"
        await self.office.sell(ref, step.which, 10_001 + step.size)
        self.sold.append((step.which % len(self.office.families), ref))

    async def do_refund(self, step: Step) -> None:
        family, ref = self.pick(step)
        await family.refund(ref, max(step.size * 100, 1), cause=str(uuid4()))

    async def do_dispute(self, step: Step) -> None:
        family, ref = self.pick(step)
        async with tenant(family.school, write=True) as tx:
            await purchases.dispute_opened(tx, ref, f"d-{ref}-{uuid4()}", 5_000, NOBODY)

    async def do_won(self, step: Step) -> None:
        await self.close(step, won=True)

    async def do_lost(self, step: Step) -> None:
        await self.close(step, won=False)

    async def close(self, step: Step, *, won: bool) -> None:
        family, ref = self.pick(step)
        async with tenant(family.school, write=True) as tx:
            dispute = await tx.fetchval(
                "select s.dispute_ref from core.sale s where s.school_id = $1 and s.order_ref = $2",
                family.school,
                ref,
            )
            if won:
                await purchases.dispute_won(tx, ref, dispute or "-", SCHOOL_ZONE, NOBODY)
            else:
                await purchases.dispute_lost(tx, ref, dispute or "-", NOBODY)

    async def do_run(self, step: Step) -> None:
        await self.office.run(*step.faults)

    async def do_way(self, step: Step) -> None:
        least = 0 if step.size < 80 else 7_000
        await self.office.pay_by(WAY if step.which % 2 else "", least)

    async def do_switch(self, step: Step) -> None:
        self.office.off ^= {self.office.families[step.which % 2].school}

    async def do_confirm(self, _step: Step) -> None:
        await self.office.confirm()

    async def do_back(self, step: Step) -> None:
        mine = [
            one for one in await paid_by_hand(NOW)
            if one.vendor == self.office.vendor and one.returned_at is None
        ]  # fmt: skip
        if mine:
            one = mine[step.which % len(mine)]
            await came_back(one.id, None)
            self.office.by_hand -= one.amount_minor

    async def do_cannot(self, _step: Step) -> None:
        await not_payable(self.office.vendor, "KZT", self.now, None)

    async def do_take_over(self, step: Step) -> None:
        mine = [o for o in await underway() if o.vendor == self.office.vendor and not o.back]
        if mine:
            one = mine[step.which % len(mine)]
            async with tenant(one.school_id, write=True) as tx:
                await actions.take_over(tx, one.id, NOBODY)

    def pick(self, step: Step) -> tuple[Family, str]:
        if not self.sold:
            raise Problem("none", "Nothing was sold.")
        which, ref = self.sold[step.which % len(self.sold)]
        return self.office.families[which], ref

    async def ripe(self) -> dict[int, int]:
        found = {}
        for school in self.office.schools:
            async with tenant(school) as tx:
                balance = await balance_of(tx, self.office.vendor, "KZT", self.now)
            found[school] = balance.matured_minor
        return found

    async def check(self, ripe: dict[int, int]) -> None:
        """Hold the books together, and every new payout against what was ripe before it."""
        payouts = await self.office.payouts()
        for one in payouts:
            if one["id"] not in self.seen:
                assert 0 < one["amount_minor"] == ripe[one["school_id"]]
                self.seen.add(one["id"])
        for school in self.office.schools:
            async with tenant(school) as tx:
                local = self.now + timedelta(hours=5)
                report = await month_report(tx, local.year, local.month, "KZT", SCHOOL_ZONE)
                balance = await balance_of(tx, self.office.vendor, "KZT", self.now)
            assert report.is_right, report
            assert balance.paid_out_minor == sum(
                one["amount_minor"] - one["returned_minor"]
                for one in payouts
                if one["school_id"] == school and one["state"] != "failed"
            )
        # Nobody got what no book says, and never more than one hand gave.
        ways = {one["id"]: one for one in payouts if one["method"]}
        for key, minor in self.office.service.paid.items():
            paid = next(p for p in ways.values() if key.endswith(p["id"].hex))
            assert paid["state"] in {"begun", "paid"}
            assert paid["amount_minor"] == minor
        by_hand = [p for p in payouts if not p["method"] and p["state"] == "paid"]
        assert sum(one["amount_minor"] for one in by_hand) == self.office.by_hand

    async def settle(self) -> None:
        """Let everything come to its end: then both sides say the same to the tiyn."""
        self.office.off = set()
        with set_now(self.now):
            ripe = await self.ripe()
            await self.office.run()
            await self.check(ripe)
            payouts = await self.office.payouts()
        by_way = [one for one in payouts if one["method"]]
        assert {one["state"] for one in by_way} <= {"paid", "failed"}
        assert self.office.service.handed == sum(
            one["amount_minor"] - one["returned_minor"] for one in by_way if one["state"] == "paid"
        )


@example([Step("way", 1), Step("sell"), Step("sell", 1), RIPE, Step("run", faults=("crash after",)),
          Step("refund", size=100), Step("run", faults=("none", "none", "lost after")),
          Step("run")])  # fmt: skip
@example([Step("sell"), RIPE, Step("run"), Step("confirm"), Step("refund", size=100),
          Step("way", 1), Step("sell"), RIPE, Step("run", faults=("setup",)), Step("take_over"),
          Step("confirm"), Step("back")])  # fmt: skip
@given(plan=st.lists(steps, min_size=4, max_size=14).map(
    lambda drawn: [Step("way", 1), Step("sell"), Step("sell", 1), RIPE, *drawn]
))  # fmt: skip
@looks(40, suppress_health_check=list(HealthCheck))
async def test_no_tiyn_is_paid_twice(factory: Factory, plan: list[Step]) -> None:
    machine = Machine(Office(await Family.make(factory), await Family.make(factory)))
    for step in plan:
        await machine.take(step)
    await machine.settle()
