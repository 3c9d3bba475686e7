"""Run plugins' handlers side by side, each within its own time, and never wait for one that clings.

Nothing that a handler raises gets out of here, not even what would stop the event loop.
"""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from contextvars import Context
from typing import Any, TypeAlias

import msgspec

__all__ = ["Answer", "Calls", "Late", "Raised"]


class Raised(msgspec.Struct, frozen=True):
    """A handler raised."""

    error: BaseException


class Late(msgspec.Struct, frozen=True):
    """A handler was not done in time."""


Answer: TypeAlias = object | Raised | Late
"""What came of one handler: what it returned, or one of the two above."""

_LATE = Late()


class Calls:
    """Run handlers; hold those that would not be cancelled, as the loop holds tasks weakly."""

    def __init__(self) -> None:
        self._stragglers: set[asyncio.Task[Any]] = set()

    async def run(
        self, calls: Sequence[tuple[Callable[[], Coroutine[Any, Any, object]], float]]
    ) -> list[Answer]:
        """Return the answer of each (handler, seconds), in order."""
        loop = asyncio.get_running_loop()
        started = loop.time()
        # An empty Context: a handler does not inherit the request's open transaction or user.
        tasks = [loop.create_task(_caught(make()), context=Context()) for make, _seconds in calls]
        late: set[asyncio.Task[Any]] = set()
        try:
            # One timer for each length of time there is, not one for each handler.
            for seconds in sorted({limit for _make, limit in calls}):
                waiting = [task for task in tasks if task not in late and not task.done()]
                if not waiting:
                    break
                await asyncio.wait(waiting, timeout=max(started + seconds - loop.time(), 0))
                for task, (_make, limit) in zip(tasks, calls, strict=True):
                    if limit <= seconds and not task.done():
                        late.add(task)
                        self._give_up(task)
        finally:
            for task in tasks:
                if not task.done():
                    self._give_up(task)
        return [_LATE if task in late else _answer(task) for task in tasks]

    def _give_up(self, task: asyncio.Task[Any]) -> None:
        if task not in self._stragglers:
            self._stragglers.add(task)
            task.add_done_callback(self._forget)
        task.cancel()

    def _forget(self, task: asyncio.Task[Any]) -> None:
        self._stragglers.discard(task)
        if not task.cancelled():
            task.exception()  # fetched, or asyncio reports it once more when the task is collected


async def _caught(call: Coroutine[Any, Any, object]) -> Answer:
    """Await a handler; an exception becomes the answer."""
    try:
        return await call
    except asyncio.CancelledError:
        raise
    except BaseException as error:  # noqa: BLE001 - the boundary
        # Returned, not raised: a SystemExit that leaves a task stops the whole event loop, and what
        # is no Exception would go through to whoever asks for the result.
        return Raised(error)


def _answer(task: asyncio.Task[Any]) -> Answer:
    if task.cancelled():
        return Raised(RuntimeError("it cancelled itself"))
    answer: Answer = task.result()
    return answer
