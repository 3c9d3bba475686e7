"""Tell who is who in a staff list: rows of one person are joined, namesakes never.

The result depends on no order of rows. Where nothing tells whether two rows are one person, both
are left out, and people decide.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import combinations
from typing import Literal

import msgspec

from kundelik_core.kernel.i18n import N_
from kundelik_core.kernel.names import search_key

from .model import User, UserRole
from .report import Report

__all__ = ["StaffRow", "settle"]


class StaffRow(msgspec.Struct, frozen=True, kw_only=True):
    """One row that could be read: a person as far as it tells, and the roles it gives."""

    user: User
    roles: frozenset[str]


Relation = Literal["same", "different", "unclear"]


def settle(rows: Sequence[StaffRow], report: Report) -> tuple[dict[str, User], list[str]]:
    """The people by their ids, and for each row the id of its person ("" for one left out)."""
    namesakes: dict[str, list[int]] = defaultdict(list)
    for place, row in enumerate(rows):
        namesakes[_name(row.user)].append(place)
    found: dict[str, list[list[int]]] = defaultdict(list)
    for places in namesakes.values():
        for cluster in _clusters(rows, places, report):
            found[_join([rows[place] for place in cluster]).id].append(cluster)
    ids = [""] * len(rows)
    people: dict[str, User] = {}
    for key in sorted(found):
        if len(found[key]) > 1:
            # Told apart by their IINs alone, which are kept nowhere as such.
            _refuse(rows, [place for cluster in found[key] for place in cluster], report)
            continue
        (cluster,) = found[key]
        people[key] = _join([rows[place] for place in cluster])
        _tell_joined(rows, cluster, report)
        for place in cluster:
            ids[place] = key
    return people, ids


def _name(user: User) -> str:
    return search_key(f"{user.family_name} {user.given_name}")


def _clusters(rows: Sequence[StaffRow], places: list[int], report: Report) -> list[list[int]]:
    """Rows of one name by person, without those that nobody could tell apart."""
    relations = {
        pair: _relation(rows[pair[0]].user, rows[pair[1]].user)
        for pair in combinations(places, 2)
    }  # fmt: skip
    leader = {place: place for place in places}

    def top(place: int) -> int:
        while leader[place] != place:
            place = leader[place]
        return place

    for (first, second), relation in relations.items():
        if relation == "same":
            leader[top(second)] = top(first)
    doubtful = set()
    for (first, second), relation in relations.items():
        joined = top(first) == top(second)
        if relation == ("different" if joined else "unclear"):
            doubtful |= {top(first), top(second)}
    found: dict[int, list[int]] = defaultdict(list)
    for place in places:
        found[top(place)].append(place)
    _refuse(rows, [p for head in doubtful for p in found[head]], report)
    return [cluster for head, cluster in found.items() if head not in doubtful]


def _relation(one: User, other: User) -> Relation:
    if one.iin and other.iin:
        return "same" if one.iin == other.iin else "different"
    mine, theirs = search_key(one.middle_name), search_key(other.middle_name)
    if mine and theirs and mine != theirs:
        return "different"
    if one.birth_date and other.birth_date:
        return "same" if one.birth_date == other.birth_date else "different"
    reached = (one.phone and one.phone == other.phone) or (one.email and one.email == other.email)
    return "same" if reached and mine and mine == theirs else "unclear"


def _refuse(rows: Sequence[StaffRow], places: Iterable[int], report: Report) -> None:
    several = sorted({rows[place].user.source for place in places}, key=_line)
    lines = ", ".join(str(where.line) for where in several)
    for where in several:
        report.error(
            where,
            "staff_namesakes",
            N_("Lines %(lines)s have the same name, and nothing tells whether they are one "
               "person. Add birth dates, IINs or patronymics."),
            params={"lines": lines},
        )  # fmt: skip


def _line(where: object) -> tuple[str, int]:
    return getattr(where, "file", ""), getattr(where, "line", 0)


def _tell_joined(rows: Sequence[StaffRow], cluster: list[int], report: Report) -> None:
    first = rows[cluster[0]].user
    for place in cluster[1:]:
        report.warning(
            rows[place].user.source,
            "staff_joined",
            N_("This row and line %(line)s are one person; what they say was put together."),
            value=first.full_name,
            params={"line": first.source.line},
        )


def _join(rows: list[StaffRow]) -> User:
    """One person of all their rows; where two say different things, the order does not decide."""
    users = [row.user for row in rows]
    source = users[0].source
    user = User(
        id="",
        source=source,
        family_name=_best(one.family_name for one in users),
        given_name=_best(one.given_name for one in users),
        middle_name=_best(one.middle_name for one in users),
        birth_date=min((one.birth_date for one in users if one.birth_date), default=None),
        sex=max(one.sex for one in users),
        login=_best(one.login for one in users),
        email=_best(one.email for one in users),
        phone=_best(one.phone for one in users),
        iin=_best(one.iin for one in users),
    )
    roles = sorted(frozenset[str]().union(*(row.roles for row in rows)))
    user.roles = [UserRole(role=role, source=source) for role in roles]
    user.id = f"staff:{search_key(user.full_name)}|{user.birth_date or ''}"
    return user


def _best(texts: Iterable[str]) -> str:
    """The longest of what rows say, and of the longest the last: it has the Kazakh letters."""
    return max(texts, key=lambda text: (len(text), text))
