"""Saving marks on a real database: history, repeats, conflicts, races."""

import asyncio
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

import msgspec
import pytest

from kundelik_core.gradebook.access import Viewer
from kundelik_core.gradebook.journal.actions import LOCK, SaveResult, save_cells, save_comment
from kundelik_core.gradebook.journal.model import Change
from kundelik_core.gradebook.journal.queries import history, journal_page
from kundelik_core.gradebook.periods.actions import recompute
from kundelik_core.gradebook.results import Kept
from kundelik_core.kernel.db import tenant
from kundelik_core.kernel.errors import Problem
from kundelik_core.kernel.ids import new_id
from tests.factories import Factory, Journal

TODAY = date(2026, 11, 4)


def teacher_of(journal: Journal) -> Viewer:
    return Viewer(account=new_id(), person=journal.teacher, roles=frozenset({"teacher"}))


def change(column: UUID, pupil: UUID, value: str, base: str = "") -> Change:
    return Change(id=new_id(), column=column, pupil=pupil, value=value, base=base)


async def save(
    journal: Journal, *changes: Change, viewer: Viewer | None = None, period: str | None = None
) -> SaveResult:
    async with tenant(journal.school_id, write=True, lock=(LOCK, journal.group)) as tx:
        return await save_cells(
            tx,
            viewer or teacher_of(journal),
            journal.group,
            list(changes),
            locale="ru",
            today=TODAY,
            period=period,
        )


@pytest.fixture
async def journal(factory: Factory) -> Journal:
    return await factory.journal(await factory.school())


async def work(factory: Factory, journal: Journal, kind: str, top: int, lesson: int = 1) -> UUID:
    made = new_id()
    await factory.tenant.execute(
        "insert into core.work (school_id, id, group_id, lesson_id, kind, date, max_points) "
        "values ($1, $2, $3, $4, $5, $6, $7)",
        journal.school_id, made, journal.group, journal.lessons[lesson], kind,
        journal.dates[lesson], Decimal(top),
    )  # fmt: skip
    return made


async def stored(factory: Factory, journal: Journal) -> list[tuple[object, ...]]:
    rows = await factory.tenant.fetch(
        "select pupil_id, period, raw, terms::text, percent, mark, status, provisional "
        "from core.period_result where school_id = $1 and group_id = $2 order by 1, 2",
        journal.school_id,
        journal.group,
    )
    return [tuple(row.values()) for row in rows]


async def test_a_mark_is_kept_with_its_history_and_result(
    factory: Factory, journal: Journal
) -> None:
    pupil, lesson = journal.pupils[0], journal.lessons[0]
    saved = await save(journal, change(lesson, pupil, "8"))
    assert [(o.state, o.value) for o in saved.outcomes] == [("saved", "8")]
    assert saved.results[pupil].percent == 80
    saved = await save(journal, change(lesson, pupil, "9 о", base="8"))
    assert saved.outcomes[0].value == "9 о"
    async with tenant(journal.school_id) as tx:
        entries = await history(tx, journal.group, lesson, pupil)
        page = await journal_page(tx, journal.group, "", TODAY)
    assert [(e.old, e.new, e.by) for e in entries] == [
        ("", "8", "Оспанова Гүлнар"),
        ("8", "9 late", "Оспанова Гүлнар"),
    ]
    assert page.period == "q2"
    assert [(m.pupil, m.works, m.values) for m in page.marks] == [(str(pupil), [0], ["9"])]
    assert page.absences == [(str(lesson), str(pupil), "late")]
    kept = [(found, msgspec.json.decode(row, type=Kept)) for found, row in page.results]
    assert [(found, row.percent, row.mark) for found, row in kept] == [(str(pupil), 90, "5")]


async def test_the_same_id_twice_is_one_change(factory: Factory, journal: Journal) -> None:
    once = change(journal.lessons[0], journal.pupils[0], "8")
    first = await save(journal, once)
    again = await save(journal, once)
    assert first.outcomes == again.outcomes
    rows = await factory.tenant.fetchval(
        "select count(*) from core.cell_history where school_id = $1", journal.school_id
    )
    assert rows == 1


async def test_a_cell_that_changed_meanwhile_is_a_conflict_with_both_values(
    journal: Journal,
) -> None:
    lesson, pupil = journal.lessons[0], journal.pupils[0]
    await save(journal, change(lesson, pupil, "8"))
    (found,) = (await save(journal, change(lesson, pupil, "5", base=""))).outcomes
    assert found.state == "conflict"
    assert found.theirs is not None
    assert (found.theirs.value, found.theirs.by) == ("8", "Оспанова Гүлнар")
    (found,) = (await save(journal, change(lesson, pupil, "5", base="8"))).outcomes
    assert (found.state, found.value) == ("saved", "5")


async def test_two_at_once_lose_nothing(journal: Journal) -> None:
    lesson, pupil = journal.lessons[0], journal.pupils[0]
    both = await asyncio.gather(
        save(journal, change(lesson, pupil, "8")), save(journal, change(lesson, pupil, "5"))
    )
    assert sorted(s.outcomes[0].state for s in both) == ["conflict", "saved"]


async def test_columns_saved_at_once_give_the_result_of_all(
    factory: Factory, journal: Journal
) -> None:
    sor = await work(factory, journal, "sor", 15)
    soch = await work(factory, journal, "soch", 25, lesson=2)
    pupil = journal.pupils[0]
    columns = [*journal.lessons[:4], sor, soch]
    values = ["8", "9", "7", "6", "12", "21"]
    await asyncio.gather(
        *(save(journal, change(c, pupil, v)) for c, v in zip(columns, values, strict=True))
    )
    before = await stored(factory, journal)
    async with tenant(journal.school_id, write=True, lock=(LOCK, journal.group)) as tx:
        await recompute(tx, journal.group, "q2")
    # 30/40 of 25, 12/15 of 25 and 21/25 of 50
    assert [row for row in before if row[0] == pupil] == [
        row for row in await stored(factory, journal) if row[0] == pupil
    ]
    assert before[0][2:6:2] == ("323/4", 81)
    assert before[0][5] == "4"


