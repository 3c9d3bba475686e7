"""Let the demo sell: invented prices, an account of nobody, a place for one of its families.

Without keys of any payment service, so that what is bought is paid by transfer.
"""

from typing import Final
from uuid import UUID, uuid5

from kundelik_core.entitlements.catalogue.actions import set_price
from kundelik_core.entitlements.catalogue.model import Audience, Interval, Price, Product, Sibling
from kundelik_core.entitlements.catalogue.queries import price_history, products
from kundelik_core.entitlements.office import give_place
from kundelik_core.identity.queries import account_by_login
from kundelik_core.kernel import clock
from kundelik_core.kernel.audit import Doer
from kundelik_core.kernel.clock import SCHOOL_ZONE
from kundelik_core.kernel.db import directory, tenant
from kundelik_core.plugins.actions import store_settings
from kundelik_core.plugins.queries import stored_settings

__all__ = ["give_first_place", "invent_prices", "open_account"]

# The plugin whose settings hold the account; the number passes the check of numbers, at no bank.
_SELLER: Final = "payments"
_ACCOUNT: Final = {
    "payee": "«Күнделік» көрсетілімі", "payee_bin": "000000000000",
    "iban": "KZ98999DEMO000000001", "bank": "Демо Банк", "bic": "DEMOKZKA",
}  # fmt: skip
_WHOLE: Final[tuple[tuple[Interval, Audience, int], ...]] = (
    ("month", "parent", 150_000),
    ("school_year", "parent", 900_000),
    ("school_year", "school", 240_000),
)
_PART: Final[tuple[tuple[Interval, Audience, int], ...]] = (("month", "parent", 60_000),)
_SIBLINGS: Final = (Sibling(nth=2, percent_bp=8_000), Sibling(nth=3, percent_bp=6_000))

_PARENT: Final = "parent"
_PLACE_MONTHS: Final = 6
_SPACE: Final = UUID("0191e2a4-0c00-7d10-8f00-706c61636573")


async def invent_prices() -> None:
    """Set prices for what has none and never had one."""
    for product in await products():
        if await price_history(product.sku):
            continue
        for interval, audience, minor in _PART if product.scopes.required else _WHOLE:
            await set_price(
                Price(
                    sku=product.sku, currency="KZT", amount_minor=minor, interval=interval,
                    audience=audience, valid_from=clock.now(),
                    siblings=_SIBLINGS if audience == "parent" else (),
                )
            )  # fmt: skip


async def open_account(school_id: int, plugin: str, head: UUID) -> None:
    """Fill in where transfers go, unless the school has said something itself."""
    if plugin != _SELLER:
        return
    async with tenant(school_id, write=True) as tx:
        seen, _values = await stored_settings(tx, plugin)
        if not seen:
            await store_settings(tx, plugin, _ACCOUNT, seen, head)


async def give_first_place(school_id: int) -> None:
    """Let the demo's parent have what is sold for the child in the school that was made first.

    For the other child it is offered, so that both can be looked at.
    """
    account = await account_by_login(_PARENT)
    if account is None:
        return
    child = await directory().fetchrow(
        "select c.school_id, c.pupil_id from directory.account_child c where c.account_id = $1 "
        "order by c.school_id, c.pupil_id limit 1",
        account,
    )
    if child is None or child["school_id"] != school_id:
        return
    for product in await products():
        if not product.scopes.required:
            await _place(school_id, child["pupil_id"], product)


async def _place(school_id: int, pupil: UUID, product: Product) -> None:
    ref = uuid5(_SPACE, f"{school_id} {product.feature}")
    async with tenant(school_id, write=True) as tx:
        await give_place(tx, product.feature, pupil, _PLACE_MONTHS, ref, SCHOOL_ZONE, Doer())
