"""Find subjects and teachers by what a timetable calls them; every doubt stays a doubt."""

from __future__ import annotations

import difflib
import re
from collections import defaultdict
from collections.abc import Iterable
from typing import Final, NamedTuple
from uuid import UUID

from kundelik_core.kernel.names import full_name, search_key
from kundelik_core.schools import curriculum
from kundelik_core.schools.roster.apply_model import KnownSubject

from .model import Staff

__all__ = ["Found", "SubjectNames", "TeacherNames"]

_NEAR: Final = 3
_LOCALES: Final = ("kk", "ru", "en")
# What timetables on the wall call subjects of the national list.
_USUAL: Final = {
    "английский язык": "foreign", "английский": "foreign", "иностранный язык": "foreign",
    "шетел тілі": "foreign", "english": "foreign", "english language": "foreign",
    "foreign language": "foreign", "физкультура": "physical_education",
    "physical education": "physical_education", "math": "mathematics",
    "букварь": "primer", "әліппе": "primer", "литературное чтение": "literary_reading",
}  # fmt: skip
_INITIALS: Final = re.compile(r"(?P<surname>\S.*?)\s+(?P<first>\w)\.?\s*(?:(?P<second>\w)\.?)?")


class Found(NamedTuple):
    """What a name means: one key, or none with those that come near."""

    key: str
    near: tuple[str, ...] = ()
    several: bool = False


class SubjectNames:
    """The school's own subjects first, then the country's, by every name."""

    def __init__(self, own: Iterable[KnownSubject], locale: str) -> None:
        self._titles: dict[str, str] = {}
        self._full: dict[str, set[str]] = defaultdict(set)
        self._short: dict[str, set[str]] = defaultdict(set)
        self._own: set[str] = set()
        place = _LOCALES.index(locale) if locale in _LOCALES else 0
        for subject in own:
            names = (subject.title_kk, subject.title_ru, subject.title_en)
            self._titles[subject.code] = names[place] or names[0]
            self._own.add(subject.code)
            for name in (subject.code, *names):
                self._full[search_key(name)].add(subject.code)
        for code, national in curriculum.subjects().items():
            self._titles.setdefault(code, national.title.of(locale))
            self._full[search_key(code)].add(code)
            for lang in _LOCALES:
                self._full[search_key(national.title.of(lang))].add(code)
                self._short[search_key(national.short.of(lang))].add(code)
        for name, code in _USUAL.items():
            self._short[search_key(name)].add(code)

    def title(self, code: str) -> str:
        """What the school calls a subject."""
        return self._titles[code]

    def is_new(self, code: str) -> bool:
        """Whether the school has the subject yet to take over from the country."""
        return code not in self._own

    def find(self, text: str, grade: int, language: str) -> Found:
        """The code of a subject; the plan of the grade decides between two of one name."""
        key = search_key(text)
        codes = self._full.get(key, set()) | self._short.get(key, set())
        if len(codes) > 1 and 1 <= grade <= 11:
            taught = {line.subject.code for line in curriculum.plan(grade, language)}
            codes = codes & taught or codes
        if len(codes) > 1:
            codes = codes & self._full.get(key, set()) or codes
        if len(codes) == 1:
            return Found(next(iter(codes)))
        if codes:
            return Found("", tuple(sorted(self._titles[code] for code in codes)), several=True)
        names = {search_key(title): title for title in self._titles.values()}
        close = difflib.get_close_matches(key, names, n=_NEAR, cutoff=0.6)
        return Found("", tuple(names[name] for name in close))


class TeacherNames:
    """The staff by login, by name, and by surname with initials."""

    def __init__(self, staff: Iterable[Staff]) -> None:
        self.people = {person.id: person for person in staff}
        self._names: dict[str, set[UUID]] = defaultdict(set)
        self._surnames: dict[str, list[Staff]] = defaultdict(list)
        self._logins: dict[str, UUID] = {}
        for person in self.people.values():
            whole = full_name(person.surname, person.given, person.patronymic)
            for name in (whole, full_name(person.surname, person.given)):
                self._names[search_key(name)].add(person.id)
            self._surnames[search_key(person.surname)].append(person)
            if person.login:
                self._logins[person.login.casefold()] = person.id

    def find(self, text: str) -> tuple[UUID | None, Found]:
        """The person whom a cell means; None with near names where that is not one."""
        login = self._logins.get(text.strip().casefold())
        found = {login} if login else self._names.get(search_key(text)) or self._initials(text)
        if len(found) == 1:
            return next(iter(found)), Found(text)
        if found:
            return None, Found("", tuple(sorted(self._told(key) for key in found)), several=True)
        names = {search_key(self._told(key)): self._told(key) for key in self.people}
        close = difflib.get_close_matches(search_key(text), names, n=_NEAR, cutoff=0.6)
        return None, Found("", tuple(names[name] for name in close))

    def _told(self, key: UUID) -> str:
        person = self.people[key]
        return full_name(person.surname, person.given, person.patronymic)

    def _initials(self, text: str) -> set[UUID]:
        match = _INITIALS.fullmatch(text.strip())
        if match is None:
            return set()
        first, second = search_key(match["first"]), search_key(match["second"] or "")
        return {
            person.id
            for person in self._surnames.get(search_key(match["surname"]), ())
            if search_key(person.given).startswith(first)
            and (not second or not person.patronymic
                 or search_key(person.patronymic).startswith(second))
        }  # fmt: skip
