"""Describe the table of entitlements as the migrations made it.

Piccolo wants one primary key; the real keys are composite and begin with school_id.
"""

from piccolo.columns import UUID, Integer, Text, Timestamptz
from piccolo.table import Table

from kundelik_core.kernel.orm import TENANT, TenantTable

__all__ = [
    "Entitlement",
]


class Entitlement(TenantTable, Table, db=TENANT, schema="core", tablename="entitlement"):
    """Rows of core.entitlement."""

    school_id = Integer(default=None, null=False)
    id = UUID(default=None, null=False, primary_key=True)
    holder_id = UUID(default=None, null=True)
    pupil_id = UUID(default=None, null=True)
    feature = Text(default=None, null=False)
    scope = Text(default=None, null=False)
    valid_from = Timestamptz(default=None, null=False)
    valid_until = Timestamptz(default=None, null=True)
    source = Text(default=None, null=False)
    source_ref = Text(default=None, null=False)
    granted_at = Timestamptz(default=None, null=False)
    granted_by = UUID(default=None, null=True)
    revoked_at = Timestamptz(default=None, null=True)
    revoked_by = UUID(default=None, null=True)
    revoke_reason = Text(default=None, null=True)
