"""Name what people meet of this plugin: pages, places on the core's pages, who may see places."""

from typing import Final

from kundelik_core.sdk import NavItem, Page, Permission, Slot, Text
from kundelik_rating.pages import method
from kundelik_rating.pages_family import choose, front
from kundelik_rating.pages_staff import staff
from kundelik_rating.slots import class_page, diary_week, student_card

__all__ = ["NAVIGATION", "PAGES", "PERMISSIONS", "SLOTS"]

_TITLE: Final = Text(kk="Оқушы рейтингі", ru="Рейтинг ученика", en="Pupil rating")
_METHOD: Final = Text(
    kk="Рейтинг қалай есептеледі",
    ru="Как считается рейтинг",
    en="How the rating is worked out",
)
_PLACES: Final = Text(kk="Топтағы орындар", ru="Места в группе", en="Places in a group")

PERMISSIONS: Final = (
    Permission(
        code="rating.places",
        title=Text(
            kk="Нақты орындарды көру",
            ru="Видеть точные места",
            en="See exact places",
        ),
        allows=Text(
            kk="Мектеп рұқсат етсе: мұғалім өз топтарында, басшылар оқушының бетінде.",
            ru="Если школа разрешила: учитель в своих группах, руководство на странице ученика.",
            en="Where the school allows: teachers in their groups, heads on a pupil's page.",
        ),
        roles=("teacher", "homeroom", "deputy", "director"),
        risks=("personal", "minors"),
    ),
)
"""One permission, for staff; families see their own children without any."""

PAGES: Final = (
    Page(path="", title=_TITLE, handle=front, permission=None),
    Page(path="choices", title=_TITLE, handle=choose, permission=None, method="POST"),
    Page(path="method", title=_METHOD, handle=method, permission=None),
    Page(path="staff", title=_PLACES, handle=staff, permission="rating.places"),
)
"""Every page."""

NAVIGATION: Final[tuple[NavItem, ...]] = ()
"""None: an entry of the menu would stand on every page of the diary, bought or not."""

SLOTS: Final = (
    Slot(slot="diary.week", render=diary_week, budget_ms=250),
    Slot(slot="student.card", render=student_card, permission="rating.places"),
    Slot(slot="class.page", render=class_page, permission="rating.places"),
)
"""The line below the diary, and what staff see."""
