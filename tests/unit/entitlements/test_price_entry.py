"""Amounts, shares and siblings' rules are read as people write them; nothing is guessed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kundelik_core.entitlements.catalogue.entry import (
    amount,
    audience,
    interval,
    money_text,
    share,
    share_text,
    siblings,
)
from kundelik_core.entitlements.catalogue.model import Sibling
from kundelik_core.kernel.errors import Problem


@pytest.mark.parametrize(
    ("text", "minor"),
    [("1500", 150_000), ("1 500", 150_000), ("1\u00a0500,5 ₸", 150_050), ("0.01", 1)],
)
def test_an_amount(text: str, minor: int) -> None:
    assert amount(text) == minor


@pytest.mark.parametrize("text", ["", "0", "-5", "1,500,000", "15oo", "1.234", "١٢", "1e3", "nan"])
def test_no_amount(text: str) -> None:
    with pytest.raises(Problem, match="no amount"):
        amount(text)


@given(st.integers(1, 10**11))
def test_what_is_printed_is_read_back(minor: int) -> None:
    assert amount(money_text(minor, "KZT")) == minor


@given(st.integers(0, 10_000))
def test_a_printed_share_is_read_back(points: int) -> None:
    assert share(share_text(points)) == points


def test_how_money_is_printed() -> None:
    assert money_text(150_000, "KZT") == "1\u00a0500\u00a0₸"
    assert money_text(-150_005, "KZT") == "\u22121\u00a0500,05\u00a0₸"
    assert money_text(123_456_789_00, "XOF") == "123\u00a0456\u00a0789\u00a0XOF"
    assert share_text(1_250) == "12,5\u00a0%"


@pytest.mark.parametrize("text", ["101", "-1", "a", "12.345", "100.01%"])
def test_no_share(text: str) -> None:
    with pytest.raises(Problem, match="no share"):
        share(text)


def test_siblings() -> None:
    wanted = (Sibling(nth=2, percent_bp=8_000), Sibling(nth=3, amount_minor=50_000))
    assert siblings("2: 80%, 3: 500") == siblings("3:500\n2:80%") == wanted
    assert siblings("2: 12,5%, 3: 10,50") == (
        Sibling(nth=2, percent_bp=1_250), Sibling(nth=3, amount_minor=1_050),
    )  # fmt: skip
    assert siblings("") == ()
    for text in ("1: 80%", "2 80%", "two: 80%", "2: x", "21: 5", "2: 120%"):
        with pytest.raises(Problem):
            siblings(text)


def test_words_that_are_none() -> None:
    assert (interval("month"), audience("school")) == ("month", "school")
    with pytest.raises(Problem):
        interval("week")
    with pytest.raises(Problem):
        audience("pupil")
