"""Say what a family can buy to open a feature for its children, and what that costs them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from kundelik_core.sdk import Audience, Interval, Listed, ListedPrice, PluginTx, Text
from kundelik_payments.domain.money import charge_share, whole_units

__all__ = [
    "EVERYTHING",
    "MONTHS",
    "PERIODS",
    "Choice",
    "Stretch",
    "amount_for",
    "choices",
    "family_amounts",
    "in_force",
    "renews",
    "shared",
    "stretches",
    "until",
]

EVERYTHING: Final = "*"

MONTHS: Final[Mapping[Interval, int]] = {"month": 1, "quarter": 3, "year": 12}
"""The intervals that are counted in months; only these can renew themselves."""

PERIODS: Final[Mapping[Interval, Text]] = {
    "once": Text(kk="мерзімсіз", ru="без срока", en="without an end"),
    "month": Text(kk="1 ай", ru="1 месяц", en="1 month"),
    "quarter": Text(kk="3 ай", ru="3 месяца", en="3 months"),
    "year": Text(kk="12 ай", ru="12 месяцев", en="12 months"),
    "school_year": Text(
        kk="оқу жылының соңына дейін",
        ru="до конца учебного года",
        en="to the end of the school year",
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """A product at one of its prices."""

    listed: Listed
    price: ListedPrice

    @property
    def by_part(self) -> bool:
        return self.listed.product.by == "subject"

    @property
    def renewable(self) -> bool:
        return self.price.interval in MONTHS


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """A time for which a feature is open to a pupil."""

    student: UUID | None
    feature: str
    scope: str
    begins: datetime
    ends: datetime | None
    grace: datetime | None

    def covers(self, scope: str) -> bool:
        """Say whether a part of the feature is within this one."""
        return self.scope in {EVERYTHING, scope}

    def holds(self, at: datetime) -> bool:
        """Say whether it is open at a moment."""
        return self.begins <= at and (self.ends is None or at < self.ends)


def choices(
    catalogue: Sequence[Listed], audience: Audience, feature: str | None = None
) -> list[Choice]:
    """Return what can be bought, of one feature or at all, the cheapest of each product first."""
    return [
        Choice(listed=one, price=price)
        for one in catalogue
        if feature is None or one.product.feature == feature
        for price in sorted(one.prices, key=lambda price: (price.amount_minor, price.interval))
        if price.audience == audience
    ]


def amount_for(price: ListedPrice, nth: int) -> int:
    """Return what the nth child of a family pays: the last rule that it reaches counts.

    A share is rounded to whole tenge, and no child costs less than one.
    """
    rules = [one for one in price.siblings if one.nth <= nth]
    if not rules:
        return price.amount_minor
    rule = max(rules, key=lambda one: one.nth)
    if rule.amount_minor is not None:
        return rule.amount_minor
    return max(whole_units(charge_share(price.amount_minor, rule.percent_bp or 0)), 100)


def family_amounts(price: ListedPrice, children: int, others: int) -> list[int]:
    """Return what each of several children pays when ``others`` of the family have it already."""
    return [amount_for(price, others + n) for n in range(1, children + 1)]


async def shared(tx: PluginTx) -> bool:
    """Say whether what one guardian buys serves the child's other guardians too."""
    return bool(
        await tx.fetchval("select coalesce((select shared from core_api.sharing_v1), true)")
    )


async def stretches(
    tx: PluginTx, students: Sequence[UUID], viewer: UUID | None, now: datetime
) -> list[Stretch]:
    """Return what is open now or later to who looks at these pupils."""
    rows = await tx.fetch(
        "select student_id, feature, scope, begins_at, ends_at, grace_at "
        "from core_api.entitlement_v1 where student_id = any($1::uuid[]) "
        "and (ends_at is null or ends_at > $2) "
        "and (only_for is null or $3::uuid in (only_for, student_id)) order by begins_at",
        list(students),
        now,
        viewer,
    )
    return [_stretch(row) for row in rows]


def _stretch(row: Mapping[str, Any]) -> Stretch:
    return Stretch(
        student=row["student_id"],
        feature=row["feature"],
        scope=row["scope"],
        begins=row["begins_at"],
        ends=row["ends_at"],
        grace=row["grace_at"],
    )


def in_force(known: Sequence[Stretch], feature: str, now: datetime) -> set[UUID]:
    """Return the pupils to whom something of a feature is open now."""
    return {
        one.student for one in known if one.student and one.feature == feature and one.holds(now)
    }


def until(
    known: Sequence[Stretch], student: UUID, feature: str, scope: str
) -> tuple[bool, datetime | None]:
    """Say whether a part of a feature is open to a pupil, now or later, and until when."""
    mine = [
        one
        for one in known
        if one.student == student and one.feature == feature and one.covers(scope)
    ]
    ends = [one.ends for one in mine if one.ends is not None]
    return bool(mine), None if len(ends) < len(mine) or not ends else max(ends)


def renews(known: Sequence[Stretch], student: UUID, feature: str, scope: str) -> bool:
    """Say whether it goes on by itself: then there is nothing to buy."""
    return any(
        one.student == student
        and one.feature == feature
        and one.covers(scope)
        and one.grace is not None
        and one.ends is not None
        and one.grace < one.ends
        for one in known
    )
