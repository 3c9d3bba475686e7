"""Describe the tables of the gradebook as the migrations made them.

Piccolo wants one primary key; the real keys are composite and begin with school_id.
"""

from piccolo.columns import (
    JSON,
    JSONB,
    UUID,
    Boolean,
    Date,
    Integer,
    Numeric,
    SmallInt,
    Text,
    Timestamptz,
)
from piccolo.table import Table

from kundelik_core.kernel.orm import TENANT, TenantTable

__all__ = [
    "Absence",
    "CellHistory",
    "DiarySeen",
    "GradingScheme",
    "Mark",
    "PeriodResult",
    "Work",
]


class GradingScheme(Table, db=TENANT, schema="core", tablename="grading_scheme"):
    """Rows of core.grading_scheme."""

    code = Text(default=None, null=False, primary_key=True)
    version = SmallInt(default=None, null=False)
    body = JSONB(default=None, null=False)


class Work(TenantTable, Table, db=TENANT, schema="core", tablename="work"):
    """Rows of core.work."""

    school_id = Integer(default=None, null=False)
    id = UUID(default=None, null=False, primary_key=True)
    group_id = UUID(default=None, null=False)
    lesson_id = UUID(default=None, null=True)
    kind = Text(default=None, null=False)
    date = Date(default=None, null=False)
    title = Text(default=None, null=False)
    max_points = Numeric(digits=(6, 2), default=None, null=True)
    position = SmallInt(default=None, null=False)
    status = Text(default=None, null=False)


class Mark(TenantTable, Table, db=TENANT, schema="core", tablename="mark"):
    """Rows of core.mark."""

    school_id = Integer(default=None, null=False, primary_key=True)
    work_id = UUID(default=None, null=False)
    pupil_id = UUID(default=None, null=False)
    date = Date(default=None, null=False)
    version = SmallInt(default=None, null=False)
    points = Numeric(digits=(6, 2), default=None, null=True)
    code = Text(default=None, null=True)
    changed_at = Timestamptz(default=None, null=False)
    comment = Text(default=None, null=True)


class Absence(TenantTable, Table, db=TENANT, schema="core", tablename="absence"):
    """Rows of core.absence."""

    school_id = Integer(default=None, null=False, primary_key=True)
    lesson_id = UUID(default=None, null=False)
    pupil_id = UUID(default=None, null=False)
    date = Date(default=None, null=False)
    code = Text(default=None, null=False)
    version = SmallInt(default=None, null=False)
    changed_at = Timestamptz(default=None, null=False)


class CellHistory(TenantTable, Table, db=TENANT, schema="core", tablename="cell_history"):
    """Rows of core.cell_history."""

    school_id = Integer(default=None, null=False)
    column_id = UUID(default=None, null=False)
    pupil_id = UUID(default=None, null=False)
    id = UUID(default=None, null=False, primary_key=True)
    field = Text(default=None, null=False)
    at = Timestamptz(default=None, null=False)
    actor_id = UUID(default=None, null=True)
    old = Text(default=None, null=False)
    new = Text(default=None, null=False)
    reason = Text(default=None, null=True)
    source = Text(default=None, null=False)


class PeriodResult(TenantTable, Table, db=TENANT, schema="core", tablename="period_result"):
    """Rows of core.period_result."""

    school_id = Integer(default=None, null=False, primary_key=True)
    pupil_id = UUID(default=None, null=False)
    group_id = UUID(default=None, null=False)
    period = Text(default=None, null=False)
    # Piccolo has a method of that name.
    exact = Text(default=None, null=True, db_column_name="raw")
    terms = JSON(default=None, null=True)
    percent = SmallInt(default=None, null=True)
    mark = Text(default=None, null=True)
    status = Text(default=None, null=False)
    provisional = Boolean(default=None, null=False)
    given_mark = Text(default=None, null=True)
    given_by = UUID(default=None, null=True)
    given_at = Timestamptz(default=None, null=True)
    given_reason = Text(default=None, null=True)
    computed_at = Timestamptz(default=None, null=False)


class DiarySeen(TenantTable, Table, db=TENANT, schema="core", tablename="diary_seen"):
    """Rows of core.diary_seen."""

    school_id = Integer(default=None, null=False, primary_key=True)
    pupil_id = UUID(default=None, null=False)
    viewer_id = UUID(default=None, null=False)
    seen_at = Timestamptz(default=None, null=False)
    before_at = Timestamptz(default=None, null=False)
