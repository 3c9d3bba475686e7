"""Compare a file with the school: what is new, what differs, what only a person can decide.

Pure. What a file leaves out stays as it is; only a row that says so itself ends something.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Final, Literal
from uuid import UUID

import msgspec

from kundelik_core.kernel.i18n import N_
from kundelik_core.kernel.ids import new_id
from kundelik_core.schools.actions.people import GuardianshipRow, MembershipRow, PersonRow

from .apply_classes import Classes
from .apply_match import Kind, Matcher, id_in_source, kind_of, source_of
from .apply_model import STRONG, Count, Ending, KnownPerson, Options, Plan, Role, SchoolState, Tie
from .apply_places import plan_places
from .apply_scope import Scope
from .model import Roster, User
from .report import Report

__all__ = ["Planner", "plan_import"]

Relation = Literal["mother", "father", "parent", "guardian", "grandparent", "relative"]
_RELATIONS: Final[dict[str, Relation]] = {
    "mother": "mother", "father": "father", "parent": "parent", "guardian": "guardian",
    "grandparent": "grandparent", "relative": "relative",
}  # fmt: skip
_VAGUE: Final = frozenset({"parent", "guardian"})
_SEX: Final[dict[str, Literal["m", "f"]]] = {"male": "m", "female": "f"}
# Which lines of the summary the rows of a file belong to; those of a class list are pupils.
_FILES: Final = {
    "teacher.csv": "staff", "user.csv": "parents", "classes.csv": "classes",
    "section.csv": "classes", "courses.csv": "classes", "enrollments.csv": "places",
    "studentenrollment.csv": "places", "teacherroster.csv": "places",
    "relationships.csv": "guardians", "guardianrelationship.csv": "guardians",
}  # fmt: skip


def plan_import(
    roster: Roster,
    state: SchoolState,
    options: Options,
    make_id: Callable[[], UUID] = new_id,
) -> Plan:
    """Say what importing a roster would write.

    Raises:
        Problem: the file holds several schools and does not say which one this is.
    """
    planner = Planner(roster, state, options, make_id)
    planner.run()
    return planner.plan


class Planner:
    """One comparison; the parts share what was found out about people and classes."""

    def __init__(
        self, roster: Roster, state: SchoolState, options: Options, make_id: Callable[[], UUID]
    ) -> None:
        self.roster, self.state, self.options, self.make_id = roster, state, options, make_id
        self.report = Report()
        self.source = source_of(roster)
        self.plan = Plan(
            format=roster.format, format_title=roster.format_title, year=options.year
        )  # fmt: skip
        self.scope = Scope(roster, state, options.org)
        self.matcher = Matcher(roster, state, options, self.report)
        self.classes = Classes(self, make_id)
        self.known: dict[str, KnownPerson] = {}
        self._children: dict[str, list[str]] = {}
        for tie in roster.relationships:
            self._children.setdefault(tie.guardian, []).append(tie.pupil)
        self._given: set[tuple[UUID, str]] = set()
        self._roles: dict[UUID, list[Role]] = {}
        for role in state.roles:
            self._roles.setdefault(role.person_id, []).append(role)

    def count(self, label: str) -> Count:
        """A line of the summary."""
        return self.plan.counts[label]

    def run(self) -> None:
        """Compare everything."""
        self.classes.plan()
        self._people()
        plan_places(self)
        self._ties()
        self.plan.classes = list(self.classes.made.values())
        if self.roster.results:
            self.report.warning(
                self.roster.results[0].source,
                "marks_left_out",
                N_("The marks of this bundle were not read; only people, classes and groups."),
            )
        for error in self.roster.errors:
            if error.severity == "error":
                self.count(self._label(error.file)).wrong += 1
        self.plan.errors = [*self.roster.errors, *self.report.finish()]

    def _label(self, file: str) -> str:
        """Which line of the summary the rows of a file belong to."""
        note = self.roster.files.get(file)
        about = note.about if note is not None else ""
        return about or _FILES.get(file.lower(), "pupils")

    def grade_of(self, user: User) -> int | None:
        """The grade that the file gives a pupil."""
        for text in (*user.grades, *(role.grade for role in user.roles)):
            if text.isdigit() and int(text) <= 12:
                return int(text)
        return None

    # ------------------------------------------------------------ people

    def _people(self) -> None:
        places: dict[str, set[UUID]] = {}
        for row in self.scope.enrollments:
            if row.class_id in self.classes.homerooms:
                places.setdefault(row.user, set()).add(self.classes.homerooms[row.class_id])
        order: dict[Kind, list[User]] = {"pupils": [], "staff": [], "parents": []}
        for user in self.scope.users.values():
            roles = {role.role for role in self.scope.roles(user)}
            if roles or user.ended:
                order[kind_of(roles)].append(user)
        # Parents last: a name becomes a person of the school through a child that was found.
        for kind, users in order.items():
            for user in users:
                self._person(user, kind, places.get(user.id, set()))

    def _person(self, user: User, kind: Kind, places: set[UUID]) -> None:
        children = {
            self.plan.ids[key] for key in self._children.get(user.id, ()) if key in self.plan.ids
        }
        clear, known = self.matcher.find(user, kind, classes=places, children=children)
        if not clear:
            self.count(kind).wrong += 1
            return
        if known is None:
            if not user.ended and self._may_enter(user, kind):
                self._new_person(user, kind)
            return
        self.known[user.id] = known
        self.plan.ids[user.id] = known.id
        above = self._above(known)
        if user.ended and not above:
            self._end_person(user, kind, known)
        if user.ended:
            return
        # Whoever may not make somebody a director does not rewrite the director's record either.
        merged = None if above else self._merged(user, known)
        changed = merged is not None
        if merged is not None:
            self.plan.people.append(merged)
        changed = self._memberships(user, known.id) or changed
        if changed:
            self.count(kind).changed += 1
        else:
            self.count(kind).same += 1
        if user.enabled:
            self._account(user, known.id)

    def _above(self, known: KnownPerson) -> bool:
        """Whether a person of the school is something that whoever imports may make nobody."""
        today, gives = self.options.today, self.options.gives
        return any(
            role.role not in gives and _runs(role.to_date, today)
            for role in self._roles.get(known.id, ())
        )

    def _may_enter(self, user: User, kind: Kind) -> bool:
        """Whether the file gives somebody new at least one role that the importer may give."""
        roles = [role for role in self.scope.roles(user) if not role.ended]
        if not roles or any(role.role in self.options.gives for role in roles):
            return True
        self.count(kind).wrong += 1
        self.report.error(
            user.source,
            "role_above",
            N_("You may not give the role of this row, which is above your own. Ask the director "
               "or the administrator of your school."),
            value=user.full_name,
        )  # fmt: skip
        return False

    def _new_person(self, user: User, kind: Kind) -> None:
        person = self.make_id()
        self.plan.ids[user.id] = person
        self.plan.people.append(
            PersonRow(
                id=person,
                surname=user.family_name or user.given_name or user.login,
                given=user.given_name if user.family_name else "",
                patronymic=user.middle_name,
                birth_date=user.birth_date,
                sex=_SEX.get(user.sex),
                account_id=self.make_id() if user.enabled else None,
                phone=user.phone or None,
                email=user.email or None,
                iin_hash=self._iin(user),
                source=self.source,
                source_id=id_in_source(self.source, user.id),
            )
        )
        self._memberships(user, person)
        self.count(kind).new += 1
        if user.enabled:
            self._account(user, person)

    def _iin(self, user: User) -> bytes | None:
        return self.options.iin_hash(user.iin) if user.iin and self.options.iin_hash else None

    def _account(self, user: User, person: UUID) -> None:
        self.plan.account_people.append(person)
        if user.login:
            self.plan.logins[person] = user.login

    def _merged(self, user: User, known: KnownPerson) -> PersonRow | None:
        """The person with what the file adds or corrects; None when it says nothing new."""
        adopt = known.source is None or (known.source not in STRONG and self.source in STRONG)
        old = PersonRow(
            id=known.id,
            surname=known.surname,
            given=known.given,
            patronymic=known.patronymic,
            birth_date=known.birth_date,
            sex=_SEX.get({"m": "male", "f": "female"}.get(known.sex or "", "")),
            account_id=known.account_id,
            phone=known.phone,
            email=known.email,
            iin_hash=known.iin_hash,
            source=known.source,
            source_id=known.source_id,
            status="left" if known.status == "left" else "active",
        )
        named = bool(user.family_name and user.given_name)
        new = msgspec.structs.replace(
            old,
            surname=user.family_name if named else old.surname,
            given=user.given_name if named else old.given,
            patronymic=user.middle_name or old.patronymic,
            birth_date=user.birth_date or old.birth_date,
            sex=_SEX.get(user.sex) or old.sex,
            account_id=old.account_id or (self.make_id() if user.enabled else None),
            phone=user.phone or old.phone,
            email=user.email or old.email,
            iin_hash=old.iin_hash or self._iin(user),
            source=self.source if adopt else old.source,
            source_id=id_in_source(self.source, user.id) if adopt else old.source_id,
        )
        return None if new == old else new

    def _memberships(self, user: User, person: UUID) -> bool:
        """Plan what the person is from now on; whether there is anything to write."""
        had = self._roles.get(person, ())
        changed = False
        for role in self.scope.roles(user):
            now = [r for r in had if r.role == role.role and _runs(r.to_date, self.options.today)]
            if role.end is not None and role.end < self.options.today and not role.ended:
                continue
            if role.ended:
                if now:
                    last = role.end or self.options.today
                    self.plan.ended_roles.append((person, role.role, last))
                    changed = True
                continue
            past = [r.to_date for r in had if r.role == role.role and r.to_date is not None]
            if now:
                continue
            if past and (role.begin is None or role.begin <= max(past)):
                self.report.warning(
                    role.source,
                    "role_ended",
                    N_("The school ended this role on %(date)s; a file does not bring it back. "
                       "If it is right again, enter it in the office."),
                    value=user.full_name,
                    params={"date": max(past)},
                )  # fmt: skip
                continue
            if role.role not in self.options.gives:
                self.report.warning(
                    role.source,
                    "role_above_left_out",
                    N_("You may not give a role that is above your own; the person was taken "
                       "without it."),
                    value=user.full_name,
                )  # fmt: skip
                continue
            self._role(person, role.role, role.begin)
            changed = True
        return changed

    def _role(self, person: UUID, role: str, begin: dt.date | None) -> None:
        row = MembershipRow(
            person_id=person,
            role=role,  # type: ignore[arg-type]  # the reader gives out roles of the school only
            from_date=max(begin or self.state.begins, self.state.begins),
        )
        if (person, role) not in self._given:
            self._given.add((person, role))
            self.plan.memberships.append(row)

    def need_role(self, person: UUID, role: str) -> None:
        """Give a role that follows from a place, unless the person has it."""
        had = self._roles.get(person, ())
        if not any(r.role == role and _runs(r.to_date, self.options.today) for r in had):
            before = any(r.role == role for r in had)
            self._role(person, role, self.options.today if before else None)

    def _end_person(self, user: User, kind: Kind, known: KnownPerson) -> None:
        had = self._roles.get(known.id, ())
        last = max((r.end for r in user.roles if r.end), default=self.options.today)
        if not any(_runs(role.to_date, last) for role in had):
            self.count(kind).same += 1
            return
        self.plan.ended_people.append((known.id, last))
        for known_places, into in (
            (self.state.class_pupils, self.plan.ended_class_pupils),
            (self.state.group_pupils, self.plan.ended_group_pupils),
            (self.state.group_teachers, self.plan.ended_group_teachers),
        ):
            into += [
                Ending(place.holder, place.person, last)
                for place in known_places
                if place.person == known.id and _runs(place.to_date, last)
            ]
        self.count(kind).changed += 1

    # ------------------------------------------------------------ guardians

    def _ties(self) -> None:
        known = {(tie.guardian_id, tie.pupil_id): tie for tie in self.state.ties}
        for row in self.roster.relationships:
            guardian, pupil = self.plan.ids.get(row.guardian), self.plan.ids.get(row.pupil)
            if guardian is None or pupil is None or row.guardian not in self.scope.users:
                continue
            there = known.get((guardian, pupil))
            relation = _RELATIONS.get(row.kind, "guardian")
            today = self.options.today
            if row.ended:
                if there is not None and _runs(there.to_date, today):
                    self.plan.ended_ties.append(Ending(pupil, guardian, today))
                    self.count("guardians").changed += 1
            elif there is None:
                self._tie(guardian, pupil, relation)
                self.count("guardians").new += 1
            elif not _runs(there.to_date, today):
                self.count("guardians").same += 1
                self.report.warning(
                    row.source,
                    "guardian_ended",
                    N_("The school ended this guardianship on %(date)s; a file does not bring it "
                       "back. If it is right again, enter it in the office."),
                    params={"date": there.to_date},
                )  # fmt: skip
            elif relation not in _VAGUE and there.relation in _VAGUE:
                self._tie(guardian, pupil, relation, there)
                self.count("guardians").changed += 1
            else:
                self.count("guardians").same += 1

    def _tie(
        self, guardian: UUID, pupil: UUID, relation: Relation, there: Tie | None = None
    ) -> None:
        self.need_role(guardian, "parent")
        self.plan.guardianships.append(
            GuardianshipRow(
                guardian_id=guardian,
                pupil_id=pupil,
                from_date=there.from_date if there else self.state.begins,
                to_date=there.to_date if there else None,
                relation=relation,
            )
        )


def _runs(last_day: dt.date | None, on: dt.date) -> bool:
    """Whether something goes on after a day: what ended on it is over."""
    return last_day is None or last_day > on
