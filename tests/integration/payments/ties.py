"""Make people a family at a school, which stories about money do not need otherwise."""

from uuid import UUID

from tests.integration.payments.till import PgBed

__all__ = ["tie"]


async def tie(bed: PgBed, parent: UUID, child: UUID) -> None:
    """Make somebody a parent, as the school enters it."""
    await bed.town.owner.execute(
        "insert into core.guardianship (school_id, guardian_id, pupil_id, relation, from_date) "
        "values ($1, $2, $3, 'mother', '2026-09-01') on conflict do nothing",
        bed.school, parent, child,
    )  # fmt: skip
