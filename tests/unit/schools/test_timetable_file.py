"""A timetable is read in three languages, every fault is told, and twice is once."""

import datetime as dt
from decimal import Decimal
from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kundelik_core.kernel.i18n import LOCALES, Locale
from kundelik_core.kernel.ids import new_id
from kundelik_core.schools.bells import load_bells
from kundelik_core.schools.calendar import load_national
from kundelik_core.schools.roster import open_source
from kundelik_core.schools.roster.apply_model import KnownClass, KnownSubject, Place, Scheme
from kundelik_core.schools.timetable import expand
from kundelik_core.schools.timetable_file import TimetableFile, is_timetable, read_timetable
from kundelik_core.schools.timetable_file.export import present_timetable
from kundelik_core.schools.timetable_file.model import (
    GroupOfClass,
    KnownSlot,
    Staff,
    TimetablePlan,
    TimetableState,
)
from kundelik_core.schools.timetable_file.names import SubjectNames, TeacherNames
from kundelik_core.schools.timetable_file.plan import plan_timetable
from kundelik_core.schools.timetable_file.sample import sample_timetable

DAY = dt.date(2026, 11, 23)
HEAD = "Класс;День недели;Урок;Предмет;Учитель;Подгруппа;Кабинет\n"


def read(rows: str, head: str = HEAD) -> TimetableFile:
    with open_source((head + rows).encode(), name="week.csv") as source:
        assert is_timetable(source)
        return read_timetable(source)


def school() -> TimetableState:
    first, second = new_id(), new_id()

    def school_class(key: UUID, letter: str) -> KnownClass:
        return KnownClass(id=key, grade=5, letter=letter, language="ru", shift=1,
                          homeroom_id=None, source=None, source_id=None)  # fmt: skip

    return TimetableState(
        year=2026, locale="ru", calendar=load_national(2026), bells=load_bells("one-shift"),
        classes=[school_class(first, "А"), school_class(second, "Ә")],
        class_pupils=[Place(holder=first, person=new_id(), from_date=dt.date(2026, 9, 1),
                            to_date=None)],
        staff=[
            Staff(id=new_id(), surname="Ахметова", given="Дана", patronymic="Серікқызы",
                  login="dana"),
            Staff(id=new_id(), surname="Пак", given="Лев", teaches=False),
            Staff(id=new_id(), surname="Пак", given="Лия"),
        ],
    )  # fmt: skip


def scheme(_grade: int, _subject: str, _language: str, _hours: Decimal) -> Scheme:
    return Scheme("kz-cba-2022", 1, "quarter")


def plan(state: TimetableState, rows: str, day: dt.date = DAY) -> TimetablePlan:
    return plan_timetable(read(rows), state, day, scheme)


def written(state: TimetableState, done: TimetablePlan) -> TimetableState:
    """The school after the plan has been written, as the database would tell it."""
    last = done.begins - dt.timedelta(days=1)
    slots = {slot.id: slot for slot in state.slots if slot.id not in done.ended_slots}
    for row in done.slots:
        fields = msgspec.structs.asdict(row)
        slots[row.id] = KnownSlot(**fields)
    teachers = [
        place for place in state.group_teachers
        if (place.holder, place.person) not in done.ended_teachers or place.from_date > last
    ]  # fmt: skip
    return msgspec.structs.replace(
        state,
        slots=sorted(slots.values(), key=lambda slot: slot.from_date),
        groups=state.groups
        + [
            GroupOfClass(id=g.id, subject=g.subject, title=g.title, grade=g.grade,
                         classes=frozenset(g.class_ids), source="timetable",
                         source_id=g.source_id)
            for g in done.groups
        ],
        subjects=state.subjects
        + [KnownSubject(id=new_id(), code=c, title_kk=c, title_ru=c, title_en=c)
           for c in done.national_subjects],
        group_teachers=teachers
        + [Place(holder=t.group_id, person=t.teacher_id, from_date=t.from_date, to_date=None)
           for t in done.group_teachers],
        staff=[msgspec.structs.replace(p, teaches=True) for p in state.staff],
    )  # fmt: skip


def codes(done: TimetablePlan) -> list[tuple[int, str, str]]:
    return [(error.line, error.column, error.code) for error in done.errors]


