"""Let plugins ask each other something, by typed questions that the contract lists.

Who asks knows no other plugin: only the name of a service. None is the answer where nobody offers
it, where the plugin that does is off for this school, and where it failed or was late.
"""

from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType
from typing import Any, TypeAlias
from uuid import UUID

import msgspec

from kundelik_core.sdk.context import PluginContext
from kundelik_core.sdk.payments import (
    PAYMENT_NEWS,
    PAYMENT_PAYOUT,
    PAYMENT_PROVIDER,
    PaymentNews,
    PaymentNoted,
    ProviderAnswer,
    ProviderQuestion,
)

__all__ = ["SERVICES", "OfferLine", "OfferQuestion", "OfferShown", "Question", "Reply", "Service"]


class OfferQuestion(msgspec.Struct, frozen=True, kw_only=True):
    """What can the person of this call buy for a student, to open a feature of the asking plugin?

    ``checkout.offer.v1``.
    """

    feature: str
    student_id: UUID
    scope: str = "*"


class OfferLine(msgspec.Struct, frozen=True, kw_only=True):
    """One price as this family would pay it, in words of the reader's language."""

    price: str
    period: str


class OfferShown(msgspec.Struct, frozen=True, kw_only=True):
    """What to show: prices, and where the one page is that says all about them.

    ``address`` is a path of this site. Without lines nothing can be bought, and ``refusal`` says
    why in the reader's language.
    """

    lines: tuple[OfferLine, ...] = ()
    address: str = ""
    refusal: str = ""


Question: TypeAlias = Any
"""One of the questions of ``SERVICES``."""

Reply: TypeAlias = Any
"""The answer that belongs to a question."""

SERVICES: Mapping[str, tuple[type[msgspec.Struct], type[msgspec.Struct]]] = MappingProxyType(
    {
        "checkout.offer.v1": (OfferQuestion, OfferShown),
        PAYMENT_PROVIDER: (ProviderQuestion, ProviderAnswer),
        PAYMENT_NEWS: (PaymentNews, PaymentNoted),
        PAYMENT_PAYOUT: (ProviderQuestion, ProviderAnswer),
    }
)
"""Every service there is, with the types of its question and of its answer.

``checkout.offer.v1``: what a family can buy to open a feature, and where. ``payment.provider.v1``:
a payment at one provider, by ``ProviderQuestion``; only who keeps orders may ask, and what answers
is declared by the hook ``payment_provider``. ``payment.news.v1``: a provider's word that a payment
is to be looked at; only providers may ask. ``payment.payout.v1``: a vendor's share; only the core
asks, and who keeps orders answers.
"""


class Service(msgspec.Struct, frozen=True, kw_only=True):
    """A service that the plugin gives to others; its manifest names it under ``provides``.

    ``handle`` gets the context of who asked, as this plugin may see it: the same person, the same
    school. It has two seconds, within the time of the page that asked; a payout has ten.
    """

    name: str
    handle: Callable[[PluginContext, Question], Awaitable[Reply]]
