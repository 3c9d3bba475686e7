"""Describe the tables of entitlements and of their money as the migrations made them.

Piccolo wants one primary key; the real keys are composite and begin with school_id.
"""

from piccolo.columns import (
    UUID,
    BigInt,
    Boolean,
    Bytea,
    Date,
    Integer,
    SmallInt,
    Text,
    Timestamptz,
)
from piccolo.table import Table

from kundelik_core.kernel.orm import TENANT, TenantTable

__all__ = [
    "Entitlement",
    "EntitlementPause",
    "EntitlementSeat",
    "GuardianSharing",
    "LedgerTxn",
    "Payout",
    "PayoutReturn",
    "Sale",
    "VendorAccount",
    "Voucher",
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
    seats = Integer(default=None, null=True)
    grace_from = Timestamptz(default=None, null=True)


class EntitlementPause(TenantTable, Table, db=TENANT, schema="core", tablename="entitlement_pause"):
    """Rows of core.entitlement_pause."""

    school_id = Integer(default=None, null=False)
    id = UUID(default=None, null=False, primary_key=True)
    entitlement_id = UUID(default=None, null=False)
    kind = Text(default=None, null=False)
    cause = Text(default=None, null=False)
    begins = Timestamptz(default=None, null=False)
    ends = Timestamptz(default=None, null=True)


class EntitlementSeat(TenantTable, Table, db=TENANT, schema="core", tablename="entitlement_seat"):
    """Rows of core.entitlement_seat; the real key is (school, entitlement, pupil, begin)."""

    school_id = Integer(default=None, null=False)
    entitlement_id = UUID(default=None, null=False)
    pupil_id = UUID(default=None, null=False, primary_key=True)
    begins = Timestamptz(default=None, null=False)
    ends = Timestamptz(default=None, null=True)


class Voucher(TenantTable, Table, db=TENANT, schema="core", tablename="voucher"):
    """Rows of core.voucher."""

    school_id = Integer(default=None, null=False)
    id = UUID(default=None, null=False, primary_key=True)
    code_hash = Bytea(default=None, null=False)
    feature = Text(default=None, null=False)
    scope = Text(default=None, null=False)
    months = SmallInt(default=None, null=False)
    uses = Integer(default=None, null=False)
    used = Integer(default=None, null=False)
    made_at = Timestamptz(default=None, null=False)
    expires_at = Timestamptz(default=None, null=False)
    withdrawn_at = Timestamptz(default=None, null=True)


class Sale(TenantTable, Table, db=TENANT, schema="core", tablename="sale"):
    """Rows of core.sale."""

    school_id = Integer(default=None, null=False)
    order_ref = Text(default=None, null=False, primary_key=True)
    sku = Text(default=None, null=False)
    vendor = Text(default=None, null=False)
    currency = Text(default=None, null=False)
    amount_minor = BigInt(default=None, null=False)
    vendor_left = BigInt(default=None, null=False)
    commission_left = BigInt(default=None, null=False)
    tax_left = BigInt(default=None, null=False)
    refunded_minor = BigInt(default=None, null=False)
    returned_minor = BigInt(default=None, null=False)
    absorbed_minor = BigInt(default=None, null=False)
    held_minor = BigInt(default=None, null=False)
    charged_minor = BigInt(default=None, null=False)
    dispute_ref = Text(default=None, null=True)
    entitlement_id = UUID(default=None, null=True)
    sold_at = Timestamptz(default=None, null=False)
    matures_at = Timestamptz(default=None, null=False)


class LedgerTxn(TenantTable, Table, db=TENANT, schema="core", tablename="ledger_txn"):
    """Rows of core.ledger_txn: a transaction each, with a column per account."""

    school_id = Integer(default=None, null=False)
    id = UUID(default=None, null=False, primary_key=True)
    kind = Text(default=None, null=False)
    cause = Text(default=None, null=False)
    created = Timestamptz(default=None, null=False)
    order_ref = Text(default=None, null=True)
    vendor = Text(default=None, null=False)
    currency = Text(default=None, null=False)
    cash = BigInt(default=None, null=False)
    receivable = BigInt(default=None, null=False)
    payable = BigInt(default=None, null=False)
    commission = BigInt(default=None, null=False)
    tax = BigInt(default=None, null=False)
    refunds = BigInt(default=None, null=False)
    hold = BigInt(default=None, null=False)
    fees = BigInt(default=None, null=False)
    rounding = BigInt(default=None, null=False)
    losses = BigInt(default=None, null=False)


class VendorAccount(TenantTable, Table, db=TENANT, schema="core", tablename="vendor_account"):
    """Rows of core.vendor_account; the real key is (school, vendor, currency)."""

    school_id = Integer(default=None, null=False)
    vendor = Text(default=None, null=False, primary_key=True)
    currency = Text(default=None, null=False)
    paid_out_minor = BigInt(default=None, null=False)


class Payout(TenantTable, Table, db=TENANT, schema="core", tablename="payout"):
    """Rows of core.payout."""

    school_id = Integer(default=None, null=False)
    id = UUID(default=None, null=False, primary_key=True)
    batch = Date(default=None, null=False)
    vendor = Text(default=None, null=False)
    currency = Text(default=None, null=False)
    amount_minor = BigInt(default=None, null=False)
    method = Text(default=None, null=False)
    destination = Text(default=None, null=False)
    state = Text(default=None, null=False)
    known = Text(default=None, null=False)
    reason = Text(default=None, null=False)
    tries = Integer(default=None, null=False)
    returned_minor = BigInt(default=None, null=False)
    confirmation = UUID(default=None, null=True)
    made_at = Timestamptz(default=None, null=False)
    listed_at = Timestamptz(default=None, null=False)
    tried_at = Timestamptz(default=None, null=True)
    settled_at = Timestamptz(default=None, null=True)
    settled_by = UUID(default=None, null=True)


class PayoutReturn(TenantTable, Table, db=TENANT, schema="core", tablename="payout_return"):
    """Rows of core.payout_return."""

    school_id = Integer(default=None, null=False)
    id = UUID(default=None, null=False, primary_key=True)
    payout_id = UUID(default=None, null=False)
    batch = Date(default=None, null=False)
    amount_minor = BigInt(default=None, null=False)
    state = Text(default=None, null=False)
    reason = Text(default=None, null=False)
    tries = Integer(default=None, null=False)
    made_at = Timestamptz(default=None, null=False)
    settled_at = Timestamptz(default=None, null=True)


class GuardianSharing(TenantTable, Table, db=TENANT, schema="core", tablename="guardian_sharing"):
    """Rows of core.guardian_sharing; the real key is (school, since)."""

    school_id = Integer(default=None, null=False)
    since = Timestamptz(default=None, null=False, primary_key=True)
    shared = Boolean(default=None, null=False)
    set_by = UUID(default=None, null=True)