@pytest.mark.parametrize("locale", LOCALES)
def test_the_sample_is_read_without_a_remark(locale: Locale) -> None:
    with open_source(sample_timetable(locale), name="sample.xlsx") as source:
        assert is_timetable(source)
        file = read_timetable(source)
    assert file.errors == []
    assert [(x.weekday, x.lesson, x.part, x.room) for x in file.lines] == [
        (1, 1, "", "12"), (1, 2, "1", "21"), (1, 2, "2", "22"), (5, 3, "girls", ""), (5, 4, "", ""),
    ]  # fmt: skip
    assert [(x.classes, x.week) for x in file.lines[3:]] == [
        (((5, "А"), (5, "Ә")), ""), (((5, "А"),), "A"),
    ]  # fmt: skip
    names = SubjectNames([], locale)
    found = [names.find(line.subject, 5, "kk").key for line in file.lines]
    assert found == [
        "mathematics", "informatics", "foreign", "physical_education", "music",
    ]  # fmt: skip


def test_a_class_list_is_no_timetable() -> None:
    with open_source("Тегі;Аты;Сынып\nА;Б;5 А\n".encode(), name="list.csv") as source:
        assert not is_timetable(source)


def test_days_and_numbers_as_schools_write_them() -> None:
    file = read(
        "5А;пн;1 урок;Музыка;Пак Лев;;\n5 «А»;3;2;Музыка;Пак Лев;1 подгруппа;\n"
        "5-А;Жұма;3-сабақ;Музыка;Пак Лев;;\n"
    )
    assert file.errors == []
    assert [(x.weekday, x.lesson, x.part) for x in file.lines] == [
        (1, 1, ""),
        (3, 2, "1"),
        (5, 3, ""),
    ]


def test_every_fault_is_told_with_its_place() -> None:
    done = plan(
        school(),
        "5 Я;пн;1;Музыка;Пак Лев;;\n"
        "5 А;пн;1;Музика;Пак Лев;;\n"
        "5 А;вс;1;Музыка;Пак Лев;;\n"
        "5 А;пн;13;Музыка;Пак Лев;;\n"
        "5 А;пн;2;Музыка;Пак Л.;;\n"
        "5 А;пн;2;Музыка;Никто Никак;;\n"
        "5 А;когда;2;Музыка;Пак Лев;;\n",
    )
    assert set(codes(done)) == {
        (2, "Класс", "class_unknown"),
        (3, "Предмет", "subject_unknown"),
        (4, "День недели", "weekday_free"),
        (5, "Урок", "no_bell"),
        (6, "Учитель", "teacher_ambiguous"),
        (7, "Учитель", "teacher_unknown"),
        (8, "День недели", "weekday_unclear"),
    }
    near = next(error for error in done.errors if error.code == "subject_unknown").params["near"]
    assert "Музыка" in near
    assert not done.has_changes
    assert done.counts["slots"].wrong == 7


def test_a_class_with_a_wrong_row_stays_and_the_others_are_written() -> None:
    done = plan(
        school(),
        "5 А;пн;1;Математика;Ахметова Дана;;\n5 А;пн;2;Чтение мыслей;Ахметова Дана;;\n"
        "5 Ә;вт;1;Математика;Ахметова Дана;;\n",
    )
    assert [(g.title, g.subject) for g in done.groups] == [("5 «Ә»", "mathematics")]
    assert [slot.weekday for slot in done.slots] == [2]
    assert "class_left_as_it_is" in {code for _, _, code in codes(done)}


def test_groups_teachers_and_pupils() -> None:
    state = school()
    done = plan(
        state,
        "5 А;пн;1;Математика;dana;;12\n5 А;вт;1;Математика;Ахметова Д.С.;;12\n"
        "5 А;пн;2;Информатика;Пак Лев;1;\n5 А;пн;2;Английский язык;Пак Лия;2;\n",
    )
    assert done.errors == []
    assert [(g.title, g.subject, int(g.hours)) for g in done.groups] == [
        ("5 «А»", "mathematics", 2), ("5 «А» (1)", "informatics", 1), ("5 «А» (2)", "foreign", 1),
    ]  # fmt: skip
    assert [row.group_id for row in done.group_pupils] == [done.groups[0].id]
    assert [g.part for g in done.empty_parts] == ["1", "2"]
    # Who teaches becomes a teacher of the school.
    assert [row.person_id for row in done.memberships] == [state.staff[1].id]


def test_two_places_at_once() -> None:
    done = plan(
        school(),
        "5 А;пн;1;Математика;Пак Лев;;12\n5 Ә;пн;1;Математика;Пак Лев;;12\n",
    )
    assert [(code, error.severity) for error, (_, _, code) in zip(done.errors, codes(done),
            strict=True)] == [("teacher_busy", "warning"), ("room_busy", "warning")]  # fmt: skip
    both = plan(school(), "5 А;пн;1;Математика;Пак Лев;;\n5 А;пн;1;Музыка;Пак Лия;;\n")
    assert (3, "Урок", "class_busy") in codes(both)
    assert not both.has_changes


