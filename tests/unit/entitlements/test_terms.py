"""Time is laid beside what there is, led around a summer, cut in proportion, and never lost."""

import itertools
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kundelik_core.entitlements.model import Granted, Pause
from kundelik_core.entitlements.rules import Span, add_months, pieces, span_at, spans
from kundelik_core.entitlements.terms import (
    GRACE,
    Between,
    Days,
    Forever,
    Months,
    Until,
    lay,
    overlap,
    paid_time,
    shortened_end,
    unused_minor,
)
from kundelik_core.kernel.errors import Problem
from kundelik_core.kernel.ids import new_id

ZONE = "Asia/Almaty"
START = datetime(2026, 9, 1, tzinfo=UTC)
DAY = timedelta(days=1)
hours = st.integers(0, 12_000)
moments = hours.map(lambda n: START + timedelta(hours=n))


def local(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(ZONE))


SUMMERS = (Span(local("2027-06-01"), local("2027-09-01")),
           Span(local("2028-06-01"), local("2028-09-01")))  # fmt: skip


def granted(
    begins: datetime, ends: datetime | None, *pauses: tuple[datetime, datetime | None],
    grace: datetime | None = None,
) -> Granted:  # fmt: skip
    return Granted(
        id=new_id(), feature="rating.view", valid_from=begins, valid_until=ends, source="test",
        source_ref="1", granted_at=START, grace_from=grace,
        pauses=tuple(Pause(*one) for one in pauses),
    )  # fmt: skip


@st.composite
def paused(draw: st.DrawFn) -> Granted:
    begins = draw(moments)
    ends = begins + timedelta(hours=draw(st.integers(1, 4000)))
    found = []
    for _ in range(draw(st.integers(0, 3))):
        first = draw(moments)
        length = draw(st.none() | st.integers(0, 2000).map(lambda n: timedelta(hours=n)))
        found.append((first, None if length is None else first + length))
    return granted(begins, ends, *found)


def in_force(grant: Granted, moment: datetime) -> bool:
    """The same, from the definition."""
    inside = grant.valid_from <= moment and (
        grant.valid_until is None or moment < grant.valid_until
    )
    away = any(p.begins <= moment and (p.ends is None or moment < p.ends) for p in grant.pauses)
    return inside and not away


@given(paused(), moments)
def test_a_pause_takes_time_out_of_its_own_grant(grant: Granted, moment: datetime) -> None:
    assert (span_at([grant], moment) is not None) is in_force(grant, moment)
    other = granted(START, START + 900 * DAY)
    assert span_at([grant, other], moment) is not None


@given(paused())
def test_pieces_stand_apart_and_in_order(grant: Granted) -> None:
    found = pieces(grant)
    assert found == sorted(found)
    assert spans([grant]) == found


@pytest.mark.parametrize(
    ("begins", "months", "first", "last"),
    [
        # Ends before the summer, or begins behind it: nothing to leave out.
        ("2027-04-10", 1, "2027-04-10", "2027-05-10"),
        ("2027-09-03", 1, "2027-09-03", "2027-10-03"),
        # Ten days are used before the summer, and the other twenty behind it.
        ("2027-05-22", 1, "2027-05-22", "2027-09-22"),
        # It would begin inside: it waits.
        ("2027-07-05", 1, "2027-09-01", "2027-10-01"),
        # A year takes its summer along, and the next one too when it is pushed into it.
        ("2026-10-01", 12, "2026-10-01", "2028-01-01"),
        ("2027-05-25", 12, "2027-05-25", "2028-11-25"),
    ],
)
def test_a_summer_that_is_left_out_moves_the_end(
    begins: str, months: int, first: str, last: str
) -> None:
    laid = lay([], local(begins), Months(months), ZONE, SUMMERS)
    assert laid.span == Span(local(first), local(last))
    made = granted(laid.span.begins, laid.span.ends)
    made = msgspec.structs.replace(made, pauses=laid.pauses)
    assert span_at([made], local("2027-07-01")) is None
    whole = add_months(local(first), months, ZONE) - local(first)
    assert abs(paid_time(made) - whole) <= 3 * DAY, "a month of 30 days may stand for one of 31"


def test_a_month_without_the_rest_may_go_into_another_s_summer() -> None:
    rested = granted(local("2027-05-22"), local("2027-09-22"), (SUMMERS[0].begins, SUMMERS[0].ends))
    plain = lay([rested], local("2027-05-25"), Months(1), ZONE)
    assert plain.span == Span(local("2027-06-01"), local("2027-07-01"))
    again = lay([rested], local("2027-05-25"), Months(1), ZONE, SUMMERS)
    assert again.span == Span(local("2027-09-22"), local("2027-10-22"))


@given(st.lists(paused(), max_size=5), moments, st.integers(1, 5), st.booleans())
def test_months_never_overlap_and_never_shorten(
    there: list[Granted], now: datetime, months: int, rest: bool
) -> None:
    laid = lay(there, now, Months(months), ZONE, SUMMERS if rest else ())
    made = granted(laid.span.begins, laid.span.ends)
    made = msgspec.structs.replace(made, pauses=laid.pauses)
    assert made.valid_from >= now
    for piece in pieces(made):
        assert overlap(there, piece) == timedelta()
    before, after = spans(there), spans([*there, made])
    for one in before:
        assert any(
            two.begins <= one.begins and (two.ends is None or (one.ends or now) <= two.ends)
            for two in after
        )


