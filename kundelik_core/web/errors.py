"""Turn whatever went wrong into one page or one JSON object, in the reader's language.

Machines (paths under ``/api/``, or an Accept header without HTML) get ``application/problem+json``;
people get ``error.html``. Neither ever sees a trace: it is logged beside the request's id.
"""

import logging
import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import quote

import asyncpg
import msgspec
from litestar import Request, Response
from litestar.exceptions import HTTPException, ValidationException

from kundelik_core.kernel.errors import Problem
from kundelik_core.kernel.i18n import N_, _, use_locale
from kundelik_core.web.frame import HTML, render_page
from kundelik_core.web.visit import Visit, visit_of

__all__ = ["answer", "answer_for", "handle", "problem_json", "to_problem"]

log = logging.getLogger(__name__)

PROBLEM_JSON: Final = "application/problem+json"

_BY_STATUS: Final[Mapping[int, tuple[str, str, str]]] = {
    400: ("bad-request", N_("The server did not understand what was sent."), ""),
    401: ("signed-out", N_("You are not signed in, or your session has ended."), ""),
    403: ("forbidden", N_("Your account does not open this page."), ""),
    404: (
        "not-found",
        N_("There is nothing at this address."),
        N_("It may have been moved or removed. Look for it in the menu."),
    ),
    405: ("method", N_("This address does not take such a request."), ""),
    413: ("too-large", N_("This is too large to be sent here."), N_("Send a smaller file.")),
    415: ("media-type", N_("The server cannot read data of this kind."), ""),
    429: ("too-many-requests", N_("Too many requests. Wait a little and try again."), ""),
    503: (
        "unavailable",
        N_("The server cannot reach its data at the moment."),
        N_("What was saved is safe. Try again in a minute."),
    ),
}
_UNEXPECTED: Final = (
    "unexpected",
    N_("Something went wrong on our side."),
    N_(
        "It was written down for those who run the server. What was saved before is safe. Try "
        "again."
    ),
)
_DATABASE_DOWN: Final = (
    OSError,
    TimeoutError,
    asyncpg.PostgresConnectionError,
    asyncpg.CannotConnectNowError,
    asyncpg.TooManyConnectionsError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.InterfaceError,
    # What asyncpg says of a connection that the server is just closing.
    asyncpg.InternalClientError,
)


def for_status(status: int) -> Problem:
    """Return the problem that stands for a bare HTTP status."""
    known = _BY_STATUS.get(status) or (_BY_STATUS[400] if status < 500 else _UNEXPECTED)
    code, message, advice = known
    return Problem(code, message, status=status, help=advice or None)


def to_problem(error: Exception) -> Problem:
    """Return ``error`` as a problem; what nobody foresaw becomes ``unexpected``."""
    if isinstance(error, Problem):
        return error
    if isinstance(error, ValidationException):
        return _invalid(error)
    if isinstance(error, HTTPException):
        return for_status(error.status_code)
    if isinstance(error, msgspec.ValidationError | msgspec.DecodeError) or _too_deep(error):
        return Problem("invalid", N_("What was sent does not fit."), field=_path_of(str(error)))
    if isinstance(error, _DATABASE_DOWN):
        problem = for_status(503)
        problem.extra["retry_after"] = 30
        return problem
    return for_status(500)


def _too_deep(error: Exception) -> bool:
    """Tell whether a body was nested deeper than anything that we take; msgspec gives up so."""
    return isinstance(error, RecursionError) and "deserializing" in str(error)


def _invalid(error: ValidationException) -> Problem:
    first = error.extra[0] if isinstance(error.extra, list) and error.extra else {}
    key = str(first.get("key") or "") if isinstance(first, dict) else ""
    missing = re.search(r"missing required field `(\w+)`", str(first))
    if missing:
        # Litestar names the whole body then; the sender wants to know what is missing.
        key = missing[1] if key in {"", "data"} else f"{key}.{missing[1]}"
    return Problem("invalid", N_("What was sent does not fit."), field=key or None)


def _path_of(text: str) -> str | None:
    """Return ``changes[0].pupil`` out of msgspec's "... - at `$.changes[0].pupil`"."""
    _before, found, path = text.partition("at `$.")
    return path.rstrip("`") if found else None


def problem_json(problem: Problem) -> dict[str, object]:
    """Return a problem as machines get it, in the language of this request."""
    body: dict[str, object] = {
        "type": f"urn:kundelik:problem:{problem.code}",
        "code": problem.code,
        "title": _(problem.message) % problem.params,
        "status": problem.status,
        "detail": _(problem.help) % problem.params if problem.help else "",
    }
    if problem.field:
        body["field"] = problem.field
    return {**body, **{k: v for k, v in problem.extra.items() if k not in body}}


def _to_login(visit: Visit) -> str:
    target = visit.here if visit.method in {"GET", "HEAD"} else "/"
    return "/login" if target == "/" else f"/login?next={quote(target, safe='/')}"


def _headers(problem: Problem) -> dict[str, str]:
    headers = {"Cache-Control": "no-store"}
    if "retry_after" in problem.extra:
        headers["Retry-After"] = str(problem.extra["retry_after"])
    return headers


def answer_for(visit: Visit, problem: Problem) -> tuple[int, str, dict[str, str], bytes]:
    """Return status, media type, headers and body of a problem's page or object."""
    headers = _headers(problem)
    with use_locale(visit.locale):
        if visit.is_api:
            body = problem_json(problem) | {"request_id": visit.request_id}
            return problem.status, PROBLEM_JSON, headers, msgspec.json.encode(body, enc_hook=str)
        goto = str(problem.extra.get("goto", "")) if problem.status == HTTPStatus.FORBIDDEN else ""
        if problem.code == "signed-out":
            goto = _to_login(visit)
        if goto:
            return 303, HTML, headers | {"Location": goto}, b""
        context = {
            "status": str(problem.status),
            "title": _(problem.message) % problem.params,
            "text": _(problem.help) % problem.params if problem.help else "",
            "href": "/",
            "label": _("To the first page"),
            "ref": visit.request_id if problem.status >= HTTPStatus.INTERNAL_SERVER_ERROR else "",
        }
        return problem.status, HTML, headers, render_page(visit, "error.html", context)


def answer(visit: Visit, error: Exception) -> tuple[int, str, dict[str, str], bytes]:
    """Log what must be looked into, and return the answer to ``error``."""
    problem = to_problem(error)
    if problem.status >= HTTPStatus.INTERNAL_SERVER_ERROR and not isinstance(error, Problem):
        log.error(
            "%s %s failed, request %s", visit.method, visit.path, visit.request_id, exc_info=error
        )
    return answer_for(visit, problem)


def handle(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    """Answer inside Litestar: its exception handler for everything."""
    status, media_type, headers, body = answer(visit_of(request), error)
    if isinstance(error, HTTPException) and error.headers and "Allow" in error.headers:
        headers["Allow"] = error.headers["Allow"]
    return Response(body, status_code=status, media_type=media_type, headers=headers)
