"""Describe the tables of schools as the migrations made them.

Piccolo wants one primary key; the real keys are composite and begin with school_id.
"""

from piccolo.columns import (
    JSONB,
    UUID,
    BigInt,
    Boolean,
    Bytea,
    Date,
    Integer,
    Numeric,
    SmallInt,
    Text,
    Time,
    Timestamptz,
)
from piccolo.table import Table

from kundelik_core.kernel.orm import TENANT, TenantTable

__all__ = [
    "Bell",
    "BellSet",
    "CalendarException",
    "ClassPupil",
    "GroupClass",
    "GroupPupil",
    "GroupTeacher",
    "Guardianship",
    "ImportRun",
    "Lesson",
    "Membership",
    "Period",
    "Person",
    "Region",
    "School",
    "SchoolAppearance",
    "SchoolClass",
    "SchoolLogo",
    "SchoolLook",
    "SchoolYear",
    "Subject",
    "TeachingGroup",
    "TimetableSlot",
]


class Region(Table, db=TENANT, schema="core", tablename="region"):
    """Rows of core.region."""

    code = Text(default=None, null=False, primary_key=True)
    valid_from = Date(default=None, null=False)
    valid_to = Date(default=None, null=True)
    parent = Text(default=None, null=True)
    kind = Text(default=None, null=False)
    title_kk = Text(default=None, null=False)
    title_ru = Text(default=None, null=False)
    title_en = Text(default=None, null=False)


class School(Table, db=TENANT, schema="core", tablename="school"):
    """Rows of core.school."""

    id = Integer(default=None, null=False, primary_key=True)
    region = Text(default=None, null=False)
    title_kk = Text(default=None, null=False)
    title_ru = Text(default=None, null=False)
    title_en = Text(default=None, null=False)
    kind = Text(default=None, null=False)
    locale = Text(default=None, null=False)
    languages = Text(default=None, null=False)
    time_zone = Text(default=None, null=False)
    is_demo = Boolean(default=None, null=False)
    created_at = Timestamptz(default=None, null=False)


class SchoolYear(TenantTable, Table, db=TENANT, schema="core", tablename="school_year"):
    """Rows of core.school_year."""

    school_id = Integer(default=None, null=False, primary_key=True)
    year = SmallInt(default=None, null=False)
    begins = Date(default=None, null=False)
    ends = Date(default=None, null=False)
    week_days = SmallInt(default=None, null=False)


class Period(TenantTable, Table, db=TENANT, schema="core", tablename="period"):
    """Rows of core.period."""

    school_id = Integer(default=None, null=False, primary_key=True)
    year = SmallInt(default=None, null=False)
    code = Text(default=None, null=False)
    begins = Date(default=None, null=False)
    ends = Date(default=None, null=False)
    state = Text(default=None, null=False)
    closed_at = Timestamptz(default=None, null=True)
    closed_by = UUID(default=None, null=True)


class CalendarException(
    TenantTable, Table, db=TENANT, schema="core", tablename="calendar_exception"
):
    """Rows of core.calendar_exception."""

    school_id = Integer(default=None, null=False)
    id = UUID(default=None, null=False, primary_key=True)
    begins = Date(default=None, null=False)
    ends = Date(default=None, null=False)
    kind = Text(default=None, null=False)
    title_kk = Text(default=None, null=False)
    title_ru = Text(default=None, null=False)
    title_en = Text(default=None, null=False)
    grades = Text(default=None, null=True)
    taught_as = SmallInt(default=None, null=True)


class BellSet(TenantTable, Table, db=TENANT, schema="core", tablename="bell_set"):
    """Rows of core.bell_set."""

    school_id = Integer(default=None, null=False)
    id = UUID(default=None, null=False, primary_key=True)
    code = Text(default=None, null=True)
    title = Text(default=None, null=False)
    shift = SmallInt(default=None, null=False)
    grades = Text(default=None, null=True)
    weekdays = Text(default=None, null=True)
    shortened = Boolean(default=None, null=False)


class Bell(TenantTable, Table, db=TENANT, schema="core", tablename="bell"):
    """Rows of core.bell."""

    school_id = Integer(default=None, null=False, primary_key=True)
    bell_set_id = UUID(default=None, null=False)
    slot = SmallInt(default=None, null=False)
    begins = Time(default=None, null=False)
    ends = Time(default=None, null=False)


