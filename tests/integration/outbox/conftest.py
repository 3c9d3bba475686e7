"""Events for tests: who subscribes, and a plugin that does as it is told."""

from collections.abc import Iterable, Iterator
from typing import Any
from uuid import UUID

import pytest

from kundelik_core.kernel.db import Databases, tenant
from kundelik_core.kernel.ids import new_id
from kundelik_core.kernel.outbox import emit as emitting
from kundelik_core.kernel.outbox.emit import Happened, emit, set_subscribers
from kundelik_core.sdk.events import Event, MarkRecorded


class Listeners:
    """Who subscribes to everything, in every school; counts how often it was asked."""

    def __init__(self) -> None:
        self.plugins: tuple[str, ...] = ("praise",)
        self.asked = 0

    def __call__(self, _school_id: int, _kind: str, /) -> tuple[str, ...]:
        self.asked += 1
        return self.plugins


class Plugin:
    """Takes events down; raises what it is told to raise, once for each event id."""

    def __init__(self) -> None:
        self.heard: list[Event[Any]] = []
        self.raises: dict[UUID, list[BaseException]] = {}

    async def __call__(self, _plugin: str, event: Event[Any]) -> None:
        waiting = self.raises.get(event.id)
        if waiting:
            raise waiting.pop(0)
        self.heard.append(event)


@pytest.fixture
def listeners(databases: Databases, monkeypatch: pytest.MonkeyPatch) -> Iterator[Listeners]:
    made = Listeners()
    set_subscribers(made)
    # The queue has tests of its own; here nobody is woken.
    monkeypatch.setattr(emitting, "deliver_soon", lambda *_: None)
    yield made
    set_subscribers(None)


async def say(school: int, students: Iterable[UUID]) -> list[UUID]:
    """Emit one event per student, in one transaction; return their ids."""
    group = new_id()
    events = [
        Happened(MarkRecorded(student_id=student, group_id=group, work_id=new_id()))
        for student in students
    ]
    async with tenant(school, write=True) as tx:
        await emit(tx, (MarkRecorded,), lambda: events)
    return [event.id for event in events]
