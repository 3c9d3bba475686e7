"""Say what a school may set."""

from typing import Annotated

from kundelik_core.sdk import Settings, Text, setting

__all__ = ["Options"]

_DAYS = Text(
    kk="Зат тақтада неше күн тұрады",
    ru="Сколько дней вещь остаётся на доске",
    en="How many days a thing stays on the board",
)


class Options(Settings, frozen=True, kw_only=True):
    """The settings of a school."""

    days: Annotated[int, setting(_DAYS, minimum=1, maximum=365)] = 30
