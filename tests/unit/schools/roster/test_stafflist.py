"""A plain list of the staff: any order is one result, twice is once, nobody is guessed."""

import datetime as dt
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook

from kundelik_core.kernel.ids import new_id
from kundelik_core.schools.access import roles_given_by
from kundelik_core.schools.roster import Roster, read_roster
from kundelik_core.schools.roster.apply_match import STAFF
from kundelik_core.schools.roster.apply_model import (
    KnownClass,
    KnownPerson,
    Options,
    Plan,
    Role,
    Scheme,
    SchoolState,
)
from kundelik_core.schools.roster.apply_plan import plan_import
from kundelik_core.schools.roster.staffwords import is_about_staff, parse_position

BEGINS, ENDS = dt.date(2026, 9, 1), dt.date(2027, 5, 25)
OPTIONS = Options(
    year=2026, today=dt.date(2026, 11, 20), scheme=lambda _g, _s: Scheme("x", 1, "quarter"),
    iin_hash=lambda text: text.encode(),
)  # fmt: skip
HEAD = "ФИО;Должность;Классное руководство;Телефон;Дата рождения\n"


def read(text: str, name: str = "list.csv") -> Roster:
    return read_roster(text.encode(), name=name)


def codes(roster: Roster | Plan) -> list[tuple[int, str, str]]:
    return [(error.line, error.column, error.code) for error in roster.errors]


def roles(roster: Roster) -> dict[str, list[str]]:
    return {
        user.full_name: [role.role for role in user.roles] for user in roster.users.values()
    }  # fmt: skip


def school() -> SchoolState:
    return SchoolState(school_id=1, locale="ru", titles=("", "", ""), begins=BEGINS, ends=ENDS)


def written(state: SchoolState, plan: Plan) -> SchoolState:
    """The school after a plan, as the database would tell it."""
    people = {person.id: person for person in state.people}
    for row in plan.people:
        people[row.id] = KnownPerson(
            id=row.id, account_id=row.account_id, surname=row.surname, given=row.given,
            patronymic=row.patronymic, birth_date=row.birth_date, sex=row.sex, phone=row.phone,
            email=row.email, iin_hash=row.iin_hash, source=row.source, source_id=row.source_id,
            status=row.status,
        )  # fmt: skip
    classes = {row.id: row for row in state.classes}
    for made in plan.classes:
        classes[made.id] = KnownClass(
            id=made.id, grade=made.grade, letter=made.letter, language=made.language,
            shift=made.shift, homeroom_id=made.homeroom_id, source=made.source,
            source_id=made.source_id,
        )  # fmt: skip
    held = [
        Role(person_id=m.person_id, role=m.role, from_date=m.from_date, to_date=m.to_date)
        for m in plan.memberships
    ]
    return msgspec.structs.replace(
        state, people=list(people.values()), roles=state.roles + held,
        classes=list(classes.values()),
    )  # fmt: skip


def told(state: SchoolState) -> Any:
    """What a school has, whatever its ids."""
    names = {p.id: (p.surname, p.given, p.patronymic, str(p.birth_date)) for p in state.people}
    return (
        sorted((*names[p.id], p.phone or "", p.sex or "", p.source_id or "") for p in state.people),
        sorted((names[r.person_id], r.role) for r in state.roles),
        sorted((c.grade, c.letter, str(names.get(c.homeroom_id or new_id())))
               for c in state.classes),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("position", "expected"),
    [
        ("Учитель математики, классный руководитель 5 «А»", {"teacher", "homeroom"}),
        ("Зам. директора по УВР, учитель истории", {"deputy", "teacher"}),
        ("Директордың тәрбие ісі жөніндегі орынбасары", {"deputy"}),
        ("Мектеп директоры", {"director"}),
        ("и.о. директора", {"director"}),
        ("Педагог-психолог", {"psychologist"}),
        ("мугалим", {"teacher"}),
        ("Head teacher", {"director"}),
        ("Администратор", {"admin"}),
    ],
)
def test_positions(position: str, expected: set[str]) -> None:
    found = parse_position(position)
    assert set(found.roles) == expected
    assert found.told == "known"


