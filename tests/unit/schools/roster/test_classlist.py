import datetime as dt
import io

import pytest
from openpyxl import Workbook

from kundelik_core.schools.roster import Roster, read_roster
from kundelik_core.schools.roster.classname import parse_class
from kundelik_core.schools.roster.parents import read_parents
from kundelik_core.schools.roster.values import parse_phone, parse_sex


def read(text: str, default_class: str = "") -> Roster:
    return read_roster(text.encode(), name="list.csv", default_class=default_class)


def found(roster: Roster) -> list[tuple[int, str, str]]:
    return [(error.line, error.column, error.code) for error in roster.errors]


def names(roster: Roster, role: str = "pupil") -> list[str]:
    return [user.full_name for user in roster.people(role)]


def test_a_kazakh_list() -> None:
    roster = read(
        "№,Тегі,Аты,Әкесінің аты,Сынып,Туған күні,Жынысы,Топ,Ата-анасы,Телефоны\n"
        '1,Әбдіров,Қайрат,Серікұлы,5 «Ә»,01.09.2015,ұл,1,"Әбдірова Гүлнар",8 701 123 45 67\n'
        "2,Жүнісова,Іңкәр,Ерланқызы,5Ә,02.10.2015,қыз,2,,\n"
    )
    assert found(roster) == []
    assert roster.format == "class-list"
    pupil = next(roster.people("pupil"))
    assert (pupil.family_name, pupil.given_name, pupil.middle_name) == (
        "Әбдіров", "Қайрат", "Серікұлы",
    )  # fmt: skip
    assert (pupil.birth_date, pupil.sex, pupil.grades) == (dt.date(2015, 9, 1), "male", ["5"])
    assert list(roster.classes) == ["5Ә"]
    assert roster.classes["5Ә"].title == "5 «Ә»"
    assert [(place.subgroup, place.role) for place in roster.enrollments] == [
        ("1", "pupil"),
        ("2", "pupil"),
    ]
    (parent,) = roster.people("parent")
    assert (parent.full_name, parent.phone) == ("Әбдірова Гүлнар", "+77011234567")
    assert [(tie.pupil, tie.guardian) for tie in roster.relationships] == [(pupil.id, parent.id)]


def test_a_russian_list_with_a_title_and_names_in_one_column() -> None:
    roster = read(
        "Список учащихся 7 «Б» класса;;;;\n;;;;\n"
        "№ п/п;Ф.И.О. учащегося;Дата рождения;Пол;Мать;Телефон матери;Отец;Телефон отца\n"
        "1;Кузнецов Артём Игоревич;12.05.2013;м;Кузнецова Анна Петровна;+7 705 111 22 33;"
        "Кузнецов Игорь;87051112244\n"
        "2;Ким Елена;13.06.2013;ж;;;;\n"
    )
    assert found(roster) == []
    assert names(roster) == ["Кузнецов Артём Игоревич", "Ким Елена"]
    assert list(roster.classes) == ["7Б"]
    assert [(tie.kind, roster.users[tie.guardian].phone) for tie in roster.relationships] == [
        ("mother", "+77051112233"),
        ("father", "+77051112244"),
    ]


def test_rows_that_name_a_class_begin_it() -> None:
    roster = read("№,ФИО\n,1 «А» класс\n1,Иванов Иван\n,1 «Б» класс\n1,Петров Пётр\n")
    assert [place.class_id for place in roster.enrollments] == ["1А", "1Б"]


def test_a_class_that_no_row_names_is_asked_for() -> None:
    text = "Фамилия,Имя\nИванов,Иван\n"
    assert found(read(text)) == [(2, "class", "class_missing")]
    assert list(read(text, default_class="3в").classes) == ["3В"]


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("5 «А»", "5 «А»"), ("5А", "5 «А»"), ("5-а", "5 «А»"), ("5 \"Ә\" сынып", "5 «Ә»"),
        ("11 класс Б", "11 «Б»"), ("0 «А»", "0 «А»"), ("5", "5"), ("5 A", "5 «А»"),
        ("5 сыныбы І", "5 «І»"), ("12 (Ү)", "12 «Ү»"),
    ],
)  # fmt: skip
def test_class_names_in_every_writing(written: str, expected: str) -> None:
    name = parse_class(written)
    assert name is not None
    assert name.title == expected


