"""Make people and classes of the rows of a mark file; invent only what a mapping says."""

from __future__ import annotations

import datetime as dt
from typing import NamedTuple

from kundelik_core.kernel.i18n import N_
from kundelik_core.kernel.names import search_key
from kundelik_core.schools.roster.classname import parse_class
from kundelik_core.schools.roster.columns import Line
from kundelik_core.schools.roster.model import Sex
from kundelik_core.schools.roster.parents import Parent, read_parents
from kundelik_core.schools.roster.values import clean_name, parse_sex, split_name

from .mapping import GuardianMap, MarkMapping, NamesMap
from .model import GuardianRow, MarkFile, PupilRow


class _Named(NamedTuple):
    family: str
    given: str
    middle: str
    invented: bool


class People:
    """The pupils of one file; a row that names nobody is told and gives no pupil."""

    def __init__(self, mapping: MarkMapping, file: MarkFile) -> None:
        self.map, self.file = mapping, file
        # The class that each school is filling, and how many pupils it has.
        self.filling: dict[str, tuple[int, int]] = {}
        self.begun = 0

    def pupil(self, line: Line, school: str) -> PupilRow | None:
        given_key = "|".join(line.get(column) for column in self.map.pupil.key)
        sex = self._sex(line)
        named = self._names(line, sex, given_key)
        if named is None:
            return None
        key = given_key or self._own_key(line, named)
        earlier = self.file.pupils.get(f"{school}|{key}")
        if earlier is not None:
            if self.map.long is not None:
                return earlier
            line.report.error(
                line.where(),
                "pupil_twice",
                N_("This pupil is already in line %(line)s; this row was left out."),
                params={"line": earlier.source.line},
            )
            return None
        place = self._class(line, school)
        understood, born = self._birth(line)
        if place is None or not understood:
            return None
        pupil = PupilRow(
            key=f"{school}|{key}",
            source=line.where(),
            school=school,
            class_title=place[0],
            grade=place[1],
            letter=place[2],
            family_name=named.family,
            given_name=named.given,
            middle_name=named.middle,
            sex=sex,
            birth_date=born,
            invented=named.invented,
        )
        for guardian in self.map.guardians:
            pupil.guardians += self._guardians(line, pupil, guardian)
        self.file.pupils[pupil.key] = pupil
        self.file.classes.setdefault(pupil.class_title, []).append(pupil.key)
        return pupil

    def _own_key(self, line: Line, named: _Named) -> str:
        """Without a key of its own a row is its line, or, where rows repeat, its names."""
        if named.invented or self.map.long is None:
            return f"line-{line.number}"
        return search_key(f"{named.family} {named.given} {named.middle}")

    def _sex(self, line: Line) -> Sex:
        text = line.get(self.map.pupil.sex)
        sex = parse_sex(text)
        if sex is None:
            line.report.warning(
                line.where(self.map.pupil.sex),
                "sex_unclear",
                N_("%(value)s was not understood as a sex and was left empty."),
                value=text,
                params={"value": text},
            )
        return sex or ""

    def _names(self, line: Line, sex: Sex, key: str) -> _Named | None:
        pupil = self.map.pupil
        columns = [pupil.full_name] if pupil.full_name else [
            pupil.family_name, pupil.given_name, pupil.middle_name,
        ]  # fmt: skip
        names = [clean_name(line.get(column)) for column in columns]
        told = "".join(name or "" for name in names)
        if None not in names and told:
            if pupil.full_name:
                return _Named(*split_name(told), invented=False)
            return _Named(names[0] or "", names[1] or "", names[2] or "", invented=False)
        if pupil.invented_names is not None and not told and None not in names:
            return _invented(pupil.invented_names, sex, self._number(line, key))
        line.report.error(
            line.where(columns[0]),
            "name_unusable",
            N_("This row names nobody whose marks these could be."),
            value=line.get(columns[0]),
        )
        return None

    def _number(self, line: Line, key: str) -> int:
        """The row's number among the data; by key it stays the same in every file."""
        return int(key) if key.isascii() and key.isdigit() else line.number - 2

    def _birth(self, line: Line) -> tuple[bool, dt.date | None]:
        pupil = self.map.pupil
        if line.get(pupil.birth_date):
            return line.date(pupil.birth_date)
        text = line.get(pupil.age)
        if not text or pupil.age_on is None:
            return True, None
        if not (text.isascii() and text.isdigit() and 3 <= int(text[:3]) <= 99):
            line.report.error(
                line.where(pupil.age),
                "age_unreadable",
                N_("%(value)s is not an age."),
                value=text,
                params={"value": text},
            )
            return False, None
        # Some day on which that age was true; spread over the year, the same for each row.
        last = dt.date(pupil.age_on.year - int(text), pupil.age_on.month, 1)
        return True, last - dt.timedelta(days=(line.number * 37) % 365)

    def _class(self, line: Line, school: str) -> tuple[str, int, str] | None:
        classes = self.map.classes
        written = line.get(classes.column) or classes.default
        if not classes.column and not written:
            number = self._next_place(school)
            letter = classes.letters[number % len(classes.letters)]
            grade = (classes.grade + number // len(classes.letters) - 1) % 11 + 1
            return f"{grade} «{letter}»", grade, letter
        name = parse_class(written)
        if name is None or name.doubt == "ambiguous":
            line.report.error(
                line.where(classes.column),
                "class_unclear" if written else "class_missing",
                N_("%(value)s is not a class. Write it as 5 «А», 5А or 5-А."),
                value=written,
                params={"value": written},
            )
            return None
        return name.title, name.grade, name.letter

    def _next_place(self, school: str) -> int:
        """The class for one more pupil; schools taken as one do not share a class."""
        number, pupils = self.filling.get(school, (-1, self.map.classes.size))
        if pupils >= self.map.classes.size:
            number, pupils = self.begun, 0
            self.begun += 1
        self.filling[school] = (number, pupils + 1)
        return number

    def _guardians(self, line: Line, pupil: PupilRow, map_: GuardianMap) -> list[GuardianRow]:
        told = line.get(map_.kind)
        kind = map_.kinds.get(told, told if told in {"mother", "father"} else "guardian")
        if map_.name:
            found = read_parents(line.get(map_.name), line.get(map_.phone), kind)
        elif told and self.map.pupil.invented_names is not None:
            found = [_parent_of(pupil, kind, self.map.pupil.invented_names, line.number)]
        else:
            return []
        rows = []
        for parent in found:
            if parent.fault:
                line.report.warning(
                    line.where(map_.name),
                    f"parent_{parent.fault}",
                    N_("A parent or their phone could not be read here and was left out."),
                    value=line.get(map_.name),
                )
            if parent.fault != "name":
                rows.append(_guardian(parent, pupil))
        return rows


def _invented(names: NamesMap, sex: Sex, number: int) -> _Named:
    """A name for row ``number``: always the same, and another one than its neighbours'."""
    given = names.female if sex == "female" else names.male
    first = number % len(given)
    family = (first * 3 + number // len(given)) % len(names.family)
    return _Named(names.family[family], given[first], "", invented=True)


def _parent_of(pupil: PupilRow, kind: str, names: NamesMap, number: int) -> Parent:
    woman = kind == "mother" or (kind != "father" and number % 2 == 0)
    given = names.female if woman else names.male
    return Parent(pupil.family_name, given[(number * 7 + 3) % len(given)], "", "", kind)


def _guardian(parent: Parent, pupil: PupilRow) -> GuardianRow:
    sex: Sex = {"mother": "female", "father": "male"}.get(parent.kind, "")  # type: ignore[assignment]
    return GuardianRow(
        key=parent.key(pupil.key),
        kind=parent.kind,
        family_name=parent.family,
        given_name=parent.given,
        middle_name=parent.middle,
        phone=parent.phone,
        sex=sex,
    )
