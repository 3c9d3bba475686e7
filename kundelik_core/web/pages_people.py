"""Find people of a school, see how they stand, and hand out one-time codes."""

from typing import Any, Final
from uuid import UUID

from litestar import Response
from litestar.params import FromPath
from markupsafe import Markup

from kundelik_core.identity.access import Permission, may, require, schools_where
from kundelik_core.identity.actions import issue_activation
from kundelik_core.identity.model import STAFF_ROLES, Actor
from kundelik_core.identity.queries import account_by_login
from kundelik_core.identity.rules import CODE_DAYS, LOGIN_FORM, normal_login, show_code
from kundelik_core.identity.standing import AccountState, account_states, standing
from kundelik_core.kernel import clock
from kundelik_core.kernel.audit import Doer, audit
from kundelik_core.kernel.db import tenant
from kundelik_core.kernel.i18n import N_, _, current_locale, ngettext
from kundelik_core.kernel.names import full_name
from kundelik_core.privacy.actions import note_look
from kundelik_core.schools.access import SlipFacts, people_reach, require_slip, stands_near
from kundelik_core.schools.actions.accounts import ensure_account
from kundelik_core.schools.calendar import school_year_of
from kundelik_core.schools.queries.directory_of_people import (
    Found,
    PersonCard,
    Search,
    find_people,
    person_card,
)
from kundelik_core.sdk import Student
from kundelik_core.web.frame import ROLE_TITLES, school_name, view
from kundelik_core.web.modules import card_slots
from kundelik_core.web.paging import offset_of, turns
from kundelik_core.web.person_view import card_context
from kundelik_core.web.routes import form, page
from kundelik_core.web.school_choice import asked_school, learn_schools, missing, school_tabs
from kundelik_core.web.visit import Request, actor_of

__all__ = ["HANDLERS", "find_card"]

_KINDS: Final = {
    "": (N_("Everybody"), None),
    "pupil": (N_("Pupils"), frozenset({"pupil"})),
    "parent": (N_("Parents and guardians"), frozenset({"parent"})),
    "staff": (N_("Staff"), STAFF_ROLES),
}
FAMILY: Final = frozenset({"pupil", "parent"})


@page("/office/people", access=Permission.PEOPLE_READ)
async def people(request: Request) -> Response[bytes]:
    """List the people of a school, as far as the reader may see them."""
    actor, today = actor_of(request), clock.today()
    await learn_schools(actor)
    query = request.query_params
    klass = _uuid(query.get("class", ""))
    schools = [asked_school(request, Permission.PEOPLE_READ)]
    if klass is not None and not query.get("school"):
        # A class names its school by itself.
        schools = list(schools_where(actor, Permission.PEOPLE_READ))
    text, kind = query.get("q", "").strip()[:80], query.get("kind", "")
    first = offset_of(request)
    account = await _account_of(text)
    found: list[Found] = []
    total, school_id = 0, schools[0]
    for school_id in schools:
        wanted = _search(actor, school_id, text, kind, klass, account, first)
        async with tenant(school_id) as tx:
            found, total = await find_people(tx, wanted, school_year_of(today), today)
        if found:
            break
    states = await account_states([p.account_id for p in found if p.account_id])
    kept = {"q": text, "kind": kind, "class": str(klass or ""), "school": str(school_id)}
    return view(
        request,
        "people.html",
        q=text,
        hidden=[(key, kept[key]) for key in ("class", "school") if kept[key]],
        kinds=[
            {"value": value, "label": _(label), "current": value == kind}
            for value, (label, _roles) in _KINDS.items()
        ],
        people=[_line(p, states) for p in found],
        total=ngettext("%(n)s person", "%(n)s people", total) % {"n": total},
        add="",
        **turns("/office/people", first, total, **kept),
        schools=school_tabs(request, Permission.PEOPLE_READ, school_id),
    )


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text) if text else None
    except ValueError:
        raise missing() from None


async def _account_of(text: str) -> UUID | None:
    login = normal_login(text)
    return await account_by_login(login) if LOGIN_FORM.fullmatch(login) else None


