"""Declare to the core what this plugin offers."""

from collections.abc import Sequence

from kundelik_core.sdk import Lifecycle, PaymentProvider, Webhook, hookimpl
from kundelik_redirect.messages import DOOR, status
from kundelik_redirect.provider import PROVIDER
from kundelik_redirect.shop import health

__all__ = ["plugin"]


class LocalPayment:
    """The hooks of the plugin."""

    @hookimpl
    def payment_provider(self) -> PaymentProvider:
        """Return the way to pay that it is."""
        return PROVIDER

    @hookimpl
    def webhooks(self) -> Sequence[Webhook]:
        """Return the door of the service's messages."""
        return [Webhook(name=DOOR, handle=status)]

    @hookimpl
    def lifecycle(self) -> Lifecycle:
        """Return how it feels."""
        return Lifecycle(health=health)


plugin = LocalPayment()
