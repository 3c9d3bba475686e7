"""What stands in a cell where there is no mark: short in a sheet, whole where there is room."""

from typing import get_args

import pytest

from kundelik_core.gradebook.schemes.catalogue import newest
from kundelik_core.gradebook.schemes.engine import compute_period
from kundelik_core.gradebook.schemes.explain import explain, status_short
from kundelik_core.kernel.i18n import Locale


def plain(text: str) -> str:
    return text


@pytest.mark.parametrize("locale", get_args(Locale))
def test_a_status_fits_into_the_cell_of_a_mark(locale: str) -> None:
    scheme = newest("kz-cba-2022")
    told = explain(scheme, compute_period(scheme, [], closing=True), locale, plain)
    assert told.mark == ""
    assert 0 < len(told.short) <= 10 < len(told.status)
    assert told.short == status_short(scheme, "not_assessed", locale)


def test_a_mark_has_no_status() -> None:
    assert status_short(newest("kz-cba-2022"), "", "ru") == ""
