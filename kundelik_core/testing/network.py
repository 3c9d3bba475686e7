"""Keep tests of a plugin to themselves: no way out but to their own database."""

import contextlib
import socket
from collections.abc import Iterator
from typing import Any, Final
from unittest import mock

__all__ = ["NetworkRefusedError", "no_network"]

_LOCAL: Final = getattr(socket, "AF_UNIX", None)


class NetworkRefusedError(Exception):
    """A test, or the plugin in it, went for the network."""


@contextlib.contextmanager
def no_network() -> Iterator[None]:
    """Refuse every connection but those of this machine's own sockets, as the database's are."""
    connect, connect_ex = socket.socket.connect, socket.socket.connect_ex

    def check(own: socket.socket, address: Any) -> None:  # noqa: ANN401 - as sockets take it
        if own.family != _LOCAL:
            raise NetworkRefusedError(
                f"a connection to {address} was tried. Tests of a plugin reach nothing but their "
                "database; put an object of your own in the place of what is outside"
            )

    def guarded(own: socket.socket, address: Any) -> None:  # noqa: ANN401
        check(own, address)
        connect(own, address)

    def guarded_ex(own: socket.socket, address: Any) -> int:  # noqa: ANN401
        check(own, address)
        return connect_ex(own, address)

    with (
        mock.patch.object(socket.socket, "connect", guarded),
        mock.patch.object(socket.socket, "connect_ex", guarded_ex),
    ):
        yield
