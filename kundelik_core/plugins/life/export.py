"""Write out what a plugin holds about the people of a school, as the plugin itself tells it."""

from collections.abc import AsyncIterator
from typing import Final

import msgspec

from kundelik_core.kernel.db import tenant
from kundelik_core.kernel.errors import Problem
from kundelik_core.kernel.i18n import N_
from kundelik_core.plugins.declared import HandlerRef
from kundelik_core.plugins.life.running import Running
from kundelik_core.plugins.work import school_call
from kundelik_core.sdk import Subject

__all__ = ["export_school", "loaded_or_refuse"]

_PEOPLE: Final = """
select distinct m.person_id as id,
       case m.role when 'pupil' then 'student' when 'parent' then 'guardian' else 'staff' end
         as kind
  from core.membership m where m.school_id = $1 order by kind, id
"""


def loaded_or_refuse(here: Running, plugin: str) -> None:
    """Let through a plugin that runs in this process.

    Raises:
        Problem: it does not, with the reason.
    """
    if plugin in here.registry.loaded:
        return
    one = next((each for each in here.registry.plugins if each.name == plugin), None)
    if one is None:
        raise Problem(
            "plugin-unknown",
            N_("There is no plugin %(plugin)s."),
            status=404,
            params={"plugin": plugin},
        )
    why = one.reason.text() if one.reason else one.state.value
    raise Problem(
        "plugin-not-loaded",
        N_("The plugin %(plugin)s does not run: %(why)s"),
        status=409,
        params={"plugin": plugin, "why": why},
    )


async def export_school(here: Running, plugin: str, school_id: int) -> AsyncIterator[bytes]:
    """Yield a line of JSON for every record, person by person.

    It does not matter whether the school has the plugin on: an export always works.

    Raises:
        Problem: the plugin does not run, or could not answer.
    """
    loaded_or_refuse(here, plugin)
    declared = here.registry.loaded[plugin].declared
    if not declared.privacy:
        return
    kinds = {field.subject for field in declared.personal_data}
    async with tenant(school_id) as tx:
        rows = await tx.fetch(_PEOPLE, school_id)
    ref = HandlerRef(plugin, "privacy", "export")
    for row in rows:
        if row["kind"] not in kinds:
            continue
        subject = Subject(kind=row["kind"], id=row["id"])
        outcome = await here.dispatcher.call(ref, subject, {plugin}, await school_call(school_id))
        if not outcome.done:
            raise Problem(
                "plugin-export",
                N_("The plugin %(plugin)s could not give out its data: %(why)s"),
                status=503,
                params={"plugin": plugin, "why": f"{outcome.error or outcome.state.value}"},
            )
        for record in outcome.value:
            line = {"school": school_id, "kind": subject.kind, "person": subject.id,
                    "title": record.title, "values": record.values}  # fmt: skip
            yield msgspec.json.encode(line) + b"\n"
