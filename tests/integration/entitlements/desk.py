"""Buy, refund and ask in short words: what the tests of the rules and of the ledger share."""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import msgspec

from kundelik_core.entitlements.ledger.model import Sale
from kundelik_core.entitlements.purchases import actions
from kundelik_core.entitlements.purchases.model import Purchase, Sold
from kundelik_core.entitlements.queries import entitled
from kundelik_core.entitlements.terms import Months, Term
from kundelik_core.entitlements.verdict import Facts, Question, Verdict
from kundelik_core.kernel import clock
from kundelik_core.kernel.audit import Doer
from kundelik_core.kernel.clock import SCHOOL_ZONE
from kundelik_core.kernel.db import tenant
from tests.factories import Factory

NOW = datetime(2026, 11, 4, 8, 0, tzinfo=UTC)
DAY = timedelta(days=1)
NOBODY = Doer()
GOOD = Facts(enabled=True, opted_out=False)


class Family(msgspec.Struct, kw_only=True):
    """A child with both parents, at one school."""

    school: int
    pupil: UUID
    mother: UUID
    father: UUID

    @classmethod
    async def make(cls, factory: Factory, school: int | None = None) -> "Family":
        """Make one, in a school of its own unless told."""
        there = school or await factory.school()
        made = cls(
            school=there,
            pupil=await factory.person(there, role="pupil"),
            mother=await factory.person(there, role="parent", sex="f"),
            father=await factory.person(there, role="parent"),
        )
        for guardian in (made.mother, made.father):
            await factory._insert(
                "guardianship", school_id=there, guardian_id=guardian, pupil_id=made.pupil,
                from_date=date(2026, 9, 1),
            )  # fmt: skip
        return made

    async def buy(self, ref: str, term: Term | None = None, **rest: object) -> Sold:
        """Pay for a month of rating, or for what is told."""
        fields: dict[str, object] = {
            "order_ref": ref, "sku": "rating.month", "feature": "rating.view", "vendor": "ustaz",
            "currency": "KZT", "amount_minor": 99_000, "tax_bp": 1_600, "commission_bp": 3_000,
            "term": term or Months(1), "zone": SCHOOL_ZONE, "holder": self.mother,
            "pupil": self.pupil,
        }  # fmt: skip
        async with tenant(self.school, write=True) as tx:
            return await actions.grant_paid(tx, Purchase(**(fields | rest)), NOBODY)  # type: ignore[arg-type]

    async def refund(
        self, ref: str, amount: int | None = None, cause: str = "r1", **rest: object
    ) -> Sale:
        """Give all of it back, or a part."""
        async with tenant(self.school, write=True) as tx:
            return await actions.refund(tx, ref, cause, amount, NOBODY, **rest)  # type: ignore[arg-type]

    async def ask(
        self,
        viewer: UUID | None = None,
        facts: Facts = GOOD,
        scope: str = "*",
        at: datetime | None = None,
        feature: str = "rating.view",
    ) -> Verdict:
        """Ask as the mother, unless told."""
        question = Question(
            feature=feature, pupil=self.pupil, viewer=viewer or self.mother,
            at=at or clock.now(), scope=scope,
        )  # fmt: skip
        async with tenant(self.school) as tx:
            return await entitled(tx, question, facts)