def test_a_changed_week_counts_from_its_day() -> None:
    state = school()
    rows = "5 А;пн;1;Математика;Пак Лев;;\n5 А;вт;1;Музыка;Пак Лия;;\n"
    first = plan(state, rows, dt.date(2026, 9, 1))
    state = written(state, first)
    later = plan(state, "5 А;пн;1;Математика;Ахметова Дана;;\n", DAY)
    music = next(g.id for g in first.groups if g.subject == "music")
    assert set(later.ended_slots) == {slot.id for slot in first.slots}
    assert [(row.from_date, row.teacher_id) for row in later.slots] == [(DAY, state.staff[0].id)]
    assert (later.counts["slots"].changed, later.counts["ended"].changed) == (1, 1)
    assert music in {slot.group for slot in later.old_week}
    assert not later.groups


def test_a_lesson_for_all_of_a_divided_class_is_asked_about() -> None:
    state = school()
    state = written(state, plan(state, "5 А;пн;1;Информатика;Пак Лев;1;\n"))
    done = plan(state, "5 А;пн;1;Информатика;Пак Лев;;\n")
    assert codes(done) == [(2, "Предмет", "group_divided")]
    assert not done.has_changes


def test_a_login_wins_over_a_name() -> None:
    people = [Staff(id=new_id(), surname="Пак", given="Лев", login="x"),
              Staff(id=new_id(), surname="Пак", given="Лев", login="y")]  # fmt: skip
    names = TeacherNames(people)
    assert names.find("Пак Лев")[0] is None
    assert names.find("y")[0] == people[1].id


WEEKS = "Класс;День недели;Урок;Предмет;Учитель;Подгруппа;Неделя\n"


def of_weeks(state: TimetableState, rows: str, day: dt.date = DAY) -> TimetablePlan:
    return plan_timetable(read(rows, WEEKS), state, day, scheme)


def test_girls_of_two_classes() -> None:
    state = school()
    first, second = (row.id for row in state.classes)
    girl, boy, other = new_id(), new_id(), new_id()
    state.class_pupils = [
        Place(holder=key, person=who, from_date=dt.date(2026, 9, 1), to_date=None)
        for key, who in ((first, girl), (first, boy), (second, other))
    ]
    state.sexes = {girl: "f", boy: "m", other: "f"}
    rows = (
        "5А, 5Ә;пн;1;Физкультура;Пак Лия;девочки;\n5А и 5Ә;пн;1;Физкультура;Пак Лев;юноши;\n"
        "5 А;пн;2;Музыка;Пак Лия;;\n"
    )
    done = of_weeks(state, rows)
    assert done.errors == []
    girls, boys, music = done.groups
    assert (girls.title, boys.title) == ("5 «А», 5 «Ә» (девочки)", "5 «А», 5 «Ә» (мальчики)")
    assert girls.class_ids == (first, second)
    assert [(r.group_id, r.pupil_id) for r in done.group_pupils] == [
        (girls.id, girl), (girls.id, other), (boys.id, boy), (music.id, girl), (music.id, boy),
    ]  # fmt: skip
    assert not done.empty_parts
    after = written(state, done)
    assert not of_weeks(after, rows).has_changes
    # Only a file with the whole week of both classes takes their common lesson away.
    alone = of_weeks(after, "5 А;вт;1;Музыка;Пак Лия;;\n")
    assert {slot.group for slot in alone.old_week} == {music.id}
    both = of_weeks(after, "5 А;вт;1;Музыка;Пак Лия;;\n5 Ә;вт;1;Музыка;Пак Лев;;\n")
    assert {slot.group for slot in both.old_week} == {girls.id, boys.id, music.id}


def test_a_pupil_whose_sex_is_not_known_leaves_the_group_to_a_person() -> None:
    done = of_weeks(school(), "5А;пн;1;Физкультура;Пак Лия;девочки;\n")
    assert [g.part for g in done.empty_parts] == ["girls"]


def test_classes_that_are_taught_together_change_together() -> None:
    done = of_weeks(
        school(),
        "5А,5Ә;пн;1;Музыка;Пак Лия;;\n5 А;пн;2;Математика;Никто Никак;;\n"
        "5 Ә;пн;3;Математика;Пак Лев;;\n",
    )
    assert not done.has_changes
    assert [code for _, _, code in codes(done)].count("class_left_as_it_is") == 2
    unknown = of_weeks(school(), "5А,9Ы;пн;1;Музыка;Пак Лия;;\n")
    assert codes(unknown) == [(2, "Класс", "class_unknown")]


