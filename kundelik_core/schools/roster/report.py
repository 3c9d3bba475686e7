"""Collect what is wrong with a file, without letting a broken file fill the memory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from kundelik_core.kernel.i18n import N_

from .model import RowError, Severity, Where

MAX_PER_FILE = 1000
MAX_TOLD = 100_000


class Report:
    """Gather row errors; after ``MAX_PER_FILE`` of one file only their number grows."""

    def __init__(self) -> None:
        self.errors: list[RowError] = []
        self._seen: Counter[str] = Counter()
        self._told: set[int] = set()
        self._once: set[tuple[str, str, str]] = set()

    def error(
        self,
        where: Where,
        code: str,
        message: str,
        *,
        value: str = "",
        params: Mapping[str, object] | None = None,
    ) -> None:
        """Say that a row was left out and why."""
        self._add(where, code, message, "error", value, params)

    def warning(
        self,
        where: Where,
        code: str,
        message: str,
        *,
        value: str = "",
        params: Mapping[str, object] | None = None,
    ) -> None:
        """Say how a doubtful row was understood."""
        self._add(where, code, message, "warning", value, params)

    def once(
        self,
        where: Where,
        code: str,
        message: str,
        *,
        value: str = "",
        params: Mapping[str, object] | None = None,
    ) -> None:
        """Warn about a file or column the first time only."""
        key = (where.file, where.column, code)
        if key not in self._once:
            self._once.add(key)
            self._add(where, code, message, "warning", value, params)

    def _add(
        self,
        where: Where,
        code: str,
        message: str,
        severity: Severity,
        value: str,
        params: Mapping[str, object] | None,
    ) -> None:
        # A file is walked through several times; what is wrong with a line is told once.
        key = hash((where.file, where.line, where.column, code, value))
        if key in self._told:
            return
        if len(self._told) < MAX_TOLD:
            self._told.add(key)
        self._seen[where.file] += 1
        if self._seen[where.file] > MAX_PER_FILE:
            return
        self.errors.append(
            RowError(
                file=where.file,
                line=where.line,
                column=where.column,
                code=code,
                message=message,
                params={name: str(given) for name, given in (params or {}).items()},
                severity=severity,
                value=shortened(value),
            )
        )

    def finish(self) -> list[RowError]:
        """Everything reported, in the order of files and lines, with a line on what was cut."""
        order = {name: place for place, name in enumerate(self._seen)}
        found = sorted(self.errors, key=lambda error: (order[error.file], error.line))
        for name, count in self._seen.items():
            if count > MAX_PER_FILE:
                found.append(
                    RowError(
                        file=name,
                        line=0,
                        code="too_many_errors",
                        message=N_("%(count)s more remarks on this file are not listed."),
                        params={"count": str(count - MAX_PER_FILE)},
                    )
                )
        return found


def shortened(value: str, limit: int = 120) -> str:
    """A value fit for a message: a cell may hold a whole novel."""
    return value if len(value) <= limit else value[: limit - 1] + "…"
