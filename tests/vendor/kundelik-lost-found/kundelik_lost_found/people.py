"""Give out and forget what is held about people."""

from collections.abc import Sequence
from typing import Any

from kundelik_core.sdk import (
    Erased,
    Erasure,
    Event,
    PersonalField,
    PluginContext,
    Record,
    Subject,
    Text,
)
from kundelik_lost_found.things import forget, found_by

__all__ = ["FIELDS", "erase", "export", "left"]

_WHY = Text(
    kk="Затты кім тапқанын білу үшін",
    ru="Чтобы знать, кто нашёл вещь",
    en="To know who found a thing",
)
_FOUND = Text(kk="Табылған зат", ru="Найденная вещь", en="A thing that was found")
FIELDS = (
    PersonalField(
        table="thing", column="finder_id", subject="student", purpose=_WHY, ground="consent"
    ),
)


async def export(ctx: PluginContext, subject: Subject) -> Sequence[Record]:
    """Return what somebody found."""
    async with ctx.db.read() as tx:
        rows = await found_by(tx, subject.id)
    return [
        Record(
            title=_FOUND,
            values={"what": row["what"], "place": row["place"], "on": f"{row['found_on']}"},
        )
        for row in rows
    ]


async def erase(ctx: PluginContext, erasure: Erasure) -> Erased:
    """Forget who found what; the thing itself may still wait for its owner."""
    async with ctx.db.write() as tx:
        return Erased(rows=await forget(tx, erasure.subject.id))


async def left(ctx: PluginContext, event: Event[Any]) -> None:
    """Forget a pupil who left."""
    async with ctx.db.write() as tx:
        await forget(tx, event.data.student_id)
