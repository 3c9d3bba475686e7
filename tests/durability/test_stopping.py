"""A server ends at once when everybody is told to, as Ctrl-C in a terminal and systemd do."""

import os
import signal
import time
from collections.abc import Iterator

import pytest

from tests.server import Server, roomy_dir

pytestmark = [pytest.mark.durability, pytest.mark.xdist_group("durability")]


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with roomy_dir("stopping") as place:
        server = Server(place, workers=4)
        yield server
        server.stop()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_being_told_twice_holds_nobody_up(server: Server, number: signal.Signals) -> None:
    server.start()
    asked = server.workers()
    for _ in range(3):
        os.killpg(server.master, number)
        time.sleep(0.02)
    server.stop()
    assert len(asked) == 4
    assert "refused to gracefully stop" not in server.said()
