"""Grants add up: one more never takes time away, and nothing paid for is lost in an overlap."""

import itertools
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kundelik_core.entitlements.model import Granted
from kundelik_core.entitlements.rules import (
    Span,
    add_months,
    check_feature,
    concerns,
    end_of_day,
    is_active,
    span_at,
    spans,
)
from kundelik_core.entitlements.terms import next_span
from kundelik_core.kernel.errors import Problem
from kundelik_core.kernel.ids import new_id

ZONE = "Asia/Almaty"
START = datetime(2026, 9, 1, tzinfo=UTC)
moments = st.integers(0, 20_000).map(lambda hours: START + timedelta(hours=hours))


def granted(
    begins: datetime, ends: datetime | None, revoked: datetime | None = None, **rest: str
) -> Granted:
    return Granted(
        id=new_id(), feature=rest.get("feature", "rating.view"), scope=rest.get("scope", "*"),
        valid_from=begins, valid_until=ends, source="test", source_ref="1", granted_at=START,
        revoked_at=revoked,
    )  # fmt: skip


@st.composite
def grants(draw: st.DrawFn) -> Granted:
    begins = draw(moments)
    ends = draw(st.none() | st.integers(1, 5000).map(lambda h: begins + timedelta(hours=h)))
    return granted(begins, ends, draw(st.none() | moments))


@st.composite
def closed(draw: st.DrawFn) -> Granted:
    begins = draw(moments)
    return granted(begins, begins + timedelta(hours=draw(st.integers(1, 5000))))


histories = st.lists(grants(), max_size=8)


def covered(history: list[Granted], moment: datetime) -> bool:
    return span_at(history, moment) is not None


@given(histories, moments)
def test_together_they_cover_what_one_of_them_covers(
    history: list[Granted], moment: datetime
) -> None:
    one_by_one = any(
        g.valid_from <= moment
        and (g.valid_until is None or moment < g.valid_until)
        and (g.revoked_at is None or moment < g.revoked_at)
        for g in history
    )
    assert covered(history, moment) is one_by_one
    assert any(is_active(g, moment) for g in history) is one_by_one


@given(histories, grants(), moments)
def test_one_more_never_takes_away(history: list[Granted], more: Granted, moment: datetime) -> None:
    before, after = span_at(history, moment), span_at([*history, more], moment)
    if before:
        assert after
        assert after.begins <= before.begins
        assert after.ends is None or (before.ends is not None and after.ends >= before.ends)


@given(histories, st.randoms())
def test_the_order_of_granting_does_not_matter(history: list[Granted], random: object) -> None:
    mixed = list(history)
    random.shuffle(mixed)  # type: ignore[attr-defined]
    assert spans(mixed) == spans(history)


@given(histories)
def test_spans_stand_in_order_and_apart(history: list[Granted]) -> None:
    found = spans(history)
    for one, two in itertools.pairwise(found):
        assert one.ends is not None
        assert one.ends < two.begins


@given(st.lists(closed(), max_size=6), moments, st.integers(1, 14))
def test_a_further_term_is_whole_and_lies_beside_the_others(
    history: list[Granted], now: datetime, months: int
) -> None:
    new = next_span(history, now, months, ZONE)
    assert new.begins >= now
    assert new.ends == add_months(new.begins, months, ZONE)
    for one in spans(history):
        assert one.ends is not None
        assert new.ends <= one.begins or new.begins >= one.ends
    # It begins as early as it can: now, or where something ends.
    assert new.begins == now or any(new.begins == one.ends for one in spans(history))


@given(st.lists(closed(), max_size=4), moments, st.lists(st.integers(1, 3), max_size=4))
def test_what_is_bought_again_and_again_adds_up(
    history: list[Granted], now: datetime, terms: list[int]
) -> None:
    def total(grants: list[Granted]) -> timedelta:
        return sum((s.ends - s.begins for s in spans(grants) if s.ends), timedelta())

    for months in terms:
        span = next_span(history, now, months, ZONE)
        assert span.ends is not None
        before = total(history)
        history = [*history, granted(span.begins, span.ends)]
        assert total(history) - before == span.ends - span.begins


@given(histories, st.data())
def test_a_revocation_ends_only_its_own_grant(history: list[Granted], data: st.DataObject) -> None:
    live = granted(START, START + timedelta(days=300))
    at = data.draw(moments)
    ended = granted(START, START + timedelta(days=300), at)
    probe = data.draw(moments)
    if probe < at:
        assert covered([*history, ended], probe) is covered([*history, live], probe)
    else:
        assert covered([*history, ended], probe) is covered(history, probe)


@pytest.mark.parametrize(
    ("day", "months", "expected"),
    [
        ("2026-11-04", 1, "2026-12-04"),
        ("2027-01-31", 1, "2027-02-28"),
        ("2028-01-31", 1, "2028-02-29"),
        ("2026-12-31", 2, "2027-02-28"),
        ("2026-11-30", 12, "2027-11-30"),
        ("2026-12-01", 1, "2027-01-01"),
    ],
)
def test_a_month_is_a_calendar_month_at_the_school(day: str, months: int, expected: str) -> None:
    # Two hours into the school's day it is still the day before in UTC.
    moment = datetime.fromisoformat(f"{day}T02:00:00+05:00")
    assert add_months(moment, months, ZONE) == datetime.fromisoformat(f"{expected}T02:00:00+05:00")


def test_a_day_is_over_at_the_school_s_midnight() -> None:
    assert end_of_day(date(2026, 11, 30), ZONE) == datetime(2026, 11, 30, 19, 0, tzinfo=UTC)


def test_what_has_no_end_cannot_be_extended() -> None:
    with pytest.raises(Problem, match="has-no-end"):
        next_span([granted(START, None)], START + timedelta(days=1), 1, ZONE)


def test_a_month_fits_before_what_begins_later() -> None:
    later = granted(START + timedelta(days=60), None)
    assert next_span([later], START, 1, ZONE) == Span(START, add_months(START, 1, ZONE))


def test_the_whole_scope_covers_a_part_and_not_the_other_way_round() -> None:
    whole, part = granted(START, None), granted(START, None, scope="math")
    assert concerns(whole, "rating.view", "math")
    assert concerns(part, "rating.view", "math")
    assert not concerns(part, "rating.view")
    assert not concerns(part, "rating.view", "physics")
    assert not concerns(whole, "rating.export")


@pytest.mark.parametrize("name", ["rating", "Rating.view", "rating.", "rating.view ", "", ".x"])
def test_a_feature_has_the_form_of_a_manifest(name: str) -> None:
    with pytest.raises(Problem, match="feature-form"):
        check_feature(name)
