"""Keep what plugins' templates made of values, for when the same values come again.

A family opens the same week several times a day, and what a plugin says of a class is the same for
all of it. A template has nothing but its values, its language and files that do not change, so the
same values make the same text.
"""

from typing import Final, TypeAlias

from markupsafe import Markup

__all__ = ["ROOM", "Made", "Shown"]

ROOM: Final = 4 * 1024 * 1024
"""Letters that are kept in one process; some twenty thousand short fragments."""

Made: TypeAlias = tuple[str, str, bytes]
"""Whose, in which language, from which answer."""


class Shown:
    """The fragments of one process; those that were made first go first."""

    def __init__(self, room: int = ROOM) -> None:
        self._left = room
        self._kept: dict[Made, Markup] = {}

    def find(self, made: Made) -> Markup | None:
        """Return the fragment that was made of this."""
        return self._kept.get(made)

    def keep(self, made: Made, html: Markup) -> None:
        """Keep a fragment."""
        if made in self._kept:
            return
        self._kept[made] = html
        self._left -= _size(made, html)
        while self._left < 0:
            oldest = next(iter(self._kept))
            self._left += _size(oldest, self._kept.pop(oldest))

    def __len__(self) -> int:
        return len(self._kept)


def _size(made: Made, html: Markup) -> int:
    return len(made[2]) + len(html)
