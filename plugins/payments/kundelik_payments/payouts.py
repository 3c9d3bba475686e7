"""Hand vendors their shares by a provider, as the core decides: one number is paid once."""

from collections.abc import Mapping
from typing import Final, Literal, TypeAlias

from kundelik_core.sdk import (
    PaymentTrouble,
    PayoutReturn,
    PayoutSeen,
    PayoutStart,
    PluginContext,
    ProviderAnswer,
    ProviderQuestion,
)
from kundelik_payments.cashdesk import cashier_for
from kundelik_payments.providers.spi import (
    Busy,
    Declined,
    Misconfigured,
    PaysVendors,
    Provider,
    ProviderError,
    TransferAnswer,
    TransferRequest,
)

__all__ = ["payout"]

_Kind: TypeAlias = Literal["declined", "busy", "unclear", "setup"]

_KINDS: Final[Mapping[type[ProviderError], _Kind]] = {
    Declined: "declined",
    Busy: "busy",
    Misconfigured: "setup",
}


async def payout(ctx: PluginContext, question: ProviderQuestion) -> ProviderAnswer:
    """Ask one provider to hand a share over, or to give a part of it back."""
    cashier = await cashier_for(ctx)
    if question.provider not in cashier.providers:
        return _trouble("setup", "not set up here")
    provider = cashier.providers.get(question.provider)
    if not provider.capabilities.payout:
        return _trouble("setup", "it pays nobody out")
    try:
        answer = await _asked(provider, question)
    except ProviderError as error:
        kinds = (kind for known, kind in _KINDS.items() if isinstance(error, known))
        unclear: _Kind = "unclear"
        return _trouble(next(kinds, unclear), str(error))
    return ProviderAnswer(
        told=PayoutSeen(
            known=answer.reference,
            outcome=answer.outcome.value,
            returned_minor=answer.reversed_minor,
        )
    )


async def _asked(provider: Provider, question: ProviderQuestion) -> TransferAnswer:
    ask = question.ask
    if not isinstance(provider, PaysVendors):
        raise Misconfigured("it pays nobody out")
    if isinstance(ask, PayoutReturn):
        return await provider.take_back(ask.payout, ask.amount_minor, ask.key)
    if not isinstance(ask, PayoutStart):
        raise Misconfigured("it is asked for vendors' shares alone")
    return await provider.transfer(
        TransferRequest(
            reference=ask.reference,
            amount_minor=ask.amount_minor,
            currency=ask.currency,
            destination=ask.destination,
            idempotency_key=ask.key,
        )
    )


def _trouble(kind: _Kind, text: str) -> ProviderAnswer:
    return ProviderAnswer(told=PaymentTrouble(kind=kind, text=text[:200]))
