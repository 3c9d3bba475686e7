"""Hear payment services: prove a message, bring it to its school, keep it, work on it at once.

A service of another plugin is heard there; what comes from that plugin is only where to look.
"""

from collections.abc import Callable
from typing import Final

from kundelik_core.sdk import (
    ForSchool,
    PaymentNews,
    PaymentNoted,
    PluginContext,
    WebhookAnswer,
    WebhookReply,
    WebhookRequest,
)
from kundelik_payments.cashdesk import cashier_for
from kundelik_payments.domain.codes import school_of
from kundelik_payments.ports import Inboxed
from kundelik_payments.providers.spi import Forged, Provider, ProviderError
from kundelik_payments.providing import stripe_of
from kundelik_payments.service.intake import receive
from kundelik_payments.store import PgStore

__all__ = ["WORK", "news", "stripe"]

WORK: Final = "payments.work"


async def stripe(ctx: PluginContext, request: WebhookRequest) -> WebhookAnswer:
    """Take a message of Stripe."""
    signed = "stripe-signature" in request.headers
    return await _take(ctx, request, lambda: stripe_of(ctx.secrets), signed=signed)


async def news(ctx: PluginContext, question: PaymentNews) -> PaymentNoted:
    """Keep a provider's word that a payment is to be looked at; said twice it is kept once."""
    if question.provider not in {one.plugin for one in ctx.providers}:
        return PaymentNoted()
    await PgStore(ctx).take_in(
        Inboxed(
            provider=question.provider,
            event_id=question.event,
            type="news",
            hint=question.known,
            received_at=ctx.clock.now(),
        )
    )
    return PaymentNoted(then=WORK)


async def _take(
    ctx: PluginContext,
    request: WebhookRequest,
    made: Callable[[], Provider | None],
    *,
    signed: bool,
) -> WebhookAnswer:
    if not signed:
        return WebhookReply(status=400, text="not signed")
    provider = made()
    if provider is None:
        # The operator has not filled in the secrets yet, or not again: it is to come once more.
        return WebhookReply(status=503, text="not set up")
    try:
        if _has_school(ctx):
            return await _keep(ctx, provider.name, request)
        return await _lead(ctx, provider, request)
    except Forged as error:
        ctx.log.warning("a message of %s was refused: %s", provider.name, error)
        return WebhookReply(status=400, text="not proved")


def _has_school(ctx: PluginContext) -> bool:
    try:
        return bool(ctx.school.id)
    except LookupError:
        return False


async def _lead(ctx: PluginContext, provider: Provider, request: WebhookRequest) -> WebhookAnswer:
    """Find the school of a proved message; what is of none is answered, or it would come again."""
    notice = provider.verify(request.headers, request.body, ctx.clock.now())
    if not provider.hears(notice.type):
        return WebhookReply(text="known from another message")
    try:
        order = await provider.order_of(notice)
    except ProviderError as error:
        ctx.log.warning("%s could not say whose %s is: %s", provider.name, notice.type, error)
        return WebhookReply(status=503, text="later")
    school = school_of(order)
    if school is None:
        ctx.log.info("%s: %s is about no order", provider.name, notice.type)
        return WebhookReply(text="not about an order")
    return ForSchool(school_id=school)


async def _keep(ctx: PluginContext, provider: str, request: WebhookRequest) -> WebhookAnswer:
    cashier = await cashier_for(ctx)
    await receive(cashier, provider, request.headers, request.body)
    return WebhookReply(text="kept", then=WORK)
