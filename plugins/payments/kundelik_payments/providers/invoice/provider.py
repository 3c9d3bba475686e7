"""The provider ``invoice``: a paper, a transfer, a person who finds it in the statement."""

from kundelik_core.sdk import Text
from kundelik_payments.domain.codes import grouped, public_id_of
from kundelik_payments.domain.money import shown
from kundelik_payments.providers.by_hand import ByHand
from kundelik_payments.providers.invoice.account import Account, qr_payload
from kundelik_payments.providers.invoice.statement.line import StatementLine
from kundelik_payments.providers.spi import (
    Capabilities,
    Instructions,
    Outcome,
    PaymentFact,
    RefundAnswer,
    RefundFact,
    RefundRequest,
    Started,
    StartRequest,
    Terms,
)

__all__ = ["InvoiceProvider"]


class InvoiceProvider(ByHand):
    """Transfers to one account. It asks nobody anything: what has come, a person confirms."""

    name = "invoice"
    title = Text(kk="Банк аударымы", ru="Банковский перевод", en="Bank transfer")
    capabilities = Capabilities(push_invoice=True, refund_full=True, refund_partial=True)

    def __init__(self, account: Account, currency: str = "KZT") -> None:
        self.account = account
        self.terms = Terms(currencies=(currency,), min_minor={currency: 100})

    async def start(self, request: StartRequest) -> Started:
        """Say where to transfer to, and by which words the transfer is recognised."""
        account = self.account
        code = public_id_of(request.order)
        fields = {
            "payee": account.name,
            "bin": account.bin,
            "iban": account.iban,
            "bank": account.bank,
            "bic": account.bic,
            "purpose": account.purpose(code),
            "reference": grouped(code),
            "amount": shown(request.amount_minor, request.currency),
        }
        qr = qr_payload(account, code, request.amount_minor)
        return Started(
            reference=f"inv-{request.order}-{request.payment}",
            action=Instructions(fields=fields, qr=qr),
        )

    def confirmed(self, line: StatementLine, order: str, payment: int) -> PaymentFact:
        """Return the fact that a person has confirmed: this transfer pays that order."""
        return PaymentFact(
            reference=f"inv-{order}-{payment}",
            outcome=Outcome.DONE,
            amount_minor=line.amount_minor,
            currency=line.currency,
            order=order,
            payment=payment,
            references=(line.key,),
        )

    def sent_back(self, line: StatementLine, order: str, refund: int) -> RefundFact:
        """Return the fact that a person has confirmed: this outgoing transfer was that refund."""
        return RefundFact(
            reference=f"inv-refund-{order}-{refund}",
            payment_references=(),
            outcome=Outcome.DONE,
            amount_minor=-line.amount_minor,
            currency=line.currency,
            refund=refund,
            order=order,
        )

    async def refund(self, request: RefundRequest) -> RefundAnswer:
        """Put a transfer on the accountant's list; it is done when the statement shows it."""
        return RefundAnswer(
            reference=f"inv-refund-{request.order}-{request.refund}", outcome=Outcome.PENDING
        )