@pytest.mark.parametrize("written", ["", "13А", "А", "5АБ", "5 лет", "пятый", "55", "1 А Б"])
def test_what_is_no_class(written: str) -> None:
    assert parse_class(written) is None


def test_a_latin_letter_is_read_or_refused_but_never_guessed() -> None:
    roster = read("Фамилия,Имя,Класс\nИванов,Иван,5A\nПетров,Пётр,5B\nКим,Лев,8ЯЯ\n")
    assert list(roster.classes) == ["5А"]
    assert found(roster) == [
        (2, "Класс", "class_letter_changed"),
        (3, "Класс", "class_letter_latin"),
        (4, "Класс", "class_unclear"),
    ]


def test_the_same_child_twice() -> None:
    roster = read(
        "Фамилия,Имя,Класс,Дата рождения\n"
        "Иванов,Иван,5А,01.09.2015\nИВАНОВ,иван,5Б,2015-09-01\n"
        "Ким,Лев,5А,\nКим,Лев,5А,\nКим,Лев,5Б,\n"
    )
    assert [(line, code) for line, _, code in found(roster)] == [
        (3, "pupil_twice"),
        (5, "namesake"),
    ]
    assert len(list(roster.people("pupil"))) == 4


def test_an_iin_is_checked_and_never_stands_in_the_way() -> None:
    roster = read(
        "Фамилия,Имя,Класс,ИИН,Дата рождения,Пол\n"
        "А,А,5А,950901500018,01.09.2095,м\n"
        "Б,Б,5А,950901500018,02.09.2095,м\n"
        "В,В,5А,980515610011,,\n"
        "Г,Г,5А,61211600012,,\n"
        "Д,Д,5А,123,,\n"
    )
    assert [(line, code) for line, _, code in found(roster)] == [
        (3, "iin_birth_date"),
        (4, "iin_check_digit"),
        (6, "iin_shape"),
    ]
    assert all(error.severity == "warning" for error in roster.errors)
    pupils = list(roster.people("pupil"))
    assert len(pupils) == 5
    # A spreadsheet had dropped the zero in front; the number tells birth date and sex.
    assert (pupils[3].iin, pupils[3].birth_date, pupils[3].sex) == (
        "061211600012", dt.date(2006, 12, 11), "female",
    )  # fmt: skip
    assert pupils[4].iin == ""


def test_siblings_share_a_parent_only_by_name_and_phone() -> None:
    roster = read(
        "Фамилия,Имя,Класс,Родитель,Телефон\n"
        "Ким,Лев,5А,Ким Анна,87011234567\nКим,Ян,6А,Ким Анна,+7 701 123-45-67\n"
        "Пак,Яна,5А,Пак Ольга,\nПак,Зоя,6А,Пак Ольга,\n"
    )
    assert names(roster, "parent") == ["Ким Анна", "Пак Ольга", "Пак Ольга"]
    assert len(roster.relationships) == 4


def test_two_parents_in_one_cell() -> None:
    both = read_parents("мама: Ким Анна, 8 701 123 45 67; Отец Ким Олег", "", "guardian")
    assert [(p.kind, p.family, p.given, p.phone) for p in both] == [
        ("mother", "Ким", "Анна", "+77011234567"),
        ("father", "Ким", "Олег", ""),
    ]
    aligned = read_parents("Ким Анна\nКим Олег", "87011234567; 87017654321", "guardian")
    assert [parent.phone for parent in aligned] == ["+77011234567", "+77017654321"]


def test_a_parent_that_cannot_be_read_does_not_keep_the_child_out() -> None:
    roster = read("Фамилия,Имя,Класс,Родитель,Телефон\nКим,Лев,5А,???,\nПак,Яна,5А,Пак О,нет\n")
    assert [code for _, _, code in found(roster)] == ["parent_name", "parent_phone"]
    assert len(names(roster)) == 2
    assert names(roster, "parent") == ["Пак О"]


