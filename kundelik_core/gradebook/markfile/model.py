"""What a file of marks becomes before anything is written: people, marks, missed lessons."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Literal

import msgspec

from kundelik_core.schools.roster.model import RowError, Sex, Where

PERIOD_MARK = "period"


class GuardianRow(msgspec.Struct, frozen=True, kw_only=True):
    """An adult of a pupil; ``key`` is the same where the same parent has two children."""

    key: str
    kind: str
    family_name: str
    given_name: str
    middle_name: str = ""
    phone: str = ""
    sex: Sex = ""


class PupilRow(msgspec.Struct, kw_only=True):
    """A pupil as the file and its mapping give them; ``invented`` when the file has no names."""

    key: str
    source: Where
    school: str
    class_title: str
    grade: int
    letter: str
    family_name: str = ""
    given_name: str = ""
    middle_name: str = ""
    sex: Sex = ""
    birth_date: dt.date | None = None
    invented: bool = False
    guardians: list[GuardianRow] = []


class MarkRow(msgspec.Struct, frozen=True, kw_only=True):
    """One mark; ``kind`` is "period" for a period mark, else a kind of work (fo, sor, soch)."""

    pupil: str
    subject: str
    kind: str
    value: str
    source: Where
    period: str = ""
    title: str = ""
    date: dt.date | None = None
    maximum: Decimal | None = None
    comment: str = ""


class AbsenceRow(msgspec.Struct, frozen=True, kw_only=True):
    """How many lessons a pupil missed in a period; the file does not say which."""

    pupil: str
    count: int
    period: str
    code: str
    source: Where


class MarkFile(msgspec.Struct, kw_only=True):
    """Everything a mark file says, ready for a dry run."""

    title: str
    school_name: str
    language: str
    scheme: str
    school_year: int
    layout: Literal["wide", "long"]
    schools: dict[str, int] = {}
    classes: dict[str, list[str]] = {}
    subjects: dict[str, str] = {}
    teachers: dict[str, str] = {}
    pupils: dict[str, PupilRow] = {}
    marks: list[MarkRow] = []
    absences: list[AbsenceRow] = []
    errors: list[RowError] = []

    @property
    def has_errors(self) -> bool:
        """Whether any row or mark was left out."""
        return any(error.severity == "error" for error in self.errors)
