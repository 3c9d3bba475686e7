"""Say what things cost: ``kundelik price``. A price is never changed; it ends, and one begins."""

from pathlib import Path
from typing import Final

import click

from kundelik_core.cli.install import (
    data_dir_option,
    echo_json,
    installation,
    json_option,
    run,
    settings_with,
)
from kundelik_core.entitlements.catalogue import entry
from kundelik_core.entitlements.catalogue.model import (
    Audience,
    Interval,
    Listed,
    Price,
    Product,
)
from kundelik_core.kernel import clock
from kundelik_core.kernel.errors import Problem
from kundelik_core.kernel.settings import Settings

__all__ = ["command"]

_PER: Final = ("once", "month", "quarter", "year", "school-year")
_AUDIENCES: Final = ("parent", "school")

_per = click.option("--per", type=click.Choice(_PER), required=True, help="What it pays for.")
_audience = click.option(
    "--audience", type=click.Choice(_AUDIENCES), default="parent", show_default=True,
    help="Who can buy at it.",
)  # fmt: skip
_currency = click.option("--currency", default="KZT", show_default=True, help="Three letters.")


@click.group("price")
def command() -> None:
    """See and set the prices of what plugins offer.

    Example:  kundelik price set rating.view 1500 --per month
    """


@command.command("list")
@click.option("--all", "every", is_flag=True, help="Ended prices and retired products too.")
@data_dir_option
@json_option
def list_(every: bool, data_dir: Path | None, as_json: bool) -> None:
    """List the products and what they cost now.

    Example:  kundelik price list
    """
    found = run(_list(settings_with(data_dir=data_dir), every))
    if as_json:
        echo_json(found)
        return
    for one in found:
        tail = f"  of {one.product.vendor}" if one.product.vendor else ""
        retired = "  (sold no more)" if one.product.retired_at else ""
        click.echo(f"{one.product.sku}  {one.product.title.en}{tail}{retired}")
        for price in one.prices:
            click.echo(f"    {_said(price)}")
        if not one.prices:
            click.echo("    has no price and cannot be bought")
    if not found:
        click.echo("No plugin that runs here offers anything.")


@command.command("set")
@click.argument("sku")
@click.argument("amount")
@_currency
@_per
@_audience
@click.option("--siblings", default="", help='From the nth child on: "2: 80%, 3: 500".')
@click.option("--tax", default="", help="The tax inside the amount, such as 12%.")
@click.option("--commission", help="Our share of what a vendor's product earns, such as 20%.")
@click.option("--vendor", help="Whose product it is; an empty text makes it our own.")
@data_dir_option
def set_(sku: str, amount: str, data_dir: Path | None, **rest: str | None) -> None:
    """Let SKU cost AMOUNT from now on, in place of its price for the same time and buyers.

    Who has paid keeps what was bought at the old price.

    Example:  kundelik price set rating.view 1500 --per month --siblings "2: 80%"
    """
    price = Price(
        sku=sku,
        currency=(rest["currency"] or "").upper(),
        amount_minor=entry.amount(amount),
        interval=entry.interval(_interval(rest["per"] or "")),
        audience=entry.audience(rest["audience"] or ""),
        valid_from=clock.now(),
        tax_bp=entry.share(rest["tax"] or ""),
        commission_bp=entry.share(rest["commission"] or "", "commission"),
        siblings=entry.siblings(rest["siblings"] or ""),
    )
    settings = settings_with(data_dir=data_dir)
    made = run(_set(settings, price, rest["vendor"], told=rest["commission"] is not None))
    click.echo(f"{made.sku}: {_said(made)}")


@command.command("end")
@click.argument("sku")
@_currency
@_per
@_audience
@data_dir_option
def end(sku: str, currency: str, per: str, audience: str, data_dir: Path | None) -> None:
    """Sell SKU no more at this price. What was bought stays.

    Example:  kundelik price end rating.view --per month
    """
    ended = run(
        _end(
            settings_with(data_dir=data_dir), sku, currency.upper(),
            entry.interval(_interval(per)), entry.audience(audience),
        )
    )  # fmt: skip
    click.echo("Ended." if ended else "There is no such price; see: kundelik price list")


def _interval(per: str) -> str:
    return per.replace("-", "_")


async def _list(settings: Settings, every: bool) -> list[Listed]:
    from kundelik_core.entitlements.catalogue.queries import price_history, products

    async with installation(settings) as urls:
        await _declared(settings, urls.tenant)
        found = []
        for product in await products(retired=every):
            history = await price_history(product.sku)
            prices = [one for one in history if every or one.valid_to is None]
            found.append(Listed(product=product, prices=tuple(prices)))
    return found


async def _set(settings: Settings, price: Price, vendor: str | None, *, told: bool) -> Price:
    from kundelik_core.entitlements.catalogue.actions import set_price, set_vendor

    async with installation(settings) as urls:
        product = await _product(settings, urls.tenant, price.sku)
        if told and not (product.vendor if vendor is None else vendor):
            raise Problem(
                "no-vendor",
                "%(sku)s is our own, so there is nobody to share with. Name a --vendor, or leave "
                "--commission out.",
                status=422,
                params={"sku": price.sku},
            )
        if vendor is not None:
            await set_vendor(price.sku, vendor)
        return await set_price(price)


async def _end(
    settings: Settings, sku: str, currency: str, per: Interval, audience: Audience
) -> bool:
    from kundelik_core.entitlements.catalogue.actions import end_price

    async with installation(settings) as urls:
        await _product(settings, urls.tenant, sku)
        return await end_price(sku, currency, per, audience)


async def _product(settings: Settings, tenant_url: str, sku: str) -> Product:
    """Return a product; what was approved and has not run yet is asked what it offers."""
    from kundelik_core.entitlements.catalogue.queries import product_of, products

    try:
        return await product_of(sku)
    except Problem as problem:
        if problem.code != "no-such-product":
            raise
    await _declared(settings, tenant_url)
    known = {one.sku: one for one in await products(retired=True)}
    if sku not in known:
        raise Problem(
            "no-such-product",
            "No plugin that runs here offers %(sku)s. There is: %(known)s.",
            status=404,
            params={"sku": sku, "known": ", ".join(known) or "nothing"},
            help="A plugin has to be approved first; see: kundelik plugin list",
        )
    return known[sku]


async def _declared(settings: Settings, tenant_url: str) -> None:
    """Load what is approved, so that what it offers stands in the catalogue."""
    from kundelik_core.plugins.life.here import called_here

    async with called_here(settings, tenant_url):
        pass


def _said(price: Price) -> str:
    parts = [
        entry.money_text(price.amount_minor, price.currency),
        f"per {price.interval.replace('_', ' ')}" if price.interval != "once" else "once",
        f"for a {price.audience}",
    ]
    if price.tax_bp:
        parts.append(f"tax inside {entry.share_text(price.tax_bp)}")
    if price.commission_bp not in {0, 10_000}:
        parts.append(f"commission {entry.share_text(price.commission_bp)}")
    for rule in price.siblings:
        each = (
            entry.share_text(rule.percent_bp)
            if rule.percent_bp is not None
            else entry.money_text(rule.amount_minor or 0, price.currency)
        )
        parts.append(f"child {rule.nth} and on {each}")
    since = f"since {price.valid_from:%Y-%m-%d}"
    until = f" until {price.valid_to:%Y-%m-%d}" if price.valid_to else ""
    return ", ".join(parts) + f", {since}{until}"
