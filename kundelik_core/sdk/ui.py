"""Let a plugin show something on a page of the core: where, what it is told, what it hands back."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import date
from types import MappingProxyType
from typing import Any
from uuid import UUID

import msgspec

from kundelik_core.sdk.context import PluginContext
from kundelik_core.sdk.data import Json, Student, Viewer

__all__ = [
    "MAX_BUDGET_MS",
    "SLOTS",
    "ClassPage",
    "DiaryWeek",
    "Fragment",
    "Slot",
    "SlotArgs",
    "StudentCard",
]

MAX_BUDGET_MS = 250
"""The longest a page waits for all its fragments, and so the most one slot can ask for."""


class SlotArgs(msgspec.Struct, frozen=True, kw_only=True):
    """What every slot is told; each slot has its own kind of arguments, see ``SLOTS``."""


class ClassPage(SlotArgs, frozen=True, kw_only=True):
    """What a fragment on the page of one class is told; slot ``class.page``, read by staff.

    ``students`` are those who are in the class today, in the order of the page; empty without the
    scope ``student.v1``, and without dates of birth unless ``student.birth_date.v1`` is declared.
    """

    class_id: UUID
    students: tuple[Student, ...] = ()


class DiaryWeek(SlotArgs, frozen=True, kw_only=True):
    """What a fragment below a week of a diary is told; slot ``diary.week``.

    ``monday`` is the first day of the week shown. ``student`` is None without ``student.v1``.
    """

    student_id: UUID
    monday: date
    viewer: Viewer
    student: Student | None = None


class StudentCard(SlotArgs, frozen=True, kw_only=True):
    """What a fragment on the page of one student is told; slot ``student.card``, read by staff.

    ``student`` is None without the scope ``student.v1``.
    """

    student_id: UUID
    student: Student | None = None


class Fragment(msgspec.Struct, frozen=True, kw_only=True):
    """What a slot shows: one of the plugin's own templates and plain values for it.

    ``template`` is a path below the package's folder ``templates``. ``context`` holds what JSON can
    hold. The core renders with autoescape, so a value is always text and never markup.
    """

    template: str
    context: Mapping[str, Json] = msgspec.field(default_factory=dict)


class Slot(msgspec.Struct, frozen=True, kw_only=True):
    """One place on a page and the handler that fills it; at most one for each place.

    ``render`` gets the context and the arguments of its slot; None shows nothing. It is given up
    ``budget_ms`` milliseconds after the page began to wait. Fragments stand by ``order``, then as
    the plugins were loaded. With ``permission``, one of the plugin's own codes, only those who
    have it see the fragment.
    """

    slot: str
    # The second argument is the type that SLOTS names: a union of all would fit no handler.
    render: Callable[[PluginContext, Any], Awaitable[Fragment | None]]
    order: int = 50
    budget_ms: int = 150
    permission: str | None = None


SLOTS: Mapping[str, type[SlotArgs]] = MappingProxyType(
    {"class.page": ClassPage, "diary.week": DiaryWeek, "student.card": StudentCard}
)
"""Every slot there is, with the type of its arguments.

``class.page``: the page of one class. ``diary.week``: below the week of a student's diary.
``student.card``: the page of one student in the office.
"""
