"""Let a plugin of the kind ``payment`` be a way to pay: begin payments, say how they stand, refund.

The plugin that keeps orders asks by the service ``payment.provider.v1``, and the core hands each
question to the handler that stands here for it.
"""

from collections.abc import Awaitable, Callable

import msgspec

from kundelik_core.sdk.context import PluginContext
from kundelik_core.sdk.payments import (
    PageShown,
    PaymentCan,
    PaymentQuery,
    PaymentsBetween,
    PaymentsSeen,
    PaymentStart,
    PaymentStarted,
    PaymentTerms,
    PaymentTrouble,
    PayoutReturn,
    PayoutSeen,
    PayoutStart,
    RefundSeen,
    RefundStart,
    RenewalEnd,
    RenewalPage,
    RenewalRest,
    RenewalSeen,
)
from kundelik_core.sdk.text import Text

__all__ = ["PaymentProvider"]


class PaymentProvider(msgspec.Struct, frozen=True, kw_only=True):
    """A way to pay, known by the name of its plugin.

    ``title`` is what payers choose it by, ``needs`` the secrets without which it is not offered.
    ``refund`` goes with ``can.refund_full`` or ``can.refund_partial``; ``end_renewal``, ``rest``
    and ``page`` with ``can.recurring``; ``payout`` and ``take_back`` with ``can.payout``.

    A handler has 8 seconds, no person and no rows of the core. What its service refuses it answers
    with ``PaymentTrouble``; it raises only over faults of its own.
    """

    title: Text
    terms: PaymentTerms
    start: Callable[[PluginContext, PaymentStart], Awaitable[PaymentStarted | PaymentTrouble]]
    status: Callable[[PluginContext, PaymentQuery], Awaitable[PaymentsSeen | PaymentTrouble]]
    reconcile: Callable[[PluginContext, PaymentsBetween], Awaitable[PaymentsSeen | PaymentTrouble]]
    can: PaymentCan = PaymentCan()
    needs: tuple[str, ...] = ()
    refund: (
        Callable[[PluginContext, RefundStart], Awaitable[RefundSeen | PaymentTrouble]] | None
    ) = None
    end_renewal: (
        Callable[[PluginContext, RenewalEnd], Awaitable[RenewalSeen | PaymentTrouble]] | None
    ) = None
    rest: Callable[[PluginContext, RenewalRest], Awaitable[RenewalSeen | PaymentTrouble]] | None = (
        None
    )
    page: Callable[[PluginContext, RenewalPage], Awaitable[PageShown | PaymentTrouble]] | None = (
        None
    )
    payout: (
        Callable[[PluginContext, PayoutStart], Awaitable[PayoutSeen | PaymentTrouble]] | None
    ) = None
    take_back: (
        Callable[[PluginContext, PayoutReturn], Awaitable[PayoutSeen | PaymentTrouble]] | None
    ) = None
