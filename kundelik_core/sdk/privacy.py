"""Let a person get, and lose, what a plugin holds about them; a must with ``data.personal``."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Literal, TypeAlias
from uuid import UUID

import msgspec

from kundelik_core.sdk.context import PluginContext
from kundelik_core.sdk.data import Json
from kundelik_core.sdk.text import Text

__all__ = [
    "EraseMode",
    "Erased",
    "Erasure",
    "LegalGround",
    "PersonalField",
    "PrivacyHandlers",
    "Record",
    "Subject",
    "SubjectKind",
]

SubjectKind: TypeAlias = Literal["student", "guardian", "staff"]
"""Whom a column is about."""

LegalGround: TypeAlias = Literal["consent", "contract", "law", "public_task"]
"""Why data may be kept: it was agreed to, promised, prescribed, or a school's public task."""

EraseMode: TypeAlias = Literal["erase", "anonymise"]
"""Take the rows away, or keep them for counts without anything that leads to the person."""


class PersonalField(msgspec.Struct, frozen=True, kw_only=True):
    """One column of the plugin's own tables that leads to a person.

    ``keep`` is how long it is kept, like ``P1Y``; without, as long as the manifest's
    ``data.retention`` says.
    """

    table: str
    column: str
    subject: SubjectKind
    purpose: Text
    ground: LegalGround
    keep: str | None = None


class Subject(msgspec.Struct, frozen=True, kw_only=True):
    """Whose data it is; a person has one id in all kinds."""

    kind: SubjectKind
    id: UUID


class Erasure(msgspec.Struct, frozen=True, kw_only=True):
    """What is to go: whose, and how."""

    subject: Subject
    mode: EraseMode


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that is held about a person: what it is, and its values by their names."""

    title: Text
    values: Mapping[str, Json]


class Erased(msgspec.Struct, frozen=True, kw_only=True):
    """How many rows were erased or made anonymous."""

    rows: int


class PrivacyHandlers(msgspec.Struct, frozen=True, kw_only=True):
    """How to give out and to erase what the plugin holds about somebody, within one school.

    ``export`` returns every record, the oldest first. ``erase`` does its work whole or raises; it
    may be asked again, and then finds nothing.
    """

    export: Callable[[PluginContext, Subject], Awaitable[Sequence[Record]]]
    erase: Callable[[PluginContext, Erasure], Awaitable[Erased]]
