"""Bring results up to date after the roster has changed who sits in which group.

Schools know no marks, so whoever applies a roster calls this afterwards; it may be repeated.
"""

from collections.abc import Iterable
from typing import Final
from uuid import UUID

from kundelik_core.gradebook.periods.actions import recompute
from kundelik_core.kernel.db import tenant

__all__ = ["recompute_groups"]

# Closed periods keep what was decided; a period without works has nothing to compute.
_PERIODS: Final = """
select p.code
  from core.teaching_group g
  join core.period p on p.school_id = g.school_id and p.year = g.year
       and left(p.code, 1) = left(g.period_kind, 1)
 where g.school_id = $1 and g.id = $2 and p.state = 'open'
   and exists (select from core.work w
                where w.school_id = $1 and w.group_id = $2 and w.status = 'active'
                  and w.date between p.begins and p.ends)
 order by p.begins
"""


async def recompute_groups(school_id: int, groups: Iterable[UUID]) -> None:
    """Compute the open periods of groups anew, each group under its own lock."""
    for group in sorted(set(groups)):
        async with tenant(school_id, write=True, lock=("core.teaching_group", group)) as tx:
            for row in await tx.fetch(_PERIODS, tx.school_id, group):
                await recompute(tx, group, row["code"])
