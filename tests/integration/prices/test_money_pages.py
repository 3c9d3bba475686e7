"""An operator prices, a school gives, a family has; and nobody reads who was given something."""

import re
from typing import Any
from uuid import UUID

import httpx

from kundelik_core.entitlements.actions import grant
from kundelik_core.entitlements.catalogue.queries import price_history
from kundelik_core.entitlements.model import Granted, Wanted
from kundelik_core.entitlements.purchases import actions
from kundelik_core.entitlements.purchases.model import Purchase
from kundelik_core.entitlements.queries import grants_of
from kundelik_core.entitlements.terms import Months
from kundelik_core.kernel.clock import SCHOOL_ZONE
from kundelik_core.kernel.db import tenant
from kundelik_core.kernel.ids import new_id
from kundelik_core.web.middleware import Shell
from tests.factories import Factory
from tests.integration.entitlements.desk import NOBODY
from tests.integration.prices.conftest import FEATURE, NAME, SKU
from tests.security.town import CHILD_HERE, Town
from tests.web import browser, open_session

PRICES = "/platform/prices"
OFFICE = "/office/licences"
FAMILY = "/account/services"
MODULE = f"/office/modules/{NAME}"
PRICE = {"sku": SKU, "amount": "1 500", "per": "month", "audience": "parent"}


async def send(
    app: Shell, town: Town, role: str, path: str, data: Any = None, lang: str = "en"
) -> httpx.Response:
    token = await open_session(town.accounts[role])
    async with browser(app, token=token) as client:
        client.cookies.set("kundelik_lang", lang, domain="kundelik.test")
        if data is None:
            return await client.get(path)
        return await client.post(path, data=data)


def seen(answer: httpx.Response) -> str:
    """Return the words of a page."""
    assert answer.status_code in {200, 409, 422}, answer.text
    text = re.sub(r"<[^>]+>", " ", answer.text).replace("\u00a0", " ")
    return re.sub(r"\s+", " ", text)


def of_songs(answer: httpx.Response) -> str:
    """Return what the page of prices says of our product; others of the suite have theirs."""
    section = answer.text.partition(f'id="{SKU}"')[2].partition("</section>")[0]
    return seen(httpx.Response(answer.status_code, text=section))


async def granted(town: Town, pupil: UUID) -> list[Granted]:
    async with tenant(town.here.id) as tx:
        return [one for one in await grants_of(tx, [pupil]) if one.feature == FEATURE]


async def test_prices_are_set_replaced_and_ended(app: Shell, town: Town) -> None:
    text = of_songs(await send(app, town, "operator", PRICES))
    assert "Song book" in text
    assert "cannot be bought" in text
    told = seen(await send(app, town, "director", MODULE))
    assert "It has something to sell, and no price is set yet." in told
    done = await send(app, town, "operator", PRICES, {**PRICE, "siblings": "2: 80%", "tax": "12"})
    assert (done.status_code, done.headers["location"]) == (303, PRICES)
    text = of_songs(await send(app, town, "operator", PRICES))
    assert "1 500 ₸ a month" in text
    assert "from child 2 on 80 % · 12 % tax inside" in text
    assert "Earlier prices" not in text
    done = await send(app, town, "operator", PRICES, {**PRICE, "amount": "1700"})
    text = of_songs(await send(app, town, "operator", PRICES))
    assert "1 700 ₸ a month" in text
    told = seen(await send(app, town, "director", MODULE))
    assert "Song book: 1 700 ₸ a month a family, for each child" in told
    assert "Earlier prices 1 500 ₸ a month" in text
    first, second = await price_history(SKU)
    assert (first.valid_to is None, second.valid_to is None) == (False, True)
    end = {"sku": SKU, "currency": "KZT", "per": "month", "audience": "parent"}
    assert (await send(app, town, "operator", f"{PRICES}/end", end)).status_code == 303
    assert "cannot be bought" in of_songs(await send(app, town, "operator", PRICES))


