"""A search finds what its reader may open, whoever typed it how, and reads little for it."""

import random
from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

import msgspec
import pytest

from kundelik_core.gradebook.access import Viewer
from kundelik_core.gradebook.find.queries import MOST, MOST_PEOPLE, FoundThings, find, statement
from kundelik_core.gradebook.find.rules import wanted
from kundelik_core.kernel.db import tenant
from kundelik_core.kernel.ids import new_id
from kundelik_core.kernel.names import search_key, sort_key
from tests.factories import NOW, YEAR, Factory

TODAY, SINCE = date(2026, 11, 4), date(2026, 9, 1)
LETTERS = "АӘБВГҒДЕЖ"
SURNAMES = (
    "Ахметов", "Әбдірахман", "Бекенов", "Ғалымов", "Досжан", "Есенов", "Жақсылық", "Ибраев",
    "Қайрат", "Ким", "Мұқан", "Нұрпейіс", "Оспанов", "Өмірбек", "Петров", "Рахим", "Сейіт",
    "Тұрсын", "Үмбет", "Фомин", "Хамит", "Цой", "Шәріп", "Щербак", "Юсуп", "Яковлев", "Абай",
    "Бақыт", "Дәулет", "Ескендір",
)  # fmt: skip
GIVEN = (
    "Айша", "Арман", "Әлия", "Балауса", "Виктор", "Гүлнар", "Дамир", "Елена", "Жанар", "Зере",
    "Ілияс", "Кәмила", "Қанат", "Мария", "Нұрасыл", "Олжас", "Өркен", "Рауан", "Сәуле", "Томирис",
    "Ұлжан",
)  # fmt: skip
PATRONYMICS = ("Ерланұлы", "Серікқызы", "Маратович", "Болатқызы", "")


_TABLES = (
    "person", "membership", "class_pupil", "guardianship", "group_teacher", "group_class",
    "teaching_group", "school_class", "subject",
)  # fmt: skip


class Big(msgspec.Struct):
    """A school of 2,500 pupils."""

    id: int
    classes: dict[str, UUID]
    homeroom: UUID
    teacher: UUID
    leader: UUID
    psychologist: UUID


async def people(factory: Factory, school: int, many: int, roll: random.Random) -> list[UUID]:
    names = [(roll.choice(SURNAMES), roll.choice(GIVEN), roll.choice(PATRONYMICS))
             for _ in range(many)]  # fmt: skip
    ids = [new_id() for _ in names]
    whole = [" ".join(part for part in name if part) for name in names]
    await factory.tenant.execute(
        """
        insert into core.person (school_id, id, surname, given, patronymic, sort_key, search_key,
                                 created_at, changed_at)
        select $1, x.id, x.a, x.b, x.c, x.s, x.k, $8, $8
          from unnest($2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[])
               x (id, a, b, c, s, k)
        """,
        school, ids, *([name[n] for name in names] for n in range(3)),
        [sort_key(name) for name in whole], [search_key(name) for name in whole], NOW,
    )  # fmt: skip
    return ids


async def put(factory: Factory, table: str, rows: Sequence[tuple[object, ...]]) -> None:
    marks = ", ".join(f"${n}" for n in range(1, len(rows[0]) + 1))
    await factory.tenant.executemany(f"insert into core.{table} values ({marks})", rows)


SUBJECTS = (
    ("Математика", "Математика", "Mathematics"), ("Қазақ тілі", "Казахский язык", "Kazakh"),
    ("Дене шынықтыру", "Физкультура", "Physical education"), ("Тарих", "История", "History"),
    *((f"Пән {n}", f"Предмет {n}", f"Topic {n}") for n in range(11)),
)  # fmt: skip


