"""Many wishes in one transaction come to the same as one behind the other, whatever they are."""

import json
from datetime import timedelta
from typing import Any, Literal, get_args
from uuid import UUID

import msgspec
import pytest
from hypothesis import HealthCheck, example, given
from hypothesis import strategies as st

from kundelik_core.entitlements.ledger.queries import month_report
from kundelik_core.entitlements.seats import assign_seats, seats_of
from kundelik_core.kernel.audit import Doer
from kundelik_core.kernel.clock import SCHOOL_ZONE, set_now
from kundelik_core.kernel.db import Databases, Tenant, tenant
from kundelik_core.kernel.ids import new_id
from kundelik_core.plugins.wishes import settle
from kundelik_core.sdk import (
    Absorbed,
    Bought,
    Credited,
    DisputeLost,
    DisputeOpened,
    DisputeWon,
    Refunded,
    RenewalEnded,
    Returned,
    Wish,
)
from tests.depth import looks
from tests.factories import Factory
from tests.integration.entitlements.desk import NOW, Family
from tests.integration.wishes.conftest import Asker, _priced, price_id

Kind = Literal[
    "buy", "year", "once", "seats", "renew", "credit", "refund", "returned", "absorb", "dispute",
    "won", "lost", "ended", "wrong",
]  # fmt: skip


class Step(msgspec.Struct, frozen=True):
    """One wish: about which pupil and order, and how much of it."""

    kind: Kind
    child: int = 0
    order: int = 0
    size: int = 0


class Burst(msgspec.Struct, frozen=True):
    """What is asked at a time, and how long nothing happens after it."""

    steps: list[Step]
    hours: int = 0
    sits: bool = False


PAID = 100_000
steps = st.builds(
    Step,
    st.sampled_from(get_args(Kind)),
    st.integers(0, 1),
    st.integers(0, 4),
    st.integers(0, 9),
)
bought = st.builds(
    Step, st.sampled_from(["buy", "buy", "renew", "year", "once", "seats", "credit"]),
    st.integers(0, 1), st.integers(0, 9), st.integers(0, 9),
)  # fmt: skip
bursts = st.builds(
    Burst, st.lists(st.one_of(bought, steps), min_size=1, max_size=9),
    st.sampled_from([0, 1, 30, 700, 9_000]), st.booleans(),
)  # fmt: skip
plans = st.lists(bursts, min_size=1, max_size=3)


class Ground(msgspec.Struct, kw_only=True):
    """A school with two children of one mother, and what orders are called there."""

    school: int
    children: tuple[UUID, UUID]
    mother: UUID

    @classmethod
    async def make(cls, factory: Factory) -> "Ground":
        one = await Family.make(factory)
        other = await factory.person(one.school, role="pupil")
        return cls(school=one.school, children=(one.pupil, other), mother=one.mother)


