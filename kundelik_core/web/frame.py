"""Fill the frame around every page: who, where to, which language, what the last action did.

    return view(request, "diary.html", school=name, week=week, ...)
    return after(request, "/account", "password-changed")        # redirect after a form

A page module adds its line to the menu by ``NAV.append(NavEntry(...))`` and its notes by
``NOTES["code"] = Note(N_("..."))``.
"""

from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Final, cast

import msgspec
from litestar import Response
from litestar.response import Redirect

from kundelik_core.identity.access import Permission, roles_with
from kundelik_core.identity.model import Actor
from kundelik_core.kernel.i18n import N_, _, use_locale
from kundelik_core.kernel.names import initials
from kundelik_core.web.render import render
from kundelik_core.web.themes.looks import Look, look_of
from kundelik_core.web.visit import NOTE_COOKIE, Request, Visit, clear_cookie, set_cookie, visit_of

__all__ = [
    "LANGUAGES",
    "MENUS",
    "NAV",
    "NOTES",
    "ROLE_TITLES",
    "MenuLine",
    "NavEntry",
    "Note",
    "after",
    "frame",
    "frame_key",
    "render_page",
    "role_title",
    "view",
]

HTML: Final = "text/html"
SEARCH: Final = "/search"
LANGUAGES: Final = (("kk", "Қазақша"), ("ru", "Русский"), ("en", "English"))

# The weightiest role first: it is the one named beside the name.
ROLE_TITLES: Final[Mapping[str, str]] = {
    "operator": N_("Operator"),
    "region": N_("Education department"),
    "vendor": N_("Vendor of modules"),
    "director": N_("Director"),
    "deputy": N_("Deputy director"),
    "admin": N_("School administrator"),
    "homeroom": N_("Homeroom teacher"),
    "teacher": N_("Teacher"),
    "psychologist": N_("Psychologist"),
    "parent": N_("Parent"),
    "pupil": N_("Pupil"),
}


class NavEntry(msgspec.Struct, frozen=True, kw_only=True):
    """A line of the menu. It shows when its page exists and ``access`` lets the person in."""

    order: int
    href: str
    label: str
    icon: str
    access: Permission | Callable[[Actor], bool]


class MenuLine(msgspec.Struct, frozen=True):
    """A line of the menu that is already known to be for this reader."""

    href: str
    label: str
    icon: str


class Note(msgspec.Struct, frozen=True):
    """What a finished action says on the next page."""

    text: str
    bad: bool = False


NAV: Final[list[NavEntry]] = [
    NavEntry(
        order=10, href="/diary", label=N_("Diary"), icon="diary",
        access=Permission.DIARY_READ,
    ),
    NavEntry(
        order=20, href="/journal", label=N_("Journal"), icon="journal",
        access=Permission.JOURNAL_READ,
    ),
    NavEntry(
        order=30, href="/timetable", label=N_("Timetable"), icon="timetable",
        access=Permission.TIMETABLE_READ,
    ),
    NavEntry(order=40, href="/news", label=N_("News"), icon="news", access=Permission.NEWS_READ),
    NavEntry(
        order=50, href="/classes", label=N_("Classes"), icon="people", access=Permission.CLASS_READ
    ),
    NavEntry(
        order=60, href="/office", label=N_("Office"), icon="office", access=Permission.PEOPLE_WRITE
    ),
    NavEntry(
        order=70, href="/region", label=N_("Region"), icon="region", access=Permission.REGION_READ
    ),
    NavEntry(
        order=75, href="/vendor", label=N_("Payouts"), icon="platform", access=Permission.VENDOR
    ),
    NavEntry(
        order=80, href="/platform", label=N_("Installation"), icon="platform",
        access=Permission.PLATFORM,
    ),
]  # fmt: skip
NOTES: Final[dict[str, Note]] = {}
# Give further lines of the menu: those of modules.
MENUS: Final[list[Callable[[Visit], tuple[MenuLine, ...]]]] = []

# Paths that the running application has; filled at its start, so that no menu leads nowhere.
PATHS: Final[set[str]] = set()

_school_names: dict[int, Mapping[str, str]] = {}


def know_schools(names: Mapping[int, Mapping[str, str]]) -> None:
    """Remember the titles of schools by language, so that no page has to ask for them."""
    _school_names.update(names)


def school_name(school_id: int, locale: str) -> str:
    """Return a school's name if it is known here, else nothing."""
    return _school_names.get(school_id, {}).get(locale, "")


def role_title(roles: frozenset[str]) -> str:
    """Return the name of the weightiest role, in the language of this request."""
    return next((_(title) for role, title in ROLE_TITLES.items() if role in roles), "")


def _allowed(entry: NavEntry, actor: Actor, roles: frozenset[str]) -> bool:
    if isinstance(entry.access, Permission):
        return not roles_with(entry.access).isdisjoint(roles)
    return entry.access(actor)