@pytest.mark.parametrize(
    "position",
    ["Заместитель директора по АХЧ", "Директордың шаруашылық жөніндегі орынбасары",
     "Секретарь директора", "Социальный педагог", "Системный администратор", "operator",
     "Оператор", "Помощник учителя", "Завхоз"],
)  # fmt: skip
def test_what_only_sounds_like_a_role_gives_none(position: str) -> None:
    assert parse_position(position).told == "without"


@given(text=st.text(max_size=60))
def test_no_position_gives_a_role_above_schools(text: str) -> None:
    assert parse_position(text).roles <= STAFF
    is_about_staff(text)


def test_three_languages() -> None:
    for head, position in (
        ("Тегі;Аты;Әкесінің аты;Лауазымы;Жетекші сыныбы", "мұғалім, сынып жетекшісі"),
        ("Фамилия;Имя;Отчество;Должность;Классное руководство", "учитель, кл. руководитель"),
        ("Surname;First name;Patronymic;Position;Homeroom", "teacher, homeroom teacher"),
    ):
        roster = read(f"{head}\nАхметова;Дана;Серікқызы;{position};5 «Ә»\n")
        assert codes(roster) == []
        assert roster.format == "staff-list"
        assert roles(roster) == {"Ахметова Дана Серікқызы": ["teacher"]}
        assert [(row.class_id, row.role) for row in roster.enrollments] == [("5Ә", "homeroom")]


@pytest.mark.parametrize(
    "heading",
    ["Фамилия, имя, отчество педагогического работника", "ФИО педагога", "Педагогтің тегі, аты",
     "Ф.И.О. учителя"],
)  # fmt: skip
def test_headings_that_say_whose_name_it_is(heading: str) -> None:
    roster = read(f"№;{heading};Дата рождения\n1;Пак Лев;01.02.1985\n")
    assert codes(roster) == []
    assert roles(roster) == {"Пак Лев": ["teacher"]}


def test_windows_1251_and_a_workbook() -> None:
    text = "ФИО учителя;Предмет;Телефон\nИванова Анна Петровна;физика;8 701 123 45 67\n"
    roster = read_roster(text.encode("cp1251"), name="x.csv")
    assert roles(roster) == {"Иванова Анна Петровна": ["teacher"]}
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "Мұғалімдер"
    for row in (("Аты-жөні", "Телефоны"), ("Әбдіров Қайрат", "87011234567")):
        sheet.append(row)
    second = book.create_sheet("5 А")
    for line in (("Тегі", "Аты", "Сынып жетекшісі"), ("Пак", "Лев", "Әбдіров Қайрат")):
        second.append(line)
    out = io.BytesIO()
    book.save(out)
    both = read_roster(out.getvalue(), name="school.xlsx")
    assert codes(both) == []
    assert roles(both) == {"Әбдіров Қайрат": ["teacher"], "Пак Лев": ["pupil"]}
    assert [row.role for row in both.enrollments] == ["pupil", "homeroom"]
    plan = plan_import(both, school(), OPTIONS)
    assert (plan.counts["staff"].new, plan.counts["pupils"].new) == (1, 1)
    assert [row.role for row in plan.memberships].count("homeroom") == 1


def test_a_class_list_stays_one() -> None:
    for text in (
        "Фамилия;Имя;Класс;Классный руководитель\nПак;Лев;5 А;Ким Анна\n",
        "Список учащихся, классный руководитель Ким Анна\nФИО;Класс\nПак Лев;5 А\n",
        "ФИО;Класс;Должность отца;Отец\nПак Лев;5 А;учитель;Пак Ан\n",
    ):
        roster = read(text)
        assert roster.format == "class-list"
        assert roles(roster)["Пак Лев"] == ["pupil"]


