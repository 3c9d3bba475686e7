"""Read OneRoster CSV bundles, 1.1 and 1.2, bulk and delta (and SDS v2, which is near it)."""

from __future__ import annotations

from kundelik_core.kernel.i18n import N_

from .columns import Line
from .files import Source
from .loader import WITHOUT_JOURNAL, Dialect, Loader
from .manifest import read_manifest
from .model import (
    AcademicSession,
    ClassRow,
    Course,
    Enrollment,
    Org,
    Roster,
    User,
    UserRole,
    Where,
)  # fmt: skip
from .results import read_results
from .ties import Ties, drop_loose_parents, tie_agents
from .values import clean_text, parse_bool, parse_list, parse_role

_BASE = ("sourcedId", "status", "dateLastModified")


def read_oneroster(source: Source) -> Roster:
    """Read a bundle with a manifest.csv, or one whose headings give OneRoster away."""
    version, modes = read_manifest(source)
    if not version:
        version = "1.2" if source.table("roles.csv") is not None else "1.1"
    dialect = Dialect(f"oneroster-{version}", f"OneRoster {version}", modes=modes)
    return OneRosterLoader(source, dialect).load()


class OneRosterLoader(Loader):
    """The files in the order in which they refer to each other."""

    def load(self) -> Roster:
        """Read everything the bundle holds."""
        roster = self.roster
        self.each("orgs", (*_BASE, "name", "type", "identifier", "parentSourcedId"),
                  ("sourcedId", "name"), self._org)  # fmt: skip
        self.each("academicSessions", (*_BASE, "title", "type", "startDate", "endDate",
                  "parentSourcedId", "schoolYear"), ("sourcedId", "title"),
                  self._session)  # fmt: skip
        self.each("courses", (*_BASE, "title", "courseCode", "schoolYearSourcedId", "grades",
                  "orgSourcedId", "subjects", "subjectCodes"), ("sourcedId", "title"),
                  self._course)  # fmt: skip
        self.each("classes", (*_BASE, "title", "grades", "courseSourcedId", "classCode",
                  "classType", "location", "schoolSourcedId", "termSourcedIds", "subjects",
                  "subjectCodes", "periods"), ("sourcedId", "title"), self._class)  # fmt: skip
        self.each("users", (*_BASE, "enabledUser", "orgSourcedIds", "primaryOrgSourcedId", "role",
                  "username", "userIds", "givenName", "familyName", "middleName", "identifier",
                  "email", "sms", "phone", "agentSourcedIds", "grades", "password",
                  "userMasterIdentifier", "preferredGivenName", "preferredMiddleName",
                  "preferredFamilyName", "pronouns"), ("sourcedId",), self._user)  # fmt: skip
        self.each("roles", (*_BASE, "userSourcedId", "roleType", "role", "beginDate", "endDate",
                  "orgSourcedId", "userProfileSourcedId", "grade", "sessionSourcedId"),
                  ("userSourcedId", "role"), self._role)  # fmt: skip
        self.each("demographics", (*_BASE, "birthDate", "sex"), ("sourcedId",),
                  self._demographics)  # fmt: skip
        self._places: dict[str, Where] = {}
        self.ties = Ties(roster)
        self.each("enrollments", (*_BASE, "classSourcedId", "schoolSourcedId", "userSourcedId",
                  "role", "primary", "beginDate", "endDate"),
                  ("classSourcedId", "userSourcedId", "role"), self._enrollment)  # fmt: skip
        self.each("relationships", ("userSourcedId", "relationshipUserSourcedId",
                  "relationshipRole"), ("userSourcedId", "relationshipUserSourcedId"),
                  self._relationship)  # fmt: skip
        for file in ("orgs", "academicSessions"):
            if self.complete(file):
                drop_loose_parents(roster, file, self.report)
        tie_agents(self.ties, self.complete("users"), self.report)
        read_results(self)
        return roster

    def _org(self, line: Line) -> None:
        key = self.fresh_id(line, "sourcedId", self.roster.orgs)
        if key:
            self.roster.orgs[key] = Org(
                id=key,
                name=clean_text(line.get("name"), 300),
                source=line.where(),
                kind=line.get("type") or "school",
                identifier=line.get("identifier"),
                parent=line.get("parentSourcedId"),
                ended=self.ended(line),
            )

    def _session(self, line: Line) -> None:
        key = self.fresh_id(line, "sourcedId", self.roster.sessions)
        started, start = line.date("startDate")
        finished, end = line.date("endDate")
        if not (key and started and finished):
            return
        if start and end and end < start:
            line.report.error(
                line.where("endDate"), "dates_reversed", N_("The end lies before the beginning.")
            )
            return
        year = line.get("schoolYear")
        self.roster.sessions[key] = AcademicSession(
            id=key,
            title=clean_text(line.get("title"), 200),
            source=line.where(),
            kind=line.get("type") or "term",
            start=start,
            end=end,
            parent=line.get("parentSourcedId"),
            school_year=int(year) if year.isascii() and year.isdigit() and len(year) == 4 else None,
            ended=self.ended(line),
        )

    def _course(self, line: Line) -> None:
        key = self.fresh_id(line, "sourcedId", self.roster.courses)
        if key:
            self.roster.courses[key] = Course(
                id=key,
                title=clean_text(line.get("title"), 200),
                source=line.where(),
                code=line.get("courseCode"),
                org=self.hint(line, "orgSourcedId", self.roster.orgs, "orgs"),
                grades=parse_list(line.get("grades")),
                subjects=parse_list(line.get("subjects")),
                school_year=line.get("schoolYearSourcedId"),
                ended=self.ended(line),
            )

    def _class(self, line: Line) -> None:
        key = self.fresh_id(line, "sourcedId", self.roster.classes)
        if key:
            kind = line.get("classType").casefold()
            self.roster.classes[key] = ClassRow(
                id=key,
                title=clean_text(line.get("title"), 200),
                source=line.where(),
                kind="homeroom" if kind == "homeroom" else "scheduled",
                code=line.get("classCode"),
                school=self.hint(line, "schoolSourcedId", self.roster.orgs, "orgs"),
                course=self.hint(line, "courseSourcedId", self.roster.courses, "courses"),
                terms=parse_list(line.get("termSourcedIds")),
                grades=parse_list(line.get("grades")),
                subjects=parse_list(line.get("subjects")),
                location=line.get("location"),
                ended=self.ended(line),
            )

    def _user(self, line: Line) -> None:
        key = self.fresh_id(line, "sourcedId", self.roster.users)
        names = self.name(line, "familyName", "givenName", "middleName", "preferredGivenName")
        if not key or names is None:
            return
        enabled = parse_bool(line.get("enabledUser"), True)
        user = User(
            id=key,
            source=line.where(),
            family_name=names[0],
            given_name=names[1],
            middle_name=names[2],
            preferred_name=names[3],
            grades=parse_list(line.get("grades")),
            login=clean_text(line.get("username"), 200),
            identifier=clean_text(line.get("identifier"), 200),
            agents=parse_list(line.get("agentSourcedIds")),
            enabled=enabled is not False,
            ended=self.ended(line),
        )
        self.fill_contacts(line, user, "email", "sms", "phone")
        if line.get("password"):
            line.report.once(
                line.where("password"),
                "password_ignored",
                N_("Passwords in a file are never read. Everybody gets an activation code."),
            )
        if not self.named(line, user):
            return
        if line.get("role"):
            role = self.role(line)
            for org in parse_list(line.get("orgSourcedIds")) or [""]:
                user.roles.append(UserRole(role=role, org=org, source=line.where("role")))
        self.roster.users[key] = user

    def _role(self, line: Line) -> None:
        if not self.refer(line, "userSourcedId", self.roster.users, "users"):
            return
        user = self.roster.users.get(line.get("userSourcedId"))
        began, begin = line.date("beginDate")
        finished, end = line.date("endDate")
        if user is None or not (began and finished):
            return
        kind = line.get("roleType").casefold()
        user.roles.append(
            UserRole(
                role=self.role(line),
                source=line.where(),
                org=self.hint(line, "orgSourcedId", self.roster.orgs, "orgs"),
                primary=kind in {"", "primary", "true"},
                begin=begin,
                end=end,
                grade=line.get("grade"),
                ended=self.ended(line),
            )
        )

    def _demographics(self, line: Line) -> None:
        if not self.refer(line, "sourcedId", self.roster.users, "users"):
            return
        user = self.roster.users.get(line.get("sourcedId"))
        if user is None:
            return
        _, born = line.date("birthDate")
        if born is not None and born.year < 1900:
            line.report.warning(
                line.where("birthDate"),
                "birth_date_unlikely",
                N_("%(date)s is an unlikely birth date."),
                params={"date": born},
            )
        user.birth_date = born or user.birth_date
        self.sex(line, "sex", user)

    def _enrollment(self, line: Line) -> None:
        roster = self.roster
        class_known = self.refer(line, "classSourcedId", roster.classes, "classes")
        user_known = self.refer(line, "userSourcedId", roster.users, "users")
        began, begin = line.date("beginDate")
        finished, end = line.date("endDate")
        if not (class_known and user_known and began and finished):
            return
        place, who = line.get("classSourcedId"), line.get("userSourcedId")
        role = self._role_in_class(line)
        if role is None:
            return
        key = line.get("sourcedId") or f"{place}:{who}:{role}"
        if key in self._places:
            line.report.error(
                line.where("sourcedId"),
                "id_twice",
                N_(
                    "The identifier %(id)s is already used in line %(line)s; this row was left out."
                ),
                params={"id": key, "line": self._places[key].line},
            )
            return
        self._places[key] = line.where()
        self._compare_role(line, who, role)
        roster.enrollments.append(
            Enrollment(
                id=key,
                user=who,
                class_id=place,
                role=role,
                source=line.where(),
                school=self.hint(line, "schoolSourcedId", roster.orgs, "orgs"),
                primary=parse_bool(line.get("primary"), False) is True,
                begin=begin,
                end=end,
                ended=self.ended(line),
            )
        )

    def _role_in_class(self, line: Line) -> str | None:
        if line.get("role").casefold() in WITHOUT_JOURNAL:
            line.report.warning(
                line.where("role"),
                "role_without_journal",
                N_("%(value)s has no place in a class journal; this enrollment was passed over."),
                value=line.get("role"),
                params={"value": line.get("role")},
            )
            return None
        role = parse_role(line.get("role"))
        if role is None:
            line.report.error(
                line.where("role"),
                "enrollment_role",
                N_("%(value)s is not a role in a class, so this row was left out."),
                value=line.get("role"),
                params={"value": line.get("role")},
            )
        return role

    def _compare_role(self, line: Line, who: str, role: str) -> None:
        user = self.roster.users.get(who)
        if user is None:
            return
        if not user.roles:
            user.roles.append(UserRole(role=role, source=line.where("role")))
        elif not any(held.role == role for held in user.roles):
            line.report.warning(
                line.where("role"),
                "role_differs",
                N_(
                    "%(name)s is enrolled as %(role)s, and the list of people calls them otherwise."
                ),
                params={"name": user.full_name or user.login, "role": line.get("role")},
            )

    def _relationship(self, line: Line) -> None:
        users = self.roster.users
        if self.refer(line, "userSourcedId", users, "users") and self.refer(
            line, "relationshipUserSourcedId", users, "users"
        ):
            kind = line.get("relationshipRole").casefold() or "guardian"
            adult = users.get(line.get("relationshipUserSourcedId"))
            if adult is not None and not adult.roles:
                adult.roles.append(UserRole(role="parent", source=line.where()))
            self.ties.add(
                line.get("userSourcedId"), line.get("relationshipUserSourcedId"), kind, line.where()
            )
