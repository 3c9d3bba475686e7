"""Name the parts of asyncpg that we use, since it ships no types."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Protocol

__all__ = ["Connection", "Pool", "Record"]

Record = Mapping[str, Any]
"""A row: values by column name; decode into structs where their types matter."""


class Querying(Protocol):
    """What a pool and a connection both offer."""

    async def fetch(self, query: str, *args: object) -> list[Record]:
        """Return all rows."""

    async def fetchrow(self, query: str, *args: object) -> Record | None:
        """Return the first row."""

    async def fetchval(self, query: str, *args: object) -> Any:  # noqa: ANN401
        """Return the first value."""

    async def execute(self, query: str, *args: object) -> str:
        """Run and return the tag."""

    async def executemany(self, command: str, args: Iterable[Sequence[object]]) -> None:
        """Run once per row."""


class Connection(Querying, Protocol):
    """One connection."""

    def transaction(self) -> Any:  # noqa: ANN401
        """Return asyncpg's transaction block."""

    def is_closed(self) -> bool:
        """Tell whether it is gone."""

    async def close(self, *, timeout: float | None = None) -> None:  # noqa: ASYNC109 - as there
        """Say goodbye."""

    def add_query_logger(self, callback: Callable[[Any], object]) -> None:
        """Call back with every statement."""

    async def add_listener(self, channel: str, callback: Callable[..., object]) -> None:
        """Hear notifications."""

    def add_termination_listener(self, callback: Callable[..., object]) -> None:
        """Hear of the end of the connection."""


class Pool(Querying, Protocol):
    """Connections to one database."""

    async def acquire(self) -> Connection:
        """Take a connection."""

    async def release(self, connection: Connection) -> None:
        """Give it back."""

    async def close(self) -> None:
        """Close all."""

    def terminate(self) -> None:
        """Close all without a goodbye."""
