"""Let people see what is held about them and their children, take a copy, and know who looked."""

import asyncio
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from litestar import Response
from litestar.params import FromPath

from kundelik_core.identity.model import Actor
from kundelik_core.kernel import clock
from kundelik_core.kernel.audit import Doer
from kundelik_core.kernel.clock import SCHOOL_ZONE
from kundelik_core.kernel.db import Tenant, tenant
from kundelik_core.kernel.errors import Problem
from kundelik_core.kernel.i18n import N_, Locale, _, current_locale, moment
from kundelik_core.kernel.names import full_name, short_name
from kundelik_core.privacy.access import need_own_or_child
from kundelik_core.privacy.actions import note_copy
from kundelik_core.privacy.export import account_export, person_export
from kundelik_core.privacy.model import WHAT, Look
from kundelik_core.privacy.package import Part, added_sheets, as_csv, as_json, as_zip, sheets
from kundelik_core.privacy.queries import looks_at, subject_of
from kundelik_core.privacy.sections import ACCOUNT, SECTIONS
from kundelik_core.web.frame import ROLE_TITLES, school_name, view
from kundelik_core.web.module_data import kept_by_modules, told_by_modules, whom_to_ask
from kundelik_core.web.render import render
from kundelik_core.web.routes import form, page
from kundelik_core.web.visit import Request, actor_of, form_of, visit_of

__all__ = ["HANDLERS"]

JSON: Final = "application/json"
ZIP: Final = "application/zip"


def _missing() -> Problem:
    return Problem("not-found", N_("There is no such page, or it is not yours to see."), status=404)


def _own_people(actor: Actor) -> list[tuple[int, UUID]]:
    """Return who an account is: one person per school."""
    found = {(one.school_id, one.person_id) for one in actor.memberships}
    return sorted(found | {(one.school_id, one.guardian_id) for one in actor.children})


def _place_of(actor: Actor, subject: UUID) -> tuple[int, UUID]:
    """Return the school in which somebody is one's child, and who one is there.

    Raises:
        Problem: 404 for anybody else's child.
    """
    for child in actor.children:
        if child.pupil_id == subject:
            return child.school_id, child.guardian_id
    raise _missing()


def _look(look: Look, locale: Locale) -> dict[str, str]:
    at = look.at.astimezone(ZoneInfo(SCHOOL_ZONE))
    return {
        "name": short_name(look.surname, look.given, look.patronymic),
        "role": _(ROLE_TITLES.get(look.role, look.role)),
        "what": _(WHAT.get(look.what, look.what)),
        "at": moment(at, locale),
    }


@page("/account/data", access="signed-in")
async def own_data(request: Request) -> Response[bytes]:
    """Show where to get a copy of one's own records, and those of the children."""
    actor, locale = actor_of(request), visit_of(request).locale
    looks: list[dict[str, str]] = []
    modules: list[dict[str, object]] = []
    people = _own_people(actor)
    for school_id, person in people:
        async with tenant(school_id) as tx:
            looks += [_look(one, locale) for one in await looks_at(tx, person)]
            asked = await whom_to_ask(tx, person)
        where = school_name(school_id, locale) if len(people) > 1 else ""
        modules += told_by_modules(asked, where)
    children = [
        {
            "href": f"/account/data/{child.pupil_id}",
            "name": child.given_name,
            "school": school_name(child.school_id, locale),
        }
        for child in actor.children
    ]
    return view(
        request,
        "data.html",
        name=actor.display_name,
        of_child=False,
        action="/account/data",
        children=children,
        modules=modules,
        looks=looks,
        asks_looks=bool(looks) or "pupil" in actor.all_roles,
    )


