"""Say in the reader's words what a feature is called, for whom a price is, and for how long."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Final
from zoneinfo import ZoneInfo

from kundelik_core.entitlements.catalogue.model import Audience, Interval
from kundelik_core.kernel.clock import SCHOOL_ZONE
from kundelik_core.kernel.i18n import N_, Locale, _, current_locale, long_date
from kundelik_core.sdk import Text
from kundelik_core.web.modules import registry

__all__ = ["AUDIENCES", "INTERVALS", "feature_title", "features_on", "last_day", "text_of"]

INTERVALS: Final[Mapping[Interval, str]] = MappingProxyType(
    {
        "month": N_("a month"),
        "quarter": N_("three months"),
        "year": N_("twelve months"),
        "school_year": N_("the rest of the school year"),
        "once": N_("for ever, paid once"),
    }
)
AUDIENCES: Final[Mapping[Audience, str]] = MappingProxyType(
    {"parent": N_("a family, for each child"), "school": N_("the school")}
)


def text_of(text: Text, locale: Locale) -> str:
    """Return a text in the reader's language."""
    return str(getattr(text, locale))


def features_on(on: frozenset[str]) -> dict[str, str]:
    """Return what the modules ``on`` offer, by feature, in the reader's language."""
    locale = current_locale()
    found: dict[str, str] = {}
    for name, module in registry().loaded.items():
        for product in module.declared.products if name in on else ():
            found.setdefault(product.feature, text_of(product.title, locale))
    return found


def feature_title(feature: str, locale: Locale) -> str:
    """Return what a feature is called; one of a module that is gone keeps its code."""
    module = registry().loaded.get(feature.partition(".")[0])
    if module is None:
        return feature
    for product in module.declared.products:
        if product.feature == feature:
            return text_of(product.title, locale)
    return text_of(module.manifest.title, locale)


def last_day(ends: datetime | None, locale: Locale) -> str:
    """Return the end of a stretch of time: people name the last day that still counts."""
    if ends is None:
        return _("without an end")
    last = (ends - timedelta(seconds=1)).astimezone(ZoneInfo(SCHOOL_ZONE)).date()
    return _("until %(day)s") % {"day": long_date(last, locale)}
