"""Let a school set a plugin up: the form is made from the plugin's own class.

A class derives from ``Settings`` and gives each field a type of bool, int, str or a Literal of
strings, a default, and its words::

    class Options(Settings, frozen=True, kw_only=True):
        days: Annotated[int, setting(DAYS, minimum=1, maximum=30)] = 7
"""

from collections.abc import Mapping

import msgspec

from kundelik_core.sdk.text import Text

__all__ = ["Settings", "setting"]


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a school may set; every field has a default, so that nothing has to be set."""


def setting(
    title: Text,
    *,
    help: Text | None = None,  # noqa: A002 - the word of forms
    minimum: int | None = None,
    maximum: int | None = None,
    choices: Mapping[str, Text] | None = None,
) -> msgspec.Meta:
    """Return the words and bounds of a field, to be put beside its type with ``Annotated``.

    ``minimum`` and ``maximum`` bound a number. ``maximum`` bounds the length of a text, which is
    200 without it. ``choices`` are the words for the values of a Literal.
    """
    words = {"title": title, "help": help, "choices": dict(choices or {})}
    return msgspec.Meta(extra={"setting": {**words, "minimum": minimum, "maximum": maximum}})
