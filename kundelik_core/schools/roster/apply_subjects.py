"""Find the subject of another system's course: the school's, the country's, or a new one."""

from __future__ import annotations

import hashlib
import re

from kundelik_core.kernel.names import search_key
from kundelik_core.schools import curriculum
from kundelik_core.schools.actions.classes import SubjectRow

from .apply_model import SchoolState
from .model import ClassRow, Roster

__all__ = ["Subjects"]

# What registers abroad call the subjects of the national list.
_OTHER_NAMES = {"math": "math", "maths": "math", "mathematics": "math"}


class Subjects:
    """Subjects by every name that they are known under."""

    def __init__(self, state: SchoolState) -> None:
        self.national: dict[str, None] = {}
        self.own: dict[str, SubjectRow] = {}
        self._school: dict[str, str] = {}
        self._codes = {row.code for row in state.subjects}
        for row in state.subjects:
            for name in (row.code, row.title_kk, row.title_ru, row.title_en):
                self._school.setdefault(search_key(name), row.code)
        self._country = dict(_OTHER_NAMES)
        for code, subject in curriculum.subjects().items():
            titles = (subject.title, subject.short)
            for name in (code, *(t.of(lang) for t in titles for lang in ("kk", "ru", "en"))):
                self._country.setdefault(search_key(name), code)

    def code(self, roster: Roster, row: ClassRow) -> str:
        """The code of a class's subject; one that nobody has is noted to be made."""
        course = roster.courses.get(row.course)
        names = [course.title, course.code, *course.subjects] if course else []
        names += [*row.subjects, row.title, re.split(r"\s[-–—]\s|[:,(]", row.title)[0]]
        keys = [key for name in names if (key := search_key(name))]
        for key in keys:
            if key in self._school:
                return self._school[key]
        for key in keys:
            if key in self._country and self._country[key] in curriculum.subjects():
                code = self._country[key]
                if code not in self._codes:
                    self.national[code] = None
                return code
        title = next((name for name in (course.title if course else "", row.title) if name), row.id)
        return self._make(title)

    def _make(self, title: str) -> str:
        key = search_key(title) or title
        code = "own-" + hashlib.blake2b(key.encode(), digest_size=6).hexdigest()
        self.own[code] = SubjectRow(code=code, title_kk=title, title_ru=title, title_en=title)
        self._school[key] = code
        return code
