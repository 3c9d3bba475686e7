import datetime as dt

import pytest

from kundelik_core.schools.iin import check_digit, read_iin


@pytest.mark.parametrize(
    ("number", "fault"),
    [
        ("950901500018", ""),
        ("960229600013", ""),
        ("950901500910", ""),  # the second pass of weights
        ("950901500058", ""),  # a slip in the eleventh digit cannot be seen
        ("980515600011", ""),
        ("980515610011", "check_digit"),
        ("970229500019", "date"),
        ("950901900013", "century"),
        ("061211600012", ""),
        ("95090150001", "shape"),
        ("95090150001x", "shape"),
        ("٩٥٠٩٠١٥٠٠٠١٨", "shape"),
    ],
)
def test_numbers_with_a_known_verdict(number: str, fault: str) -> None:
    assert read_iin(number).fault == fault


def test_a_number_tells_birth_date_and_sex() -> None:
    found = read_iin("061211 600012")
    assert (found.birth_date, found.sex) == (dt.date(2006, 12, 11), "female")


def test_some_bases_are_never_issued() -> None:
    assert check_digit("95090150096") is None
    assert all(read_iin(f"95090150096{last}").fault == "check_digit" for last in range(10))
