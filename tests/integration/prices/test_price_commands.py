"""An operator sets prices and gives out codes from a shell; what is wrong is said."""

import json

from kundelik_core.entitlements.catalogue.actions import put_product
from kundelik_core.entitlements.catalogue.model import Product
from kundelik_core.entitlements.vouchers import redeem
from kundelik_core.kernel.boot import Urls
from kundelik_core.kernel.clock import SCHOOL_ZONE
from kundelik_core.kernel.db import Databases, tenant
from kundelik_core.sdk import Text
from tests.commands import kundelik
from tests.factories import Factory
from tests.integration.entitlements.desk import NOBODY, Family

WORDS = Text(kk="Әндер", ru="Песни", en="Songs")


async def test_prices(urls: Urls, databases: Databases) -> None:
    assert databases.jobs_url
    sku = "cli_songs.month"
    await put_product(
        Product(sku=sku, plugin="cli_songs", kind="feature", feature="cli_songs.view", title=WORDS)
    )
    args = ("price", "set", sku, "1 500", "--per", "month")
    code, out, err = await kundelik(urls, *args, "--siblings", "2: 80%", "--tax", "12%")
    assert (code, err) == (0, "")
    assert "1\u00a0500\u00a0₸, per month, for a parent, tax inside 12\u00a0%, child 2 and on" in out
    code, _, err = await kundelik(urls, *args, "--commission", "20%")
    assert (code, "there is nobody to share with" in err) == (1, True)
    code, out, _ = await kundelik(urls, *args, "--commission", "20%", "--vendor", "aqyn")
    assert (code, "commission 20\u00a0%" in out) == (0, True)
    listed = json.loads((await kundelik(urls, "price", "list", "--all", "--json"))[1])
    (mine,) = [one for one in listed if one["product"]["sku"] == sku]
    assert (mine["product"]["vendor"], len(mine["prices"])) == ("aqyn", 2)
    assert [one["valid_to"] is None for one in mine["prices"]] == [False, True]
    code, out, _ = await kundelik(urls, "price", "end", sku, "--per", "month")
    assert (code, out) == (0, "Ended.\n")
    code, out, _ = await kundelik(urls, "price", "list")
    assert f"{sku}  Songs  of aqyn\n    has no price and cannot be bought" in out


async def test_what_is_wrong_is_said_with_a_way_on(urls: Urls, databases: Databases) -> None:
    assert databases.jobs_url
    code, _, err = await kundelik(urls, "price", "set", "no_such.thing", "10", "--per", "month")
    assert (code, "No plugin that runs here offers no_such.thing" in err) == (1, True)
    code, _, err = await kundelik(urls, "price", "set", "a.b", "ten", "--per", "month")
    assert (code, "Write it like 1500" in err) == (1, True)
    code, _, err = await kundelik(urls, "price", "set", "a.b", "10", "--per", "week")
    assert (code, "school-year" in err) == (2, True)
    code, _, err = await kundelik(
        urls, "voucher", "make", "--school", "99999999", "--feature", "a.b",
        "--expires", "2090-05-25",
    )  # fmt: skip
    assert (code, "no school with the number 99999999" in err) == (1, True)


async def test_codes(urls: Urls, databases: Databases, factory: Factory) -> None:
    assert databases.jobs_url
    family = await Family.make(factory)
    where = ("--school", str(family.school))
    code, out, err = await kundelik(
        urls, "voucher", "make", *where, "--feature", "songs.view", "--months", "3",
        "--uses", "10", "--codes", "2", "--expires", "2090-05-25", "--json",
    )  # fmt: skip
    assert (code, err) == (0, "")
    first, second = json.loads(out)
    code, out, _ = await kundelik(urls, "voucher", "withdraw", *where, second["id"])
    assert (code, out) == (0, "Withdrawn.\n")
    async with tenant(family.school, write=True) as tx:
        await redeem(tx, first["code"], family.pupil, family.mother, SCHOOL_ZONE, NOBODY)
    code, out, _ = await kundelik(urls, "voucher", "list", *where)
    assert f"{first['id']}  songs.view for 3 months, used 1 of 10" in out
    assert f"{second['id']}  songs.view for 3 months, withdrawn" in out
    assert first["code"] not in out
