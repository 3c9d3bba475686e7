"""Describe the audit log as the migrations made it.

Piccolo wants one primary key; the real keys are composite and begin with school_id.
"""

from piccolo.columns import JSONB, UUID, Integer, Text, Timestamptz
from piccolo.table import Table

from kundelik_core.kernel.orm import TENANT, TenantTable

__all__ = [
    "AuditLog",
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
