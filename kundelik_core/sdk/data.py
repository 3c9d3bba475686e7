"""Name the core's data that a plugin may read, and the shape in which it gets it.

A plugin gets what its manifest lists under ``data.reads`` and nothing more: the core empties the
rest before it calls.
"""

from collections.abc import Mapping
from datetime import date
from types import MappingProxyType
from uuid import UUID

import msgspec

from kundelik_core.sdk._texts import N_

__all__ = ["SCOPES", "Pupil"]


class Pupil(msgspec.Struct, frozen=True, kw_only=True):
    """One pupil, as the scopes of the manifest allow: without its scope a field is None."""

    id: UUID
    name: str
    birth_date: date | None = None


SCOPES: Mapping[str, str] = MappingProxyType(
    {
        "pupil.v1": N_("Pupils' names."),
        "pupil.birth_date.v1": N_("Pupils' dates of birth."),
    }
)
"""Every scope that a manifest may ask for, with what it opens, as an English msgid."""
