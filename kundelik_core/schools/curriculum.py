"""Say which subjects a grade is taught, in the country's typical curriculum, and for how long.

A school starts its working curriculum from here. What a subject is called, whether it is marked
or only passed, and how a large class divides for it are data (`data/curriculum`).
"""

import tomllib
from decimal import Decimal
from functools import cache
from importlib import resources
from typing import Any, Literal

import msgspec

from kundelik_core.schools.titles import Title

Component = Literal["invariant", "variative", "class_hour"]
Split = Literal["", "halves", "sexes"]
Track = Literal["nature", "social"]
PlanLanguage = Literal["kk", "ru"]

# From how many pupils a class is divided: in a town, in a village.
SPLIT_TOWN = 24
SPLIT_VILLAGE = 20

_STAGES = {"primary": range(1, 5), "basic": range(5, 10), "senior": range(10, 12)}


class Subject(msgspec.Struct, frozen=True):
    """A school subject as the country's curriculum knows it."""

    code: str
    title: Title
    short: Title
    component: Component = "invariant"
    split: Split = ""
    pass_fail: bool = False


class SubjectHours(msgspec.Struct, frozen=True):
    """One line of a curriculum: a subject and its lessons per week (a half: every other week)."""

    subject: Subject
    hours: Decimal

    @property
    def half_year(self) -> bool:
        """Whether the subject is too small for quarter marks and is marked by half-years."""
        return self.hours <= 1


@cache
def subjects(country: str = "kz") -> dict[str, Subject]:
    """Every subject of the country by its code, in the order in which lists show them."""
    rows: dict[str, dict[str, Any]] = _read(f"{country}-subjects.toml")["subjects"]
    found = {}
    for code, row in rows.items():
        title = {key: row[key] for key in ("kk", "ru", "en")}
        rest = {key: value for key, value in row.items() if key not in title}
        found[code] = msgspec.convert({"code": code, "title": title, **rest}, Subject)
    return found


def plan(
    grade: int, language: str, track: Track | None = None, country: str = "kz"
) -> list[SubjectHours]:
    """The typical curriculum of a grade; `language` is the class's language of instruction.

    Grades 10 and 11 follow a track (natural sciences unless told otherwise). Classes in other
    languages than Kazakh follow the plan of Russian ones.
    """
    stage = next((name for name, grades in _STAGES.items() if grade in grades), None)
    if stage is None:
        raise ValueError(f"no curriculum for grade {grade}")
    tables: dict[str, dict[str, list[str]]] = _read(f"{country}-hours.toml")[stage]
    names = ["common", "kk" if language == "kk" else "ru"]
    if stage == "senior":
        names.append(track or "nature")
    place = grade - _STAGES[stage].start
    hours: dict[str, Decimal] = {}
    for name in names:
        for code, row in tables[name].items():
            hours[code] = Decimal(row[place])
    return [SubjectHours(s, hours[c]) for c, s in subjects(country).items() if hours.get(c)]


def load(lines: list[SubjectHours]) -> Decimal:
    """The weekly load that counts against the norm: what the country prescribes."""
    return sum((x.hours for x in lines if x.subject.component == "invariant"), Decimal(0))


def max_load(grade: int, language: str, country: str = "kz") -> Decimal | None:
    """The largest weekly load the norm allows; None where we have no published figure."""
    table = _read(f"{country}-hours.toml")["max_load"]["kk" if language == "kk" else "ru"]
    found = table.get(str(grade))
    return None if found is None else Decimal(found)


@cache
def _read(name: str) -> dict[str, Any]:
    source = resources.files("kundelik_core.schools") / "data" / "curriculum" / name
    return tomllib.loads(source.read_text("utf-8"))
