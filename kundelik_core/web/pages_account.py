"""Give people their own account: language, theme, password, and where they are signed in."""

from typing import Any, Final
from zoneinfo import ZoneInfo

from litestar import Response
from litestar.params import FromPath
from litestar.response import Redirect

from kundelik_core.identity import actions, queries
from kundelik_core.identity.model import Actor
from kundelik_core.kernel.clock import SCHOOL_ZONE
from kundelik_core.kernel.errors import Problem
from kundelik_core.kernel.i18n import LOCALES, N_, _, moment
from kundelik_core.plugins.taking import on_offer
from kundelik_core.web.frame import NOTES, Note, after, role_title, school_name, view
from kundelik_core.web.modules import allowed, registry
from kundelik_core.web.pages_login import check_again, keep_session
from kundelik_core.web.routes import form, page
from kundelik_core.web.security import local_path
from kundelik_core.web.services import services_of
from kundelik_core.web.visit import (
    LANG_COOKIE,
    SESSION_COOKIE,
    THEME_COOKIE,
    YEAR_SECONDS,
    Request,
    actor_of,
    clear_cookie,
    form_of,
    set_cookie,
    visit_of,
)

NOTES["password-changed"] = Note(N_("Your password is changed. Other devices are signed out."))
NOTES["session-ended"] = Note(N_("That device is signed out."))
NOTES["sessions-ended"] = Note(N_("You are signed out everywhere."))
NOTES["choose-password"] = Note(N_("Choose a new password to go on."))

NO_ERRORS: Final = {"old": "", "new": "", "again": ""}
# Names by which devices are recognised in what browsers say of themselves, the narrower first.
DEVICES: Final = (
    ("iPhone", "iPhone"), ("iPad", "iPad"), ("Android", "Android"), ("Windows", "Windows"),
    ("Macintosh", "Mac"), ("CrOS", "Chromebook"), ("Linux", "Linux"),
)  # fmt: skip
BROWSERS: Final = (
    ("YaBrowser", "Yandex"), ("Edg", "Edge"), ("OPR", "Opera"), ("SamsungBrowser", "Samsung"),
    ("Firefox", "Firefox"), ("Chrome", "Chrome"), ("Safari", "Safari"),
)  # fmt: skip


def device(agent: str) -> str:
    """Return what a person calls the thing that they signed in on."""
    system = next((name for sign, name in DEVICES if sign in agent), "")
    browser = next((name for sign, name in BROWSERS if sign in agent), "")
    return ", ".join(part for part in (system, browser) if part) or _("Unknown device")


def _roles(actor: Actor, locale: str) -> list[dict[str, str]]:
    rows = [
        {"school": school_name(s, locale), "role": role_title(frozenset({r})), "since": ""}
        for s in actor.schools
        for r in sorted(actor.roles(s))
    ]
    rows += [
        {"school": "", "role": role_title(frozenset({p.role})), "since": ""} for p in actor.platform
    ]
    return rows


def _chooses(actor: Actor) -> bool:
    """Say whether any school leaves a module to the reader's own choice."""
    return any(on_offer(registry(), allowed().known(school_id)) for school_id in actor.schools)


async def _account(
    request: Request, *, status: int = 200, errors: dict[str, str] | None = None
) -> Response[bytes]:
    actor, locale = actor_of(request), visit_of(request).locale
    logins = await queries.logins_of(actor.account_id)
    sessions = [
        {
            "id": s.ref,
            "device": device(s.user_agent),
            "where": s.address,
            "at": moment(s.seen_at.astimezone(ZoneInfo(SCHOOL_ZONE)), locale),
            "this": s.current,
        }
        for s in await queries.list_sessions(actor)
    ]
    extra: dict[str, Any] = {}
    if actor.must_change_password and not errors:
        note = NOTES["choose-password"]
        extra["flash"] = {"text": _(note.text), "bad": True}
    return view(
        request,
        "account.html",
        status=status,
        person={
            "name": actor.display_name,
            "login": ", ".join(logins),
            "role": role_title(actor.all_roles),
        },
        sessions=sessions,
        roles=_roles(actor, locale),
        errors={**NO_ERRORS, **(errors or {})},
        export="" if actor.must_change_password else "/account/data",
        services=await services_of(actor, locale),
        has_children=bool(actor.children),
        modules="/account/modules" if _chooses(actor) else "",
        **extra,
    )


@page("/account", access="signed-in", while_locked=True)
async def account(request: Request) -> Response[bytes]:
    """Show the account."""
    return await _account(request)


@form("/account/password", access="signed-in", while_locked=True)
async def password(request: Request) -> Response[bytes] | Redirect:
    """Change the password; every other device is signed out."""
    fields, visit, actor = await form_of(request), visit_of(request), actor_of(request)
    new = fields.get("new", "")
    try:
        check_again(new, fields.get("again", ""))
        token = await actions.change_password(
            actor.account_id, fields.get("old", ""), new, visit.address, visit.agent
        )
    except Problem as problem:
        if visit.is_api:
            raise
        field = {"password": "new"}.get(problem.field or "old", problem.field or "old")
        text = _(problem.message) % problem.params
        return await _account(request, status=problem.status, errors={field: text})
    await keep_session(visit, token)
    return after(request, "/account", "password-changed")


@form("/account/sessions/{ref:str}/end", access="signed-in", while_locked=True)
async def end_session(request: Request, ref: FromPath[str]) -> Redirect:
    """Sign one device out."""
    await actions.close_session(actor_of(request).account_id, ref)
    return after(request, "/account", "session-ended")


@form("/account/sessions/end-all", access="signed-in", while_locked=True)
async def end_all(request: Request) -> Redirect:
    """Sign every device out, this one too."""
    await actions.sign_out_everywhere(actor_of(request).account_id)
    clear_cookie(visit_of(request), SESSION_COOKIE)
    return after(request, "/login", "sessions-ended")


@form("/preferences", access="public")
async def preferences(request: Request) -> Redirect:
    """Choose language and theme, signed in or not."""
    fields, visit = await form_of(request), visit_of(request)
    lang, theme = fields.get("lang"), fields.get("theme")
    if lang in LOCALES:
        set_cookie(visit, LANG_COOKIE, str(lang), max_age=YEAR_SECONDS)
        if visit.actor:
            await actions.set_locale(visit.actor.account_id, str(lang))
    if theme in {"", "light", "dark"}:
        set_cookie(visit, THEME_COOKIE, theme, max_age=YEAR_SECONDS)
        if visit.actor:
            await actions.set_theme(visit.actor.account_id, theme or "auto")
    return Redirect(local_path(fields.get("next", "")), status_code=303)


HANDLERS: Final[tuple[Any, ...]] = (account, password, end_session, end_all, preferences)
