"""Give invoices and receipts as files, and say on a page where to transfer to."""

from uuid import UUID

from kundelik_core.sdk import File, Json, NotFound, PageAnswer, PageRequest, PluginContext
from kundelik_payments.cashdesk import cashier_for
from kundelik_payments.domain.balance import to_pay
from kundelik_payments.domain.codes import grouped
from kundelik_payments.domain.desk import CASH
from kundelik_payments.domain.model import OrderState, Receipt, ReceiptKind, Sale
from kundelik_payments.domain.money import shown
from kundelik_payments.pages.people import actor_of, day
from kundelik_payments.providers.invoice.account import Account
from kundelik_payments.providers.invoice.paper import PaperLine, invoice_pdf, receipt_pdf
from kundelik_payments.providers.invoice.provider import InvoiceProvider
from kundelik_payments.service.cashier import Cashier

__all__ = ["at_desk", "instructions", "invoice", "receipt"]


def _account(cashier: Cashier) -> Account | None:
    """Return the account of transfers, if there is one."""
    for one in cashier.providers:
        if isinstance(one, InvoiceProvider):
            return one.account
    return None


def _invoiced(cashier: Cashier, sale: Sale) -> Account | None:
    """Return the account that an order is to be transferred to, once that way was chosen."""
    chosen = any(one.provider == InvoiceProvider.name for one in sale.payments)
    return _account(cashier) if chosen and sale.order.state is OrderState.PENDING else None


def instructions(ctx: PluginContext, cashier: Cashier, sale: Sale) -> dict[str, Json] | None:
    """Return where an order is to be transferred to, and by which words it is recognised."""
    account = _invoiced(cashier, sale)
    if account is None:
        return None
    return {
        "payee": account.name,
        "bin": account.bin,
        "iban": account.iban,
        "bank": account.bank,
        "bic": account.bic,
        "code": account.purpose_code,
        "purpose": account.purpose(sale.order.public_id),
        "amount": shown(to_pay(sale), sale.order.currency),
        "until": day(ctx, sale.order.expires_at),
    }


def at_desk(ctx: PluginContext, sale: Sale) -> dict[str, Json] | None:
    """Return what to bring to the school's desk, once that way was chosen."""
    chosen = any(one.provider == CASH for one in sale.payments)
    if not chosen or sale.order.state is not OrderState.PENDING:
        return None
    return {
        "code": grouped(sale.order.public_id),
        "amount": shown(to_pay(sale), sale.order.currency),
        "until": day(ctx, sale.order.expires_at),
    }


async def _readable(ctx: PluginContext, cashier: Cashier, order: UUID) -> Sale | None:
    """Return an order to its payer, and to whoever keeps the school's books."""
    sale, actor = await cashier.store.sale(order), actor_of(ctx)
    if sale is None:
        return None
    own = actor.person_id is not None and sale.order.payer == actor.person_id
    return sale if own or actor.may("payments.manage") else None


async def invoice(ctx: PluginContext, request: PageRequest) -> PageAnswer:
    """Give the invoice of an order that waits for a transfer."""
    cashier = await cashier_for(ctx)
    sale = await _readable(ctx, cashier, UUID(request.params["order"]))
    account = _invoiced(cashier, sale) if sale else None
    if sale is None or account is None:
        return NotFound()
    return File(
        name=f"invoice-{grouped(sale.order.public_id)}.pdf",
        media_type="application/pdf",
        content=invoice_pdf(account, sale.order, to_pay(sale), ctx.i18n.locale, cashier.zone),
    )


async def receipt(ctx: PluginContext, request: PageRequest) -> PageAnswer:
    """Give a receipt or the taking back of one."""
    cashier = await cashier_for(ctx)
    sale = await _readable(ctx, cashier, UUID(request.params["order"]))
    papers = sale.receipts if sale else ()
    paper = next((one for one in papers if one.number == request.params["number"]), None)
    if sale is None or paper is None:
        return NotFound()
    account = _account(cashier) or Account(name=ctx.school.name, bin="", iban="", bank="", bic="")
    return File(
        name=f"{paper.number}.pdf",
        media_type="application/pdf",
        content=receipt_pdf(account, paper, _lines(sale, paper), ctx.i18n.locale, cashier.zone),
    )


def _lines(sale: Sale, paper: Receipt) -> list[PaperLine]:
    """Return what a paper is about, item by item where its sum is that of items."""
    order = sale.order
    if paper.kind is ReceiptKind.RECEIPT:
        found = [(line.title, line.price_minor) for line in order.lines]
    else:
        number = int(paper.cause.rpartition("-")[2])
        parts = next((one.parts for one in sale.refunds if one.number == number), ())
        found = [(order.line(line).title, minor) for line, minor in parts]
    sign = 1 if paper.kind is ReceiptKind.RECEIPT else -1
    if sum(minor for _, minor in found) != paper.amount_minor:
        found = [(grouped(order.public_id), paper.amount_minor)]
    return [PaperLine(title=title, amount_minor=sign * minor) for title, minor in found]
