"""Say what a job is to the code that does it, and which names stand for which code."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Any

import msgspec

__all__ = ["Handler", "Job", "Later", "Tasks"]


class Later(Exception):
    """Not now, and nobody's fault: try again in ``seconds`` without counting this try."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"later: in {seconds:g} s")
        self.seconds = seconds


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """One run of a job; ``tries`` are the runs that failed before this one."""

    id: int
    name: str
    payload: Mapping[str, Any]
    school_id: int | None = None
    tries: int = 0
    scheduled_at: datetime | None = None


Handler = Callable[[Job], Awaitable[None]]


class Tasks:
    """What a worker can do: handlers by the names under which jobs are queued."""

    def __init__(self) -> None:
        self.handlers: dict[str, Handler] = {}
        self.minutely: list[str] = []

    def add(self, name: str, handler: Handler, *, every_minute: bool = False) -> None:
        """Take in a handler; ``every_minute`` queues it by the clock, once for all workers."""
        if name in self.handlers:
            raise ValueError(f"two tasks are named {name}")
        self.handlers[name] = handler
        if every_minute:
            self.minutely.append(name)
