"""Follow a complaint at the payer's bank: access rests while it is open, and ends when lost."""

from dataclasses import replace
from datetime import datetime
from typing import Final

from kundelik_payments.domain.log import noted
from kundelik_payments.domain.model import Dispute, DisputeState, EntryKind, Sale
from kundelik_payments.domain.ordering import rebalanced

__all__ = ["disputed"]

_STAGE: Final = {
    DisputeState.INQUIRY: 0,
    DisputeState.OPEN: 1,
    DisputeState.WON: 2,
    DisputeState.LOST: 2,
}
_TAKEN: Final = frozenset({DisputeState.OPEN, DisputeState.LOST})


def disputed(
    sale: Sale,
    payment: int,
    reference: str,
    amount_minor: int,
    state: DisputeState,
    now: datetime,
) -> Sale:
    """Note where a dispute stands; older news than what is known is passed over."""
    known = next((one for one in sale.disputes if one.reference == reference), None)
    if known and (known.state is state or _STAGE[known.state] > _STAGE[state]):
        return sale
    closed = now if _STAGE[state] == 2 else None
    if known:
        dispute = replace(known, state=state, closed_at=closed)
    else:
        dispute = Dispute(
            reference=reference,
            payment=payment,
            amount_minor=amount_minor,
            opened_at=now,
            state=state,
            closed_at=closed,
        )
    others = tuple(one for one in sale.disputes if one.reference != reference)
    after = rebalanced(sale, replace(sale, disputes=(*others, dispute)), now)
    was_taken, is_taken = known is not None and known.state in _TAKEN, state in _TAKEN
    if is_taken and not was_taken:
        return noted(after, EntryKind.CHARGED_BACK, dispute.amount_minor, now, payment=payment)
    if was_taken and not is_taken:
        return noted(after, EntryKind.WON_BACK, dispute.amount_minor, now, payment=payment)
    return after