class Person(TenantTable, Table, db=TENANT, schema="core", tablename="person"):
    """Rows of core.person."""

    school_id = Integer(default=None, null=False)
    id = UUID(default=None, null=False, primary_key=True)
    account_id = UUID(default=None, null=True)
    surname = Text(default=None, null=False)
    given = Text(default=None, null=False)
    patronymic = Text(default=None, null=False)
    birth_date = Date(default=None, null=True)
    sex = Text(default=None, null=True)
    sort_key = Text(default=None, null=False)
    search_key = Text(default=None, null=False)
    phone = Text(default=None, null=True)
    email = Text(default=None, null=True)
    iin_cipher = Bytea(default=None, null=True)
    iin_hash = Bytea(default=None, null=True)
    source = Text(default=None, null=True)
    source_id = Text(default=None, null=True)
    status = Text(default=None, null=False)
    created_at = Timestamptz(default=None, null=False)
    changed_at = Timestamptz(default=None, null=False)


class Membership(TenantTable, Table, db=TENANT, schema="core", tablename="membership"):
    """Rows of core.membership."""

    school_id = Integer(default=None, null=False)
    id = UUID(default=None, null=False, primary_key=True)
    person_id = UUID(default=None, null=False)
    role = Text(default=None, null=False)
    from_date = Date(default=None, null=False)
    to_date = Date(default=None, null=True)


class SchoolClass(TenantTable, Table, db=TENANT, schema="core", tablename="school_class"):
    """Rows of core.school_class."""

    school_id = Integer(default=None, null=False)
    id = UUID(default=None, null=False, primary_key=True)
    year = SmallInt(default=None, null=False)
    grade = SmallInt(default=None, null=False)
    letter = Text(default=None, null=False)
    language = Text(default=None, null=False)
    shift = SmallInt(default=None, null=False)
    bell_set_id = UUID(default=None, null=True)
    homeroom_id = UUID(default=None, null=True)
    source = Text(default=None, null=True)
    source_id = Text(default=None, null=True)


class ClassPupil(TenantTable, Table, db=TENANT, schema="core", tablename="class_pupil"):
    """Rows of core.class_pupil."""

    school_id = Integer(default=None, null=False, primary_key=True)
    class_id = UUID(default=None, null=False)
    pupil_id = UUID(default=None, null=False)
    from_date = Date(default=None, null=False)
    to_date = Date(default=None, null=True)


class Guardianship(TenantTable, Table, db=TENANT, schema="core", tablename="guardianship"):
    """Rows of core.guardianship."""

    school_id = Integer(default=None, null=False, primary_key=True)
    guardian_id = UUID(default=None, null=False)
    pupil_id = UUID(default=None, null=False)
    relation = Text(default=None, null=False)
    from_date = Date(default=None, null=False)
    to_date = Date(default=None, null=True)


class Subject(TenantTable, Table, db=TENANT, schema="core", tablename="subject"):
    """Rows of core.subject."""

    school_id = Integer(default=None, null=False)
    id = UUID(default=None, null=False, primary_key=True)
    code = Text(default=None, null=False)
    title_kk = Text(default=None, null=False)
    title_ru = Text(default=None, null=False)
    title_en = Text(default=None, null=False)
    component = Text(default=None, null=False)
    position = SmallInt(default=None, null=False)


class TeachingGroup(TenantTable, Table, db=TENANT, schema="core", tablename="teaching_group"):
    """Rows of core.teaching_group."""

    school_id = Integer(default=None, null=False)
    id = UUID(default=None, null=False, primary_key=True)
    year = SmallInt(default=None, null=False)
    subject_id = UUID(default=None, null=False)
    title = Text(default=None, null=False)
    grade = SmallInt(default=None, null=False)
    scheme_code = Text(default=None, null=False)
    scheme_version = SmallInt(default=None, null=False)
    period_kind = Text(default=None, null=False)
    hours_per_week = Numeric(digits=(4, 1), default=None, null=False)
    room = Text(default=None, null=False)
    status = Text(default=None, null=False)
    source = Text(default=None, null=True)
    source_id = Text(default=None, null=True)
    version = BigInt(default=None, null=False)
    layout = BigInt(default=None, null=False)


