"""Say when lessons ring, and find what is wrong with a schedule before a school publishes it."""

import datetime as dt
import tomllib
from functools import cache
from importlib import resources
from typing import Any

import msgspec

from kundelik_core.kernel.i18n import N_
from kundelik_core.schools.titles import Title

SHORTEST_RECESS = 5
SHIFT_GAP = 40


class Bell(msgspec.Struct, frozen=True):
    """One lesson's place in the day."""

    lesson: int
    begins: dt.time
    ends: dt.time


class BellSet(msgspec.Struct, frozen=True):
    """The bells of one shift; `grades` and `weekdays` narrow it (empty means all)."""

    code: str
    title: Title
    bells: tuple[Bell, ...]
    shift: int = 1
    grades: tuple[int, ...] = ()
    weekdays: tuple[int, ...] = ()
    shortened: bool = False

    def of(self, lesson: int) -> Bell | None:
        """The bell of a lesson number; None when the day is not that long."""
        return next((b for b in self.bells if b.lesson == lesson), None)


class BellSchedule(msgspec.Struct, frozen=True):
    """All bell sets of a school."""

    sets: tuple[BellSet, ...]

    def pick(
        self, shift: int, grade: int | None, weekday: int, *, shortened: bool = False
    ) -> BellSet | None:
        """The set that fits best: a narrower one outranks a general one."""
        fits = [
            s
            for s in self.sets
            if s.shift == shift
            and (not s.grades or grade in s.grades)
            and (not s.weekdays or weekday in s.weekdays)
            and (shortened or not s.shortened)
        ]
        return max(fits, key=_narrowness, default=None)


def _narrowness(item: BellSet) -> tuple[bool, bool, bool]:
    return item.shortened, bool(item.grades), bool(item.weekdays)


class BellProblem(msgspec.Struct, frozen=True):
    """One thing that is wrong with the bells; `message` is an English template for `params`."""

    code: str
    message: str
    params: dict[str, Any]


def check_bells(
    schedule: BellSchedule, shortest_recess: int = SHORTEST_RECESS
) -> list[BellProblem]:
    """What a school should mend before these bells ring; nothing when they are sound."""
    problems = [p for s in schedule.sets for p in _check_set(s, shortest_recess)]
    return problems + _check_shifts(schedule)


def _check_set(item: BellSet, shortest_recess: int) -> list[BellProblem]:
    problems = []
    for bell in item.bells:
        if bell.ends <= bell.begins:
            params = {"set": item.code, "lesson": bell.lesson}
            text = N_("Lesson %(lesson)s ends before it begins.")
            problems.append(BellProblem("empty_lesson", text, params))
    for before, after in zip(item.bells, item.bells[1:], strict=False):
        params = {"set": item.code, "lesson": after.lesson, "before": before.lesson}
        recess = minutes(after.begins) - minutes(before.ends)
        if after.lesson <= before.lesson or after.begins <= before.begins:
            text = N_(
                "Lesson %(lesson)s stands after lesson %(before)s but does not come after it."
            )
            problems.append(BellProblem("out_of_order", text, params))
        elif recess < 0:
            text = N_("Lesson %(lesson)s begins before lesson %(before)s has ended.")
            problems.append(BellProblem("overlap", text, params))
        elif recess < shortest_recess:
            text = N_(
                "Between lessons %(before)s and %(lesson)s there are only %(minutes)s minutes."
            )
            problems.append(BellProblem("short_recess", text, {**params, "minutes": recess}))
    return problems


def _check_shifts(schedule: BellSchedule) -> list[BellProblem]:
    """Two shifts share the rooms, so the first should be gone before the second comes."""
    spans: dict[int, tuple[int, int]] = {}
    for item in schedule.sets:
        if not item.bells or item.shortened:
            continue
        begins, ends = spans.get(item.shift, (24 * 60, 0))
        first = min(minutes(b.begins) for b in item.bells)
        last = max(minutes(b.ends) for b in item.bells)
        spans[item.shift] = (min(begins, first), max(ends, last))
    problems = []
    for shift, (_, ends) in sorted(spans.items()):
        following = spans.get(shift + 1)
        if following and following[0] - ends < SHIFT_GAP:
            text = N_(
                "Shift %(shift)s ends %(minutes)s minutes before the next begins;"
                " cleaning takes %(need)s."
            )
            params = {"shift": shift, "minutes": following[0] - ends, "need": SHIFT_GAP}
            problems.append(BellProblem("short_shift_gap", text, params))
    return problems


def minutes(moment: dt.time) -> int:
    """Minutes since midnight."""
    return moment.hour * 60 + moment.minute


@cache
def load_bells(code: str) -> BellSchedule:
    """A typical schedule that a school may start from; KeyError for an unknown code."""
    source = resources.files("kundelik_core.schools") / "data" / "bells" / f"{code}.toml"
    if not source.is_file():
        raise KeyError(code)
    return msgspec.convert(tomllib.loads(source.read_text("utf-8")), BellSchedule)
