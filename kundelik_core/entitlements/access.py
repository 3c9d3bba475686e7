"""Say who may buy, and what anybody may be told of what a family has.

Paid, given and won look the same: nobody learns from a page that a family has a free place.
"""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

import msgspec

from kundelik_core.entitlements.model import Granted
from kundelik_core.entitlements.queries import grants_of, standing
from kundelik_core.entitlements.rules import span_at
from kundelik_core.entitlements.verdict import Facts
from kundelik_core.kernel.db import Tenant
from kundelik_core.kernel.errors import Problem
from kundelik_core.kernel.i18n import N_

__all__ = ["Holding", "check_buyer", "holdings", "shown"]


class Holding(msgspec.Struct, frozen=True, kw_only=True):
    """What is in force for a pupil. How it came about has no place here, so it cannot leak."""

    feature: str
    scope: str
    until: datetime | None


async def holdings(tx: Tenant, pupil: UUID, at: datetime) -> list[Holding]:
    """Return what is in force for a pupil, in words that are the same for every family."""
    return shown(await grants_of(tx, [pupil]), at)


def shown(grants: Iterable[Granted], at: datetime) -> list[Holding]:
    """Return what grants amount to at a moment."""
    grouped: defaultdict[tuple[str, str], list[Granted]] = defaultdict(list)
    for one in grants:
        grouped[one.feature, one.scope].append(one)
    found = []
    for (feature, scope), of_kind in sorted(grouped.items()):
        span = span_at(of_kind, at)
        if span is not None:
            found.append(Holding(feature=feature, scope=scope, until=span.ends))
    return found


async def check_buyer(tx: Tenant, viewer: UUID, pupil: UUID, facts: Facts, at: datetime) -> None:
    """Let a guardian buy for a child, before any money moves.

    Raises:
        Problem: who asks is no guardian (a pupil cannot buy), or it would not be usable.
    """
    there = await standing(tx, viewer, pupil, at)
    if viewer == pupil or not there.guardian:
        raise Problem("not-a-guardian", N_("Only a parent or guardian can buy this."), status=403)
    if not there.enrolled:
        raise Problem("left", N_("The pupil is not at this school any more."), status=409)
    if not facts.enabled:
        raise Problem("disabled", N_("The school does not offer this."), status=409)
    if facts.opted_out:
        raise Problem(
            "opted-out", N_("You have taken your child out of this; there is nothing to show."),
            status=409,
        )  # fmt: skip
