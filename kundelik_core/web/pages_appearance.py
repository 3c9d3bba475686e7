"""Let a school choose how its pages look: a theme, two colours that can be read, a logo."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final
from zoneinfo import ZoneInfo

from litestar import Response
from litestar.datastructures import UploadFile
from litestar.params import FromPath
from litestar.response import Redirect

from kundelik_core.identity.access import Permission
from kundelik_core.kernel.clock import SCHOOL_ZONE
from kundelik_core.kernel.db import tenant
from kundelik_core.kernel.errors import Problem
from kundelik_core.kernel.i18n import N_, _, current_locale, moment
from kundelik_core.schools.actions.appearance import keep_logo, set_appearance
from kundelik_core.schools.logo import LOGO_MAX, logo_type
from kundelik_core.schools.queries.appearance import (
    Appearance,
    Change,
    Logo,
    appearance_history,
    current_appearance,
    school_logo,
)
from kundelik_core.schools.queries.directory_of_people import people_names
from kundelik_core.web.appearance_view import Draft, history_line, judge, theme_cards
from kundelik_core.web.frame import NOTES, Note, after, view
from kundelik_core.web.routes import form, page
from kundelik_core.web.school_choice import asked_school, learn_schools, missing, school_tabs
from kundelik_core.web.static_mount import static_files
from kundelik_core.web.themes.looks import looks_changed
from kundelik_core.web.visit import Request, actor_of

__all__ = ["HANDLERS"]

NOTES["appearance-saved"] = Note(N_("Saved. Everybody at your school sees it from the next page."))
NOTES["appearance-same"] = Note(N_("Nothing was changed."))

MAY: Final = Permission.SCHOOL_SETTINGS
BODY_MAX: Final = LOGO_MAX * 4
# A picture is shown by <img> only; opened by itself, nothing in it runs or reaches out either.
PICTURE_CSP: Final = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox"
SHOWN: Final = 20
FOR_EVER: Final = "private, max-age=31536000, immutable"


@page("/office/appearance", access=MAY)
async def appearance(request: Request) -> Response[bytes]:
    """Show what is chosen, what there is to choose, and who chose what before."""
    school_id = await _school(request)
    async with tenant(school_id) as tx:
        chosen = await current_appearance(tx)
    return await _page(request, school_id, Draft.of(chosen), chosen)


@form("/office/appearance", access=MAY, request_max_body_size=BODY_MAX)
async def change(request: Request) -> Response[bytes] | Redirect:
    """Take over a choice; colours that could not be read come back with ones that can."""
    school_id = await _school(request)
    sent = await request.form()
    fields = {key: value for key, value in sent.multi_items() if isinstance(value, str)}
    draft = _draft(fields)
    errors, offers = judge(draft)
    logo, problem = await _picture(sent.get("logo"))
    if problem:
        errors["logo"] = _(problem.message) % problem.params
    person = actor_of(request).person(school_id)
    assert person is not None
    changed = False
    async with tenant(school_id, write=not errors) as tx:
        chosen = await current_appearance(tx)
        if not errors:
            digest = "" if fields.get("drop_logo") else chosen.logo
            if logo:
                digest = await keep_logo(tx, logo)
            changed = await set_appearance(tx, draft.looks(digest), person)
    if errors:
        return await _page(request, school_id, draft, chosen, errors, offers)
    if changed:
        await looks_changed(school_id)
    note = "appearance-saved" if changed else "appearance-same"
    return after(request, f"/office/appearance?school={school_id}", note)


async def _school(request: Request) -> int:
    await learn_schools(actor_of(request))
    return asked_school(request, MAY)


def _draft(fields: Mapping[str, str]) -> Draft:
    """Return what was sent; a button that offers another colour puts it into its field."""
    values = {key: fields.get(key, "").strip()[:40] for key in ("theme", "accent", "second")}
    name, colon, colour = fields.get("instead", "").partition(":")
    if colon and name in {"accent", "second"}:
        values[name] = colour[:40]
    return Draft(**values)


async def _picture(sent: object) -> tuple[Logo | None, Problem | None]:
    if not isinstance(sent, UploadFile) or not sent.filename:
        return None, None
    content = await sent.read(LOGO_MAX + 1024)
    try:
        return Logo(logo_type(content), content), None
    except Problem as problem:
        return None, problem


async def _page(
    request: Request,
    school_id: int,
    draft: Draft,
    chosen: Appearance,
    errors: Mapping[str, str] | None = None,
    offers: Mapping[str, str] | None = None,
) -> Response[bytes]:
    async with tenant(school_id) as tx:
        changes = await appearance_history(tx, SHOWN + 1)
        names = await people_names(tx, {c.by for c in changes if c.by})
    static, tabs = static_files(), school_tabs(request, MAY, school_id)
    told = {str(key): name for key, name in names.items()}
    return view(
        request,
        "appearance.html",
        status=HTTPStatus.UNPROCESSABLE_ENTITY if errors else HTTPStatus.OK,
        action=f"/office/appearance?school={school_id}",
        cards=theme_cards(static, draft, current_locale()),
        accent=draft.accent,
        second=draft.second,
        errors=dict(errors or {}),
        offers=dict(offers or {}),
        logo_now=f"/logo/{school_id}/{chosen.logo}" if chosen.logo else "",
        history=_history(changes, told),
        schools=tabs,
    )


def _history(changes: Sequence[Change], names: Mapping[str, str]) -> list[dict[str, str]]:
    """Return each step in words: what it changed of the step before."""
    before = [*(one.looks for one in changes[1:]), Appearance()]
    locale = current_locale()
    return [
        {
            "at": moment(one.at.astimezone(ZoneInfo(SCHOOL_ZONE)), locale),
            "by": names.get(str(one.by), ""),
            "text": history_line(static_files(), one.looks, earlier, locale),
        }
        for one, earlier in zip(changes, before, strict=False)
    ][:SHOWN]


@page("/logo/{school:int}/{token:str}", access="signed-in")
async def picture(request: Request, school: FromPath[int], token: FromPath[str]) -> Response[bytes]:
    """Give the logo of one of the reader's schools; its address names its bytes."""
    if school not in actor_of(request).schools:
        raise missing()
    async with tenant(school) as tx:
        found = await school_logo(tx, token)
    if found is None:
        raise missing()
    return Response(
        found.content,
        media_type=found.media_type,
        headers={"Cache-Control": FOR_EVER, "Content-Security-Policy": PICTURE_CSP},
    )


HANDLERS: Final[tuple[Any, ...]] = (appearance, change, picture)
