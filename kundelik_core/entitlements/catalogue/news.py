"""Tell everybody who keeps the catalogue in memory that it has changed."""

from collections.abc import Awaitable, Callable
from typing import Final

from kundelik_core.kernel.hub import publish

__all__ = ["CHANNEL", "announce", "listeners"]

CHANNEL: Final = "catalogue"

listeners: Final[list[Callable[[], Awaitable[None]]]] = []
"""Those in this process: they have read it anew before a change is reported as done."""


async def announce() -> None:
    """Let this process read the catalogue anew, and hint to the others that they should."""
    for listen in tuple(listeners):
        await listen()
    await publish(CHANNEL, "")
