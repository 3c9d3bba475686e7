"""Titles of national data in the three languages it is published in."""

from typing import Literal

import msgspec

from kundelik_core.kernel.names import sort_key

Locale = Literal["kk", "ru", "en"]


class Title(msgspec.Struct, frozen=True):
    """One thing's name in Kazakh, Russian and English."""

    kk: str
    ru: str
    en: str

    def of(self, locale: str) -> str:
        """The title for a reader's locale; English for a locale that we do not have."""
        if locale == "kk":
            return self.kk
        return self.ru if locale == "ru" else self.en


def class_title(grade: int, letter: str) -> str:
    """A class as schools write it: 5 «А», or the grade alone where there is one class of it."""
    return f"{grade} «{letter}»" if letter else str(grade)


def class_order(grade: int, letter: str) -> tuple[int, str]:
    """Where a class stands among others: Ә behind А, as in the alphabet and not as in Unicode."""
    return grade, sort_key(letter)
