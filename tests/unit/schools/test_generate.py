import datetime as dt
from collections import Counter, defaultdict

import pytest

from kundelik_core.kernel.names import sort_key
from kundelik_core.schools.curriculum import plan
from kundelik_core.schools.generate import (
    GeneratedSchool,
    Journal,
    Outline,
    SchoolLanguage,
    World,
    make_school,
)
from kundelik_core.schools.generate.names import (
    latinised,
    patronymic_for,
    russified,
    surname_for,
    traditions,
)
from kundelik_core.schools.generate.texts import language_of, topics
from kundelik_core.schools.timetable import clashes

TODAY = dt.date(2026, 11, 23)
SIZES = {"S": 75, "M": 720}


@pytest.fixture(scope="module", params=["S", "M"])
def school(request: pytest.FixtureRequest) -> GeneratedSchool:
    language: SchoolLanguage = "kk" if request.param == "S" else "mixed"
    return make_school(7, request.param, language, 2026, TODAY)


@pytest.fixture(scope="module")
def outline(school: GeneratedSchool) -> Outline:
    return school.outline


@pytest.fixture(scope="module")
def journals(school: GeneratedSchool) -> list[Journal]:
    return list(school.journals())


def test_a_seed_makes_the_same_school_again(school: GeneratedSchool) -> None:
    mine = school.outline
    again = make_school(7, mine.size, mine.language, 2026, TODAY)
    assert again.outline == mine
    first = list(school.journals())
    assert first == list(again.journals())
    other = make_school(8, mine.size, mine.language, 2026, TODAY)
    assert other.outline.people != mine.people


def test_a_school_has_its_size(outline: Outline) -> None:
    assert sum(len(c.pupils) for c in outline.classes) == SIZES[outline.size]
    assert {c.grade for c in outline.classes} == set(range(1, 12))
    assert len({c.title for c in outline.classes}) == len(outline.classes)


def test_class_lists_are_in_order(outline: Outline) -> None:
    for school_class in outline.classes:
        people = [outline.people[p] for p in school_class.pupils]
        names = [sort_key(f"{p.surname} {p.given} {p.patronymic}") for p in people]
        assert names == sorted(names)


def test_pupils_are_as_old_as_their_grade(outline: Outline) -> None:
    for school_class in outline.classes:
        for pupil in school_class.pupils:
            age = (dt.date(2026, 9, 1) - outline.people[pupil].birth).days / 365.25
            assert 5.0 <= age - school_class.grade <= 6.6


def test_families_hold_together(outline: Outline) -> None:
    people = outline.people
    children: dict[int, list[int]] = defaultdict(list)
    parents: dict[int, list[int]] = defaultdict(list)
    for bond in outline.guardianships:
        children[bond.parent].append(bond.pupil)
        parents[bond.pupil].append(bond.parent)
        assert people[bond.parent].sex == ("f" if bond.relation == "mother" else "m")
        years = (people[bond.pupil].birth - people[bond.parent].birth).days / 365.25
        assert 19 <= years <= 50
    assert {len(v) for v in parents.values()} == {1, 2}
    assert max(len(v) for v in children.values()) >= 2
    for bond in outline.guardianships:
        if bond.relation == "father":
            father, child = people[bond.parent], people[bond.pupil]
            assert surname_for(father.surname, child.sex) == child.surname
            styles = ("kazakh", "slavic")
            forms = {patronymic_for(father.given, child.sex, s) for s in styles}  # type: ignore[arg-type]
            assert not child.patronymic or child.patronymic in forms | {russified(f) for f in forms}
    for mine in children.values():
        assert len({people[c].given for c in mine}) == len(mine)


def test_logins_are_plain_and_taken_once() -> None:
    world = World(1)
    schools = [world.make_school("S", lang, 2026, TODAY).outline for lang in ("kk", "ru")]
    logins = [p.login for outline in schools for p in outline.people]
    assert len(logins) == len(set(logins))
    assert all(c.isascii() and (c.isalnum() or c == ".") for login in logins for c in login)


def test_nobody_is_in_two_places(outline: Outline) -> None:
    assert clashes(outline.slots, outline.bells) == []


