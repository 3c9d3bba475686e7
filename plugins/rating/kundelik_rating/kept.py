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

from kundelik_core.sdk import PluginTx
from kundelik_rating.pictures import Values
from kundelik_rating.store import Seen, looks

__all__ = ["KEPT", "Child", "Kept", "Sheet"]

_SECONDS: Final = 300.0
_CHILDREN: Final = 300
_DRAWN: Final = 6
# How a child's groups are best found depends on how many there are.
_PLANNED_ANEW: Final = "set local plan_cache_mode = auto"


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

    async def sheet(self, tx: PluginTx, child: Child, edition: int) -> Sheet:
        """Return a child's sheet of an edition, which was read before what is read here."""
        known = self._sheets.pop(child, None)
        now = time.monotonic()
        if known is None or known.edition != edition or known.until < now:
            await tx.execute(_PLANNED_ANEW)
            rated = await looks(tx, child.student, child.year, left_out=child.left_out)
            known = Sheet(edition, now + self._seconds, rated)
        while len(self._sheets) >= self._most:
            self._sheets.pop(next(iter(self._sheets)))
        self._sheets[child] = known
        return known

    def forget(self) -> None:
        """Forget everything, as a new process would."""
        self._sheets.clear()


KEPT: Final = Kept()
