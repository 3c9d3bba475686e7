"""Run plugins' handlers side by side, each within its own time, and never wait for one that clings.

Most handlers never wait for anything. Those run one after the other in one task; the first that
does wait keeps that task for itself, and the rest go on in another. So each handler that waits has
a task of its own, none ever runs in the task of the page, and a page of quick ones costs one turn
of the loop. Nothing that a handler raises gets out of here, not even what would stop the loop.
"""

import asyncio
import types
from collections.abc import Callable, Coroutine, Generator, Hashable, Iterable, Sequence
from contextvars import Context
from typing import Any, Final, TypeAlias

import msgspec

__all__ = ["Answer", "Calls", "Late", "Raised", "Work"]


class Raised(msgspec.Struct, frozen=True):
    """A handler raised."""

    error: BaseException


class Late(msgspec.Struct, frozen=True):
    """A handler was not done in time."""


class _Open(msgspec.Struct, frozen=True):
    """A handler is still to answer."""


Answer: TypeAlias = object | Raised | Late
"""What came of one handler: what it returned, or one of the two above."""

Work: TypeAlias = tuple[Hashable, Coroutine[Any, Any, object], float]
"""One handler: by what to know it the next time, the call that nobody has begun, its seconds."""

_LATE: Final = Late()
_OPEN: Final = _Open()


class Calls:
    """Run handlers; hold those that would not be cancelled, as the loop holds tasks weakly."""

    def __init__(self) -> None:
        self._stragglers: set[asyncio.Task[None]] = set()
        # Who waited the last time gets a task at once: then nobody behind it waits for a turn.
        self._waiting: set[Hashable] = set()

    async def run(self, works: Sequence[Work]) -> list[Answer]:
        """Return the answer of each, in order."""
        loop = asyncio.get_running_loop()
        started = loop.time()
        turn = _Turn(works, self._waiting)
        try:
            turn.begin()
            # After one turn of the loop those that do not wait have answered.
            await asyncio.sleep(0)
            while turn.unbegun:
                turn.settle()
                await asyncio.sleep(0)
            if turn.left:
                await self._wait(turn, started)
        finally:
            if turn.left:
                self._give_up(turn.drop())
        return turn.answers

    async def _wait(self, turn: "_Turn", started: float) -> None:
        """Wait for those that wait, each until its own time is up."""
        loop = asyncio.get_running_loop()
        turn.whole = loop.create_future()
        # One timer for each length of time there is, not one for each handler.
        for seconds in sorted({limit for _key, _work, limit in turn.works}):
            if not turn.left:
                break
            await asyncio.wait([turn.whole], timeout=max(started + seconds - loop.time(), 0))
            self._give_up(turn.late(seconds))

    def _give_up(self, tasks: Iterable[asyncio.Task[None]]) -> None:
        for task in tasks:
            if not task.done() and task not in self._stragglers:
                self._stragglers.add(task)
                task.add_done_callback(self._stragglers.discard)
            task.cancel()


