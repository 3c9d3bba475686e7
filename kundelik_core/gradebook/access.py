"""Who may read and write a journal, and who may read a child's diary.

Decisions are pure: a page's own query brings the facts (who teaches the group and when, who leads
the class), so that asking costs nothing more.
"""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Final, Literal
from uuid import UUID

import msgspec

from kundelik_core.kernel.errors import Problem
from kundelik_core.kernel.i18n import N_

__all__ = [
    "DIARY_STAFF",
    "JOURNAL_STAFF",
    "DiaryFacts",
    "Right",
    "Teaching",
    "Viewer",
    "diary_right",
    "journal_right",
    "need_write",
    "not_found",
]

Right = Literal["", "read", "write"]
"""Nothing, reading, or reading and writing."""

JOURNAL_STAFF: Final = frozenset({"director", "deputy", "admin"})
"""Roles that read every journal of their school."""

DIARY_STAFF: Final = frozenset({"director", "deputy", "admin", "psychologist"})
"""Roles that read every diary of their school; the class's own homeroom teacher does so too."""


class Viewer(msgspec.Struct, frozen=True):
    """Somebody as one school knows them: their person there and the roles of that person."""

    account: UUID
    person: UUID | None = None
    roles: frozenset[str] = frozenset()


class Teaching(msgspec.Struct, array_like=True, frozen=True):
    """A stretch of time in which somebody teaches a group, as a substitute or for good."""

    teacher: UUID
    begins: date
    ends: date | None
    substitute: bool

    def holds(self, day: date) -> bool:
        """Tell whether the day lies in it, both ends included."""
        return self.begins <= day and (self.ends is None or day <= self.ends)


class DiaryFacts(msgspec.Struct, frozen=True):
    """What decides over a diary: whose it is, and who stands near."""

    pupil: UUID
    guardian: bool
    homeroom: UUID | None


def journal_right(
    viewer: Viewer, teachings: Sequence[Teaching], homerooms: Iterable[UUID], today: date
) -> Right:
    """Give the right over a journal: its teachers of today write, others of the school may read."""
    mine = [item for item in teachings if item.teacher == viewer.person]
    if "teacher" in viewer.roles or "homeroom" in viewer.roles:
        if any(item.holds(today) for item in mine):
            return "write"
        # Whoever taught the group for good may look at what they wrote; a substitute may not.
        if any(not item.substitute and item.begins <= today for item in mine):
            return "read"
        if viewer.person is not None and viewer.person in set(homerooms):
            return "read"
    return "read" if viewer.roles & JOURNAL_STAFF else ""


def diary_right(viewer: Viewer, facts: DiaryFacts) -> Right:
    """Give the right over a diary: the pupil, a guardian of today and some of the staff."""
    if viewer.person is not None and (
        (viewer.person == facts.pupil and "pupil" in viewer.roles)
        or facts.guardian
        or facts.homeroom == viewer.person
    ):
        return "read"
    return "read" if viewer.roles & DIARY_STAFF else ""


def not_found() -> Problem:
    """Make the one answer for what is not there and for what is none of the reader's business."""
    return Problem("not-found", N_("There is no such page, or it is not yours to see."), status=404)


def need_write(right: Right) -> None:
    """Refuse whoever may not write.

    Raises:
        Problem: 404 for those who may not even read, 403 for readers.
    """
    if right == "write":
        return
    if not right:
        raise not_found()
    raise Problem(
        "read-only",
        N_("You may read this journal. Only the teacher of the group writes in it."),
        status=403,
    )
