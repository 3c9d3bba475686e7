"""Say in a small file of its own how the columns of somebody's mark file are to be understood.

A mapping is written once per source, in TOML or JSON, and kept beside the data; the reader in
``markfile`` holds no knowledge of any particular file. Every key is checked, so that a typing
error in a mapping is told and never silently ignored.
"""

from __future__ import annotations

import datetime as dt
import tomllib
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Literal

import msgspec

from kundelik_core.kernel.errors import Problem
from kundelik_core.kernel.i18n import N_

MAX_MAPPING = 256 * 1024
Text = Annotated[str, msgspec.Meta(min_length=1, max_length=300)]


class SchoolMap(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """The school to make, and how a file of several schools is told apart."""

    name: Text
    language: Literal["kk", "ru", "en"] = "ru"
    column: str = ""
    only: list[str] = []
    names: dict[str, str] = {}


class NamesMap(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Names to invent people from, row by row, where a file has none."""

    male: Annotated[list[Text], msgspec.Meta(min_length=1)]
    female: Annotated[list[Text], msgspec.Meta(min_length=1)]
    family: Annotated[list[Text], msgspec.Meta(min_length=1)]


class PupilMap(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """How a row says whose marks it holds: a key, a name, or only its place in the file."""

    key: list[str] = []
    full_name: str = ""
    family_name: str = ""
    given_name: str = ""
    middle_name: str = ""
    invented_names: NamesMap | None = None
    sex: str = ""
    birth_date: str = ""
    age: str = ""
    age_on: dt.date | None = None


class ClassMap(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Which class a pupil is in: a column, or classes filled one after the other."""

    column: str = ""
    default: str = ""
    grade: Annotated[int, msgspec.Meta(ge=0, le=12)] = 10
    size: Annotated[int, msgspec.Meta(ge=1, le=60)] = 25
    letters: Annotated[list[Text], msgspec.Meta(min_length=1)] = msgspec.field(
        default_factory=lambda: list("АӘБВГҒДЕЖЗИКҚЛМНОӨПРС")
    )


class GuardianMap(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A parent: by name and phone, or only by kind ("mother"), then named after the child."""

    name: str = ""
    phone: str = ""
    kind: str = ""
    kinds: dict[str, Literal["mother", "father", "guardian", "relative"]] = {}


class MarkMap(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """One column of marks of a wide file."""

    column: Text
    subject: str = ""
    period: str = ""
    kind: str = "period"
    title: str = ""
    date: dt.date | None = None
    maximum: Decimal | None = None
    lowest: Decimal | None = None
    highest: Decimal | None = None


class LongMap(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Where a long file (one mark per row) keeps what a wide one has in its headings."""

    value: Text
    subject: str = ""
    period: str = ""
    kind: str = ""
    title: str = ""
    maximum: str = ""
    date: str = ""
    comment: str = ""
    periods: dict[str, str] = {}
    kinds: dict[str, str] = {}
    lowest: Decimal | None = None
    highest: Decimal | None = None


class AbsenceMap(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A column with the number of missed lessons."""

    column: Text
    period: str = "y"
    code: Literal["absent_unexcused", "absent_excused", "absent_ill", "late"] = "absent_unexcused"


class SubjectMap(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A subject of the school to make, and who teaches it."""

    title: Text
    code: str = ""
    teacher: str = ""


class MarkMapping(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A whole mapping: what the file is, and what of it becomes what."""

    title: Text
    school: SchoolMap
    pupil: PupilMap
    scheme: str = ""
    school_year: Annotated[int, msgspec.Meta(ge=2000, le=2100)] = 2026
    classes: ClassMap = msgspec.field(default_factory=ClassMap)
    subjects: dict[str, SubjectMap] = {}
    marks: list[MarkMap] = []
    long: LongMap | None = None
    absences: list[AbsenceMap] = []
    guardians: list[GuardianMap] = []
    defaults: dict[str, str] = {}
    empty: list[str] = msgspec.field(default_factory=lambda: ["", "-"])
    maximum_row: str = ""
    skip_rows: list[str] = []


def load_mapping(source: Path | str | bytes, *, name: str = "") -> MarkMapping:
    """Read a mapping from a file, or from the text of one."""
    try:
        if isinstance(source, Path):
            name = name or source.name
            if source.stat().st_size > MAX_MAPPING:
                raise _refused(name, "the file is too large")
            source = source.read_bytes()
        text = source.decode("utf-8-sig") if isinstance(source, bytes) else source
        json = text.lstrip().startswith("{")
        data: object = msgspec.json.decode(text) if json else tomllib.loads(text)
        # Decimals come as text or whole numbers: a float would already have lost the exact one.
        mapping = msgspec.convert(data, MarkMapping, strict=False)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        raise _refused(name, str(error)) from error
    except (msgspec.ValidationError, msgspec.DecodeError) as error:
        raise _refused(name, str(error)) from error
    _check(mapping, name)
    return mapping


def _check(mapping: MarkMapping, name: str) -> None:
    if not mapping.marks and mapping.long is None:
        raise _refused(name, "it needs [[marks]] (one pupil a row) or [long] (one mark a row)")
    if mapping.marks and mapping.long is not None:
        raise _refused(name, "it has both [[marks]] and [long]; keep one")
    pupil = mapping.pupil
    if not (pupil.full_name or pupil.family_name or pupil.given_name or pupil.invented_names):
        raise _refused(name, "[pupil] names no column with names and no invented_names")
    if pupil.age and pupil.age_on is None:
        raise _refused(name, "[pupil] has age and lacks age_on, the day on which it held")
    if mapping.long is not None and pupil.invented_names and not pupil.key:
        raise _refused(name, "[pupil] key is needed where a pupil has several rows")


def _refused(name: str, reason: str) -> Problem:
    params: Mapping[str, object] = {"file": name or "mapping", "reason": reason}
    return Problem(
        "mapping_refused",
        N_("The mapping %(file)s cannot be used: %(reason)s."),
        status=422,
        params=params,
    )