def test_classes_marked_by_different_rules_need_a_journal_each() -> None:
    state = school()
    state.classes[1] = msgspec.structs.replace(state.classes[1], grade=1)

    def by_grade(grade: int, _subject: str, _language: str, _hours: Decimal) -> Scheme:
        return Scheme("kz-grade1-none" if grade == 1 else "kz-cba-2022", 1, "quarter")

    done = plan_timetable(read("1Ә,5А;пн;1;Музыка;Пак Лия;;\n", WEEKS), state, DAY, by_grade)
    assert codes(done) == [(2, "Класс", "classes_marked_differently")]
    assert not done.has_changes


def test_weeks_in_turn() -> None:
    state = school()
    rows = (
        "5 А;пн;1;Музыка;Пак Лия;;числитель\n5 А;пн;1;Математика;Пак Лия;;знаменатель\n"
        "5 А;вт;1;Математика;Пак Лия;;\n"
    )
    done = of_weeks(state, rows)
    assert done.errors == []
    assert [(row.weekday, row.week_cycle) for row in done.slots] == [(1, "A"), (1, "B"), (2, "")]
    assert {(g.subject, str(g.hours)) for g in done.groups} == {
        ("music", "0.5"), ("mathematics", "1.5"),
    }  # fmt: skip
    days = [
        (one.date, one.slot)
        for one in expand(done.week, state.calendar, state.bells, DAY, dt.date(2026, 12, 11),
                          lambda _group: 5)
        if one.date.isoweekday() == 1
    ]  # fmt: skip
    # 23 November is Monday of the twelfth week of the year, an even one.
    assert [state.calendar.week_of(day).cycle for day, _ in days] == ["B", "A", "B"]  # type: ignore[union-attr]
    cycle = {slot.id: slot.cycle for slot in done.week}
    assert [cycle[slot] for _, slot in days] == ["B", "A", "B"]
    after = written(state, done)
    assert not of_weeks(after, rows).has_changes
    # From every second week to every week: the old lessons end, the new ones begin.
    later = of_weeks(after, "5 А;пн;1;Музыка;Пак Лия;;\n5 А;вт;1;Математика;Пак Лия;;\n")
    assert [(row.weekday, row.week_cycle) for row in later.slots] == [(1, "")]
    assert len(later.ended_slots) == 2
    clash = of_weeks(state, "5 А;пн;1;Музыка;Пак Лия;;\n5 А;пн;1;Математика;Пак Лев;;чёт\n")
    assert (3, "Урок", "class_busy") in codes(clash)
    strange = of_weeks(state, "5 А;пн;1;Музыка;Пак Лия;;иногда\n")
    assert codes(strange) == [(2, "Неделя", "week_unclear")]


lines = st.lists(
    st.tuples(
        st.sampled_from(["5 А", "5 Ә", "5А, 5Ә"]),
        st.integers(1, 5),
        st.integers(1, 6),
        st.sampled_from(["Математика", "Музыка", "История Казахстана"]),
        st.sampled_from(["Пак Лев", "Пак Лия", "dana"]),
        st.sampled_from(["нечётная", "чётная"]),
    ),
    unique_by=lambda row: (row[1], row[2], row[5]),
    min_size=1,
    max_size=30,
)


Lesson = tuple[str, int, int, str, str, str]


def as_rows(week: list[Lesson]) -> str:
    return "".join(";".join(map(str, row[:5])) + f";;{row[5]}\n" for row in week)


@given(first=lines, second=lines)
def test_twice_is_once(first: list[Lesson], second: list[Lesson]) -> None:
    state = school()
    for week, day in ((first, dt.date(2026, 9, 1)), (second, DAY)):
        done = of_weeks(state, as_rows(week), day)
        assert done.counts["slots"].wrong == 0
        assert len(done.week) == len(week)
        state = written(state, done)
        again = of_weeks(state, as_rows(week), day)
        assert not again.has_changes
        assert again.counts["slots"].same == len(week)
        # What the school has can be taken out as a file, changed and brought in again.
        out = present_timetable(state, day, "kk")
        with open_source(out, name="now.xlsx") as source:
            taken = plan_timetable(read_timetable(source), state, day, scheme)
        assert not [error for error in taken.errors if error.severity == "error"]
        assert not taken.has_changes
        tomorrow = of_weeks(state, as_rows(week), day + dt.timedelta(days=1))
        assert not tomorrow.has_changes
