"""Change how a school looks; every change stays in the history, with who made it."""

import hashlib
from uuid import UUID

from kundelik_core.kernel.clock import now
from kundelik_core.kernel.db import Tenant
from kundelik_core.kernel.ids import new_id
from kundelik_core.schools.queries.appearance import Appearance, Logo, current_appearance

__all__ = ["keep_logo", "set_appearance"]


async def keep_logo(tx: Tenant, logo: Logo) -> str:
    """Keep a picture that was checked; return the digest by which ``Appearance`` names it."""
    digest = hashlib.sha256(logo.content).hexdigest()[:16]
    await tx.execute(
        "insert into core.school_logo (school_id, digest, media_type, content, set_at) "
        "values ($1, $2, $3, $4, $5) on conflict do nothing",
        tx.school_id,
        digest,
        logo.media_type,
        logo.content,
        now(),
    )
    return digest


async def set_appearance(tx: Tenant, looks: Appearance, by: UUID | None) -> bool:
    """Make a school look so; False when it does already. Pictures no longer shown are let go."""
    if looks == await current_appearance(tx):
        return False
    await tx.execute(
        "insert into core.school_appearance "
        "(school_id, id, theme, accent, second, logo, set_at, set_by) "
        "values ($1, $2, $3, $4, $5, $6, $7, $8)",
        tx.school_id,
        new_id(),
        looks.theme,
        looks.accent,
        looks.second,
        looks.logo,
        now(),
        by,
    )
    await tx.execute(
        "delete from core.school_logo where school_id = $1 and digest <> $2",
        tx.school_id,
        looks.logo,
    )
    await tx.execute("select core.show_look()")
    return True
