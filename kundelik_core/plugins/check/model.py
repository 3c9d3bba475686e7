"""Say what was found in a wheel: what keeps it from being listed, and what a reviewer looks at."""

from typing import Literal, TypeAlias

import msgspec

__all__ = ["Finding", "Level", "Report"]

Level: TypeAlias = Literal["error", "warning", "review"]
"""It is not listed, it should be mended, or people look at it before it may run in the core."""


class Finding(msgspec.Struct, frozen=True):
    """One thing; ``text`` says what it is and ``help`` what to change."""

    level: Level
    code: str
    where: str
    text: str
    help: str = ""


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What a marketplace stores about one wheel. ``tier`` is "listed", or empty with an error."""

    file: str
    sha256: str
    name: str = ""
    version: str = ""
    api: str = ""
    reads: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()
    tier: Literal["listed", ""] = ""

    def of(self, level: Level) -> list[Finding]:
        """Return the findings of one level."""
        return [one for one in self.findings if one.level == level]