class Shop(msgspec.Struct, kw_only=True):
    """What is sold."""

    feature: str
    prices: dict[str, UUID]
    nobody: UUID
    never: UUID

    def wish(self, ground: Ground, step: Step, number: int) -> Wish:
        """Return a step as a wish of a school."""
        ref, size, part = f"o:{step.order}", step.size, PAID * (1 + step.size) // 10
        match step.kind:
            case "buy" | "year" | "once" | "renew":
                return self._bought(ground, step, ref)
            case "seats":
                return self._bought(ground, step, ref, student_id=None, seats=1 + size % 3)
            case "credit":
                child = ground.children[step.child]
                return Credited(
                    ref=f"c{number}", student_id=child, feature=self.feature, days=1 + size,
                    scope="*" if size % 3 else "maths",
                )  # fmt: skip
            case "wrong":
                return self._wrong(ground, step, ref)
            case "ended":
                return RenewalEnded(ref=ref)
            case "absorb":
                return Absorbed(ref=ref, cause=f"a{number}")
            case "won":
                return DisputeWon(ref=ref, dispute=f"{ref}/d")
            case "lost":
                return DisputeLost(ref=ref, dispute=f"{ref}/d")
            case "dispute":
                return DisputeOpened(ref=ref, dispute=f"{ref}/d", amount_minor=part)
            case "returned":
                return Returned(ref=ref, cause=f"b{number}", amount_minor=part)
        amount = None if size == 9 else part
        policy: Any = "keep" if size % 2 else "shorten"
        return Refunded(ref=ref, cause=f"r{number}", amount_minor=amount, policy=policy)

    def _bought(self, ground: Ground, step: Step, ref: str, **rest: Any) -> Bought:
        name = {"year": "school_year", "once": "once"}.get(step.kind, "month")
        fields: dict[str, Any] = {
            "ref": ref, "price_id": self.prices[name], "amount_minor": PAID,
            "student_id": ground.children[step.child],
            "holder_id": ground.mother if step.size % 4 else None,
            "intervals": 1 + step.size % 2 if name == "month" else 1,
            "scope": "maths" if step.size == 7 else "*",
            "renews": step.kind == "renew", "skip_summer": step.size % 3 == 0,
            "till": "receivable" if step.size == 5 else "cash",
        }  # fmt: skip
        return Bought(**(fields | rest))

    def _wrong(self, ground: Ground, step: Step, ref: str) -> Bought:
        fields: list[dict[str, Any]] = [
            {"amount_minor": 0}, {"price_id": self.never}, {"holder_id": self.nobody},
            {"student_id": self.nobody}, {"seats": 3}, {"scope": ""}, {"scope": "x" * 101},
            {"intervals": 0}, {"student_id": None, "seats": 200_000}, {"student_id": None},
        ]  # fmt: skip
        return self._bought(ground, msgspec.structs.replace(step, size=1), ref, **fields[step.size])


async def _sit(ground: Ground) -> None:
    """Let the first child sit on every licence that has a free seat."""
    async with tenant(ground.school, write=True) as tx:
        rows = await tx.fetch(
            "select e.id from core.entitlement e where e.school_id = $1 and e.seats is not null",
            tx.school_id,
        )
        for row in rows:
            there = await seats_of(tx, row["id"])
            if len(there.pupils) < there.seats:
                await assign_seats(tx, row["id"], [ground.children[0]], Doer())


async def _everything(ground: Ground) -> dict[str, list[str]]:
    """Return all that is kept in a school about wishes, time and money, in words of no school."""
    queries = {
        "wish": "select w.kind, w.ref, w.about, w.state, w.reason, w.tries, w.entitlement_id "
        "from core.plugin_wish w where w.school_id = $1",
        "entitlement": "select e.* from core.entitlement e where e.school_id = $1",
        "pause": "select p.entitlement_id, p.kind, p.cause, p.begins, p.ends "
        "from core.entitlement_pause p where p.school_id = $1",
        "seat": "select s.* from core.entitlement_seat s where s.school_id = $1",
        "sale": "select s.* from core.sale s where s.school_id = $1",
        "ledger": "select t.* from core.ledger_txn t where t.school_id = $1",
        "audit": "select a.action, a.entity, a.entity_id, a.after::text as after, a.reason "
        "from core.audit_log a where a.school_id = $1",
    }
    async with tenant(ground.school) as tx:
        found = {name: await tx.fetch(sql, tx.school_id) for name, sql in queries.items()}
    named = {ground.mother: "mother", ground.children[0]: "one", ground.children[1]: "two"}
    acts = {row["id"]: (row["source"], row["source_ref"]) for row in found["entitlement"]}

    def word(of: UUID) -> str:
        """Name a grant by its act; a credit's act names another grant."""
        source, ref = acts[of]
        about, _, rest = ref.partition("/")
        return f"{source} {word(UUID(about))}/{rest}" if source == "credit" else f"{source} {ref}"

    replaced = {str(one): name for one, name in named.items()} | {
        str(one): word(one) for one in acts
    }

    def plain(row: Any) -> str:
        own = {"school_id", "id"}
        fields = {name: str(value) for name, value in dict(row).items() if name not in own}
        text = json.dumps(fields, sort_keys=True)
        for old, new in replaced.items():
            text = text.replace(old, new)
        return text

    return {name: sorted(map(plain, rows)) for name, rows in found.items()}


