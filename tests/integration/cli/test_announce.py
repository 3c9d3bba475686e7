"""The address is told when the pages answer, once, and not before."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from typing_extensions import override

from kundelik_core.cli.announce import Announcement
from kundelik_core.kernel.settings import Settings
from tests.server import free_port


class Pages(BaseHTTPRequestHandler):
    status = 200
    asked: tuple[str, ...] = ()

    def do_GET(self) -> None:
        type(self).asked = (*self.asked, self.path)
        self.send_response(self.status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    @override
    def log_message(self, format: str, *args: object) -> None:
        """Quiet."""


@contextmanager
def serving(port: int, code: int) -> Iterator[type[Pages]]:
    class Here(Pages):
        status = code

    server = ThreadingHTTPServer(("127.0.0.1", port), Here)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield Here
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0"])
def test_the_address_is_told_once_it_answers(host: str, capsys: pytest.CaptureFixture[str]) -> None:
    port = free_port()
    told = Announcement(Settings(host=host, port=port), "it is here")
    told.look()
    assert capsys.readouterr().out == "", "nobody listens yet"
    with serving(port, 503):
        told.look()
        assert capsys.readouterr().out == "", "the database is not there yet"
    with serving(port, 200) as pages:
        told.look()
        assert capsys.readouterr().out == "it is here\n"
        told.look()
        assert capsys.readouterr().out == "", "once is enough"
        assert pages.asked == ("/readyz",)