def _search(
    actor: Actor,
    school_id: int,
    text: str,
    kind: str,
    klass: UUID | None,
    account: UUID | None,
    first: int,
) -> Search:
    reach = people_reach(actor.roles(school_id))
    roles = _KINDS.get(kind, _KINDS[""])[1]
    if reach == "families":
        roles = FAMILY if roles is None else roles & FAMILY
    return Search(
        text=text,
        account=account,
        roles=roles,
        homeroom=actor.person(school_id) if reach == "class" else None,
        class_id=klass,
        first=first,
    )


def _line(person: Found, states: dict[UUID, AccountState]) -> dict[str, str]:
    state = states.get(person.account_id) if person.account_id else None
    waits = ""
    if state is None:
        waits = _("no account yet")
    elif not state.active:
        waits = _("blocked")
    elif not state.has_password:
        waits = _("has not signed in yet")
    titles = [_(title) for role, title in ROLE_TITLES.items() if role in person.roles]
    return {
        "name": full_name(person.surname, person.given, person.patronymic),
        "href": f"/office/people/{person.id}",
        "role": ", ".join(titles),
        "sub": ", ".join(person.class_titles),
        "login": state.login if state else "",
        "state": waits,
        "action": "",
    }


@page("/office/people/{person:uuid}", access=Permission.PEOPLE_READ)
async def person_page(request: Request, person: FromPath[UUID]) -> Response[bytes]:
    """Show one person's record and account."""
    actor = actor_of(request)
    school_id, card = await find_card(actor, person)
    note_look(actor, school_id, person, "card")
    state = None
    if card.account_id is not None:
        state = (await account_states([card.account_id])).get(card.account_id)
    context = card_context(card, state, clock.today())
    action = f"/office/people/{person}/code" if may(actor, Permission.SLIPS, school_id) else ""
    slots: list[Markup] = []
    if "pupil" in card.roles(clock.today()):
        student = Student(
            id=person, name=f"{card.surname} {card.given}", birth_date=card.birth_date
        )
        slots = await card_slots(request, school_id, student)
    erase = (
        f"/office/people/{person}/erase" if may(actor, Permission.PEOPLE_ERASE, school_id) else ""
    )
    return view(request, "person.html", **context, action=action, erase=erase, slots=slots)


async def find_card(actor: Actor, person: UUID) -> tuple[int, PersonCard]:
    """Read a person whom the reader may see.

    Raises:
        Problem: 404 for people of other schools and for those out of the reader's reach.
    """
    today = clock.today()
    for school_id in schools_where(actor, Permission.PEOPLE_READ):
        async with tenant(school_id) as tx:
            card = await person_card(tx, person, actor.person(school_id), today)
        if card is None:
            continue
        reach = people_reach(actor.roles(school_id))
        if stands_near(reach, own_class=card.near, roles=card.roles(today)):
            return school_id, card
    raise missing()


@form("/office/people/{person:uuid}/code", access=Permission.SLIPS)
async def new_code(request: Request, person: FromPath[UUID]) -> Response[bytes]:
    """Make a one-time code and show its slip, once; earlier codes end."""
    actor, today = actor_of(request), clock.today()
    await learn_schools(actor)
    school_id, card = await find_card(actor, person)
    require(actor, Permission.SLIPS, school_id)
    facts = SlipFacts(roles=card.roles(today), own_class=card.near)
    if card.account_id is not None:
        known = await standing(card.account_id)
        facts = SlipFacts(
            roles=facts.roles | known.roles.get(school_id, frozenset()),
            elsewhere=known.elsewhere(school_id),
            platform=known.platform,
            own_class=card.near,
        )
    require_slip(actor.roles(school_id), facts)
    account = await ensure_account(school_id, person, current_locale())
    # The log is written first: a code that nobody can trace must not exist.
    async with tenant(school_id, write=True) as tx:
        doer = Doer(actor.account_id, actor.person(school_id))
        await audit(tx, doer, "account.code", "person", person)
    code = await issue_activation(account)
    state = (await account_states([account]))[account]
    return view(
        request,
        "slip.html",
        school=school_name(school_id, current_locale()),
        back=f"/office/people/{person}",
        days=CODE_DAYS,
        address=str(request.base_url).rstrip("/"),
        slips=[
            {
                "name": full_name(card.surname, card.given, card.patronymic),
                "login": state.login,
                "code": show_code(code),
            }
        ],
    )


HANDLERS: Final[tuple[Any, ...]] = (people, person_page, new_code)
