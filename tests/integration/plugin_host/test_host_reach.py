"""A plugin in a process of its own reaches by name what it may reach, and nothing else."""

import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from typing_extensions import override

from kundelik_core.plugins.outcome import OutcomeState
from tests.integration.plugin_host.hosting import Hosting, done, hosting, recovered, said, trial
from tests.unit.plugins.dists import Site


class Service(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = f"hello from {self.server.server_port}".encode()  # type: ignore[attr-defined]
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    @override
    def log_message(self, *_args: object) -> None:
        """Say nothing."""


@contextmanager
def service() -> Iterator[int]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Service) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port
        server.shutdown()


@pytest.fixture(scope="module")
def ports() -> Iterator[tuple[int, int]]:
    with service() as one, service() as other:
        yield one, other


@pytest.fixture(scope="module")
async def host(
    tmp_path_factory: pytest.TempPathFactory, ports: tuple[int, int]
) -> AsyncIterator[Hosting]:
    site = Site(tmp_path_factory.mktemp("site"))
    found = trial(site)
    added = (f"127.0.0.1:{ports[0]}", f"localhost:{ports[0]}")
    with hosting(
        tmp_path_factory.mktemp("data"), site, found, named=("inside.example",), added=added
    ) as hosted:
        assert hosted.load(found).loaded
        yield hosted
        await hosted.hosted.close()


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost"])
@pytest.mark.parametrize("deed", ["fetch http://{}:{}/", "stream {} {}", "tcp {1}"])
async def test_what_it_may_reach(
    host: Hosting, ports: tuple[int, int], deed: str, name: str
) -> None:
    await recovered(host)
    answer = await said(host.dispatcher(), deed.format(name, ports[0]))
    assert answer in {f"hello from {ports[0]}", "connected"}


@pytest.mark.parametrize(
    ("deed", "why"),
    [
        ("fetch http://127.0.0.1:{other}/", "uses.http_out"),
        ("stream localhost {other}", "uses.http_out"),
        ("tcp {other}", "uses.http_out"),
        ("fetch https://elsewhere.example/", "uses.http_out"),
        ("fetch http://inside.example/", "uses.http_out"),  # by https alone
        ("stream 127.0.0.2 {one}", "Permission denied"),
    ],
)
async def test_what_it_may_not_reach(
    host: Hosting, ports: tuple[int, int], deed: str, why: str
) -> None:
    await recovered(host)
    outcome = await done(host.dispatcher(), deed.format(one=ports[0], other=ports[1]))
    assert outcome.state is OutcomeState.RAISED, outcome
    host.until(lambda: (state := host.place.state("trial")) and state.status == "running")
    state = host.place.state("trial")
    if why == "Permission denied" and state and "network" not in state.confined:
        pytest.skip("this kernel has no fence for the network")
    assert why in str(outcome.error)


async def test_without_its_gate_it_is_started_anew(host: Hosting, ports: tuple[int, int]) -> None:
    before = await recovered(host)
    assert host.hosts is not None
    gate = host.hosts._hosts["trial"]._gate
    assert gate is not None
    gate._process.kill()
    host.until(lambda: host.hosts and str(host.hosts.pid("trial") or before) != before)
    await recovered(host)
    assert await said(host.dispatcher(), f"tcp {ports[0]}") == "connected"
