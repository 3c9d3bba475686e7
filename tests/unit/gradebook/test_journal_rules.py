"""The decision over a change of a cell: once, in any order, never silently over another's."""

from datetime import UTC, date, datetime
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kundelik_core.gradebook.cells import Column, decode, encode, merge, seen
from kundelik_core.gradebook.journal.model import (
    Change,
    Group,
    LessonRow,
    Outcome,
    Period,
    SavedWork,
    SaveState,
    Stint,
    Titles,
)
from kundelik_core.gradebook.journal.rules import Batch, decide
from kundelik_core.gradebook.schemes.entry import Cell
from kundelik_core.kernel.ids import new_id

LESSON, WORK = new_id(), new_id()
PUPILS = [new_id(), new_id()]
DAY = date(2026, 11, 3)
AT = datetime(2026, 11, 3, 9, tzinfo=UTC)
VALUES = ["", "1", "7", "10", "н", "8 о", "б", "9", "5 о"]


class Server:
    """Keeps what a database would keep between two saves."""

    def __init__(self, *, state: str = "open", until: date | None = None) -> None:
        self.state, self.until = state, until
        self.marks: dict[tuple[UUID, UUID], Cell] = {}
        self.absences: dict[tuple[UUID, UUID], str] = {}
        self.works: dict[UUID, SavedWork] = {
            WORK: SavedWork(WORK, LESSON, "sor", DAY, Decimal(15), "active")
        }
        self.known: set[tuple[UUID, UUID, UUID]] = set()
        self.history: list[tuple[UUID, UUID, str, str]] = []

    def batch(self) -> Batch:
        return Batch(
            SaveState(
                group=Group("g", 2026, 5, "active", "kz-cba-2022", 1, "quarter", "5А", "", "math",
                            Titles("", "", "")),
                teachers=[], homerooms=[],
                periods=[Period("q2", date(2026, 11, 2), date(2026, 12, 27), self.state)],
                columns=list(self.works.values()),
                lessons=[LessonRow(LESSON, DAY, "planned")],
                works=list(self.works.values()),
                members=[Stint(pupil, date(2026, 9, 1), self.until) for pupil in PUPILS],
                marks=[(*key, cell.points, cell.code) for key, cell in self.marks.items()],
                absences=[(*key, code) for key, code in self.absences.items()],
                known=sorted(self.known), given=[],
            ),
            "ru",
        )  # fmt: skip

    def save(self, *changes: Change) -> list[Outcome]:
        batch = self.batch()
        outcomes = decide(batch, changes)
        for work in batch.new_works.values():
            self.works[work.id] = SavedWork(
                work.id, work.lesson, work.kind, work.date, None, "active"
            )
        self.marks |= batch.new_marks
        for key, (code, _day) in batch.new_absences.items():
            self.absences.pop(key, None)
            if code:
                self.absences[key] = code
        for row in batch.history:
            self.known.add((row.column, row.pupil, row.id))
            self.history.append((row.column, row.pupil, row.old, row.new))
        return outcomes

    def value(self, column: UUID, pupil: UUID) -> str:
        batch = self.batch()
        found = batch.find(column)
        assert found is not None
        return batch.show(found, batch.cell(found, pupil))


changes = st.builds(
    Change,
    id=st.uuids(version=4),
    column=st.sampled_from([LESSON, WORK]),
    pupil=st.sampled_from(PUPILS),
    value=st.sampled_from(VALUES),
    base=st.sampled_from(VALUES),
)


@given(st.lists(changes, max_size=6), changes)
def test_the_same_change_twice_in_one_batch_is_written_once(
    before: list[Change], change: Change
) -> None:
    server, once = Server(), Server()
    for made in (server, once):
        made.save(*before)
    first, second = server.save(change, change)
    (single,) = once.save(change)
    assert first == single
    assert server.history == once.history
    assert server.marks == once.marks
    if first.state == "saved":
        assert second == first


@given(st.lists(changes, min_size=1, max_size=10), st.data())
def test_retries_in_any_order_lose_and_repeat_nothing(
    batch: list[Change], data: st.DataObject
) -> None:
    server = Server()
    saved = [c for c in batch if server.save(c)[0].state == "saved"]
    before = (dict(server.marks), dict(server.absences), list(server.history))
    for change in data.draw(st.permutations(saved)):
        assert server.save(change)[0].state == "saved"
    assert (server.marks, server.absences, server.history) == before


def _beside(change: Change, now: str) -> bool:
    """Points alone, typed into a work over the same points, or none: any absence stays as it is."""
    texts = (change.base, now, change.value)
    base, there, typed = ("".join(c for c in text if not c.isalpha()).strip() for text in texts)
    return change.column == WORK and base == there and typed == change.value.strip() != ""