def test_headings_with_typing_errors_and_a_homeroom_teacher() -> None:
    roster = read(
        "Фамилея,Имя,Класс,Классный руководитель\n"
        "Ким,Лев,5А,Ахметова Гүлнар\nПак,Ян,5А,Ахметова Гүлнар\n"
    )
    assert found(roster) == [(1, "Фамилея", "heading_guessed")]
    assert names(roster, "teacher") == ["Ахметова Гүлнар"]
    assert [place.role for place in roster.enrollments].count("homeroom") == 1


def test_names_that_no_screen_should_show() -> None:
    roster = read("Фамилия,Имя,Класс\nКим\u202e,Лев,5А\n12,34,5А\n,,5А\n" + "К" * 300 + ",Л,5А\n")
    assert [(line, code) for line, _, code in found(roster)] == [
        (2, "name_unusable"),
        (3, "name_unusable"),
        (5, "name_unusable"),
    ]


def test_a_workbook_with_a_class_a_sheet() -> None:
    book = Workbook()
    first = book.active
    assert first is not None
    first.title = "5А"
    first.append(["Тегі", "Аты", "Туған күні"])
    first.append(["Ким", "Лев", dt.date(2015, 9, 1)])
    second = book.create_sheet("5-Ә")
    second.append(["Сынып тізімі"])
    second.append([])
    second.append(["Тегі", "Аты"])
    second.append(["Пак", "Яна"])
    book.create_sheet("Жазбалар").append(["бос"])
    content = io.BytesIO()
    book.save(content)
    roster = read_roster(content.getvalue(), name="lists.xlsx")
    assert [(place.class_id, place.source.line) for place in roster.enrollments] == [
        ("5А", 2),
        ("5Ә", 4),
    ]
    assert [(error.file, error.code) for error in roster.errors] == [
        ("lists.xlsx:Жазбалар", "sheet_left_out")
    ]
    assert next(roster.people("pupil")).birth_date == dt.date(2015, 9, 1)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("8 (701) 123-45-67", "+77011234567"), ("+7 701 1234567", "+77011234567"),
        ("701 123 45 67", "+77011234567"), ("+998 90 123 45 67", "+998901234567"),
        ("6037778888", "6037778888"), ("", ""), ("12", None), ("жоқ", None),
    ],
)  # fmt: skip
def test_phones(written: str, expected: str | None) -> None:
    assert parse_phone(written) == expected


def test_sexes() -> None:
    assert [parse_sex(text) for text in ("Ұл", "муж.", "М", "female")] == [
        "male", "male", "male", "female",
    ]  # fmt: skip
    assert [parse_sex(text) for text in ("қыз", "Ж", "әйел", "", "?")] == [
        "female", "female", "female", "", None,
    ]  # fmt: skip


@pytest.mark.parametrize(
    "heading",
    ["Фамилия, имя, отчество учащегося", "Ф.И.О. обучающегося", "Фамилия, имя ученика",
     "Оқушының тегі, аты, әкесінің аты", "Фамилия имя ребёнка"],
)  # fmt: skip
def test_headings_that_say_whose_name_it_is(heading: str) -> None:
    roster = read(f"№;{heading};Дата рождения учащегося;Класс\n1;Пак Лев;01.02.2015;5 А\n")
    assert found(roster) == []
    assert [(user.full_name, str(user.birth_date)) for user in roster.people("pupil")] == [
        ("Пак Лев", "2015-02-01")
    ]


def test_the_language_in_which_a_class_is_taught() -> None:
    roster = read(
        "ФИО;Класс;Язык обучения\nПак Лев;5 А;русский\nКим Ян;5 Ә;қазақ тілі\n"
        "Ли Ян;5 Б;\nЦой Ян;5 В;марсианский\n"
    )
    assert found(roster) == [(5, "Язык обучения", "language_unclear")]
    assert [row.language for row in roster.classes.values()] == ["ru", "kk", "", ""]
