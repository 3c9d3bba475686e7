"""Describe a grant as every floor above sees it."""

from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec

__all__ = ["EVERYTHING", "Granted", "Wanted"]

EVERYTHING: Final = "*"
"""The scope that covers every other one."""


class Granted(msgspec.Struct, frozen=True, kw_only=True):
    """A row of the history: ``valid_from`` belongs to it, ``valid_until`` does not any more."""

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
