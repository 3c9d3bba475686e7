"""Jobs are due when the clock on the school's wall says so, once for each time."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kundelik_core.plugins.schedule import due
from kundelik_core.sdk.jobs import Cron, Every

ALMATY = "Asia/Almaty"
NOON = datetime(2026, 11, 20, 7, 0, tzinfo=UTC)  # a Friday, twelve in Almaty


def test_cron_means_the_school_clock() -> None:
    friday = Cron(spec="0 12 * * 5")
    before = NOON - timedelta(hours=1)
    assert due(friday, before, NOON, ALMATY) == NOON
    assert due(friday, before, NOON - timedelta(seconds=1), ALMATY) is None
    assert due(friday, before, NOON, "Europe/London") is None
    assert due(friday, NOON, NOON + timedelta(days=6), ALMATY) is None
    assert due(friday, NOON, NOON + timedelta(days=7), ALMATY) == NOON + timedelta(days=7)


def test_what_was_missed_is_made_up_for_once() -> None:
    daily = Cron(spec="0 12 * * *")
    after = NOON + timedelta(days=5, minutes=30)
    last = due(daily, NOON, after, ALMATY)
    assert last == NOON + timedelta(days=5)
    assert due(daily, last, after, ALMATY) is None


def test_a_day_that_never_comes() -> None:
    assert due(Cron(spec="0 0 30 2 *"), NOON, NOON + timedelta(days=900), ALMATY) is None


@pytest.mark.parametrize("minute", [0, 29, 30, 59])
def test_a_repeated_or_skipped_hour_counts_once(minute: int) -> None:
    """In London clocks go forward on 28 March 2027 and back on 31 October 2027."""
    job, starts = Cron(spec=f"{minute} 1 * * *"), []
    for first in (datetime(2027, 3, 27, 12, tzinfo=UTC), datetime(2027, 10, 30, 12, tzinfo=UTC)):
        fired = first
        for step in range(24 * 60):
            moment = due(job, fired, first + timedelta(minutes=step), "Europe/London")
            if moment is not None:
                starts.append(moment.astimezone(ZoneInfo("Europe/London")).date())
                fired = moment
    assert [str(day) for day in starts] == ["2027-03-28", "2027-10-31"]


@given(
    seconds=st.integers(60, 7 * 24 * 3600),
    steps=st.lists(st.integers(0, 3 * 24 * 3600), min_size=1, max_size=30),
)
def test_every_keeps_its_beat_whenever_it_is_looked_at(seconds: int, steps: list[int]) -> None:
    fired = now = NOON
    for step in steps:
        now += timedelta(seconds=step)
        moment = due(Every(seconds=seconds), fired, now, ALMATY)
        if moment is None:
            assert now - fired < timedelta(seconds=seconds)
            continue
        assert fired < moment <= now
        assert now - moment < timedelta(seconds=seconds)
        assert (moment - NOON) % timedelta(seconds=seconds) == timedelta(0)
        fired = moment


@given(
    spec=st.sampled_from(["*/15 * * * *", "0 18 * * 5", "30 7 1 * *", "5,50 8-17 * * 1-5"]),
    steps=st.lists(st.integers(1, 40 * 3600), min_size=1, max_size=40),
)
def test_cron_never_goes_back_nor_starts_twice(spec: str, steps: list[int]) -> None:
    fired = now = NOON
    for step in steps:
        now += timedelta(seconds=step)
        moment = due(Cron(spec=spec), fired, now, ALMATY)
        if moment is not None:
            assert fired < moment <= now
            fired = moment
        assert due(Cron(spec=spec), fired, now, ALMATY) is None
