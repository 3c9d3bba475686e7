"""Put into plain words how an order stands and why something was refused.

The texts are English msgids; templates translate them where they are shown.
"""

from collections.abc import Mapping
from typing import Final

from kundelik_core.sdk import Json
from kundelik_payments.domain.refused import Refused
from kundelik_payments.providers.spi import Busy, ProviderError, Unclear

__all__ = ["DONE", "N_", "TROUBLES", "refusal", "say", "trouble_of"]


def N_(message: str) -> str:  # noqa: N802 - gettext's own name for "mark, translate later"
    """Mark a text to be translated."""
    return message


def say(text: str, **fill: object) -> dict[str, Json]:
    """Return a text with what is put into it, for a template to translate."""
    return {"text": text, "fill": {key: str(value) for key, value in fill.items()}}


_GENERAL: Final = N_("This cannot be done with this order. Nothing was changed.")

_REFUSALS: Final[Mapping[str, str]] = {
    "empty-order": N_("There is nothing in this order."),
    "not-payable": N_("This order cannot be paid any more. Please order again."),
    "nothing-to-pay": N_("There is nothing left to pay."),
    "amount": N_("This amount cannot be paid this way. Choose another way."),
    "mixed-terms": N_("What renews itself has to have one and the same length."),
    "not-paid": N_("This order is not paid."),
    "refund-begun": N_("Money for this is being given back already."),
    "no-amount": N_("Say how much is to be given back."),
    "more-than-line": N_("That is more than is left of this item."),
    "more-than-owed": N_("That is more than is owed to the payer."),
    "more-than-paid": N_("That is more than is left of this payment."),
    "more-than-refund": N_("That is more than was given back."),
    "no-way-back": N_("This cannot be given back the way it was paid. Turn to the school."),
    "too-late": N_("It is too late to give this back the way it was paid. Turn to the school."),
    "no-renewal": N_("This does not renew itself."),
    "no-such-order": N_("There is no such order."),
    "nothing-unused": N_("There is nothing that could be given back so."),
    "other-amount": N_("Meanwhile another amount is missing. Look at it and press again."),
    "line-used": N_("This transfer belongs to another order, or to none."),
}

TROUBLES: Final[Mapping[str, str]] = {
    "busy": N_("The payment service does not answer. Nothing was charged. Try again soon."),
    "unclear": N_(
        "The payment service gave no clear answer. We ask it again by ourselves. "
        "Look here in a few minutes before you try once more."
    ),
    "declined": N_("The payment service refused. Nothing was charged. Choose another way."),
    "refund-later": N_("It is written down. We send it as soon as the payment service answers."),
    "no-answer": N_("The payment service does not answer now. Nothing was changed."),
    "amount": _REFUSALS["amount"],
    "over": _REFUSALS["not-payable"],
    "refused": _GENERAL,
    "to-school": N_(
        "The money could not go back the way it came. The school sees that you have asked: "
        "turn to it."
    ),
    "left": N_("You came back without paying. Nothing was charged."),
}
"""What went wrong on the way, by the code that the address of a page carries."""

DONE: Final[Mapping[str, str]] = {
    "cancelled": N_("The order is cancelled."),
    "renewal": N_("It will not renew. What you have paid for stays open to its end."),
    "summer": N_("No payments will be taken until September."),
    "again": N_("Payments go on."),
    "refund": N_("The money is on its way back."),
    "decided": N_("Your decision is written down."),
    "cash": N_("It is written down and paid. The receipt stands below."),
    "handed": N_("It is written down: the money was handed over."),
}
"""What has just been done, by the code that the address of a page carries."""


def refusal(error: Refused) -> dict[str, Json]:
    """Return a refusal in words."""
    return say(_REFUSALS.get(error.code, _GENERAL))


def trouble_of(error: ProviderError) -> str:
    """Return the code of what a provider's failure means to whoever waits."""
    if isinstance(error, Busy):
        return "busy"
    return "unclear" if isinstance(error, Unclear) else "declined"
