"""Describe the tables of the plugin registry as the migrations made them.

Piccolo wants one primary key; the real keys are composite and begin with school_id.
"""

from piccolo.columns import JSONB, UUID, BigInt, Integer, Text, Timestamptz
from piccolo.table import Table

from kundelik_core.kernel.orm import TENANT, TenantTable

__all__ = [
    "SchoolPlugin",
    "SchoolPluginSettings",
]


class SchoolPlugin(TenantTable, Table, db=TENANT, schema="core", tablename="school_plugin"):
    """Rows of core.school_plugin."""

    school_id = Integer(default=None, null=False, primary_key=True)
    plugin = Text(default=None, null=False)
    on_at = Timestamptz(default=None, null=False)
    on_by = UUID(default=None, null=True)
    off_at = Timestamptz(default=None, null=True)
    off_by = UUID(default=None, null=True)


class SchoolPluginSettings(
    TenantTable, Table, db=TENANT, schema="core", tablename="school_plugin_settings"
):
    """Rows of core.school_plugin_settings."""

    school_id = Integer(default=None, null=False, primary_key=True)
    plugin = Text(default=None, null=False)
    version = BigInt(default=None, null=False)
    options = JSONB(default=None, null=False)
    set_at = Timestamptz(default=None, null=False)
    set_by = UUID(default=None, null=True)
