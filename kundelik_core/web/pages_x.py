"""Serve the pages of modules under ``/x/NAME/``: our door, their answer, our frame.

Nothing of a module is a route of the server. A module that is off for the school, or not there at
all, is not found; one that fails gives a calm page, and the rest goes on.
"""

import logging
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode, urlsplit

import msgspec
from litestar import Response
from litestar.datastructures import UploadFile
from litestar.params import FromPath
from litestar.response import Redirect

from kundelik_core import sdk
from kundelik_core.identity.access import refuse
from kundelik_core.kernel.errors import Problem
from kundelik_core.kernel.i18n import N_, _, current_locale
from kundelik_core.kernel.settings import Settings
from kundelik_core.plugins.declared import DeclaredPage, HandlerRef, page_name
from kundelik_core.plugins.outcome import Outcome, OutcomeState
from kundelik_core.plugins.secrets import hosts_for
from kundelik_core.plugins.static import files_of
from kundelik_core.sdk import MAX_UPLOAD_BYTES, PageRequest, Upload
from kundelik_core.web.former import remembered
from kundelik_core.web.frame import school_name, view
from kundelik_core.web.module_answers import (
    BadAnswerError,
    file_answer,
    json_answer,
    outside,
    own_address,
)
from kundelik_core.web.module_menu import roles_in
from kundelik_core.web.modules import (
    allowed,
    call_in,
    dispatcher,
    is_for_money,
    on_for,
    registry,
    theme_layouts,
)
from kundelik_core.web.routes import form, page
from kundelik_core.web.school_choice import PARAMETER, learn_schools, missing
from kundelik_core.web.visit import Request, actor_of, visit_of

__all__ = ["HANDLERS"]

log = logging.getLogger(__name__)

PATHS: Final = ["/x/{plugin:str}", "/x/{plugin:str}/{path:path}"]
# Beside files: names, limits and the texts of a form.
TEXT_MAX: Final = 512 * 1024
SHOWN: Final = frozenset({200, 400, 404, 409, 410, 422})
RETRY_SECONDS: Final = 120

PageReply = Response[bytes] | Redirect


class _Page(msgspec.Struct, frozen=True, kw_only=True):
    """What was asked for: a page of a module, and the schools in which the reader may have it."""

    plugin: str
    page: DeclaredPage
    params: dict[str, str]
    schools: list[int]

    @property
    def ref(self) -> HandlerRef:
        return HandlerRef(self.plugin, "page", page_name(self.page.method, self.page.path))


@page(PATHS, access="signed-in")
async def show(request: Request, plugin: FromPath[str]) -> PageReply:
    """Show a page of a module."""
    wanted = await _wanted(request, plugin, "GET")
    asked = PageRequest(params=wanted.params, query=_query(request))
    named = PARAMETER in request.query_params
    several = len(wanted.schools) > 1
    for school_id in wanted.schools:
        outcome = await _call(request, wanted, asked, school_id)
        if isinstance(outcome.value, sdk.NotFound):
            continue
        if several and not named:
            # The address then says which school it is, also for the forms on the page.
            visit = visit_of(request)
            return Redirect(_in_school(visit.here, school_id), status_code=303)
        return _reply(request, wanted, outcome, school_id)
    raise missing()


@form(PATHS, access="signed-in", request_max_body_size=MAX_UPLOAD_BYTES + TEXT_MAX)
async def take(request: Request, plugin: FromPath[str]) -> PageReply:
    """Take a form of a module."""
    wanted = await _wanted(request, plugin, "POST")
    if len(wanted.schools) > 1:
        raise Problem(
            "which-school",
            N_("It is not clear for which of your schools this is meant."),
            status=400,
            help=N_("Open the page again and choose the school. Nothing was changed."),
        )
    fields, files = await _form(request)
    asked = PageRequest(params=wanted.params, query=_query(request), form=fields, files=files)
    outcome = await _call(request, wanted, asked, wanted.schools[0])
    return _reply(request, wanted, outcome, wanted.schools[0])


