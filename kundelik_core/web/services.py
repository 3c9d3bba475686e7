"""Say which services a family or its school has; nothing of the diary depends on them."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from uuid import UUID

import msgspec

from kundelik_core.entitlements.model import EVERYTHING, Granted
from kundelik_core.entitlements.queries import grants_of
from kundelik_core.entitlements.rules import span_at
from kundelik_core.entitlements.sharing import sharing_of
from kundelik_core.entitlements.verdict import reaches
from kundelik_core.identity.model import Actor
from kundelik_core.kernel import clock
from kundelik_core.kernel.db import Tenant, tenant
from kundelik_core.kernel.i18n import Locale, _
from kundelik_core.web.frame import school_name
from kundelik_core.web.offer_titles import feature_title, last_day

__all__ = ["Service", "services_of"]


class Service(msgspec.Struct, frozen=True, kw_only=True):
    """What it is, for whom, until when; not how it came. Without a pupil: the school's."""

    title: str
    whom: str
    until: str
    pupil: UUID | None


async def services_of(actor: Actor, locale: Locale) -> list[Service]:
    """Return what is in force for somebody's school, children or self, one line per service."""
    pupils: defaultdict[int, dict[UUID, str]] = defaultdict(dict)
    for member in actor.memberships:
        if member.role == "pupil":
            pupils[member.school_id][member.person_id] = ""
    viewers: dict[UUID, UUID] = {}
    for child in actor.children:
        pupils[child.school_id][child.pupil_id] = child.given_name
        viewers[child.pupil_id] = child.guardian_id
    now, lines = clock.now(), []
    for school_id in actor.schools:
        async with tenant(school_id) as tx:
            shared = await sharing_of(tx)
            found = [
                one
                for one in await grants_of(tx, list(pupils[school_id]))
                if one.pupil_id is None
                or reaches(one, viewers.get(one.pupil_id, one.pupil_id), shared=shared)
            ]
            parts = await _parts(tx, {one.scope for one in found} - {EVERYTHING}, locale)
        grouped: defaultdict[tuple[str, str, UUID | None], list[Granted]] = defaultdict(list)
        for grant in found:
            grouped[grant.feature, grant.scope, grant.pupil_id].append(grant)
        for (feature, scope, pupil), grants in grouped.items():
            # What is bought ahead belongs to the time that runs now.
            span = span_at(grants, now)
            if span is None:
                continue
            whom = school_name(school_id, locale) or _("The whole school")
            if pupil is not None:
                whom = pupils[school_id][pupil]
            title = feature_title(feature, locale)
            if scope != EVERYTHING:
                title = f"{title}: {parts.get(scope, scope)}"
            until = last_day(span.ends, locale)
            lines.append(Service(title=title, whom=whom, until=until, pupil=pupil))
    return lines


async def _parts(tx: Tenant, scopes: Collection[str], locale: Locale) -> Mapping[str, str]:
    """Return the names of the subjects that scopes mean."""
    if not scopes:
        return {}
    rows = await tx.fetch(
        "select s.code, s.title_kk, s.title_ru, s.title_en from core.subject s "
        "where s.school_id = $1 and s.code = any($2::text[])",
        tx.school_id,
        list(scopes),
    )
    return {row["code"]: row[f"title_{locale}"] for row in rows}
