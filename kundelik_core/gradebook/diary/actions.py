"""Remember when somebody last looked into a diary."""

from uuid import UUID

from kundelik_core.gradebook.access import Viewer, not_found
from kundelik_core.kernel import clock
from kundelik_core.kernel.db import Tenant

__all__ = ["mark_seen"]


async def mark_seen(tx: Tenant, viewer: Viewer, pupil: UUID) -> None:
    """Note that the viewer has seen the diary now; a visit of half an hour counts as one.

    Raises:
        Problem: 404 for those who are neither the pupil nor a guardian.
    """
    done = await tx.fetchval(
        """
        insert into core.diary_seen as t (school_id, pupil_id, viewer_id, seen_at, before_at)
        select $1, $2::uuid, $3::uuid, $4, $4
         where ($2 = $3 and $6) or exists (
           select from core.guardianship k
            where k.school_id = $1 and k.pupil_id = $2 and k.guardian_id = $3 and k.from_date <= $5
              and (k.to_date is null or k.to_date >= $5))
        on conflict (school_id, pupil_id, viewer_id) do update
           set before_at = case when t.seen_at < excluded.seen_at - interval '30 minutes'
                                then t.seen_at else t.before_at end,
               seen_at = excluded.seen_at
        returning true
        """,
        tx.school_id,
        pupil,
        viewer.person,
        clock.now(),
        clock.today(),
        "pupil" in viewer.roles,
    )
    if not done:
        raise not_found()
