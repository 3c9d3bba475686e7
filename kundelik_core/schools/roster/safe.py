"""Keep a spreadsheet program from running what somebody wrote into a name."""

from __future__ import annotations

import re

# Signs that begin a formula in Excel, LibreOffice or Google Sheets, the full-width ones too.
_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠", "|", "%")
_NUMBER = re.compile(r"[+-]?\d[\d\s.,()\u00a0]*(?:-\d[\d\s]*)*", re.ASCII)
_DDE = re.compile(r"^\s*dde\s*\(", re.IGNORECASE)


def safe_cell(value: str) -> str:
    """``value`` as a cell that is text everywhere: a guard in front of what could be a formula.

    Numbers and phone numbers stay as they are; ``unguarded`` takes the guard off again, so that
    our own exports come back unchanged.
    """
    bare = value.lstrip(" \u00a0\ufeff")
    dangerous = bare.startswith(_STARTS) or value.startswith(("\t", "\r", "\n"))
    if _DDE.match(value) or value.startswith("'"):
        return "'" + value
    if dangerous and not _NUMBER.fullmatch(bare):
        return "'" + value
    return value


def unguarded(value: str) -> str:
    """What ``safe_cell`` was given, for a cell that it guarded."""
    if value.startswith("'") and safe_cell(value[1:]) == value:
        return value[1:]
    return value
