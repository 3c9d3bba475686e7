"""Hear the service: prove a message, bring it to its school, and say which payment to look at."""

import json
from typing import Final

from kundelik_core.sdk import (
    PAYMENT_NEWS,
    ForSchool,
    PaymentNews,
    PluginContext,
    WebhookAnswer,
    WebhookReply,
    WebhookRequest,
    school_in,
)
from kundelik_redirect.calling import Trouble
from kundelik_redirect.shop import shop_of
from kundelik_redirect.signing import Forged, prove

__all__ = ["DOOR", "PATH", "status"]

DOOR: Final = "status"
PATH: Final = f"/x/redirect/hook/{DOOR}"
_LATER: Final = 503


async def status(ctx: PluginContext, request: WebhookRequest) -> WebhookAnswer:
    """Take a message: what it says is not believed, only what it is about is passed on."""
    if "x-signature" not in request.headers:
        return WebhookReply(status=400, text="not signed")
    try:
        prove(request.headers, PATH, request.body, shop_of(ctx).secrets, ctx.clock.now())
        news = _news(request.body)
    except Trouble:
        return WebhookReply(status=_LATER, text="not set up")
    except Forged as error:
        ctx.log.warning("a message was refused: %s", error)
        return WebhookReply(status=400, text="not proved")
    school = school_in(news.known)
    if school is None:
        return WebhookReply(text="not about an order")
    if not _has_school(ctx):
        return ForSchool(school_id=school)
    # Without an answer nobody has kept it: it is to come once more.
    noted = await ctx.services.ask(PAYMENT_NEWS, news)
    return WebhookReply(text="kept") if noted else WebhookReply(status=_LATER, text="later")


def _news(body: bytes) -> PaymentNews:
    try:
        found = json.loads(body)
        event, about = str(found["event"])[:200], str(found["reference"])[:200]
    except (ValueError, KeyError, TypeError) as error:
        raise Forged("not a message") from error
    if not event or not about:
        raise Forged("about nothing")
    return PaymentNews(event=event, known=about)


def _has_school(ctx: PluginContext) -> bool:
    try:
        return bool(ctx.school.id)
    except LookupError:
        return False
