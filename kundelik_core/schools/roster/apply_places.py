"""Plan who is in which class and group, as pupil or as teacher."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable
from typing import TYPE_CHECKING, Final
from uuid import UUID

from kundelik_core.kernel.i18n import N_
from kundelik_core.schools.actions.classes import (
    ClassPupilRow,
    GroupPupilRow,
    GroupTeacherRow,
)

from .apply_model import Ending, KnownGroup, Place, SchoolState
from .model import Enrollment

if TYPE_CHECKING:
    from .apply_plan import Planner

__all__ = ["plan_places"]

_SEX: Final = {"female": "f", "male": "m"}
_OF_SEX: Final = {"girls": "f", "boys": "m"}


def plan_places(planner: Planner) -> None:
    """Compare every enrollment of the file with the places that people have."""
    _Places(planner).run()


class _Places:
    def __init__(self, planner: Planner) -> None:
        self.p = planner
        state = planner.state
        self.today = min(max(planner.options.today, state.begins), state.ends)
        self.class_pupils = _by_pair(state.class_pupils)
        self.group_pupils = _by_pair(state.group_pupils)
        self.group_teachers = _by_pair(state.group_teachers)
        self.filled = {place.holder for place in (*state.class_pupils, *state.group_pupils)}
        # In which class each pupil is, once the file has been followed so far.
        self.class_of: dict[UUID, UUID] = {}
        for place in state.class_pupils:
            if place.to_date is None or place.to_date >= self.today:
                self.class_of[place.person] = place.holder
        self.members: dict[UUID, set[UUID]] = defaultdict(set)
        self.led: dict[UUID, UUID] = {}
        self.newcomers: list[tuple[Enrollment, ClassPupilRow]] = []

    def run(self) -> None:
        """Ended places first: somebody may leave one class for another in the same file."""
        rows = self.p.scope.enrollments
        for row in sorted(rows, key=lambda row: not row.ended):
            person = self.p.plan.ids.get(row.user)
            user = self.p.scope.users.get(row.user)
            if person is None or user is None or user.ended:
                continue
            home = self.p.classes.homerooms.get(row.class_id)
            group = self.p.classes.groups.get(row.class_id)
            if home is not None and row.role == "pupil":
                self._class_pupil(row, home, person)
            elif home is not None and row.role in {"teacher", "homeroom"}:
                self._homeroom(row, home, person)
            elif group is not None and row.role == "pupil":
                self._group_pupil(row, group, person)
            elif group is not None and row.role == "teacher":
                self._group_teacher(row, group, person)
        self._without_class()
        if not self.members:
            self._class_groups()
        self._group_classes()

    # ------------------------------------------------------------ classes

    def _class_pupil(self, row: Enrollment, home: UUID, person: UUID) -> None:
        there = self.class_pupils.get((home, person), [])
        if row.ended:
            if self._end(row, there, self.p.plan.ended_class_pupils):
                self.class_of.pop(person, None)
            return
        other = self.class_of.get(person)
        if other is not None and other != home:
            self._wrong(
                row,
                "pupil_in_other_class",
                N_("This pupil is in %(class)s. A file does not move anybody by itself: transfer "
                   "the pupil in the office, or let the file end the other place."),
                {"class": self.p.classes.title(other)},
            )  # fmt: skip
            return
        span = self._span(row, home, there)
        if span is not None:
            place = ClassPupilRow(
                class_id=home, pupil_id=person, from_date=span[0], to_date=span[1]
            )
            self.p.plan.class_pupils.append(place)
            self.newcomers.append((row, place))
            self.class_of[person] = home
            # The same enrollment twice in a file is one place.
            self.class_pupils.setdefault((home, person), []).append(
                Place(holder=home, person=person, from_date=span[0], to_date=span[1])
            )

    def _homeroom(self, row: Enrollment, home: UUID, person: UUID) -> None:
        if row.ended:
            return
        leader = self.led.setdefault(home, person)
        if leader != person:
            self.p.report.warning(
                row.source,
                "second_homeroom",
                N_("%(class)s has a homeroom teacher by an earlier line; this was passed over."),
                params={"class": self.p.classes.title(home)},
            )
            return
        new = home in self.p.classes.made
        self.p.classes.lead(home, person, new=new)
        self.p.need_role(person, "homeroom")

    # ------------------------------------------------------------ groups

    def _group_pupil(self, row: Enrollment, group: UUID, person: UUID) -> None:
        there = self.group_pupils.get((group, person), [])
        if row.ended:
            self._end(row, there, self.p.plan.ended_group_pupils)
            return
        self.members[group].add(person)
        span = self._span(row, group, there)
        if span is not None:
            self.p.plan.group_pupils.append(
                GroupPupilRow(group_id=group, pupil_id=person, from_date=span[0], to_date=span[1])
            )
            self.group_pupils.setdefault((group, person), []).append(
                Place(holder=group, person=person, from_date=span[0], to_date=span[1])
            )

    def _group_teacher(self, row: Enrollment, group: UUID, person: UUID) -> None:
        there = self.group_teachers.get((group, person), [])
        if row.ended:
            self._end(row, there, self.p.plan.ended_group_teachers)
            return
        self.p.need_role(person, "teacher")
        span = self._span(row, group, there)
        if span is not None:
            self.p.plan.group_teachers.append(
                GroupTeacherRow(
                    group_id=group, teacher_id=person, from_date=span[0], to_date=span[1]
                )
            )
            self.group_teachers.setdefault((group, person), []).append(
                Place(holder=group, person=person, from_date=span[0], to_date=span[1])
            )

    # ------------------------------------------------------------ what they share

    def _span(
        self, row: Enrollment, holder: UUID, there: list[Place]
    ) -> tuple[dt.date, dt.date | None] | None:
        """From when to when a place is to be written; None when there is nothing to write."""
        count, state = self.p.count("places"), self.p.state
        end = row.end if row.end is not None and row.end < state.ends else None
        if end is not None and end < state.begins:
            self.p.report.once(
                row.source,
                "enrollment_past",
                N_("Places that ended before the school year were passed over."),
                value=str(row.end),
            )
            return None
        open_now = [p for p in there if p.to_date is None or p.to_date >= self.today]
        if open_now:
            latest = open_now[-1]
            if end is None or end == latest.to_date:
                count.same += 1
                return None
            count.changed += 1
            return latest.from_date, max(end, latest.from_date)
        if there and row.begin is not None and there[-1].from_date == row.begin:
            count.same += 1
            return None
        if there and (row.begin is None or row.begin <= (there[-1].to_date or row.begin)):
            count.same += 1
            self.p.report.warning(
                row.source,
                "place_ended",
                N_("The school ended this place on %(date)s; a file does not bring it back. If "
                   "the person has returned, enter it in the office."),
                params={"date": there[-1].to_date},
            )  # fmt: skip
            return None
        count.new += 1
        # A class that fills for the first time has been there since September.
        usual = self.today if holder in self.filled else state.begins
        begin = max(row.begin or usual, state.begins)
        return begin, None if end is None else max(end, begin)

    def _end(self, row: Enrollment, there: list[Place], into: list[Ending]) -> bool:
        last = row.end or self.p.options.today
        running = [p for p in there if p.to_date is None or p.to_date > last]
        if not running:
            return False
        into.append(Ending(running[0].holder, running[0].person, last))
        self.p.count("places").changed += 1
        return True

    def _wrong(self, row: Enrollment, code: str, message: str, params: dict[str, object]) -> None:
        user = self.p.scope.users[row.user]
        self.p.count("places").wrong += 1
        self.p.report.error(row.source, code, message, value=user.full_name, params=params)

    # ------------------------------------------------------------ what follows

    def _without_class(self) -> None:
        """Registers that know only courses: their pupils come into one class of each grade."""
        p = self.p
        graded = {row.grade for row in p.state.classes}
        for user in p.scope.users.values():
            person = p.plan.ids.get(user.id)
            is_pupil = any(r.role == "pupil" and not r.ended for r in p.scope.roles(user))
            if person is None or user.ended or not is_pupil or person in self.class_of:
                continue
            grade = p.grade_of(user)
            grade = p.options.default_grade if grade is None else grade
            if grade is None or grade in graded or p.classes.homerooms:
                p.report.once(
                    user.source,
                    "pupil_without_class",
                    N_("This file puts some pupils into no class; do so in the office."),
                    value=user.full_name,
                )
                continue
            home = p.classes.by_name.get((grade, "")) or p.classes.make(grade, "", None)
            p.report.once(
                user.source,
                "class_of_grade",
                N_("The file has courses and no classes, so each grade became one class."),
            )
            p.plan.class_pupils.append(
                ClassPupilRow(class_id=home, pupil_id=person, from_date=p.state.begins)
            )
            p.count("places").new += 1
            self.class_of[person] = home

    def _class_groups(self) -> None:
        """A list of classes alone: who comes into a class comes into the journals of all of it."""
        taken, divided = _groups_of_classes(self.p.state)
        for row, place in self.newcomers:
            sex = _SEX.get(self.p.scope.users[row.user].sex, "")
            unclear = place.class_id in divided
            for group, of_sex in taken.get(place.class_id, []):
                unclear = unclear or bool(of_sex and not sex)
                if of_sex not in {"", sex} or self.group_pupils.get((group, place.pupil_id)):
                    continue
                self.p.plan.group_pupils.append(
                    GroupPupilRow(
                        group_id=group,
                        pupil_id=place.pupil_id,
                        from_date=place.from_date,
                        to_date=place.to_date,
                    )
                )
                self.p.count("places").new += 1
            if unclear:
                self.p.report.once(
                    row.source,
                    "class_divided",
                    N_("New pupils come into the journals of their whole class. Subjects that a "
                       "class learns in parts are left out: choose a part for each of them."),
                )  # fmt: skip

    def _group_classes(self) -> None:
        """A group belongs to the classes that its pupils are in."""
        known = set(self.p.state.group_classes)
        for group, people in self.members.items():
            homes = {self.class_of[person] for person in people if person in self.class_of}
            self.p.plan.group_classes += sorted(
                (group, home) for home in homes if (group, home) not in known
            )


def _groups_of_classes(
    state: SchoolState,
) -> tuple[dict[UUID, list[tuple[UUID, str]]], set[UUID]]:
    """Return the groups that take in a whole class, or its girls or boys; and divided classes.

    A group of several classes takes them in whole only where a timetable says so: an elective is
    for some of their pupils.
    """
    homes: dict[UUID, set[UUID]] = defaultdict(set)
    for group, home in state.group_classes:
        homes[group].add(home)
    of_subject: dict[tuple[UUID, str], list[KnownGroup]] = defaultdict(list)
    for known in state.groups:
        for home in homes[known.id]:
            of_subject[home, known.subject].append(known)
    taken: dict[UUID, list[tuple[UUID, str]]] = defaultdict(list)
    divided: set[UUID] = set()
    for (home, _subject), groups in of_subject.items():
        parts = [_part(group) for group in groups]
        whole = len(groups) == 1 and (
            parts == ["0"] or (parts == [""] and len(homes[groups[0].id]) == 1)
        )
        if whole:
            taken[home].append((groups[0].id, ""))
        elif _OF_SEX.keys() >= set(parts):
            taken[home] += [(group.id, _OF_SEX[_part(group)]) for group in groups]
        else:
            divided.add(home)
    return taken, divided


def _part(group: KnownGroup) -> str:
    """The part that a timetable has made the group for, "0" for whole classes; "": not known."""
    if group.source != "timetable" or not group.source_id:
        return ""
    return group.source_id.rpartition(":")[2]


def _by_pair(places: Iterable[Place]) -> dict[tuple[UUID, UUID], list[Place]]:
    found: dict[tuple[UUID, UUID], list[Place]] = {}
    for place in places:
        found.setdefault((place.holder, place.person), []).append(place)
    return found
