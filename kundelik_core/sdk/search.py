"""Let a plugin find its own things when somebody of the staff searches: words in, plain lines out.

The core asks all that are on in the school side by side, shows their lines below its own, and
leaves out who is late or fails.
"""

from collections.abc import Awaitable, Callable, Sequence

import msgspec

from kundelik_core.sdk.context import PluginContext
from kundelik_core.sdk.text import Text

__all__ = ["MAX_SEARCH_MS", "Search", "SearchHit", "SearchQuery"]

MAX_SEARCH_MS = 500
"""The longest that somebody who searches waits for plugins, and so the most one can ask for."""


class SearchQuery(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody of the staff looks for.

    ``text`` is what they typed, up to 80 characters. ``words`` are its words as the core compares
    names: small letters, Kazakh ones as a Russian keyboard has them (ә is а, қ is к), no signs.
    Something is found when each of them begins a word of it, in any order. ``most`` says how many
    lines are shown; one line more says that there are others.
    """

    text: str
    words: tuple[str, ...]
    most: int


class SearchHit(msgspec.Struct, frozen=True, kw_only=True):
    """One line of what was found, in words of the reader's language.

    ``path`` is that of one of the plugin's own pages, like ``desk/7``, or begins with ``/`` and
    leads to a class, a journal, a diary, a timetable or somewhere in the office. A line is left out
    when the reader may not open the plugin's own page. Titles and notes are text and never markup,
    each up to 200 characters.
    """

    title: str
    path: str
    note: str = ""


class Search(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of things that can be found; its ``title`` stands above them.

    ``name`` starts with the plugin's own name and a dot. ``find`` changes nothing and is given up
    after ``budget_ms`` milliseconds, at most 500. With ``permission``, one of the plugin's own
    codes, it is asked only for those who have it. Kinds stand by ``order``, then as the plugins
    were loaded.
    """

    name: str
    title: Text
    find: Callable[[PluginContext, SearchQuery], Awaitable[Sequence[SearchHit]]]
    order: int = 50
    budget_ms: int = 250
    permission: str | None = None
