"""Name every field of Stripe's objects that is read here, so that a test can hold them to Stripe's.

Nothing is read in any other way: a path that is not named raises.
"""

from collections.abc import Mapping
from typing import Any, Final

from stripe import StripeObject

__all__ = ["READ", "Shape"]

READ: Final[Mapping[str, frozenset[str]]] = {
    "checkout.session": frozenset(
        {
            *("id", "url", "status", "payment_status", "amount_total", "currency", "metadata"),
            *("mode", "payment_intent", "subscription", "invoice", "client_reference_id"),
            "created",
        }
    ),
    "payment_intent": frozenset(
        {"id", "status", "latest_charge", "last_payment_error", "created", "metadata"}
    ),
    "charge": frozenset({"id", "payment_intent", "metadata", "refunds"}),
    "refund": frozenset(
        {"id", "status", "amount", "currency", "charge", "payment_intent", "metadata", "created"}
    ),
    "dispute": frozenset({"id", "status", "amount", "currency", "charge", "payment_intent"}),
    "subscription": frozenset(
        {
            *("id", "status", "cancel_at_period_end", "metadata", "customer", "pause_collection"),
            "items.data.current_period_end",
        }
    ),
    "invoice": frozenset(
        {
            *("id", "status", "billing_reason", "amount_paid", "amount_due", "currency"),
            "parent.subscription_details.subscription",
            "parent.subscription_details.metadata",
        }
    ),
    "invoice_payment": frozenset({"id", "invoice", "payment.type", "payment.payment_intent"}),
    "transfer": frozenset(
        {"id", "amount", "amount_reversed", "reversed", "metadata", "transfer_group"}
    ),
    "transfer_reversal": frozenset({"id", "amount", "transfer", "metadata"}),
    "account": frozenset({"id", "charges_enabled", "payouts_enabled"}),
    "payout": frozenset({"id", "status", "amount"}),
    "billing_portal.session": frozenset({"id", "url"}),
    "event": frozenset({"id", "type", "data.object"}),
}


class Shape:
    """An object of Stripe, read by paths that are named above; what is expanded is not followed."""

    def __init__(self, value: StripeObject | Mapping[str, Any]) -> None:
        self._value = value.to_dict() if isinstance(value, StripeObject) else value
        self._kind = str(self._value.get("object", ""))

    @property
    def raw(self) -> Mapping[str, Any]:
        """Return it as it came."""
        return self._value

    def get(self, path: str) -> Any:  # noqa: ANN401 - as Stripe sends it
        """Return what stands at ``path``; of a list the last one's, None where nothing stands."""
        if path not in READ.get(self._kind, frozenset()):
            raise KeyError(f"{self._kind}.{path} is not among the fields that are read")
        found: Any = self._value
        for step in path.split("."):
            if isinstance(found, list):
                found = found[-1] if found else None
            found = found.get(step) if isinstance(found, Mapping) else None
        return found

    def id_of(self, path: str) -> str:
        """Return the id at ``path``, expanded or not, or an empty text."""
        found = self.get(path)
        if isinstance(found, Mapping):
            return str(found.get("id", ""))
        return str(found or "")

    def meta(self, key: str, path: str = "metadata") -> str:
        """Return one of our own words."""
        return str((self.get(path) or {}).get(key, ""))

    def number(self, key: str) -> int:
        """Return one of our own numbers; 0 when there is none."""
        text = self.meta(key)
        return int(text) if text.isdecimal() and len(text) < 7 else 0

    def text(self, path: str) -> str:
        """Return a text."""
        return str(self.get(path) or "")

    def count(self, path: str) -> int:
        """Return a whole number."""
        return int(self.get(path) or 0)
