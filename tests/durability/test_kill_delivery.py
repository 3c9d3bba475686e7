"""A process that is killed while it delivers an event leaves it to the next one."""

import asyncio
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from kundelik_core.kernel import clock
from kundelik_core.kernel.boot import Urls
from kundelik_core.kernel.db import Databases, tenant
from kundelik_core.kernel.ids import new_id
from kundelik_core.kernel.outbox.deliver import deliver_due
from kundelik_core.kernel.outbox.emit import Happened, emit, set_subscribers
from kundelik_core.sdk.events import Event, MarkRecorded
from tests.factories import Factory
from tests.waiting import wait_for

pytestmark = [pytest.mark.durability, pytest.mark.xdist_group("durability")]

# Takes what is due, writes down the first one and then hangs.
CHILD = """
import asyncio, pathlib, sys
import msgspec
from kundelik_core.kernel.boot import Urls, open_databases
from kundelik_core.kernel.db import use_databases
from kundelik_core.kernel.outbox.deliver import deliver_due
from kundelik_core.kernel.settings import Settings

async def deliver(plugin, event):
    pathlib.Path(sys.argv[3]).write_text(str(event.id))
    await asyncio.Event().wait()

async def main():
    use_databases(await open_databases(msgspec.json.decode(sys.argv[1], type=Urls), Settings()))
    await deliver_due(int(sys.argv[2]), "praise", deliver)

asyncio.run(main())
"""


def _deliver_and_die(urls: Urls, school: int, file: Path) -> None:
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD, msgspec.json.encode(urls).decode(), str(school), str(file)]
    )

    def begun() -> bool:
        assert child.poll() is None
        return file.exists() and bool(file.read_text())

    wait_for(begun)
    child.kill()
    child.wait()


async def test_a_killed_delivery_is_made_again(
    urls: Urls, databases: Databases, factory: Factory, tmp_path: Path
) -> None:
    school, student = await factory.school(), new_id()
    events = [
        Happened(MarkRecorded(student_id=student, group_id=new_id(), work_id=new_id()))
        for _ in range(3)
    ]
    set_subscribers(lambda _school, _kind: ("praise",))
    try:
        async with tenant(school, write=True) as tx:
            await emit(tx, (MarkRecorded,), lambda: events)
    finally:
        set_subscribers(None)
    file = tmp_path / "taken"
    await asyncio.to_thread(_deliver_and_die, urls, school, file)
    assert file.read_text() == str(events[0].id)

    heard = []

    async def deliver(_plugin: str, event: Event[Any]) -> None:
        heard.append(event.id)

    again = await deliver_due(school, "praise", deliver)
    assert heard == [], "it may be under way still, for all that anybody knows"
    assert again is not None
    assert again < clock.now() + timedelta(minutes=2)
    with clock.set_now(again):
        assert await deliver_due(school, "praise", deliver) is None
    assert heard == [event.id for event in events]
