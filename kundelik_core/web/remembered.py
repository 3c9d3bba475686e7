"""Keep finished pages for those who ask again while nothing behind them has changed.

A page is kept with the versions that its data had (``core.school_version`` and the groups' own) and
is given again only after a look into the database has found the same ones: it is never older than
an answer made anew. What else decides over its text is part of its key.
"""

from collections import OrderedDict
from collections.abc import Hashable, Sequence
from datetime import date
from typing import Final

import brotli
import msgspec

from kundelik_core.web.answer import BROTLI_QUALITY, Ready, etag_of

__all__ = ["PAGES", "PLACE", "KeptPage", "Pages", "keep_page"]

PLACE: Final = b"<!--modules-->"
# An empty last block ends a brotli stream.
_LAST: Final = b"\x03"
_STORED: Final = 1 << 16
_HTML: Final = b"text/html; charset=utf-8"


class KeptPage(msgspec.Struct, frozen=True):
    """A page as it went out, compressed.

    ``versions`` say how far the data behind it had come, as its own query told: those of the school
    and of groups, and whatever else it rests on. A group's version only rises, so of the same
    groups the sum tells a change.
    """

    school_id: int
    versions: tuple[object, ...]
    today: date
    etag: str
    packed: bytes
    rest: bytes
    """What follows ``PLACE``, as it is; ``packed`` then ends in mid-stream. Empty without one."""
    cache_control: str
    about: tuple[str, date] = ("", date.min)
    """Whose page it is and from which day on, for the modules that add to it."""
    basis: object = None
    """What need not be read again as long as its school's version is the same."""

    def answer(self, added: Sequence[str] = ()) -> Ready:
        """Return the page as an answer, with what modules add where the template says ``PLACE``.

        For readers without brotli it is unpacked on its way.
        """
        body, tag = self.packed, self.etag
        if self.rest:
            text = "".join(added).encode() + self.rest
            body += stored(text) + _LAST
            # The page's own tag stands for all that was packed.
            tag = etag_of(tag.encode() + text) if added else tag
        return Ready(
            body,
            _HTML,
            (b"cache-control", self.cache_control.encode()),
            (b"etag", tag.encode()),
            (b"content-encoding", b"br"),
        )


class Pages:
    """The kept pages of one process, at most ``room`` bytes of them; the longest unasked go."""

    def __init__(self, room: int) -> None:
        self._room = room
        self._taken = 0
        self._kept: OrderedDict[Hashable, KeptPage] = OrderedDict()

    def find(self, key: Hashable | None, today: date) -> KeptPage | None:
        """Return the page that was kept under ``key`` today; whether it is right, versions say."""
        found = None if key is None else self._kept.get(key)
        if found is None or found.today != today:
            return None
        self._kept.move_to_end(key)
        return found

    def keep(self, key: Hashable | None, page: KeptPage) -> None:
        """Keep a page in the place of the one that was there; without a key there is no place."""
        if key is None:
            return
        self.drop(key)
        self._kept[key] = page
        self._taken += len(page.packed)
        while self._taken > self._room:
            self._taken -= len(self._kept.popitem(last=False)[1].packed)

    def drop(self, key: Hashable) -> None:
        """Forget a page."""
        old = self._kept.pop(key, None)
        if old is not None:
            self._taken -= len(old.packed)

    def clear(self) -> None:
        """Forget all of them."""
        self._kept.clear()
        self._taken = 0

    def __len__(self) -> int:
        return len(self._kept)


def _pack(body: bytes) -> tuple[bytes, bytes]:
    """Compress a page, up to the place where modules add to it; nothing is compressed twice."""
    before, place, after = body.partition(PLACE)
    packer = brotli.Compressor(quality=BROTLI_QUALITY)
    if not place:
        return packer.process(body) + packer.finish(), b""
    return packer.process(before) + packer.flush(), place + after


def stored(text: bytes) -> bytes:
    """Return a piece of a brotli stream that holds ``text`` as it is (RFC 7932, 9.2)."""
    pieces = (text[at : at + _STORED] for at in range(0, len(text), _STORED))
    # Not the last block; four digits of four bits say how long it is; uncompressed.
    return b"".join((len(p) - 1 << 3 | 1 << 19).to_bytes(3, "little") + p for p in pieces)


def keep_page(
    key: Hashable | None,
    body: bytes,
    source: tuple[int, tuple[object, ...]],
    today: date,
    cache_control: str,
    about: tuple[str, date] = ("", date.min),
    basis: object = None,
) -> KeptPage:
    """Compress a page, keep it under ``key`` and return it.

    ``source`` are the school and the versions of what it was made from.
    """
    school_id, versions = source
    packed, rest = _pack(body)
    # Of the packed page, as it is the shorter one: the same page packs to the same bytes.
    tag = etag_of(packed)
    page = KeptPage(school_id, versions, today, tag, packed, rest, cache_control, about, basis)
    PAGES.keep(key, page)
    return page


PAGES: Final = Pages(24 * 1024 * 1024)
"""The pages of this process: some three thousand diaries."""
