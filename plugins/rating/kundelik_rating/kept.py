"""Keep what was worked out for one child's page, for as long as it is right.

What is published changes on few nights. Each change counts the school's edition up, which every
look reads anew together with what is open and what the family chose. What the core says of
groups and periods, their names say, may be some minutes old.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from kundelik_rating.pictures import Values
from kundelik_rating.store import Seen

__all__ = ["KEPT", "Child", "Kept", "Sheet"]

_SECONDS: Final = 300.0
_CHILDREN: Final = 300
_DRAWN: Final = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Child:
    """Whose page it is, in which year, and without which subjects."""

    school: int
    student: UUID
    year: int
    left_out: str


@dataclass(slots=True)
class Sheet:
    """What is published of one child, and what pages made of it."""

    edition: int
    until: float
    rated: tuple[Seen, ...]
    _drawn: dict[tuple[object, ...], Values] = field(default_factory=dict)

    def drawn(self, what: tuple[object, ...], draw: Callable[[], Values]) -> Values:
        """Return what was made for this before, or else make it; nobody changes it."""
        found = self._drawn.get(what)
        if found is None:
            if len(self._drawn) >= _DRAWN:
                self._drawn.pop(next(iter(self._drawn)))
            found = self._drawn[what] = draw()
        return found


class Kept:
    """The sheets of one process; those that were made first go first."""

    def __init__(self, seconds: float = _SECONDS, most: int = _CHILDREN) -> None:
        self._seconds, self._most = seconds, most
        self._sheets: dict[Child, Sheet] = {}

    def find(self, child: Child) -> Sheet | None:
        """Return a child's sheet that is young enough; whether it is right, its edition says."""
        known = self._sheets.get(child)
        return None if known is None or known.until < time.monotonic() else known

    def keep(self, child: Child, edition: int, rated: tuple[Seen, ...]) -> Sheet:
        """Keep what was read of an edition; that was read before, or at the same moment."""
        self._sheets.pop(child, None)
        while len(self._sheets) >= self._most:
            self._sheets.pop(next(iter(self._sheets)))
        made = self._sheets[child] = Sheet(edition, time.monotonic() + self._seconds, rated)
        return made

    def forget(self) -> None:
        """Forget everything, as a new process would."""
        self._sheets.clear()


KEPT: Final = Kept()
