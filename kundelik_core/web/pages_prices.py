"""Let the operator say what things cost. A price is never changed; it ends, and another begins."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final

from litestar import Response
from litestar.response import Redirect

from kundelik_core.entitlements.catalogue import entry
from kundelik_core.entitlements.catalogue.actions import end_price, set_price, set_vendor
from kundelik_core.entitlements.catalogue.model import Price, Product, Sibling
from kundelik_core.entitlements.catalogue.queries import price_history, product_of, products
from kundelik_core.identity.access import Permission
from kundelik_core.kernel import clock
from kundelik_core.kernel.errors import Problem
from kundelik_core.kernel.i18n import N_, _, current_locale
from kundelik_core.web.frame import NOTES, Note, after, view
from kundelik_core.web.modules import registry
from kundelik_core.web.offer_titles import AUDIENCES, INTERVALS, text_of
from kundelik_core.web.plugin_view import at
from kundelik_core.web.routes import form, page
from kundelik_core.web.visit import Request, actor_of, form_of

__all__ = ["HANDLERS"]

NOTES["price-set"] = Note(N_("The price holds from now on. What was bought before stays."))
NOTES["price-ended"] = Note(N_("Nothing more is sold at that price. What was bought stays."))
NOTES["price-none"] = Note(N_("That price had ended before."), bad=True)

CURRENCY: Final = "KZT"
FIELDS: Final = ("amount", "per", "audience", "siblings", "tax", "vendor", "commission")


@page("/platform/prices", access=Permission.PLATFORM)
async def prices(request: Request) -> Response[bytes]:
    """List what can be bought, with the prices of now and before."""
    return await _page(request)


@form("/platform/prices", access=Permission.PLATFORM)
async def put(request: Request) -> Response[bytes] | Redirect:
    """Let a price hold from now on."""
    fields = await form_of(request)
    try:
        await _set(fields, actor_of(request).account_id)
    except Problem as problem:
        return await _page(request, fields, problem)
    return after(request, "/platform/prices", "price-set")


@form("/platform/prices/end", access=Permission.PLATFORM)
async def end(request: Request) -> Redirect:
    """Sell nothing more at a price."""
    fields = await form_of(request)
    per = entry.interval(fields.get("per", ""))
    audience = entry.audience(fields.get("audience", ""))
    currency = fields.get("currency", CURRENCY)[:3]
    ended = await end_price(fields.get("sku", ""), currency, per, audience)
    return after(request, "/platform/prices", "price-ended" if ended else "price-none")


async def _set(fields: Mapping[str, str], by: Any) -> None:  # noqa: ANN401 - an account's id
    product = await product_of(fields.get("sku", ""))
    vendor = fields.get("vendor", product.vendor).strip()[:60]
    price = Price(
        sku=product.sku,
        currency=CURRENCY,
        amount_minor=entry.amount(fields.get("amount", "")),
        interval=entry.interval(fields.get("per", "")),
        audience=entry.audience(fields.get("audience", "")),
        valid_from=clock.now(),
        tax_bp=entry.share(fields.get("tax", "")),
        commission_bp=entry.share(fields.get("commission", ""), "commission"),
        siblings=entry.siblings(fields.get("siblings", "")),
    )
    if price.commission_bp and not vendor:
        raise Problem(
            "no-vendor", N_("Without a vendor there is nobody to share with."), status=422,
            field="commission",
        )  # fmt: skip
    if vendor != product.vendor:
        await set_vendor(product.sku, vendor)
    await set_price(price, by)


async def _page(
    request: Request, fields: Mapping[str, str] | None = None, problem: Problem | None = None
) -> Response[bytes]:
    shown = [_product(one, await price_history(one.sku)) for one in await products(retired=True)]
    wrong = (fields or {}).get("sku", "")
    return view(
        request,
        "prices.html",
        status=HTTPStatus.UNPROCESSABLE_ENTITY if problem else HTTPStatus.OK,
        products=shown,
        wrong=wrong,
        typed={name: (fields or {}).get(name, "") for name in FIELDS},
        error_field=(problem.field or "amount") if problem else "",
        error=_(problem.message) % problem.params if problem else "",
        intervals=[{"value": key, "label": _(word)} for key, word in INTERVALS.items()],
        audiences=[{"value": key, "label": _(word)} for key, word in AUDIENCES.items()],
    )


def _product(one: Product, history: Sequence[Price]) -> dict[str, Any]:
    locale = current_locale()
    module = registry().loaded.get(one.plugin)
    return {
        "sku": one.sku,
        "title": text_of(one.title, locale),
        "module": text_of(module.manifest.title, locale) if module else one.plugin,
        "runs": module is not None,
        "vendor": one.vendor,
        "retired": one.retired_at is not None,
        "prices": [_price(price) for price in history if price.valid_to is None],
        "past": [_price(price) for price in reversed(history) if price.valid_to is not None],
    }


def _price(one: Price) -> dict[str, str]:
    notes = [_sibling(rule, one.currency) for rule in one.siblings]
    if one.tax_bp:
        notes.append(_("%(share)s tax inside") % {"share": entry.share_text(one.tax_bp)})
    if one.commission_bp not in {0, 10_000}:
        share = entry.share_text(one.commission_bp)
        notes.append(_("%(share)s of the rest is ours") % {"share": share})
    return {
        "amount": entry.money_text(one.amount_minor, one.currency),
        "currency": one.currency,
        "per": one.interval,
        "per_text": _(INTERVALS[one.interval]),
        "audience": one.audience,
        "audience_text": _(AUDIENCES[one.audience]),
        "notes": " · ".join(notes),
        "since": at(one.valid_from),
        "until": at(one.valid_to) if one.valid_to else "",
    }


def _sibling(rule: Sibling, currency: str) -> str:
    value = (
        entry.share_text(rule.percent_bp)
        if rule.percent_bp is not None
        else entry.money_text(rule.amount_minor or 0, currency)
    )
    return _("from child %(n)s on %(price)s") % {"n": rule.nth, "price": value}


HANDLERS: Final[tuple[Any, ...]] = (prices, put, end)
