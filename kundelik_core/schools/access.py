"""Who may see the people of a school, and who may hand somebody a code to choose a new password.

Decisions are pure: the page's own query brings the facts.
"""

from collections.abc import Collection
from typing import Final, Literal

import msgspec

from kundelik_core.kernel.errors import Problem
from kundelik_core.kernel.i18n import N_

__all__ = [
    "Reach",
    "SlipFacts",
    "people_reach",
    "require_slip",
    "roles_given_by",
    "stands_near",
]

Reach = Literal["", "class", "families", "everyone"]
"""Nobody, the own class with its guardians, all pupils and guardians, or everyone."""

LEADERS: Final = frozenset({"director", "deputy", "admin"})
# A code opens the account that it is for, so nobody gives one to somebody who may do more.
_RANKS: Final = {
    "pupil": 0, "parent": 0, "teacher": 1, "homeroom": 1, "psychologist": 1, "deputy": 2,
    "director": 3, "admin": 3,
}  # fmt: skip
_HIGHEST: Final = {"homeroom": 0, "deputy": 1, "director": 3, "admin": 3}


class SlipFacts(msgspec.Struct, frozen=True, kw_only=True):
    """For whom a code is asked: their roles here, elsewhere and above schools."""

    roles: frozenset[str]
    elsewhere: frozenset[str] = frozenset()
    platform: bool = False
    own_class: bool = False
    """Whether they are a pupil or a guardian of the class that the asker leads."""


def people_reach(roles: Collection[str]) -> Reach:
    """Give how far somebody sees birth dates, guardians and contacts in their school."""
    if LEADERS.intersection(roles):
        return "everyone"
    if "psychologist" in roles:
        return "families"
    return "class" if "homeroom" in roles else ""


def roles_given_by(roles: Collection[str]) -> frozenset[str]:
    """Give the roles that somebody may give to others: none above their own.

    What stands above schools is no role of a school, so nobody in one can give it.
    """
    most = max((_HIGHEST[role] for role in roles if role in _HIGHEST), default=-1)
    return frozenset(role for role, rank in _RANKS.items() if rank <= most)


def stands_near(reach: Reach, *, own_class: bool, roles: Collection[str]) -> bool:
    """Tell whether a person lies within a reach."""
    if reach == "everyone":
        return True
    family = bool(roles) and set(roles) <= {"pupil", "parent"}
    if reach == "families" and family:
        return True
    return reach != "" and own_class


def require_slip(asker: Collection[str], facts: SlipFacts) -> None:
    """Let pass who may give this person a code.

    Raises:
        Problem: 403 with the reason, and who may instead.
    """
    if facts.platform:
        raise _refusal(
            N_("This account also runs the installation or a region."),
            N_("Its owner asks the operator for a new password."),
        )
    if any(_RANKS.get(role, 3) > 0 for role in facts.elsewhere):
        raise _refusal(
            N_("This person also works in another school."),
            N_("The office of that school gives out the code."),
        )
    most = max((_HIGHEST[role] for role in asker if role in _HIGHEST), default=-1)
    only_class = most == 0
    rank = max((_RANKS.get(role, 3) for role in facts.roles), default=0)
    if rank > most or (only_class and not facts.own_class):
        raise _refusal(
            N_("You may not give this person a code."),
            N_("Ask the director or the administrator of your school."),
        )


def _refusal(message: str, advice: str) -> Problem:
    return Problem("no-slip", message, status=403, help=advice)
