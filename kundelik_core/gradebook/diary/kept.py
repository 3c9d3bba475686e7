"""Keep what a week shows to a whole class, so that thirty families read it once (decision 0019).

Its key names the version of the school and how often the layouts of these groups have changed, as
the reader's own statement has just told them; marks change neither.
"""

from collections import OrderedDict
from collections.abc import Hashable
from typing import Final

from kundelik_core.gradebook.diary.model import SharedWeek

__all__ = ["WEEKS", "Weeks"]

# Some 60 KB each, with what pages make of them.
_MOST: Final = 200


class Weeks:
    """The shared weeks of one process; the longest unasked go."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._kept: OrderedDict[Hashable, SharedWeek] = OrderedDict()

    def find(self, key: Hashable) -> SharedWeek | None:
        """Return a week if it is kept."""
        found = self._kept.get(key)
        if found is not None:
            self._kept.move_to_end(key)
        return found

    def keep(self, key: Hashable, week: SharedWeek) -> None:
        """Keep a week."""
        self._kept[key] = week
        while len(self._kept) > self._most:
            self._kept.popitem(last=False)

    def clear(self) -> None:
        """Forget all of them."""
        self._kept.clear()

    def __len__(self) -> int:
        return len(self._kept)


WEEKS: Final = Weeks(_MOST)
"""The shared weeks of this process: some 12 MB."""
