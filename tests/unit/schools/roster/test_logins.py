"""Logins made from names can be typed on any keyboard."""

import pytest

from kundelik_core.schools.roster.apply_accounts import login_base


@pytest.mark.parametrize(
    ("surname", "given", "base"),
    [
        ("Ахметова", "Айзере", "ayzere.akhmetova"),
        ("Gonçalves", "Inês", "ines.goncalves"),
        ("Ким", "", "kim"),
        ("李", "", "user"),
        ("О", "Я", "ya.o"),
    ],
)
def test_logins_can_be_typed(surname: str, given: str, base: str) -> None:
    assert login_base(surname, given) == base
