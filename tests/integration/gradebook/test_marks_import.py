"""Files of marks become journals that teachers open and diaries that parents open."""

import csv
import re
from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

import pytest

from kundelik_core.gradebook.markfile import load_mapping, read_marks
from kundelik_core.gradebook.marks_import import Marks, import_marks
from kundelik_core.gradebook.marks_import.timetable import Need, make_week
from kundelik_core.kernel.audit import Doer
from kundelik_core.kernel.ids import new_id
from kundelik_core.schools.actions.schools import NewSchool, add_school
from kundelik_core.schools.roster.apply import facts_of
from tests.factories import Factory
from tests.interop import testdata
from tests.web import browser, open_session, running

MAPPING = Path(__file__).parents[3] / "docs" / "examples" / "uci-student-performance.toml"
WORKS = """
title = "t"
school_year = 2026
[school]
name = "Мектеп"
[pupil]
full_name = "ФИО"
[classes]
column = "Класс"
[subjects.alg]
title = "Алгебра"
code = "algebra"
teacher = "Ли Анна"
[[marks]]
column = "СОР 1"
subject = "alg"
kind = "sor"
period = "q1"
maximum = 15
[[marks]]
column = "ФО"
subject = "alg"
kind = "fo"
period = "q1"
[[absences]]
column = "Н"
period = "q1"
"""


class Imported(NamedTuple):
    school: int
    done: Marks
    rows: list[dict[str, str]]


async def empty_school(factory: Factory, title: str) -> int:
    # Far from the ids that the factory hands out.
    last = await factory.tenant.fetchval("select max(id) from core.school")
    number = max(last or 0, 70_000_000) + 1
    school = NewSchool(id=number, title_kk=title, locale="en")
    return await add_school(factory.tenant, school)


@pytest.fixture(scope="module")
async def uci(factory: Factory) -> Imported:
    path = testdata("uci-student-performance/student-mat.csv")
    school = await empty_school(factory, "Escola Secundária UCI")
    mapping = load_mapping(MAPPING)
    done = await import_marks(school, read_marks(path, mapping), mapping, Doer(), facts_of(path))
    with path.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream, delimiter=";"))
    return Imported(school, done, rows)


def by_line(uci: Imported) -> dict[str, dict[str, str]]:
    """Rows by the id that their pupils have in a plan."""
    return {f"pupil:{row['school']}|line-{n}": row for n, row in enumerate(uci.rows, 2)}


@pytest.mark.interop
async def test_every_period_mark_is_the_one_of_the_file(uci: Imported, factory: Factory) -> None:
    assert uci.done.errors == []
    assert uci.done.plan is not None
    rows = await factory.tenant.fetch(
        "select r.pupil_id, r.period, r.mark from core.period_result r where r.school_id = $1",
        uci.school,
    )
    stored = {(row["pupil_id"], row["period"]): row["mark"] for row in rows}
    wanted = {
        (uci.done.plan.ids[key], period): row[column]
        for key, row in by_line(uci).items()
        for period, column in (("t1", "G1"), ("t2", "G2"), ("t3", "G3"))
    }
    assert len(wanted) == 3 * 395
    assert stored == wanted


@pytest.mark.interop
async def test_every_absence_of_the_file_stands_on_a_lesson(
    uci: Imported, factory: Factory
) -> None:
    rows = await factory.tenant.fetch(
        "select a.pupil_id, count(*) as n from core.absence a where a.school_id = $1 "
        "and a.code = 'absent_unexcused' group by 1", uci.school,
    )  # fmt: skip
    assert uci.done.plan is not None
    wanted = {
        uci.done.plan.ids[key]: int(row["absences"])
        for key, row in by_line(uci).items() if row["absences"] != "0"
    }  # fmt: skip
    assert {row["pupil_id"]: row["n"] for row in rows} == wanted
    assert sum(wanted.values()) == 2255
    sources = await factory.tenant.fetch(
        "select h.source, count(*) as n from core.cell_history h where h.school_id = $1 group by 1",
        uci.school,
    )
    found: list[tuple[object, ...]] = [tuple(row) for row in sources]
    assert found == [("import", 2255 + 3 * 395)]


@pytest.mark.interop
async def test_the_teacher_is_never_in_two_places(uci: Imported, factory: Factory) -> None:
    clashes = await factory.tenant.fetchval(
        "select count(*) from core.lesson l join core.lesson m on m.school_id = l.school_id "
        "and m.teacher_id = l.teacher_id and m.date = l.date and m.id > l.id "
        "and m.begins < l.ends and l.begins < m.ends where l.school_id = $1", uci.school,
    )  # fmt: skip
    assert clashes == 0
    assert uci.done.lessons > 1000


async def opened(account: UUID, path: str) -> str:
    """A page as the account's owner sees it."""
    token = await open_session(account)
    async with running() as app, browser(app, token=token) as client:
        answer = await client.get(path)
    assert answer.status_code == 200, answer.text[:500]
    return answer.text


@pytest.mark.interop
async def test_the_teacher_opens_a_journal(uci: Imported, factory: Factory) -> None:
    assert uci.done.plan is not None
    group = uci.done.plan.group_ids["math|10 «А»"]
    account = await factory.tenant.fetchval(
        "select p.account_id from core.person p where p.school_id = $1 and p.surname = 'Moura' "
        "and p.given = 'Helena'", uci.school,
    )  # fmt: skip
    page = await opened(account, f"/journal/{group}/t1")
    names = await factory.tenant.fetch(
        "select n.surname from core.group_pupil m join core.person n on n.id = m.pupil_id "
        "where m.school_id = $1 and m.group_id = $2", uci.school, group,
    )  # fmt: skip
    assert len(names) == 25
    assert all(row["surname"] in page for row in names)


