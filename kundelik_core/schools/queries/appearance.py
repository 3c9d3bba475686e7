"""Read how schools look: all of them at a process's start, one with its history for its page."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

import msgspec

from kundelik_core.kernel.db import Tenant, reference

__all__ = [
    "Appearance",
    "Change",
    "Logo",
    "appearance_history",
    "current_appearance",
    "school_logo",
    "school_looks",
]


class Appearance(msgspec.Struct, frozen=True, kw_only=True):
    """What a school chose; empty is what the installation has. Colours are ``006a7e``."""

    theme: str = ""
    accent: str = ""
    second: str = ""
    logo: str = ""
    """The digest of the logo's bytes."""


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """One step of the history."""

    looks: Appearance
    at: datetime
    by: UUID | None


class Logo(msgspec.Struct, frozen=True):
    """A picture as it was sent in."""

    media_type: str
    content: bytes


async def school_looks(
    ids: Collection[int] | None = None, *, since: datetime | None = None
) -> dict[int, Appearance]:
    """Return how schools look: all that chose, some, or those that changed since a moment."""
    rows = await reference().fetch(
        "select l.id, l.theme, l.accent, l.second, l.logo from core.school_look l "
        "where ($1::int[] is null or l.id = any($1)) "
        "and ($2::timestamptz is null or l.changed_at >= $2)",
        None if ids is None else list(ids),
        since,
    )
    return {
        r["id"]: Appearance(
            theme=r["theme"], accent=r["accent"], second=r["second"], logo=r["logo"]
        )
        for r in rows
    }


async def appearance_history(tx: Tenant, limit: int = 20) -> list[Change]:
    """Return what the school chose, the latest first."""
    rows = await tx.fetch(
        "select a.theme, a.accent, a.second, a.logo, a.set_at, a.set_by "
        "from core.school_appearance a where a.school_id = $1 "
        "order by a.set_at desc, a.id desc limit $2",
        tx.school_id,
        limit,
    )
    return [
        Change(
            looks=Appearance(
                theme=r["theme"], accent=r["accent"], second=r["second"], logo=r["logo"]
            ),
            at=r["set_at"],
            by=r["set_by"],
        )
        for r in rows
    ]


async def current_appearance(tx: Tenant) -> Appearance:
    """Return how the school looks now."""
    latest = await appearance_history(tx, 1)
    return latest[0].looks if latest else Appearance()


async def school_logo(tx: Tenant, digest: str) -> Logo | None:
    """Return the school's logo of this digest, if it has it."""
    row = await tx.fetchrow(
        "select g.media_type, g.content from core.school_logo g "
        "where g.school_id = $1 and g.digest = $2",
        tx.school_id,
        digest,
    )
    return Logo(row["media_type"], row["content"]) if row else None
