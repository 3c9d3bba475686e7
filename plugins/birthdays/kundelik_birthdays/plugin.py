"""Declare to the core what this plugin offers."""

from collections.abc import Sequence

from kundelik_birthdays.slots import class_page
from kundelik_core.sdk import Slot, hookimpl

__all__ = ["plugin"]


class Birthdays:
    """The hooks of the plugin."""

    @hookimpl
    def slots(self) -> Sequence[Slot]:
        """Return the note on the page of a class."""
        return [Slot(slot="class.page", render=class_page)]


plugin = Birthdays()
