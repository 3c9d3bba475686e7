"""The gate lets through by name and port, and leads nobody into the operator's own network."""

import socket
from collections.abc import Iterator

import pytest

from kundelik_core.plugins.host import gate


@pytest.fixture
def listening() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_what_the_operator_added_is_reached_wherever_it_is(listening: int) -> None:
    way = ("127.0.0.1", listening)
    with gate.connected(way, set(), {way}) as made:
        assert made.getpeername() == way


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost", "10.0.0.1", "169.254.169.254", "::1"])
def test_a_named_host_that_leads_inside_is_refused(listening: int, name: str) -> None:
    way = (name, listening)
    with pytest.raises(PermissionError, match="not a public address"):
        gate.connected(way, {way}, set())


def test_another_port_or_name_is_refused(listening: int) -> None:
    way = ("127.0.0.1", listening)
    for other in ((way[0], way[1] + 1), ("127.0.0.2", way[1])):
        with pytest.raises(PermissionError, match="http_out"):
            gate.connected(other, set(), {way})


def test_a_name_that_nobody_has_is_not_reached() -> None:
    way = ("nobody.invalid", 443)
    with pytest.raises(OSError, match="nobody"):
        gate.connected(way, {way}, set())


def test_an_operator_s_host_has_the_ports_of_the_web_or_its_own() -> None:
    assert gate.split("pay.example") == ("pay.example", (80, 443))
    assert gate.split("pay.example:8443") == ("pay.example", (8443,))
