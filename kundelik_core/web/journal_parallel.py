"""Offer a teacher the topics of parallel groups, so that nobody types one twice."""

from typing import Any, Final
from uuid import UUID

from litestar.params import FromPath

from kundelik_core.gradebook.access import Viewer, journal_right, not_found
from kundelik_core.gradebook.columns.parallel import parallel_lessons
from kundelik_core.gradebook.journal.queries import journal_facts
from kundelik_core.identity.access import Permission
from kundelik_core.kernel import clock
from kundelik_core.kernel.db import Tenant
from kundelik_core.web.journal_answers import Json
from kundelik_core.web.journal_reach import in_school
from kundelik_core.web.journal_titles import short_day
from kundelik_core.web.routes import api_get
from kundelik_core.web.visit import Request

__all__ = ["HANDLERS"]


@api_get("/journal/{group:uuid}/parallel", access=Permission.JOURNAL_READ)
async def get_parallel(request: Request, group: FromPath[UUID]) -> Json:
    """Tell the topics and homework of the reader's other groups of this subject and grade."""
    today = clock.today()

    async def act(tx: Tenant, viewer: Viewer) -> Json:
        facts = await journal_facts(tx, group)
        if facts is None or not journal_right(viewer, facts.teachers, facts.homerooms, today):
            raise not_found()
        if viewer.person is None:
            return {"lessons": []}
        found = await parallel_lessons(tx, group, viewer.person, today)
        return {
            "lessons": [
                {
                    "from": f"{lesson.title}, {short_day(lesson.date)}",
                    "topic": lesson.topic,
                    "homework": lesson.homework,
                }
                for lesson in found
            ]
        }

    return await in_school(request, group, act, write=False)


HANDLERS: Final[tuple[Any, ...]] = (get_parallel,)
