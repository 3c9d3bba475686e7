"""What the school's accountant meets: statements, money back by item, a month that sums up."""

import html
import re
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from kundelik_core.kernel.clock import set_now
from kundelik_core.kernel.ids import new_id
from tests.integration.payments.counter import WEDNESDAY, Counter, at_school, counter
from tests.plugins import SIGNER

__all__ = ["at_school", "counter"]

HEAD = "Дата;Кредит;Дебет;Назначение платежа;Номер документа;Отправитель\n"


def plain(text: str) -> str:
    return text.replace("\u202f", " ").replace("\xa0", " ")


def line(code: str, amount: str, number: str, *, out: bool = False) -> str:
    """Return a line of a statement."""
    sums = f";{amount}" if out else f"{amount};"
    return f"04.11.2026;{sums};Kundelik {code};{number};Бейсенов А.\n"


async def code_of(counter: Counter, path: str) -> str:
    page = await counter.send("parent", path)
    found = re.search(r"Order ([2-9A-Z]{5}-[2-9A-Z]{5})", page.text)
    assert found
    return found[1]


async def upload(counter: Counter, text: str, role: str = "director") -> Any:
    file = ("statement.csv", (HEAD + text).encode("cp1251"), "text/csv")
    return await counter.send(role, "statement", files={"file": file})


def ticked(page: Any) -> dict[str, Any]:
    """Return the form of the proposals as it stands."""
    sent: dict[str, Any] = {"take": re.findall(r'name="take" value="([^"]+)" checked', page.text)}
    for name, value in re.findall(r'name="((?:line|order)-[^"]+)" value="([^"]*)"', page.text):
        sent[name] = html.unescape(value)
    return sent


async def total_of(counter: Counter, path: str) -> str:
    """Return what an order costs, as a bank writes it; siblings who have it already count."""
    page = plain((await counter.send("parent", path)).text)
    found = re.search(r"Together</dt><dd>([0-9 ]+) ₸", page)
    assert found
    return f"{found[1].replace(' ', '')},00"


async def pay(counter: Counter, path: str) -> str:
    """Let the transfer for an order come, and return the order's code."""
    code, amount = await code_of(counter, path), await total_of(counter, path)
    page = await upload(counter, line(code, amount, str(new_id())))
    form = ticked(page)
    assert len(form["take"]) == 1, page.text
    done = await counter.send("director", "statement/confirm", form)
    assert "1 transfer taken" in done.text
    return code


OFFICE = ("desk", "statement", "months/2026-11", "months/2026-11/table", "buy-seats")


@pytest.mark.parametrize(
    ("role", "status"),
    [
        ("director", 200), ("deputy", 200), ("admin", 200), ("parent", 403), ("pupil", 403),
        ("teacher", 403), ("homeroom", 403), ("psychologist", 403), ("other_parent", 403),
    ],
)  # fmt: skip
async def test_who_keeps_the_books(counter: Counter, role: str, status: int) -> None:
    for path in OFFICE:
        assert (await counter.send(role, path)).status_code == status, path
    order = await counter.order()
    desk = f"desk/{order.removeprefix('orders/')}"
    assert (await counter.send(role, desk)).status_code == status
    for step in ("refund", "owed", "decide/1"):
        answer = await counter.send(role, f"{desk}/{step}", {"x": "1"})
        assert answer.status_code == (403 if status == 403 else answer.status_code)
        assert answer.status_code in {403, 404, 422}


async def test_nothing_is_there_for_another_school_s_order(counter: Counter) -> None:
    for path in (f"desk/{new_id()}", "months/2026-13", "months/1066-01", "months/x"):
        assert (await counter.send("director", path)).status_code == 404
    assert (await counter.send("director", f"desk/{new_id()}/refund", {})).status_code == 404


async def test_a_transfer_counts_once_it_is_confirmed_and_once(counter: Counter) -> None:
    path = await counter.order()
    code = await code_of(counter, path)
    text = line(code, await total_of(counter, path), "77") + line("nothing at all", "300,00", "78")
    page = await upload(counter, text)
    assert page.status_code == 200
    assert "The order and the amount are right" in page.text
    assert "It names no order" in page.text
    assert "Not paid yet." in (await counter.send("parent", path)).text  # only proposed so far
    form = ticked(page)
    assert len(form["take"]) == 1
    for _twice in range(2):
        done = await counter.send("director", "statement/confirm", form)
        assert "1 transfer taken" in done.text
    order = await counter.send("parent", path)
    assert "Paid on 04.11.2026." in order.text
    assert "until 0" in order.text  # what it opens, at once
    receipts = re.findall(r'href="/x/payments/(orders/[^"]+/receipts/[^"]+)"', order.text)
    assert len(receipts) == 1
    for role, status in (("parent", 200), ("director", 200), ("other_parent", 404)):
        answer = await counter.send(role, receipts[0])
        assert answer.status_code == status
    again = await upload(counter, text)
    assert "1 line was taken before and is left out." in again.text
    assert not ticked(again)["take"]


