"""The school finds an order by its number, a receipt, who pays or for whom; others do not."""

import re
from datetime import timedelta

from kundelik_core.kernel.clock import set_now
from kundelik_core.kernel.db import tenant
from kundelik_core.plugins.actions import disable_plugin, enable_plugin
from kundelik_core.web.modules import registry
from tests.integration.payments.counter import WEDNESDAY, Counter, at_school, counter
from tests.integration.payments.test_pages_office import code_of, pay
from tests.web import browser, open_session

__all__ = ["at_school", "counter"]

HREF = re.compile(r'<a href="(/x/payments/desk/[^"]+)">')


async def search(counter: Counter, text: str, role: str = "director", lang: str = "en") -> str:
    token = await open_session(counter.town.accounts[role])
    async with browser(counter.app, token=token) as client:
        client.cookies.set("kundelik_lang", lang, domain="kundelik.test")
        answer = await client.get("/search", params={"q": text})
    assert answer.status_code == 200
    return answer.text


async def test_an_order_is_found_by_its_number(counter: Counter) -> None:
    path = await counter.order()
    code, desk = await code_of(counter, path), path.replace("orders/", "desk/")
    for typed in (code, code.lower().replace("-", ""), code.replace("A", "А"), code[:5]):
        assert f"/x/payments/{desk}" in HREF.findall(await search(counter, typed)), typed
    page = await search(counter, code)
    assert "<h2>Orders and receipts</h2>" in page
    assert "<h2>Заказы и чеки</h2>" in await search(counter, code, lang="ru")
    assert (await counter.send("director", desk)).status_code == 200
    other = code[:-1] + ("2" if code[-1] != "2" else "3")
    assert not HREF.findall(await search(counter, other))


async def test_an_order_is_found_by_its_receipt(counter: Counter) -> None:
    path = await counter.order()
    await pay(counter, path)
    page = (await counter.send("parent", path)).text
    found = re.search(r"receipts/([^\"]+)\"", page)
    assert found
    number, desk = found[1], f"/x/payments/{path.replace('orders/', 'desk/')}"
    for typed in (number, number.rpartition("-")[2], number.rpartition("-")[2].lstrip("0")):
        assert desk in HREF.findall(await search(counter, typed)), typed
    assert not HREF.findall(await search(counter, "999999"))


async def test_an_order_is_found_by_who_pays_and_for_whom(counter: Counter) -> None:
    path = await counter.order()
    desk = f"/x/payments/{path.replace('orders/', 'desk/')}"
    async with tenant(counter.town.here.id) as tx:
        rows = await tx.fetch(
            "select p.surname, p.given from core.person p where p.school_id = $1 "
            "and (p.id = $2 or p.account_id = $3)",
            tx.school_id,
            counter.children[0],
            counter.town.accounts["parent"],
        )
    assert len(rows) == 2
    for row in rows:
        typed = f"{row['given'][:4]} {row['surname'].split()[0].upper()}"
        assert desk in HREF.findall(await search(counter, typed)), typed
    assert not HREF.findall(await search(counter, "жоқ мұндай"))


async def test_only_who_keeps_the_books_finds_orders(counter: Counter) -> None:
    code = await code_of(counter, await counter.order())
    for role in ("teacher", "homeroom", "psychologist"):
        assert "payments" not in await search(counter, code, role)
    for role in ("deputy", "admin"):
        assert HREF.findall(await search(counter, code, role))


async def test_a_school_that_has_it_off_is_not_asked(counter: Counter) -> None:
    code = await code_of(counter, await counter.order())
    school, by = counter.town.here.id, counter.town.here.people["director"]
    async with tenant(school, write=True) as tx:
        await disable_plugin(tx, "payments", by)
    try:
        page = await search(counter, code)
        assert "Nothing found" in page
        assert "/x/payments" not in page
    finally:
        # A minute later: the history keeps when it was switched on.
        with set_now(WEDNESDAY + timedelta(minutes=1)):
            async with tenant(school, write=True) as tx:
                await enable_plugin(tx, registry(), "payments", by)
    assert HREF.findall(await search(counter, code))
