"""Collect what joins a plugin to others: messages from outside, services, products, payments."""

import re
from typing import Final

from kundelik_core.plugins.collect.faults import bad_form, lacking, undeclared
from kundelik_core.plugins.collect.handlers import Handlers
from kundelik_core.plugins.declared import STEPS, DeclaredProvider, DeclaredService, DeclaredWebhook
from kundelik_core.sdk import (
    PAYMENT_NEWS,
    PAYMENT_PAYOUT,
    PAYMENT_PROVIDER,
    SERVICES,
    Manifest,
    PaymentProvider,
    Product,
    Service,
    Webhook,
)

__all__ = ["collect_outside"]

_FEATURE: Final = re.compile(r"^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+\Z")
_LONGEST: Final = 100


def collect_outside(handlers: Handlers, manifest: Manifest) -> dict[str, object]:
    """Return the fields of ``Declared`` for which this module stands."""
    for name in manifest.uses.services:
        if name not in SERVICES:
            raise bad_form("services", f"{name} of uses.services is no service of this contract")
    if manifest.kind != "payment" and PAYMENT_PROVIDER in manifest.uses.services:
        raise bad_form("services", f"only the kind payment may ask for {PAYMENT_PROVIDER}")
    if PAYMENT_NEWS in manifest.uses.services and PAYMENT_PROVIDER not in manifest.provides:
        raise bad_form("services", f"only who provides {PAYMENT_PROVIDER} has {PAYMENT_NEWS}")
    if PAYMENT_PAYOUT in manifest.uses.services:
        raise bad_form("services", f"only the core asks for {PAYMENT_PAYOUT}")
    if PAYMENT_PAYOUT in manifest.provides and PAYMENT_PROVIDER not in manifest.uses.services:
        raise bad_form("services", f"only who asks for {PAYMENT_PROVIDER} gives {PAYMENT_PAYOUT}")
    return {
        "webhooks": _webhooks(handlers, manifest),
        "services": _services(handlers, manifest),
        "products": _products(handlers, manifest),
        "provider": _provider(handlers, manifest),
    }


def _webhooks(handlers: Handlers, manifest: Manifest) -> list[DeclaredWebhook]:
    found = []
    named, where = manifest.uses.webhooks, "uses.webhooks"
    for one in handlers.named("webhooks", Webhook, "name", named, where):
        handlers.put("webhooks", "webhook", one.name, one.handle)
        found.append(handlers.half("webhooks", one, DeclaredWebhook))
    return found


def _services(handlers: Handlers, manifest: Manifest) -> list[DeclaredService]:
    found = []
    for one in handlers.named("services", Service, "name", manifest.provides, "provides"):
        if one.name not in SERVICES:
            raise bad_form("services", f"{one.name} is no service of this contract")
        if one.name == PAYMENT_PROVIDER:
            raise bad_form("services", f"{one.name} is the hook payment_provider's to declare")
        handlers.put("services", "service", one.name, one.handle)
        found.append(handlers.half("services", one, DeclaredService))
    return found


def _products(handlers: Handlers, manifest: Manifest) -> list[Product]:
    """Return what can be bought; what a plugin sells opens only what is its own."""
    named, where = manifest.uses.products, "uses.products"
    found = [*handlers.named("products", Product, "sku", named, where)]
    seen: set[str] = set()
    for one in found:
        if one.sku in seen:
            raise bad_form("products", f"{one.sku} stands there twice")
        seen.add(one.sku)
        feature = str(one.feature)
        own = feature.startswith(f"{manifest.name}.")
        if not own or not _FEATURE.match(feature) or len(feature) > _LONGEST:
            raise bad_form("products", f"{one.sku}: {feature!r} is no feature of its own")
        if one.required and not one.by:
            raise bad_form("products", f"{one.sku} is required by part, but names no part")
    return found


def _provider(handlers: Handlers, manifest: Manifest) -> DeclaredProvider | None:
    """Return the way to pay that the plugin is; it may know nothing of people, nor sell."""
    hook = "payment_provider"
    one = handlers.one(hook, PaymentProvider)
    if one is None:
        if PAYMENT_PROVIDER in manifest.provides:
            raise lacking(f"provides = {PAYMENT_PROVIDER}", hook)
        return None
    if PAYMENT_PROVIDER not in manifest.provides:
        raise undeclared("provides", PAYMENT_PROVIDER)
    if manifest.kind != "payment":
        raise bad_form(hook, "only a plugin of the kind payment is a way to pay")
    if manifest.data.reads or manifest.uses.products:
        raise bad_form(hook, "a provider reads nothing of the core and sells nothing of its own")
    half = handlers.half(hook, one, DeclaredProvider)
    if lost := sorted({*half.needs} - {*manifest.uses.secrets}):
        raise undeclared("uses.secrets", ", ".join(lost))
    if fault := _terms_fault(half):
        raise bad_form(hook, fault)
    for step in STEPS:
        handler = getattr(one, step)
        if (handler is not None) != (step in half.steps()):
            raise bad_form(hook, f"{step} and what it says under can do not go together")
        if handler is not None:
            handlers.put(hook, "payment", step, handler)
    return half


def _terms_fault(half: DeclaredProvider) -> str:
    """Return what is wrong with what a provider takes, or nothing."""
    currencies = [one.currency for one in half.terms.takes]
    if len({*currencies}) < len(currencies):
        return "a currency stands there twice"
    for one in half.terms.takes:
        if one.most_minor is not None and one.most_minor < one.least_minor:
            return f"the most of {one.currency} is below the least"
    return ""