@page("/account/data/{child:uuid}", access="signed-in")
async def child_data(request: Request, child: FromPath[UUID]) -> Response[bytes]:
    """Show a guardian who looked at the child's records, and where to get a copy."""
    actor, locale = actor_of(request), visit_of(request).locale
    school_id, guardian = _place_of(actor, child)
    async with tenant(school_id) as tx:
        await need_own_or_child(tx, guardian, child, clock.today())
        subject = await subject_of(tx, child)
        looks = await looks_at(tx, child)
        asked = await whom_to_ask(tx, child)
    assert subject is not None
    return view(
        request,
        "data.html",
        name=full_name(subject.surname, subject.given, subject.patronymic),
        of_child=True,
        action=f"/account/data/{child}",
        children=[],
        modules=told_by_modules(asked),
        looks=[_look(one, locale) for one in looks],
        asks_looks=True,
    )


@form("/account/data", access="signed-in")
async def own_copy(request: Request) -> Response[bytes]:
    """Hand out a copy of what is held about oneself, in every school and in the directory."""
    actor = actor_of(request)
    records = [record async for record in account_export(actor.account_id)]
    parts = [Part(place=_("Your account"), folder="account", records=records)]
    for school_id, person in _own_people(actor):
        parts.append(await _part(request, school_id, person, person))
    return await _answer(request, actor.display_name, parts)


@form("/account/data/{child:uuid}", access="signed-in")
async def child_copy(request: Request, child: FromPath[UUID]) -> Response[bytes]:
    """Hand out to a guardian a copy of what the school holds about the child."""
    actor = actor_of(request)
    school_id, guardian = _place_of(actor, child)
    part = await _part(request, school_id, guardian, child)
    card = next(record.values for record in part.records if record.section == "person")
    name = full_name(card["surname"], card["given"], card["patronymic"])
    return await _answer(request, name, [part])


async def _part(request: Request, school_id: int, viewer: UUID, subject: UUID) -> Part:
    doer = Doer(actor_of(request).account_id, viewer)
    # One snapshot for all sections would need another isolation level; each is whole by itself.
    async with tenant(school_id, write=True) as tx:
        await need_own_or_child(tx, viewer, subject, clock.today())
        await note_copy(tx, doer, subject)
        records = [record async for record in person_export(tx, subject)]
        title = await _school_title(tx)
        asked = await whom_to_ask(tx, subject)
    added = await kept_by_modules(request, school_id, subject, asked)
    return Part(place=title, folder=f"school-{school_id}", records=records, added=added)


async def _school_title(tx: Tenant) -> str:
    row = await tx.fetchrow(
        "select s.title_kk, s.title_ru, s.title_en from core.school s where s.id = $1",
        tx.school_id,
    )
    return str(row[f"title_{current_locale()}"]) if row else ""


async def _answer(request: Request, name: str, parts: list[Part]) -> Response[bytes]:
    """Build the file beside the loop: a copy of eleven years takes its time."""
    locale = visit_of(request).locale
    wanted = (await form_of(request)).get("format", "zip")
    now = clock.now()
    day = clock.today().isoformat()
    if wanted == "json":
        body = await asyncio.to_thread(as_json, parts, now)
        return _file(body, JSON, f"kundelik-{day}.json")
    body = await asyncio.to_thread(_archive, name, parts, locale)
    return _file(body, ZIP, f"kundelik-{day}.zip")


def _archive(name: str, parts: list[Part], locale: Locale) -> bytes:
    now = clock.now().astimezone(ZoneInfo(SCHOOL_ZONE))
    files = {"data.json": as_json(parts, now)}
    shown = []
    for part in parts:
        tables = sheets(part.records, (*ACCOUNT, *SECTIONS), ROLE_TITLES)
        tables += added_sheets(part.added)
        shown.append({"place": part.place, "sheets": tables, "silent": part.silent})
        files |= {f"{part.folder}/{one.key}.csv": as_csv(one) for one in tables}
    context = {"name": name, "at": moment(now, locale), "parts": shown, "lang": locale}
    files["index.html"] = render("data_copy.html", context, locale)
    return as_zip(files, now)


def _file(body: bytes, media_type: str, name: str) -> Response[bytes]:
    headers = {
        "Content-Disposition": f'attachment; filename="{name}"',
        "Cache-Control": "private, no-store",
    }
    return Response(body, media_type=media_type, headers=headers)


HANDLERS: Final[tuple[Any, ...]] = (own_data, child_data, own_copy, child_copy)
