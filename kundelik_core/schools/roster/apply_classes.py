"""Plan the classes and teaching groups of a file, and recognise those that the school has."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING
from uuid import UUID

import msgspec

from kundelik_core.kernel.i18n import N_
from kundelik_core.schools.actions.classes import ClassRow as ClassToWrite
from kundelik_core.schools.titles import class_title

from .apply_match import id_in_source
from .apply_model import GroupPlan, KnownClass
from .apply_subjects import Subjects
from .classname import find_class
from .model import ClassRow

if TYPE_CHECKING:
    from .apply_plan import Planner

__all__ = ["Classes"]

_LANGUAGES = frozenset({"kk", "ru", "ug", "uz", "tg", "en"})


class Classes:
    """Homeroom classes and groups by the ids of the file."""

    def __init__(self, planner: Planner, make_id: Callable[[], UUID]) -> None:
        self.p, self.make_id = planner, make_id
        state = planner.state
        self.known = {row.id: row for row in state.classes}
        self.by_name = {(row.grade, _exact(row.letter)): row.id for row in state.classes}
        self.by_source = {
            (row.source, row.source_id): row.id for row in state.classes if row.source_id
        }
        self.homerooms: dict[str, UUID] = {}
        self.groups: dict[str, UUID] = {}
        self.made: dict[UUID, ClassToWrite] = {}
        self.subjects = Subjects(state)
        self._pupil_grades: dict[str, Counter[int]] = {}
        for row in planner.scope.places("pupil"):
            user = planner.scope.users.get(row.user)
            grade = planner.grade_of(user) if user else None
            if grade is not None:
                self._pupil_grades.setdefault(row.class_id, Counter())[grade] += 1

    def plan(self) -> None:
        """Find or make every class and group that the file names and does not end."""
        for row in self.p.scope.classes.values():
            if row.kind == "homeroom":
                self._homeroom(row)
            else:
                self._group(row)
        plan = self.p.plan
        plan.national_subjects = list(self.subjects.national)
        plan.own_subjects = list(self.subjects.own.values())
        plan.class_ids, plan.group_ids = self.homerooms, self.groups

    def title(self, class_id: UUID) -> str:
        """The name of a class, there already or yet to be made."""
        row = self.known.get(class_id) or self.made[class_id]
        return class_title(row.grade, row.letter)

    def make(self, grade: int, letter: str, source_id: str | None, language: str = "") -> UUID:
        """Plan a new class."""
        locale = language or self.p.state.locale
        row = ClassToWrite(
            id=self.make_id(),
            year=self.p.options.year,
            grade=grade,
            letter=letter,
            language=locale if locale in _LANGUAGES else "kk",
            source=self.p.source if source_id else None,
            source_id=source_id,
        )
        self.made[row.id] = row
        self.by_name[grade, _exact(letter)] = row.id
        self.p.plan.new_classes.append(row.id)
        self.p.count("classes").new += 1
        return row.id

    def lead(self, class_id: UUID, teacher: UUID, *, new: bool) -> None:
        """Give a class its homeroom teacher, as the file says."""
        if new:
            self.made[class_id] = msgspec.structs.replace(self.made[class_id], homeroom_id=teacher)
            return
        self._change(class_id, homeroom_id=teacher)

    def _change(self, class_id: UUID, **fields: object) -> None:
        """Change what the school has of a class; what a file says of it several times is one."""
        known = self.known[class_id]
        row = self.made.get(class_id) or _as_written(known, self.p.options.year)
        changed = msgspec.structs.replace(row, **fields)
        if changed == row:
            return
        if class_id not in self.made:
            self.p.count("classes").changed += 1
            self.p.count("classes").same -= 1
        self.made[class_id] = changed

    def _grade(self, row: ClassRow) -> int | None:
        """The grade of a class: of most of its pupils, of its own row, of its name."""
        pupils = self._pupil_grades.get(row.id)
        own = [int(text) for text in row.grades if text.isdigit() and int(text) <= 12]
        if pupils and (not own or row.kind != "homeroom"):
            best = pupils.most_common(1)[0][0]
            return best if not own or best in own else own[0]
        if own:
            return own[0]
        named = find_class(row.title) if row.kind == "homeroom" else None
        return named.grade if named else self.p.options.default_grade

    def _homeroom(self, row: ClassRow) -> None:
        key = id_in_source(self.p.source, row.id)
        known = self.by_source.get((self.p.source, key))
        named = find_class(row.title)
        grade = self._grade(row)
        if known is None and grade is None:
            self._no_grade(row, "classes")
            return
        if known is None and grade is not None:
            fits = named is not None and named.grade == grade
            letter = row.letter or (named.letter if named and fits else row.title[:20])
            known = self.by_name.get((grade, _exact(letter)))
            if known is None and not row.ended:
                self.homerooms[row.id] = self.make(grade, letter, key, row.language)
                return
        if known is not None:
            self.homerooms[row.id] = known
            self.p.count("classes").same += 1
            if row.language and known in self.known:
                self._change(known, language=row.language)

    def _group(self, row: ClassRow) -> None:
        source, key = self.p.source, id_in_source(self.p.source, row.id)
        subject = self.subjects.code(self.p.roster, row)
        groups = self.p.state.groups
        found = [g for g in groups if (g.source, g.source_id) == (source, key)] or [
            g for g in groups
            if g.subject == subject and g.source != source and _exact(g.title) == _exact(row.title)
        ]  # fmt: skip
        if len(found) == 1:
            self.groups[row.id] = found[0].id
            self.p.count("groups").same += 1
            return
        if row.ended:
            return
        if found:
            self.p.count("groups").wrong += 1
            self.p.report.error(
                row.source,
                "group_ambiguous",
                N_("The school has several groups of this name and subject."),
                value=row.title,
            )
            return
        grade = self._grade(row)
        if grade is None:
            self._no_grade(row, "groups")
            return
        made = GroupPlan(
            id=self.make_id(),
            subject=subject,
            title=row.title or class_title(grade, ""),
            grade=grade,
            scheme=self.p.options.scheme(grade, subject),
            room=row.location[:50],
            source=source,
            source_id=key,
        )
        self.p.plan.groups.append(made)
        self.groups[row.id] = made.id
        self.p.count("groups").new += 1

    def _no_grade(self, row: ClassRow, label: str) -> None:
        self.p.count(label).wrong += 1
        self.p.report.error(
            row.source,
            "grade_unclear",
            N_("Nothing tells the grade of this class: neither its row, nor its pupils, nor its "
               "name. Add it, or name the grade for such classes when you import."),
            value=row.title,
        )  # fmt: skip


def _exact(title: str) -> str:
    """A name but for case and spaces; А and Ә stay two letters here."""
    return " ".join(title.casefold().split())


def _as_written(row: KnownClass, year: int) -> ClassToWrite:
    return ClassToWrite(
        id=row.id, year=year, grade=row.grade, letter=row.letter, language=row.language,
        shift=row.shift, homeroom_id=row.homeroom_id,
    )  # fmt: skip
