"""Read Microsoft School Data Sync sets: v1 and its UK variant, and the OneRoster-like v2, v2.1."""

from __future__ import annotations

from kundelik_core.kernel.i18n import N_

from .columns import Line
from .files import Source
from .loader import Dialect, Loader
from .model import AcademicSession, ClassRow, Course, Enrollment, Org, Roster, User, UserRole
from .oneroster import OneRosterLoader
from .ties import Ties
from .values import clean_text

# v2 says the same things as OneRoster under slightly other names.
V2_ALIASES = {
    "classes": {"orgSourcedId": "schoolSourcedId", "sessionSourcedIds": "termSourcedIds"},
    "courses": {"code": "courseCode", "subject": "subjects", "grade": "grades"},
    "users": {"grade": "grades", "activeDirectoryMatchId": "identifier"},
    "roles": {"roleStartDate": "beginDate", "roleEndDate": "endDate", "isPrimary": "roleType"},
    "demographics": {"userSourcedId": "sourcedId"},
}
_PERSON = ("SIS ID", "School SIS ID", "First Name", "Middle Name", "Last Name", "Username",
           "Password", "Secondary Email", "Status")  # fmt: skip
_STUDENT = (*_PERSON, "Student Number", "Grade", "Birthdate", "Graduation Year", "State ID",
            "Mailing Address", "Phone", "Home Language", "Federal Race", "Gender")  # fmt: skip
_SECTION = ("SIS ID", "School SIS ID", "Section Name", "Section Number", "Term SIS ID",
            "Term Name", "Term StartDate", "Term EndDate", "Course SIS ID", "Course Name",
            "Course Number", "Course Description", "Course Subject", "Periods",
            "Status")  # fmt: skip
_UK = {"ID": "SIS ID", "School DfE Number": "School SIS ID"}
V1_ALIASES = {
    "School": {"DfE Number": "SIS ID", "Postal Code": "Zip"},
    "Section": _UK,
    "Student": _UK,
    "Teacher": _UK,
    "StudentEnrollment": {"Section ID": "Section SIS ID", "ID": "SIS ID"},
    "TeacherRoster": {"Section ID": "Section SIS ID", "ID": "SIS ID"},
    "Guardianrelationship": {"ID": "SIS ID"},
    "User": {},
}


def read_sds_v2(source: Source) -> Roster:
    """Read SDS v2 or v2.1 (the one with roles.csv)."""
    version = "2.1" if source.table("roles.csv") is not None else "2"
    dialect = Dialect(f"sds-{version}", f"Microsoft School Data Sync {version}", "mdy", V2_ALIASES)
    flags = source.table("userFlags.csv")
    if flags is not None:
        source.report.once(
            flags.at(),
            "flags_ignored",
            N_("This file holds sensitive marks on children (health, benefits) and was not read."),
        )
    return OneRosterLoader(source, dialect).load()


def read_sds_v1(source: Source, *, uk: bool) -> Roster:
    """Read the six classic files, the guardians' two as well when they are there."""
    title = "Microsoft School Data Sync 1 (UK)" if uk else "Microsoft School Data Sync 1"
    dialect = Dialect("sds-1-uk" if uk else "sds-1", title, "mdy", V1_ALIASES)
    return _V1Loader(source, dialect).load()


