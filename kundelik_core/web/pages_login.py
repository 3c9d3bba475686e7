"""Let people in and out: sign-in, activation by a one-time code, sign-out."""

from typing import Any, Final

from litestar import Response
from litestar.response import Redirect

from kundelik_core.identity import actions
from kundelik_core.identity.rules import token_hash
from kundelik_core.kernel.errors import Problem
from kundelik_core.kernel.i18n import N_, _
from kundelik_core.web.frame import NOTES, Note, after, view
from kundelik_core.web.routes import form, page
from kundelik_core.web.security import local_path
from kundelik_core.web.visit import (
    SESSION_COOKIE,
    Request,
    Visit,
    clear_cookie,
    form_of,
    set_cookie,
    visit_of,
)

__all__ = ["keep_session"]

# The server ends sessions; the cookie only has to outlive the longest of them.
COOKIE_SECONDS: Final = 400 * 24 * 3600

NOTES["signed-out"] = Note(N_("You are signed out."))
NOTES["activated"] = Note(
    N_("Your password is set. Next time sign in with your login and this password.")
)


async def keep_session(visit: Visit, token: str) -> None:
    """Put a fresh token into the cookie and end the session that the browser had before."""
    before = visit.cookies.get(SESSION_COOKIE, "")
    if before and visit.actor:
        await actions.sign_out(token_hash(before))
    visit.set_cookies = [c for c in visit.set_cookies if not c.startswith(f"{SESSION_COOKIE}=")]
    set_cookie(visit, SESSION_COOKIE, token, max_age=COOKIE_SECONDS)


def _next(text: str) -> str:
    path = local_path(text, "")
    return "" if path.split("?")[0] in {"/login", "/logout", "/activate"} else path


@page("/login", access="public")
async def login_page(request: Request) -> Response[bytes] | Redirect:
    """Show the form; who is signed in already goes on."""
    goal = _next(request.query_params.get("next", ""))
    if visit_of(request).actor:
        return Redirect(goal or "/", status_code=303)
    return view(request, "login.html", login="", error="", next=goal, support="")


@form("/login", access="public")
async def login(request: Request) -> Response[bytes] | Redirect:
    """Sign in, and go where the visitor was going."""
    fields, visit = await form_of(request), visit_of(request)
    name, goal = fields.get("login", ""), _next(fields.get("next", ""))
    try:
        signed = await actions.sign_in(name, fields.get("password", ""), visit.address, visit.agent)
    except Problem as problem:
        if visit.is_api:
            raise
        headers = {"Retry-After": str(r)} if (r := problem.extra.get("retry_after")) else {}
        return view(
            request,
            "login.html",
            status=problem.status,
            headers=headers,
            login=name[:64],
            error=_(problem.message) % problem.params,
            next=goal,
            support="",
        )
    await keep_session(visit, signed.token)
    return Redirect("/account" if signed.must_change_password else goal or "/", status_code=303)


@form("/logout", access="public")
async def logout(request: Request) -> Redirect:
    """Sign out; harmless when nobody is signed in."""
    visit = visit_of(request)
    if visit.actor:
        await actions.sign_out(visit.actor.token_hash)
    clear_cookie(visit, SESSION_COOKIE)
    answer = after(request, "/login", "signed-out")
    answer.headers["Clear-Site-Data"] = '"cache"'
    return answer


@page("/activate", access="public")
async def activate_page(request: Request) -> Response[bytes]:
    """Show the form for a slip's code; the QR code brings it along."""
    code = request.query_params.get("code", "")[:32]
    return view(
        request, "activate.html", code=code, errors={"code": "", "password": "", "again": ""}
    )


@form("/activate", access="public")
async def activate(request: Request) -> Response[bytes] | Redirect:
    """Set the first password, or a new one, and sign in."""
    fields, visit = await form_of(request), visit_of(request)
    code, password = fields.get("code", ""), fields.get("password", "")
    errors = {"code": "", "password": "", "again": ""}
    try:
        check_again(password, fields.get("again", ""))
        signed = await actions.activate(code, password, visit.address, visit.agent)
    except Problem as problem:
        if visit.is_api:
            raise
        errors[problem.field or "code"] = _(problem.message) % problem.params
        return view(request, "activate.html", status=problem.status, code=code[:32], errors=errors)
    await keep_session(visit, signed.token)
    return after(request, "/account", "activated")


def check_again(password: str, again: str) -> None:
    """Refuse a new password that was typed differently the second time.

    Raises:
        Problem: the two differ.
    """
    if password != again:
        raise Problem(
            "password-differs",
            N_("The two passwords differ. Type them again."),
            status=422,
            field="again",
        )


HANDLERS: Final[tuple[Any, ...]] = (login_page, login, logout, activate_page, activate)
