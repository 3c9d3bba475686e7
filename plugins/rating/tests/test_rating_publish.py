"""When there is a snapshot, who is in it, what it may use, and what days are credited."""

from datetime import date, timedelta
from fractions import Fraction
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kundelik_rating.domain.measure import Band, Scale
from kundelik_rating.domain.publish import Child, Outcome, State, Step, publish, without
from kundelik_rating.domain.schedule import closing_day, days_to_credit, publication_days
from kundelik_rating.domain.story import Look, Missing, Turn, look, places, profile, turn

DAY = date(2026, 11, 2)
PERCENT = Scale.percent()
TWELVE = (31, 44, 52, 58, 63, 67, 71, 74, 80, 86, 93, 98)


def child(number: int, result: int | None, marks: int = 3) -> Child:
    value = None if result is None else Fraction(result)
    return Child(id=UUID(int=number), result=value, marks=marks)


def roll(*results: int | None, marks: int = 3) -> list[Child]:
    return [child(number, result, marks) for number, result in enumerate(results, 1)]


def step(
    children: list[Child], state: State | None = None, *, week: int = 0, closing: bool = False
) -> Step:
    day = DAY + timedelta(weeks=week)
    return publish(state or State(), children, day, scale=PERCENT, closing=closing)


def test_a_snapshot_holds_a_place_for_each_child_that_is_counted() -> None:
    done = step([*roll(*TWELVE), child(13, None)])
    assert done.outcome is Outcome.PUBLISHED
    latest = done.state.latest
    assert latest is not None
    assert (latest.number, latest.day, latest.middle) == (1, DAY, 70)
    assert [latest.standings[UUID(int=n)].band for n in (4, 5, 8, 9)] == [
        Band.LOWER,
        Band.MIDDLE,
        Band.MIDDLE,
        Band.UPPER,
    ]
    assert UUID(int=13) not in latest.standings


@pytest.mark.parametrize(
    ("children", "closing", "outcome"),
    [
        (roll(*TWELVE[:6]), True, Outcome.SMALL_GROUP),
        (roll(*TWELVE[:7]), False, Outcome.AT_CLOSE),
        (roll(*TWELVE[:8]), False, Outcome.AT_CLOSE),
        (roll(*TWELVE[:7]), True, Outcome.PUBLISHED),
        (roll(*TWELVE[:9]), False, Outcome.PUBLISHED),
        # Seven of nine have results: a small group by what is known of it.
        (roll(*TWELVE[:7], None, None), False, Outcome.NOT_ENOUGH_DATA),
        (roll(*TWELVE[:7], None, None), True, Outcome.PUBLISHED),
        (roll(*TWELVE[:6], None, None, None), True, Outcome.NOT_ENOUGH_DATA),
        # Fewer than three quarters have settled.
        (roll(*TWELVE, *[None] * 5), False, Outcome.NOT_ENOUGH_DATA),
        (roll(*TWELVE, *[None] * 4), False, Outcome.PUBLISHED),
        (roll(*TWELVE, marks=2), False, Outcome.NOT_ENOUGH_DATA),
        (roll(*TWELVE, marks=2), True, Outcome.PUBLISHED),
        (roll(*[50] * 6, *[60] * 6), True, Outcome.NOT_ENOUGH_DATA),
    ],
)
def test_when_a_period_gets_its_first_snapshot(
    children: list[Child], closing: bool, outcome: Outcome
) -> None:
    assert step(children, closing=closing).outcome is outcome


def test_variety_is_asked_once_in_a_period() -> None:
    alike = step(roll(*[50] * 9))
    assert alike.outcome is Outcome.NOT_ENOUGH_DATA
    later = step(roll(*TWELVE, marks=9), alike.state, week=1, closing=True)
    assert later.outcome is Outcome.NOT_ENOUGH_DATA


