"""Hold a short text in every language of the platform, so that it can be shown without the plugin.

What a plugin declares is shown by the core, also while the plugin runs in a process of its own or
is switched off. So each declared text is whole in itself; templates speak through gettext instead.
"""

from typing import Annotated, TypeAlias

import msgspec

__all__ = ["Text"]

_Line: TypeAlias = Annotated[str, msgspec.Meta(min_length=1, max_length=200, pattern=r"\S")]


class Text(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A text in Kazakh, Russian and English, each of 1 to 200 characters; never markup."""

    kk: _Line
    ru: _Line
    en: _Line

    def of(self, locale: str) -> str:
        """Return the text in one language; in Kazakh for a language that is not there."""
        return self.ru if locale == "ru" else self.en if locale == "en" else self.kk
