"""Find out which people of a file the school has already; whatever is unclear is left to people.

Two children must never become one, and one child never two: a name alone decides only inside one
class or among the staff, and every doubt is an error of the row with what would settle it.
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Collection
from typing import Final, Literal
from uuid import UUID

from kundelik_core.kernel.i18n import N_
from kundelik_core.kernel.names import search_key

from .apply_model import STRONG, KnownPerson, Options, SchoolState
from .model import Roster, User
from .report import Report

__all__ = ["STAFF", "Kind", "Matcher", "id_in_source", "kind_of", "source_of"]

Kind = Literal["pupils", "staff", "parents"]
STAFF: Final = frozenset({"teacher", "homeroom", "deputy", "director", "admin", "psychologist"})


def source_of(roster: Roster) -> str:
    """The register that a format's ids belong to; versions of a format share one."""
    return roster.format.split("-")[0] if roster.format.split("-")[0] in STRONG else roster.format


def id_in_source(source: str, key: str) -> str:
    """The id to keep: a register's own, or a digest where the id is made of a name."""
    if source in STRONG:
        return key
    return hashlib.blake2b(key.encode(), digest_size=16).hexdigest()


def kind_of(roles: Collection[str]) -> Kind:
    """As what a person is counted and looked for."""
    if "pupil" in roles:
        return "pupils"
    return "staff" if STAFF.intersection(roles) else "parents"


