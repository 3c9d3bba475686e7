"""Say which rows of a file concern one school: registers often send several at once."""

from __future__ import annotations

from kundelik_core.kernel.errors import Problem
from kundelik_core.kernel.i18n import N_
from kundelik_core.kernel.names import search_key

from .apply_model import SchoolState
from .model import Enrollment, Org, Roster, User, UserRole

__all__ = ["Scope", "schools_in"]


class Scope:
    """The part of a roster that belongs to one school; all of it where a file names only one."""

    def __init__(self, roster: Roster, state: SchoolState, org: str) -> None:
        self.roster = roster
        chosen = _choose(roster, state, org)
        self.orgs = None if chosen is None else _below(roster, chosen)
        self.classes = {
            key: row for key, row in roster.classes.items() if self._has(row.school)
        }  # fmt: skip
        self.enrollments = [
            row for row in roster.enrollments
            if row.class_id in self.classes and self._has(row.school)
        ]  # fmt: skip
        self._enrolled = {row.user for row in self.enrollments}
        self.users = {key: user for key, user in roster.users.items() if self._in(user)}
        if self.orgs is not None:
            for tie in roster.relationships:
                if tie.pupil in self.users and tie.guardian in roster.users:
                    self.users.setdefault(tie.guardian, roster.users[tie.guardian])

    def _has(self, org: str) -> bool:
        return not org or self.orgs is None or org in self.orgs

    def _in(self, user: User) -> bool:
        if self.orgs is None or user.id in self._enrolled:
            return True
        # A parent is here because of a child; their own org says little.
        return any(role.org in self.orgs for role in user.roles if role.role != "parent")

    def roles(self, user: User) -> list[UserRole]:
        """What the person is in this school."""
        return [r for r in user.roles if r.role and (r.role == "parent" or self._has(r.org))]

    def places(self, role: str) -> list[Enrollment]:
        """The enrollments of a role."""
        return [row for row in self.enrollments if row.role == role]


def _choose(roster: Roster, state: SchoolState, wanted: str) -> Org | None:
    """The org that is this school; None where there is nothing to choose.

    Raises:
        Problem: the file holds several schools and none is this one, or none is called so.
    """
    orgs = schools_in(roster, wanted)
    if wanted:
        found = [
            org for org in roster.orgs.values()
            if wanted in {org.id, org.identifier} or _plain(org.name) == _plain(wanted)
        ]  # fmt: skip
        if len(found) == 1:
            return found[0]
    elif len(orgs) < 2:
        return None
    else:
        titles = {_plain(title) for title in state.titles}
        found = [org for org in orgs if _plain(org.name) in titles]
        if len(found) == 1:
            return found[0]
    raise Problem(
        "unknown-org" if wanted else "several-schools",
        N_("The file has no single school %(wanted)s. It holds: %(seen)s.")
        if wanted
        else N_("The file holds several schools: %(seen)s. Send one of them, or say which one."),
        status=422,
        params={
            "wanted": wanted,
            "seen": ", ".join(f"{org.name} ({org.id})" for org in (orgs or roster.orgs.values())),
        },
        field="org",
        help=N_("In a shell: --org CODE, with the code that stands in brackets."),
    )


def schools_in(roster: Roster, wanted: str = "") -> list[Org]:
    """Return the schools of a file in which there is anybody, and the one that is asked for."""
    used = {row.school for row in roster.classes.values()}
    used |= {role.org for user in roster.users.values() for role in user.roles}
    return [org for key, org in roster.orgs.items() if key in used or key == wanted]


def _plain(text: str) -> str:
    return search_key(text)


def _below(roster: Roster, chosen: Org) -> set[str]:
    """The school with its departments."""
    found = {chosen.id}
    for _ in roster.orgs:
        more = {key for key, org in roster.orgs.items() if org.parent in found} - found
        if not more:
            break
        found |= more
    return found
