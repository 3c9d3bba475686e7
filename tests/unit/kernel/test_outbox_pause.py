"""Pauses between tries grow and stay within bounds; a job is tried as often as it says."""

from datetime import timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from procrastinate.jobs import Job

from kundelik_core.kernel import clock
from kundelik_core.kernel.jobs.queue import pause
from kundelik_core.kernel.jobs.worker import Backoff


def job(attempts: int, **args: Any) -> Job:
    return Job(
        id=1, queue="core", lock=None, queueing_lock=None, task_name="x", attempts=attempts,
        task_kwargs=args,
    )  # fmt: skip


def test_the_first_pauses() -> None:
    assert [pause(n).total_seconds() for n in (1, 2, 3)] == [10, 40, 160]


@given(st.integers(1, 10_000))
def test_pauses_grow_up_to_six_hours(tries: int) -> None:
    assert timedelta(seconds=10) <= pause(tries) <= pause(tries + 1) <= timedelta(hours=6)


@given(st.integers(1, 20))
def test_a_job_is_tried_as_often_as_it_says(most: int) -> None:
    decide = Backoff().get_retry_decision
    tried = 1
    while decide(exception=ValueError(), job=job(tried - 1, max_tries=most)) is not None:
        tried += 1
    assert tried == most


def test_a_job_that_says_nothing_is_tried_three_times() -> None:
    decide = Backoff().get_retry_decision
    found = [decide(exception=ValueError(), job=job(attempts)) for attempts in range(3)]
    assert [one is not None for one in found] == [True, True, False]
    assert found[0] is not None
    assert found[0].retry_at is not None
    assert found[0].retry_at > clock.now()