@given(st.lists(changes, max_size=8), changes)
def test_a_conflict_is_neither_what_was_seen_nor_what_is_wanted(
    before: list[Change], change: Change
) -> None:
    server = Server()
    server.save(*before)
    now = server.value(change.column, change.pupil)
    (found,) = server.save(change)
    if any(
        c.id == change.id and (c.column, c.pupil) == (change.column, change.pupil) for c in before
    ):
        return
    after = server.value(change.column, change.pupil)
    if found.state == "conflict":
        assert now not in {change.base, change.value}
        assert found.theirs is not None
        assert found.theirs.value == now == after
    elif found.state == "saved":
        assert now == change.base or _beside(change, now)
        assert found.value == after
    elif found.state == "unchanged":
        assert now == after


@given(
    st.lists(
        st.tuples(st.sampled_from([0, 1]), st.sampled_from(["type", "look"]),
                  st.sampled_from(["", "7", "8", "н", "9 о"])),
        max_size=25,
    )
)  # fmt: skip
def test_two_clients_never_overwrite_what_they_have_not_seen(
    steps: list[tuple[int, str, str]],
) -> None:
    server = Server()
    views = ["", ""]
    for who, act, value in steps:
        if act == "look":
            views[who] = server.value(LESSON, PUPILS[0])
            continue
        change = Change(new_id(), LESSON, PUPILS[0], value, base=views[who])
        there = server.value(LESSON, PUPILS[0])
        (found,) = server.save(change)
        if found.state == "saved":
            assert there == views[who]
            assert server.history[-1][2] == encode(server_cell(there)), (
                "the history names what was replaced"
            )
            views[who] = found.value
        elif found.state == "unchanged":
            views[who] = found.value
        else:
            assert found.state == "conflict"
            assert server.value(LESSON, PUPILS[0]) == there
    olds = [row[2] for row in server.history]
    news = [row[3] for row in server.history]
    assert olds[1:] == news[:-1], "the history is one unbroken chain"


def server_cell(shown: str) -> Cell:
    letters = {"н": "absent_unexcused", "о": "late"}
    points, absence = None, None
    for piece in shown.split():
        if piece in letters:
            absence = letters[piece]
        else:
            points = Decimal(piece)
    return Cell(points=points, absence=absence)


@given(st.lists(changes, max_size=15))
def test_the_result_does_not_depend_on_the_way_there(batch: list[Change]) -> None:
    one, many = Server(), Server()
    one.save(*batch)
    for change in batch:
        many.save(change)
    assert one.marks == many.marks
    assert one.absences == many.absences
    assert [one.batch().result(p, "q2") for p in PUPILS] == [
        many.batch().result(p, "q2") for p in PUPILS
    ]


cells = st.builds(
    Cell,
    points=st.none() | st.decimals(0, 99, places=1),
    code=st.none(),
    absence=st.sampled_from([None, "late", "absent_ill", "absent_excused", "absent_unexcused"]),
) | st.builds(Cell, code=st.sampled_from(["pass", "fail"]))


@given(cells)
def test_the_history_keeps_a_cell_exactly(cell: Cell) -> None:
    assert decode(encode(cell)) == cell


@given(cells, cells)
def test_what_is_typed_is_what_is_seen(now: Cell, typed: Cell) -> None:
    for column in (
        Column(LESSON, LESSON, "fo", DAY, None),
        Column(WORK, LESSON, "sor", DAY, Decimal(15)),
    ):
        if typed.is_empty:
            continue
        assert seen(column, merge(column, now, typed)) == seen(column, typed)


@pytest.mark.parametrize(
    ("server", "code"),
    [
        (Server(state="closed"), "period-closed"),
        (Server(state="archived"), "period-closed"),
        (Server(until=date(2026, 11, 2)), "not-a-member"),
    ],
)
def test_a_place_that_takes_nothing(server: Server, code: str) -> None:
    (found,) = server.save(Change(new_id(), LESSON, PUPILS[0], "8"))
    assert (found.state, found.code) == ("refused", code)


def test_the_letter_of_the_other_keyboard_is_not_guessed() -> None:
    (found,) = Server().save(Change(new_id(), LESSON, PUPILS[0], "h"))
    assert (found.state, found.code) == ("refused", "look_alike")


def test_the_base_may_be_in_another_language() -> None:
    server = Server()
    server.save(Change(new_id(), LESSON, PUPILS[0], "8 о"))
    (found,) = server.save(Change(new_id(), LESSON, PUPILS[0], "9", base="8 к"))
    assert found.state == "saved"
