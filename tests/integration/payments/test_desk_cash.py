"""Cash at the school's desk: who took it, when, on which receipt; and what goes back by hand."""

import re

import pytest

from kundelik_core.kernel.clock import set_now
from tests.integration.payments.counter import WEDNESDAY, Counter, at_school, counter
from tests.integration.payments.test_pages_office import plain

__all__ = ["at_school", "counter"]


async def by_cash(counter: Counter) -> tuple[str, str, str]:
    """Order to pay at the desk; return the family's page, the desk's, and what it costs."""
    path = await counter.order(way="cash")
    desk = path.replace("orders/", "desk/")
    found = re.search(r'name="seen" value="(\d+)"', (await counter.send("director", desk)).text)
    assert found
    return path, desk, found[1]


@pytest.fixture(scope="module", autouse=True)
async def _open(counter: Counter) -> None:
    # By transfer is asked for where cash is not yet: the school has to want it.
    await counter.allow(cash=True)


async def test_it_is_brought_taken_once_and_numbered(counter: Counter) -> None:
    shop = await counter.shop()
    assert "In cash at the school" in shop.text
    path, desk, seen = await by_cash(counter)
    page = plain((await counter.send("parent", path)).text)
    assert "Pay in cash at the school" in page
    assert "Say this number" in page
    before = await counter.rows("receipt")
    for role in ("parent", "pupil", "teacher", "homeroom"):
        assert (await counter.send(role, f"{desk}/cash", {"seen": seen})).status_code == 403
    other = await counter.send("director", f"{desk}/cash", {"seen": "1"})
    assert other.status_code == 422
    assert "Meanwhile another amount is missing" in other.text
    for _ in range(2):
        answer = await counter.send("director", f"{desk}/cash", {"seen": seen})
        assert answer.headers["location"].endswith("?done=cash"), answer.text
    assert await counter.rows("receipt") == before + 1
    books = plain((await counter.send("director", desk)).text)
    assert books.count("Taken in cash") == 1
    assert "04.11.2026 13:00" in books
    assert re.search(r"Receipt R\d+-2026-\d{6}", books)
    assert "Paid on 04.11.2026." in plain((await counter.send("parent", path)).text)


async def test_the_family_has_it_back_over_the_counter(counter: Counter) -> None:
    path, desk, seen = await by_cash(counter)
    await counter.send("director", f"{desk}/cash", {"seen": seen})
    answer = await counter.send("parent", f"{path}/refund", {"line": "1"})
    assert answer.headers["location"].endswith("?done=refund")
    waiting = plain((await counter.send("director", "desk")).text)
    assert "has to be handed over in cash." in waiting
    assert "I have handed it over" in (await counter.send("director", desk)).text
    for _ in range(2):
        await counter.send("director", f"{desk}/handed/1", {})
    books = plain((await counter.send("director", desk)).text)
    assert books.count("Handed over in cash") == 1
    assert "I have handed it over" not in books
    assert "has to be handed over" not in plain((await counter.send("director", "desk")).text)


async def test_what_is_over_is_not_taken(counter: Counter) -> None:
    _path, desk, seen = await by_cash(counter)
    with set_now(WEDNESDAY.replace(month=12)):
        assert "Paid in cash?" not in (await counter.send("director", desk)).text
        answer = await counter.send("director", f"{desk}/cash", {"seen": seen})
        assert answer.status_code == 422
    assert (await counter.send("director", f"{desk}/by-hand", {})).status_code == 303