async def test_a_wrong_price_is_told_beside_its_field(app: Shell, town: Town) -> None:
    for change, words in (
        ({"amount": "much"}, "“much” is no amount"),
        ({"tax": "120"}, "“120” is no share"),
        ({"siblings": "two: 5"}, "is no rule for siblings"),
        ({"commission": "20"}, "nobody to share with"),
        ({"per": "week"}, "Choose for how long"),
    ):
        answer = await send(app, town, "operator", PRICES, PRICE | change)
        assert answer.status_code == 422
        assert words in seen(answer)
        assert 'value="1 500"' in answer.text or "amount" in change
        assert '<details class="why" open>' in answer.text
    assert (await send(app, town, "operator", PRICES, {**PRICE, "sku": "x.y"})).status_code == 422


async def test_prices_in_three_languages_and_for_nobody_else(app: Shell, town: Town) -> None:
    for lang, words in (("kk", "Әндер кітабы"), ("ru", "Песенник"), ("en", "Song book")):
        assert words in seen(await send(app, town, "operator", PRICES, lang=lang))
    for role in ("director", "admin", "parent", "vendor", "region"):
        assert (await send(app, town, role, PRICES)).status_code == 403


async def _licence(town: Town, seats: int) -> UUID:
    async with tenant(town.here.id, write=True) as tx:
        sold = await actions.grant_paid(
            tx,
            Purchase(
                order_ref=str(new_id()), sku=SKU, feature=FEATURE, vendor="", currency="KZT",
                amount_minor=900_000, tax_bp=0, commission_bp=10_000, term=Months(6),
                zone=SCHOOL_ZONE, seats=seats,
            ),
            NOBODY,
        )  # fmt: skip
    assert sold.granted is not None
    return sold.granted.id


async def test_seats(app: Shell, town: Town) -> None:
    licence = await _licence(town, 2)
    path, journal = f"{OFFICE}/{licence}", town.here.journal
    assert "0 of 2 seats taken" in seen(await send(app, town, "director", OFFICE))
    text = seen(await send(app, town, "admin", f"{path}?class={journal.school_class}"))
    assert "2 seats are free" in text
    assert text.count(CHILD_HERE) >= 2
    one, two, three = journal.pupils[:3]
    done = await send(app, town, "director", f"{path}/seats", {"pupil": [str(one), str(two)]})
    assert done.status_code == 303
    assert [grant.seats for grant in await granted(town, two)] == [2]
    assert "0 seats are free" in seen(await send(app, town, "director", path))
    full = await send(app, town, "director", f"{path}/seats", {"pupil": str(three)})
    assert full.status_code == 409
    assert "The licence has 2 seats, and 0 of them are free." in seen(full)
    done = await send(app, town, "director", f"{path}/free/{one}", {})
    assert done.status_code == 303
    assert "1 seat is free" in seen(await send(app, town, "director", path))
    none = await send(app, town, "director", f"{path}/seats", {})
    assert (none.status_code, "Choose a pupil." in seen(none)) == (422, True)
    wrong = await send(app, town, "director", f"{path}/seats", {"pupil": str(new_id())})
    assert wrong.status_code == 404
    for role in ("deputy", "teacher", "parent", "operator"):
        assert (await send(app, town, role, path)).status_code == 403


async def test_a_place_is_given_once_and_looks_like_any_other(app: Shell, town: Town) -> None:
    child = town.here.journal.pupils[0]
    found = await send(app, town, "director", f"{OFFICE}?q={CHILD_HERE}")
    ref = re.search(r'name="ref" value="([^"]+)"', found.text)
    assert ref is not None
    before = len(await granted(town, child))
    body = {"pupil": str(child), "feature": FEATURE, "months": "3", "ref": ref[1]}
    for _twice in range(2):
        assert (await send(app, town, "director", f"{OFFICE}/places", body)).status_code == 303
    assert len(await granted(town, child)) == before + 1
    assert CHILD_HERE in seen(await send(app, town, "director", OFFICE))
    # The family reads what it has, in the words of a purchase; the other staff nothing at all.
    text = seen(await send(app, town, "parent", FAMILY))
    assert "Song book until" in text
    assert not re.search(r"free place|given|voucher|school gave you a|paid", text.split("Use a")[0])
    for role in ("homeroom", "teacher", "deputy"):
        page = await send(app, town, role, f"/office/people/{child}")
        assert "Song book" not in page.text
    for bad, words in (
        ({"months": "99"}, "Write a number from 1 to 24."),
        ({"feature": "other.view"}, "No module of your school offers that."),
        ({"pupil": ""}, "Choose a pupil."),
    ):
        answer = await send(app, town, "director", f"{OFFICE}/places", body | bad)
        assert (answer.status_code, words in seen(answer)) == (422, True)


