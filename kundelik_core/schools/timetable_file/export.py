"""Write a school's week as the file that brings it in, so that it can be changed there."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterator
from typing import Final

from kundelik_core.kernel.i18n import Locale
from kundelik_core.kernel.names import full_name, search_key
from kundelik_core.schools.roster.sample import workbook
from kundelik_core.schools.titles import class_title

from .model import KnownSlot, Staff, TimetableState
from .names import SubjectNames
from .plan import part_of
from .sample import HEADINGS
from .words import part_title, weekday_title

__all__ = ["in_force", "present_timetable", "sorted_rows"]

_WEEKS: Final[dict[str, dict[Locale, str]]] = {
    "A": {"kk": "тақ", "ru": "нечётная", "en": "odd"},
    "B": {"kk": "жұп", "ru": "чётная", "en": "even"},
}


def present_timetable(state: TimetableState, day: dt.date, locale: Locale) -> bytes:
    """Return the week of a day, or the first one after it, as a workbook in the form of an import.

    Empty but for its headings where no lessons are set.
    """
    return workbook((HEADINGS[locale], *sorted_rows(state, in_force(state.slots, day), locale)))


def in_force(slots: list[KnownSlot], day: dt.date) -> list[KnownSlot]:
    """The lessons of one week: that of the day, or of the first day after it that has any."""
    going = [slot for slot in slots if slot.to_date is None or slot.to_date >= day]
    first = max(day, min((slot.from_date for slot in going), default=day))
    return [
        slot for slot in going
        if slot.from_date <= first and (slot.to_date is None or slot.to_date >= first)
    ]  # fmt: skip


def sorted_rows(
    state: TimetableState, slots: list[KnownSlot], locale: Locale
) -> list[tuple[str, ...]]:
    """The rows by class, weekday and lesson; lessons without a teacher leave the cell empty."""
    return [row for _key, row in sorted(_rows(state, slots, locale))]


def _rows(
    state: TimetableState, slots: list[KnownSlot], locale: Locale
) -> Iterator[tuple[object, tuple[str, ...]]]:
    classes = {row.id: row for row in state.classes}
    groups = {group.id: group for group in state.groups}
    subjects = SubjectNames(state.subjects, locale)
    teachers = _teachers(state.staff)
    for slot in slots:
        group = groups.get(slot.group_id)
        mine = [classes[key] for key in group.classes if key in classes] if group else []
        if group is None or not mine:
            continue
        named = sorted((row.grade, row.letter) for row in mine)
        yield (
            (named, slot.weekday, slot.slot, slot.week_cycle, str(slot.id)),
            (
                ", ".join(class_title(grade, letter) for grade, letter in named),
                weekday_title(slot.weekday, locale),
                str(slot.slot),
                subjects.title(group.subject),
                _teacher(slot, teachers),
                part_title(part_of(group), locale),
                slot.room,
                _WEEKS.get(slot.week_cycle, {}).get(locale, ""),
            ),
        )


def _teachers(staff: list[Staff]) -> dict[object, str]:
    names = {p.id: full_name(p.surname, p.given, p.patronymic) for p in staff}
    short = Counter(search_key(full_name(p.surname, p.given)) for p in staff)
    several = Counter(search_key(name) for name in names.values())
    return {
        p.id: p.login
        if p.login and (several[search_key(names[p.id])] > 1 or short[search_key(names[p.id])] > 1)
        else names[p.id]
        for p in staff
    }


def _teacher(slot: KnownSlot, teachers: dict[object, str]) -> str:
    return teachers.get(slot.teacher_id, "")
