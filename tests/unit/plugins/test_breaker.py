import pytest
from hypothesis import given
from hypothesis import strategies as st

from kundelik_core.plugins.breaker import (
    MIN_FAILURES,
    MIN_SHARE,
    OPEN_S,
    WINDOW_S,
    BreakerState,
    LocalBoard,
    admit,
    record,
    tripped,
)

START = 1_800_000_000.0
# Bursts, as they come: so many calls that end alike, a pause between them, a longer one before.
BURSTS = st.lists(
    st.tuples(
        st.floats(0, WINDOW_S * 1.2), st.floats(0, 8), st.booleans(), st.integers(1, MIN_FAILURES)
    ),
    max_size=12,
)
CALLS = BURSTS.map(
    lambda bursts: [
        (before if number == 0 else pause, good)
        for before, pause, good, count in bursts
        for number in range(count)
    ]
)


@given(CALLS)
def test_it_opens_exactly_when_the_rule_says_so(calls: list[tuple[float, bool]]) -> None:
    """Beside the machine goes the rule itself, over all calls of the last five minutes."""
    state, at = BreakerState(), START
    history: list[tuple[int, bool]] = []
    for pause, good in calls:
        at += pause
        if state.phase != "closed":
            return
        state = record(state, good, at)
        history.append((int(at // 30), good))
        lately = [g for half_minute, g in history if half_minute > int(at // 30) - WINDOW_S // 30]
        failures = lately.count(False)
        due = not good and failures >= MIN_FAILURES and failures * 100 >= len(lately) * MIN_SHARE
        assert (state.phase == "open") == due


@given(CALLS)
def test_it_never_grows(calls: list[tuple[float, bool]]) -> None:
    state, at = BreakerState(), START
    for pause, good in calls:
        at += pause
        state = record(state, good, at)
        assert len(state.buckets) <= WINDOW_S // 30


@given(st.lists(st.tuples(st.floats(0, OPEN_S * 2), st.booleans()), max_size=50))
def test_when_it_is_open_one_call_at_a_time_tries(steps: list[tuple[float, bool]]) -> None:
    state, at = tripped(START), START
    tried_at = START
    for pause, good in steps:
        at += pause
        state, admitted = admit(state, at)
        assert admitted == (at - tried_at >= OPEN_S)
        if not admitted:
            continue
        tried_at = at
        assert state.phase == "half_open"
        # A second one does not get in while the first is under way.
        assert not admit(state, at)[1]
        state = record(state, good, at)
        assert state.phase == ("closed" if good else "open")
        if good:
            return


@pytest.mark.parametrize(
    ("good", "bad", "phase"),
    [(0, 19, "closed"), (0, 20, "open"), (37, 20, "open"), (38, 20, "closed"), (39, 21, "open")],
)
def test_twenty_failures_that_are_thirty_five_in_a_hundred(good: int, bad: int, phase: str) -> None:
    state = BreakerState()
    for fine in [True] * good + [False] * bad:
        state = record(state, fine, START)
    assert state.phase == phase


def test_success_alone_never_opens_it() -> None:
    state = BreakerState()
    for number in range(1000):
        state = record(state, True, START + number)
    assert state.phase == "closed"


def test_after_it_closed_the_old_failures_are_forgotten() -> None:
    state, admitted = admit(tripped(START), START + OPEN_S)
    assert admitted
    state = record(state, True, START + OPEN_S)
    assert record(state, False, START + OPEN_S).phase == "closed"


def test_a_late_end_of_an_old_call_changes_nothing() -> None:
    state = tripped(START)
    assert record(state, True, START + 1) == state
    assert record(state, False, START + 1) == state


def test_a_lost_trial_does_not_close_it_for_ever() -> None:
    state, _ = admit(tripped(START), START + OPEN_S)
    assert not admit(state, START + OPEN_S + 1)[1]
    assert admit(state, START + 2 * OPEN_S)[1]


def test_a_clock_that_is_set_back_is_survived() -> None:
    state = record(BreakerState(), False, START)
    state = record(state, False, START - 3600)
    assert state.buckets == ((int(START // 30), 0, 2),)


def test_the_board_tells_of_changes_and_takes_over_what_it_hears() -> None:
    told: list[tuple[str, str]] = []
    at = [START]
    board = LocalBoard(lambda plugin, state: told.append((plugin, state.phase)), lambda: at[0])
    assert board.admits("bad")
    for _ in range(MIN_FAILURES):
        board.record("bad", good=False)
    assert not board.admits("bad")
    assert board.admits("good")
    at[0] += OPEN_S
    assert board.admits("bad")
    assert not board.admits("bad")
    board.record("bad", good=True)
    assert board.admits("bad")
    assert told == [("bad", "open"), ("bad", "half_open"), ("bad", "closed")]
    board.adopt("good", tripped(at[0]))
    assert not board.admits("good")
    assert board.state("good").phase == "open"
    assert len(told) == 3


def test_a_board_whose_clock_is_set_back_after_a_trial_counts_as_the_rules_do() -> None:
    at = [START]
    board = LocalBoard(clock=lambda: at[0])
    board.adopt("a", tripped(START))
    state = tripped(START)
    for moved in (OPEN_S, -40.0):  # the trial, and a call in the half minute before it
        at[0] += moved
        state, _ = admit(state, at[0])
        assert board.admits("a")
        board.record("a", good=True)
        state = record(state, True, at[0])
    assert board.state("a") == state


@given(CALLS, st.lists(st.integers(0, 200), max_size=4))
def test_a_board_knows_what_the_rules_say(
    calls: list[tuple[float, bool]], asked: list[int]
) -> None:
    """It counts good calls apart, which must not be seen from outside."""
    at = [START]
    told: list[BreakerState] = []
    board = LocalBoard(lambda _plugin, state: told.append(state), lambda: at[0])
    state, phases = BreakerState(), list[str]()
    for number, (pause, good) in enumerate(calls):
        # Back too, as when a clock is set.
        at[0] += -pause / 2 if number % 7 == 3 else pause
        after, admitted = admit(state, at[0])
        assert board.admits("a") is admitted
        phases += [after.phase] if after.phase != state.phase else []
        state = after
        if admitted:
            board.record("a", good=good)
            after = record(state, good, at[0])
            phases += [after.phase] if after.phase != state.phase else []
            state = after
        if number in asked:
            assert board.state("a") == state
    assert board.state("a") == state
    assert [one.phase for one in told] == phases
