"""Tie children to the adults a file names, and never to an adult who is only their teacher."""

from __future__ import annotations

from kundelik_core.kernel.i18n import N_

from .model import Relationship, Roster, User, Where
from .report import Report

_KINDS = frozenset({"mother", "father", "grandparent", "relative", "guardian", "parent"})


class Ties:
    """The relationships of a roster, each pair once."""

    def __init__(self, roster: Roster) -> None:
        self.roster = roster
        self._pairs: set[tuple[str, str]] = set()

    def add(self, pupil: str, guardian: str, kind: str, where: Where) -> None:
        """Tie an adult to a child."""
        if (pupil, guardian) in self._pairs or pupil == guardian:
            return
        self._pairs.add((pupil, guardian))
        self.roster.relationships.append(
            Relationship(
                pupil=pupil,
                guardian=guardian,
                source=where,
                kind=kind if kind in _KINDS else "guardian",
            )
        )


def tie_agents(ties: Ties, complete: bool, report: Report) -> None:
    """Turn agentSourcedIds into ties: a child names adults, an adult names children."""
    users = ties.roster.users
    for user in list(users.values()):
        for key in user.agents:
            other = users.get(key)
            where = Where(user.source.file, user.source.line, "agentSourcedIds")
            if other is None:
                if complete:
                    report.warning(
                        where,
                        "agent_unknown",
                        N_("The guardian or child %(id)s is not among the people of this file."),
                        value=key,
                        params={"id": key},
                    )
            elif not _tie(ties, user, other, where):
                report.warning(
                    where,
                    "agent_not_guardian",
                    N_("%(name)s is named as a guardian or child, but their roles do not fit. "
                       "They were not tied; a teacher is not a guardian."),
                    value=key,
                    params={"name": other.full_name or other.login or key},
                )  # fmt: skip


def _tie(ties: Ties, user: User, other: User, where: Where) -> bool:
    ended = user.ended or other.ended
    if user.has_role("pupil") and other.has_role("parent") and not ended:
        ties.add(user.id, other.id, "guardian", where)
    elif user.has_role("parent") and other.has_role("pupil") and not ended:
        ties.add(other.id, user.id, "guardian", where)
    else:
        return ended
    return True


def drop_loose_parents(roster: Roster, file: str, report: Report) -> None:
    """Let go of parents (of orgs or sessions) that do not exist or lead round in a circle."""
    rows = roster.orgs if file == "orgs" else roster.sessions
    for row in rows.values():
        if not row.parent:
            continue
        seen, above = {row.id}, row.parent
        while above in rows and above not in seen:
            seen.add(above)
            above = rows[above].parent
        if row.parent not in rows or (above and above == row.id):
            report.warning(
                Where(row.source.file, row.source.line, "parentSourcedId"),
                "loose_parent",
                N_("%(value)s is not in this file or lies below this row; "
                   "the row was taken without a parent."),
                value=row.parent,
                params={"value": row.parent},
            )  # fmt: skip
            row.parent = ""