def test_a_new_snapshot_needs_nine_of_twelve_newly_marked() -> None:
    first = step(roll(*TWELVE))
    for fresh, outcome in ((8, Outcome.KEPT), (9, Outcome.PUBLISHED)):
        children = [
            child(number, result, 4 if number <= fresh else 3)
            for number, result in enumerate(TWELVE, 1)
        ]
        again = step(children, first.state, week=1)
        assert again.outcome is outcome
        assert again.state.latest is not None
        assert again.state.latest.number == (2 if outcome is Outcome.PUBLISHED else 1)


def test_a_snapshot_never_changes() -> None:
    first = step(roll(*TWELVE))
    before = first.state.latest
    assert before is not None
    copy = dict(before.standings)
    step(roll(*reversed(TWELVE), marks=4), first.state, week=1)
    assert before.standings == copy
    with pytest.raises(TypeError):
        before.standings[UUID(int=1)] = copy[UUID(int=2)]  # type: ignore[index]


def test_a_small_group_is_published_once() -> None:
    first = step(roll(*TWELVE[:8]), closing=True)
    again = step(roll(*TWELVE[:8], marks=9), first.state, week=1, closing=True)
    assert again.outcome is Outcome.KEPT
    assert again.state.latest == first.state.latest


def test_who_goes_stays_in_the_sums_without_a_name() -> None:
    first = step(roll(*TWELVE))
    gone = UUID(int=12)
    again = step(roll(*TWELVE[:-1], marks=4), first.state, week=1)
    assert again.outcome is Outcome.PUBLISHED
    assert again.state.nameless == (98,)
    assert again.state.latest is not None
    assert gone not in again.state.latest.standings
    assert gone not in {one.id for one in again.state.counted}
    # The same middle as with the child, and not the 67 of eleven.
    assert again.state.latest.middle == 70
    back = step(roll(*TWELVE[:-1], 0, marks=5), again.state, week=2)
    assert back.state.nameless == (98,)
    assert back.state.latest is not None
    assert gone not in back.state.latest.standings


def test_opting_out_holds_at_once_and_for_the_whole_period() -> None:
    first = step(roll(*TWELVE))
    out = without(first.state, {UUID(int=12), UUID(int=99)})
    assert out.nameless == (98,)
    # Back before the next day of publication: it changes nothing any more.
    again = step(roll(*TWELVE[:-1], 0, marks=4), out, week=1)
    assert again.state.nameless == (98,)
    assert again.state.latest is not None
    assert UUID(int=12) not in again.state.latest.standings


def test_a_result_that_is_taken_back_stays_as_it_was_published() -> None:
    first = step(roll(*TWELVE))
    again = step([*roll(*TWELVE[:-1], marks=4), child(12, None)], first.state, week=1)
    assert again.state.latest is not None
    assert again.state.latest.standings[UUID(int=12)].result == 98


@given(st.lists(st.integers(0, 100), min_size=1, max_size=5), st.integers(0, 100))
def test_no_result_after_opting_out_is_used(later: list[int], other: int) -> None:
    """Whatever the child has from then on, and whether it is marked, all see the same."""
    seen = []
    for results in (later, [other] * len(later)):
        state = step(roll(*TWELVE)).state
        days = []
        for week, _result in enumerate(results, 1):
            # Opted out: the child is not on the roll, so its result cannot even be handed over.
            state = step(roll(*TWELVE[:-1], marks=3 + week), state, week=week).state
            assert state.latest is not None
            days.append((state.latest.middle, state.latest.spread, dict(state.latest.standings)))
        seen.append(days)
    assert seen[0] == seen[1]


@given(st.permutations(range(12)))
def test_names_and_order_change_nothing(order: list[int]) -> None:
    children = roll(*TWELVE)
    plain = step(children).state.latest
    mixed = step([children[at] for at in order]).state.latest
    assert plain == mixed
    renamed = [
        Child(id=UUID(int=100 + order[at]), result=one.result, marks=one.marks)
        for at, one in enumerate(children)
    ]
    other = step(renamed).state.latest
    assert plain is not None
    assert other is not None
    assert (other.middle, other.spread) == (plain.middle, plain.spread)
    for old, new in zip(children, renamed, strict=True):
        assert other.standings[new.id] == plain.standings[old.id]