def test_nearly_all_hours_are_placed(outline: Outline) -> None:
    wanted = sum((g.hours + 1) // 2 for g in outline.groups)
    missing = sum(u.lessons for u in outline.unplaced)
    assert len(outline.slots) + missing == wanted
    assert missing <= wanted / 100


def test_days_of_a_class_have_no_gaps(outline: Outline) -> None:
    homes = {g.key: g.school_class for g in outline.groups}
    taken: dict[tuple[int, int], set[int]] = defaultdict(set)
    for slot in outline.slots:
        taken[homes[slot.group], slot.weekday].add(slot.lesson)  # type: ignore[index]
    for lessons in taken.values():
        assert lessons == set(range(1, len(lessons) + 1))


def test_every_group_has_a_teacher_and_its_pupils(outline: Outline) -> None:
    staff = {m.person for m in outline.staff if m.position == "teacher"}
    pupils = {c.key: set(c.pupils) for c in outline.classes}
    parts: dict[tuple[int, str], Counter[int]] = defaultdict(Counter)
    for group in outline.groups:
        assert group.teacher in staff
        parts[group.school_class, group.subject].update(group.pupils)
    for (key, subject), counted in parts.items():
        assert counted == Counter(pupils[key]), subject
    assert {c.homeroom for c in outline.classes} <= staff
    assert max(m.hours for m in outline.staff) <= 30


def test_lessons_are_held_on_teaching_days_only(outline: Outline, journals: list[Journal]) -> None:
    keys = []
    for journal in journals:
        for lesson in journal.lessons:
            assert outline.calendar.is_teaching_day(lesson.date, journal.group.grade)
            keys.append(lesson.key)
    assert keys == list(range(len(keys)))


def test_summative_works_keep_the_rules(journals: list[Journal]) -> None:
    by_day: Counter[tuple[int, dt.date]] = Counter()
    for journal in journals:
        kinds = Counter((w.period, w.kind) for w in journal.works)
        assert all(count <= 3 for count in kinds.values())
        assert all(kinds[p, "soch"] <= 1 for p in ("q1", "q2", "q3", "q4"))
        days = [w.date for w in journal.works]
        assert len(days) == len(set(days))
        if journal.group.scheme == "kz-cba-2022":
            assert kinds["q1", "soch"] == 1
        else:
            assert not kinds["q1", "soch"]
        if journal.group.part < 2:
            by_day.update(
                (journal.group.school_class, w.date) for w in journal.works if w.kind == "soch"
            )
    assert max(by_day.values()) <= 3


def test_marks_are_possible_and_only_of_the_past(journals: list[Journal]) -> None:
    for journal in journals:
        dates = {x.key: x.date for x in journal.lessons}
        tops = {w.key: (w.date, w.max) for w in journal.works}
        for column in journal.columns:
            date, top = tops[column.key] if column.kind == "work" else (dates[column.key], 10)
            assert date <= TODAY
            for cell in column.cells:
                assert cell.pupil in journal.group.pupils
                assert cell.value or cell.absence
                if journal.group.scheme == "kz-grade1-none":
                    assert not cell.value
                elif cell.value and journal.group.scheme == "kz-passfail":
                    assert cell.value in "+-"
                elif cell.value:
                    assert 0 <= int(cell.value) <= top
                if cell.absence.startswith("absent"):
                    assert not cell.value


def test_marks_and_absences_are_believable(journals: list[Journal]) -> None:
    values: list[int] = []
    away = present = 0
    for journal in journals:
        for column in journal.columns:
            if column.kind == "lesson":
                values += [int(c.value) for c in column.cells if c.value.isdigit()]
                away += sum(c.absence.startswith("absent") for c in column.cells)
        past = sum(x.date < TODAY for x in journal.lessons)
        present += past * len(journal.group.pupils)
    assert 7.0 < sum(values) / len(values) < 8.5
    assert 0.04 < away / present < 0.08


def test_topics_are_written_and_homework_is_of_the_past(journals: list[Journal]) -> None:
    for journal in journals:
        assert not any(x.homework for x in journal.lessons if x.date > TODAY)
        written = [x.topic for x in journal.lessons if x.topic]
        assert len(journal.lessons) - len(written) <= 3
        assert all(len(x.topic) <= 120 and len(x.homework) <= 80 for x in journal.lessons)


def test_there_are_topics_for_every_subject() -> None:
    for grade in range(1, 12):
        for language in ("kk", "ru"):
            for track in (None, "social"):
                for line in plan(grade, language, track):
                    code = line.subject.code
                    found = topics(code, grade, language_of(code, language))
                    assert len(found) == len(set(found)) >= 8


@pytest.mark.parametrize(
    ("father", "son", "daughter"),
    [
        ("Нұрлан", "Нұрланович", "Нұрлановна"),
        ("Абай", "Абаевич", "Абаевна"),
        ("Дмитрий", "Дмитриевич", "Дмитриевна"),
        ("Юрий", "Юрьевич", "Юрьевна"),
        ("Виталий", "Витальевич", "Витальевна"),
        ("Игорь", "Игоревич", "Игоревна"),
        ("Никита", "Никитич", "Никитична"),
        ("Абдулла", "Абдуллаевич", "Абдуллаевна"),
        ("Павел", "Павлович", "Павловна"),
    ],
)
def test_patronymics_follow_the_fathers_name(father: str, son: str, daughter: str) -> None:
    assert patronymic_for(father, "m", "slavic") == son
    assert patronymic_for(father, "f", "slavic") == daughter
    assert patronymic_for(father, "m", "kazakh") == father + "ұлы"


@pytest.mark.parametrize(
    ("surname", "hers"),
    [
        ("Ахметов", "Ахметова"),
        ("Мусин", "Мусина"),
        ("Медведев", "Медведева"),
        ("Серік", "Серік"),
        ("Шин", "Шин"),
        ("Шевченко", "Шевченко"),
        ("Шмидт", "Шмидт"),
    ],
)
def test_only_surnames_with_a_feminine_form_are_inflected(surname: str, hers: str) -> None:
    assert surname_for(surname, "f") == hers
    assert surname_for(surname, "m") == surname


def test_every_name_can_be_latinised() -> None:
    for tradition in traditions().values():
        for name in (*tradition.boys, *tradition.girls, *tradition.surnames, *tradition.bare):
            assert latinised(name).isalpha(), name
            assert latinised(name).isascii(), name
    assert latinised("Әбдірахман Ұлжан Щукин") == "abdirakhman ulzhan shukin"
