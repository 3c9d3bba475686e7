"""Set providers up from what the operator and the school have filled in; what is not, is off."""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from kundelik_core.sdk import PluginContext
from kundelik_payments.providers.cash import CashProvider
from kundelik_payments.providers.invoice.account import Account
from kundelik_payments.providers.invoice.provider import InvoiceProvider
from kundelik_payments.providers.plugged import plugged
from kundelik_payments.providers.registry import Providers
from kundelik_payments.providers.spi import Provider
from kundelik_payments.providers.stripe.caller import Caller
from kundelik_payments.providers.stripe.listing import Listings
from kundelik_payments.providers.stripe.provider import StripeProvider
from kundelik_payments.settings import Options

__all__ = ["account_at", "account_of", "providers_of", "stripe_of"]

_OWN: Final = frozenset({"stripe", "invoice", "cash"})


def providers_of(ctx: PluginContext, options: Options, *, offered: bool = False) -> Providers:
    """Return the ways to pay that are set up; ``offered``: only those the school wants to offer.

    Money that came a way which is no longer offered still goes back that way, and so it does where
    the school has switched the provider's own plugin off.
    """
    off = {one.plugin for one in ctx.providers if not one.on}
    found: list[Provider | None] = []
    if options.services or not offered:
        found += [
            plugged(one, ctx.services)
            for one in ctx.providers
            if one.ready and one.plugin not in _OWN and (one.on or not offered)
        ]
    if options.cards or not offered:
        found.append(stripe_of(ctx.secrets, ctx.school.id))
    account = account_of(options)
    found.append(InvoiceProvider(account) if account else None)
    if options.cash or not offered:
        found.append(CashProvider())
    return Providers((one for one in found if one is not None), off)


def stripe_of(secrets: Mapping[str, str], school: int | None = None) -> StripeProvider | None:
    """Return the installation's account at Stripe; its secret may be two during a change."""
    key, signing = secrets.get("stripe_key", ""), secrets.get("stripe_webhook", "").split()
    if not key or not signing:
        return None
    caller, listings = account_at(key, secrets.get("stripe_address", ""))
    return StripeProvider(caller, signing, school=school, listings=listings)


@lru_cache(maxsize=4)
def account_at(key: str, address: str) -> tuple[Caller, Listings]:
    """Return the connection to an account, which calls share: it has threads of its own."""
    return Caller(key, api_base=address or None), Listings()


def account_of(options: Options) -> Account | None:
    """Return the account for transfers, once it is whole and its numbers can be right."""
    iban = re.sub(r"\s", "", options.iban).upper()
    bin_ = re.sub(r"\s", "", options.payee_bin)
    names = [one.strip() for one in (options.payee, options.bank, options.bic)]
    if not all(names) or not re.fullmatch(r"\d{12}", bin_) or not _is_iban(iban):
        return None
    payee, bank, bic = names
    return Account(name=payee, bin=bin_, iban=iban, bank=bank, bic=bic.upper())


def _is_iban(text: str) -> bool:
    if not re.fullmatch(r"[A-Z]{2}\d{2}[A-Z0-9]{11,30}", text):
        return False
    turned = text[4:] + text[:4]
    return int("".join(str(int(sign, 36)) for sign in turned)) % 97 == 1
