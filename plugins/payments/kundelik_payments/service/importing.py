"""Bring in a bank statement: proposals first, then what a person has confirmed of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from kundelik_payments.domain.balance import has_come, to_pay
from kundelik_payments.domain.model import OrderState, Payment, PaymentState, Sale
from kundelik_payments.domain.ordering import put_payment
from kundelik_payments.domain.refused import Refused
from kundelik_payments.ports import ProviderObject
from kundelik_payments.providers.invoice.matching import Expected, Proposal, codes_in, propose
from kundelik_payments.providers.invoice.provider import InvoiceProvider
from kundelik_payments.providers.invoice.statement.line import StatementLine
from kundelik_payments.service.cashier import Cashier
from kundelik_payments.service.facts import take

__all__ = ["Confirmed", "confirm_line", "proposals"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirmed:
    """A person's word: this line pays that order; ``by`` is who said so."""

    line: StatementLine
    order: str
    by: str


async def proposals(cashier: Cashier, lines: Sequence[StatementLine]) -> list[Proposal]:
    """Say which order each line seems to pay; nothing is changed."""
    name, expected = InvoiceProvider.name, {}
    for code in {code for line in lines for code in codes_in(line.purpose)}:
        sale = await cashier.store.by_public_id(code)
        if sale and any(one.provider == name for one in sale.payments):
            open_still = sale.order.state in {OrderState.PENDING, OrderState.EXPIRED}
            expected[code] = Expected(
                order=code,
                to_pay_minor=to_pay(sale) if open_still else 0,
                currency=sale.order.currency,
            )
    used = [line.key for line in lines if await cashier.store.referred(name, line.key)]
    return propose(lines, expected, used)


async def confirm_line(cashier: Cashier, confirmed: Confirmed) -> None:
    """Take a transfer as payment of an order; the same line is taken once.

    Raises:
        Refused: the line was taken for another order, or the order was not invoiced.
    """
    provider = cashier.providers.get(InvoiceProvider.name)
    if not isinstance(provider, InvoiceProvider):
        raise TypeError("the provider called invoice is none")
    sale = await cashier.store.by_public_id(confirmed.order)
    if sale is None or confirmed.line.amount_minor <= 0:
        raise Refused("no-such-order", "There is no such order.")
    known = await cashier.store.referred(provider.name, confirmed.line.key)
    if known and known.order == sale.order.id:
        return
    if known or not any(one.provider == provider.name for one in sale.payments):
        raise Refused("line-used", "This transfer belongs to another order, or to none.")
    payment = await _room(cashier, sale.order.id, confirmed.line)
    await cashier.store.refer(
        ProviderObject(
            provider=provider.name,
            reference=confirmed.line.key,
            kind="payment",
            order=sale.order.id,
            number=payment,
        )
    )
    fact = provider.confirmed(confirmed.line, sale.order.reference, payment)
    await take(cashier, provider.name, [fact])


async def _room(cashier: Cashier, order: UUID, line: StatementLine) -> int:
    """Return the payment that a transfer fills: the one that waits for it, else a further one.

    People pay in two parts, or twice; what has come is written down in any case.
    """
    found: list[int] = []

    def change(sale: Sale, now: datetime) -> Sale:
        mine = [one for one in sale.payments if one.provider == InvoiceProvider.name]
        waiting = [one for one in mine if not has_come(one)]
        if waiting:
            found.append(waiting[-1].number)
            return sale
        payment = Payment(
            number=1 + max(one.number for one in sale.payments),
            provider=InvoiceProvider.name,
            amount_minor=line.amount_minor,
            created_at=now,
            state=PaymentState.PENDING,
            reference=line.key,
        )
        found.append(payment.number)
        return put_payment(sale, payment)

    await cashier.step(order, change)
    return found[-1]
