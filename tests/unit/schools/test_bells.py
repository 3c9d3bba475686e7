import datetime as dt

import pytest

from kundelik_core.schools.bells import Bell, BellSchedule, BellSet, check_bells, load_bells
from kundelik_core.schools.titles import Title

TITLE = Title(kk="Негізгі", ru="Основное", en="Main")


def schedule(*times: str, shift: int = 1) -> BellSchedule:
    bells = []
    for number, text in enumerate(times, 1):
        begins, ends = (dt.time.fromisoformat(t) for t in text.split("-"))
        bells.append(Bell(number, begins, ends))
    return BellSchedule((BellSet("main", TITLE, tuple(bells), shift),))


@pytest.mark.parametrize("code", ["one-shift", "two-shifts", "grade-1"])
def test_the_typical_bells_are_sound(code: str) -> None:
    bells = load_bells(code)
    assert check_bells(bells) == []
    assert all(s.bells for s in bells.sets)


@pytest.mark.parametrize(
    ("times", "codes"),
    [
        (("08:00-08:45", "08:50-09:35"), []),
        (("08:00-08:45", "08:40-09:25"), ["overlap"]),
        (("08:00-08:45", "08:47-09:32"), ["short_recess"]),
        (("08:50-09:35", "08:00-08:45"), ["out_of_order"]),
        (("08:45-08:00",), ["empty_lesson"]),
    ],
)
def test_what_is_wrong_is_named(times: tuple[str, ...], codes: list[str]) -> None:
    problems = check_bells(schedule(*times))
    assert [p.code for p in problems] == codes
    for problem in problems:
        assert problem.message % problem.params


def test_the_second_shift_waits_for_the_first() -> None:
    both = BellSchedule(
        schedule("13:20-14:05").sets + schedule("14:10-14:55", shift=2).sets,
    )
    assert [p.code for p in check_bells(both)] == ["short_shift_gap"]


def test_the_narrower_set_is_picked() -> None:
    main = BellSet("main", TITLE, ())
    friday = BellSet("friday", TITLE, (), weekdays=(5,))
    young = BellSet("young", TITLE, (), grades=(1,))
    short = BellSet("short", TITLE, (), shortened=True)
    bells = BellSchedule((main, friday, young, short))
    assert bells.pick(1, 5, 1) == main
    assert bells.pick(1, 5, 5) == friday
    assert bells.pick(1, 1, 5) == young
    assert bells.pick(1, 5, 1, shortened=True) == short
    assert bells.pick(2, 5, 1) is None
