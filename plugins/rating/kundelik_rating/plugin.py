"""Declare to the core what this plugin offers."""

from collections.abc import Sequence

from kundelik_core.sdk import (
    Cron,
    Demo,
    Job,
    Lifecycle,
    NavItem,
    Page,
    Permission,
    PersonalField,
    PrivacyHandlers,
    Product,
    Settings,
    Slot,
    Subscription,
    Text,
    hookimpl,
)
from kundelik_rating import demo, handlers, jobs, privacy
from kundelik_rating.settings import Options
from kundelik_rating.store import FEATURE
from kundelik_rating.surface import NAVIGATION, PAGES, PERMISSIONS, SLOTS

__all__ = ["plugin"]

_WHOLE = Text(kk="Оқушы рейтингі", ru="Рейтинг ученика", en="Pupil rating")
_ONE = Text(
    kk="Оқушы рейтингі, бір пән", ru="Рейтинг ученика, один предмет", en="Pupil rating, one subject"
)


class Rating:
    """The hooks of the plugin."""

    @hookimpl
    def pages(self) -> Sequence[Page]:
        """Return the pages of families, of staff, and the one that explains the method."""
        return PAGES

    @hookimpl
    def navigation(self) -> Sequence[NavItem]:
        """Return the entries of the menu."""
        return NAVIGATION

    @hookimpl
    def slots(self) -> Sequence[Slot]:
        """Return the places on core pages where a line of it is shown."""
        return SLOTS

    @hookimpl
    def permissions(self) -> Sequence[Permission]:
        """Return who may see exact places, where the school allows that at all."""
        return PERMISSIONS

    @hookimpl
    def settings_model(self) -> type[Settings]:
        """Return what a school may set."""
        return Options

    @hookimpl
    def lifecycle(self) -> Lifecycle:
        """Return how it feels."""
        return Lifecycle(health=handlers.health)

    @hookimpl
    def subscriptions(self) -> Sequence[Subscription]:
        """Return the events by which children leave the lists."""
        return [
            Subscription(event="student.left.v1", handle=handlers.left),
            Subscription(event="student.enrolled.v1", handle=handlers.enrolled),
        ]

    @hookimpl
    def jobs(self) -> Sequence[Job]:
        """Return the night's work; a school of 2,500 takes seconds of it."""
        nightly = Cron(spec="30 2 * * *")
        return [Job(name="rating.publish", run=jobs.publish_night, schedule=nightly, timeout_s=300)]

    @hookimpl
    def products(self) -> Sequence[Product]:
        """Return what can be bought: all subjects of a child, or one."""
        return [
            Product(sku="rating.view", feature=FEATURE, title=_WHOLE),
            Product(sku="rating.subject", feature=FEATURE, title=_ONE, by="subject", required=True),
        ]

    @hookimpl
    def personal_data(self) -> Sequence[PersonalField]:
        """Return the columns that lead to pupils."""
        return privacy.FIELDS

    @hookimpl
    def privacy(self) -> PrivacyHandlers:
        """Return how pupils get and lose what is held about them."""
        return PrivacyHandlers(export=privacy.export, erase=privacy.erase)

    @hookimpl
    def demo(self) -> Demo:
        """Return how a demo school gets its publications."""
        return Demo(fill=demo.fill)


plugin = Rating()