def test_a_school_year_begins_where_what_there_is_ends() -> None:
    until = local("2027-05-26")
    there = [granted(START, START + 30 * DAY), granted(START + 60 * DAY, START + 90 * DAY)]
    laid = lay(there, START + DAY, Until(until), ZONE)
    assert laid.span == Span(START + 30 * DAY, until)
    # A month of it was paid for already.
    assert laid.credit == 30 * DAY
    with pytest.raises(Problem, match="nothing-to-add"):
        lay([granted(START, until)], START, Until(until), ZONE)
    with pytest.raises(Problem, match="has-no-end"):
        lay([granted(START, None)], START, Until(until), ZONE)


def test_a_subscription_s_period_is_followed_by_grace_that_nobody_paid_for() -> None:
    ends = START + 30 * DAY
    laid = lay([], START, Between(START, ends), ZONE)
    assert (laid.span, laid.grace_from) == (Span(START, ends + GRACE), ends)
    one = granted(START, ends + GRACE, grace=ends)
    assert paid_time(one) == 30 * DAY
    assert span_at([one], ends + DAY) is not None
    # The next period begins inside the grace, and loses nothing of it.
    assert lay([one], ends, Between(ends, ends + 30 * DAY), ZONE).credit == timedelta()
    # A month that was bought beside it is given back.
    month = granted(ends + GRACE, ends + GRACE + 30 * DAY)
    assert lay([one, month], ends, Between(ends, ends + 30 * DAY), ZONE).credit == 27 * DAY


def test_lost_days_are_laid_behind_the_rest_and_for_ever_has_no_end() -> None:
    there = [granted(START, START + 10 * DAY)]
    assert lay(there, START, Days(2 * DAY), ZONE).span == Span(START + 10 * DAY, START + 12 * DAY)
    assert lay([], START, Forever(), ZONE).span == Span(START, None)


@given(paused(), st.integers(1, 10**9), moments)
def test_unused_time_is_worth_its_share(grant: Granted, paid: int, since: datetime) -> None:
    worth = unused_minor(grant, paid, since)
    assert 0 <= worth <= paid
    total = paid_time(grant)
    if total:
        exact = paid * (paid_time(grant, since) / total)
        assert abs(worth - exact) <= 1 + paid * 1e-9
    assert unused_minor(grant, paid, grant.valid_from) == (paid if total else 0)
    assert unused_minor(msgspec.structs.replace(grant, valid_until=None), paid, since) == 0


@given(paused(), st.integers(1, 10**6), st.data())
def test_a_refund_of_a_part_leaves_the_part_of_the_time(
    grant: Granted, paid: int, data: st.DataObject
) -> None:
    left = data.draw(st.integers(1, paid))
    ends = shortened_end(grant, left, paid, START)
    assert ends is not None
    shorter = msgspec.structs.replace(grant, revoked_at=ends)
    micro = timedelta(microseconds=1)
    assert paid_time(shorter) == micro * (paid_time(grant) // micro * left // paid)


def test_time_that_was_used_is_not_taken_back() -> None:
    one = granted(START, START + 30 * DAY)
    assert shortened_end(one, 1, 10, START + 20 * DAY) == START + 20 * DAY
    assert shortened_end(one, 0, 10, START + 20 * DAY) == START + 20 * DAY
    assert shortened_end(granted(START, None), 1, 10, START) is None


def _subscribed(there: list[Granted], now: datetime) -> list[Granted]:
    laid = lay(there, now, Months(1, renews=True), ZONE)
    made = granted(laid.span.begins, laid.span.ends, grace=laid.grace_from)
    return [*there, made]


@given(moments, st.lists(st.integers(-200, 71), max_size=6))
def test_periods_that_are_paid_in_time_or_in_grace_follow_each_other(
    first: datetime, waits: list[int]
) -> None:
    """Each is paid so many hours before or after the one before has ended."""
    there = _subscribed([], first)
    for hours_late in waits:
        ends = there[-1].grace_from
        assert ends is not None
        there = _subscribed(there, max(ends + timedelta(hours=hours_late), first))
    for before, after in itertools.pairwise(there):
        assert after.valid_from == before.grace_from
    assert there[-1].grace_from == add_months_each(first, len(there))
    assert sum((paid_time(one) for one in there), timedelta()) == there[-1].grace_from - first


def add_months_each(moment: datetime, times: int) -> datetime:
    for _ in range(times):
        moment = add_months(moment, 1, ZONE)
    return moment


def test_a_period_that_is_paid_after_its_grace_begins_when_it_is_paid() -> None:
    there = _subscribed([], START)
    late = (there[0].valid_until or START) + DAY
    assert _subscribed(there, late)[-1].valid_from == late


def test_a_subscription_is_laid_behind_what_was_bought() -> None:
    bought = granted(START, START + 40 * DAY)
    laid = lay([bought], START + DAY, Months(1, renews=True), ZONE)
    assert laid.span.begins == bought.valid_until
    assert laid.span.ends == (laid.grace_from or START) + GRACE
