"""Collect what joins a plugin to others: messages from outside, services, what can be bought."""

import re
from typing import Final

from kundelik_core.plugins.collect.faults import bad_form, undeclared
from kundelik_core.plugins.collect.handlers import Handlers
from kundelik_core.plugins.declared import DeclaredService, DeclaredWebhook
from kundelik_core.sdk import SERVICES, Manifest, Product, Service, Webhook

__all__ = ["collect_outside"]

_FEATURE: Final = re.compile(r"^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+\Z")
_LONGEST: Final = 100


def collect_outside(handlers: Handlers, manifest: Manifest) -> dict[str, object]:
    """Return the fields of ``Declared`` for which this module stands."""
    for name in manifest.uses.services:
        if name not in SERVICES:
            raise bad_form("services", f"{name} of uses.services is no service of this contract")
    return {
        "webhooks": _webhooks(handlers, manifest),
        "services": _services(handlers, manifest),
        "products": _products(handlers, manifest),
    }


def _webhooks(handlers: Handlers, manifest: Manifest) -> list[DeclaredWebhook]:
    found = []
    for one in handlers.several("webhooks", Webhook):
        if one.name not in manifest.uses.webhooks:
            raise undeclared("uses.webhooks", str(one.name))
        handlers.put("webhooks", "webhook", one.name, one.handle)
        found.append(handlers.half("webhooks", one, DeclaredWebhook))
    return found


def _services(handlers: Handlers, manifest: Manifest) -> list[DeclaredService]:
    found = []
    for one in handlers.several("services", Service):
        if one.name not in manifest.provides:
            raise undeclared("provides", str(one.name))
        if one.name not in SERVICES:
            raise bad_form("services", f"{one.name} is no service of this contract")
        handlers.put("services", "service", one.name, one.handle)
        found.append(handlers.half("services", one, DeclaredService))
    return found


def _products(handlers: Handlers, manifest: Manifest) -> list[Product]:
    """Return what can be bought; what a plugin sells opens only what is its own."""
    found = handlers.several("products", Product)
    seen: set[str] = set()
    for one in found:
        if one.sku not in manifest.uses.products:
            raise undeclared("uses.products", str(one.sku))
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