async def _wanted(request: Request, plugin: str, method: str) -> _Page:
    """Find the page and the schools of the reader in which it is open.

    Raises:
        Problem: 404 where the module is on in none, 403 where it is and the reader may not.
    """
    if is_for_money(plugin):
        # What was paid for a child who has left is still theirs who paid it.
        visit_of(request).actor = await remembered(actor_of(request))
    actor = actor_of(request)
    here = [s for s in actor.schools if plugin in await on_for(actor, s)]
    path = visit_of(request).path.removeprefix(f"/x/{plugin}").strip("/")
    found = registry().page(plugin, method, path)
    if found is None or not here:
        raise missing()
    declared, params = found
    asked = _asked(request, method)
    if asked is not None:
        if asked not in here:
            raise missing()
        here = [asked]
    code = declared.permission
    schools = [
        s for s in here if code is None or code in registry().permitted(plugin, roles_in(actor, s))
    ]
    if not schools:
        raise refuse()
    await learn_schools(actor)
    return _Page(plugin=plugin, page=declared, params=params, schools=schools)


def _asked(request: Request, method: str) -> int | None:
    """Return the school that the address names; a form's is that of the page it stood on."""
    text = request.query_params.get(PARAMETER)
    if text is None and method == "POST":
        before = urlsplit(request.headers.get("referer", ""))
        if before.netloc == visit_of(request).host:
            text = dict(parse_qsl(before.query)).get(PARAMETER)
    if text is None:
        return None
    if not text.isascii() or not text.isdigit() or len(text) > 9:
        raise missing()
    return int(text)


def _query(request: Request) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for name, value in request.query_params.multi_items():
        if name != PARAMETER:
            found[name] = (*found.get(name, ()), str(value))
    return found


async def _form(request: Request) -> tuple[dict[str, tuple[str, ...]], dict[str, Upload]]:
    """Return the fields and the files of a form, within their bounds."""
    fields: dict[str, tuple[str, ...]] = {}
    files: dict[str, Upload] = {}
    text = size = 0
    for name, value in (await request.form()).multi_items():
        if isinstance(value, UploadFile):
            content = await value.read()
            size += len(content)
            if value.filename:
                files[name] = Upload(
                    name=value.filename[:200],
                    media_type=value.content_type[:100],
                    content=content,
                )
        elif isinstance(value, str):
            text += len(value)
            fields[name] = (*fields.get(name, ()), value)
    if size > MAX_UPLOAD_BYTES or text > TEXT_MAX:
        raise Problem(
            "too-large",
            N_("This is too large to be sent here."),
            status=413,
            help=N_("Send a smaller file."),
        )
    return fields, files


async def _call(request: Request, wanted: _Page, asked: PageRequest, school_id: int) -> Outcome:
    """Call the module's handler.

    Raises:
        Problem: 404 when it has just been switched off, 503 when it does not answer.
    """
    visit_of(request).school_id = school_id
    on = await on_for(actor_of(request), school_id)
    call = call_in(request, school_id)
    outcome = await dispatcher().call(wanted.ref, asked, on, call)
    if outcome.state is OutcomeState.OFF:
        raise missing()
    if not outcome.done:
        raise _unavailable(wanted)
    return outcome


def _unavailable(wanted: _Page) -> Problem:
    return Problem(
        "module-unavailable",
        N_("%(module)s does not answer at the moment."),
        status=503,
        params={"module": _title(wanted)},
        help=N_("Everything else works as ever. Try this page again in a few minutes."),
        extra={"retry_after": RETRY_SECONDS},
    )


def _title(wanted: _Page) -> str:
    return registry().loaded[wanted.plugin].manifest.title.of(current_locale())


def _reply(request: Request, wanted: _Page, outcome: Outcome, school_id: int) -> PageReply:
    """Turn a module's answer into one of ours."""
    try:
        match outcome.value:
            case sdk.Html() as html:
                return _framed(request, wanted, html, school_id)
            case sdk.Redirect(to=to):
                return _onward(request, own_address(wanted.plugin, to), school_id)
            case sdk.Away(url=url) if (way := _way_of(wanted, url)) is not None:
                address = own_address(way, url.removeprefix(f"/x/{way}/"))
                return _onward(request, address, school_id)
            case sdk.Away(url=url):
                return _away(request, wanted, url)
            case sdk.JsonAnswer() as answer:
                return json_answer(answer, SHOWN)
            case sdk.File() as file:
                return file_answer(file)
    except BadAnswerError as error:
        request_id = visit_of(request).request_id
        log.warning("plugin %s, %s: %s [%s]", wanted.plugin, wanted.ref.name, error, request_id)
        raise _unavailable(wanted) from error
    raise missing()


