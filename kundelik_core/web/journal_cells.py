"""Take marks: save a batch of cells, by what is held of the journal where that does.

Every change is repeatable: its id is made by the client, and the same id again changes nothing.
"""

from typing import Any, Final
from uuid import UUID

import msgspec
from litestar.params import FromPath
from litestar.types import ASGIApp

from kundelik_core.gradebook.access import Viewer
from kundelik_core.gradebook.journal.actions import SaveResult, save_alone, save_cells
from kundelik_core.gradebook.journal.model import Change, Outcome
from kundelik_core.identity.access import Permission
from kundelik_core.kernel import clock
from kundelik_core.kernel.db import Tenant
from kundelik_core.kernel.i18n import _, current_locale
from kundelik_core.web.answer import Ready
from kundelik_core.web.journal_answers import Json, computed_json, cursor, local_time
from kundelik_core.web.journal_reach import in_school, same_account, staff_schools, viewer_of
from kundelik_core.web.routes import api_post
from kundelik_core.web.visit import Request, actor_of, body_of

__all__ = ["HANDLERS"]

_json: Final = msgspec.json.Encoder()


class Changes(msgspec.Struct, frozen=True):
    """The body of a save; only results of ``period``, the one of the page, are of use to it."""

    changes: list[Change]
    period: str | None = None


_changes: Final = msgspec.json.Decoder(Changes)


def _result(outcome: Outcome) -> Json:
    problem: Json | None = None
    if outcome.state == "refused":
        text = _(outcome.message) % outcome.params if outcome.params else _(outcome.message)
        problem = {"code": outcome.code, "title": _("Not saved."), "detail": text}
    theirs = outcome.theirs
    return {
        "id": outcome.id,
        "column": outcome.column,
        "pupil": outcome.pupil,
        "state": outcome.state,
        "value": outcome.value,
        "problem": problem,
        "theirs": theirs and {"value": theirs.value, "by": theirs.by, "at": local_time(theirs.at)},
    }


@api_post("/journal/{group:uuid}/cells", access=Permission.JOURNAL_WRITE)
async def post_cells(request: Request, group: FromPath[UUID]) -> ASGIApp:
    """Save a batch of cells; every change is answered for itself."""
    now = cursor()
    # Read here, and not by the framework's many steps: this is the hottest of all writes.
    data = _changes.decode(await body_of(request))
    saved = await _save(request, group, data)
    answer = {
        "results": [_result(outcome) for outcome in saved.outcomes],
        "beside": saved.beside,
        "computed": computed_json(saved.scheme, saved.results),
        "cursor": now,
    }
    return Ready(_json.encode(answer), b"application/json")


async def _save(request: Request, group: UUID, data: Changes) -> SaveResult:
    """Save by the journal that is held here; with a look at it where that does not do."""
    actor, locale, today = actor_of(request), current_locale(), clock.today()
    same_account(request, actor)
    for school_id in staff_schools(actor):
        viewer = viewer_of(actor, school_id)
        found = await save_alone(
            school_id, viewer, group, data.changes, locale=locale, today=today, period=data.period
        )
        if found is not None:
            return found

    async def act(tx: Tenant, viewer: Viewer) -> SaveResult:
        return await save_cells(
            tx, viewer, group, data.changes,
            locale=locale, today=today, period=data.period, hold=True,
        )  # fmt: skip

    return await in_school(request, group, act, write=True, saves=True)


HANDLERS: Final[tuple[Any, ...]] = (post_cells,)
