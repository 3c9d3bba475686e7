"""The provider ``cash``: money that changes hands at the school's desk, told by who sits there."""

from typing import Final

from kundelik_core.sdk import Text
from kundelik_payments.domain.codes import grouped, public_id_of
from kundelik_payments.domain.desk import CASH
from kundelik_payments.domain.money import shown
from kundelik_payments.providers.by_hand import ByHand
from kundelik_payments.providers.spi import (
    Capabilities,
    Instructions,
    Outcome,
    RefundAnswer,
    RefundRequest,
    Started,
    StartRequest,
    Terms,
)

__all__ = ["CashProvider"]

_MOST: Final = 100_000_000
"""A million tenge: more than that is not carried to a school in notes."""


class CashProvider(ByHand):
    """Notes and coins. It asks nobody anything: what was taken and given, the desk writes down."""

    name = CASH
    title = Text(kk="Мектепте қолма-қол", ru="Наличными в школе", en="In cash at the school")
    capabilities = Capabilities(refund_full=True, refund_partial=True)
    terms = Terms(currencies=("KZT",), min_minor={"KZT": 100}, max_minor={"KZT": _MOST})

    async def start(self, request: StartRequest) -> Started:
        """Say what to bring, and by which number the order is found at the desk."""
        fields = {
            "reference": grouped(public_id_of(request.order)),
            "amount": shown(request.amount_minor, request.currency),
        }
        return Started(
            reference=f"cash-{request.order}-{request.payment}", action=Instructions(fields=fields)
        )

    async def refund(self, request: RefundRequest) -> RefundAnswer:
        """Let it wait at the desk, until somebody has handed it over."""
        return RefundAnswer(
            reference=f"cash-refund-{request.order}-{request.refund}", outcome=Outcome.PENDING
        )
