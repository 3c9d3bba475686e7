"""Ask plugins what they find, side by side, and let through only lines that lead somewhere."""

import re
from collections.abc import Collection, Sequence
from typing import Final

import msgspec

from kundelik_core.plugins.context import CallContext
from kundelik_core.plugins.dispatch import Asked, Dispatcher
from kundelik_core.plugins.outcome import OutcomeState
from kundelik_core.plugins.registry import Registry, SearchEntry
from kundelik_core.sdk import MAX_SEARCH_MS, SearchHit, SearchQuery, Text

__all__ = ["FoundKind", "FoundLine", "search_plugins"]

LONGEST: Final = 200
"""Letters of a title or a note; a list is no place for a story."""

# Pages of the core that a line may lead to; none of them does anything when it is opened.
_CORE: Final = re.compile(
    r"^/(classes|diary|homework|journal|office|timetable)(/[A-Za-z0-9._~-]+)*\Z"
)
_OWN: Final = re.compile(r"^[A-Za-z0-9._~/-]*\Z")


class FoundLine(msgspec.Struct, frozen=True):
    """A line as it is shown: text, and an address of this site."""

    title: str
    note: str
    href: str


class FoundKind(msgspec.Struct, frozen=True):
    """What one plugin found of one kind; ``failed`` says that it raised or was late.

    ``more``: there is more than is shown.
    """

    plugin: str
    title: Text
    lines: tuple[FoundLine, ...] = ()
    more: bool = False
    failed: bool = False


async def search_plugins(
    registry: Registry,
    dispatcher: Dispatcher,
    query: SearchQuery,
    active: Collection[str],
    call: CallContext,
) -> list[FoundKind]:
    """Return what those of ``active`` find that declare a search, in the order of the page."""
    entries = {entry.ref: entry for entry in registry.searches}
    outcomes = await dispatcher.together(
        [_asked(registry, entry, query.most) for entry in registry.searches], query, active, call
    )
    return [
        outcome.value
        if outcome.state is OutcomeState.DONE
        else FoundKind(outcome.ref.plugin, entries[outcome.ref].search.title, failed=True)
        for outcome in outcomes
    ]


def _asked(registry: Registry, entry: SearchEntry, most: int) -> Asked:
    plugin, search = entry.ref.plugin, entry.search

    def fit(hits: Sequence[SearchHit], call: CallContext) -> FoundKind:
        shown = [line for hit in hits[:most] if (line := _line(registry, plugin, hit, call))]
        return FoundKind(plugin, search.title, tuple(shown), more=len(hits) > most)

    seconds = min(search.budget_ms, MAX_SEARCH_MS) / 1000
    return Asked(entry.ref, seconds, search.permission, fit)


def _line(registry: Registry, plugin: str, hit: SearchHit, call: CallContext) -> FoundLine | None:
    """Return a line that leads somewhere; None when the reader may not open its page.

    Raises:
        ValueError: it leads nowhere, or says nothing.
    """
    title = " ".join(hit.title.split())[:LONGEST]
    if not title:
        raise ValueError("a line of a search has no title")
    note = " ".join(hit.note.split())[:LONGEST]
    if hit.path.startswith("/"):
        if not _CORE.match(hit.path) or ".." in hit.path.split("/"):
            raise ValueError(f"a line leads to {hit.path[:100]!r}, which is no page of the school")
        return FoundLine(title, note, hit.path)
    page = registry.page(plugin, "GET", hit.path) if _OWN.match(hit.path) else None
    if page is None:
        raise ValueError(f"a line leads to {hit.path[:100]!r}, which is no page of its own")
    wanted = page[0].permission
    if wanted is not None and (call.actor is None or not call.actor.may(wanted)):
        return None
    return FoundLine(title, note, f"/x/{plugin}/{hit.path}".rstrip("/"))