def _nav(visit: Visit) -> list[dict[str, object]]:
    actor = visit.actor
    if actor is None or actor.must_change_password:
        return []
    roles = actor.all_roles
    shown = [e for e in NAV if e.href in PATHS and _allowed(e, actor, roles)]
    core: list[dict[str, object]] = [
        {
            "href": e.href,
            "label": _(e.label),
            "icon": e.icon,
            "current": visit.path == e.href or visit.path.startswith(f"{e.href}/"),
            "count": "",
        }
        for e in sorted(shown, key=lambda e: e.order)
    ]
    lines = _more(visit)
    return [*core, *_shown(lines, visit.path)] if lines else core


def _more(visit: Visit) -> tuple[MenuLine, ...]:
    return tuple(line for menu in MENUS for line in menu(visit))


def _shown(lines: Sequence[MenuLine], path: str) -> list[dict[str, object]]:
    # Of several lines that lead this way the longest is where the reader is.
    near = [line.href for line in lines if path == line.href or path.startswith(f"{line.href}/")]
    here = max(near, key=len, default="")
    return [
        {
            "href": line.href,
            "label": line.label,
            "icon": line.icon,
            "current": line.href == here,
            "count": "",
        }
        for line in lines
    ]


def _user(actor: Actor | None) -> dict[str, str] | None:
    if actor is None:
        return None
    surname, _sep, given = actor.display_name.partition(" ")
    return {
        "name": actor.display_name,
        "initials": initials(surname, given),
        "role": role_title(actor.all_roles),
    }


def _flash(visit: Visit) -> dict[str, object] | None:
    code = visit.cookies.get(NOTE_COOKIE)
    if not code:
        return None
    clear_cookie(visit, NOTE_COOKIE)
    # Only codes that we know: a text in a cookie could be planted.
    note = NOTES.get(code)
    return {"text": _(note.text), "bad": note.bad} if note else None


def _seeks(actor: Actor | None) -> bool:
    """Tell whether there is a box to search in: for staff, on every page."""
    if actor is None or actor.must_change_password or SEARCH not in PATHS:
        return False
    return not roles_with(Permission.CLASS_READ).isdisjoint(actor.all_roles)


def frame(visit: Visit) -> dict[str, object]:
    """Return what ``base.html`` needs, in the language of this request."""
    actor = visit.actor
    schools = actor.schools if actor else ()
    return {
        "lang": visit.locale,
        "theme": visit.theme,
        "look": look_of(visit.school_id, schools),
        "here": visit.here,
        "school": school_name(schools[0], visit.locale) if len(schools) == 1 else "",
        "user": _user(actor),
        "seek": _seeks(actor),
        "nav": _nav(visit),
        "langs": [
            {"code": code, "name": name, "current": code == visit.locale}
            for code, name in LANGUAGES
        ],
        "flash": _flash(visit),
    }


def frame_key(visit: Visit) -> tuple[Hashable, ...] | None:
    """Return all that decides over the frame of a page; None when it says something only once.

    The address, which stands in it too, comes first.
    """
    if NOTE_COOKIE in visit.cookies or visit.actor is None:
        return None
    actor, schools = visit.actor, visit.actor.schools
    return (
        visit.here, visit.locale, visit.theme, *look_of(visit.school_id, schools).values(),
        school_name(schools[0], visit.locale) if len(schools) == 1 else "",
        actor.account_id, actor.display_name,
        actor.memberships, actor.children, actor.platform, actor.must_change_password,
        _more(visit),
    )  # fmt: skip


def render_page(visit: Visit, template: str, context: Mapping[str, object]) -> bytes:
    """Return a whole page in the language of the visit."""
    with use_locale(visit.locale):
        around = frame(visit)
        look = cast("Look", around["look"])
        return render(template, {**around, **context}, visit.locale, look["theme"])


def view(
    request: Request,
    template: str,
    *,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
    **context: object,
) -> Response[bytes]:
    """Answer with a page; leave every ``tenant()`` before. ``context`` wins over the frame.

    Pages of signed-in people are not stored by browsers. One that a family may keep for a look
    without asking the server again says ``headers={"Cache-Control": "private, no-cache"}``; it gets
    an ETag and is answered 304 while it is the same.
    """
    body = render_page(visit_of(request), template, {"status": str(status), **context})
    return Response(body, status_code=status, media_type=HTML, headers=dict(headers or {}))


def after(request: Request, path: str, note: str = "") -> Redirect:
    """Send the browser on after a form, with a note on the next page."""
    if note:
        if note not in NOTES:
            raise KeyError(f"no note {note!r} in NOTES")
        set_cookie(visit_of(request), NOTE_COOKIE, note, max_age=60)
    return Redirect(path, status_code=303)
