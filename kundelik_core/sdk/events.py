"""Tell a plugin what happened: after it was saved, at least once, in order, with ids only.

Names, marks and texts are never in an event; a handler reads them through a view whose scope its
manifest declares, and so sees them as they are now. An event may come twice: ``id`` tells.
"""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any, Generic, TypeVar
from uuid import UUID

import msgspec

from kundelik_core.sdk.context import PluginContext

__all__ = [
    "EVENTS",
    "AttendanceRecorded",
    "Event",
    "EventData",
    "HomeworkAssigned",
    "MarkChanged",
    "MarkRecorded",
    "MarkRemoved",
    "PeriodClosed",
    "StudentEnrolled",
    "StudentLeft",
    "Subscription",
]


class EventData(msgspec.Struct, frozen=True, kw_only=True):
    """What every event carries as ids; each event has its own kind of data, see ``EVENTS``."""

    @property
    def subject(self) -> UUID:
        """Return whose events come in order: the student's, or else the group's."""
        own: UUID | None = getattr(self, "student_id", None) or getattr(self, "group_id", None)
        if own is None:
            raise LookupError("an event is about a student or a group")
        return own


class _OfStudent(EventData, frozen=True, kw_only=True):
    student_id: UUID


class _OfMark(_OfStudent, frozen=True, kw_only=True):
    group_id: UUID
    work_id: UUID


class MarkRecorded(_OfMark, frozen=True, kw_only=True):
    """A student got a mark for a work, a column of a journal; event ``mark.recorded.v1``."""


class MarkChanged(_OfMark, frozen=True, kw_only=True):
    """A mark became another one; event ``mark.changed.v1``."""


class MarkRemoved(_OfMark, frozen=True, kw_only=True):
    """A mark was taken back; event ``mark.removed.v1``."""


class AttendanceRecorded(_OfStudent, frozen=True, kw_only=True):
    """An absence or a late arrival was noted, changed or taken back; ``attendance.recorded.v1``."""

    group_id: UUID
    lesson_id: UUID


class HomeworkAssigned(EventData, frozen=True, kw_only=True):
    """Homework was set or changed for the lesson on which it is due; ``homework.assigned.v1``."""

    group_id: UUID
    lesson_id: UUID


class StudentEnrolled(_OfStudent, frozen=True, kw_only=True):
    """A student came into a class; event ``student.enrolled.v1``."""

    class_id: UUID


class StudentLeft(_OfStudent, frozen=True, kw_only=True):
    """A student left a class; event ``student.left.v1``."""

    class_id: UUID


class PeriodClosed(EventData, frozen=True, kw_only=True):
    """A period of a group was closed, like ``q1``; event ``period.closed.v1``."""

    group_id: UUID
    period: str


_Data = TypeVar("_Data", bound=EventData)


class Event(msgspec.Struct, Generic[_Data], frozen=True, kw_only=True):
    """One thing that happened in a school.

    ``id`` is the same each time the event is told; ``occurred_at`` is aware. ``actor_id`` is the
    person who did it, None where nobody did.
    """

    id: UUID
    type: str
    school_id: int
    occurred_at: datetime
    actor_id: UUID | None
    data: _Data


class Subscription(msgspec.Struct, frozen=True, kw_only=True):
    """An event that the plugin wants to be told of; at most one for each type.

    ``handle`` is given up after ``timeout_s`` seconds. What fails or is late is told again, after
    growing pauses, ``max_tries`` times in all; then the operator finds it on a page. Later events
    of the same subject wait meanwhile.
    """

    event: str
    # The second argument is an Event of the data that EVENTS names.
    handle: Callable[[PluginContext, Any], Awaitable[None]]
    max_tries: int = 8
    timeout_s: int = 10


EVENTS: Mapping[str, type[EventData]] = MappingProxyType(
    {
        "mark.recorded.v1": MarkRecorded,
        "mark.changed.v1": MarkChanged,
        "mark.removed.v1": MarkRemoved,
        "attendance.recorded.v1": AttendanceRecorded,
        "homework.assigned.v1": HomeworkAssigned,
        "student.enrolled.v1": StudentEnrolled,
        "student.left.v1": StudentLeft,
        "period.closed.v1": PeriodClosed,
    }
)
"""Every event there is, with the type of its data."""
