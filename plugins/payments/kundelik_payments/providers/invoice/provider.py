"""The provider ``invoice``: a paper, a transfer, a person who finds it in the statement."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from kundelik_core.sdk import Text
from kundelik_payments.domain.codes import grouped, public_id_of
from kundelik_payments.domain.money import shown
from kundelik_payments.providers.invoice.account import Account, qr_payload
from kundelik_payments.providers.invoice.statement.line import StatementLine
from kundelik_payments.providers.spi import (
    Capabilities,
    Fact,
    Forged,
    Instructions,
    Notice,
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


class InvoiceProvider:
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

    def verify(self, headers: Mapping[str, str], body: bytes, now: datetime) -> Notice:  # noqa: ARG002
        """Refuse: a bank sends no messages here."""
        raise Forged("this provider sends no messages")

    def hears(self, notice_type: str) -> bool:  # noqa: ARG002
        """Hear all."""
        return True

    async def order_of(self, notice: Notice) -> str:
        """Know nothing by itself."""
        return notice.order

    async def look(self, notice_type: str, hint: str) -> Sequence[Fact]:  # noqa: ARG002
        """Know nothing by itself."""
        return []

    async def poll(self, reference: str) -> Sequence[Fact]:  # noqa: ARG002
        """Know nothing by itself."""
        return []

    async def refund(self, request: RefundRequest) -> RefundAnswer:
        """Put a transfer on the accountant's list; it is done when the statement shows it."""
        return RefundAnswer(
            reference=f"inv-refund-{request.order}-{request.refund}", outcome=Outcome.PENDING
        )

    async def reconcile(self, since: datetime, until: datetime) -> Sequence[Fact]:  # noqa: ARG002
        """Know nothing by itself; statements are imported."""
        return []
