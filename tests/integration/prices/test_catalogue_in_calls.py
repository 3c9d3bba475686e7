"""What plugins are told of prices: their own, of what is on, and at once when one changes."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from kundelik_core.entitlements.catalogue.actions import (
    declare_products,
    end_price,
    retire_product,
    set_price,
    set_vendor,
)
from kundelik_core.entitlements.catalogue.model import Price, Product, ScopeSchema, Sibling
from kundelik_core.entitlements.catalogue.queries import product_of
from kundelik_core.kernel.clock import set_now
from kundelik_core.kernel.db import Databases
from kundelik_core.plugins.catalogue import Shelf, declare
from kundelik_core.plugins.declared import Declared
from kundelik_core.plugins.registry import Loaded, Registry
from kundelik_core.sdk import Manifest, Text
from kundelik_core.sdk import Product as Offered
from kundelik_core.sdk import Sibling as OfferedSibling
from kundelik_core.sdk.manifest import Uses, Vendor
from tests.integration.entitlements.desk import NOW

WORDS = Text(kk="Аудармашы", ru="Переводчик", en="Translator")
VENDOR = Vendor(name="V", url="https://v.example", support="s@v.example", security="s@v.example")


def loaded(name: str, kind: Any, *products: Offered) -> Loaded:
    manifest = Manifest(
        manifest=1, name=name, api=">=0.2", kind=kind, level="school", title=WORDS, vendor=VENDOR,
        uses=Uses(products=tuple(one.sku for one in products)),
    )  # fmt: skip
    return Loaded(manifest=manifest, version="1", root=Path(), declared=Declared(products=products))


def offered(sku: str, **rest: Any) -> Offered:
    name = sku.partition(".")[0]
    return Offered(sku=sku, feature=f"{name}.view", title=WORDS, **rest)


REGISTRY = Registry(
    loaded={
        "shelf_words": loaded(
            "shelf_words", "module", offered("shelf_words.month"),
            offered("shelf_words.part", by="subject", required=True),
        ),
        "shelf_songs": loaded("shelf_songs", "content", offered("shelf_songs.month")),
        "shelf_cash": loaded("shelf_cash", "payment"),
        "shelf_quiet": loaded("shelf_quiet", "module"),
    }
)  # fmt: skip
ALL = frozenset(REGISTRY.loaded)


@pytest.fixture(autouse=True)
def _clock(databases: Databases) -> Iterator[None]:
    with set_now(NOW):
        yield


@pytest.fixture
async def shelf() -> AsyncIterator[Shelf]:
    await declare(REGISTRY)
    made = Shelf(REGISTRY)
    await made.start(None)
    yield made
    made.close()


def price(sku: str, amount: int, **rest: Any) -> Price:
    fields: dict[str, Any] = {"interval": "month", "audience": "parent", "currency": "KZT"}
    return Price(sku=sku, amount_minor=amount, valid_from=NOW, **(fields | rest))


def amounts(shelf: Shelf, plugin: str, on: frozenset[str] = ALL) -> dict[str, list[int]]:
    return {
        one.product.sku: [price.amount_minor for price in one.prices]
        for one in shelf.of(plugin, on)
        if one.plugin.startswith("shelf_")
    }


async def test_who_sees_which_products(shelf: Shelf) -> None:
    mine: dict[str, list[int]] = {"shelf_words.month": [], "shelf_words.part": []}
    assert amounts(shelf, "shelf_words") == mine
    assert amounts(shelf, "shelf_cash") == {"shelf_songs.month": [], **mine}
    assert amounts(shelf, "shelf_cash", ALL - {"shelf_words"}) == {"shelf_songs.month": []}
    assert amounts(shelf, "shelf_words", ALL - {"shelf_words"}) == {}
    assert shelf.of("shelf_quiet", ALL) == shelf.of("nobody", ALL) == ()
    (part,) = [one for one in shelf.of("shelf_words", ALL) if one.product.by]
    assert (part.product.required, part.vendor) == (True, "")


async def test_a_price_is_known_as_soon_as_it_is_set(shelf: Shelf) -> None:
    sibling = Sibling(nth=2, percent_bp=8_000)
    made = await set_price(price("shelf_songs.month", 150_000, siblings=(sibling,), tax_bp=1_200))
    (one,) = shelf.of("shelf_songs", ALL)
    assert [(p.id, p.amount_minor, p.tax_bp, p.siblings) for p in one.prices] == [
        (made.id, 150_000, 1_200, (OfferedSibling(nth=2, percent_bp=8_000),))
    ]
    await set_price(price("shelf_songs.month", 170_000))
    await set_price(price("shelf_songs.month", 9_000_000, audience="school", interval="year"))
    assert amounts(shelf, "shelf_cash")["shelf_songs.month"] == [170_000, 9_000_000]
    await end_price("shelf_songs.month", "KZT", "month", "parent")
    assert amounts(shelf, "shelf_songs") == {"shelf_songs.month": [9_000_000]}
    await set_vendor("shelf_songs.month", "aqyn")
    assert [one.vendor for one in shelf.of("shelf_songs", ALL)] == ["aqyn"]


async def test_declaring_again_changes_what_is_declared_and_no_more(shelf: Shelf) -> None:
    assert shelf.of("shelf_words", ALL)
    await set_vendor("shelf_words.part", "sozdik")
    await retire_product("shelf_words.month")
    again = [
        Product(
            sku=f"shelf_words.{key}", plugin="shelf_words", kind="feature",
            feature="shelf_words.view", title=Text(kk="Жаңа", ru="Новый", en="New"),
            scopes=ScopeSchema(by="subject"),
        )
        for key in ("month", "part")
    ]  # fmt: skip
    assert await declare_products(again) == 2
    assert await declare_products(again) == 0
    part, month = await product_of("shelf_words.part"), await product_of("shelf_words.month")
    assert (part.title.en, part.vendor, part.scopes.required) == ("New", "sozdik", False)
    assert month.retired_at is not None
    assert list(amounts(shelf, "shelf_words")) == ["shelf_words.part"]


async def test_a_process_that_heard_nothing_looks_again(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    import asyncio

    from kundelik_core.entitlements.catalogue import news
    from kundelik_core.plugins import catalogue

    monkeypatch.setattr(news, "listeners", [])
    await set_price(price("shelf_songs.month", 123_400, interval="quarter"))
    assert 123_400 not in amounts(shelf, "shelf_songs")["shelf_songs.month"]
    monkeypatch.setattr(catalogue, "time", cast("Any", SimpleNamespace(monotonic=lambda: 1e12)))
    shelf.of("shelf_songs", ALL)
    await asyncio.gather(*shelf._tasks)
    assert 123_400 in amounts(shelf, "shelf_songs")["shelf_songs.month"]
