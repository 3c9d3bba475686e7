"""Answer other plugins what the person in front of them can buy, and where."""

from uuid import UUID

from kundelik_core.sdk import OfferLine, OfferQuestion, OfferShown, PluginContext, Text
from kundelik_payments.domain.money import shown, whole_units
from kundelik_payments.offering import (
    PERIODS,
    Choice,
    Stretch,
    amount_for,
    choices,
    in_force,
    renews,
    stretches,
    until,
)

__all__ = ["offer"]

_NOT_YOURS = Text(
    kk="Мұны баланың ата-анасы ғана сатып ала алады.",
    ru="Это могут купить только родители ребёнка.",
    en="Only the child's parents can buy this.",
)
_NOT_SOLD = Text(
    kk="Қазір бұл сатылмайды.",
    ru="Сейчас это не продаётся.",
    en="This is not sold at the moment.",
)
_FOR_GOOD = Text(
    kk="Бұл сізде бар, мерзімі шектелмеген.",
    ru="Это у вас уже есть, без срока.",
    en="You have this already, without an end.",
)
_RENEWS = Text(
    kk="Бұл сізде бар, өздігінен ұзарады.",
    ru="Это у вас уже есть и продлевается само.",
    en="You have this already, and it renews itself.",
)


async def offer(ctx: PluginContext, question: OfferQuestion) -> OfferShown:
    """Say what a parent can buy for a child, at this family's prices."""
    actor = ctx.actor
    mine = actor is not None and "parent" in actor.roles
    if actor is None or not mine or question.student_id not in actor.students:
        return _refused(ctx, _NOT_YOURS)
    found = [
        one
        for one in choices(ctx.catalogue, "parent", question.feature)
        if _fits(one, question.scope)
    ]
    if not found:
        return _refused(ctx, _NOT_SOLD)
    now = ctx.clock.now()
    async with ctx.db.read() as tx:
        known = await stretches(tx, actor.students, actor.person_id, now)
    if refusal := _refusal(known, question):
        return _refused(ctx, refusal)
    others = in_force(known, question.feature, now) - {question.student_id}
    return OfferShown(
        lines=tuple(_line(ctx, one, 1 + len(others)) for one in found),
        address=_address(question.feature, question.student_id, question.scope),
    )


def _fits(choice: Choice, scope: str) -> bool:
    """Say whether a part, or all of it, can be bought so; which part, the page asks."""
    return scope == "*" or choice.by_part or not choice.listed.product.required


def _refusal(known: list[Stretch], question: OfferQuestion) -> Text | None:
    key = (known, question.student_id, question.feature, question.scope)
    if renews(*key):
        return _RENEWS
    there, ends = until(*key)
    return _FOR_GOOD if there and ends is None else None


def _line(ctx: PluginContext, choice: Choice, nth: int) -> OfferLine:
    minor = whole_units(amount_for(choice.price, nth))
    title, period = choice.listed.product.title, PERIODS[choice.price.interval]
    locale = ctx.i18n.locale
    return OfferLine(
        price=shown(minor, choice.price.currency),
        period=f"{period.of(locale)}, {title.of(locale)}" if choice.by_part else period.of(locale),
    )


def _address(feature: str, student: UUID, scope: str) -> str:
    part = "" if scope == "*" else f"&scope={scope}"
    return f"/x/payments/buy?feature={feature}&student={student}{part}"


def _refused(ctx: PluginContext, why: Text) -> OfferShown:
    return OfferShown(refusal=why.of(ctx.i18n.locale))