def test_a_list_of_homeroom_teachers() -> None:
    roster = read("Класс;Классный руководитель\n5 А;Ким Анна\n5 Ә;Пак Яна\n")
    assert roster.format == "staff-list"
    assert sorted((row.class_id, row.user) for row in roster.enrollments) == [
        ("5А", "staff:ким анна|"), ("5Ә", "staff:пак яна|"),
    ]  # fmt: skip


def test_every_fault_has_its_place() -> None:
    roster = read(
        "Список педагогов;;;;;\n"
        "ФИО;Должность;Кл. рук.;Телефон;e-mail;ИИН\n"
        ";учитель;5 А;;;\n"
        "Ли Яна;учетель;;;;\n"
        "Ли Ян;;;;;\n"
        "Ли Юна;завхоз;;;;\n"
        "Ли Ива;учитель;когда;12;без почты;123\n"
        "Учителя начальных классов;;;;;\n"
        "Всего: 7;;;;;\n"
    )
    assert codes(roster) == [
        (3, "ФИО", "name_missing"),
        (4, "Должность", "position_unclear"),
        (5, "Должность", "position_missing"),
        (6, "Должность", "position_without_role"),
        (7, "ИИН", "iin_shape"),
        (7, "e-mail", "contact_left_out"),
        (7, "Телефон", "contact_left_out"),
        (7, "Кл. рук.", "homeroom_class_unclear"),
    ]
    assert roles(roster) == {"Ли Ива": ["teacher"]}
    plan = plan_import(roster, school(), OPTIONS)
    assert (plan.counts["staff"].new, plan.counts["staff"].wrong) == (1, 3)


def test_rows_of_one_person_are_joined_and_namesakes_are_not() -> None:
    roster = read(
        HEAD + "Ким Анна;учитель;;;01.02.1980\nКим Анна;завуч;;87011234567;01.02.1980\n"
        "Ким Анна;психолог;;;05.05.1990\n"
    )
    assert sorted(map(str, (u.roles[0].role for u in roster.users.values()))) == [
        "deputy", "psychologist",
    ]  # fmt: skip
    assert codes(roster) == [(3, "", "staff_joined")]
    doubtful = read(HEAD + "Пак Лев;директор;;;\nКим Анна;учитель;;;\nКим Анна;завуч;;;\n")
    assert [code for _, _, code in codes(doubtful)] == ["staff_namesakes"] * 2
    assert roles(doubtful) == {"Пак Лев": ["director"]}


def test_two_who_lead_one_class_are_told() -> None:
    roster = read(HEAD + "Ким Анна;учитель;5 А;;\nПак Лев;учитель;5А;;\n")
    assert [code for _, _, code in codes(roster)] == ["two_homeroom_teachers"] * 2
    assert roster.enrollments == []
    assert len(roster.users) == 2


def test_a_namesake_of_the_school_is_never_taken_by_chance() -> None:
    state = written(school(), plan_import(read(HEAD + "Ким Анна;учитель;;;\n"), school(), OPTIONS))
    both = HEAD + "Ким Анна;учитель;;;01.02.1980\nКим Анна;завуч;;;05.05.1990\n"
    plan = plan_import(read(both), state, OPTIONS)
    assert [code for _, _, code in codes(plan)] == ["staff_namesake"] * 2
    assert not plan.has_changes
    # The same name with another date: a person decides; with both known, it is somebody else.
    first = plan_import(read(HEAD + "Ким Анна;учитель;;;01.02.1980\n"), school(), OPTIONS)
    known = written(school(), first)
    other = plan_import(read(HEAD + "Ким Анна;учитель;;;05.05.1990\n"), known, OPTIONS)
    assert [code for _, _, code in codes(other)] == ["staff_birth_date_differs"]
    assert not other.has_changes
    two = plan_import(read(both), known, OPTIONS)
    assert (codes(two), two.counts["staff"].new, two.counts["staff"].same) == ([], 1, 1)


