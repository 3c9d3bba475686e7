"""Describe the audit log, the outbox and the count of changes as the migrations made them.

Piccolo wants one primary key; the real keys are composite and begin with school_id.
"""

from piccolo.columns import JSONB, UUID, BigInt, Integer, SmallInt, Text, Timestamptz
from piccolo.table import Table

from kundelik_core.kernel.orm import TENANT, TenantTable

__all__ = [
    "AuditLog",
    "Outbox",
    "SchoolVersion",
]


class AuditLog(TenantTable, Table, db=TENANT, schema="core", tablename="audit_log"):
    """Rows of core.audit_log."""

    school_id = Integer(default=None, null=False)
    at = Timestamptz(default=None, null=False)
    id = UUID(default=None, null=False, primary_key=True)
    account_id = UUID(default=None, null=True)
    person_id = UUID(default=None, null=True)
    action = Text(default=None, null=False)
    entity = Text(default=None, null=False)
    entity_id = Text(default=None, null=False)
    before = JSONB(default=None, null=True)
    after = JSONB(default=None, null=True)
    reason = Text(default=None, null=True)


class Outbox(TenantTable, Table, db=TENANT, schema="core", tablename="outbox"):
    """Rows of core.outbox."""

    school_id = Integer(default=None, null=False)
    id = UUID(default=None, null=False, primary_key=True)
    plugin = Text(default=None, null=False)
    seq = BigInt(default=None, null=False)
    type = Text(default=None, null=False)
    subject = UUID(default=None, null=False)
    occurred_at = Timestamptz(default=None, null=False)
    actor_id = UUID(default=None, null=True)
    data = JSONB(default=None, null=False)
    tries = SmallInt(default=None, null=False)
    next_at = Timestamptz(default=None, null=False)
    claim = UUID(default=None, null=True)
    state = Text(default=None, null=False)
    error = Text(default=None, null=True)


class SchoolVersion(TenantTable, Table, db=TENANT, schema="core", tablename="school_version"):
    """Rows of core.school_version."""

    school_id = Integer(default=None, null=False, primary_key=True)
    version = BigInt(default=None, null=False)
