"""Let the office erase somebody who has left: modules first, then the account, then the record."""

from typing import Any, Final
from uuid import UUID

from litestar import Response
from litestar.params import FromPath
from litestar.response import Redirect

from kundelik_core.identity.access import Permission, require
from kundelik_core.identity.accounts import forget_person
from kundelik_core.kernel import clock
from kundelik_core.kernel.audit import Doer
from kundelik_core.kernel.db import tenant
from kundelik_core.kernel.errors import Problem
from kundelik_core.kernel.i18n import N_, _
from kundelik_core.kernel.names import full_name
from kundelik_core.privacy.erasure import Leaver, check_leaver, erase_person, leaver
from kundelik_core.web.frame import NOTES, Note, after, view
from kundelik_core.web.module_data import erased_by_modules, told_by_modules, whom_to_ask
from kundelik_core.web.pages_people import find_card
from kundelik_core.web.routes import form, page
from kundelik_core.web.school_choice import missing
from kundelik_core.web.visit import Request, actor_of, form_of

__all__ = ["HANDLERS"]

NOTES["person-erased"] = Note(
    N_("The person was erased. Marks stay in sums and averages, without a name.")
)


@page("/office/people/{person:uuid}/erase", access=Permission.PEOPLE_ERASE)
async def ask(request: Request, person: FromPath[UUID]) -> Response[bytes]:
    """Say what would go, what stays, and why it may not be done yet."""
    actor = actor_of(request)
    school_id, card = await find_card(actor, person)
    require(actor, Permission.PEOPLE_ERASE, school_id)
    async with tenant(school_id) as tx:
        one = await leaver(tx, person, clock.today())
        asked = await whom_to_ask(tx, person)
    if one is None:
        raise missing()
    return view(
        request,
        "erase.html",
        name=full_name(card.surname, card.given, card.patronymic),
        back=f"/office/people/{person}",
        action=f"/office/people/{person}/erase",
        modules=[module["title"] for module in told_by_modules(asked)],
        refusal=_refusal(one),
    )


@form("/office/people/{person:uuid}/erase", access=Permission.PEOPLE_ERASE)
async def carry_out(request: Request, person: FromPath[UUID]) -> Redirect:
    """Erase somebody; every step may be repeated, and the record goes last."""
    actor = actor_of(request)
    school_id, _card = await find_card(actor, person)
    require(actor, Permission.PEOPLE_ERASE, school_id)
    if (await form_of(request)).get("sure") != "1":
        raise Problem(
            "not-sure", N_("Tick that you are sure; this cannot be undone."), status=422,
            field="sure",
        )  # fmt: skip
    async with tenant(school_id) as tx:
        one = await leaver(tx, person, clock.today())
        asked = await whom_to_ask(tx, person)
    if one is None:
        raise missing()
    check_leaver(one, clock.today())
    silent = await erased_by_modules(request, school_id, person, asked)
    if silent:
        raise Problem(
            "modules-silent",
            N_("Nothing was erased here: these modules could not do their part: %(modules)s."),
            status=503,
            params={"modules": ", ".join(silent)},
            help=N_("Try again later, or ask whoever runs the installation to erase their data."),
        )
    await forget_person(school_id, person, one.account_id)
    async with tenant(school_id, write=True) as tx:
        await erase_person(tx, person, Doer(actor.account_id, actor.person(school_id)))
    return after(request, "/office/people", "person-erased")


def _refusal(one: Leaver) -> dict[str, str]:
    """Return why somebody cannot be erased today; empty when they can."""
    try:
        check_leaver(one, clock.today())
    except Problem as problem:
        help_ = problem.help
        return {
            "text": _(problem.message) % problem.params,
            "help": _(help_) if help_ else "",
        }
    return {}


HANDLERS: Final[tuple[Any, ...]] = (ask, carry_out)