def test_nobody_gives_a_role_above_their_own() -> None:
    gives = roles_given_by({"deputy"})
    assert gives == {"pupil", "parent", "teacher", "homeroom", "psychologist"}
    assert roles_given_by({"teacher", "homeroom"}) == {"pupil", "parent"}
    assert "director" in roles_given_by({"admin"})
    options = msgspec.structs.replace(OPTIONS, gives=gives)
    text = HEAD + "Ким Анна;директор;;;\nПак Лев;завуч, учитель;;;\n"
    plan = plan_import(read(text), school(), options)
    assert [(row.surname) for row in plan.people] == ["Пак"]
    assert [row.role for row in plan.memberships] == ["teacher"]
    assert [code for _, _, code in codes(plan)] == ["role_above", "role_above_left_out"]
    state = written(school(), plan_import(read(text), school(), OPTIONS))
    renamed = plan_import(read(HEAD + "Ким Анна;учитель;;87011112233;\n"), state, options)
    assert not renamed.people
    assert [row.role for row in renamed.memberships] == ["teacher"]


NAMES = ("Ким Анна", "Ким Анна Львовна", "Қим Анна", "Пак Лев", "Әбдіров Қайрат Серікұлы")
rows = st.lists(
    st.tuples(
        st.sampled_from(NAMES),
        st.sampled_from(("учитель", "завуч", "директор", "психолог", "завхоз", "кто-то", "")),
        st.sampled_from(("", "5 А", "5Ә", "6 А", "нет")),
        st.sampled_from(("", "87011234567", "87019998877")),
        st.sampled_from(("", "01.02.1980", "05.05.1990")),
    ),
    min_size=1,
    max_size=8,
)


def as_text(lines: Sequence[tuple[str, ...]]) -> str:
    return HEAD + "".join(";".join(line) + "\n" for line in lines)


@given(first=rows, second=rows, data=st.data())
def test_any_order_is_one_result_and_twice_is_once(
    first: list[tuple[str, ...]], second: list[tuple[str, ...]], data: st.DataObject
) -> None:
    state = school()
    for lines in (first, second):
        shuffled = data.draw(st.permutations(lines))
        plan = plan_import(read(as_text(lines)), state, OPTIONS)
        other = plan_import(read(as_text(shuffled)), state, OPTIONS)
        after = written(state, plan)
        assert told(after) == told(written(state, other))
        assert plan.summary() == other.summary()
        again = plan_import(read(as_text(shuffled)), after, OPTIONS)
        assert not again.has_changes, codes(again)
        # Nobody is taken away whom a file leaves out.
        assert {p.id for p in state.people} <= {p.id for p in after.people}
        state = after


@pytest.mark.parametrize("name", ["teachers.csv", "учителя.csv", "Мұғалімдер тізімі.csv"])
def test_the_name_of_a_file_tells(name: str, tmp_path: Path) -> None:
    file = tmp_path / name
    file.write_text("Фамилия;Имя;Телефон\nКим;Анна;\n", encoding="utf-8")
    assert roles(read_roster(file)) == {"Ким Анна": ["teacher"]}


def test_a_class_list_tells_the_language_of_a_class_that_the_staff_list_made() -> None:
    state = written(
        school(), plan_import(read(HEAD + "Ким Анна;учитель;5 А;;\n"), school(), OPTIONS)
    )
    assert [row.language for row in state.classes] == ["ru"]
    lines = "ФИО;Класс;Язык обучения\nПак Лев;5 А;казахский\n"
    plan = plan_import(read(lines), state, OPTIONS)
    assert (plan.counts["classes"].changed, plan.counts["classes"].same) == (1, 0)
    after = written(state, plan)
    assert [(row.language, row.homeroom_id) for row in after.classes] == [
        ("kk", state.classes[0].homeroom_id)
    ]
    assert not plan_import(read(lines.replace("Пак Лев", "Пак Ли")), after, OPTIONS).classes
