"""Take messages from outside for modules: ``POST /x/NAME/hook/HOOK``, without a session.

It is the one door that needs no sign-in and asks for no origin, so nothing is believed here: size
and rate are bounded, the module proves the message, and nothing of it gets into our log. Whoever is
refused again and again is not listened to for a minute; whoever sends what is proved, always.
"""

import logging
import time
from typing import Any, Final
from urllib.parse import parse_qsl

import asyncpg
import msgspec
from litestar import Response
from litestar.params import FromPath

from kundelik_core.kernel.db import directory
from kundelik_core.kernel.errors import Problem
from kundelik_core.kernel.i18n import N_
from kundelik_core.kernel.outbox.deliver import Unwanted
from kundelik_core.plugins.context import CallContext, call_for
from kundelik_core.plugins.declared import HandlerRef
from kundelik_core.plugins.outcome import Outcome
from kundelik_core.plugins.schedule import run_soon
from kundelik_core.plugins.work import school_call
from kundelik_core.sdk import MAX_WEBHOOK_BYTES, ForSchool, WebhookReply, WebhookRequest
from kundelik_core.web.errors import for_status
from kundelik_core.web.modules import allowed, dispatcher, registry
from kundelik_core.web.routes import form
from kundelik_core.web.visit import Request, visit_of

__all__ = ["HANDLERS"]

log = logging.getLogger(__name__)

PATH: Final = "/x/{plugin:str}/hook/{hook:str}"
RETRY_SECONDS: Final = 60
# So many refused messages of one sender to one module in a minute, over all workers.
MOST_REFUSED: Final = 60
WINDOW_SECONDS: Final = 60
STATUSES: Final = frozenset({200, 202, 204, 400, 401, 403, 404, 409, 410, 422, 429, 503})
TEXT_MAX: Final = 1024
# A cookie is of no use here, and is nobody's to see.
KEPT_BACK: Final = frozenset({b"cookie"})
_SENDERS_MAX: Final = 10_000
_NOWHERE: Final = (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError)

# Until when nobody listens to a sender; what all workers have counted stands in the directory.
_shut: dict[str, float] = {}


@form(PATH, access="public", request_max_body_size=MAX_WEBHOOK_BYTES)
async def receive(request: Request, plugin: FromPath[str], hook: FromPath[str]) -> Response[str]:
    """Hand a message to the module that it is for, and answer its sender."""
    _known(plugin, hook)
    sender = f"hook:{plugin}:{visit_of(request).address}"
    if _shut.get(sender, 0.0) > time.monotonic():
        raise _too_many()
    message = WebhookRequest(
        body=await request.body(), headers=_headers(request), query=_query(request)
    )
    ref = HandlerRef(plugin, "webhook", hook)
    call = call_for(None, "en", request_id=visit_of(request).request_id)
    outcome = await dispatcher().call(ref, message, {plugin}, call)
    if isinstance(outcome.value, ForSchool):
        outcome = await _in_school(ref, message, outcome.value.school_id, call)
    elif not outcome.done or outcome.value.status >= 400:
        await _count(sender)
    return await _answer(ref, outcome, call)


def _known(plugin: str, hook: str) -> None:
    """Refuse doors that are not there; those of a module that does not run open again."""
    one = registry().loaded.get(plugin)
    if one is not None and any(each.name == hook for each in one.declared.webhooks):
        return
    away = (each.manifest for each in registry().plugins if each.name == plugin and one is None)
    if any(manifest and hook in manifest.uses.webhooks for manifest in away):
        raise _later()
    raise for_status(404)


async def _in_school(
    ref: HandlerRef, message: WebhookRequest, school_id: int, call: CallContext
) -> Outcome:
    """Call once more, within the school that the module has read from what it has proved.

    Raises:
        Problem: there is no such school (503), or its data cannot be reached.
    """
    try:
        there = await school_call(school_id)
    except (Unwanted, ValueError, asyncpg.DataError):
        log.warning("plugin %s, webhook %s: no school %s", ref.plugin, ref.name, school_id)
        raise _later() from None
    on = await allowed().active(school_id)
    within = msgspec.structs.replace(there, request_id=call.request_id)
    outcome = await dispatcher().call(ref, message, on, within)
    if outcome.done and not isinstance(outcome.value, WebhookReply):
        log.warning("plugin %s, webhook %s: names a school twice", ref.plugin, ref.name)
        raise _later()
    if outcome.done and outcome.value.then is not None:
        await _start(ref, outcome.value.then, school_id)
    return outcome


async def _start(ref: HandlerRef, name: str, school_id: int) -> None:
    """Queue the job that a module wants to run now.

    Raises:
        Problem: it cannot be queued; the sender asks again, and the module knows the message then.
    """
    jobs = registry().loaded[ref.plugin].declared.jobs
    job = next((one for one in jobs if one.name == name and one.per_school), None)
    if job is None:
        log.error("plugin %s, webhook %s: %s is no job of a school's", ref.plugin, ref.name, name)
        return
    try:
        await run_soon(ref.plugin, job, school_id)
    except _NOWHERE as error:
        log.warning("plugin %s: %s was not queued: %s", ref.plugin, name, type(error).__name__)
        raise _later() from error


async def _answer(ref: HandlerRef, outcome: Outcome, call: CallContext) -> Response[str]:
    """Turn what the module says into an answer to the sender."""
    reply = outcome.value
    if not outcome.done or not isinstance(reply, WebhookReply):
        raise _later()
    if reply.status not in STATUSES:
        log.warning(
            "plugin %s, webhook %s answers %s [%s]",
            *(ref.plugin, ref.name, reply.status, call.request_id),
        )
        raise _later()
    text = "" if reply.status == 204 else reply.text[:TEXT_MAX]
    headers = {"Cache-Control": "no-store"}
    if reply.status in {429, 503}:
        headers["Retry-After"] = str(RETRY_SECONDS)
    return Response(text, status_code=reply.status, media_type="text/plain", headers=headers)


async def _count(sender: str) -> None:
    """Count a message that was not proved, and stop listening when there were too many."""
    try:
        n = await directory().fetchval("select directory.hit($1, $2)", sender, WINDOW_SECONDS)
    except _NOWHERE:
        return
    if n is not None and n > MOST_REFUSED:
        if len(_shut) >= _SENDERS_MAX:
            _shut.clear()
        _shut[sender] = time.monotonic() + WINDOW_SECONDS


def _later() -> Problem:
    return Problem(
        "try-again",
        N_("This message cannot be taken at the moment. Send it again later."),
        status=503,
        extra={"retry_after": RETRY_SECONDS},
    )


def _too_many() -> Problem:
    problem = for_status(429)
    problem.extra["retry_after"] = WINDOW_SECONDS
    return problem


def _headers(request: Request) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in request.scope["headers"]:
        if name.lower() not in KEPT_BACK:
            # Of two the first counts, as everywhere here.
            found.setdefault(name.decode("latin-1").lower(), value.decode("latin-1"))
    return found


def _query(request: Request) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for name, value in parse_qsl(visit_of(request).query, keep_blank_values=True):
        found[name] = (*found.get(name, ()), value)
    return found


HANDLERS: Final[tuple[Any, ...]] = (receive,)
