"""Remember for a few seconds who a token belongs to, so that most requests ask no database.

What ends a session or changes a role is told to every process through the hub and takes effect at
once. While the hub is down nothing is remembered.
"""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final

from kundelik_core.identity.model import Actor
from kundelik_core.identity.queries import Authenticated, authenticate
from kundelik_core.identity.rules import session_length, token_hash
from kundelik_core.kernel.db import directory
from kundelik_core.kernel.hub import RESYNC, Hub

__all__ = ["CHANNEL", "Sessions"]

CHANNEL: Final = "sessions"
"""Hub channel: ``account:<uuid>`` or ``token:<hex>`` must be forgotten."""

TOUCH_AFTER: Final = timedelta(minutes=5)
# A token of ours has 43 characters; longer ones are not worth hashing.
TOKEN_MAX: Final = 64


class Sessions:
    """The session cache of one process."""

    def __init__(
        self,
        hub: Hub | None,
        *,
        seconds: float = 30.0,
        size: int = 20_000,
        timer: Callable[[], float] = time.monotonic,
    ) -> None:
        self._hub = hub
        self._seconds = seconds
        self._size = size
        self._timer = timer
        self._known: dict[bytes, tuple[float, Actor]] = {}
        self._generation = 0
        if hub:
            hub.subscribe(CHANNEL, self._heard)

    async def actor(self, token: str) -> Actor | None:
        """Return who holds ``token``, or None when the session is over or never was."""
        if not token or len(token) > TOKEN_MAX:
            return None
        hashed = token_hash(token)
        live = self._hub is not None and self._hub.connected
        if live:
            found = self._known.get(hashed)
            if found and found[0] > self._timer():
                return found[1]
        generation = self._generation
        answer = await authenticate(hashed)
        if answer is None:
            self._known.pop(hashed, None)
            return None
        await _touch(hashed, answer)
        # What was revoked while we asked must not be remembered from before.
        if live and generation == self._generation:
            self._remember(hashed, answer.actor)
        return answer.actor

    def forget(self, hashed: bytes) -> None:
        """Drop one session here, without waiting for the hub."""
        self._generation += 1
        self._known.pop(hashed, None)

    def _remember(self, hashed: bytes, actor: Actor) -> None:
        self._known.pop(hashed, None)
        if len(self._known) >= self._size:
            self._known.pop(next(iter(self._known)))
        self._known[hashed] = (self._timer() + self._seconds, actor)

    def _heard(self, payload: str) -> None:
        self._generation += 1
        kind, _, value = payload.partition(":")
        if payload == RESYNC:
            self._known.clear()
        elif kind == "token":
            self._known.pop(bytes.fromhex(value), None)
        elif kind == "account":
            gone = [
                key
                for key, (_until, actor) in self._known.items()
                if str(actor.account_id) == value
            ]
            for key in gone:
                del self._known[key]


async def _touch(hashed: bytes, answer: Authenticated) -> None:
    """Move the end of a session that is in use; at most once in five minutes."""
    now = datetime.now(UTC)
    if now - answer.seen_at < TOUCH_AFTER:
        return
    until = now + session_length(answer.actor.all_roles, platform=bool(answer.actor.platform))
    await directory().execute("select directory.touch_session($1, $2)", hashed, until)
