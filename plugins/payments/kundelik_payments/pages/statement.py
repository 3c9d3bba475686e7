"""Bring in a bank statement: proposals first; what a person ticks of them counts, nothing else."""

from datetime import date
from typing import Final

import msgspec

from kundelik_core.sdk import Html, Json, PageAnswer, PageRequest, PluginContext
from kundelik_payments.cashdesk import cashier_for
from kundelik_payments.domain.balance import to_pay
from kundelik_payments.domain.codes import grouped, typed
from kundelik_payments.domain.model import RefundState, Sale
from kundelik_payments.domain.money import shown
from kundelik_payments.domain.refused import Refused
from kundelik_payments.pages.people import actor_of
from kundelik_payments.pages.words import N_, refusal, say
from kundelik_payments.providers.invoice.matching import Proposal, Verdict, codes_in
from kundelik_payments.providers.invoice.provider import InvoiceProvider
from kundelik_payments.providers.invoice.statement.line import StatementError, StatementLine
from kundelik_payments.providers.invoice.statement.reading import read_statement
from kundelik_payments.service.cashier import Cashier
from kundelik_payments.service.facts import take
from kundelik_payments.service.importing import Confirmed, confirm_line, proposals

__all__ = ["confirm", "form", "look"]

_MOST: Final = 300
"""How many lines are put before a person at once; a day of a school has a few dozen."""

_VERDICTS: Final = {
    Verdict.EXACT: N_("The order and the amount are right"),
    Verdict.AMOUNT_DIFFERS: N_("The amount is another one: the order needs %(needs)s"),
    Verdict.CURRENCY_DIFFERS: N_("Another currency"),
    Verdict.SEVERAL: N_("It names several orders"),
    Verdict.MISTYPED: N_("The number seems to be mistyped"),
    Verdict.PAID_ALREADY: N_("The order is paid already, or is over"),
    Verdict.USED: N_("Taken before"),
    Verdict.UNKNOWN: N_("It names no order"),
    Verdict.OUTGOING: N_("Goes out"),
}


class _Sent(msgspec.Struct, frozen=True):
    """A line on its way through the form; the payer's name is not sent back and not kept."""

    booked: date
    amount: int
    currency: str
    purpose: str
    reference: str
    repeat: int

    def line(self) -> StatementLine:
        return StatementLine(
            booked=self.booked,
            amount_minor=self.amount,
            currency=self.currency,
            purpose=self.purpose,
            bank_reference=self.reference,
            repeat=self.repeat,
        )


async def form(ctx: PluginContext, request: PageRequest) -> PageAnswer:  # noqa: ARG001 - every page has it
    """Ask for a statement."""
    return _page(await cashier_for(ctx))


async def look(ctx: PluginContext, request: PageRequest) -> PageAnswer:
    """Read a statement and say what each line seems to be; nothing is changed."""
    cashier, file = await cashier_for(ctx), request.files.get("file")
    if file is None or not file.content:
        return _page(cashier, fault=say(N_("Choose a file.")))
    try:
        lines = read_statement(file.content, "KZT")
    except StatementError:
        wrong = N_(
            "This file cannot be read as a statement. Save it in the bank as CSV, MT940 or "
            "CAMT.053 and send it as it is."
        )
        return _page(cashier, fault=say(wrong))
    found = await proposals(cashier, lines)
    rows = [await _row(cashier, one) for one in found]
    worth = [one for one in rows if one["worth"]]
    # What goes out and is no refund of ours is none of this page's business.
    others = [one for one in rows if one["choosable"] and not one["worth"]]
    used = sum(1 for one in rows if one["used"])
    return _page(
        cashier,
        file=file.name,
        rows=[*worth, *others][:_MOST],
        used=used,
        hidden=max(len(worth) + len(others) - _MOST, 0),
    )


