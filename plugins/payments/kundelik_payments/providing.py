"""Set providers up from what the operator and the school have filled in; what is not, is off."""

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Final

from kundelik_core.sdk import Text
from kundelik_payments.providers.invoice.account import Account
from kundelik_payments.providers.invoice.provider import InvoiceProvider
from kundelik_payments.providers.redirect.calling import Service
from kundelik_payments.providers.redirect.provider import RedirectProvider, Shop
from kundelik_payments.providers.registry import Providers
from kundelik_payments.providers.spi import Misconfigured, Provider
from kundelik_payments.providers.stripe.caller import Caller
from kundelik_payments.providers.stripe.provider import StripeProvider
from kundelik_payments.settings import Options

__all__ = ["REDIRECT_PATH", "account_of", "providers_of", "redirect_of", "stripe_of"]

REDIRECT_PATH: Final = "/x/payments/hook/redirect"
_LOCAL: Final = Text(kk="Жергілікті төлем", ru="Местная оплата", en="Local payment")


def providers_of(
    secrets: Mapping[str, str],
    options: Options,
    now: Callable[[], datetime],
    school: int,
    *,
    offered: bool = False,
) -> Providers:
    """Return the ways to pay that are set up; ``offered``: only those the school wants to offer.

    Money that came a way which is no longer offered still goes back that way.
    """
    found: list[Provider | None] = [redirect_of(secrets, now)]
    if options.cards or not offered:
        found.append(stripe_of(secrets, school))
    account = account_of(options)
    found.append(InvoiceProvider(account) if account else None)
    return Providers(one for one in found if one is not None)


def stripe_of(secrets: Mapping[str, str], school: int | None = None) -> StripeProvider | None:
    """Return the installation's account at Stripe; its secret may be two during a change."""
    key, signing = secrets.get("stripe_key", ""), secrets.get("stripe_webhook", "").split()
    if not key or not signing:
        return None
    return StripeProvider(_caller(key, secrets.get("stripe_address", "")), signing, school=school)


@lru_cache(maxsize=4)
def _caller(key: str, address: str) -> Caller:
    """Return the connection to an account, which calls share: it has threads of its own."""
    return Caller(key, api_base=address or None)


def redirect_of(secrets: Mapping[str, str], now: Callable[[], datetime]) -> RedirectProvider | None:
    """Return the installation's account at a service of the local shape."""
    url, keys = secrets.get("redirect_url", ""), secrets.get("redirect_key", "").split()
    merchant = secrets.get("redirect_merchant", "")
    if not url or not keys or not merchant:
        return None
    try:
        service = Service(url, keys[0], now)
    except Misconfigured:
        return None
    shop = Shop(merchant=merchant, secrets=tuple(keys), webhook_path=REDIRECT_PATH)
    return RedirectProvider("redirect", _LOCAL, shop, service)


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
