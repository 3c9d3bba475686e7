"""Ask what a family can buy, and turn the answer into what the pages and the diary show of it."""

import re
from typing import Final
from uuid import UUID

from kundelik_core.sdk import Json, OfferQuestion, OfferShown, PluginContext
from kundelik_rating.store import FEATURE

__all__ = ["SERVICE", "offer_values", "on_sale"]

SERVICE: Final = "checkout.offer.v1"
_OURS: Final = re.compile(r"^/[A-Za-z0-9][^\s\\]*\Z")

Values = dict[str, Json]


def on_sale(ctx: PluginContext) -> bool:
    """Say whether a parent could buy anything at all; costs nothing to ask."""
    return any(
        price.audience == "parent"
        for listed in ctx.catalogue
        if listed.product.feature == FEATURE
        for price in listed.prices
    )


async def offer_values(ctx: PluginContext, student: UUID) -> Values | None:
    """Return prices and the way to the page where they are paid; None where nothing is offered.

    ``refusal`` is set, without lines, where something is sold and this person cannot buy it.
    """
    if not on_sale(ctx):
        return None
    found = await ctx.services.ask(SERVICE, OfferQuestion(feature=FEATURE, student_id=student))
    if not isinstance(found, OfferShown):
        return None
    parts = [
        listed.product.title.of(ctx.i18n.locale)
        for listed in ctx.catalogue
        if listed.product.required
    ]
    # The whole first: the diary has room for one line, and a part of it is another thing.
    ordered = sorted(found.lines, key=lambda one: any(part in one.period for part in parts))
    lines: list[Json] = [{"price": one.price, "period": one.period} for one in ordered]
    # It becomes a link on our page, so it has to lead to a page of this site.
    if lines and _OURS.match(found.address):
        return {"lines": lines, "address": found.address, "refusal": ""}
    return {"lines": [], "address": "", "refusal": found.refusal} if found.refusal else None
