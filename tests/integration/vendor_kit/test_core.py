"""The fixtures of the kit: the real core around a plugin, in its process and in another one."""

import os
import socket
from pathlib import Path

import pytest

from kundelik_core.kernel import db
from kundelik_core.testing import Core, Gradebook
from kundelik_core.testing.ground import AsyncTestError
from kundelik_core.testing.network import NetworkRefusedError, no_network
from tests.integration.vendor_kit.conftest import Change, Make

EVENTS = '''
    @hookimpl
    def subscriptions(self):
        """Return marks."""
        async def marked(ctx, event):
            async with ctx.db.write() as tx:
                await add(tx, ctx.school.id, event.data.student_id, event.type, ctx.clock.now(),
                          note=event.id)

        names = ("mark.recorded.v1", "mark.changed.v1", "student.left.v1")
        return [Subscription(event=name, handle=marked) for name in names]

    @hookimpl
    def commands(self):
        """Return a command that tells the process."""
        import os
        from kundelik_core.sdk import Command, CommandAnswer

        async def where(ctx, request):
            return CommandAnswer(lines=(str(os.getpid()),))

        return [Command(name="where", help="Tell the process.", run=where)]

    def nothing('''
HEARS: list[Change] = [
    ("plugin.py", "\n    @hookimpl\n    def subscriptions(", EVENTS),
    ("kundelik.toml", '["student.left.v1"]',
     '["student.left.v1", "mark.recorded.v1", "mark.changed.v1"]\ncommands = ["where"]'),
]  # fmt: skip
IMPORT = "from kundelik_{0}.handlers import student_left\n"


def hearing(make: Make, name: str, mode: str = "process") -> Core:
    line = IMPORT.format(name)
    more = ("plugin.py", line, f"{line}from kundelik_{name}.notes import add\n")
    one = make(name, more, *HEARS, mode=mode)
    one.ground.start()
    return Core(one.ground)


@pytest.mark.parametrize("mode", ["process", "host"])
def test_what_a_teacher_writes_reaches_the_plugin(make: Make, mode: str) -> None:
    core = hearing(make, f"kit_hears_{mode}", mode)
    school, other = core.school(), core.school(enabled=False)
    journal = Gradebook(core, school)
    journal.write("8")
    journal.write("9")
    Gradebook(core, other).write("5")
    heard = core.deliver(school, times=2)
    assert [event.type for event in heard] == ["mark.recorded.v1", "mark.changed.v1"]
    assert core.deliver(school) == []
    assert core.deliver(other) == []
    rows = core.rows(school, "select body, student_id from note order by body")
    assert [row["body"] for row in rows] == ["mark.changed.v1", "mark.recorded.v1"]
    assert {row["student_id"] for row in rows} == {school.students[0].id}
    (pid,) = core.command(school, "where").lines
    assert (int(pid) == os.getpid()) is (mode == "process")


def test_a_school_without_the_plugin_is_told_so(make: Make) -> None:
    core = Core(make("kit_off").ground)
    school = core.school(enabled=False)
    with pytest.raises(LookupError, match=f"kit_off is off in school {school.id}"):
        core.demo(school)


def test_what_a_page_raises_is_raised_in_the_test(make: Make) -> None:
    core = Core(
        make("kit_raise", ("pages.py", "rows = await latest_notes(tx)", "rows = 1 / 0")).ground
    )
    school = core.school()
    with pytest.raises(ZeroDivisionError):
        core.visitor(school, "teacher").get("/x/kit_raise")
    answer = core.visitor(school, "teacher").get("/x/kit_raise", calm=True)
    assert answer.status_code == 503
    assert "division" not in answer.text


def test_the_suite_keeps_its_own_things(make: Make) -> None:
    before = db._databases
    core = Core(make("kit_beside").ground)
    core.school()
    assert db._databases is before


async def test_it_says_that_it_is_for_tests_without_a_loop(make: Make) -> None:
    core = Core(make("kit_async").ground)
    with pytest.raises(AsyncTestError, match="write def, not async def"):
        core.school()


def test_the_network_is_refused_and_files_are_not(tmp_path: Path) -> None:
    with no_network():
        with pytest.raises(NetworkRefusedError, match=r"192\.0\.2\.1"):
            socket.create_connection(("192.0.2.1", 80), timeout=1)
        with socket.socket() as one, pytest.raises(NetworkRefusedError):
            one.connect_ex(("127.0.0.1", 9))
        with socket.socket(socket.AF_UNIX) as server, socket.socket(socket.AF_UNIX) as client:
            server.bind(str(tmp_path / "s"))
            server.listen()
            client.connect(str(tmp_path / "s"))
