"""List the hooks a plugin may implement; one docstring each, which is also its documentation.

Every hook only collects declarations. It is called once, at the start of a process, and never
during a request; what runs later are the async handlers inside the declarations. A plugin
implements those that it needs and no others.
"""

from collections.abc import Sequence
from typing import Protocol

import pluggy

from kundelik_core.sdk.access import Permission
from kundelik_core.sdk.events import Subscription
from kundelik_core.sdk.jobs import Command, Job
from kundelik_core.sdk.life import Demo, Lifecycle
from kundelik_core.sdk.pages import NavItem, Page
from kundelik_core.sdk.privacy import PersonalField, PrivacyHandlers
from kundelik_core.sdk.products import Product
from kundelik_core.sdk.providers import PaymentProvider
from kundelik_core.sdk.search import Search
from kundelik_core.sdk.services import Service
from kundelik_core.sdk.settings import Settings
from kundelik_core.sdk.ui import Slot
from kundelik_core.sdk.webhooks import Webhook

__all__ = ["PROJECT", "Hooks", "hookimpl"]

PROJECT = "kundelik"
"""The name under which pluggy knows our hooks."""

_hookspec = pluggy.HookspecMarker(PROJECT)

hookimpl = pluggy.HookimplMarker(PROJECT)
"""Mark a method of a plugin as an implementation of a hook. Takes no options: wrappers and
orders (``wrapper``, ``hookwrapper``, ``tryfirst``, ``trylast``) are refused."""


class Hooks(Protocol):
    """Every hook of this version of the contract."""

    @_hookspec
    def slots(self) -> Sequence[Slot]:
        """Return the places on core pages where the plugin shows something.

        Each slot has to stand in the manifest under ``uses.slots``.
        """
        ...

    @_hookspec
    def navigation(self) -> Sequence[NavItem]:
        """Return the entries of the menu that lead to the plugin's own pages.

        The manifest has to say ``uses.pages = true``.
        """
        ...

    @_hookspec
    def search(self) -> Sequence[Search]:
        """Return the kinds of things that staff can find by the search of the top line.

        Each name has to stand in the manifest under ``uses.search``.
        """
        ...

    @_hookspec
    def pages(self) -> Sequence[Page]:
        """Return the plugin's own pages, which stand under ``/x/NAME/``.

        The manifest has to say ``uses.pages = true``. A page is called with at most 10 seconds.
        """
        ...

    @_hookspec
    def settings_model(self) -> type[Settings]:
        """Return the class whose fields a school may set; its form is made from it."""
        ...

    @_hookspec
    def lifecycle(self) -> Lifecycle:
        """Return what runs when a school switches the plugin on or off, and how it feels."""
        ...

    @_hookspec
    def permissions(self) -> Sequence[Permission]:
        """Return what may be allowed in the plugin, and the roles that carry it from the start.

        Each code has to stand in the manifest under ``uses.permissions``.
        """
        ...

    @_hookspec
    def subscriptions(self) -> Sequence[Subscription]:
        """Return the events of which the plugin wants to be told, after they were saved.

        Each type has to stand in the manifest under ``uses.events``.
        """
        ...

    @_hookspec
    def jobs(self) -> Sequence[Job]:
        """Return what runs on a schedule, in a queue of the plugin's own.

        Each name has to stand in the manifest under ``uses.jobs``.
        """
        ...

    @_hookspec
    def commands(self) -> Sequence[Command]:
        """Return the commands that an operator gets as ``kundelik x PLUGIN NAME``.

        Each name has to stand in the manifest under ``uses.commands``.
        """
        ...

    @_hookspec
    def webhooks(self) -> Sequence[Webhook]:
        """Return the doors through which services outside may tell the plugin something.

        Each name has to stand in the manifest under ``uses.webhooks``.
        """
        ...

    @_hookspec
    def products(self) -> Sequence[Product]:
        """Return what of the plugin can be bought; prices are set by the operator.

        Each ``sku`` has to stand in the manifest under ``uses.products``.
        """
        ...

    @_hookspec
    def services(self) -> Sequence[Service]:
        """Return what the plugin answers when others ask.

        Each name has to stand in the manifest under ``provides``, and in ``SERVICES``.
        """
        ...

    @_hookspec
    def payment_provider(self) -> PaymentProvider:
        """Return the way to pay that the plugin is.

        The manifest has to say ``kind = "payment"`` and ``provides = ["payment.provider.v1"]``, and
        names nothing under ``data.reads``: a provider knows nobody.
        """
        ...

    @_hookspec
    def personal_data(self) -> Sequence[PersonalField]:
        """Return every column of the plugin's tables that leads to a person.

        A must when the manifest says ``data.personal = true``, and refused when it does not.
        """
        ...

    @_hookspec
    def privacy(self) -> PrivacyHandlers:
        """Return how a person's data is given out and erased.

        A must when the manifest says ``data.personal = true``, and refused when it does not.
        """
        ...

    @_hookspec
    def demo(self) -> Demo:
        """Return how the plugin's tables are filled in a demo school."""
        ...
