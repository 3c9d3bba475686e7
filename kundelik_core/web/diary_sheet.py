"""Hold drawn text with places for what is a child's or a reader's own.

A template is rendered once with marks of places in it and cut there; a page is then the pieces put
together, with what belongs into the places between them.
"""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import Final, cast

import markupsafe
import msgspec

from kundelik_core.web.frame import frame, frame_key
from kundelik_core.web.render import environment
from kundelik_core.web.themes.looks import Look
from kundelik_core.web.visit import Visit

__all__ = ["CUT", "Sheet", "around", "escaped", "place", "sheet_of"]

# Stands in no text that is drawn: PostgreSQL keeps none with it.
CUT: Final = "\0"
_MOST: Final = 512

Values = tuple[tuple[str, bytes], ...]
"""Places, and what belongs into them."""


class Sheet(msgspec.Struct, frozen=True):
    """Drawn text: every second piece is a place, and empty."""

    pieces: Sequence[bytes]
    places: Mapping[str, Sequence[int]]

    def filled(self, values: Iterable[tuple[str, bytes]]) -> bytes:
        """Return the text with what belongs into its places; there may be several of a name."""
        pieces, places = list(self.pieces), self.places
        for name, value in values:
            for n in places.get(name, ()):
                pieces[n] = value
        return b"".join(pieces)


def place(name: str) -> markupsafe.Markup:
    """Return what stands for a place while a template is rendered."""
    return markupsafe.Markup(f"{CUT}{name}{CUT}")  # noqa: S704 - names are ours


def sheet_of(text: str) -> Sheet:
    """Cut rendered text at its places."""
    parts = text.split(CUT)
    places: dict[str, list[int]] = {}
    for n in range(1, len(parts), 2):
        places.setdefault(parts[n], []).append(n)
    pieces = [b"" if n % 2 else part.encode() for n, part in enumerate(parts)]
    return Sheet(pieces, places)


def escaped(text: str) -> bytes:
    """Return text as it stands in HTML."""
    return markupsafe.escape(text).encode()


def around(visit: Visit, main: bytes, name: bytes, title: bytes) -> bytes:
    """Return a diary's whole page around its main part."""
    key = frame_key(visit)
    # What is said only once has no key, and is drawn for this reader alone.
    found = None if key is None else _frames.get(key[1:])
    if found is None:
        found = _frame(visit)
        if key is not None:
            if len(_frames) >= _MOST:
                del _frames[next(iter(_frames))]
            _frames[key[1:]] = found
    sheet, own = found
    here = escaped(visit.here)
    return sheet.filled((*own, ("main", main), ("child", name), ("title", title), ("here", here)))


def _frame(visit: Visit) -> tuple[Sheet, Values]:
    """Return the frame of a reader's diaries, and what of it is this reader's name."""
    around = frame(visit) | {"here": ""}
    user = cast("dict[str, str] | None", around["user"])
    own: Values = ()
    if user is not None:
        own = tuple((name, escaped(user[name])) for name in _NAMED)
        around["user"] = user | dict.fromkeys(_NAMED, "")
    # Most families' frames say the same but for their names.
    key = repr(around)
    sheet = _alike.get(key)
    if sheet is None:
        if len(_alike) >= _MOST:
            _alike.clear()
        sheet = _alike[key] = _drawn(visit, around)
    return sheet, own


def _drawn(visit: Visit, around: dict[str, object]) -> Sheet:
    """Draw a frame with places for the reader's name and for all that is the week's."""
    look, user = cast("Look", around["look"]), cast("dict[str, str] | None", around["user"])
    context = {
        **around,
        "here": place("here"),
        "user": user and user | {name: place(name) for name in _NAMED},
        "child": {"name": place("child")},
        "week": {"title": place("title")},
        "main": place("main"),
    }
    template = environment(visit.locale, look["theme"]).get_template("diary.html")
    return sheet_of(template.render(context))


# What a reader is called.
_NAMED: Final = ("name", "initials")

# By what decides over them: the first of them goes. Drawn are few, of some 6 KB each.
_frames: Final[dict[Hashable, tuple[Sheet, Values]]] = {}
_alike: Final[dict[str, Sheet]] = {}
