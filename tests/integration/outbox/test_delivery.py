"""Events arrive in order, at least once, whatever the plugin and the process do."""

import asyncio
import random
from datetime import UTC, datetime, timedelta
from uuid import UUID

import msgspec
import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from kundelik_core.kernel import clock
from kundelik_core.kernel.db import tenant
from kundelik_core.kernel.ids import new_id
from kundelik_core.kernel.jobs.tasks import Later
from kundelik_core.kernel.outbox.deliver import (
    _CLAIM,
    _NEXT,
    Unwanted,
    deliver_due,
    plugins_due,
)
from kundelik_core.kernel.outbox.letters import (
    dead_letters,
    discard_dead,
    discard_plugin,
    retry_dead,
    waiting,
)
from kundelik_core.sdk.events import Event, MarkRecorded
from tests.depth import looks
from tests.factories import Factory
from tests.integration.outbox.conftest import Listeners, Plugin, say

BEGIN = datetime(2026, 11, 22, 6, 0, tzinfo=UTC)


async def rows(factory: Factory, school: int) -> list[tuple[str, int]]:
    found = await factory.tenant.fetch(
        "select state, tries from core.outbox where school_id = $1 order by seq", school
    )
    return [(row["state"], row["tries"]) for row in found]


async def test_what_is_delivered_is_gone(factory: Factory, listeners: Listeners) -> None:
    school, plugin = await factory.school(), Plugin()
    students = [new_id(), new_id()]
    ids = await say(school, students)
    assert await plugins_due(school) == ["praise"]
    assert await deliver_due(school, "praise", plugin) is None
    assert [event.id for event in plugin.heard] == ids
    first = plugin.heard[0]
    assert isinstance(first.data, MarkRecorded)
    assert (first.type, first.school_id, first.data.student_id) == (
        "mark.recorded.v1", school, students[0],
    )  # fmt: skip
    assert await rows(factory, school) == []
    assert await plugins_due(school) == []


async def test_without_subscribers_nothing_is_written(
    factory: Factory, listeners: Listeners
) -> None:
    listeners.plugins = ()
    school = await factory.school()
    await say(school, [new_id()])
    assert await rows(factory, school) == []
    assert listeners.asked == 1


async def test_a_rollback_takes_the_event_along(factory: Factory, listeners: Listeners) -> None:
    from kundelik_core.kernel.outbox.emit import Happened, emit

    school = await factory.school()
    data = MarkRecorded(student_id=new_id(), group_id=new_id(), work_id=new_id())
    with pytest.raises(ZeroDivisionError):
        async with tenant(school, write=True) as tx:
            await emit(tx, (MarkRecorded,), lambda: [Happened(data)])
            raise ZeroDivisionError
    assert await rows(factory, school) == []


async def test_each_plugin_gets_its_own_copy(factory: Factory, listeners: Listeners) -> None:
    listeners.plugins = ("praise", "rating")
    school, plugin = await factory.school(), Plugin()
    (event,) = await say(school, [new_id()])
    await deliver_due(school, "praise", plugin)
    assert await plugins_due(school) == ["rating"]
    await deliver_due(school, "rating", plugin)
    assert [heard.id for heard in plugin.heard] == [event, event]


async def test_a_failure_holds_back_its_own_student_only(
    factory: Factory, listeners: Listeners
) -> None:
    school, plugin = await factory.school(), Plugin()
    one, other = new_id(), new_id()
    ids = await say(school, [one, one, other])
    plugin.raises[ids[0]] = [ValueError("nobody shall read this")]
    with clock.set_now(BEGIN + timedelta(days=1)):
        again = await deliver_due(school, "praise", plugin)
        assert [event.id for event in plugin.heard] == [ids[2]]
        assert again == BEGIN + timedelta(days=1, seconds=10)
        assert await rows(factory, school) == [("waiting", 1), ("waiting", 0)]
    with clock.set_now(again):
        assert await deliver_due(school, "praise", plugin) is None
    assert [event.id for event in plugin.heard] == [ids[2], ids[0], ids[1]]


