"""Say whose records somebody may see and take along: their own, and those of their child."""

from datetime import date
from uuid import UUID

from kundelik_core.kernel.db import Tenant
from kundelik_core.kernel.errors import Problem
from kundelik_core.kernel.i18n import N_

__all__ = ["need_own_or_child"]


async def need_own_or_child(tx: Tenant, viewer: UUID | None, subject: UUID, today: date) -> None:
    """Let pass the person and today's guardians; the school's own rows decide, not the session.

    Raises:
        Problem: 404 for everybody else, the staff included.
    """
    allowed = await tx.fetchval(
        "select $2::uuid = $3::uuid or exists (select from core.guardianship g "
        "where g.school_id = $1 and g.pupil_id = $3 and g.guardian_id = $2 "
        "and g.from_date <= $4 and (g.to_date is null or g.to_date >= $4)) "
        "from core.person p where p.school_id = $1 and p.id = $3",
        tx.school_id,
        viewer,
        subject,
        today,
    )
    if not allowed:
        raise Problem(
            "not-found", N_("There is no such page, or it is not yours to see."), status=404
        )
