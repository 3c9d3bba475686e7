"""Declare to the core what this plugin offers."""

from collections.abc import Sequence

from kundelik_core.sdk import Page, Settings, Text, hookimpl
from kundelik_rating.pages import method
from kundelik_rating.settings import Options

__all__ = ["plugin"]


class Rating:
    """The hooks of the plugin."""

    @hookimpl
    def pages(self) -> Sequence[Page]:
        """Return the page that explains the method; everyone of the school may read it."""
        title = Text(
            kk="Рейтинг қалай есептеледі",
            ru="Как считается рейтинг",
            en="How the rating is worked out",
        )
        return [Page(path="method", title=title, handle=method, permission=None)]

    @hookimpl
    def settings_model(self) -> type[Settings]:
        """Return what a school may set."""
        return Options


plugin = Rating()