async def test_after_eight_tries_it_is_a_dead_letter_and_the_next_one_comes(
    factory: Factory, listeners: Listeners
) -> None:
    school, plugin, student = await factory.school(), Plugin(), new_id()
    bad, good = await say(school, [student, student])
    plugin.raises[bad] = [LookupError("Айша") for _ in range(8)]
    now, pauses = clock.now(), []
    for _ in range(8):
        with clock.set_now(now):
            again = await deliver_due(school, "praise", plugin)
        if again is not None:
            pauses.append((again - now).total_seconds())
            now = again
    assert pauses == [10, 40, 160, 640, 2560, 10240, 21600]
    assert [event.id for event in plugin.heard] == [good]
    async with tenant(school) as tx:
        (letter,) = await dead_letters(tx)
        assert (letter.id, letter.plugin, letter.tries, letter.error) == (
            bad, "praise", 8, "LookupError",
        )  # fmt: skip
        assert await dead_letters(tx, "rating") == []
        (state,) = await waiting(tx)
        assert (state.plugin, state.waiting, state.dead) == ("praise", 0, 1)
    async with tenant(school, write=True) as tx:
        assert await retry_dead(tx, "praise", [bad]) == 1
    await deliver_due(school, "praise", plugin)
    assert [event.id for event in plugin.heard] == [good, bad]


async def test_dead_letters_can_be_thrown_away(factory: Factory, listeners: Listeners) -> None:
    school, plugin = await factory.school(), Plugin()
    first, second, third = await say(school, [new_id(), new_id(), new_id()])
    plugin.raises = {key: [ValueError()] for key in (first, second)}
    await deliver_due(school, "praise", plugin, max_tries=lambda _kind: 1)
    async with tenant(school, write=True) as tx:
        assert await discard_dead(tx, "praise", [third]) == 0
        assert await discard_dead(tx, "praise", [first]) == 1
        assert [letter.id for letter in await dead_letters(tx)] == [second]
        assert await discard_plugin(tx, "praise") == 1
    assert await rows(factory, school) == []


async def test_later_and_unwanted_are_no_failures(factory: Factory, listeners: Listeners) -> None:
    school, plugin = await factory.school(), Plugin()
    put_off, dropped = await say(school, [new_id(), new_id()])
    plugin.raises = {put_off: [Later(120)], dropped: [Unwanted()]}
    now = clock.now()
    with clock.set_now(now):
        again = await deliver_due(school, "praise", plugin)
    assert again == now + timedelta(seconds=120)
    assert await rows(factory, school) == [("waiting", 0)]
    with clock.set_now(again):
        await deliver_due(school, "praise", plugin)
    assert [event.id for event in plugin.heard] == [put_off]


async def test_a_handler_that_hangs_is_given_up(factory: Factory, listeners: Listeners) -> None:
    school = await factory.school()
    await say(school, [new_id()])

    async def hang(_plugin: str, _event: Event[MarkRecorded]) -> None:
        await asyncio.Event().wait()

    assert await deliver_due(school, "praise", hang, handler_seconds=0.05) is not None
    assert await rows(factory, school) == [("waiting", 1)]


async def test_a_process_that_dies_leaves_the_event_to_another(
    factory: Factory, listeners: Listeners
) -> None:
    school, plugin, student = await factory.school(), Plugin(), new_id()
    ids = await say(school, [student, student])
    started = asyncio.Event()

    async def never(_plugin: str, _event: Event[MarkRecorded]) -> None:
        started.set()
        await asyncio.Event().wait()

    dying = asyncio.create_task(deliver_due(school, "praise", never))
    await started.wait()
    dying.cancel()
    await asyncio.gather(dying, return_exceptions=True)
    again = await deliver_due(school, "praise", plugin)
    assert plugin.heard == []
    assert again is not None
    with clock.set_now(again):
        await deliver_due(school, "praise", plugin)
    assert [event.id for event in plugin.heard] == ids


async def test_who_lost_the_claim_takes_nothing_away(
    factory: Factory, listeners: Listeners
) -> None:
    """A handler that outlives its lease succeeds late, while somebody else delivers again."""
    school, student = await factory.school(), new_id()
    await say(school, [student])
    counts: list[int] = []

    async def slow(_plugin: str, _event: Event[MarkRecorded]) -> None:
        # The second delivery begins inside the first one.
        counts.append(1)
        if len(counts) == 1:
            with clock.set_now(clock.now() + timedelta(minutes=5)):
                await deliver_due(school, "praise", slow)
            assert await rows(factory, school) == [("waiting", 1)]
        else:
            raise ValueError

    await deliver_due(school, "praise", slow)
    assert len(counts) == 2
    assert await rows(factory, school) == [("waiting", 1)]


