import datetime as dt
from collections import Counter
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kundelik_core.schools.bells import load_bells
from kundelik_core.schools.calendar import CalendarException, load_national
from kundelik_core.schools.timetable import Audience, Slot, clashes, expand
from kundelik_core.schools.titles import Title
from tests.depth import looks

YEAR = load_national(2026)
BELLS = load_bells("two-shifts")
FROST = Title(kk="Аяз", ru="Мороз", en="Frost")

AUDIENCES = st.one_of(
    st.builds(Audience, st.sampled_from("xy")),
    st.builds(
        Audience,
        st.sampled_from("xy"),
        st.sampled_from(["halves", "sexes"]),
        st.integers(1, 2),
    ),
)


@st.composite
def slots(draw: st.DrawFn) -> list[Slot]:
    count = draw(st.integers(0, 12))
    return [
        Slot(
            id=n,
            group=draw(st.integers(0, 5)),
            weekday=draw(st.integers(1, 5)),
            lesson=draw(st.integers(1, 3)),
            teacher=draw(st.sampled_from(["t1", "t2", "t3"])),
            room=draw(st.sampled_from([None, "r1", "r2"])),
            audience=(draw(AUDIENCES),),
            shift=draw(st.integers(1, 2)),
            cycle=draw(st.sampled_from(["", "A", "B"])),
            begins=draw(st.sampled_from([None, dt.date(2026, 11, 2)])),
            ends=draw(st.sampled_from([None, dt.date(2026, 10, 23), dt.date(2027, 1, 15)])),
        )
        for n in range(count)
    ]


@looks(40)
@given(slots(), st.integers(1, 11))
def test_a_slot_gives_one_lesson_in_each_week_that_has_its_day(
    mine: list[Slot], grade: int
) -> None:
    lessons = list(expand(mine, YEAR, BELLS, YEAR.begins, YEAR.ends, lambda _: grade))
    given_days = {(lesson.slot, lesson.date) for lesson in lessons}
    assert len(given_days) == len(lessons)
    due = set()
    for slot in mine:
        for week in YEAR.weeks:
            day = week.monday + dt.timedelta(days=slot.weekday - 1)
            turn = slot.cycle in ("", week.cycle)
            if turn and slot.runs_on(day) and YEAR.is_teaching_day(day, grade):
                due.add((slot.id, day))
    assert given_days == due


@looks(60)
@given(slots())
def test_a_clash_is_reported_exactly_when_two_share_something(mine: list[Slot]) -> None:
    found = {
        (c.kind, *sorted((int(str(c.first.id)), int(str(c.second.id)))))
        for c in clashes(mine, BELLS)
    }
    due = set()
    for one, two in combinations(mine, 2):
        # The two shifts of these bells never overlap.
        same_time = (one.weekday, one.shift, one.lesson) == (two.weekday, two.shift, two.lesson)
        both_run = max(one.begins or dt.date.min, two.begins or dt.date.min) <= min(
            one.ends or dt.date.max, two.ends or dt.date.max
        )
        if not same_time or {one.cycle, two.cycle} == {"A", "B"} or not both_run:
            continue
        pair = sorted((int(str(one.id)), int(str(two.id))))
        if one.teacher == two.teacher:
            due.add(("teacher", *pair))
        if one.room is not None and one.room == two.room:
            due.add(("room", *pair))
        if one.audience[0].meets(two.audience[0]):
            due.add(("class", *pair))
    # Slots that have ended before they began are nowhere, and clash with nothing.
    empty = {s.id for s in mine if s.begins and s.ends and s.ends < s.begins}
    assert {f for f in found if not empty & {*f[1:]}} == {d for d in due if not empty & {*d[1:]}}


def weekly(**kwargs: object) -> Slot:
    base: dict[str, object] = {"id": 1, "group": "g", "weekday": 1, "lesson": 1}
    return Slot(**{**base, **kwargs})  # type: ignore[arg-type]


def test_lessons_know_their_bells_and_shift() -> None:
    begin, end = dt.date(2026, 11, 2), dt.date(2026, 11, 6)
    mine = [weekly(), weekly(id=2, shift=2, lesson=9, room="305", teacher="t")]
    first, second = expand(mine, YEAR, BELLS, begin, end, lambda _: 5)
    assert (first.begins, first.ends) == (dt.time(8), dt.time(8, 40))
    assert (second.begins, second.room, second.teacher) == (None, "305", "t")


def test_a_worked_off_saturday_follows_its_weekday() -> None:
    saturday = dt.date(2026, 11, 14)
    year = YEAR.with_exceptions(CalendarException(saturday, "working", FROST, like=1))
    lessons = list(expand([weekly()], year, BELLS, saturday, saturday, lambda _: 5))
    assert [lesson.date for lesson in lessons] == [saturday]


def test_a_shortened_day_rings_its_own_bells() -> None:
    monday = dt.date(2026, 11, 9)
    year = YEAR.with_exceptions(CalendarException(monday, "shortened", FROST))
    (lesson,) = expand([weekly()], year, load_bells("one-shift"), monday, monday, lambda _: 5)
    assert lesson.ends == dt.time(8, 30)


def test_only_the_youngest_stay_at_home() -> None:
    begin, end = dt.date(2027, 2, 8), dt.date(2027, 2, 12)
    mine = [weekly(group="one"), weekly(id=2, group="two")]
    grades = {"one": 1, "two": 2}
    lessons = expand(mine, YEAR, BELLS, begin, end, lambda g: grades[str(g)])
    assert [lesson.group for lesson in lessons] == ["two"]


def test_an_overlap_across_shifts_is_a_clash() -> None:
    one_shift = load_bells("one-shift").sets[0]
    late = BELLS.sets[1]
    bells = type(BELLS)((one_shift, late))
    mine = [weekly(lesson=7, teacher="t"), weekly(id=2, shift=2, teacher="t")]
    (clash,) = clashes(mine, bells)
    assert (clash.kind, clash.who, clash.weekday) == ("teacher", "t", 1)
    assert clashes(mine) == []


def test_a_lesson_held_for_two_classes_at_once_is_no_clash() -> None:
    mine = [
        weekly(id=n, group=n, teacher="t", room="1", joint="j", audience=(Audience(n),))
        for n in (1, 2)
    ]
    assert clashes(mine, BELLS) == []


@pytest.mark.parametrize(("shared", "count"), [({1}, 1), (set(), 0)])
def test_groups_clash_by_their_pupils_where_these_are_known(shared: set[int], count: int) -> None:
    mine = [weekly(id=n, group=n, audience=(Audience("5A"),)) for n in (1, 2)]
    pupils: dict[object, set[object]] = {1: {1, 2}, 2: {3, *shared}}
    assert Counter(c.kind for c in clashes(mine, BELLS, pupils))["class"] == count
