"""What a mark file leaves open is settled evenly, without clashes, and always the same way."""

from hypothesis import given
from hypothesis import strategies as st

from kundelik_core.gradebook.marks_import.apply import _spread
from kundelik_core.gradebook.marks_import.timetable import Need, make_week
from kundelik_core.kernel.ids import new_id


@given(st.integers(1, 400), st.data(), st.text(max_size=9))
def test_missed_lessons_are_different_lessons(lessons: int, data: st.DataObject, key: str) -> None:
    count = data.draw(st.integers(0, lessons))
    places = list(_spread(count, lessons, key))
    assert len(set(places)) == count
    assert all(0 <= place < lessons for place in places)
    assert places == sorted(places) == list(_spread(count, lessons, key))


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 3), st.integers(1, 2)), max_size=24))
def test_nobody_is_in_two_places(groups: list[tuple[int, int, int]]) -> None:
    teachers, classes = [new_id() for _ in range(3)], [new_id() for _ in range(8)]
    needs = [
        # A class has one shift.
        Need(group=new_id(), grade=7, teacher=teachers[teacher], shift=shift,
             school_class=classes[2 * school_class + shift - 1])
        for teacher, school_class, shift in groups
    ]  # fmt: skip
    week = make_week(needs)
    by_group = {need.group: need for need in needs}
    for whom in ("teacher", "school_class"):
        places = [
            (getattr(by_group[hour.group], whom), hour.shift, hour.weekday, hour.lesson)
            for hour in week
        ]
        assert len(set(places)) == len(places)
    assert {hour.group for hour in week} == set(by_group)
    assert make_week(needs) == week