def test_what_a_family_sees() -> None:
    done = step(roll(*TWELVE))
    own = look(done.state.latest, UUID(int=1), done.outcome)
    assert isinstance(own, Look)
    assert (own.result, own.band, own.middle) == (31, Band.LOWER, 70)
    assert look(done.state.latest, UUID(int=99), done.outcome) is Missing.NOT_COUNTED
    for outcome, why in (
        (Outcome.SMALL_GROUP, Missing.SMALL_GROUP),
        (Outcome.AT_CLOSE, Missing.AT_CLOSE),
        (Outcome.NOT_ENOUGH_DATA, Missing.NOT_ENOUGH_DATA),
    ):
        assert look(None, UUID(int=1), outcome) is why


def test_the_way_of_the_own_part() -> None:
    looks = [
        Look(day=DAY, result=Fraction(1), band=band, middle=Fraction(1), spread=None)
        for band in (Band.MIDDLE, Band.UPPER, Band.UPPER, Band.LOWER)
    ]
    assert turn(looks[:1]) is None
    assert [turn(looks[:end]) for end in (2, 3, 4)] == [Turn.UP, Turn.SAME, Turn.DOWN]


def test_the_profile_keeps_the_given_order_and_the_reasons() -> None:
    lines = profile({"b": Missing.SMALL_GROUP, "a": Missing.NOT_COUNTED})
    assert [(one.subject, one.seen) for one in lines] == [
        ("b", Missing.SMALL_GROUP),
        ("a", Missing.NOT_COUNTED),
    ]


def test_exact_places_for_staff_are_shared() -> None:
    ids = [UUID(int=n) for n in range(4)]
    results = dict(zip(ids, map(Fraction, (80, 90, 80, 70)), strict=True))
    assert [places(results)[one] for one in ids] == [2, 1, 2, 4]


@pytest.mark.parametrize(
    ("rhythm", "days"),
    [
        ("week", [(11, 16), (11, 23), (11, 30), (12, 7), (12, 16)]),
        ("fortnight", [(11, 16), (11, 30), (12, 16)]),
        ("close", [(12, 16)]),
    ],
)
def test_days_of_publication(rhythm: str, days: list[tuple[int, int]]) -> None:
    first, last = date(2026, 11, 4), date(2026, 12, 13)
    found = publication_days(first, last, rhythm)  # type: ignore[arg-type]
    assert [(day.month, day.day) for day in found] == days
    assert found[-1] == closing_day(last)


def test_days_without_anything_to_show_are_credited() -> None:
    start, end = date(2026, 11, 1), date(2026, 12, 1)
    day = timedelta(days=1)
    assert days_to_credit(start, end, []) == 30
    assert days_to_credit(start, end, [(start, end)]) == 0
    assert days_to_credit(start, end, [(start - day, start + 10 * day)]) == 20
    assert days_to_credit(start, end, [(start + 5 * day, end + day)]) == 5
    overlapping = [(start + 9 * day, start + 12 * day), (start + 4 * day, start + 10 * day)]
    assert days_to_credit(start, end, overlapping) == 22
    assert days_to_credit(start, end, [(end, end + day), (start - 3 * day, start)]) == 30


@given(st.lists(st.tuples(st.integers(-5, 40), st.integers(0, 20)), max_size=6))
def test_credited_days_are_the_days_in_no_span(spans: list[tuple[int, int]]) -> None:
    start, end = date(2026, 11, 1), date(2026, 12, 1)
    shown = [
        (start + timedelta(days=at), start + timedelta(days=at + length)) for at, length in spans
    ]
    days = (start + timedelta(days=n) for n in range((end - start).days))
    plain = sum(not any(since <= day < until for since, until in shown) for day in days)
    assert days_to_credit(start, end, shown) == plain
