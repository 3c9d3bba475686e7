"""Hold journals between two saves, so that the second one need not read them (decision 0019).

A journal is held with the versions that school and group had when it was read. Whoever saves by it
names them to the database, which writes only while they are still the same. So nothing is ever
decided by what is old, whoever else writes, here or in another process.
"""

import asyncio
from collections import OrderedDict
from typing import Final
from uuid import UUID

import msgspec

from kundelik_core.gradebook.journal.ground import Ground
from kundelik_core.gradebook.journal.rules import Batch

__all__ = ["JOURNALS", "Held", "Journals"]

# Some 60 KB each: a group of thirty in a quarter.
_MOST: Final = 256


class Held:
    """One journal; whoever saves by it holds its ``turn``."""

    __slots__ = ("ground", "turn", "versions")

    def __init__(self, ground: Ground, versions: tuple[int, int]) -> None:
        self.ground = ground
        self.versions = versions
        self.turn = asyncio.Lock()

    def advance(self, batch: Batch) -> None:
        """Take in what was written under the next version of the group."""
        batch.settle()
        self.versions = (self.versions[0], self.versions[1] + 1)


class _Look(msgspec.Struct, frozen=True):
    """What the last save with a look found, and whether the next may expect the same."""

    versions: tuple[int, int]
    calm: bool


class Journals:
    """The journals that this process holds; the longest unused go.

    Reading a whole journal costs as much as a save. So it is read with the second save, and only
    while nobody else writes into it: where two take turns, both look at what they need.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._held: OrderedDict[tuple[int, UUID], Held] = OrderedDict()
        self._looks: OrderedDict[tuple[int, UUID], _Look] = OrderedDict()

    def find(self, school_id: int, group: UUID) -> Held | None:
        """Return a journal if it is held."""
        found = self._held.get((school_id, group))
        if found is not None:
            self._held.move_to_end((school_id, group))
        return found

    def wants(self, school_id: int, group: UUID) -> bool:
        """Tell whether the next save with a look should read the whole journal."""
        look = self._looks.get((school_id, group))
        return look is not None and look.calm

    def looked(
        self, school_id: int, group: UUID, versions: tuple[int, int], *, wrote: bool
    ) -> None:
        """Take note of a save with a look, and of how far the data had come with it."""
        key = (school_id, group)
        held, look = self._held.get(key), self._looks.pop(key, None)
        known = held.versions if held else look.versions if look else None
        calm = known in (None, (versions[0], versions[1] - 1))
        self._looks[key] = _Look(versions, calm)
        while len(self._looks) > self._most:
            self._looks.popitem(last=False)
        if held and calm and not wrote:
            held.versions = versions
        elif held:
            del self._held[key]

    def hold(self, school_id: int, group: UUID, ground: Ground, versions: tuple[int, int]) -> None:
        """Hold a journal as it is after a commit, unless a later state of it is held."""
        there = self._held.get((school_id, group))
        if there is not None and there.versions > versions:
            return
        self._held[school_id, group] = Held(ground, versions)
        self._held.move_to_end((school_id, group))
        while len(self._held) > self._most:
            self._held.popitem(last=False)

    def drop(self, school_id: int, group: UUID, held: Held) -> None:
        """Forget a journal into which somebody else writes, not what has taken its place."""
        if self._held.get((school_id, group)) is held:
            del self._held[school_id, group]
            self._looks[school_id, group] = _Look((0, 0), calm=False)

    def forget(self, school_id: int, group: UUID) -> None:
        """Forget a journal that is being changed here by something else than a save."""
        self._held.pop((school_id, group), None)
        self._looks.pop((school_id, group), None)

    def clear(self) -> None:
        """Forget all of them."""
        self._held.clear()
        self._looks.clear()

    def __len__(self) -> int:
        return len(self._held)


JOURNALS: Final = Journals(_MOST)
"""The journals of this process: some 15 MB."""
