"""Describe a grant as every floor above sees it."""

from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec

__all__ = ["EVERYTHING", "Granted", "Pause", "Wanted"]

EVERYTHING: Final = "*"
"""The scope that covers every other one."""


class Pause(msgspec.Struct, frozen=True, array_like=True):
    """Time within a grant that does not count; without an end it has not ended yet."""

    begins: datetime
    ends: datetime | None


class Granted(msgspec.Struct, frozen=True, kw_only=True):
    """A row of the history: ``valid_from`` belongs to it, ``valid_until`` does not any more.

    From ``grace_from`` on nothing was paid. With ``seats`` it is the licence of a school, which
    serves the pupils who sit on them; such a pupil's share has a ``pupil_id`` and the seat's time.
    """

    id: UUID
    feature: str
    valid_from: datetime
    valid_until: datetime | None
    source: str
    source_ref: str
    granted_at: datetime
    holder_id: UUID | None = None
    pupil_id: UUID | None = None
    scope: str = EVERYTHING
    revoked_at: datetime | None = None
    revoke_reason: str | None = None
    grace_from: datetime | None = None
    seats: int | None = None
    pauses: tuple[Pause, ...] = ()


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What to grant: a feature such as ``rating.view``, for one pupil or for the whole school.

    ``source`` and ``source_ref`` name the act that it follows from, say an order's line; the same
    pair grants once.
    """

    feature: str
    source: str
    source_ref: str
    pupil: UUID | None = None
    holder: UUID | None = None
    scope: str = EVERYTHING
    seats: int | None = None
