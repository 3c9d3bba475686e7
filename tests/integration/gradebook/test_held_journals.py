"""A journal that is held between two saves never decides by what is old, and loses nothing."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from datetime import date
from typing import Any
from uuid import UUID

import pytest

from kundelik_core.gradebook.journal.actions import LOCK
from kundelik_core.gradebook.journal.held import JOURNALS, Journals
from kundelik_core.gradebook.periods.actions import recompute
from kundelik_core.kernel import db
from kundelik_core.kernel.db import tenant
from kundelik_core.kernel.ids import new_id
from kundelik_core.kernel.outbox.emit import set_subscribers
from tests.factories import Factory
from tests.integration.gradebook.test_kept_pages import _plain_update
from tests.integration.gradebook.test_pages import Town, cell, save, town, work
from tests.integration.gradebook.test_save_cells import change, stored
from tests.integration.gradebook.test_save_cells import save as save_elsewhere

pytestmark = pytest.mark.usefixtures("at_school")
__all__ = ["town"]

Act = Callable[[Town], Awaitable[object]]


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """List the statements that are sent without a ``tenant()`` around them."""
    found: list[str] = []
    real = db.alone

    async def noted(school_id: int, sql: str, *args: object) -> Any:
        answer = await real(school_id, sql, *args)
        found.append(f"{sql.partition('(')[0]} {answer}")
        return answer

    monkeypatch.setattr("kundelik_core.gradebook.journal.actions.alone", noted)
    return found


async def _warm(town: Town) -> None:
    """Save twice: with the second save a journal is held."""
    assert await _states(town, cell(town, "5", pupil=1, lesson=3)) == ["saved"]
    assert JOURNALS.find(town.journal.school_id, town.journal.group) is None
    assert await _states(town, cell(town, "5", pupil=1, lesson=4)) == ["saved"]
    assert JOURNALS.find(town.journal.school_id, town.journal.group) is not None


async def _states(town: Town, *cells: Any) -> list[str]:
    return [result["state"] for result in (await save(town, *cells))["results"]]


async def test_the_third_save_is_one_statement(town: Town, sent: list[str]) -> None:
    await _warm(town)
    assert sent == []
    assert await _states(town, cell(town, "6", pupil=1, lesson=2)) == ["saved"]
    assert await _states(town, cell(town, "7", "6", pupil=1, lesson=2)) == ["saved"]
    assert await _states(town, cell(town, "н", pupil=0, lesson=1)) == ["saved"]
    # Into a column that is there it is one mark, else more comes with it.
    assert sent == [f"select core.save_{what} True" for what in ("cells", "cell", "cells")]


async def test_what_comes_twice_is_kept_once(factory: Factory, town: Town) -> None:
    await _warm(town)
    one = cell(town, "6", pupil=1)
    first = await save(town, one)
    for _ in range(2):
        again = await save(town, one)
        assert again["results"] == first["results"]
        assert again["computed"] == first["computed"]
    # Two in one batch, one of them known: what is new is written, what is known is not.
    assert await _states(town, one, cell(town, "7", lesson=1)) == ["saved", "saved"]
    rows = await factory.tenant.fetchval(
        "select count(*) from core.cell_history where school_id = $1", town.journal.school_id
    )
    assert rows == 4


async def _elsewhere(town: Town, value: str, lesson: int = 0, base: str = "") -> None:
    """Write into a cell as another process does, which holds nothing."""
    where = town.journal
    held, JOURNALS._held = JOURNALS._held, type(JOURNALS._held)()
    try:
        made = change(where.lessons[lesson], where.pupils[0], value, base)
        (found,) = (await save_elsewhere(where, made)).outcomes
        assert found.state == "saved"
    finally:
        JOURNALS._held = held


CHANGES: dict[str, tuple[Act, str]] = {
    "nothing": (lambda t: asyncio.sleep(0), "saved"),
    "the same cell": (lambda t: _elsewhere(t, "9"), "conflict"),
    "what is wanted": (lambda t: _elsewhere(t, "6"), "unchanged"),
    "another cell": (lambda t: _elsewhere(t, "9", lesson=2), "saved"),
    "an absence": (lambda t: _elsewhere(t, "н"), "conflict"),
    "a closed period": (
        lambda t: _plain_update(t, "update core.period set state = 'closed' where school_id = $1"),
        "refused",
    ),
    "a cancelled lesson": (
        lambda t: _plain_update(
            t, "update core.lesson set status = 'cancelled' where school_id = $1 and id = $2",
            t.journal.lessons[0],
        ),
        "refused",
    ),
    "a pupil who left": (
        lambda t: _plain_update(
            t,
            "update core.group_pupil set to_date = $2 where school_id = $1 and pupil_id = $3",
            date(2026, 11, 1),
            t.journal.pupils[0],
        ),
        "refused",
    ),
}  # fmt: skip


@pytest.mark.parametrize("one", [False, True], ids=["with-its-column", "one-mark"])
@pytest.mark.parametrize("what", CHANGES, ids=lambda name: name.replace(" ", "-"))
async def test_what_changed_meanwhile_decides(
    factory: Factory, town: Town, what: str, one: bool, sent: list[str]
) -> None:
    act, state = CHANGES[what]
    await _warm(town)
    if one:
        assert await _states(town, cell(town, "4", pupil=1)) == ["saved"]
        sent.clear()
    await act(town)
    (found,) = (await save(town, cell(town, "6")))["results"]
    assert found["state"] == state
    if state == "conflict":
        assert found["theirs"]["by"]
    function = f"select core.save_cell{'' if one else 's'}"
    # Where somebody else wrote, the attempt is in vain, or no attempt is made.
    assert (f"{function} True" in sent) is (what == "nothing")
    assert set(sent) <= {f"{function} True", f"{function} False"}
    if what != "a closed period":  # whose results are computed as at its end
        await _same_as_computed_anew(factory, town)


async def test_who_teaches_no_more_writes_no_more(town: Town) -> None:
    await _warm(town)
    await _plain_update(
        town, "update core.group_teacher set to_date = $2 where school_id = $1", date(2026, 11, 1)
    )
    answer = await town.teacher.post(
        f"{town.api}/cells", json={"changes": [cell(town, "6", pupil=1)]}
    )
    assert answer.status_code == 403
    assert (await town.parent.post(f"{town.api}/cells", json={"changes": []})).status_code == 403


async def _same_as_computed_anew(factory: Factory, town: Town) -> None:
    """Compare the results that saves have written with those of all marks together."""
    where = town.journal
    kept = await stored(factory, where)
    async with tenant(where.school_id, write=True, lock=(LOCK, where.group)) as tx:
        await recompute(tx, where.group, "q2")
    anew = [row for row in await stored(factory, where) if row[0] in {row[0] for row in kept}]
    assert kept == anew


@pytest.mark.parametrize("seed", range(3))
async def test_results_follow_every_save(factory: Factory, town: Town, seed: int) -> None:
    rng = random.Random(seed)
    sor = work()
    assert (await town.teacher.post(f"{town.api}/works", json=sor)).status_code == 200
    values: dict[tuple[int, str], str] = {}
    columns = [str(lesson) for lesson in town.journal.lessons[:3]] + [sor["id"]]
    for _ in range(30):
        pupil, column = rng.randrange(2), rng.choice(columns)
        base = values.get((pupil, column), "")
        value = rng.choice(["", "3", "10", "8 о", "н", "б", "7"])
        made = cell(town, value, base, pupil=pupil) | {"column": column}
        answer = await save(town, made)
        # An absence typed into a work without a lesson is refused.
        assert answer["results"][0]["state"] in {"saved", "unchanged", "refused"}, answer
        values[pupil, column] = answer["results"][0]["value"]
        for other in answer["beside"]:
            whose = town.journal.pupils.index(UUID(other["pupil"]))
            values[whose, other["column"]] = other["value"]
        if rng.random() < 0.2:
            JOURNALS.clear()
    await _same_as_computed_anew(factory, town)


async def test_many_at_once_lose_nothing(factory: Factory, town: Town) -> None:
    await _warm(town)
    where = town.journal
    some = [(pupil, lesson) for pupil in range(2) for lesson in range(3)]
    done = await asyncio.gather(
        *(_states(town, cell(town, "8", pupil=p, lesson=n)) for p, n in some),
        *(
            save_elsewhere(where, change(where.lessons[5], where.pupils[0], str(n), str(n - 1)))
            for n in range(1, 2)
        ),
    )
    assert done[: len(some)] == [["saved"]] * len(some)
    assert await factory.tenant.fetchval(
        "select count(*) from core.mark where school_id = $1 and points = 8", where.school_id
    ) == len(some)
    await _same_as_computed_anew(factory, town)


async def test_who_listens_is_told(factory: Factory, town: Town) -> None:
    await _warm(town)
    set_subscribers(lambda _school, kind: ["ear"] if kind.startswith("mark.") else [])
    try:
        assert await _states(town, cell(town, "6")) == ["saved"]
        held = JOURNALS.find(town.journal.school_id, town.journal.group)
        assert held is not None
        held.versions = (held.versions[0], 0)
        assert await _states(town, cell(town, "7", "6")) == ["saved"]
    finally:
        set_subscribers(None)
    rows = await factory.tenant.fetch(
        "select type from core.outbox where school_id = $1 order by id", town.journal.school_id
    )
    assert [row["type"] for row in rows] == ["mark.recorded.v1", "mark.changed.v1"]


async def test_a_save_that_failed_leaves_nothing_behind(
    factory: Factory, town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    await _warm(town)

    async def gone(*_args: object) -> Any:
        raise ConnectionResetError

    with monkeypatch.context() as patch:
        patch.setattr("kundelik_core.gradebook.journal.actions.alone", gone)
        answer = await town.teacher.post(f"{town.api}/cells", json={"changes": [cell(town, "6")]})
        assert answer.status_code == 503
    assert await _states(town, cell(town, "7")) == ["saved"]
    await _same_as_computed_anew(factory, town)


async def test_what_is_not_saved_keeps_what_is_held(town: Town, sent: list[str]) -> None:
    await _warm(town)
    for value, base in (("5", "5"), ("4", "9"), ("77", "5")):
        await save(town, cell(town, value, base, pupil=1, lesson=4))
    assert await _states(town, cell(town, "6")) == ["saved"]
    assert sent == ["select core.save_cells True"]


async def test_where_two_take_turns_neither_reads_it_all(town: Town, sent: list[str]) -> None:
    await _warm(town)
    where = town.journal
    for number in range(1, 5):
        base = str(number - 1) if number > 1 else ""
        await _elsewhere(town, str(number), lesson=5, base=base)
        assert await _states(town, cell(town, str(number), base)) == ["saved"]
        assert JOURNALS.find(where.school_id, where.group) is None
    assert sent == ["select core.save_cells False"]
    # Another change from here makes no vain attempt either.
    await _states(town, cell(town, "6", lesson=1))
    await _states(town, cell(town, "7", "6", lesson=1))
    assert JOURNALS.find(where.school_id, where.group) is not None
    remark = {"id": str(new_id()), "comment": "Жарайсың"}
    path = f"{town.api}/cells/{where.lessons[1]}/{where.pupils[0]}/comment"
    assert (await town.teacher.post(path, json=remark)).is_success
    assert await _states(town, cell(town, "8", "7", lesson=1)) == ["saved"]
    assert sent == ["select core.save_cells False"]


def test_the_longest_unused_goes_first() -> None:
    journals, ground = Journals(2), Any
    keys = [new_id() for _ in range(3)]
    for key in keys[:2]:
        journals.hold(1, key, ground, (1, 1))  # type: ignore[arg-type]
    first = journals.find(1, keys[0])
    journals.hold(1, keys[2], ground, (1, 1))  # type: ignore[arg-type]
    assert journals.find(1, keys[1]) is None
    assert journals.find(1, keys[0]) is first
    assert first is not None
    journals.hold(1, keys[0], ground, (1, 0))  # type: ignore[arg-type]
    assert journals.find(1, keys[0]) is first, "what is older takes no place"
    journals.hold(1, keys[0], ground, (2, 0))  # type: ignore[arg-type]
    journals.drop(1, keys[0], first)
    assert journals.find(1, keys[0]) is not None, "only what became old is dropped"
    assert len(journals) == 2
