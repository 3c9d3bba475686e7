"""Dress pages: themes that operators install, and the colours and the logo that a school chooses.

A theme is data, nothing of it is ever run: ``find`` reads it, ``templates`` checks the few pages
that it may lay out anew, ``palette`` and ``colours`` judge contrast, ``looks`` knows what each
school wears, ``reports`` keeps what went wrong.
"""

from kundelik_core.web.themes.find import (
    API_VERSION,
    GROUP,
    TOKENS,
    Found,
    Theme,
    ThemeError,
    Title,
    find_themes,
    load_theme,
)
from kundelik_core.web.themes.reports import Report, theme_reports

__all__ = [
    "API_VERSION",
    "GROUP",
    "TOKENS",
    "Found",
    "Report",
    "Theme",
    "ThemeError",
    "Title",
    "find_themes",
    "load_theme",
    "theme_reports",
]