class GroupClass(TenantTable, Table, db=TENANT, schema="core", tablename="group_class"):
    """Rows of core.group_class."""

    school_id = Integer(default=None, null=False, primary_key=True)
    group_id = UUID(default=None, null=False)
    class_id = UUID(default=None, null=False)


class GroupTeacher(TenantTable, Table, db=TENANT, schema="core", tablename="group_teacher"):
    """Rows of core.group_teacher."""

    school_id = Integer(default=None, null=False, primary_key=True)
    group_id = UUID(default=None, null=False)
    teacher_id = UUID(default=None, null=False)
    from_date = Date(default=None, null=False)
    to_date = Date(default=None, null=True)
    substitute = Boolean(default=None, null=False)


class GroupPupil(TenantTable, Table, db=TENANT, schema="core", tablename="group_pupil"):
    """Rows of core.group_pupil."""

    school_id = Integer(default=None, null=False, primary_key=True)
    group_id = UUID(default=None, null=False)
    pupil_id = UUID(default=None, null=False)
    from_date = Date(default=None, null=False)
    to_date = Date(default=None, null=True)


class TimetableSlot(TenantTable, Table, db=TENANT, schema="core", tablename="timetable_slot"):
    """Rows of core.timetable_slot."""

    school_id = Integer(default=None, null=False)
    id = UUID(default=None, null=False, primary_key=True)
    group_id = UUID(default=None, null=False)
    weekday = SmallInt(default=None, null=False)
    slot = SmallInt(default=None, null=False)
    week_cycle = Text(default=None, null=False)
    room = Text(default=None, null=False)
    teacher_id = UUID(default=None, null=True)
    from_date = Date(default=None, null=False)
    to_date = Date(default=None, null=True)


class Lesson(TenantTable, Table, db=TENANT, schema="core", tablename="lesson"):
    """Rows of core.lesson."""

    school_id = Integer(default=None, null=False)
    id = UUID(default=None, null=False, primary_key=True)
    group_id = UUID(default=None, null=False)
    date = Date(default=None, null=False)
    slot = SmallInt(default=None, null=False)
    begins = Time(default=None, null=False)
    ends = Time(default=None, null=False)
    teacher_id = UUID(default=None, null=True)
    room = Text(default=None, null=False)
    topic = Text(default=None, null=False)
    homework = Text(default=None, null=False)
    status = Text(default=None, null=False)


class ImportRun(TenantTable, Table, db=TENANT, schema="core", tablename="import_run"):
    """Rows of core.import_run."""

    school_id = Integer(default=None, null=False)
    id = UUID(default=None, null=False, primary_key=True)
    at = Timestamptz(default=None, null=False)
    account_id = UUID(default=None, null=True)
    kind = Text(default=None, null=False)
    file_name = Text(default=None, null=False)
    file_hash = Bytea(default=None, null=False)
    summary = JSONB(default=None, null=False)


class SchoolAppearance(TenantTable, Table, db=TENANT, schema="core", tablename="school_appearance"):
    """Rows of core.school_appearance."""

    school_id = Integer(default=None, null=False, primary_key=True)
    id = UUID(default=None, null=False)
    theme = Text(default=None, null=False)
    accent = Text(default=None, null=False)
    second = Text(default=None, null=False)
    logo = Text(default=None, null=False)
    set_at = Timestamptz(default=None, null=False)
    set_by = UUID(default=None, null=True)


class SchoolLogo(TenantTable, Table, db=TENANT, schema="core", tablename="school_logo"):
    """Rows of core.school_logo."""

    school_id = Integer(default=None, null=False, primary_key=True)
    digest = Text(default=None, null=False)
    media_type = Text(default=None, null=False)
    content = Bytea(default=None, null=False)
    set_at = Timestamptz(default=None, null=False)


class SchoolLook(Table, db=TENANT, schema="core", tablename="school_look"):
    """Rows of core.school_look."""

    id = Integer(default=None, null=False, primary_key=True)
    theme = Text(default=None, null=False)
    accent = Text(default=None, null=False)
    second = Text(default=None, null=False)
    logo = Text(default=None, null=False)
    changed_at = Timestamptz(default=None, null=False)