@pytest.fixture(scope="module")
async def big(factory: Factory) -> Big:
    """Make 99 classes of 25, their families, 160 of staff and 1,485 journals."""
    roll, school = random.Random(7), await factory.school()
    pupils = await people(factory, school, 2475, roll)
    parents = await people(factory, school, 3500, roll)
    staff = await people(factory, school, 160, roll)
    roles = [(one, "pupil") for one in pupils] + [(one, "teacher") for one in staff[1:]]
    roles += [(staff[0], "homeroom"), (staff[2], "director"), (staff[158], "psychologist")]
    rows: list[tuple[object, ...]] = [(school, new_id(), *one, SINCE, None) for one in roles]
    await put(factory, "membership", rows)
    classes = {f"{grade}{letter}": new_id() for grade in range(1, 12) for letter in LETTERS}
    subjects = {new_id(): titles for titles in SUBJECTS}
    rows = [(school, one, f"s{n}", *titles, "invariant", n)
            for n, (one, titles) in enumerate(subjects.items())]  # fmt: skip
    await put(factory, "subject", rows)
    for number, (name, one) in enumerate(classes.items()):
        await factory.tenant.execute(
            "insert into core.school_class (school_id, id, year, grade, letter, language, "
            "homeroom_id) values ($1, $2, $3, $4, $5, 'kk', $6)",
            school, one, YEAR, int(name[:-1]), name[-1], staff[number],
        )  # fmt: skip
        rows = [(school, one, pupil, SINCE, None) for pupil in pupils[number * 25 :][:25]]
        await put(factory, "class_pupil", rows)
        groups = {new_id(): subject for subject in subjects}
        await factory.tenant.executemany(
            "insert into core.teaching_group (school_id, id, year, subject_id, title, grade, "
            "scheme_code, scheme_version, period_kind) "
            "values ($1, $2, $3, $4, $5, $6, 'kz-cba-2022', 1, 'quarter')",
            [(school, group, YEAR, subject, f"{name[:-1]} «{name[-1]}»", int(name[:-1]))
             for group, subject in groups.items()],
        )  # fmt: skip
        await put(factory, "group_class", [(school, group, one) for group in groups])
        # Some ten journals for each; the teacher has mathematics of the fifth grade.
        teachers = [staff[3 + (number * 15 + n) % 150] for n in range(15)]
        teachers[0] = staff[1] if name[:-1] == "5" else teachers[0]
        rows = [(school, group, teacher, SINCE, None, False)
                for group, teacher in zip(groups, teachers, strict=True)]  # fmt: skip
        await put(factory, "group_teacher", rows)
    rows = [(school, one, pupils[number % 2475], "parent", SINCE, None)
            for number, one in enumerate(parents)]  # fmt: skip
    await put(factory, "guardianship", rows)
    for table in _TABLES:
        await factory.tenant.execute(f"vacuum analyze core.{table}")
    return Big(school, classes, staff[0], staff[1], staff[2], staff[158])


def viewer(person: UUID, *roles: str) -> Viewer:
    return Viewer(new_id(), person, frozenset(roles))


async def look(big: Big, text: str, reader: Viewer) -> FoundThings:
    async with tenant(big.id) as tx:
        return await find(tx, wanted(text), reader, YEAR, TODAY)


def names(found: FoundThings) -> list[str]:
    return [search_key(one.name) for one in found.pupils]


@pytest.mark.parametrize(
    "typed",
    ["әбдірахман айша", "Абдирахман  АЙША", "айш әбд", "абд айш", "Aisha Abdirakhman", "aysh abd"],
)
async def test_a_name_is_found_however_it_is_typed(big: Big, typed: str) -> None:
    found = await look(big, typed, viewer(big.leader, "director"))
    assert found.pupils
    assert all("абдирахман" in name and "айша" in name for name in names(found))
    usual = await look(big, "абдирахман айша", viewer(big.leader, "director"))
    assert names(found) == names(usual)


async def test_every_word_has_to_begin_a_word_of_the_name(big: Big) -> None:
    leader = viewer(big.leader, "director")
    assert not (await look(big, "бдірахман", leader)).pupils
    assert not (await look(big, "айша жоқ", leader)).pupils
    # What stands for any text in a pattern only ends a word here.
    assert names(await look(big, "%айш%_", leader)) == names(await look(big, "айш", leader))


async def test_who_is_called_so_comes_before_whose_father_is(big: Big, factory: Factory) -> None:
    leader = viewer(big.leader, "director")
    for surname, given, patronymic in (("Яхин", "Қайсар", ""), ("Аманов", "Дархан", "Қайсарұлы")):
        one = await factory.person(big.id, surname, given, role="pupil")
        whole = f"{surname} {given} {patronymic}"
        await factory.tenant.execute(
            "update core.person set patronymic = $3, search_key = $4 "
            "where school_id = $1 and id = $2",
            big.id, one, patronymic, search_key(whole),
        )  # fmt: skip
    assert [one.name for one in (await look(big, "қайсар", leader)).pupils] == [
        "Яхин Қайсар", "Аманов Дархан Қайсарұлы",
    ]  # fmt: skip


async def test_of_each_kind_no_more_than_can_be_looked_through(big: Big) -> None:
    found = await look(big, "ай", viewer(big.leader, "director"))
    assert found.people == MOST_PEOPLE + 1
    assert len(found.pupils) == len(found.guardians) == MOST + 1
    some = await look(big, "айша ахмет", viewer(big.leader, "director"))
    assert 0 < some.people < MOST_PEOPLE


@pytest.mark.parametrize(
    ("typed", "classes"),
    [("5а", 2), ("5 «Ә»", 2), ("5", 9), ("11", 9), ("1", 9), ("12", 0), ("а", 0), ("5 x", 0)],
)
async def test_a_class_is_found_by_its_name(big: Big, typed: str, classes: int) -> None:
    found = await look(big, typed, viewer(big.teacher, "teacher"))
    assert len(found.classes) == classes
    assert not found.pupils


