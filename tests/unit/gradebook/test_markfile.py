import datetime as dt
from collections import Counter
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kundelik_core.gradebook.markfile import MarkFile, MarkMapping, load_mapping, read_marks
from kundelik_core.kernel.errors import Problem
from kundelik_core.schools.roster import FileRefusedError
from tests.depth import looks
from tests.interop import testdata

UCI = Path(__file__).parents[3] / "docs" / "examples" / "uci-student-performance.toml"
HEAD = 'title = "t"\nscheme = "kz-cba-2022"\n[school]\nname = "Мектеп"\n'
WIDE = load_mapping(
    HEAD
    + """
[pupil]
full_name = "ФИО"
sex = "Пол"
[classes]
column = "Класс"
[[marks]]
column = "СОР 1"
subject = "alg"
kind = "sor"
period = "q1"
maximum = 15
lowest = 0
highest = 15
[[marks]]
column = "Четверть"
subject = "alg"
period = "q1"
[[guardians]]
name = "Мать"
phone = "Телефон"
kind = ""
[[absences]]
column = "Н"
period = "q1"
"""
)
LONG = load_mapping(
    HEAD
    + """
[pupil]
family_name = "Тегі"
given_name = "Аты"
[classes]
column = "Сынып"
[long]
value = "Баға"
subject = "Пән"
period = "Тоқсан"
kind = "Түрі"
maximum = "Макс"
date = "Күні"
highest = 20
[long.periods]
"1" = "q1"
[long.kinds]
"БЖБ" = "sor"
"""
)


def read(text: str, mapping: MarkMapping) -> MarkFile:
    return read_marks(text.encode(), mapping, name="marks.csv")


def found(file: MarkFile) -> list[tuple[int, str, str]]:
    return [(error.line, error.column, error.code) for error in file.errors]


def test_a_pupil_a_row() -> None:
    file = read(
        "ФИО,Пол,Класс,СОР 1,Четверть,Н,Мать,Телефон\n"
        "Ким Лев,м,7А,12,5,3,Ким Анна,87011234567\n"
        "Пак Яна,ж,7А,16,-,0,,\n"
        "Цой Ия,ж,7В9,12,5,,,\n"
        "Ли Ян,м,7А,,4,много,,\n",
        WIDE,
    )
    assert found(file) == [
        (3, "СОР 1", "mark_out_of_scale"),
        (4, "Класс", "class_unclear"),
        (5, "Н", "absences_unreadable"),
    ]
    assert [(mark.kind, mark.value, mark.title, mark.maximum) for mark in file.marks] == [
        ("sor", "12", "СОР 1", Decimal(15)),
        ("period", "5", "", None),
        ("period", "4", "", None),
    ]
    assert [(missed.count, missed.period) for missed in file.absences] == [(3, "q1")]
    first = next(iter(file.pupils.values()))
    assert (first.family_name, first.class_title, first.sex) == ("Ким", "7 «А»", "male")
    assert first.guardians[0].phone == "+77011234567"
    assert list(file.classes) == ["7 «А»"]


def test_a_mark_a_row() -> None:
    file = read(
        "Тегі;Аты;Сынып;Пән;Тоқсан;Түрі;Баға;Макс;Күні\n"
        "Ким;Лев;5 «Ә»;Алгебра;1;БЖБ;8,5;12;01.10.2026\n"
        "Ким;Лев;5 «Ә»;Алгебра;1;;9;;02.10.2026\n"
        "КИМ;лев;5 «Ә»;Тарих;1;;21;;02.10.2026\n"
        "Пак;Яна;5 «Ә»;;1;;7;;32.10.2026\n"
        "Пак;Яна;5 «Ә»;;1;;7;;\n",
        LONG,
    )
    assert [(mark.subject, mark.kind, mark.period, mark.value) for mark in file.marks] == [
        ("Алгебра", "sor", "q1", "8,5"),
        ("Алгебра", "fo", "q1", "9"),
    ]
    assert file.marks[0].maximum == Decimal(12)
    assert file.marks[0].date == dt.date(2026, 10, 1)
    assert len(file.pupils) == 2
    assert [(line, code) for line, _, code in found(file)] == [
        (4, "mark_out_of_scale"),
        (5, "date_unreadable"),
        (6, "subject_missing"),
    ]


def test_a_missing_comma_never_moves_a_mark_under_another_heading() -> None:
    file = read("ФИО,Пол,Класс,СОР 1,Четверть,Н\nКим Лев,м,7А,12,5\n", WIDE)
    assert found(file) == [(2, "", "row_too_short")]
    assert not file.marks


def test_a_column_that_the_mapping_needs() -> None:
    file = read("ФИО,Пол,Класс,Четверть,Н\nКим Лев,м,7А,5,1\n", WIDE)
    assert found(file) == [(1, "СОР 1", "column_missing")]
    assert file.has_errors


def test_a_pupil_twice_in_a_wide_file_keeps_the_first_row() -> None:
    mapping = load_mapping(HEAD + '[pupil]\nkey=["id"]\nfull_name="n"\n[[marks]]\ncolumn="m"\n')
    file = read("id,n,m\n1,Ким Лев,5\n1,Ким Лев,4\n", mapping)
    assert [mark.value for mark in file.marks] == ["5"]
    assert found(file) == [(3, "", "pupil_twice")]


