"""Describe looks into a child's records, and a copy of what is held about somebody."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, Literal
from uuid import UUID

import msgspec

from kundelik_core.kernel.i18n import N_

__all__ = ["WHAT", "Added", "Entry", "Kind", "Look", "Record", "Section", "Subject", "What"]

What = Literal["card", "diary", "marks"]

Kind = Literal["student", "guardian", "staff"]
"""In what part the school knows somebody; one person may play several."""

WHAT: Final[Mapping[str, str]] = {
    "card": N_("Personal card"),
    "diary": N_("Diary"),
    "marks": N_("Marks of the year"),
}
"""What may be looked at, in plain words."""


class Look(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody of the staff opened something of a child."""

    at: datetime
    what: str
    role: str
    surname: str = ""
    given: str = ""
    patronymic: str = ""


class Section(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of record: how to read it for a person, and what its columns are called.

    ``sql`` takes the school, the person and, as ``$3``, the language of titles; ``covers`` are the
    columns, as ``table.column``, through which it finds everything about the person.
    """

    key: str
    title: str
    columns: tuple[tuple[str, str], ...]
    sql: str
    covers: frozenset[str] = frozenset()


class Record(msgspec.Struct, frozen=True):
    """One thing that is held about a person, in plain values."""

    section: str
    values: Mapping[str, Any]


class Entry(msgspec.Struct, frozen=True):
    """One thing that a module keeps about a person, titled in the reader's language."""

    title: str
    values: Mapping[str, Any]


class Added(msgspec.Struct, frozen=True, kw_only=True):
    """What one module adds to a copy; not ``whole`` when it could not be asked now."""

    module: str
    title: str
    entries: list[Entry]
    whole: bool = True


class Subject(msgspec.Struct, frozen=True):
    """Whose records these are."""

    id: UUID
    surname: str
    given: str
    patronymic: str
