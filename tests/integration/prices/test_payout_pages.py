"""The operator pays vendors, a vendor reads what it gets; a school says whom a purchase serves."""

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import httpx
import pytest

from kundelik_core.entitlements.ledger.actions import HOLD
from kundelik_core.entitlements.payouts.model import Payee
from kundelik_core.entitlements.payouts.payees import set_payee
from kundelik_core.entitlements.purchases import actions
from kundelik_core.entitlements.purchases.model import Purchase
from kundelik_core.entitlements.sharing import sharing_of
from kundelik_core.entitlements.terms import Months
from kundelik_core.kernel.clock import SCHOOL_ZONE, set_now
from kundelik_core.kernel.db import tenant
from kundelik_core.kernel.ids import new_id
from kundelik_core.plugins.payouts import Paying
from kundelik_core.web.middleware import Shell
from tests.integration.entitlements.desk import NOBODY, NOW
from tests.integration.payouts.service import Service
from tests.integration.prices.conftest import FEATURE, SKU
from tests.integration.prices.test_money_pages import FAMILY, OFFICE, seen, send
from tests.security.town import Town

PAGE = "/platform/payouts"
LATER = NOW + HOLD


@pytest.fixture
def vendor() -> str:
    return f"Songs {new_id().hex[-8:]}"


async def sell(town: Town, vendor: str = "songs", pupil: Any = None, holder: Any = None) -> str:
    ref = str(new_id())
    purchase = Purchase(
        order_ref=ref, sku=SKU, feature=FEATURE, vendor=vendor, currency="KZT",
        amount_minor=100_000, tax_bp=0, commission_bp=5_000, term=Months(1), zone=SCHOOL_ZONE,
        holder=holder, pupil=pupil or town.here.journal.pupils[0],
    )  # fmt: skip
    async with tenant(town.here.id, write=True) as tx:
        await actions.grant_paid(tx, purchase, NOBODY)
    return ref


class Names:
    def providers(self, service: str) -> tuple[str, ...]:
        return ("till",)


async def decide(town: Town) -> Service:
    service = Service()

    async def on(_school: int) -> frozenset[str]:
        return frozenset({"till"})

    await Paying(Names(), service, on).run({town.here.id})  # type: ignore[arg-type]
    return service


def hidden(page: str, vendor: str, action: str) -> dict[str, str]:
    """Return what a form of a vendor's list sends."""
    for form in re.findall(rf'action="{action}">(.*?)</form>', page):
        fields = dict(re.findall(r'name="(\w+)" value="([^"]*)"', form))
        if fields.get("vendor") == vendor:
            return fields
    raise AssertionError("no such form")


def of(answer: httpx.Response, vendor: str) -> str:
    """Return what the page says of a vendor's money; others of the suite have theirs."""
    section = answer.text.partition(f"<h2>{vendor}</h2>")[2].partition("</section>")[0]
    return seen(httpx.Response(answer.status_code, text=section))


@pytest.fixture(autouse=True)
def _clock() -> Iterator[None]:
    with set_now(NOW):
        yield


async def test_what_waits_is_paid_by_hand_once(app: Shell, town: Town, vendor: str) -> None:
    await sell(town, vendor)
    assert "With what ripens 500 ₸" in of(await send(app, town, "operator", PAGE), vendor)
    with set_now(LATER):
        await decide(town)
        page = await send(app, town, "operator", PAGE)
        assert f"500 ₸ {vendor} from 1 school · nobody has said where to" in seen(page)
        fields = hidden(page.text, vendor, f"{PAGE}/paid")
        refused = await send(app, town, "operator", f"{PAGE}/paid", {**fields, "seen": "1"})
        assert refused.status_code == 422
        assert "Meanwhile another sum stands on the list." in seen(refused)
        assert (await send(app, town, "operator", f"{PAGE}/paid", fields)).status_code == 303
        again = await send(app, town, "operator", f"{PAGE}/paid", fields)
        assert again.status_code == 422
        page = await send(app, town, "operator", PAGE)
        assert f"500 ₸ {vendor} from" not in seen(page)
        assert "Paid out so far 500 ₸" in of(page, vendor)
        # The bank sends it back.
        back = re.findall(rf'action="({PAGE}/transfers/[^"]+/back)">', page.text)
        done = [await send(app, town, "operator", one, {}) for one in back]
        assert {one.status_code for one in done} == {303}
        assert "Ripe now 500 ₸" in of(await send(app, town, "operator", PAGE), vendor)
    with set_now(LATER + timedelta(days=1)):
        await decide(town)
        page = await send(app, town, "operator", PAGE)
        fields = hidden(page.text, vendor, f"{PAGE}/impossible")
        await send(app, town, "operator", f"{PAGE}/impossible", fields)
        assert "Ripe now 500 ₸" in of(await send(app, town, "operator", PAGE), vendor)


