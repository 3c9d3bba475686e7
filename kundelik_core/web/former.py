"""Let who has no child at a school any more see what they have paid there, and nothing else."""

from datetime import timedelta
from typing import Final

import msgspec

from kundelik_core.identity.model import Actor, Membership
from kundelik_core.identity.queries import former_ties
from kundelik_core.kernel.clock import today

__all__ = ["FORMER", "remembered"]

FORMER: Final = "former"
"""No role of any school: it opens what is open to everybody who belongs there."""

_AFTER: Final = timedelta(days=400)
"""For how long: a year was paid at most, and money on its way back takes its time."""


async def remembered(actor: Actor) -> Actor:
    """Return somebody with the schools where they had a child until lately."""
    here = actor.schools
    added = tuple(
        Membership(school_id, guardian, FORMER)
        for school_id, guardian in await former_ties(actor.account_id, today() - _AFTER)
        if school_id not in here
    )
    if not added:
        return actor
    return msgspec.structs.replace(actor, memberships=(*actor.memberships, *added))
