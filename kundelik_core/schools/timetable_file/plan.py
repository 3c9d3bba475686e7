"""Compare a timetable with the school: groups to make, lessons of the week to set or to end.

Pure. The file is the whole week of every class that it names, from a day on; classes that it does
not name stay as they are, and so do groups of several classes unless it names all of them.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Callable
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

import msgspec

from kundelik_core.kernel.i18n import N_
from kundelik_core.kernel.ids import new_id
from kundelik_core.schools.actions.classes import GroupPupilRow, GroupTeacherRow
from kundelik_core.schools.actions.people import MembershipRow
from kundelik_core.schools.actions.timetable import SlotRow
from kundelik_core.schools.roster.apply_model import KnownClass
from kundelik_core.schools.roster.report import Report
from kundelik_core.schools.timetable import Cycle, Slot
from kundelik_core.schools.titles import class_title

from .lines import Meant, spread, understand
from .model import (
    GroupOfClass,
    KnownSlot,
    NewGroup,
    SchemeForHours,
    TimetablePlan,
    TimetableState,
)
from .names import SubjectNames
from .reader import TimetableFile
from .words import BOYS, GIRLS, parse_part, part_title

__all__ = ["SOURCE", "part_of", "plan_timetable"]

SOURCE = "timetable"
_HALF = Decimal("0.5")


class _Key(NamedTuple):
    classes: tuple[UUID, ...]
    subject: str
    part: str


def plan_timetable(
    file: TimetableFile,
    state: TimetableState,
    day: dt.date,
    scheme: SchemeForHours,
    make_id: Callable[[], UUID] = new_id,
) -> TimetablePlan:
    """Say what a timetable would write from a day on; a day outside the year is moved into it."""
    begins = min(max(day, state.calendar.begins), state.calendar.ends)
    planner = _Planner(state, begins, scheme, make_id)
    planner.run(file)
    return planner.plan


class _Planner:
    def __init__(
        self, state: TimetableState, begins: dt.date, scheme: SchemeForHours,
        make_id: Callable[[], UUID],
    ) -> None:  # fmt: skip
        self.state, self.begins, self.scheme, self.make_id = state, begins, scheme, make_id
        self.report = Report()
        self.subjects = SubjectNames(state.subjects, state.locale)
        self.plan = TimetablePlan(
            year=state.year, begins=begins, ends=state.calendar.ends
        )  # fmt: skip
        self.classes = {row.id: row for row in state.classes}

    def run(self, file: TimetableFile) -> None:
        """Compare everything."""
        found = understand(file, self.state, self.subjects, self.report)
        self.plan.counts["slots"].wrong = found.wrong + sum(
            error.severity == "error" for error in file.errors
        )
        rows: dict[_Key, list[Meant]] = defaultdict(list)
        for one in found.meant:
            rows[_Key(one.class_ids, one.subject, one.line.part)].append(one)
        groups = {key: self._group(key, lines) for key, lines in rows.items()}
        refused = {row for key, group in groups.items() if group is None for row in key.classes}
        refused = spread(refused | found.left_out, (key.classes for key in rows))
        done = {row for one in found.meant for row in one.class_ids} - refused
        self._drop(refused)
        mine = set()
        for key, lines in rows.items():
            group = groups[key]
            if group is not None and done.issuperset(key.classes):
                mine.add(group)
                self._teachers(group, lines)
                self._slots(group, lines)
        self._end_others(done, mine)
        self._roles()
        self.plan.errors = [*file.errors, *self.report.finish()]

    def _drop(self, refused: set[UUID]) -> None:
        """Take back the groups of classes that are left as they are."""
        self.plan.groups = [
            group for group in self.plan.groups if refused.isdisjoint(group.class_ids)
        ]  # fmt: skip
        kept = {group.id for group in self.plan.groups}
        self.plan.group_pupils = [row for row in self.plan.group_pupils if row.group_id in kept]
        codes = {group.subject for group in self.plan.groups}
        self.plan.national_subjects = [code for code in sorted(codes) if self.subjects.is_new(code)]
        self.plan.counts["groups"].new = len(kept)

    def _group(self, key: _Key, lines: list[Meant]) -> UUID | None:
        """The group of a class, subject and part, found or to be made; None when it is unclear."""
        mine = [
            group for group in self.state.groups
            if group.classes == set(key.classes) and group.subject == key.subject
        ]  # fmt: skip
        found = [group for group in mine if part_of(group) == key.part]
        if len(found) > 1:
            taught = {one.teacher for one in lines}
            by_teacher = [g for g in found if self._teachers_of(g.id) & taught]
            found = by_teacher if len(by_teacher) == 1 else found
        if len(found) == 1:
            self.plan.counts["groups"].same += 1
            self.plan.grades[found[0].id] = found[0].grade
            return found[0].id
        divided = not key.part and any(part_of(group) for group in mine)
        if found or divided:
            line = lines[0].line
            self.plan.counts["groups"].wrong += 1
            self.report.error(
                line.at("subject"),
                "group_divided" if divided else "group_ambiguous",
                N_("The class is divided for this subject. Say in a column which part has the "
                   "lesson.")
                if divided
                else N_("The class has several groups of this subject. Close or rename those that "
                        "are not used."),
                value=line.subject,
            )  # fmt: skip
            return None
        return self._make(key, lines)

    def _make(self, key: _Key, lines: list[Meant]) -> UUID | None:
        rows = [self.classes[one] for one in key.classes]
        title = ", ".join(class_title(row.grade, row.letter) for row in rows)
        times = {(one.line.weekday, one.line.lesson, one.line.week) for one in lines}
        hours = sum((_HALF if week else Decimal(1) for _, _, week in times), Decimal(0))
        grade = max(row.grade for row in rows)
        schemes = {self.scheme(row.grade, key.subject, row.language, hours) for row in rows}
        if len(schemes) > 1:
            self.plan.counts["groups"].wrong += 1
            self.report.error(
                lines[0].line.at("class"),
                "classes_marked_differently",
                N_("These classes are marked by different rules, so they need a journal each. "
                   "Write a row for each class; one teacher may hold both at one time."),
                value=title,
            )  # fmt: skip
            return None
        group = self.make_id()
        filled = self._fill(group, key)
        told = part_title(key.part, self.state.locale)
        self.plan.groups.append(
            NewGroup(
                id=group,
                class_ids=key.classes,
                subject=key.subject,
                subject_title=self.subjects.title(key.subject),
                title=f"{title} ({told})" if told else title,
                grade=grade,
                part=key.part,
                hours=hours,
                scheme=schemes.pop(),
                source_id=f"{'+'.join(map(str, key.classes))}:{key.subject}:{key.part or 0}",
                filled=filled,
            )
        )
        self.plan.grades[group] = grade
        return group

    def _fill(self, group: UUID, key: _Key) -> bool:
        """Put pupils into a new group from the day they came; whether it is known who comes."""
        sex = {GIRLS: "f", BOYS: "m"}.get(key.part, "")
        if key.part and not sex:
            return False
        unknown = 0
        for place in self.state.class_pupils:
            if place.holder not in key.classes or not _goes_on(place.to_date, self.begins):
                continue
            known = self.state.sexes.get(place.person, "")
            unknown += bool(sex and not known)
            if known == sex or not sex:
                self.plan.group_pupils.append(
                    GroupPupilRow(group_id=group, pupil_id=place.person, from_date=place.from_date,
                                  to_date=place.to_date)
                )  # fmt: skip
        return not unknown

    # ------------------------------------------------------------ teachers

    def _teachers_of(self, group: UUID) -> set[UUID]:
        return {
            place.person for place in self.state.group_teachers
            if place.holder == group and _goes_on(place.to_date, self.begins)
        }  # fmt: skip

    def _teachers(self, group: UUID, lines: list[Meant]) -> None:
        wanted, there = {one.teacher for one in lines}, self._teachers_of(group)
        count = self.plan.counts["teachers"]
        for teacher in sorted(wanted - there):
            count.new += 1
            self.plan.group_teachers.append(
                GroupTeacherRow(group_id=group, teacher_id=teacher, from_date=self.begins)
            )
        count.same += len(wanted & there)
        self.plan.ended_teachers += [(group, teacher) for teacher in sorted(there - wanted)]

    def _roles(self) -> None:
        """Make teachers of those of the staff who teach now."""
        teaching = {row.teacher_id for row in self.plan.group_teachers}
        self.plan.memberships = [
            MembershipRow(person_id=person.id, role="teacher", from_date=self.begins)
            for person in self.state.staff
            if person.id in teaching and not person.teaches
        ]

    # ------------------------------------------------------------ lessons of the week

    def _slots(self, group: UUID, lines: list[Meant]) -> None:
        there = {
            (slot.weekday, slot.slot, slot.week_cycle): slot
            for slot in self.state.slots
            if slot.group_id == group
        }
        kept: set[UUID] = set()
        count = self.plan.counts["slots"]
        for one in lines:
            old = there.get((one.line.weekday, one.line.lesson, one.line.week))
            row, state = self._slot(group, one, old)
            setattr(count, state, getattr(count, state) + 1)
            if state != "same":
                self.plan.slots.append(row)
            if old is not None and old.id == row.id:
                kept.add(old.id)
            slot = Slot(
                id=row.id, group=group, weekday=row.weekday, lesson=row.slot,
                teacher=row.teacher_id, room=row.room, shift=one.classes[0].shift,
                cycle=row.week_cycle, begins=self.begins,
            )  # fmt: skip
            self.plan.week.append(slot)
            if state == "changed":
                self.plan.changed_week.append(slot)
        for old in self.state.slots:
            if old.group_id == group and old.id not in kept:
                replaced = (old.weekday, old.slot) in {(x.line.weekday, x.line.lesson)
                                                       for x in lines}  # fmt: skip
                self._end(old, lines[0].classes[0], counted=not replaced)

    def _slot(self, group: UUID, one: Meant, old: KnownSlot | None) -> tuple[SlotRow, str]:
        row = SlotRow(
            id=self.make_id() if old is None else old.id,
            group_id=group,
            weekday=one.line.weekday,
            slot=one.line.lesson,
            from_date=self.begins,
            week_cycle=one.line.week,
            room=one.line.room,
            teacher_id=one.teacher,
        )
        if old is None:
            return row, "new"
        same = (old.room, old.teacher_id) == (row.room, row.teacher_id)
        if same:
            begins = min(old.from_date, self.begins)
            row = msgspec.structs.replace(row, from_date=begins)
            whole = old.to_date is None and old.from_date == begins
            return row, "same" if whole else "changed"
        if old.from_date >= self.begins:
            return row, "changed"
        return msgspec.structs.replace(row, id=self.make_id()), "changed"

    def _end(self, old: KnownSlot, school_class: KnownClass, *, counted: bool = True) -> None:
        self.plan.ended_slots.append(old.id)
        self.plan.old_week.append(_week_slot(old, school_class))
        self.plan.counts["ended"].changed += counted

    def _end_others(self, done: set[UUID], mine: set[UUID]) -> None:
        """End the lessons of groups that are no longer in the week of their class."""
        whose = {
            group.id: group
            for group in self.state.groups
            if group.classes and group.classes <= done and group.id not in mine
        }
        for old in self.state.slots:
            group = whose.get(old.group_id)
            if group is not None:
                self.plan.grades[group.id] = group.grade
                self._end(old, self.classes[min(group.classes)])


def _week_slot(old: KnownSlot, school_class: KnownClass) -> Slot:
    cycle: Cycle = "A" if old.week_cycle == "A" else "B" if old.week_cycle == "B" else ""
    return Slot(
        id=old.id, group=old.group_id, weekday=old.weekday, lesson=old.slot,
        teacher=old.teacher_id, room=old.room, shift=school_class.shift, cycle=cycle,
        begins=old.from_date, ends=old.to_date,
    )  # fmt: skip


def part_of(group: GroupOfClass) -> str:
    """Which part of its classes a group is, by its own mark or its name: 5 «А» (1)."""
    if group.source == SOURCE and group.source_id:
        mark = group.source_id.rpartition(":")[2]
        return "" if mark == "0" else mark
    head, bracket, tail = group.title.rpartition("(")
    return (parse_part(tail.rstrip(") ")) or "") if bracket and head else ""


def _goes_on(last_day: dt.date | None, on: dt.date) -> bool:
    return last_day is None or last_day > on
