"""Say what a handler gets besides its arguments: facades of plain values, no request, no row."""

from datetime import date
from typing import Protocol

__all__ = ["Clock", "I18n", "PluginContext"]


class Clock(Protocol):
    """Tell the time as the school sees it; a test or a demo may have set it."""

    def today(self) -> date:
        """Return the date at the school."""
        ...


class I18n(Protocol):
    """Speak the reader's language; a template's own texts go through its ``_`` and ``ngettext``."""

    @property
    def locale(self) -> str:
        """Return the reader's language: ``kk``, ``ru`` or ``en``."""
        ...

    def day(self, value: date) -> str:
        """Return a date as a reader says it within a year, with its weekday: ``Tue 24 Nov``."""
        ...


class PluginContext(Protocol):
    """Carry what every handler of a plugin may use."""

    @property
    def clock(self) -> Clock:
        """Return the school's clock."""
        ...

    @property
    def i18n(self) -> I18n:
        """Return the reader's language."""
        ...
