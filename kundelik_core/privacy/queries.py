"""Read who looked at somebody's records, and as what the school knows them."""

from uuid import UUID

import msgspec

from kundelik_core.kernel.db import Tenant
from kundelik_core.privacy.model import Kind, Look, Subject

__all__ = ["kinds_of", "looks_at", "subject_of"]


async def looks_at(tx: Tenant, subject: UUID, most: int = 100) -> list[Look]:
    """Return the latest looks of the staff at somebody, the last one first."""
    rows = await tx.fetch(
        "select a.at, a.what, a.role, coalesce(p.surname, '') as surname, "
        "coalesce(p.given, '') as given, coalesce(p.patronymic, '') as patronymic "
        "from core.access_log a "
        "left join core.person p on p.school_id = a.school_id and p.id = a.person_id "
        "where a.school_id = $1 and a.subject_id = $2 order by a.at desc, a.id desc limit $3",
        tx.school_id,
        subject,
        most,
    )
    return [msgspec.convert(dict(row), Look) for row in rows]


async def subject_of(tx: Tenant, person: UUID) -> Subject | None:
    """Return who somebody is."""
    row = await tx.fetchrow(
        "select p.id, p.surname, p.given, p.patronymic from core.person p "
        "where p.school_id = $1 and p.id = $2",
        tx.school_id,
        person,
    )
    return msgspec.convert(dict(row), Subject) if row else None


async def kinds_of(tx: Tenant, person: UUID) -> tuple[Kind, ...]:
    """Return as what the school knows somebody, or ever knew them."""
    rows = await tx.fetch(
        "select distinct case m.role when 'pupil' then 'student' when 'parent' then 'guardian' "
        "else 'staff' end as kind from core.membership m "
        "where m.school_id = $1 and m.person_id = $2 "
        "union select 'student' from core.class_pupil k "
        "where k.school_id = $1 and k.pupil_id = $2 "
        "union select 'guardian' from core.guardianship g "
        "where g.school_id = $1 and g.guardian_id = $2 order by kind",
        tx.school_id,
        person,
    )
    return tuple(msgspec.convert(row["kind"], Kind) for row in rows)
