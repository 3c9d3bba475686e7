import csv
import io
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kundelik_core.kernel.i18n import use_locale
from kundelik_core.schools.roster import open_source, read_roster
from kundelik_core.schools.roster.safe import safe_cell, unguarded
from kundelik_core.schools.roster.sheet import annotate, write_csv

PAYLOADS = [
    "=1+1", "+cmd|' /C calc'!A0", "-2+3+cmd", "@SUM(1)", "\t=1", "\r=1", " =1", "＝1",
    'DDE ("cmd";"x")', "|calc", "%0a=1",
]  # fmt: skip


@pytest.mark.parametrize("payload", PAYLOADS)
def test_a_formula_becomes_text(payload: str) -> None:
    assert safe_cell(payload) == "'" + payload


@pytest.mark.parametrize(
    "harmless", ["", "Әбдіров", "+7 701 123-45-67", "-5", "-5,5", "8 (701) 1", "5 «А»", "н"]
)
def test_names_and_numbers_stay_as_they_are(harmless: str) -> None:
    assert safe_cell(harmless) == harmless


@given(st.text())
def test_the_guard_comes_off_again_without_a_trace(value: str) -> None:
    guarded = safe_cell(value)
    assert unguarded(guarded) == value
    assert not guarded.startswith(("=", "@", "\t", "\r"))


@given(st.lists(st.lists(st.text(st.characters(exclude_categories=["Cs"])), min_size=1)))
def test_no_cell_of_a_written_file_begins_a_formula(rows: list[list[str]]) -> None:
    written = write_csv(rows).decode("utf-8-sig")
    for row in csv.reader(io.StringIO(written, newline="")):
        for cell in row:
            assert not cell.startswith(("=", "@", "\t", "\r", "＝"))


def annotated(content: bytes) -> list[list[str]]:
    with use_locale("en"), open_source(content, name="list.csv") as source:
        roster = read_roster(source)
        back = annotate(source, roster.errors)
    return list(csv.reader(io.StringIO(back.decode("utf-8-sig"), newline=""), delimiter=";"))


LIST = (
    "Список\nФамилия;Имя;Класс;Дата рождения\n"
    "Ким;Лев;5А;31.02.2015\n=1+1;Зоя;5А;01.09.2015\nПак;Ян;5А\n"
    'Ли;"Ева;5А;01.09.2015\nТен;Ия;6А;02.09.2015\n'
) + "".join(f"Цой;Лия;7А;{day:02}.09.2015\n" for day in range(1, 31)) * 2  # fmt: skip


def test_the_school_gets_its_own_rows_back_with_the_errors_beside() -> None:
    rows = annotated(LIST.encode("cp1251"))
    assert len(rows) == len(LIST.splitlines())
    heading = rows[0]
    assert heading[0] == "Список"
    assert heading[-1].startswith("What to mend")
    assert {len(row) for row in rows} == {5}
    assert rows[2][:4] == ["Ким", "Лев", "5А", "31.02.2015"]
    assert "31.02.2015 is not a date" in rows[2][-1]
    assert rows[3][0] == "'=1+1"
    assert "name" in rows[3][-1]
    assert "quotation mark" in rows[5][-1]
    assert rows[5][0] == 'Ли;"Ева;5А;01.09.2015'
    assert rows[6][-1] == ""
    assert "already in line 8" in rows[-30][-1]


def test_a_mended_copy_can_be_sent_in_again() -> None:
    text = "Фамилия;Имя;Класс;Дата рождения\nКим;Лев;5А;01.13.2015\n"
    rows = annotated(text.encode())
    rows[1][3] = "01.12.2015"
    again = write_csv(rows, ";")
    roster = read_roster(again, name="list.csv")
    assert roster.errors == []
    assert annotated(again)[1][-1] == ""
    assert len(annotated(again)[0]) == 5


def test_a_bundle_comes_back_as_a_bundle() -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("manifest.csv", "propertyName,value\noneroster.version,1.1\n")
        archive.writestr("orgs.csv", "sourcedId,name\n,А\n")
    with use_locale("en"), open_source(packed.getvalue(), name="x.zip") as source:
        back = annotate(source, read_roster(source).errors)
    with zipfile.ZipFile(io.BytesIO(back)) as archive:
        assert archive.namelist() == ["manifest.csv", "orgs.csv"]
        assert "no identifier" in archive.read("orgs.csv").decode("utf-8-sig")
