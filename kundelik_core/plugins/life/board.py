"""Share the breakers between all processes of the installation, through the directory and the hub.

Each process counts its own calls; the moment one of them has seen enough, all leave the plugin
alone. The operator can hold a plugin back, and let it go, with effect everywhere at once.
"""

import asyncio
import logging
import time
from collections.abc import Collection, Coroutine
from datetime import UTC, datetime
from typing import Any, Final, TypeAlias

import asyncpg

from kundelik_core.kernel.clock import now
from kundelik_core.kernel.db import directory
from kundelik_core.kernel.hub import Hub, publish
from kundelik_core.plugins.breaker import BreakerState, LocalBoard, Phase
from kundelik_core.plugins.life.model import Trip
from kundelik_core.plugins.life.operator import LIFE, note_step
from kundelik_core.plugins.life.queries import approvals, trips

__all__ = ["BREAKER", "SharedBoard", "reset", "trip"]

_Seen: TypeAlias = tuple[datetime, Phase, datetime]

BREAKER: Final = "plugins.breaker"
CAP_SECONDS: Final = 5.0
LOOK_SECONDS: Final = 0.2

_log = logging.getLogger(__name__)
_FAULTS: Final = (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError)

# What a process saw never takes back what the operator decided.
_SEEN: Final = """
insert into directory.plugin_breaker as b (plugin, phase, since, changed_at)
values ($1, $2, $3, $4)
on conflict (plugin) do update
   set phase = excluded.phase, since = excluded.since, changed_at = excluded.changed_at
 where b.changed_at <= excluded.changed_at
"""
_DECIDED: Final = """
insert into directory.plugin_breaker as b (plugin, phase, since, held, reason, doer, changed_at)
values ($1, $2, $3, $4, $5, $6, $3)
on conflict (plugin) do update
   set phase = excluded.phase, since = excluded.since, held = excluded.held,
       reason = excluded.reason, doer = excluded.doer, changed_at = excluded.changed_at
"""


async def trip(plugin: str, doer: str, reason: str = "") -> None:
    """Leave a plugin alone everywhere, at once, until it is let go."""
    await directory().execute(_DECIDED, plugin, "open", now(), True, reason, doer)
    await note_step(directory(), plugin, "trip", doer, note=reason)
    await publish(BREAKER, plugin)


async def reset(plugin: str, doer: str) -> None:
    """Let a plugin go, whoever or whatever held it back; its failures are forgotten."""
    await directory().execute(_DECIDED, plugin, "closed", now(), False, "", doer)
    await note_step(directory(), plugin, "reset", doer)
    await publish(BREAKER, plugin)


class SharedBoard:
    """The breakers as one process of many sees them; it never waits, and asks in the background.

    ``loaded`` are the plugins that run here; what was shut out meanwhile is ``halted``.
    """

    def __init__(self, loaded: Collection[str] = ()) -> None:
        self._loaded = frozenset(loaded)
        self._board = LocalBoard(self._changed)
        self._held: frozenset[str] = frozenset()
        self._halted: frozenset[str] = frozenset()
        self._taken: dict[str, _Seen] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._learnt = 0.0
        self._next_look = 0.0
        self._hub: Hub | None = None
        self._learning = False
        self._again = False

    def follow(self, hub: Hub) -> None:
        """Hear what other processes see, and what the operator decides."""
        self._hub = hub
        hub.subscribe(BREAKER, self._heard)
        hub.subscribe(LIFE, self._heard)

    def halted(self) -> frozenset[str]:
        """Return the plugins that run here and may not any more."""
        return self._halted

    def admits(self, plugin: str) -> bool:
        """Say whether a call may be made."""
        at = time.monotonic()
        if at >= self._next_look:  # a page asks for each of its plugins
            self._next_look = at + LOOK_SECONDS
            if self._old():
                self._ask()
        if plugin in self._halted or plugin in self._held:
            return False
        return self._board.admits(plugin)

    def record(self, plugin: str, good: bool) -> None:
        """Note how a call ended."""
        self._board.record(plugin, good)

    async def learn(self) -> None:
        """Take over what the directory knows."""
        self._learnt = time.monotonic()
        known, approved = await trips(), await approvals()
        self._held = frozenset(name for name, one in known.items() if one.held)
        ready = {name for name, one in approved.items() if one.state == "migrated"}
        self._halted = self._loaded - ready
        for name, one in known.items():
            self._take(name, one)

    async def settle(self) -> None:
        """Wait until what was seen here is written and what was said is read."""
        while self._tasks:
            await asyncio.gather(*self._tasks, return_exceptions=True)

    def _take(self, name: str, one: Trip) -> None:
        seen = one.changed_at, one.phase, one.since
        taken = self._taken.get(name)
        # An answer may be older than what this process has written since it asked.
        if taken is not None and (taken == seen or taken[0] > one.changed_at):
            return
        self._taken[name] = seen
        self._board.adopt(name, BreakerState(one.phase, one.since.timestamp()))

    def _old(self) -> bool:
        """Say whether something may have been missed: the hub is down, or was never there."""
        if self._hub is not None and self._hub.connected:
            return False
        return time.monotonic() - self._learnt > CAP_SECONDS

    def _heard(self, _payload: str) -> None:
        self._ask()

    def _ask(self) -> None:
        # What is said while an answer is on its way may not be in it any more.
        self._again = True
        if not self._learning:
            self._learning = True
            self._learnt = time.monotonic()
            self._start(self._learn_all())

    async def _learn_all(self) -> None:
        try:
            while self._again:
                self._again = False
                await self.learn()
        except _FAULTS:
            _log.warning("plugins: the breakers could not be read", exc_info=True)
        finally:
            self._learning = False

    def _changed(self, plugin: str, state: BreakerState) -> None:
        """Write down what the board here has just decided, and tell of it."""
        if state.phase == "open":
            _log.warning("plugin %s failed too often and is left alone", plugin)
        self._start(self._tell(plugin, state))

    async def _tell(self, plugin: str, state: BreakerState) -> None:
        at, since = now(), datetime.fromtimestamp(state.since, UTC)
        self._taken[plugin] = at, state.phase, since
        try:
            await directory().execute(_SEEN, plugin, state.phase, since, at)
        except _FAULTS:
            _log.warning("plugins: the breaker of %s could not be kept", plugin, exc_info=True)
            return
        await publish(BREAKER, plugin)

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        try:
            task = asyncio.get_running_loop().create_task(work, name="plugin breakers")
        except RuntimeError:  # no loop runs: nobody else is there to be told
            work.close()
            return
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
