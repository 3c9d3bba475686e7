"""Print one-time codes for many at once: the staff, or a class with its parents."""

from typing import Any, Final
from uuid import UUID

from litestar import Response

from kundelik_core.identity.access import Permission
from kundelik_core.identity.actions import issue_activation
from kundelik_core.identity.model import Actor
from kundelik_core.identity.rules import CODE_DAYS, show_code
from kundelik_core.identity.standing import AccountState, account_states, standing
from kundelik_core.kernel import clock
from kundelik_core.kernel.audit import Doer, audit_each
from kundelik_core.kernel.db import Tenant, tenant
from kundelik_core.kernel.errors import Problem
from kundelik_core.kernel.i18n import _, current_locale
from kundelik_core.kernel.names import full_name
from kundelik_core.schools.access import SlipFacts, require_slip
from kundelik_core.schools.calendar import school_year_of
from kundelik_core.schools.queries.slips import (
    Recipient,
    class_choices,
    class_people,
    staff_people,
)
from kundelik_core.web.frame import school_name, view
from kundelik_core.web.routes import form
from kundelik_core.web.school_choice import asked_school, learn_schools, missing
from kundelik_core.web.visit import Request, actor_of, form_of

__all__ = ["HANDLERS", "slip_choices"]

MAY: Final = Permission.ROSTER_IMPORT
STAFF: Final = "staff"


async def slip_choices(school_id: int) -> list[dict[str, str]]:
    """For whom slips can be printed, as the form of the import page offers it."""
    async with tenant(school_id) as tx:
        classes = await class_choices(tx, school_year_of(clock.today()))
    rows = [{"value": str(key), "label": title} for key, title in classes]
    return [{"value": STAFF, "label": _("Staff")}, *rows]


@form("/office/import/slips", access=MAY)
async def slips(request: Request) -> Response[bytes]:
    """Make codes for those who have not chosen a password yet; shown once, earlier ones end."""
    fields = await form_of(request)
    actor = actor_of(request)
    await learn_schools(actor)
    school_id = asked_school(request, MAY)
    async with tenant(school_id) as tx:
        people = await _people(tx, fields.get("who", ""))
    states = await account_states([one.account_id for one in people if one.account_id])
    waiting, left = [], []
    for one in people:
        state = states.get(one.account_id) if one.account_id else None
        if state is None or not state.active or state.has_password:
            continue
        if await _allowed(actor, school_id, one):
            waiting.append((one, state))
        else:
            left.append(full_name(one.surname, one.given, one.patronymic))
    # The log is written first: a code that nobody can trace must not exist.
    async with tenant(school_id, write=True) as tx:
        doer = Doer(actor.account_id, actor.person(school_id))
        changes = [(one.id, None, None) for one, _state in waiting]
        await audit_each(tx, doer, "account.code", "person", changes)
    return view(
        request,
        "slip.html",
        school=school_name(school_id, current_locale()),
        back=f"/office/import?school={school_id}",
        days=CODE_DAYS,
        address=str(request.base_url).rstrip("/"),
        slips=[await _slip(one, state) for one, state in waiting],
        left=left,
    )


async def _people(tx: Tenant, who: str) -> list[Recipient]:
    if who == STAFF:
        return await staff_people(tx, clock.today())
    try:
        return await class_people(tx, UUID(who), clock.today())
    except ValueError:
        raise missing() from None


async def _allowed(actor: Actor, school_id: int, one: Recipient) -> bool:
    """Whether the rule for a single slip lets this one be printed as well."""
    assert one.account_id is not None
    known = await standing(one.account_id)
    facts = SlipFacts(
        roles=one.roles | known.roles.get(school_id, frozenset()),
        elsewhere=known.elsewhere(school_id),
        platform=known.platform,
    )
    try:
        require_slip(actor.roles(school_id), facts)
    except Problem:
        return False
    return True


async def _slip(one: Recipient, state: AccountState) -> dict[str, str]:
    return {
        "name": full_name(one.surname, one.given, one.patronymic),
        "login": state.login,
        "code": show_code(await issue_activation(state.id)),
        "sub": _("Parent: %(name)s") % {"name": one.child} if one.child.strip(", ") else "",
    }


HANDLERS: Final[tuple[Any, ...]] = (slips,)
