"""Tell plugins what became of marks, absences, homework and periods; nothing where nobody listens.

Each function is the one call that an action makes, in its transaction, after it has written.
"""

from collections.abc import Collection, Iterable, Iterator
from typing import Final, Protocol
from uuid import UUID

from kundelik_core.gradebook.cells import decode
from kundelik_core.kernel.db import Tenant
from kundelik_core.kernel.outbox.emit import Happened, emit, wanted
from kundelik_core.sdk.events import (
    AttendanceRecorded,
    HomeworkAssigned,
    MarkChanged,
    MarkRecorded,
    MarkRemoved,
)

__all__ = ["cell_events", "cells_wanted", "tell_cells", "tell_homework", "tell_voided"]

_OF_CELLS: Final = (MarkRecorded, MarkChanged, MarkRemoved, AttendanceRecorded)

_MARKED: Final = """
select m.pupil_id from core.mark m
 where m.school_id = $1 and m.work_id = $2 and (m.points is not null or m.code is not null)
 order by m.pupil_id
"""


class Line(Protocol):
    """A line of a cell's history, old and new as the history writes them."""

    @property
    def column(self) -> UUID: ...
    @property
    def pupil(self) -> UUID: ...
    @property
    def old(self) -> str: ...
    @property
    def new(self) -> str: ...


class Saved(Protocol):
    """A batch of changes after it was written."""

    @property
    def history(self) -> Iterable[Line]: ...
    @property
    def new_absences(self) -> Collection[tuple[UUID, UUID]]: ...


def cells_wanted(school_id: int) -> bool:
    """Tell whether anybody listens to what becomes of cells."""
    return wanted(school_id, *_OF_CELLS)


async def tell_cells(tx: Tenant, actor: UUID | None, group: UUID, batch: Saved) -> None:
    """Tell of every cell of a batch that came to hold another mark or absence."""
    await emit(
        tx, _OF_CELLS, lambda: cell_events(group, actor, batch.history, batch.new_absences)
    )  # fmt: skip


def cell_events(
    group: UUID,
    actor: UUID | None,
    history: Iterable[Line],
    absences: Collection[tuple[UUID, UUID]],
) -> Iterator[Happened]:
    """Yield what lines of history mean; ``absences`` are (lesson, pupil) that were written.

    An absence is told by the line of its lesson's own column, wherever it was typed.
    """
    for line in history:
        old, new = decode(line.old), decode(line.new)
        was, is_now = (old.points, old.code), (new.points, new.code)
        if was != is_now:
            kind = (
                MarkRecorded if was == (None, None)
                else MarkRemoved if is_now == (None, None)
                else MarkChanged
            )  # fmt: skip
            yield Happened(kind(student_id=line.pupil, group_id=group, work_id=line.column), actor)
        if old.absence != new.absence and (line.column, line.pupil) in absences:
            yield Happened(
                AttendanceRecorded(student_id=line.pupil, group_id=group, lesson_id=line.column),
                actor,
            )


async def tell_homework(tx: Tenant, actor: UUID | None, group: UUID, lesson: UUID) -> None:
    """Tell that homework was set or changed for the lesson on which it is due."""
    await emit(
        tx,
        (HomeworkAssigned,),
        lambda: [Happened(HomeworkAssigned(group_id=group, lesson_id=lesson), actor)],
    )


async def tell_voided(tx: Tenant, actor: UUID | None, group: UUID, work: UUID) -> None:
    """Tell that the marks of a work count no more."""
    if not wanted(tx.school_id, MarkRemoved):
        return
    rows = await tx.fetch(_MARKED, tx.school_id, work)
    pupils = [UUID(int=row["pupil_id"].int) for row in rows]
    await emit(
        tx,
        (MarkRemoved,),
        lambda: [
            Happened(MarkRemoved(student_id=pupil, group_id=group, work_id=work), actor)
            for pupil in pupils
        ],
    )