class _Turn:
    """Handlers that are called together, and what has come of each so far."""

    __slots__ = ("_again", "_tasks", "_waiting", "answers", "left", "unbegun", "whole", "works")

    def __init__(self, works: Sequence[Work], waiting: set[Hashable]) -> None:
        self.works = works
        self.answers: list[Answer] = [_OPEN] * len(works)
        self.left = len(works)
        self.unbegun = set(range(len(works)))
        self.whole: asyncio.Future[None] | None = None
        self._waiting = waiting
        # Of each the task that calls it, or will.
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._again = False

    def begin(self) -> None:
        """Give those that waited before a task each, and the others one together."""
        queue = list(range(len(self.works) - 1, -1, -1))  # taken from its end
        if self._waiting:
            for number, (key, _work, _limit) in enumerate(self.works):
                if key in self._waiting:
                    self.go_on([number])
                    queue.remove(number)
        self.go_on(queue)

    def go_on(self, queue: list[int]) -> None:
        """Have a new task call those that are left of a queue."""
        if queue:
            # An empty Context: a handler does not inherit the request's transaction or user.
            loop, context = asyncio.get_running_loop(), Context()
            task = loop.create_task(_run(self, queue), context=context)
            self._tasks.update(dict.fromkeys(queue, task))

    def waits(self, number: int) -> None:
        """Note that a handler waits, in a task that is its own from now on."""
        self._waiting.add(self.works[number][0])

    def answer(self, number: int, answer: Answer) -> None:
        """Take a handler's answer, unless it was given up."""
        if self.answers[number] is _OPEN:
            self.answers[number] = answer
            self.left -= 1
            if not self.left and self.whole is not None and not self.whole.done():
                self.whole.set_result(None)

    def quick(self, number: int) -> None:
        """Note that a handler had a task to itself and did not wait."""
        self._waiting.discard(self.works[number][0])

    def late(self, seconds: float) -> list[asyncio.Task[None]]:
        """Give up those whose time is up, and return their tasks."""
        given_up = []
        for number, (_key, _work, limit) in enumerate(self.works):
            if limit <= seconds and self.answers[number] is _OPEN:
                self.answer(number, _LATE)
                given_up.append(self._tasks[number])
        return given_up

    def settle(self) -> None:
        """Begin those once more whose task somebody cancelled first; nobody gets round it twice."""
        lost = [number for number in self.unbegun if self._tasks[number].done()]
        if not lost:
            return
        if self._again:
            for number in lost:
                self._close(number)
                self.answer(number, Raised(RuntimeError("its task was cancelled")))
            return
        self._again = True
        self.go_on(sorted(lost, reverse=True))

    def drop(self) -> list[asyncio.Task[None]]:
        """Return the tasks that are left: nobody waits for the page any more."""
        for number in list(self.unbegun):
            self._close(number)
        return [task for task in set(self._tasks.values()) if not task.done()]

    def _close(self, number: int) -> None:
        self.unbegun.discard(number)
        self.works[number][1].close()


async def _run(turn: _Turn, queue: list[int]) -> None:
    await _through(turn, queue)


@types.coroutine
def _through(turn: _Turn, queue: list[int]) -> Generator[Any, Any, None]:
    """Call one handler after the other as long as they do not wait; then see one to its end.

    Each has a context of its own, so that what one leaves there the next does not find.
    """
    task = asyncio.current_task()
    assert task is not None
    alone = len(queue) == 1
    while queue:
        number = queue.pop()
        turn.unbegun.discard(number)
        context, work = Context(), turn.works[number][1]
        try:
            wish = context.run(work.send, None)
        except BaseException as error:  # noqa: BLE001 - the boundary
            turn.answer(number, _answer(error))
        else:
            turn.waits(number)
            turn.go_on(queue)
            yield from _to_the_end(turn, number, context, wish)
            return
        if task.cancelling():
            # It cancelled the task that it was in; the next one is not to meet that.
            turn.go_on(queue)
            return
        if alone:
            turn.quick(number)


def _to_the_end(
    turn: _Turn, number: int, context: Context, wish: object
) -> Generator[Any, Any, None]:
    """Wait for what a handler waits for, as often as it does."""
    work = turn.works[number][1]
    how: Callable[[Any], Any]
    while True:
        try:
            sent = yield wish
        except GeneratorExit:  # the loop is gone
            work.close()
            raise
        except BaseException as error:  # noqa: BLE001 - the handler's to take or to leave
            how, what = work.throw, error
        else:
            how, what = work.send, sent
        try:
            wish = context.run(how, what)
        except asyncio.CancelledError as error:
            turn.answer(number, _answer(error))
            raise
        except BaseException as error:  # noqa: BLE001 - the boundary
            turn.answer(number, _answer(error))
            return


def _answer(error: BaseException) -> Answer:
    """Return what a call came to, from what it ended with."""
    if type(error) is StopIteration:
        returned: object = error.value
        return returned
    if isinstance(error, asyncio.CancelledError):
        return Raised(RuntimeError("it cancelled itself"))
    return Raised(error)