async def test_doubtful_lines_are_never_ticked_beforehand(counter: Counter) -> None:
    path = await counter.order()
    code = await code_of(counter, path)
    page = await upload(counter, line(code, "900,00", "81"))
    assert "The amount is another one" in page.text
    form = ticked(page)
    assert form["take"] == []
    nothing = await counter.send("director", "statement/confirm", form)
    assert "nothing was taken" in nothing.text
    (key,) = [name.removeprefix("line-") for name in form if name.startswith("line-")]
    wrong = await counter.send(
        "director", "statement/confirm", form | {"take": key, f"order-{key}": "22222-AAAAA"}
    )
    assert "There is no such order." in wrong.text
    part = await counter.send("director", "statement/confirm", form | {"take": key})
    assert "1 transfer taken" in part.text
    order = plain((await counter.send("parent", path)).text)
    assert "900 ₸ of " in order


@pytest.mark.parametrize("content", [b"", b"\x00\xff\x00nonsense", b"<a", b"%PDF-1.7 x"])
async def test_what_is_no_statement_is_said_to_be_none(counter: Counter, content: bytes) -> None:
    files = {"file": ("x.csv", content, "text/csv")}
    answer = await counter.send("director", "statement", files=files)
    assert answer.status_code == 422
    assert 'id="e-file"' in answer.text


async def test_a_family_has_its_money_back_within_the_days(counter: Counter) -> None:
    path = await counter.order(summer="yes")
    code = await pay(counter, path)
    page = await counter.send("parent", path)
    assert "Until 18.11.2026 you need no reason." in page.text
    for role in ("other_parent", "teacher"):
        assert (await counter.send(role, f"{path}/refund", {"line": "1"})).status_code == 404
    with set_now(WEDNESDAY + timedelta(days=15)):
        late = await counter.send("parent", f"{path}/refund", {"line": "1"})
        assert late.headers["location"].endswith("?trouble=refused")
        assert "turn to the school" in (await counter.send("parent", path)).text
    done = await counter.send("parent", f"{path}/refund", {"line": "1"})
    assert done.headers["location"].endswith("?done=refund")
    twice = await counter.send("parent", f"{path}/refund", {"line": "1"})
    assert twice.headers["location"].endswith("?trouble=refused")
    total = await total_of(counter, path)
    minor = int(total.removesuffix(",00")) * 100
    assert await refunds(counter, path) == [("transit", minor)]
    desk = await counter.send("director", "desk")
    assert "has to be transferred back." in plain(desk.text)
    # The transfer back stands in the next statement, and closes it.
    page = await upload(counter, line(code, total, "99", out=True))
    assert "the money that goes back for this order" in page.text
    form = ticked(page)
    assert len(form["take"]) == 1
    assert "1 transfer taken" in (await counter.send("director", "statement/confirm", form)).text
    assert await refunds(counter, path) == [("done", minor)]
    second = await counter.send("director", "statement/confirm", form)
    assert "belongs to another order, or to none" in second.text


async def refunds(counter: Counter, path: str) -> list[tuple[str, int]]:
    token = SIGNER.mint("payments", counter.town.here.id, 60)
    async with counter.pools.of("payments").transaction(token) as tx:
        rows = await tx.fetch(
            "select state, amount_minor from refund where purchase_id = $1 order by number",
            UUID(path.removeprefix("orders/")),
        )
    return [(row["state"], row["amount_minor"]) for row in rows]


async def test_money_goes_back_by_item_and_never_more_than_there_is(counter: Counter) -> None:
    path = await counter.order(
        student=[str(one) for one in counter.children], seen="255000", renew=""
    )
    await pay(counter, path)
    desk = f"desk/{path.removeprefix('orders/')}"
    for sent, words in (
        ({}, "Say how much is to be given back."),
        ({"line-1": "много"}, "Write an amount, like 500."),
        ({"line-1": "-5"}, "Write an amount, like 500."),
        ({"line-2": "1 050,01"}, "That is more than is left of this item."),
    ):
        answer = await counter.send("director", f"{desk}/refund", sent or {"x": ""})
        assert answer.status_code == 422, sent
        assert words in answer.text
    assert await refunds(counter, path) == []
    done = await counter.send("director", f"{desk}/refund", {"line-2": "1 000 ₸"})
    assert done.headers["location"].endswith("?done=refund")
    again = await counter.send("director", f"{desk}/refund", {"line-2": "51"})
    assert again.status_code == 422
    rest = await counter.send("director", f"{desk}/refund", {"line-1": "1500", "line-2": "50"})
    assert rest.status_code == 303
    assert await refunds(counter, path) == [("transit", 100_000), ("transit", 155_000)]
    page = plain((await counter.send("director", desk)).text)
    assert "given back" in page
    assert page.count("has to be transferred back.") == 2


