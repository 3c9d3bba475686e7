"""Show the office what needs someone, and the school in numbers."""

from datetime import timedelta
from typing import Any, Final

from litestar import Response

from kundelik_core.gradebook.overview import Absent, OfficeView, UnfilledOf, office_view
from kundelik_core.identity.access import PERMISSIONS, Permission, may
from kundelik_core.identity.model import Actor
from kundelik_core.identity.standing import waiting_accounts
from kundelik_core.kernel import clock
from kundelik_core.kernel.db import tenant
from kundelik_core.kernel.i18n import N_, _, current_locale, day_month, ngettext
from kundelik_core.schools.calendar import monday_of, school_year_of
from kundelik_core.schools.queries.schools import SchoolCounts, account_ids, counts
from kundelik_core.schools.titles import class_title
from kundelik_core.web import frame
from kundelik_core.web.frame import ROLE_TITLES, school_name, view
from kundelik_core.web.routes import page
from kundelik_core.web.school_choice import asked_school, learn_schools, school_tabs
from kundelik_core.web.visit import Request, actor_of

__all__ = ["HANDLERS"]

LOOK_BACK: Final = timedelta(days=14)
MOST_TEACHERS: Final = 8

# href, icon, label, what it is for, who sees it
_LINKS: Final = (
    ("/office/people", "person", N_("People"), N_("Find somebody, give out codes"),
     Permission.PEOPLE_READ),
    ("/office/import", "import", N_("Import"), N_("Bring in lists from a file"),
     Permission.ROSTER_IMPORT),
    ("/journal", "journal", N_("Journals"), N_("Every journal of the school"),
     Permission.JOURNAL_READ_ALL),
    ("/office/periods", "lock", N_("Periods"), N_("Close quarters and half-years"),
     Permission.PERIOD_CLOSE),
    ("/office/modules", "platform", N_("Modules"), N_("What more the school uses"),
     Permission.MODULES),
    ("/office/licences", "people", N_("Places and codes"),
     N_("Seats, places for families, codes"), Permission.MODULES),
    ("/office/appearance", "edit", N_("Appearance"), N_("Theme, colours and logo of the school"),
     Permission.SCHOOL_SETTINGS),
    ("/office/permissions", "lock", N_("Permissions"), N_("Who may see and do what"),
     Permission.PEOPLE_WRITE),
)  # fmt: skip


@page("/office", access=Permission.PEOPLE_WRITE)
async def office(request: Request) -> Response[bytes]:
    """Show what waits, each one click from done."""
    actor, today = actor_of(request), clock.today()
    await learn_schools(actor)
    school_id = asked_school(request, Permission.PEOPLE_WRITE)
    year = school_year_of(today)
    async with tenant(school_id) as tx:
        waits = await office_view(tx, (today - LOOK_BACK, today), monday_of(today), year)
        numbers = await counts(tx, year, today)
        accounts = await account_ids(tx)
    waiting = await waiting_accounts(accounts)
    return view(
        request,
        "office.html",
        title=school_name(school_id, current_locale()),
        todo=_todo(waits),
        numbers=_numbers(numbers, school_id, waiting, len(accounts)),
        links=_links(actor, school_id),
        slots=[],
        schools=school_tabs(request, Permission.PEOPLE_WRITE, school_id),
    )


def _links(actor: Actor, school_id: int) -> list[dict[str, str]]:
    return [
        {"href": href, "icon": icon, "label": _(label), "sub": _(sub)}
        for href, icon, label, sub, permission in _LINKS
        if href in frame.PATHS and may(actor, permission, school_id)
    ]


def _todo(waits: OfficeView) -> list[dict[str, str]]:
    rows = [_unfilled(item) for item in waits.unfilled[:MOST_TEACHERS]]
    more = len(waits.unfilled) - MOST_TEACHERS
    if more > 0:
        text = ngettext(
            "%(n)s more teacher with unfilled lessons",
            "%(n)s more teachers with unfilled lessons",
            more,
        )
        rows.append(_row(text % {"n": more}, "", "/journal"))
    if waits.absent_pupils:
        rows += [_absent(item) for item in waits.absent]
        hidden = waits.absent_pupils - len(waits.absent)
        if hidden > 0:
            text = ngettext(
                "%(n)s more pupil with absences without a reason this week",
                "%(n)s more pupils with absences without a reason this week",
                hidden,
            )
            rows.append(_row(text % {"n": hidden}, "", "/classes"))
    return rows


def _row(text: str, sub: str, href: str) -> dict[str, str]:
    return {"text": text, "sub": sub, "href": href, "action": "", "label": _("Open")}


def _unfilled(item: UnfilledOf) -> dict[str, str]:
    text = ngettext(
        "%(name)s: %(n)s lesson not filled in",
        "%(name)s: %(n)s lessons not filled in",
        item.lessons,
    ) % {"name": item.name or _("No teacher"), "n": item.lessons}
    subject = f"{item.title} · {item.subject.of(current_locale())}"
    if item.groups > 1:
        subject = ngettext(
            "%(group)s and %(n)s more journal", "%(group)s and %(n)s more journals", item.groups - 1
        ) % {"group": subject, "n": item.groups - 1}
    since = _("since %(day)s") % {"day": day_month(item.since, current_locale())}
    return _row(text, f"{subject}, {since}", f"/journal/{item.group}")


def _absent(item: Absent) -> dict[str, str]:
    text = ngettext(
        "%(name)s: %(n)s lesson missed without a reason",
        "%(name)s: %(n)s lessons missed without a reason",
        item.lessons,
    ) % {"name": item.name, "n": item.lessons}
    name = class_title(item.grade, item.letter or "") if item.grade is not None else ""
    sub = f"{name}, {_('this week')}" if name else _("this week")
    return _row(text, sub, f"/diary/{item.pupil}")


def _numbers(
    found: SchoolCounts, school_id: int, waiting: int, accounts: int
) -> list[dict[str, str]]:
    people = f"/office/people?school={school_id}&kind="
    rows = [
        (_("Classes"), str(found.classes), f"/classes?school={school_id}"),
        (_("Pupils"), str(found.pupils), f"{people}pupil"),
        (_("Staff"), str(found.staff), f"{people}staff"),
        (_("Parents and guardians"), str(found.guardians), f"{people}parent"),
        (_("Accounts"), str(accounts), ""),
        (_("Have not chosen a password yet"), str(waiting), ""),
    ]
    return [{"label": label, "value": value, "href": href} for label, value, href in rows]


@page("/office/permissions", access=Permission.CLASS_READ)
async def permissions(request: Request) -> Response[bytes]:
    """Print the list of permissions as it is, with the roles that carry each, for all staff."""
    roles = actor_of(request).all_roles
    return view(
        request,
        "permissions.html",
        rows=[
            {
                "title": _(rule.title),
                "allows": _(rule.allows),
                "roles": [
                    {"title": _(title), "mine": role in roles}
                    for role, title in ROLE_TITLES.items()
                    if role in rule.roles
                ],
            }
            for rule in PERMISSIONS
        ],
    )


HANDLERS: Final[tuple[Any, ...]] = (office, permissions)