@pytest.mark.interop
async def test_a_parent_opens_a_diary(uci: Imported, factory: Factory) -> None:
    assert uci.done.plan is not None
    pupil = uci.done.plan.ids["pupil:GP|line-2"]
    account = await factory.tenant.fetchval(
        "select p.account_id from core.guardianship g join core.person p "
        "on p.id = g.guardian_id where g.school_id = $1 and g.pupil_id = $2", uci.school, pupil,
    )  # fmt: skip
    assert await factory.directory.fetchval(
        "select count(*) from directory.account_child where account_id = $1 and pupil_id = $2",
        account, pupil,
    ) == 1  # fmt: skip
    page = await opened(account, f"/diary/{pupil}/marks")
    shown = re.findall(r">\s*(\d{1,2})\s*<", page)
    assert Counter(shown) >= Counter(["5", "6", "6"])


@pytest.mark.interop
async def test_the_same_file_again_changes_nothing(uci: Imported, factory: Factory) -> None:
    path = testdata("uci-student-performance/student-mat.csv")
    mapping = load_mapping(MAPPING)
    before = await _counts(factory, uci.school)
    again = await import_marks(
        uci.school, read_marks(path, mapping), mapping, Doer(), facts_of(path)
    )
    assert again.repeated is not None
    assert await _counts(factory, uci.school) == before


async def _counts(factory: Factory, school: int) -> list[Any]:
    return [
        await factory.tenant.fetchval(
            f"select md5(string_agg(t::text, '' order by t::text)) from core.{table} t "
            "where t.school_id = $1", school,
        )
        for table in ("person", "mark", "absence", "period_result", "lesson", "work",
                      "cell_history", "import_run")
    ]  # fmt: skip


async def small(factory: Factory, school: int, text: str) -> Marks:
    mapping = load_mapping(WORKS)
    return await import_marks(
        school, read_marks(text.encode(), mapping, name="m.csv"), mapping, Doer(),
        facts_of(text.encode(), "m.csv"),
    )  # fmt: skip


async def test_works_and_lessons_of_the_national_scheme(factory: Factory) -> None:
    school = await empty_school(factory, "№2 мектеп")
    done = await small(
        factory, school,
        "ФИО,Класс,СОР 1,ФО,Н\nКим Лев,7А,12,9,2\nПак Яна,7А,14,11,\nЦой Ия,7А,16,,1\n",
    )  # fmt: skip
    assert [(e.line, e.column, e.code) for e in done.errors] == [
        (3, "ФО", "out_of_range"), (4, "СОР 1", "out_of_range"),
    ]  # fmt: skip
    assert (done.marks.saved, done.marks.wrong, done.absences.saved) == (3, 2, 3)
    rows = await factory.tenant.fetch(
        "select n.surname, w.kind, w.max_points::int as top, m.points::int as points "
        "from core.mark m join core.work w on w.id = m.work_id join core.person n "
        "on n.id = m.pupil_id where m.school_id = $1 order by 1, 2", school,
    )  # fmt: skip
    found: list[tuple[object, ...]] = [tuple(row) for row in rows]
    assert found == [
        ("Ким", "fo", None, 9), ("Ким", "sor", 15, 12), ("Пак", "sor", 15, 14),
    ]  # fmt: skip


async def test_what_a_teacher_has_written_is_not_overwritten(factory: Factory) -> None:
    school = await empty_school(factory, "№3 мектеп")
    await small(factory, school, "ФИО,Класс,СОР 1,ФО,Н\nКим Лев,7А,12,,\n")
    again = await small(factory, school, "ФИО,Класс,СОР 1,ФО,Н\nКим Лев,7А,13,,\n")
    assert [(e.line, e.code) for e in again.errors] == [(2, "cell_conflict")]
    assert await factory.tenant.fetchval(
        "select m.points::int from core.mark m where m.school_id = $1", school
    ) == 12  # fmt: skip
    assert await factory.tenant.fetchval(
        "select count(*) from core.work w where w.school_id = $1", school
    ) == 1  # fmt: skip


async def test_marks_without_a_teacher_are_told(factory: Factory) -> None:
    school = await empty_school(factory, "№4 мектеп")
    mapping = load_mapping(WORKS.replace('teacher = "Ли Анна"', ""))
    text = "ФИО,Класс,СОР 1,ФО,Н\nКим Лев,7А,12,,\n"
    done = await import_marks(
        school, read_marks(text.encode(), mapping, name="m.csv"), mapping, Doer(),
        facts_of(text.encode(), "m.csv"),
    )  # fmt: skip
    assert [e.code for e in done.errors] == ["teacher_missing"]
    assert done.marks.saved == 0


def test_a_week_has_no_clash_while_there_is_room() -> None:
    teacher = new_id()
    needs = [
        Need(group=new_id(), grade=7, teacher=teacher, school_class=new_id(), shift=n % 2 + 1)
        for n in range(16)
    ]
    week = make_week(needs)
    assert len(week) == 48
    assert len({(hour.shift, hour.weekday, hour.lesson) for hour in week}) == 48
    assert make_week(needs) == week
    crowded = make_week([*needs, *needs, *needs, *needs, *needs])
    assert {hour.group for hour in crowded} == {need.group for need in needs}
