"""What families meet: one page that says all, one order for one wish, and their money back."""

import re
from typing import Any
from uuid import uuid4

import pytest

from kundelik_core.kernel.clock import set_now
from tests.integration.payments.counter import (
    SERVICE,
    WEDNESDAY,
    Counter,
    at_school,
    counter,
)
from tests.security.town import CHILD_HERE

__all__ = ["at_school", "counter"]


async def test_one_page_says_everything_before_anything_is_paid(counter: Counter) -> None:
    before = await counter.rows("purchase")
    page = await counter.shop(query=f"&student={counter.children[0]}")
    assert page.status_code == 200
    text = page.text.replace("\u202f", " ").replace("\xa0", " ")
    for words in (
        "1 500 ₸", "1 month", "from child 2 of the family: 1 050 ₸", "It is paid once.",
        "All your money back within 14 days.", "Bank transfer", "No, thank you",
        "The diary and the marks are free", "Pay 1 500 ₸",
    ):  # fmt: skip
        assert words in text, words
    assert 'name="renew"' not in text  # nobody here can renew, so nobody is asked
    assert CHILD_HERE in text
    assert await counter.rows("purchase") == before


@pytest.mark.parametrize(
    ("lang", "words"),
    [
        ("kk", ("Төлемес бұрын", "Жоқ, рақмет", "1 ай")),
        ("ru", ("Прежде чем платить", "Нет, спасибо", "1 месяц")),
        ("en", ("Before you pay", "No, thank you", "1 month")),
    ],
)
async def test_money_is_told_in_three_languages(
    counter: Counter, lang: str, words: tuple[str, ...]
) -> None:
    page = await counter.shop(lang=lang)
    assert page.status_code == 200
    assert "1\u202f500\u00a0₸" in page.text
    assert all(one in page.text for one in words)
    assert "%(" not in page.text


@pytest.mark.parametrize(
    ("role", "words"),
    [
        ("pupil", "Only a parent can buy this"), ("teacher", "This is sold to parents"),
        ("director", "Buy places for the school"),
    ],
)  # fmt: skip
async def test_who_is_no_guardian_is_told_plainly(counter: Counter, role: str, words: str) -> None:
    before = await counter.rows("purchase")
    page = await counter.shop(role)
    assert page.status_code == 200
    assert words in page.text
    form = {"feature": "praise.extra", "student": str(counter.children[0]), "way": "invoice"}
    sent = await counter.send(role, "buy", form | {"price": str(counter.month), "seen": "150000"})
    assert sent.status_code == 422
    assert await counter.rows("purchase") == before


async def test_a_child_of_somebody_else_is_refused(counter: Counter) -> None:
    before = await counter.rows("purchase")
    strange = counter.town.here.journal.pupils[1]
    assert (await counter.shop(query=f"&student={strange}")).status_code == 404
    form = counter.form(await counter.shop(), student=str(strange), way="invoice")
    assert (await counter.send("parent", "buy", form)).status_code == 404
    away = counter.town.away.journal.pupils[0]
    form["student"] = [str(counter.children[0]), str(away)]
    assert (await counter.send("parent", "buy", form)).status_code == 404
    assert await counter.rows("purchase") == before


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"student": []}, "Choose for whom it is."),
        ({"price": str(uuid4())}, "Choose one of these."),
        ({"price": "nonsense"}, "Choose one of these."),
        ({"way": "gold"}, "Choose how to pay."),
        ({"renew": "yes"}, "This way cannot renew itself."),
        ({"seen": "1"}, "If that is right, press the button again."),
    ],
)
async def test_a_fault_stands_at_its_field_and_the_form_is_kept(
    counter: Counter, change: dict[str, Any], words: str
) -> None:
    before = await counter.rows("purchase")
    page = await counter.shop(query=f"&student={counter.children[1]}")
    form = counter.form(page, summer="yes") | change
    answer = await counter.send("parent", "buy", form)
    assert answer.status_code == 422
    assert words in answer.text
    assert 'name="summer" value="yes" checked' in answer.text
    assert await counter.rows("purchase") == before


async def test_the_second_child_costs_less_and_a_changed_total_is_said_first(
    counter: Counter,
) -> None:
    before = await counter.rows("purchase")
    page = await counter.shop(query=f"&student={counter.children[0]}")
    form = counter.form(page, way="invoice", student=[str(one) for one in counter.children])
    answer = await counter.send("parent", "buy", form)
    assert answer.status_code == 422
    assert "For this choice it is 2\u202f550\u00a0₸." in answer.text
    again = counter.form(answer, way="invoice")
    assert len(again["student"]) == 2
    done = await counter.send("parent", "buy", again)
    assert done.status_code == 303
    order = await counter.send("parent", done.headers["location"].removeprefix("/x/payments/"))
    assert "2\u202f550\u00a0₸" in order.text
    assert await counter.rows("purchase") == before + 1


