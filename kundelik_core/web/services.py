"""Say which services a family or its school has; nothing of the diary depends on them."""

from collections import defaultdict
from datetime import timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from kundelik_core.entitlements.model import Granted
from kundelik_core.entitlements.queries import grants_of
from kundelik_core.entitlements.rules import Span, span_at
from kundelik_core.identity.model import Actor
from kundelik_core.kernel import clock
from kundelik_core.kernel.clock import SCHOOL_ZONE
from kundelik_core.kernel.db import tenant
from kundelik_core.kernel.i18n import Locale, _, long_date
from kundelik_core.web.frame import school_name
from kundelik_core.web.modules import registry

__all__ = ["services_of"]


async def services_of(actor: Actor, locale: Locale) -> list[dict[str, str]]:
    """Return what is in force for somebody's school, children or self, one line per service."""
    pupils: defaultdict[int, dict[UUID, str]] = defaultdict(dict)
    for member in actor.memberships:
        if member.role == "pupil":
            pupils[member.school_id][member.person_id] = ""
    for child in actor.children:
        pupils[child.school_id][child.pupil_id] = child.given_name
    now, lines = clock.now(), []
    for school_id in actor.schools:
        async with tenant(school_id) as tx:
            found = await grants_of(tx, list(pupils[school_id]))
        grouped: defaultdict[tuple[str, UUID | None], list[Granted]] = defaultdict(list)
        for grant in found:
            grouped[grant.feature, grant.pupil_id].append(grant)
        for (feature, pupil), grants in grouped.items():
            # What is bought ahead belongs to the time that runs now.
            span = span_at(grants, now)
            if span is None:
                continue
            whom = school_name(school_id, locale) or _("The whole school")
            if pupil is not None:
                whom = pupils[school_id][pupil]
            title = _title(feature, locale)
            lines.append({"title": title, "whom": whom, "until": _until(span, locale)})
    return lines


def _title(feature: str, locale: Locale) -> str:
    """Return what the module calls itself; a feature of a module that is gone keeps its code."""
    module = registry().loaded.get(feature.partition(".")[0])
    return str(getattr(module.manifest.title, locale)) if module else feature


def _until(span: Span, locale: Locale) -> str:
    if span.ends is None:
        return _("without an end")
    # The end is the first moment that no longer counts; people name the last day that does.
    last = (span.ends - timedelta(seconds=1)).astimezone(ZoneInfo(SCHOOL_ZONE)).date()
    return _("until %(day)s") % {"day": long_date(last, locale)}