@pytest.mark.parametrize(
    ("value", "code"),
    [("11", "out_of_range"), ("x", "not_a_mark"), ("8.5", "whole_only"), ("-1", "not_a_mark")],
)
async def test_what_does_not_fit_is_refused_with_a_reason(
    journal: Journal, value: str, code: str
) -> None:
    good = change(journal.lessons[0], journal.pupils[1], "7")
    saved = await save(journal, change(journal.lessons[0], journal.pupils[0], value), good)
    assert [(o.state, o.code) for o in saved.outcomes] == [("refused", code), ("saved", "")]


async def test_a_closed_period_takes_nothing(factory: Factory, journal: Journal) -> None:
    await factory.tenant.execute(
        "update core.period set state = 'closed' where school_id = $1 and code = 'q2'",
        journal.school_id,
    )
    (found,) = (await save(journal, change(journal.lessons[0], journal.pupils[0], "8"))).outcomes
    assert (found.state, found.code) == ("refused", "period-closed")


async def test_strangers_columns_and_pupils_are_refused(factory: Factory, journal: Journal) -> None:
    other = await factory.journal(journal.school_id, first=date(2026, 11, 3))
    saved = await save(
        journal,
        change(other.lessons[0], journal.pupils[0], "8"),
        change(journal.lessons[0], other.pupils[0], "8"),
    )
    assert [o.code for o in saved.outcomes] == ["unknown-column", "not-a-member"]
    with pytest.raises(Problem, match="not-found"):
        await save(journal, change(journal.lessons[0], journal.pupils[0], "8"),
                   viewer=teacher_of(other))  # fmt: skip
    deputy = Viewer(account=new_id(), person=new_id(), roles=frozenset({"deputy"}))
    with pytest.raises(Problem, match="read-only"):
        await save(journal, change(journal.lessons[0], journal.pupils[0], "8"), viewer=deputy)


async def test_an_absence_belongs_to_the_lesson_and_shows_in_its_work(
    factory: Factory, journal: Journal
) -> None:
    sor = await work(factory, journal, "sor", 15)
    pupil, lesson = journal.pupils[0], journal.lessons[1]
    await save(journal, change(sor, pupil, "н"))
    (found,) = (await save(journal, change(lesson, pupil, "б", base="н"))).outcomes
    assert found.state == "saved"
    (found,) = (await save(journal, change(sor, pupil, "13", base="б"))).outcomes
    assert (found.state, found.value) == ("saved", "13")
    async with tenant(journal.school_id) as tx:
        page = await journal_page(tx, journal.group, "q2", TODAY)
    assert page.absences == [(str(lesson), str(pupil), "absent_ill")]


async def test_equal_ids_in_two_schools_stay_apart(factory: Factory, journal: Journal) -> None:
    twin = await factory.school()
    for table in (
        "person", "subject", "teaching_group", "group_teacher", "group_pupil", "lesson",
    ):  # fmt: skip
        names = ", ".join(
            [r["attname"] for r in await factory.tenant.fetch(
                "select attname::text from pg_catalog.pg_attribute where attnum > 0 "
                "and attrelid = to_regclass($1) and attname <> 'school_id'", f"core.{table}")]
        )  # fmt: skip
        await factory.tenant.execute(
            f"insert into core.{table} (school_id, {names}) select {twin}, {names} "
            f"from core.{table} where school_id = $1",
            journal.school_id,
        )
    await save(journal, change(journal.lessons[0], journal.pupils[0], "8"))
    async with tenant(twin) as tx:
        page = await journal_page(tx, journal.group, "q2", TODAY)
    assert page.group is not None
    assert not page.marks
    assert not page.results


async def test_a_comment_has_a_history_too(journal: Journal) -> None:
    cell = (journal.lessons[0], journal.pupils[0])
    key = new_id()
    for expected in (True, False):
        async with tenant(journal.school_id, write=True, lock=(LOCK, journal.group)) as tx:
            changed = await save_comment(
                tx, teacher_of(journal), journal.group, cell, key, "Жарайсың!", today=TODAY
            )
        assert changed is expected
    async with tenant(journal.school_id) as tx:
        (entry,) = await history(tx, journal.group, *cell)
    assert (entry.field, entry.old, entry.new) == ("comment", "", "Жарайсың!")


async def test_a_whole_column_is_four_messages_with_its_transaction(factory: Factory) -> None:
    journal = await factory.journal(await factory.school(), pupils=30)
    sent: list[str] = []

    def note(message: object) -> None:
        sent.append(str(getattr(message, "query", "")))

    first = [change(journal.lessons[0], pupil, "7") for pupil in journal.pupils[:1]]
    column = [change(journal.lessons[1], pupil, "8") for pupil in journal.pupils]
    await save(journal, *first)
    async with tenant(journal.school_id, write=True, lock=(LOCK, journal.group)) as tx:
        pooled: Any = tx.connection
        connection = pooled._con
        connection.add_query_logger(note)
        saved = await save_cells(
            tx, teacher_of(journal), journal.group, column, locale="kk", today=TODAY
        )
    await asyncio.sleep(0)  # a log hears of a statement with the loop's next turn
    connection.remove_query_logger(note)
    assert {o.state for o in saved.outcomes} == {"saved"}
    # BEGIN and the lock went out before the log was hung up.
    assert [text.split()[0].lower() for text in sent] == ["with", "select", "commit"]
