"""Say what a school may set: how early the note comes."""

from typing import Annotated, Final

from kundelik_core.sdk import Settings, Text, setting

__all__ = ["Options"]

MOST_DAYS: Final = 7
"""The note speaks of a week."""


class Options(Settings, frozen=True, kw_only=True):
    """The school's settings of this plugin."""

    days: Annotated[
        int,
        setting(
            Text(
                kk="Неше күн бұрын еске салу керек",
                ru="За сколько дней напоминать",
                en="Days ahead to remind",
            ),
            help=Text(
                kk="0: тек туған күннің өзінде.",
                ru="0: только в сам день рождения.",
                en="0: on the birthday only.",
            ),
            minimum=0,
            maximum=MOST_DAYS,
        ),
    ] = MOST_DAYS
