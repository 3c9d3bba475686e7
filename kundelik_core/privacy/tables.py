"""Describe the access log as the migrations made it.

Piccolo wants one primary key; the real keys are composite and begin with school_id.
"""

from piccolo.columns import UUID, Integer, Text, Timestamptz
from piccolo.table import Table

from kundelik_core.kernel.orm import TENANT, TenantTable

__all__ = [
    "AccessLog",
]


class AccessLog(TenantTable, Table, db=TENANT, schema="core", tablename="access_log"):
    """Rows of core.access_log."""

    school_id = Integer(default=None, null=False)
    subject_id = UUID(default=None, null=False)
    at = Timestamptz(default=None, null=False)
    id = UUID(default=None, null=False, primary_key=True)
    account_id = UUID(default=None, null=False)
    person_id = UUID(default=None, null=True)
    role = Text(default=None, null=False)
    what = Text(default=None, null=False)