def _onward(request: Request, address: str, school_id: int) -> Redirect:
    """Lead to a page of a module."""
    if len(actor_of(request).schools) > 1:
        address = _in_school(address, school_id)
    return Redirect(address, status_code=303)


def _ways(wanted: _Page) -> tuple[str, ...]:
    """Return the modules to whose pages and hosts this one may lead, since it pays through them."""
    asks = registry().loaded[wanted.plugin].manifest.uses.services
    return tuple(registry().ways_to_pay) if sdk.PAYMENT_PROVIDER in asks else ()


def _way_of(wanted: _Page, url: str) -> str | None:
    """Return the way to pay whose own page this is, if it is one."""
    return next((way for way in _ways(wanted) if url.startswith(f"/x/{way}/")), None)


def _away(request: Request, wanted: _Page, url: str) -> Response[bytes]:
    """Lead out of the site: a page of ours that says where to, and goes on by itself.

    Not a redirect, which browsers do not follow to another site after a form of ours.
    """
    manifest = registry().loaded[wanted.plugin].manifest
    settings: Settings = request.app.state["settings"]
    several = (wanted.plugin, *_ways(wanted))
    named = {host for one in several for host in registry().loaded[one].manifest.uses.http_out}
    added = {host for one in several for host in hosts_for(settings, one)}
    to, host = outside(url, named, added)
    paying = manifest.kind == "payment"
    title = _("You go on to pay at %(host)s") if paying else _("You go on to %(host)s")
    return view(
        request,
        "away.html",
        headers={"Refresh": f"0; url={to}", "Cache-Control": "no-store"},
        title=title % {"host": host},
        text=_("The page there opens by itself. If it does not, use the button."),
        to=to,
        label=_("Go on"),
        module=_title(wanted),
    )


def _framed(request: Request, wanted: _Page, html: sdk.Html, school_id: int) -> Response[bytes]:
    with theme_layouts(school_id):
        rendered = dispatcher().render_page(wanted.ref, html, call_in(request, school_id))
    if not rendered.done:
        raise _unavailable(wanted)
    roles = roles_in(actor_of(request), school_id)
    first = registry().page(wanted.plugin, "GET", "")
    code = first[0].permission if first else None
    open_to = first is not None and (
        code is None or code in registry().permitted(wanted.plugin, roles)
    )
    home = f"/x/{wanted.plugin}" if open_to else ""
    several = len(actor_of(request).schools) > 1
    return view(
        request,
        "module.html",
        status=html.status if html.status in SHOWN else 200,
        title=html.title or wanted.page.title.of(current_locale()),
        module=_title(wanted),
        home=_in_school(home, school_id) if home and several else home,
        schools=_tabs(request, wanted, school_id),
        sheet=files_of(registry()).sheet(wanted.plugin),
        body=rendered.value,
    )


def _tabs(request: Request, wanted: _Page, school_id: int) -> list[dict[str, object]]:
    """Return the tabs over a page; what a page shows of one school is not there in another."""
    actor = actor_of(request)
    code = wanted.page.permission
    schools = [
        s
        for s in actor.schools
        if wanted.plugin in allowed().theirs(s, actor.person(s))
        and (code is None or code in registry().permitted(wanted.plugin, roles_in(actor, s)))
    ]
    if len(schools) < 2 or wanted.page.method != "GET":
        return []
    path = visit_of(request).path if not wanted.params else f"/x/{wanted.plugin}"
    return [
        {
            "href": f"{path}?{urlencode({PARAMETER: s})}",
            "name": school_name(s, current_locale()) or _("School %(n)s") % {"n": s},
            "current": s == school_id,
        }
        for s in schools
    ]


def _in_school(address: str, school_id: int) -> str:
    parts = urlsplit(address)
    kept = [(name, value) for name, value in parse_qsl(parts.query) if name != PARAMETER]
    query = urlencode([*kept, (PARAMETER, str(school_id))])
    return parts._replace(query=query).geturl()


HANDLERS: Final[tuple[Any, ...]] = (show, take)
