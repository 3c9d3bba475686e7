"""Until when something is open, in the school's days, and whose child it is."""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kundelik_rating.pages_sight import Span, Term, open_scopes, sees_as, terms
from kundelik_rating.store import Stretch

from kundelik_core.sdk import Actor

ZONE = ZoneInfo("Asia/Almaty")
NOW = datetime(2026, 11, 11, 12, 0, tzinfo=ZONE)
CHILD, OTHER, PARENT = UUID(int=1), UUID(int=2), UUID(int=9)


def midnight(month: int, day: int, year: int = 2026) -> datetime:
    """Return a midnight of the school, as the database gives it."""
    return datetime(year, month, day, tzinfo=ZONE).astimezone(UTC)


def stretch(
    begins: datetime,
    ends: datetime | None,
    *,
    scope: str = "*",
    grace: datetime | None = None,
) -> Stretch:
    return Stretch(scope=scope, begins=begins, ends=ends, grace=grace)


def term(*stretches: Stretch) -> Term:
    (found,) = terms(stretches, NOW)
    return found


def test_the_end_is_the_moment_after_the_last_day() -> None:
    found = term(stretch(midnight(11, 1), midnight(12, 1)))
    assert found == Term("*", "on", Span(date(2026, 11, 30)))


def test_what_follows_without_a_gap_is_one_time() -> None:
    months = [stretch(midnight(11, 1), midnight(12, 1)), stretch(midnight(12, 1), midnight(12, 31))]
    assert term(*months).span.last == date(2026, 12, 30)
    apart = stretch(midnight(12, 5), midnight(12, 31))
    assert term(months[0], apart).span.last == date(2026, 11, 30)


def test_grace_stands_behind_what_was_paid() -> None:
    running = stretch(midnight(11, 1), midnight(12, 4), grace=midnight(12, 1))
    assert term(running).span == Span(date(2026, 11, 30), date(2026, 12, 3))
    over = stretch(midnight(10, 10), midnight(11, 13), grace=midnight(11, 10))
    assert term(over) == Term("*", "grace", Span(None, date(2026, 11, 12)))
    renewed = stretch(midnight(11, 10), midnight(12, 10))
    assert term(over, renewed) == Term("*", "on", Span(date(2026, 12, 9)))


@pytest.mark.parametrize(
    ("stretches", "state", "first", "last"),
    [
        ([(midnight(11, 1), None)], "on", None, None),
        ([(midnight(11, 12), midnight(12, 1))], "later", date(2026, 11, 12), None),
        ([(midnight(9, 1), midnight(11, 11))], "ended", None, date(2026, 11, 10)),
        (
            [(midnight(9, 1), midnight(10, 1)), (midnight(12, 1), midnight(12, 9))],
            "paused", date(2026, 12, 1), None,
        ),
    ],
)  # fmt: skip
def test_each_state_has_its_day(
    stretches: list[tuple[datetime, datetime | None]],
    state: str,
    first: date | None,
    last: date | None,
) -> None:
    found = term(*(stretch(begins, ends) for begins, ends in stretches))
    assert (found.state, found.first, found.span.last) == (state, first, last)


def test_the_whole_stands_before_its_parts() -> None:
    both = [
        stretch(midnight(11, 1), midnight(12, 1), scope="math"),
        stretch(midnight(11, 1), midnight(12, 1)),
    ]
    assert [one.scope for one in terms(both, NOW)] == ["*", "math"]


_MOMENTS = st.integers(-40, 40).map(lambda hours: NOW + timedelta(hours=hours))


@given(st.lists(st.tuples(_MOMENTS, st.integers(1, 60)), min_size=1, max_size=5))
def test_it_says_open_exactly_while_it_is(spans: list[tuple[datetime, int]]) -> None:
    stretches = [stretch(begins, begins + timedelta(hours=many)) for begins, many in spans]
    (found,) = terms(stretches, NOW)
    assert (found.state in {"on", "grace"}) == bool(open_scopes(stretches, NOW))
    if found.state == "on":
        assert found.span.last is not None
        assert found.span.last >= NOW.date()


def test_whose_child_it_is() -> None:
    parent = Actor(person_id=PARENT, roles=("parent",), students=(CHILD,))
    pupil = Actor(person_id=CHILD, roles=("pupil",), students=(CHILD,))
    teacher = Actor(person_id=PARENT, roles=("teacher",))
    assert sees_as(parent, CHILD) == "guardian"
    assert sees_as(pupil, CHILD) == "student"
    assert sees_as(parent, OTHER) == sees_as(teacher, CHILD) == sees_as(None, CHILD) == ""
