"""A server ends at once when everybody is told to, as Ctrl-C in a terminal and systemd do."""

import os
import pty
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.server import Server, roomy_dir
from tests.waiting import wait_for

# Who does not stop is found out; who is slow, on a busy machine, is not killed for it.
PATIENT = """
import kundelik_core.web.server as server
server.KILL_AFTER_SECONDS = 25
"""
# Workers that take as long to start as nobody would wait.
SLOW = f"""{PATIENT}
import os, time
def create_app(settings, urls):
    (settings.data_dir / f"starting-{{os.getpid()}}").touch()
    time.sleep(600)
server.create_app = create_app
"""

pytestmark = [pytest.mark.durability, pytest.mark.xdist_group("durability")]


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with roomy_dir("stopping") as place:
        server = Server(place, workers=4, before=PATIENT)
        yield server
        server.stop()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_being_told_twice_holds_nobody_up(server: Server, number: signal.Signals) -> None:
    server.log.write_text("")
    server.start()
    asked = server.workers()
    for _ in range(3):
        os.killpg(server.master, number)
        time.sleep(0.02)
    server.stop()
    assert len(asked) == 4
    assert "refused to gracefully stop" not in server.said()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_worker_that_still_starts_ends_at_once(number: signal.Signals) -> None:
    with roomy_dir("starting") as place:
        server = Server(place, workers=3, before=SLOW)
        server.begin()
        try:
            wait_for(lambda: len(list(place.glob("starting-*"))) == 3)
            os.killpg(server.master, number)
        finally:
            server.stop()
        assert "refused to gracefully stop" not in server.said()
        assert "Traceback" not in server.said()


def test_a_terminal_that_is_closed_ends_the_server(server: Server) -> None:
    ours, theirs = pty.openpty()
    terminal = Path(os.ttyname(theirs))
    in_it = Server(server.data_dir, before=f"import os; os.open({str(terminal)!r}, os.O_RDWR)\n")
    in_it.start()
    os.close(theirs)
    os.close(ours)
    in_it.wait()
    assert "Traceback" not in in_it.said()
