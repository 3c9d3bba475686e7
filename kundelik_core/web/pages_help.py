"""Explain in plain words how things work here, and who may see what."""

from typing import Any, Final

from litestar import Response

from kundelik_core.identity.access import PERMISSIONS
from kundelik_core.identity.model import STAFF_ROLES, Actor
from kundelik_core.kernel.i18n import N_, _
from kundelik_core.web.frame import view
from kundelik_core.web.routes import page
from kundelik_core.web.visit import Request, actor_of

__all__ = ["HANDLERS"]

_EVERYBODY: Final = (
    (N_("Who sees a pupil's marks?"),
     N_("The pupil, the parents and guardians whom the school has registered, the teachers of the "
        "pupil's own groups in their journals, the homeroom teacher, the psychologist, and "
        "the leaders of the school. Nobody else: not other parents, not other pupils, not the "
        "region.")),
    (N_("Does any of it cost money?"),
     N_("Marks, homework, timetable, attendance and the diary are free for every family, and stay "
        "so. A module that costs something says so before you use it.")),
    (N_("Can a mark be changed in secret?"),
     N_("No. Every change keeps who made it, when, what stood there before, and after a period is "
        "closed also why. The diary shows it under the mark.")),
    (N_("The password is forgotten"),
     N_("Ask the homeroom teacher of your class, or the office of the school, for a slip with a "
        "one-time code. With the code you choose a new password.")),
    (N_("Somebody else used my account"),
     N_("Change the password in your account: every other device is signed out at once. Then tell "
        "the school.")),
)  # fmt: skip
_STAFF: Final = (
    (N_("The connection is gone in the middle of a lesson"),
     N_("Go on typing. What you enter is kept in this browser and sent when the connection is "
        "back; the line above the journal says how much waits.")),
    (N_("A colleague changed the same cell"),
     N_("You see both values and choose. Nothing is overwritten without somebody deciding it.")),
    (N_("A pupil is missing in my journal"),
     N_("The office puts pupils into groups. Once it has, the pupil stands in your journal, from "
        "the first day that the office gave.")),
)  # fmt: skip


@page("/help", access="signed-in", while_locked=True)
async def help_page(request: Request) -> Response[bytes]:
    """Answer what people ask, and say what the reader may."""
    actor = actor_of(request)
    staff = bool(actor.all_roles & STAFF_ROLES)
    return view(
        request,
        "help.html",
        staff=staff,
        mine=_mine(actor),
        seen=[{"q": _(q), "a": _(a)} for q, a in (*(_STAFF if staff else ()), *_EVERYBODY)],
    )


def _mine(actor: Actor) -> list[dict[str, str]]:
    roles = actor.all_roles
    return [
        {"title": _(rule.title), "allows": _(rule.allows)}
        for rule in PERMISSIONS
        if not roles.isdisjoint(rule.roles)
    ]


@page("/help/keys", access="signed-in")
async def keys(request: Request) -> Response[bytes]:
    """Print the keys of the journal on a page of their own."""
    return view(request, "help_keys.html")


HANDLERS: Final[tuple[Any, ...]] = (help_page, keys)