def test_schools_taken_as_one_share_no_class() -> None:
    mapping = load_mapping(
        HEAD
        + 'column = "s"\n[pupil]\nfull_name = "n"\n[classes]\nsize = 2\n[[marks]]\ncolumn = "m"\n'
    )
    rows = "".join(f"{school},Ким Лев,5\n" for school in "ABABAAB")
    file = read("s,n,m\n" + rows, mapping)
    schools = [{file.pupils[key].school for key in keys} for keys in file.classes.values()]
    assert sorted(map(len, file.classes.values())) == [1, 2, 2, 2]
    assert all(len(school) == 1 for school in schools)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("title = 5 x", "line 1"),
        (HEAD, "pupil"),
        (HEAD + '[pupil]\nfull_name = "n"\n', "[[marks]]"),
        (HEAD + '[pupil]\nfull_nam = "n"\n[[marks]]\ncolumn = "m"\n', "full_nam"),
        (HEAD + '[pupil]\nage = "a"\nfull_name="n"\n[[marks]]\ncolumn = "m"\n', "age_on"),
        (HEAD + '[pupil]\nsex = "a"\n[[marks]]\ncolumn = "m"\n', "names"),
        ("{", "malformed"),
        ("{}", "title"),
    ],
)
def test_a_mapping_with_an_error_says_where(text: str, reason: str) -> None:
    with pytest.raises(Problem) as caught:
        load_mapping(text, name="m.toml")
    assert caught.value.code == "mapping_refused"
    assert reason in str(caught.value) or "truncated" in str(caught.value)


def test_a_mapping_may_be_json() -> None:
    mapping = load_mapping(
        '{"title":"t","school":{"name":"A"},"pupil":{"full_name":"n"},'
        '"marks":[{"column":"m","maximum":"12.5"}]}'
    )
    assert mapping.marks[0].maximum == Decimal("12.5")


def test_several_tables_are_refused() -> None:
    with pytest.raises(FileRefusedError):
        read_marks(UCI.parents[1], WIDE)


@looks(60)
@given(st.lists(st.lists(st.text(max_size=8), max_size=9).map(",".join), max_size=6))
def test_whatever_a_file_holds_reading_ends(rows: list[str]) -> None:
    for mapping, heading in (
        (WIDE, "ФИО,Пол,Класс,СОР 1,Четверть,Н,Мать,Телефон"),
        (LONG, "Тегі,Аты,Сынып,Пән,Тоқсан,Түрі,Баға,Макс,Күні"),
        (load_mapping(UCI), "school,sex,age,guardian,absences,G1,G2,G3"),
    ):
        try:
            file = read_marks("\n".join([heading, *rows]).encode("utf-8", "replace"), mapping)
        except FileRefusedError:
            continue
        assert all(mark.pupil in file.pupils for mark in file.marks)
        assert all(error.message % error.params for error in file.errors)


@pytest.mark.interop
def test_the_pupils_of_two_portuguese_schools() -> None:
    file = read_marks(testdata("uci-student-performance/student-mat.csv"), load_mapping(UCI))
    assert file.errors == []
    assert (file.scheme, file.school_year) == ("pt-0-20", 2026)
    assert file.schools == {"GP": 349, "MS": 46}
    assert len(file.pupils) == 395
    assert len(file.marks) == 3 * 395
    assert sum(missed.count for missed in file.absences) == 2255
    assert max(map(len, file.classes.values())) == 25
    assert len({(p.family_name, p.given_name) for p in file.pupils.values()}) == 395
    assert Counter(p.sex for p in file.pupils.values()) == {"female": 208, "male": 187}
    kinds = Counter(adult.kind for p in file.pupils.values() for adult in p.guardians)
    assert kinds == {"mother": 273, "father": 90, "guardian": 32}
    marks = [(m.period, m.value) for m in file.marks if m.pupil == "GP|line-2"]
    assert marks == [("t1", "5"), ("t2", "6"), ("t3", "6")]
    for pupil in file.pupils.values():
        assert pupil.birth_date is not None
        assert dt.date(2003, 9, 1) < pupil.birth_date <= dt.date(2011, 9, 1)


@pytest.mark.interop
def test_one_of_the_two_schools_can_be_taken() -> None:
    path = testdata("uci-student-performance/student-mat.csv")
    file = read_marks(path, load_mapping(UCI), only=["MS"])
    assert len(file.pupils) == 46
    assert file.school_name == "Mousinho da Silveira"
    nobody = read_marks(path, load_mapping(UCI), only=["XX"])
    assert [error.code for error in nobody.errors] == ["unknown_school"]


@pytest.mark.interop
def test_a_canvas_gradebook_with_shifted_rows() -> None:
    mapping = load_mapping(
        HEAD
        + """
[pupil]
full_name = "Student"
[classes]
default = "5А"
[[marks]]
column = "Assignment 1"
kind = "fo"
"""
    )
    path = testdata("canvas-gradebook-csv/basic_course_with_sis_login_id.csv")
    file = read_marks(path, mapping)
    assert {error.code for error in file.errors} == {"row_too_short"}
    assert len(file.errors) == 8
    assert not file.pupils
