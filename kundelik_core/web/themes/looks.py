"""Know what every school wears, without asking anything while a page is made.

A process learns all looks at its start with one statement. Whoever changes one says so on the hub
once the change is saved; while the hub is down, changes are asked for every five seconds.
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Final

from kundelik_core.kernel import clock
from kundelik_core.kernel.hub import RESYNC, Hub, publish
from kundelik_core.schools.queries.appearance import Appearance, school_looks
from kundelik_core.web.static_mount import look_name, static_files
from kundelik_core.web.themes.colours import Colour, parse_hex
from kundelik_core.web.themes.reports import note_failure

__all__ = ["PLAIN", "Look", "dressed", "look_of", "looks_changed", "watch_looks"]

log = logging.getLogger(__name__)

CHANNEL: Final = "looks"
CAP_SECONDS: Final = 5.0

Look = Mapping[str, str]
"""``theme`` for the environment, ``sheet`` and ``logo`` as addresses; all may be empty."""

PLAIN: Final[Look] = {"theme": "", "sheet": "", "logo": ""}

_looks: dict[int, Look] = {}


def look_of(school_id: int, schools: Sequence[int]) -> Look:
    """Return the look of a page: of the school it is about, or of its reader's only one."""
    if not school_id:
        if len(schools) != 1:
            return PLAIN
        school_id = schools[0]
    return _looks.get(school_id, PLAIN)


def dressed(school_id: int, chosen: Appearance) -> Look:
    """Turn what a school chose into what its pages need; what cannot be had is left out."""
    static = static_files()
    theme = chosen.theme if chosen.theme in static.dresses else ""
    if chosen.theme and not theme:
        note_failure(chosen.theme, f"school {school_id}", "it is not installed, or cannot be used")
    dress = static.dresses[theme or static.theme]
    accent, second = _colour(chosen.accent), _colour(chosen.second)
    sheet = ""
    if accent or second:
        if dress.fits(accent, second):
            sheet = static.url(look_name(accent, second), dress.theme.name)
        else:
            note_failure(
                dress.theme.name, f"school {school_id}", "its colours cannot be read in this theme"
            )
    logo = f"/logo/{school_id}/{chosen.logo}" if chosen.logo else ""
    return {"theme": "" if theme == static.theme else theme, "sheet": sheet, "logo": logo}


def _colour(text: str) -> Colour | None:
    return parse_hex(text) if text else None


async def learn_looks(ids: Collection[int] | None = None) -> None:
    """Learn how schools look now: all of them, or some."""
    found = await school_looks(ids)
    for school_id in list(_looks) if ids is None else ids:
        if school_id not in found:
            _looks.pop(school_id, None)
    for school_id, chosen in found.items():
        _looks[school_id] = dressed(school_id, chosen)


async def looks_changed(school_id: int) -> None:
    """Wear a change here at once, and tell the other processes; called after it was saved."""
    await learn_looks([school_id])
    await publish(CHANNEL, str(school_id))


class _Watch:
    """What the hub said since the last look, and the task that acts on it."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._said = asyncio.Event()
        self._ids: set[int] = set()
        self._all = False
        hub.subscribe(CHANNEL, self._heard)

    def _heard(self, payload: str) -> None:
        if payload == RESYNC:
            self._all = True
        elif payload.isascii() and payload.isdigit():
            self._ids.add(int(payload))
        self._said.set()

    async def run(self) -> None:
        """Go on until cancelled."""
        asked = clock.now()
        while True:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._said.wait(), CAP_SECONDS)
            told = self._said.is_set()
            self._said.clear()
            if not told and self._hub.connected:
                continue
            ids, self._ids = self._ids, set()
            everything, self._all = self._all, False
            begun = clock.now()
            try:
                if everything:
                    await learn_looks()
                elif ids:
                    await learn_looks(ids)
                else:
                    changed = await school_looks(since=asked - timedelta(seconds=60))
                    await learn_looks(list(changed))
                asked = begun
            except Exception:  # whatever it is, the next change must still be heard
                self._ids |= ids
                self._all = self._all or everything
                log.exception("how schools look could not be asked; trying again")
                await asyncio.sleep(1)
                self._said.set()


@asynccontextmanager
async def watch_looks(hub: Hub) -> AsyncIterator[None]:
    """Know all looks, and hear of every change, while the block runs."""
    watch = _Watch(hub)
    await learn_looks()
    task = asyncio.create_task(watch.run(), name="looks")
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
