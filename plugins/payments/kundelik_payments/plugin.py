"""Declare to the core what this plugin offers."""

from collections.abc import Sequence
from typing import Final

from kundelik_core.sdk import (
    PAYMENT_NEWS,
    PAYMENT_PAYOUT,
    Command,
    Demo,
    Job,
    Lifecycle,
    NavItem,
    Page,
    Permission,
    PersonalField,
    PrivacyHandlers,
    Search,
    Service,
    Settings,
    Slot,
    Text,
    Webhook,
    hookimpl,
)
from kundelik_payments import background, demo, pages, privacy, webhooks
from kundelik_payments.finding import ORDERS
from kundelik_payments.offers import offer
from kundelik_payments.payouts import payout
from kundelik_payments.settings import Options
from kundelik_payments.slots import diary_week

__all__ = ["plugin"]

_PERMISSIONS: Final = (
    Permission(
        code=pages.BUY,
        title=Text(kk="Қызмет сатып алу", ru="Покупать услуги", en="Buy services"),
        allows=Text(
            kk="Ата-ана өз баласына қосымша қызмет сатып алады және тапсырыстарын көреді.",
            ru="Родители покупают дополнительные услуги своим детям и видят свои заказы.",
            en="Parents buy extra services for their own children and see their orders.",
        ),
        roles=("parent",),
        risks=("money",),
    ),
    Permission(
        code=pages.MANAGE,
        title=Text(kk="Төлемдерді жүргізу", ru="Вести оплату", en="Keep the books"),
        allows=Text(
            kk="Мектептің барлық тапсырысын көру, ақша қайтару, банк көшірмесін енгізу.",
            ru="Видеть все заказы школы, возвращать деньги, загружать выписку банка.",
            en="See all orders of the school, give money back, bring in bank statements.",
        ),
        roles=("director", "deputy", "admin"),
        risks=("personal", "money"),
    ),
)


class Payments:
    """The hooks of the plugin."""

    @hookimpl
    def permissions(self) -> Sequence[Permission]:
        """Return who buys and who keeps the books."""
        return _PERMISSIONS

    @hookimpl
    def pages(self) -> Sequence[Page]:
        """Return the pages of families and of the school."""
        return pages.PAGES

    @hookimpl
    def navigation(self) -> Sequence[NavItem]:
        """Return the entries of the menu."""
        return pages.NAVIGATION

    @hookimpl
    def search(self) -> Sequence[Search]:
        """Return what the school finds of its orders."""
        return [ORDERS]

    @hookimpl
    def slots(self) -> Sequence[Slot]:
        """Return the reminder of a payment that comes by itself."""
        return [Slot(slot="diary.week", render=diary_week, permission=pages.BUY)]

    @hookimpl
    def settings_model(self) -> type[Settings]:
        """Return what a school may set."""
        return Options

    @hookimpl
    def lifecycle(self) -> Lifecycle:
        """Return how it feels."""
        return Lifecycle(health=background.health)

    @hookimpl
    def webhooks(self) -> Sequence[Webhook]:
        """Return the doors of payment services."""
        return [Webhook(name="stripe", handle=webhooks.stripe)]

    @hookimpl
    def services(self) -> Sequence[Service]:
        """Return what other plugins may ask."""
        return [
            Service(name="checkout.offer.v1", handle=offer),
            Service(name=PAYMENT_NEWS, handle=webhooks.news),
            Service(name=PAYMENT_PAYOUT, handle=payout),
        ]

    @hookimpl
    def jobs(self) -> Sequence[Job]:
        """Return what runs by the clock."""
        return background.JOBS

    @hookimpl
    def commands(self) -> Sequence[Command]:
        """Return what an operator may ask."""
        return background.COMMANDS

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
        """Return how a demo school gets its orders."""
        return Demo(fill=demo.fill)


plugin = Payments()
