"""Declare to the core what this plugin offers."""

from collections.abc import Sequence
from typing import Final

from kundelik_core.sdk import (
    Command,
    Cron,
    Demo,
    Job,
    Lifecycle,
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
from kundelik_praise import background, demo, pages, privacy
from kundelik_praise.settings import Options
from kundelik_praise.slots import diary_week, student_card

__all__ = ["plugin"]

_TITLE: Final = Text(kk="Мақтау", ru="Похвала", en="Praise")
_NOTES: Final = Text(kk="Мұғалімдердің жазбалары", ru="Записи учителей", en="Notes of teachers")
_WRITE: Final = Text(kk="Оқушыға жазу", ru="Написать ученику", en="Write to a pupil")
_GONE: Final = Text(kk="Қайтарып алу", ru="Забрать запись", en="Take a note back")
_LIST: Final = Text(kk="Сыныптың жазбалары", ru="Записи класса", en="Notes of a class")
_PERMISSIONS: Final = (
    Permission(
        code="praise.write",
        title=Text(kk="Мақтау мен ескерту жазу", ru="Писать похвалу и замечания", en="Write notes"),
        allows=Text(
            kk="Өзі оқытатын немесе жетекшілік ететін оқушыларға; басшылар барлығына.",
            ru="Своим ученикам и своему классу; руководство всем ученикам.",
            en="To one's own pupils and class; the heads of the school to everybody.",
        ),
        roles=("teacher", "homeroom", "deputy", "director"),
        risks=("personal", "minors"),
    ),
    Permission(
        code="praise.read",
        title=Text(kk="Жазбаларды оқу", ru="Читать записи", en="Read notes"),
        allows=Text(
            kk="Отбасы өз баласының, мұғалім өзі жазғанын, жетекші сыныбының жазбаларын оқиды.",
            ru="Семья о своём ребёнке, учитель свои записи, классный руководитель своего класса.",
            en="Families about their child, teachers their own, homeroom teachers of their class.",
        ),
        roles=(
            *("pupil", "parent", "teacher", "homeroom"),
            *("deputy", "director", "psychologist"),
        ),
        risks=("personal", "minors"),
    ),
)


class Praise:
    """The hooks of the plugin."""

    @hookimpl
    def permissions(self) -> Sequence[Permission]:
        """Return who may write and who may read."""
        return _PERMISSIONS

    @hookimpl
    def slots(self) -> Sequence[Slot]:
        """Return the notes below a week and the numbers on a pupil's card."""
        return [
            Slot(slot="diary.week", render=diary_week, permission="praise.read"),
            Slot(slot="student.card", render=student_card, permission="praise.read"),
        ]

    @hookimpl
    def navigation(self) -> Sequence[NavItem]:
        """Return the entry of the menu."""
        return [NavItem(label=_TITLE, path="", icon="star")]

    @hookimpl
    def pages(self) -> Sequence[Page]:
        """Return the pages: whom to write to, the form, the notes, a list to save."""
        read, write = "praise.read", "praise.write"
        form = "write/{student:uuid}"
        gone, saved = "notes/{note:uuid}/withdraw", "class/{class_id:uuid}/notes.csv"
        return [
            Page(path="", title=_TITLE, handle=pages.front, permission=read),
            Page(path="notes", title=_NOTES, handle=pages.notes, permission=read),
            Page(path=form, title=_WRITE, handle=pages.note_form, permission=write),
            Page(path=form, title=_WRITE, handle=pages.send_note, permission=write, method="POST"),
            Page(path=gone, title=_GONE, handle=pages.withdraw, permission=write, method="POST"),
            Page(path=saved, title=_LIST, handle=pages.list_file, permission=write),
        ]

    @hookimpl
    def settings_model(self) -> type[Settings]:
        """Return what a school may set."""
        return Options

    @hookimpl
    def lifecycle(self) -> Lifecycle:
        """Return how it catches up when it is switched on, and how it feels."""
        return Lifecycle(on_enable=background.on_enable, health=background.health)

    @hookimpl
    def subscriptions(self) -> Sequence[Subscription]:
        """Return the events by which notes are archived and brought back."""
        return [
            Subscription(event="student.left.v1", handle=background.left),
            Subscription(event="student.enrolled.v1", handle=background.enrolled),
        ]

    @hookimpl
    def jobs(self) -> Sequence[Job]:
        """Return the clearing of old notes, in the small hours."""
        nightly = Cron(spec="40 3 * * *")
        return [Job(name="praise.clear", run=background.clear_old, schedule=nightly)]

    @hookimpl
    def commands(self) -> Sequence[Command]:
        """Return what an operator may ask."""
        text = "Count the notes of a school, without naming anybody."
        return [Command(name="count", help=text, run=background.count)]

    @hookimpl
    def personal_data(self) -> Sequence[PersonalField]:
        """Return the columns that lead to people."""
        return privacy.FIELDS

    @hookimpl
    def privacy(self) -> PrivacyHandlers:
        """Return how people get and lose what is held about them."""
        return PrivacyHandlers(export=privacy.export, erase=privacy.erase)

    @hookimpl
    def demo(self) -> Demo:
        """Return how a demo school gets its notes."""
        return Demo(fill=demo.fill)


plugin = Praise()