async def _row(cashier: Cashier, one: Proposal) -> dict[str, Json]:
    line = one.line
    refund = await _sent_back(cashier, line) if one.verdict is Verdict.OUTGOING else None
    told = say(_VERDICTS[one.verdict])
    if one.verdict is Verdict.AMOUNT_DIFFERS:
        sale = await cashier.store.by_public_id(one.order)
        needs = shown(to_pay(sale), sale.order.currency) if sale else ""
        told = say(_VERDICTS[one.verdict], needs=needs)
    if refund is not None:
        told = say(N_("Seems to be the money that goes back for this order"))
    order = refund.order.public_id if refund else one.order
    choosable = refund is not None or (line.amount_minor > 0 and one.verdict is not Verdict.USED)
    sent = _Sent(
        line.booked,
        line.amount_minor,
        line.currency,
        line.purpose,
        line.bank_reference,
        line.repeat,
    )
    return {
        "day": f"{line.booked:%d.%m.%Y}",
        "amount": _amount(line),
        "payer": line.payer,
        "purpose": line.purpose,
        "told": told,
        "order": grouped(order) if order else "",
        "sure": one.sure or refund is not None,
        "worth": bool(order) or one.verdict in {Verdict.MISTYPED, Verdict.SEVERAL},
        "used": one.verdict is Verdict.USED,
        "choosable": choosable,
        "key": line.key,
        "line": msgspec.json.encode(sent).decode(),
    }


def _amount(line: StatementLine) -> str:
    if line.currency == "KZT":
        return shown(line.amount_minor, line.currency)
    units, rest = divmod(abs(line.amount_minor), 100)
    sign = "\N{MINUS SIGN}" if line.amount_minor < 0 else ""
    return f"{sign}{units},{rest:02d} {line.currency}"


async def _sent_back(cashier: Cashier, line: StatementLine) -> Sale | None:
    """Return the order whose refund an outgoing transfer seems to be."""
    for code in codes_in(line.purpose):
        sale = await cashier.store.by_public_id(code)
        if sale and _refund_of(sale, line) is not None:
            return sale
    return None


def _refund_of(sale: Sale, line: StatementLine) -> int | None:
    """Return the number of the refund that waits for just this transfer."""
    for one in sale.refunds:
        way = sale.payment(one.payment).provider
        waits = one.state is RefundState.TRANSIT and way == InvoiceProvider.name
        if waits and (one.amount_minor, sale.order.currency) == (-line.amount_minor, line.currency):
            return one.number
    return None


async def confirm(ctx: PluginContext, request: PageRequest) -> PageAnswer:
    """Take the lines that a person has ticked, each for the order that stands beside it."""
    cashier = await cashier_for(ctx)
    by = str(actor_of(ctx).person_id or "")
    taken: list[dict[str, Json]] = []
    refused: list[dict[str, Json]] = []
    for key in dict.fromkeys(request.form.get("take", ())):
        sent = _decoded(request.field(f"line-{key}"))
        if sent is None:
            continue
        line, text = sent.line(), request.field(f"order-{key}")
        about = {"day": f"{line.booked:%d.%m.%Y}", "amount": _amount(line), "order": text}
        code = typed(text)
        sale = await cashier.store.by_public_id(code) if code else None
        if sale is None or code is None:
            refused.append(about | {"why": say(N_("There is no such order."))})
            continue
        try:
            await _take(cashier, sale, line, by)
        except Refused as error:
            refused.append(about | {"why": refusal(error)})
        else:
            taken.append(about | {"order": grouped(code), "id": str(sale.order.id)})
    return _page(cashier, taken=taken, refused=refused)


async def _take(cashier: Cashier, sale: Sale, line: StatementLine, by: str) -> None:
    if line.amount_minor > 0:
        await confirm_line(cashier, Confirmed(line=line, order=sale.order.public_id, by=by))
        return
    number, provider = _refund_of(sale, line), cashier.providers.get(InvoiceProvider.name)
    if number is None or not isinstance(provider, InvoiceProvider):
        raise Refused("line-used", "This transfer belongs to another order, or to none.")
    fact = provider.sent_back(line, sale.order.reference, number)
    await take(cashier, provider.name, [fact])


def _decoded(text: str) -> _Sent | None:
    try:
        return msgspec.json.decode(text, type=_Sent)
    except (msgspec.DecodeError, msgspec.ValidationError):
        return None


def _page(
    cashier: Cashier,
    *,
    fault: dict[str, Json] | None = None,
    file: str = "",
    rows: list[dict[str, Json]] | None = None,
    used: int = 0,
    hidden: int = 0,
    taken: list[dict[str, Json]] | None = None,
    refused: list[dict[str, Json]] | None = None,
) -> PageAnswer:
    context: dict[str, Json] = {
        "open": any(one.name == InvoiceProvider.name for one in cashier.providers),
        "fault": fault,
        "file": file,
        "rows": rows,
        "used": used,
        "hidden": hidden,
        "taken": taken,
        "refused": refused or [],
    }
    return Html(template="statement.html", context=context, status=422 if fault else 200)
