"""Describe the tables of the plugin registry as the migrations made them.

Piccolo wants one primary key; the real keys are composite and begin with school_id.
"""

from piccolo.columns import JSONB, UUID, BigInt, Integer, Text, Timestamptz
from piccolo.table import Table

from kundelik_core.kernel.orm import TENANT, TenantTable

__all__ = [
    "PluginTaker",
    "PluginWish",
    "SchoolPlugin",
    "SchoolPluginSettings",
]


class PluginTaker(TenantTable, Table, db=TENANT, schema="core", tablename="plugin_taker"):
    """Rows of core.plugin_taker."""

    school_id = Integer(default=None, null=False, primary_key=True)
    plugin = Text(default=None, null=False)
    person_id = UUID(default=None, null=False)
    on_at = Timestamptz(default=None, null=False)
    off_at = Timestamptz(default=None, null=True)


class PluginWish(TenantTable, Table, db=TENANT, schema="core", tablename="plugin_wish"):
    """Rows of core.plugin_wish; the real key is (school, plugin, kind, ref, about)."""

    school_id = Integer(default=None, null=False, primary_key=True)
    plugin = Text(default=None, null=False)
    kind = Text(default=None, null=False)
    # Piccolo has a method of that name.
    order_ref = Text(default=None, null=False, db_column_name="ref")
    about = Text(default=None, null=False)
    body = JSONB(default=None, null=False)
    asked_at = Timestamptz(default=None, null=False)
    state = Text(default=None, null=False)
    reason = Text(default=None, null=False)
    told = Text(default=None, null=False)
    entitlement_id = UUID(default=None, null=True)
    tries = Integer(default=None, null=False)
    tried_at = Timestamptz(default=None, null=True)
    settled_at = Timestamptz(default=None, null=True)


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
