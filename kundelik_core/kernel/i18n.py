"""Speak Kazakh, Russian and English: gettext catalogues, and dates as each language writes them.

Source strings are English msgids. Catalogues are kept as ``.po`` and compiled in memory at the
first use, so that no build step can be forgotten.
"""

import gettext
import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import date, datetime
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Final, Literal

import babel
import babel.dates
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

__all__ = [
    "LOCALES",
    "N_",
    "Locale",
    "_",
    "as_locale",
    "catalogue",
    "current_locale",
    "date_range",
    "day_month",
    "long_date",
    "moment",
    "ngettext",
    "pick_locale",
    "translations",
    "use_locale",
    "weekday",
]

Locale = Literal["kk", "ru", "en"]
LOCALES: Final[tuple[Locale, ...]] = ("kk", "ru", "en")

# As schools write them (domain.md 5); CLDR's Kazakh short forms differ.
WEEKDAYS_SHORT: Final[dict[Locale, tuple[str, ...]]] = {
    "kk": ("Дс", "Сс", "Ср", "Бс", "Жм", "Сн", "Жс"),
    "ru": ("Пн", "Вт", "Ср", "Чт", "Пт", "Сб", "Вс"),
    "en": ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"),
}

_locale: ContextVar[Locale] = ContextVar("kundelik_locale", default="kk")


def N_(message: str) -> str:  # noqa: N802 - gettext's own name for "mark, translate later"
    """Mark a msgid for extraction where it is not translated yet."""
    return message


@cache
def translations(locale: Locale) -> gettext.NullTranslations:
    """Return the compiled catalogue of ``locale``; English is the msgids themselves."""
    folder = resources.files("kundelik_core") / "locale"
    return catalogue(folder / locale / "LC_MESSAGES" / "kundelik.po", locale)


def catalogue(file: Traversable, locale: Locale) -> gettext.NullTranslations:
    """Compile one ``.po`` file, of the core or of a plugin; without it texts stay as they are."""
    if not file.is_file():
        return gettext.NullTranslations()
    out = io.BytesIO()
    write_mo(out, read_po(io.BytesIO(file.read_bytes()), locale=locale))
    out.seek(0)
    return gettext.GNUTranslations(out)


def _(message: str) -> str:
    """Translate into the language of this request."""
    # The empty msgid stands for a catalogue's header.
    return translations(_locale.get()).gettext(message) if message else ""


def ngettext(singular: str, plural: str, n: int) -> str:
    """Translate a counted phrase into the language of this request."""
    return translations(_locale.get()).ngettext(singular, plural, n)


def current_locale() -> Locale:
    """Return the language of this request."""
    return _locale.get()


@contextmanager
def use_locale(locale: Locale) -> Iterator[None]:
    """Speak ``locale`` inside the block."""
    token = _locale.set(locale)
    try:
        yield
    finally:
        _locale.reset(token)


def as_locale(text: str | None, default: Locale = "kk") -> Locale:
    """Return ``text`` if it names one of our languages, else ``default``."""
    return text if text in LOCALES else default


def pick_locale(accept_language: str, default: Locale = "kk") -> Locale:
    """Return our best language for an ``Accept-Language`` header."""
    wanted: list[tuple[float, str]] = []
    for part in accept_language.split(","):
        tag, _sep, q = part.strip().partition(";q=")
        try:
            wanted.append((-float(q or 1), tag.strip().lower().split("-")[0]))
        except ValueError:
            continue
    return next((as_locale(tag) for _q, tag in sorted(wanted) if tag in LOCALES), default)


@cache
def _months(locale: Locale, width: str) -> Sequence[str]:
    names = babel.Locale(locale).months["format"][width]
    return [str(names[n]).rstrip(".") for n in range(1, 13)]


@cache
def _weekdays_long(locale: Locale) -> Sequence[str]:
    names = babel.Locale(locale).days["format"]["wide"]
    return [str(names[n]) for n in range(7)]


def weekday(day: date, locale: Locale, *, long: bool = False) -> str:
    """Return the day's name: ``Дс`` or ``дүйсенбі``."""
    names = _weekdays_long(locale) if long else WEEKDAYS_SHORT[locale]
    return names[day.weekday()]


@cache
def day_month(day: date, locale: Locale, *, short: bool = False) -> str:
    """Return ``9 қараша``, ``9 ноября``, ``9 November``."""
    return f"{day.day} {_months(locale, 'abbreviated' if short else 'wide')[day.month - 1]}"


def long_date(day: date, locale: Locale) -> str:
    """Return the date with its year, in the language's own order."""
    # Like all other days of these pages: the number first.
    order = "en_GB" if locale == "en" else locale
    return str(babel.dates.format_date(day, "long", locale=order))


def date_range(begin: date, end: date, locale: Locale) -> str:
    """Return ``9–14 қараша`` or ``30 қараша – 5 желтоқсан``."""
    if (begin.year, begin.month) == (end.year, end.month):
        return f"{begin.day}–{day_month(end, locale)}"
    return f"{day_month(begin, locale)} – {day_month(end, locale)}"


def moment(at: datetime, locale: Locale) -> str:
    """Return a local moment as ``9 қараша, 14:02``."""
    return f"{day_month(at.date(), locale)}, {at:%H:%M}"