async def test_a_double_click_makes_one_order_and_another_choice_another(counter: Counter) -> None:
    before = await counter.rows("purchase")
    form = counter.form(await counter.shop(), way="invoice")
    answers = [await counter.send("parent", "buy", form) for _twice in range(2)]
    assert [one.status_code for one in answers] == [303, 303]
    assert len({one.headers["location"] for one in answers}) == 1
    assert await counter.rows("purchase") == before + 1
    assert await counter.rows("payment") == before + 1
    # The same page, taken back to in the browser, with something else chosen.
    other = await counter.send("parent", "buy", form | {"summer": "yes"})
    assert other.headers["location"] != answers[0].headers["location"]
    assert await counter.rows("purchase") == before + 2
    # Somebody else's form with a token that was seen elsewhere is an order of their own.
    theirs = counter.form(await counter.shop("other_parent"), way="invoice") | {
        "token": form["token"]
    }
    taken = await counter.send("other_parent", "buy", theirs)
    assert taken.headers["location"] not in {one.headers["location"] for one in answers}


async def test_a_subject_is_one_of_the_child_s_own(counter: Counter) -> None:
    query = f"&student={counter.children[0]}&scope={counter.subject}"
    page = await counter.shop(query=query)
    form = counter.form(page, way="invoice", scope=counter.subject)
    assert form["price"] == [str(counter.part)]
    wrong = await counter.send("parent", "buy", form | {"scope": "alchemy"})
    assert wrong.status_code == 422
    assert "does not have this subject" in wrong.text
    assert (await counter.send("parent", "buy", form)).status_code == 303


async def test_nobody_is_named_to_a_payment_service(counter: Counter) -> None:
    form = counter.form(await counter.shop(), way="redirect")
    answer = await counter.send("parent", "buy", form)
    assert answer.status_code == 200
    found = re.search(r"0; url=(\S+)", answer.headers["refresh"])
    assert found
    url = found[1]
    assert url.startswith(f"http://{SERVICE}/pay?")
    school = counter.town.here.id
    assert re.search(rf"reference={school}-[2-9A-Z]{{10}}-1(&|$)", url)
    for secret in (CHILD_HERE, "%D0", str(counter.children[0]), str(counter.children[1])):
        assert secret not in url
    again = await counter.send("parent", "buy", form)
    assert again.headers["refresh"].split("reference=")[1].split("&")[0] in url


async def test_an_order_is_its_payer_s_alone(counter: Counter) -> None:
    path = await counter.order()
    for role in ("other_parent", "pupil", "teacher", "director"):
        assert (await counter.send(role, path)).status_code == 404
        for step in ("pay", "cancel", "refund", "stop", "rest", "card"):
            assert (await counter.send(role, f"{path}/{step}", {"x": "1"})).status_code == 404
    assert (await counter.send("other_parent", f"{path}/invoice")).status_code == 404
    page = await counter.send("parent", path)
    assert page.status_code == 200
    for words in ("Not paid yet.", "KZ86125KZT5004100100", "ТОО Мектеп", "Cancel the order"):
        assert words in page.text
    for role in ("parent", "director"):
        paper = await counter.send(role, f"{path}/invoice")
        assert paper.status_code == 200
        assert paper.content.startswith(b"%PDF")
        assert paper.headers["content-disposition"].startswith("attachment")
    mine = await counter.send("parent", "orders")
    assert f'href="/x/payments/{path}"' in mine.text
    assert f'href="/x/payments/{path}"' not in (await counter.send("other_parent", "orders")).text


async def test_an_unpaid_order_is_called_off_once(counter: Counter) -> None:
    path = await counter.order(summer="yes")
    done = await counter.send("parent", f"{path}/cancel", {})
    assert done.headers["location"].endswith("?done=cancelled")
    page = await counter.send("parent", path)
    assert "It is cancelled." in page.text
    assert "Cancel the order" not in page.text
    again = await counter.send("parent", f"{path}/cancel", {})
    assert again.status_code == 303
    late = await counter.send("parent", f"{path}/pay", {"way": "invoice"})
    assert late.headers["location"].endswith("?trouble=over")


async def test_who_comes_back_sees_what_is_true(counter: Counter) -> None:
    form = counter.form(await counter.shop(), way="redirect", summer="yes")
    away = await counter.send("parent", "buy", form)
    found = re.search(r"reference=\d+-([2-9A-Z]{10})-1", away.headers["refresh"])
    assert found
    back = f"back/{found[1]}"
    assert (await counter.send("other_parent", back)).status_code == 404
    assert (await counter.send("parent", "back/22222AAAAA")).status_code == 404
    answer = await counter.send("parent", back)
    assert answer.status_code == 303
    page = await counter.send("parent", answer.headers["location"].removeprefix("/x/payments/"))
    assert "We have not heard of your payment yet" in page.text
    assert f'href="/x/payments/{back}"' in page.text
    left = await counter.send("parent", f"{back}?left=1")
    assert left.headers["location"].endswith("?trouble=left")


async def test_an_order_that_is_over_is_not_paid_but_ordered_again(counter: Counter) -> None:
    form = counter.form(await counter.shop(), way="redirect")
    page = await counter.shop()
    form["token"] = counter.form(page)["token"]
    first = await counter.send("parent", "buy", form)
    assert first.status_code == 200
    orders = await counter.rows("purchase")
    with set_now(WEDNESDAY.replace(day=6)):
        again = await counter.send("parent", "buy", form)
        # Nothing has let it expire yet; it cannot be paid any more, and the page says so.
        assert again.status_code == 303
        assert again.headers["location"].endswith("?trouble=over")
    assert await counter.rows("purchase") == orders


async def test_who_belongs_to_no_school_has_no_such_page(counter: Counter) -> None:
    for path in ("", "buy", "orders", "desk", "months"):
        for role in ("region", "operator"):
            assert (await counter.send(role, path)).status_code == 404