async def test_what_went_back_outside_waits_for_a_decision(counter: Counter) -> None:
    path = await counter.order(
        student=[str(one) for one in counter.children], seen="255000", summer="yes"
    )
    await pay(counter, path)
    order = UUID(path.removeprefix("orders/"))
    token = SIGNER.mint("payments", counter.town.here.id, 60)
    async with counter.pools.of("payments").transaction(token, write=True) as tx:
        school = counter.town.here.id
        await tx.execute(
            "insert into refund (school_id, purchase_id, number, payment, state, source, "
            "amount_minor, attempt, reference, created_at) "
            "values ($1, $2, 1, 1, 'external', 'external', 105000, 1, 'outside', now())",
            school, order,
        )  # fmt: skip
        await tx.execute(
            "insert into entry (school_id, purchase_id, number, at, kind, amount_minor, refund) "
            "select $1, $2, max(number) + 1, now(), 'refunded', 105000, 1 from entry "
            "where purchase_id = $2",
            school, order,
        )  # fmt: skip
    desk = f"desk/{order}"
    front = plain((await counter.send("director", "desk")).text)
    assert "1 050 ₸ went back outside of here: decide what it was for." in front
    page = await counter.send("director", desk)
    assert "What was 1\u202f050\u00a0₸ given back for?" in page.text
    more = await counter.send("director", f"{desk}/decide/1", {"line-2": "1051"})
    assert more.status_code == 422
    assert (await counter.send("director", f"{desk}/decide/7", {})).status_code == 404
    done = await counter.send("director", f"{desk}/decide/1", {"line-2": "1050"})
    assert done.headers["location"].endswith("?done=decided")
    assert await refunds(counter, path) == [("done", 105_000)]
    after = await counter.send("director", desk)
    assert "went back outside of here" not in after.text


async def test_orders_are_found_by_number_and_surname(counter: Counter) -> None:
    path = await counter.order()
    code = await code_of(counter, path)
    link = f'href="/x/payments/desk/{path.removeprefix("orders/")}"'
    for text in (code, code.lower().replace("-", " ")):
        assert link in (await counter.send("director", f"desk?q={text}")).text
    assert link not in (await counter.send("director", "desk?q=22222AAAAA")).text
    assert "Nothing was found." in (await counter.send("director", "desk?q=Жоқтегі")).text
    surname = "Балауса"
    assert link in (await counter.send("director", f"desk?q={surname[:4]}")).text
    assert link not in (await counter.send("director", "desk?q=%25")).text
    assert link in (await counter.send("director", "desk?state=pending")).text
    assert link not in (await counter.send("director", "desk?state=cancelled")).text


@pytest.mark.parametrize("lang", ["kk", "ru", "en"])
async def test_a_month_sums_up_in_three_languages(counter: Counter, lang: str) -> None:
    await pay(counter, await counter.order())
    page = await counter.send("director", "months/2026-11", lang=lang)
    assert page.status_code == 200
    words = {"kk": "Айырма", "ru": "Расхождения", "en": "Differences"}[lang]
    assert f">{words}</span><b>0</b>" in page.text
    assert "%(" not in page.text
    table = await counter.send("director", "months/2026-11/table", lang=lang)
    rows = table.content.decode("utf-8-sig").splitlines()
    heads = {"kk": "Күні;Тапсырыс", "ru": "Дата;Заказ", "en": "Day;Order"}[lang]
    assert rows[0].startswith(heads)
    assert any(re.search(r";(1500|1050),00;KZT$", row) for row in rows[1:])


async def test_a_school_buys_places_by_invoice(counter: Counter) -> None:
    page = await counter.send("director", "buy-seats")
    found = re.search(r'name="token" value="([^"]+)"', page.text)
    assert found
    form = {"token": found[1], "price": str(counter.place), "seats": "25", "seen": ""}
    for change, words in (
        ({"seats": "0"}, "Write a number from 1 to 5000."),
        ({"seats": "x"}, "Write a number from 1 to 5000."),
        ({"price": str(counter.month)}, "Choose one of these."),
        ({}, "For this choice it is 10 000 ₸."),
    ):
        answer = await counter.send("director", "buy-seats", form | change)
        assert answer.status_code == 422
        assert words in plain(answer.text)
    form["seen"] = "1000000"
    answers = [await counter.send("director", "buy-seats", form) for _twice in range(2)]
    assert {one.status_code for one in answers} == {303}
    assert len({one.headers["location"] for one in answers}) == 1
    path = answers[0].headers["location"].removeprefix("/x/payments/")
    order = await counter.send("director", path)
    assert "25 places" in order.text
    assert "KZ86125KZT5004100100" in order.text
    paper = await counter.send("deputy", path.replace("desk/", "orders/") + "/invoice")
    assert paper.content.startswith(b"%PDF")
