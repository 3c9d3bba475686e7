"""Declare to the core what this plugin offers."""

from collections.abc import Sequence

from kundelik_birthdays.settings import Options
from kundelik_birthdays.slots import class_page
from kundelik_core.sdk import Settings, Slot, hookimpl

__all__ = ["plugin"]


class Birthdays:
    """The hooks of the plugin."""

    @hookimpl
    def slots(self) -> Sequence[Slot]:
        """Return the note on the page of a class."""
        return [Slot(slot="class.page", render=class_page)]

    @hookimpl
    def settings_model(self) -> type[Settings]:
        """Return how early the note comes."""
        return Options


plugin = Birthdays()
