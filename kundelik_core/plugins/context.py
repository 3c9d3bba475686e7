"""Give plugins' handlers the facades of the contract, over the kernel's clock and words."""

from datetime import date

import msgspec

from kundelik_core.kernel import clock, i18n
from kundelik_core.sdk import PluginContext

__all__ = ["page_context"]


class _Clock(msgspec.Struct, frozen=True):
    zone: str

    def today(self) -> date:
        return clock.today(self.zone)


class _I18n(msgspec.Struct, frozen=True):
    locale: i18n.Locale

    def day(self, value: date) -> str:
        short = self.locale == "en"  # kk and ru bend the month's name, which a cut would hide
        return (
            f"{i18n.weekday(value, self.locale)} {i18n.day_month(value, self.locale, short=short)}"
        )


class _Context(msgspec.Struct, frozen=True):
    clock: _Clock
    i18n: _I18n


def page_context(zone: str, locale: i18n.Locale) -> PluginContext:
    """Return the context for one page of a school in ``zone``, for a reader of ``locale``."""
    return _Context(_Clock(zone), _I18n(locale))
