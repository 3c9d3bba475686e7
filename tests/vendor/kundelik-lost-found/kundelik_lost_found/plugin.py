"""Declare to the core what this plugin offers."""

from collections.abc import Sequence

from kundelik_core.sdk import (
    ROLES,
    NavItem,
    Page,
    Permission,
    PersonalField,
    PrivacyHandlers,
    Settings,
    Slot,
    Subscription,
    Text,
    hookimpl,
)
from kundelik_lost_found import people, views
from kundelik_lost_found.settings import Options

__all__ = ["plugin"]

_TITLE = Text(kk="Табылған заттар", ru="Стол находок", en="Lost and found")
_LOOK, _ADD = "lost_found.look", "lost_found.add"


class LostFound:
    """The hooks of the plugin."""

    @hookimpl
    def permissions(self) -> Sequence[Permission]:
        """Return who may look and who may write."""
        return [
            Permission(
                code=_LOOK,
                title=Text(kk="Тақтаны көру", ru="Смотреть доску", en="Look at the board"),
                allows=Text(
                    kk="Мектептегі барлық адам көреді.",
                    ru="Видят все в школе.",
                    en="Everybody of the school.",
                ),
                roles=ROLES,
            ),
            Permission(
                code=_ADD,
                title=Text(kk="Тақтаға жазу", ru="Писать на доску", en="Write on the board"),
                allows=Text(
                    kk="Оқушылар мен қызметкерлер жазады.",
                    ru="Пишут ученики и сотрудники.",
                    en="Pupils and staff.",
                ),
                roles=tuple(role for role in ROLES if role != "parent"),
                risks=("personal",),
            ),
        ]

    @hookimpl
    def slots(self) -> Sequence[Slot]:
        """Return the line on the page of a class."""
        return [Slot(slot="class.page", render=views.class_page, permission=_LOOK)]

    @hookimpl
    def navigation(self) -> Sequence[NavItem]:
        """Return the entry of the menu."""
        return [NavItem(label=_TITLE, path="")]

    @hookimpl
    def pages(self) -> Sequence[Page]:
        """Return the board and its form."""
        return [
            Page(path="", title=_TITLE, handle=views.board, permission=_LOOK),
            Page(path="found", title=_TITLE, handle=views.take, permission=_ADD, method="POST"),
        ]

    @hookimpl
    def settings_model(self) -> type[Settings]:
        """Return what a school may set."""
        return Options

    @hookimpl
    def subscriptions(self) -> Sequence[Subscription]:
        """Return the event by which finders are forgotten."""
        return [Subscription(event="student.left.v1", handle=people.left)]

    @hookimpl
    def personal_data(self) -> Sequence[PersonalField]:
        """Return the column that leads to people."""
        return people.FIELDS

    @hookimpl
    def privacy(self) -> PrivacyHandlers:
        """Return how people get and lose what is held about them."""
        return PrivacyHandlers(export=people.export, erase=people.erase)


plugin = LostFound()