class _V1Loader(Loader):
    """Ids of pupils and teachers may collide here, so each carries its file's word in front."""

    def load(self) -> Roster:
        self.ties = Ties(self.roster)
        self._pairs: set[tuple[str, str, str]] = set()
        self.each("School", ("SIS ID", "Name", "School Number"), ("SIS ID", "Name"), self._school)
        self.each("Section", _SECTION, ("SIS ID", "Section Name"), self._section)
        self.each("Student", _STUDENT, ("SIS ID",), self._student)
        self.each("Teacher", (*_PERSON, "Teacher Number", "Title", "State ID", "Qualification"),
                  ("SIS ID",), self._teacher)  # fmt: skip
        pair = ("Section SIS ID", "SIS ID")
        self.each("StudentEnrollment", pair, pair, self._pupil_in_section)
        self.each("TeacherRoster", pair, pair, self._teacher_of_section)
        self.each("User", ("SIS ID", "Email", "First Name", "Last Name", "Phone"),
                  ("Email",), self._guardian)  # fmt: skip
        self.each("Guardianrelationship", ("SIS ID", "Email", "Role"), ("SIS ID", "Email"),
                  self._guardianship)  # fmt: skip
        return self.roster

    def _school(self, line: Line) -> None:
        key = self.fresh_id(line, "SIS ID", self.roster.orgs)
        if key:
            self.roster.orgs[key] = Org(
                id=key,
                name=clean_text(line.get("Name"), 300),
                source=line.where(),
                identifier=line.get("School Number"),
            )

    def _section(self, line: Line) -> None:
        key = self.fresh_id(line, "SIS ID", self.roster.classes)
        began, start = line.date("Term StartDate")
        finished, end = line.date("Term EndDate")
        if not (key and began and finished):
            return
        school = self.hint(line, "School SIS ID", self.roster.orgs, "School")
        term, course = line.get("Term SIS ID"), line.get("Course SIS ID")
        if term and term not in self.roster.sessions:
            self.roster.sessions[term] = AcademicSession(
                id=term, title=line.get("Term Name") or term, source=line.where("Term SIS ID"),
                start=start, end=end,
            )  # fmt: skip
        subject = line.get("Course Subject")
        if course and course not in self.roster.courses:
            self.roster.courses[course] = Course(
                id=course, title=line.get("Course Name") or course,
                source=line.where("Course SIS ID"), code=line.get("Course Number"), org=school,
                subjects=[subject] if subject else [],
            )  # fmt: skip
        self.roster.classes[key] = ClassRow(
            id=key,
            title=clean_text(line.get("Section Name"), 200),
            source=line.where(),
            code=line.get("Section Number"),
            school=school,
            course=course,
            terms=[term] if term else [],
            subjects=[subject] if subject else [],
            ended=self.ended(line, "Status"),
        )

    def _person(self, line: Line, kind: str, role: str) -> User | None:
        key = self.fresh_id(line, "SIS ID", self.roster.users, f"{kind}:")
        names = self.name(line, "Last Name", "First Name", "Middle Name")
        if not key or names is None:
            return None
        school = self.hint(line, "School SIS ID", self.roster.orgs, "School")
        user = User(
            id=key,
            source=line.where(),
            family_name=names[0],
            given_name=names[1],
            middle_name=names[2],
            login=clean_text(line.get("Username"), 200),
            identifier=line.get("SIS ID"),
            roles=[UserRole(role=role, org=school, source=line.where())],
            ended=self.ended(line, "Status"),
        )
        self.fill_contacts(line, user, "Secondary Email", "Phone")
        if line.get("Password"):
            line.report.once(
                line.where("Password"),
                "password_ignored",
                N_("Passwords in a file are never read. Everybody gets an activation code."),
            )
        if not self.named(line, user):
            return None
        self.roster.users[key] = user
        return user

    def _student(self, line: Line) -> None:
        user = self._person(line, "student", "pupil")
        if user is not None:
            _, user.birth_date = line.date("Birthdate")
            grade = line.get("Grade")
            user.grades = [grade] if grade else []
            self.sex(line, "Gender", user)

    def _teacher(self, line: Line) -> None:
        self._person(line, "teacher", "teacher")

    def _pupil_in_section(self, line: Line) -> None:
        self._enroll(line, "student", "Student", "pupil")

    def _teacher_of_section(self, line: Line) -> None:
        self._enroll(line, "teacher", "Teacher", "teacher")

    def _enroll(self, line: Line, kind: str, file: str, role: str) -> None:
        key = f"{kind}:{line.get('SIS ID')}"
        known_class = self.refer(line, "Section SIS ID", self.roster.classes, "Section")
        known_user = self.refer(line, "SIS ID", self.roster.users, file, key)
        if not (known_class and known_user):
            return
        place = line.get("Section SIS ID")
        if (place, key, role) in self._pairs:
            line.report.warning(
                line.where(),
                "enrolled_twice",
                N_("This person is already in this class; the row says nothing new."),
            )
            return
        self._pairs.add((place, key, role))
        section = self.roster.classes.get(place)
        self.roster.enrollments.append(
            Enrollment(
                id=f"{place}:{key}",
                user=key,
                class_id=place,
                role=role,
                source=line.where(),
                school=section.school if section else "",
            )
        )

    def _guardian(self, line: Line) -> None:
        key = self.fresh_id(line, "Email", self.roster.users, "guardian:")
        names = self.name(line, "Last Name", "First Name")
        if not key or names is None:
            return
        user = User(
            id=key,
            source=line.where(),
            family_name=names[0],
            given_name=names[1],
            login=line.get("Email"),
            roles=[UserRole(role="parent", source=line.where())],
        )
        self.fill_contacts(line, user, "Email", "Phone")
        if self.named(line, user):
            self.roster.users[key] = user

    def _guardianship(self, line: Line) -> None:
        users = self.roster.users
        pupil, adult = f"student:{line.get('SIS ID')}", f"guardian:{line.get('Email')}"
        if self.refer(line, "SIS ID", users, "Student", pupil) and self.refer(
            line, "Email", users, "User", adult
        ):
            self.ties.add(pupil, adult, line.get("Role").casefold(), line.where())
