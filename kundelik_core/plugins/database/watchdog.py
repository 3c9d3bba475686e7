"""End what plugins left running in PostgreSQL: their own timeouts are defaults they can raise."""

from typing import Final

import msgspec

from kundelik_core.kernel.wire import Querying

__all__ = ["Ended", "end_old_sessions"]

TRANSACTION_SECONDS: Final = 30
SESSION_SECONDS: Final = 900


class Ended(msgspec.Struct, frozen=True):
    """One session that was ended: whose, how old what was too old had become, and which it was."""

    login: str
    pid: int
    seconds: int
    reason: str
    """``transaction``: a statement or open transaction; ``session``: an idle connection."""

    @property
    def plugin(self) -> str:
        """Return the plugin's name."""
        return self.login.removeprefix("p_")


async def end_old_sessions(
    conn: Querying,
    *,
    transaction_seconds: int = TRANSACTION_SECONDS,
    session_seconds: int = SESSION_SECONDS,
) -> list[Ended]:
    """End the sessions of plugins that are too old, as the application's own role.

    Call it every few seconds in one process, and before a release migrates: a plugin that reads for
    long holds up whoever wants to change a table.
    """
    rows = await conn.fetch(
        "select login, pid, seconds, reason from core_plugins.end_sessions($1, $2)",
        transaction_seconds,
        session_seconds,
    )
    return [Ended(row["login"], row["pid"], row["seconds"], row["reason"]) for row in rows]