async def test_a_place_ends_and_what_was_bought_does_not(app: Shell, town: Town) -> None:
    child = town.here.journal.pupils[1]
    body = {"pupil": str(child), "feature": FEATURE, "months": "3"}
    await send(app, town, "director", f"{OFFICE}/places", body)
    (place,) = [one for one in await granted(town, child) if one.source == "place"]
    async with tenant(town.here.id, write=True) as tx:
        bought = await grant(
            tx, Wanted(feature=FEATURE, source="order", source_ref="x", pupil=child), None, NOBODY
        )
    gone = await send(app, town, "director", f"{OFFICE}/places/{bought.id}/end", {})
    assert gone.status_code == 404
    done = await send(app, town, "director", f"{OFFICE}/places/{place.id}/end", {})
    assert done.status_code == 303
    left = {one.id: one.revoked_at for one in await granted(town, child)}
    assert left[place.id] is not None
    assert left[bought.id] is None


async def test_codes_are_shown_once_used_and_withdrawn(
    app: Shell, town: Town, factory: Factory
) -> None:
    child = town.here.journal.pupils[0]
    body = {"feature": FEATURE, "months": "2", "codes": "3", "uses": "1", "expires": "2026-12-31"}
    slips = await send(app, town, "director", f"{OFFICE}/codes", body)
    codes = re.findall(r'<b class="code">([^<]+)</b>', slips.text)
    assert (slips.status_code, len(set(codes))) == (200, 3)
    assert "no-store" in slips.headers["cache-control"]
    text = seen(await send(app, town, "director", OFFICE))
    assert text.count("2 months · used 0 of 1") == 3
    assert not any(code in text for code in codes)
    before = len(await granted(town, child))
    typed = codes[0].lower().replace("-", " ")
    for _twice in range(2):
        used = await send(app, town, "parent", FAMILY, {"child": str(child), "code": typed})
        assert used.status_code == 303
    assert len(await granted(town, child)) == before + 1
    # Nobody else's child, no pupil, no code of another school, no second family.
    for role in ("other_parent", "pupil", "teacher"):
        answer = await send(app, town, role, FAMILY, {"child": str(child), "code": codes[1]})
        assert answer.status_code == 404, role
    mine = str(town.here.journal.pupils[1])
    spent = await send(app, town, "other_parent", FAMILY, {"child": mine, "code": codes[0]})
    assert (spent.status_code, "This code has been used." in seen(spent)) == (422, True)
    wrong = await send(app, town, "parent", FAMILY, {"child": str(child), "code": "2222-3333"})
    assert (wrong.status_code, "There is no such code" in seen(wrong)) == (422, True)
    assert 'value="2222-3333"' in wrong.text
    rows = await factory.tenant.fetch(
        "select id from core.voucher where school_id = $1 and used = 0", town.here.id
    )
    away = await send(app, town, "director", f"{OFFICE}/codes/{new_id()}/withdraw", {})
    assert away.status_code == 404
    for row in rows:
        await send(app, town, "director", f"{OFFICE}/codes/{row['id']}/withdraw", {})
    answer = await send(app, town, "parent", FAMILY, {"child": str(child), "code": codes[1]})
    assert answer.status_code == 422
    for bad, words in (
        ({"expires": ""}, "Choose the last day"),
        ({"expires": "2020-01-01"}, "The last day lies in the past."),
        ({"codes": "201"}, "Write a number from 1 to 200."),
        ({"months": "x"}, "Write a number from 1 to 60."),
    ):
        answer = await send(app, town, "director", f"{OFFICE}/codes", body | bad)
        assert (answer.status_code, words in seen(answer)) == (422, True), words


async def test_a_school_that_offers_nothing_has_nothing_to_give(app: Shell, town: Town) -> None:
    # The commuter directs a third school, where the module is off.
    assert "Nothing to give out" in seen(await send(app, town, "commuter", OFFICE))
    assert (await send(app, town, "director", f"{OFFICE}?school={town.away.id}")).status_code == 404
    text = seen(await send(app, town, "teacher", FAMILY))
    assert "Use a code" not in text