async def test_what_no_service_was_asked_for_can_be_taken_over(
    app: Shell, town: Town, vendor: str
) -> None:
    way = {"vendor": vendor, "method": "bank", "destination": "KZ1", "least": "", "login": ""}
    await sell(town, vendor)
    for bad, words in (
        ({"destination": ""}, "Say which account there the money goes to."),
        ({"login": "nobody.at.all"}, "Nobody signs in as nobody.at.all."),
        ({"least": "much"}, "is no amount"),
    ):
        answer = await send(app, town, "operator", f"{PAGE}/payee", way | bad)
        assert (answer.status_code, words in seen(answer)) == (422, True)
    assert (await send(app, town, "operator", f"{PAGE}/payee", way)).status_code == 303
    unknown = await send(app, town, "operator", f"{PAGE}/payee", way | {"vendor": "no one"})
    assert unknown.status_code == 422
    with set_now(LATER):
        service = Service()
        service.faults = ["lost before"]

        async def on(_school: int) -> frozenset[str]:
            return frozenset({"till"})

        await Paying(Names(), service, on).run({town.here.id})  # type: ignore[arg-type]
        page = await send(app, town, "operator", PAGE)
        assert f"{vendor} school {town.here.id} · bank · asked, no answer yet: no answer" in (
            seen(page)
        )
        # Somebody has looked there: it was not paid. It is ripe, and another day's.
        (address,) = set(re.findall(rf'action="({PAGE}/{town.here.id}/[^"]+/not-paid)"', page.text))
        assert (await send(app, town, "operator", address, {})).status_code == 303
        assert "Ripe now 500 ₸" in of(await send(app, town, "operator", PAGE), vendor)
        # By hand nothing is taken over that a service was asked for, or that is at its end.
        await send(app, town, "operator", address.replace("not-paid", "by-hand"), {})
        assert "Ripe now 500 ₸" in of(await send(app, town, "operator", PAGE), vendor)


async def test_a_vendor_reads_its_own_money_and_no_other_s(
    app: Shell, town: Town, vendor: str
) -> None:
    account = town.accounts["vendor"]
    await sell(town, vendor)
    await sell(town, f"{vendor} else")
    text = seen(await send(app, town, "vendor", "/vendor"))
    assert vendor not in text
    await set_payee(Payee(vendor=vendor, account_id=account))
    with set_now(LATER):
        await decide(town)
        text = seen(await send(app, town, "vendor", "/vendor"))
        assert "500 ₸ is on its way to you." in text
        assert f"{vendor} else" not in text
        for form in ("paid", "payee"):
            answer = await send(app, town, "vendor", f"{PAGE}/{form}", {"vendor": vendor})
            assert answer.status_code in {403, 404}
    assert (await send(app, town, "operator", "/vendor")).status_code in {403, 404}


async def test_a_school_says_whom_a_purchase_serves(app: Shell, town: Town) -> None:
    child = town.here.journal.pupils[0]
    async with tenant(town.here.id) as tx:
        guardians = [
            row["guardian_id"]
            for row in await tx.fetch(
                "select g.guardian_id from core.guardianship g where g.school_id = $1 "
                "and g.pupil_id = $2",
                town.here.id,
                child,
            )
        ]
    stranger = next(
        one for one in (town.here.journal.pupils[1], *guardians) if one not in guardians
    )
    with set_now(NOW + timedelta(days=300)):
        # Bought by somebody else of the child's family; here it is enough that it is another one.
        await sell(town, pupil=child, holder=stranger)
        assert "Song book until" in seen(await send(app, town, "parent", FAMILY))
        page = seen(await send(app, town, "director", OFFICE))
        assert "Whom a purchase serves" in page
        assert "How it was set" not in page
        done = await send(app, town, "director", f"{OFFICE}/sharing", {"shared": "no"})
        assert done.status_code == 303
        assert "Song book until" not in seen(await send(app, town, "parent", FAMILY))
        assert "How it was set" in seen(await send(app, town, "director", OFFICE))
        refused = await send(app, town, "teacher", f"{OFFICE}/sharing", {"shared": "yes"})
        assert refused.status_code in {403, 404}
        async with tenant(town.here.id) as tx:
            assert not await sharing_of(tx)
        await send(app, town, "director", f"{OFFICE}/sharing", {"shared": "yes"})
        assert "Song book until" in seen(await send(app, town, "parent", FAMILY))
