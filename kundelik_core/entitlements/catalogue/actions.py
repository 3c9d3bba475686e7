"""Change what is sold and for how much; a price is never changed, it ends and another begins."""

from collections.abc import Sequence
from uuid import UUID

import asyncpg
import msgspec

from kundelik_core.entitlements.catalogue.model import Audience, Interval, Price, Product
from kundelik_core.entitlements.catalogue.news import announce
from kundelik_core.entitlements.catalogue.queries import product_of
from kundelik_core.entitlements.rules import check_feature
from kundelik_core.kernel import clock
from kundelik_core.kernel.db import directory
from kundelik_core.kernel.errors import Problem
from kundelik_core.kernel.i18n import N_
from kundelik_core.kernel.ids import new_id
from kundelik_core.kernel.wire import Connection, Pool

__all__ = [
    "declare_products",
    "end_price",
    "put_product",
    "retire_product",
    "set_price",
    "set_vendor",
]


async def put_product(product: Product) -> Product:
    """Add a product, or bring it up to date; a retired one is sold again.

    Raises:
        Problem: its names do not have the form ``plugin.key`` and ``plugin.feature``.
    """
    check_feature(product.feature)
    if product.sku.partition(".")[0] != product.plugin:
        raise Problem(
            "sku-form",
            N_("“%(sku)s” is no number of a product of “%(plugin)s”. It looks like rating.month."),
            status=422,
            params={"sku": product.sku, "plugin": product.plugin},
            field="sku",
        )
    check_feature(product.sku)
    await directory().execute(
        "insert into directory.product as p (sku, plugin, kind, feature, title_kk, title_ru, "
        "title_en, scope_schema, vendor, made_at) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) "
        "on conflict (sku) do update set kind = $3, feature = $4, title_kk = $5, title_ru = $6, "
        "title_en = $7, scope_schema = $8, vendor = $9, retired_at = null",
        product.sku,
        product.plugin,
        product.kind,
        product.feature,
        product.title.kk,
        product.title.ru,
        product.title.en,
        msgspec.json.encode(product.scopes).decode(),
        product.vendor,
        clock.now(),
    )
    await announce()
    return msgspec.structs.replace(product, retired_at=None)


async def declare_products(several: Sequence[Product]) -> int:
    """Bring what plugins declare up to date, and give how many differed.

    Whose a product is, and whether it is sold at all, was said by the operator and stays.
    """
    columns = "plugin, kind, feature, title_kk, title_ru, title_en, scope_schema"
    rows = await directory().fetch(
        f"insert into directory.product as p (sku, {columns}, made_at) "
        f"select x.*, $2 from jsonb_to_recordset($1::jsonb) as x (sku text, plugin text, "
        "kind text, feature text, title_kk text, title_ru text, title_en text, "
        "scope_schema jsonb) order by x.sku "
        "on conflict (sku) do update set kind = excluded.kind, feature = excluded.feature, "
        "title_kk = excluded.title_kk, title_ru = excluded.title_ru, "
        "title_en = excluded.title_en, scope_schema = excluded.scope_schema "
        "where (p.kind, p.feature, p.title_kk, p.title_ru, p.title_en, p.scope_schema) "
        "is distinct from (excluded.kind, excluded.feature, excluded.title_kk, "
        "excluded.title_ru, excluded.title_en, excluded.scope_schema) returning p.sku",
        msgspec.json.encode([_plain(one) for one in several]).decode(),
        clock.now(),
    )
    if rows:
        await announce()
    return len(rows)


def _plain(one: Product) -> dict[str, object]:
    return {
        "sku": one.sku, "plugin": one.plugin, "kind": one.kind, "feature": one.feature,
        "title_kk": one.title.kk, "title_ru": one.title.ru, "title_en": one.title.en,
        "scope_schema": one.scopes,
    }  # fmt: skip


async def set_vendor(sku: str, vendor: str) -> Product:
    """Say who gets the part of a product's price that is not ours; empty: it is our own.

    Raises:
        Problem: there is no such product.
    """
    product = await product_of(sku)
    if product.vendor != vendor:
        await directory().execute(
            "update directory.product set vendor = $2 where sku = $1", sku, vendor
        )
        await announce()
    return msgspec.structs.replace(product, vendor=vendor)


async def retire_product(sku: str) -> bool:
    """Sell a product no more; what was bought of it stays. False when that was done before."""
    done = await directory().fetchval(
        "update directory.product set retired_at = $2 where sku = $1 and retired_at is null "
        "returning true",
        sku,
        clock.now(),
    )
    await announce()
    return bool(done)


async def set_price(price: Price, by: UUID | None = None) -> Price:
    """Let a price hold from now on, in place of the one for the same interval and audience.

    Raises:
        Problem: there is no such product, its numbers are no price, or somebody set one just now.
    """
    product = await product_of(price.sku)
    now = clock.now()
    try:
        made = msgspec.convert(
            msgspec.to_builtins(msgspec.structs.replace(price, id=new_id(), valid_from=now)), Price
        )
    except msgspec.ValidationError as error:
        raise Problem(
            "price-form", N_("That is no price: %(why)s"), status=422, params={"why": str(error)}
        ) from error
    if not product.vendor:
        made = msgspec.structs.replace(made, commission_bp=10_000)
    conn = await directory().acquire()
    try:
        async with conn.transaction():
            await _end(conn, made.sku, made.currency, made.interval, made.audience)
            await conn.execute(
                "insert into directory.price (id, sku, currency, amount_minor, interval, audience, "
                "tax_bp, commission_bp, siblings, valid_from, made_at, made_by) "
                "values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10, $11)",
                made.id,
                made.sku,
                made.currency,
                made.amount_minor,
                made.interval,
                made.audience,
                made.tax_bp,
                made.commission_bp,
                msgspec.json.encode(made.siblings).decode(),
                now,
                by,
            )
    except asyncpg.UniqueViolationError as error:
        raise Problem(
            "price-taken", N_("Somebody has set this price just now. Look again."), status=409
        ) from error
    finally:
        await directory().release(conn)
    await announce()
    return made


async def end_price(sku: str, currency: str, interval: Interval, audience: Audience) -> bool:
    """Let a price hold no more; False when there was none."""
    tag = await _end(directory(), sku, currency, interval, audience)
    await announce()
    return not tag.endswith(" 0")


async def _end(
    where: Pool | Connection, sku: str, currency: str, interval: str, audience: str
) -> str:
    return await where.execute(
        "update directory.price set valid_to = greatest(valid_from, $5) where sku = $1 "
        "and currency = $2 and interval = $3 and audience = $4 and valid_to is null",
        sku,
        currency,
        interval,
        audience,
        clock.now(),
    )