@pytest.fixture(scope="module")
async def goods(shop: Asker, databases: Databases) -> Shop:
    assert databases.jobs_url
    prices = {name: await _priced(shop, name) for name in ("month", "school_year", "once")}
    return Shop(
        feature=f"{shop.name}.view", prices={name: price_id(one) for name, one in prices.items()},
        nobody=new_id(), never=new_id(),
    )  # fmt: skip


MIXED = [
    Burst([Step("buy", 0, 0, 1), Step("refund", 0, 0, 3), Step("buy", 0, 1, 1),
           Step("credit", 0, 0, 1), Step("wrong", 0, 2, 2), Step("buy", 1, 3, 0),
           Step("wrong", 0, 4, 6), Step("buy", 0, 5, 2), Step("dispute", 0, 0, 0)], 30),
    Burst([Step("renew", 0, 6, 1), Step("buy", 0, 7, 1), Step("won", 0, 0, 0),
           Step("seats", 0, 8, 2), Step("credit", 0, 0, 4), Step("ended", 0, 6, 0)], 700,
          sits=True),
    Burst([Step("credit", 0, 0, 8), Step("buy", 0, 9, 3), Step("year", 1, 2, 1)]),
]  # fmt: skip


@given(plan=plans)
@example(plan=MIXED)
@looks(40, suppress_health_check=list(HealthCheck))
async def test_together_is_one_by_one(
    till: Asker, shop: Asker, goods: Shop, factory: Factory, plan: list[Burst]
) -> None:
    grounds = [await Ground.make(factory) for _ in range(2)]
    now, number = NOW, 0
    for burst in plan:
        with set_now(now):
            for ground, at_once in zip(grounds, (100, 1), strict=True):
                wishes = [
                    goods.wish(ground, step, number + n) for n, step in enumerate(burst.steps)
                ]
                for asker, its in _asked_by(till, shop, wishes):
                    await asker.ask(ground.school, *its, and_settle=False)
                    await settle(ground.school, asker.name, at_once=at_once)
                if burst.sits:
                    await _sit(ground)
        number += len(burst.steps)
        now += timedelta(hours=burst.hours)
        many, one = [await _everything(ground) for ground in grounds]
        assert many == one
    await _is_right(grounds[0])


def _asked_by(till: Asker, shop: Asker, wishes: list[Wish]) -> list[tuple[Asker, list[Wish]]]:
    """Days are given back by the module whose feature it is, everything else by the till."""
    parts: list[tuple[Asker, list[Wish]]] = []
    for wish in wishes:
        asker = shop if isinstance(wish, Credited) else till
        if not parts or parts[-1][0] is not asker:
            parts.append((asker, []))
        parts[-1][1].append(wish)
    return parts


async def _is_right(ground: Ground) -> None:
    """The books sum to nothing, and no wish waits."""
    async with tenant(ground.school) as tx:
        for month in (11, 12):
            assert (await month_report(tx, 2026, month, "KZT", SCHOOL_ZONE)).is_right
        left = await tx.fetchval(
            "select count(*) from core.plugin_wish w where w.school_id = $1 "
            "and w.state = 'pending'", tx.school_id,
        )  # fmt: skip
    assert left == 0


async def test_many_cost_the_statements_of_one(
    till: Asker, goods: Shop, factory: Factory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sixty payments are granted, booked and noted by some statements for each table."""
    ground = await Ground.make(factory)
    pupils = [await factory.person(ground.school, role="pupil") for _ in range(60)]
    sent: list[str] = []

    def counted(name: str) -> None:
        real = getattr(Tenant, name)

        async def send(tx: Tenant, sql: str, *args: object) -> Any:
            sent.append(sql)
            return await real(tx, sql, *args)

        monkeypatch.setattr(Tenant, name, send)

    for name in ("fetch", "fetchrow", "fetchval", "execute"):
        counted(name)
    found = []
    for first, last in ((0, 1), (1, 60)):
        wishes = [
            Bought(ref=f"n:{n}", price_id=goods.prices["month"], amount_minor=PAID,
                   student_id=pupils[n], holder_id=ground.mother)
            for n in range(first, last)
        ]  # fmt: skip
        await till.ask(ground.school, *wishes, and_settle=False)
        sent.clear()
        assert (await settle(ground.school, till.name)).done == last - first
        found.append(len(sent))
    assert found[0] == found[1] < 20
