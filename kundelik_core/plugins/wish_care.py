"""Look after settled wishes: forget the old ones, tell of those that a person has to see."""

from datetime import timedelta
from typing import Final, Literal

import msgspec

from kundelik_core.kernel import clock
from kundelik_core.kernel.db import reference
from kundelik_core.kernel.wire import Connection, Pool

__all__ = ["KEPT", "Trouble", "forget_old", "in_trouble"]

KEPT: Final = timedelta(days=400)
"""How long a settled wish is kept: for a school year and its closing. What was bought stays."""

_AT_ONCE: Final = 2_000
_FORGET: Final = "select core_plugins.forget_wishes($1, $2)"
_SINCE: Final = timedelta(days=30)
_TRIES: Final = 5


class Trouble(msgspec.Struct, frozen=True, kw_only=True):
    """Wishes of one plugin that came to nothing, with the latest of them."""

    plugin: str
    state: Literal["refused", "pending"]
    wishes: int
    schools: int
    school_id: int
    kind: str
    ref: str
    reason: str


async def forget_old() -> int:
    """Delete what was settled long ago, in any school, some at a time; return how much it was."""
    before, total = clock.now() - KEPT, 0
    while gone := await reference().fetchval(_FORGET, before, _AT_ONCE):
        total += int(gone)
    return total


async def in_trouble(conn: Connection | Pool | None = None) -> list[Trouble]:
    """Return what was refused within a month, and what is tried again and again in vain."""
    rows = await (conn or reference()).fetch(
        "select w.* from core_plugins.wishes_in_trouble($1, $2) w", clock.now() - _SINCE, _TRIES
    )
    return [msgspec.convert(dict(row), Trouble) for row in rows]
