import datetime as dt
import json

import pytest

from kundelik_core.schools.regions import all_regions, region, regions_on
from tests.interop import testdata

TODAY = dt.date(2026, 11, 22)


def test_there_are_seventeen_regions_and_three_cities() -> None:
    now = regions_on(TODAY)
    assert sum(not r.city for r in now) == 17
    assert sum(r.city for r in now) == 3


def test_in_2016_there_were_fourteen_regions_and_two_cities() -> None:
    then = regions_on(dt.date(2016, 9, 1))
    assert sum(not r.city for r in then) == 14
    assert sorted(r.title.ru for r in then if r.city) == ["Алматы", "Астана"]
    south = region("KZ-61", dt.date(2016, 9, 1))
    assert south is not None
    assert south.title.kk == "Оңтүстік Қазақстан облысы"


def test_the_capital_had_another_name_for_three_years() -> None:
    then = region("KZ-71", dt.date(2020, 1, 1))
    assert then is not None
    assert then.title.en == "Nur-Sultan"


def test_a_code_has_one_title_at_a_time() -> None:
    edges = {d for r in all_regions() for d in (r.begins, r.ends) if d}
    for day in edges | {TODAY}:
        codes = [r.code for r in regions_on(day)]
        assert codes == sorted(set(codes))


@pytest.mark.interop
def test_codes_are_those_of_the_standard() -> None:
    rows = json.loads((testdata("kz-regions-holidays") / "iso3166-2-KZ.json").read_text("utf-8"))
    theirs = {row["code"]: row["type"] == "City" for row in rows}
    assert {r.code: r.city for r in regions_on(TODAY)} == theirs
