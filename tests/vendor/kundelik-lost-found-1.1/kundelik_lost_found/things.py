"""Keep things: every statement of the plugin's own table."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

from kundelik_core.sdk import PluginTx

__all__ = ["add", "forget", "found_by", "waiting"]


async def add(
    tx: PluginTx, school_id: int, what: str, place: str, day: date, finder: UUID | None
) -> None:
    """Write down a thing that was found."""
    await tx.execute(
        "insert into thing (school_id, id, what, place, found_on, finder_id) "
        "values ($1, $2, $3, $4, $5, $6)",
        school_id,
        uuid4(),
        what,
        place,
        day,
        finder,
    )


async def waiting(tx: PluginTx, today: date, days: int) -> Sequence[Mapping[str, Any]]:
    """Return what is on the board, the latest first."""
    return await tx.fetch(
        "select t.what, t.place, t.found_on, t.kind, s.given_name as finder from thing t "
        "left join core_api.student_v1 s on s.student_id = t.finder_id where t.found_on > $1 "
        "order by t.found_on desc, t.what",
        today - timedelta(days=days),
    )


async def found_by(tx: PluginTx, person: UUID) -> Sequence[Mapping[str, Any]]:
    """Return what somebody found, the oldest first."""
    return await tx.fetch(
        "select what, place, found_on from thing where finder_id = $1 order by found_on, what",
        person,
    )


async def forget(tx: PluginTx, person: UUID) -> int:
    """Forget who found what; return how many things that were."""
    tag = await tx.execute("update thing set finder_id = null where finder_id = $1", person)
    return int(tag.split()[-1])