class Matcher:
    """The people of the school, by everything that they can be recognised by."""

    def __init__(
        self, roster: Roster, state: SchoolState, options: Options, report: Report
    ) -> None:
        self.source, self.options, self.report = source_of(roster), options, report
        self.by_source: dict[tuple[str, str], KnownPerson] = {}
        self.by_iin: dict[bytes, KnownPerson] = {}
        self.by_name: dict[str, list[KnownPerson]] = defaultdict(list)
        self.roles: dict[UUID, set[str]] = defaultdict(set)
        self.places: dict[UUID, set[UUID]] = defaultdict(set)
        self.children: dict[UUID, set[UUID]] = defaultdict(set)
        for person in state.people:
            if person.source and person.source_id:
                self.by_source[person.source, person.source_id] = person
            if person.iin_hash:
                self.by_iin[person.iin_hash] = person
            self.by_name[_key(person.surname, person.given)].append(person)
        for role in state.roles:
            self.roles[role.person_id].add(role.role)
        for place in state.class_pupils:
            self.places[place.person].add(place.holder)
        for tie in state.ties:
            self.children[tie.guardian_id].add(tie.pupil_id)
        self.roster = roster
        self._claims: dict[UUID, str] | None = None
        self._same_name: Counter[str] = Counter()
        # Who was found for whom, so that two rows never become one person.
        self.taken: dict[tuple[UUID, Kind], User] = {}

    def find(
        self, user: User, kind: Kind, *, classes: Collection[UUID], children: Collection[UUID]
    ) -> tuple[bool, KnownPerson | None]:
        """Whether the row can be used, and who of the school it is (None: somebody new)."""
        known = self.by_source.get((self.source, id_in_source(self.source, user.id)))
        if known is None and user.iin and self.options.iin_hash is not None:
            known = self.by_iin.get(self.options.iin_hash(user.iin))
        clear = True
        if known is None:
            clear, known = self._by_name(user, kind, classes, children)
        if not clear or known is None:
            return clear, None
        earlier = self.taken.setdefault((known.id, kind), user)
        if earlier is not user:
            self.report.error(
                user.source,
                "person_twice",
                N_("This row and line %(line)s are the same person of the school."),
                value=user.full_name,
                params={"line": earlier.source.line},
            )
            return False, None
        return True, known

    def _by_name(
        self, user: User, kind: Kind, classes: Collection[UUID], children: Collection[UUID]
    ) -> tuple[bool, KnownPerson | None]:
        namesakes = [
            person
            for person in self.by_name.get(_key(user.family_name, user.given_name), ())
            if _same_middle(person, user) and not self._another(person)
        ]
        if user.birth_date is not None:
            born = [person for person in namesakes if person.birth_date == user.birth_date]
            if len(born) > 1:
                born = [p for p in born if self.places[p.id].intersection(classes)] or born
            if born:
                return self._one(user, born)
        undated = [p for p in namesakes if p.birth_date is None or user.birth_date is None]
        if kind == "pupils":
            return self._pupil(user, namesakes, undated, classes)
        if kind == "staff":
            return self._staff(user, namesakes)
        near = [
            person
            for person in undated
            if "parent" in self.roles[person.id]
            and (
                (user.phone and person.phone == user.phone)
                or self.children[person.id].intersection(children)
            )
        ]
        return self._one(user, near)

    def _another(self, person: KnownPerson) -> bool:
        """Whether the same register knows this person by another id."""
        return self.source in STRONG and person.source == self.source

    def _pupil(
        self,
        user: User,
        namesakes: list[KnownPerson],
        undated: list[KnownPerson],
        classes: Collection[UUID],
    ) -> tuple[bool, KnownPerson | None]:
        here = [p for p in namesakes if self.places[p.id].intersection(classes)]
        if [p for p in here if p not in undated]:
            self.report.error(
                user.source,
                "birth_date_differs",
                N_("The class has a pupil of this name with another birth date. Correct the "
                   "wrong one, or add the second child in the office."),
                value=user.full_name,
            )  # fmt: skip
            return False, None
        if here:
            return self._one(user, here)
        if [p for p in undated if "pupil" in self.roles[p.id]]:
            self.report.error(
                user.source,
                "namesake_elsewhere",
                N_("The school has a pupil of this name, and no birth date tells whether it is "
                   "the same child. Add birth dates here or in the office."),
                value=user.full_name,
            )  # fmt: skip
            return False, None
        return True, None

    def _staff(self, user: User, namesakes: list[KnownPerson]) -> tuple[bool, KnownPerson | None]:
        claims = self._claimed()
        free = [
            person for person in namesakes
            if self.roles[person.id] & STAFF and claims.get(person.id, user.id) == user.id
        ]  # fmt: skip
        undated = [p for p in free if p.birth_date is None or user.birth_date is None]
        if undated and self._same_name[_key(user.family_name, user.given_name)] > 1:
            # Which of them it is would be decided by the order of the rows.
            self.report.error(
                user.source,
                "staff_namesake",
                N_("The file has several people of this name, and nothing tells which of them the "
                   "school has already. Add a birth date to their records in the school first."),
                value=user.full_name,
            )  # fmt: skip
            return False, None
        if undated or not free or self._other_iin(user, free):
            return self._one(user, undated)
        self.report.error(
            user.source,
            "staff_birth_date_differs",
            N_("Somebody of this name with another birth date works at the school. Correct the "
               "wrong date; if they are two people, give both their IINs or patronymics."),
            value=user.full_name,
        )  # fmt: skip
        return False, None

    def _claimed(self) -> dict[UUID, str]:
        """Which people of the school rows of the file mean beyond doubt, whatever their order."""
        if self._claims is not None:
            return self._claims
        self._claims = {}
        for user in self.roster.users.values():
            if not STAFF.intersection(role.role for role in user.roles):
                continue
            known = self.by_source.get((self.source, id_in_source(self.source, user.id)))
            if known is None and user.iin and self.options.iin_hash is not None:
                known = self.by_iin.get(self.options.iin_hash(user.iin))
            key = _key(user.family_name, user.given_name)
            born = [
                person for person in self.by_name.get(key, ())
                if user.birth_date is not None and person.birth_date == user.birth_date
                and _same_middle(person, user)
            ]  # fmt: skip
            if known is None and len(born) == 1:
                known = born[0]
            if known is None:
                self._same_name[key] += 1
            else:
                self._claims[known.id] = user.id
        return self._claims

    def _other_iin(self, user: User, found: list[KnownPerson]) -> bool:
        """Whether all those found have an IIN, and none of them this one."""
        if not user.iin or self.options.iin_hash is None:
            return False
        mine = self.options.iin_hash(user.iin)
        return all(person.iin_hash not in {None, mine} for person in found)

    def _one(self, user: User, found: list[KnownPerson]) -> tuple[bool, KnownPerson | None]:
        if len(found) < 2:
            return True, found[0] if found else None
        self.report.error(
            user.source,
            "person_ambiguous",
            N_("The school has %(count)s people whom this row may mean. Add a birth date, or "
               "mend their records first."),
            value=user.full_name,
            params={"count": len(found)},
        )  # fmt: skip
        return False, None


def _key(surname: str, given: str) -> str:
    return search_key(f"{surname} {given}")


def _same_middle(person: KnownPerson, user: User) -> bool:
    if not (person.patronymic and user.middle_name):
        return True
    return search_key(person.patronymic) == search_key(user.middle_name)