async def test_a_journal_is_found_by_class_and_subject_in_any_language(big: Big) -> None:
    leader = viewer(big.leader, "director")
    for typed in ("5б матем", "math 5Б", "матем 5 б"):
        (one,) = (await look(big, typed, leader)).journals
        assert (one.title, one.subject.kk) == ("5 «Б»", "Математика")
    assert len((await look(big, "физк 5", leader)).journals) == 9


async def test_journals_are_those_that_open(big: Big) -> None:
    async def many(reader: Viewer, typed: str) -> int:
        return len((await look(big, typed, reader)).journals)

    # Mathematics of the fifth grade is hers, history is not.
    assert await many(viewer(big.teacher, "teacher"), "5 матем") == 9
    # That of the class which she leads may be read.
    assert await many(viewer(big.teacher, "teacher"), "матем") == 10
    assert await many(viewer(big.teacher, "teacher"), "5 тарих") == 0
    assert await many(viewer(big.homeroom, "homeroom"), "1 тарих") == 1
    assert await many(viewer(big.psychologist, "psychologist"), "1 тарих") == 0
    assert await many(viewer(big.leader, "deputy"), "1 тарих") == 9


async def test_guardians_are_found_by_those_who_see_records(big: Big) -> None:
    async def found(reader: Viewer) -> FoundThings:
        return await look(big, "ахм", reader)

    assert len((await found(viewer(big.leader, "admin"))).guardians) == MOST + 1
    assert len((await found(viewer(big.psychologist, "psychologist"))).guardians) == MOST + 1
    assert (await found(viewer(big.teacher, "teacher"))).guardians == []
    own = (await look(big, "айша", viewer(big.homeroom, "homeroom"))).guardians
    first = big.classes["1А"]
    assert len(own) < MOST
    assert {klass.id for one in own for _name, klass in one.children if klass} <= {first}


async def test_a_guardian_who_works_here_is_no_family_to_a_psychologist(
    big: Big, factory: Factory
) -> None:
    both = await factory.person(big.id, "Жалғыз", "Ата", role="teacher")
    child = await factory.tenant.fetchval(
        "select pupil_id from core.class_pupil where school_id = $1 limit 1", big.id
    )
    await put(factory, "guardianship", [(big.id, both, child, "parent", SINCE, None)])
    assert (await look(big, "жалғыз", viewer(big.psychologist, "psychologist"))).guardians == []
    assert len((await look(big, "жалғыз", viewer(big.leader, "director"))).guardians) == 1


async def test_colleagues_are_whom_the_page_of_a_class_names(big: Big, factory: Factory) -> None:
    await factory.person(big.id, "Қойма", "Ерлан", role="admin")
    assert (await look(big, "қойма", viewer(big.teacher, "teacher"))).colleagues == []
    (one,) = (await look(big, "қойма", viewer(big.leader, "director"))).colleagues
    assert one.roles == ["admin"]
    seen = (await look(big, "ах", viewer(big.teacher, "teacher"))).colleagues
    assert seen
    assert all(one.roles == [] and (one.leads or one.teaches) for one in seen)


async def test_who_has_left_or_was_erased_is_not_found(big: Big, factory: Factory) -> None:
    left = await factory.person(big.id, "Кеткен", "Оқушы", role="pupil")
    leader = viewer(big.leader, "director")
    assert len((await look(big, "кеткен", leader)).pupils) == 1
    await factory.tenant.execute(
        "update core.membership set to_date = $3 where school_id = $1 and person_id = $2",
        big.id, left, date(2026, 11, 3),
    )  # fmt: skip
    assert (await look(big, "кеткен", leader)).pupils == []


@pytest.mark.parametrize(
    ("typed", "most"), [("айш әбд", 600), ("5а матем", 200), ("жоқ мұндай", 300), ("матем", 600)]
)
async def test_a_search_reads_little_in_a_school_of_2500_pupils(
    big: Big, typed: str, most: int
) -> None:
    reader = viewer(big.leader, "director")
    async with tenant(big.id) as tx:
        args = statement(tx, wanted(typed), reader, YEAR, TODAY)
        plan = await tx.fetchval(f"explain (analyze, buffers, format json) {args[0]}", *args[1:])
    top: dict[str, int] = msgspec.json.decode(plan, type=list[Any])[0]["Plan"]
    assert 0 < top["Shared Hit Blocks"] + top["Shared Read Blocks"] <= most


async def test_the_names_of_a_school_are_read_from_the_index_alone(big: Big) -> None:
    async with tenant(big.id) as tx:
        # As in a database of many schools, whose people do not lie together.
        await tx.execute("set local enable_seqscan = off")
        await tx.execute("set local enable_bitmapscan = off")
        plan = await tx.fetch(
            "explain select p.id from core.person p "
            "where p.school_id = $1 and ' ' || p.search_key like all($2::text[])",
            tx.school_id, ["% айш%"],
        )  # fmt: skip
    assert "Index Only Scan using person_words" in "\n".join(row["QUERY PLAN"] for row in plan)