async def test_many_deliverers_share_the_work_and_keep_the_order(
    factory: Factory, listeners: Listeners
) -> None:
    school = await factory.school()
    students = [new_id() for _ in range(5)]
    order: dict[UUID, list[UUID]] = {student: [] for student in students}
    for _ in range(8):
        for student, event in zip(students, await say(school, students), strict=True):
            order[student].append(event)
    heard: dict[UUID, list[UUID]] = {student: [] for student in students}
    running: set[UUID] = set()
    chance = random.Random(7)

    async def deliver(_plugin: str, event: Event[MarkRecorded]) -> None:
        student = event.data.student_id
        assert student not in running, "two events of one student at once"
        running.add(student)
        for _ in range(chance.randrange(4)):
            await asyncio.sleep(0)
        running.remove(student)
        heard[student].append(event.id)

    await asyncio.gather(*(deliver_due(school, "praise", deliver) for _ in range(4)))
    await deliver_due(school, "praise", deliver)
    assert heard == order
    assert await rows(factory, school) == []


@pytest.mark.parametrize("of_others", [0, 20])
async def test_a_backlog_does_not_slow_down_the_claim(
    factory: Factory, listeners: Listeners, of_others: int
) -> None:
    """Nothing may depend on statistics: they were taken before, and what they saw is set here."""
    school, students = await factory.school(), [new_id() for _ in range(100)]
    other = await factory.school()
    # What earlier tests left in the table, and in its indexes, would be counted as well.
    await factory.tenant.execute("truncate core.outbox")
    for _ in range(of_others):
        await say(other, students)
    await factory.tenant.execute("vacuum analyze core.outbox")
    for _ in range(30):
        await say(school, students)
    buffers = []
    async with tenant(school, write=True, quiet=True) as tx:
        now = clock.now()
        for sql, args in ((_CLAIM, (now, 16, now, new_id())), (_NEXT, ())):
            plan = await tx.fetchval(
                f"explain (analyze, buffers, format json) {sql}", school, "praise", *args
            )
            top = msgspec.json.decode(plan)[0]["Plan"]
            buffers.append(top["Shared Hit Blocks"] + top["Shared Read Blocks"])
    assert buffers[0] < 600, "16 rows are taken by their indexes"
    assert buffers[1] < 200, "the first row that is the first of its subject is enough"


Fate = st.lists(st.sampled_from(["fail", "later", "die"]), max_size=4)


@looks(15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(plan=st.lists(st.tuples(st.integers(0, 2), Fate), min_size=1, max_size=12))
async def test_whatever_fails_all_arrive_in_order(
    factory: Factory, listeners: Listeners, plan: list[tuple[int, list[str]]]
) -> None:
    """Events of three students; each fails, waits or is lost in a crash as the plan says."""
    school = await factory.school()
    students = [new_id() for _ in range(3)]
    fates: dict[UUID, list[str]] = {}
    order: dict[UUID, list[UUID]] = {student: [] for student in students}
    for who, fate in plan:
        (event,) = await say(school, [students[who]])
        fates[event] = list(fate)
        order[students[who]].append(event)
    heard: dict[UUID, list[UUID]] = {student: [] for student in students}

    async def deliver(_plugin: str, event: Event[MarkRecorded]) -> None:
        fate = fates[event.id].pop(0) if fates[event.id] else "hear"
        if fate == "fail":
            raise ValueError
        if fate == "later":
            raise Later(30)
        heard[event.data.student_id].append(event.id)
        if fate == "die":
            raise asyncio.CancelledError

    now = clock.now()
    for _ in range(200):
        with clock.set_now(now):
            try:
                again = await deliver_due(school, "praise", deliver)
            except asyncio.CancelledError:
                again = now + timedelta(seconds=91)
        if again is None:
            break
        now = max(again, now + timedelta(seconds=1))
    assert await rows(factory, school) == []
    for student in students:
        # Heard twice only where the process died after the handler had done its work.
        assert list(dict.fromkeys(heard[student])) == order[student]
