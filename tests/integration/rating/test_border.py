"""What the plugin hears, gives out, erases and shows in a demo; what it gets of the core."""

from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from uuid import UUID

import pytest

from kundelik_core.kernel.ids import new_id
from kundelik_core.sdk import (
    DemoRequest,
    Erasure,
    Event,
    Health,
    Record,
    StudentEnrolled,
    StudentLeft,
    Subject,
)
from tests.factories import Journal
from tests.integration.rating.conftest import MONDAY, Rated, at
from tests.integration.rating.test_nights import TWELVE, results


def told(rated: Rated, journal: Journal, pupil: UUID, *, came: bool = False) -> Event[StudentLeft]:
    kind = StudentEnrolled if came else StudentLeft
    return Event(
        id=new_id(), type=f"student.{'enrolled' if came else 'left'}.v1", school_id=rated.school,
        occurred_at=datetime.now(UTC), actor_id=None,
        data=kind(student_id=pupil, class_id=journal.school_class),  # type: ignore[arg-type]
    )  # fmt: skip


async def counted(rated: Rated) -> set[UUID]:
    rows = await rated.rows("select student_id from standing where counted")
    return {row["student_id"] for row in rows}


async def published(rated: Rated, pupils: int = 12) -> Journal:
    journal = await rated.group(pupils)
    await rated.results(journal.group, results(journal, TWELVE[:pupils]))
    await rated.night(MONDAY)
    return journal


@pytest.mark.parametrize("came", [False, True])
async def test_who_leaves_is_off_the_list_at_once(rated: Rated, came: bool) -> None:
    journal = await published(rated)
    pupil = journal.pupils[11]
    event = told(rated, journal, pupil, came=came)
    async with at(MONDAY + timedelta(days=1)):
        await rated.call("event", event.type, event)
        assert await counted(rated) == set(journal.pupils)
        # In the group until today: it will be told of again, or the next night sees it.
        await rated.leave(journal, pupil, MONDAY + timedelta(days=1))
        for _twice in range(2):
            await rated.call("event", event.type, event)
            assert await counted(rated) == set(journal.pupils) - {pupil}
            assert await rated.rows("select nameless from round") == [{"nameless": ["98"]}]


async def test_a_record_of_everything_that_is_held(rated: Rated) -> None:
    journal = await published(rated)
    pupil = journal.pupils[0]
    await rated.choose(pupil, hidden=True, opted_out=True)
    found: list[Record] = await rated.call("privacy", "export", Subject(kind="student", id=pupil))
    assert [(one.title.en, one.values) for one in found] == [
        (
            "The pupil's results as published",
            {
                "group_id": str(journal.group), "period": "q2", "day": "2026-11-09",
                "result": "31", "band": "lower",
            },
        ),
        ("What the family chose for its child", {"hidden": True, "dismissed": False}),
        (
            "The family asked that its child is not counted",
            {"since": "2026-11-09", "until": None},
        ),
    ]  # fmt: skip
    text = str(found)
    assert not any(str(other) in text for other in journal.pupils[1:])
    assert not await rated.call("privacy", "export", Subject(kind="guardian", id=pupil))


@pytest.mark.parametrize("mode", ["erase", "anonymise"])
async def test_erased_is_gone_from_every_table_and_stays_in_the_sums(
    rated: Rated, mode: str
) -> None:
    journal = await published(rated)
    pupil = journal.pupils[11]
    await rated.entitle(pupil, date(2026, 9, 1), date(2026, 10, 20))
    await rated.night(MONDAY + timedelta(days=1))
    await rated.choose(pupil, hidden=True, opted_out=True)
    await rated.choose(pupil, opted_out=False)
    erasure = Erasure(subject=Subject(kind="student", id=pupil), mode=mode)  # type: ignore[arg-type]
    assert (await rated.call("privacy", "erase", erasure)).rows == 4
    for table in ("round", "snapshot", "standing", "choice", "opt_out", "credit"):
        rows = await rated.rows(f"select * from {table}")
        assert str(pupil) not in str(rows), table
        assert pupil.hex not in str(rows), table
    assert await rated.rows("select nameless from round") == [{"nameless": ["98"]}]
    assert (await rated.call("privacy", "erase", erasure)).rows == 0
    stay = dict(zip(journal.pupils[:11], TWELVE, strict=False))
    await rated.results(journal.group, stay, marks=5)
    await rated.leave(journal, pupil, MONDAY)
    await rated.night(MONDAY + timedelta(weeks=1))
    assert [one.middle for one in (await rated.looks(journal.pupils[0]))[0].looks] == [70, 70]


async def test_erasing_acts_at_once(rated: Rated) -> None:
    journal = await published(rated)
    pupil = journal.pupils[11]
    erasure = Erasure(subject=Subject(kind="student", id=pupil), mode="erase")
    assert (await rated.call("privacy", "erase", erasure)).rows == 1
    assert await rated.rows("select nameless from round") == [{"nameless": ["98"]}]
    assert await counted(rated) == set(journal.pupils[:11])
    staff = Erasure(subject=Subject(kind="staff", id=journal.teacher), mode="erase")
    assert (await rated.call("privacy", "erase", staff)).rows == 0


async def test_a_demo_school_looks_lived_in(rated: Rated) -> None:
    journal = await rated.group(12)
    for period in ("q1", "q2"):
        await rated.results(journal.group, results(journal), period=period)
    async with at(date(2026, 12, 3)):
        await rated.call("demo", "fill", DemoRequest(size="small", seed=1))
    first, second = await rated.looks(journal.pupils[3])
    assert [one.period for one in (first, second)] == ["q1", "q2"]
    assert len(first.looks) >= 3
    # The last one is of the results as they are.
    assert (second.looks[-1].result, second.looks[-1].day) == (Fraction(58), date(2026, 11, 30))
    assert len({one.result for one in second.looks}) > 1
    before = await rated.rows("select count(*) as n from snapshot")
    await rated.night(date(2026, 12, 3))
    assert await rated.rows("select count(*) as n from snapshot") == before


async def test_the_package_is_whole(rated: Rated) -> None:
    assert await rated.call("lifecycle", "health", None) == Health(ok=True)
