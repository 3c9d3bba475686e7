"""Tell that a server is there once its pages answer, and not a moment before."""

from http.client import HTTPConnection, HTTPException
from typing import Final

import click

from kundelik_core.kernel.settings import Settings
from kundelik_core.kernel.supervise import starting

__all__ = ["Announcement"]

_SECONDS: Final = 2.0
# Who listens on every address is asked on the machine's own.
_OWN: Final = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - nothing is bound here


class Announcement:
    """Stands beside the server, which looks after it again and again, until it has spoken."""

    def __init__(self, settings: Settings, text: str) -> None:
        self._text = text
        self._host = _OWN.get(settings.host, settings.host)
        self._port = settings.port
        self._said = False

    def look(self) -> None:
        """Say it if it was not said yet and the pages answer."""
        if self._said or not self._answers():
            return
        self._said = True
        # A worker forked meanwhile would hold a copy of half a text.
        with starting:
            click.echo(self._text)

    def stop(self) -> None:
        """There is nothing to end."""

    def _answers(self) -> bool:
        connection = HTTPConnection(self._host, self._port, timeout=_SECONDS)
        try:
            connection.request("GET", "/readyz")
            return connection.getresponse().status == 200
        except (OSError, HTTPException):
            return False
        finally:
            connection.close()
