"""Print invoices and receipts as PDF, in the reader's language, without a file or a font of ours.

What is printed is passed as data: nothing that somebody typed is read as typesetting.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from importlib import resources
from typing import Final
from zoneinfo import ZoneInfo

import typst

from kundelik_core.sdk import Text
from kundelik_payments.domain.codes import grouped
from kundelik_payments.domain.model import Order, Receipt, ReceiptKind
from kundelik_payments.domain.money import shown
from kundelik_payments.providers.invoice.account import Account, qr_payload, qr_svg

__all__ = ["PaperLine", "invoice_pdf", "receipt_pdf"]

_ZONE: Final = ZoneInfo("Asia/Almaty")
_T: Final = {
    "invoice": Text(kk="Төлем шоты", ru="Счёт на оплату", en="Invoice"),
    "receipt": Text(kk="Түбіртек", ru="Квитанция", en="Receipt"),
    "cancellation": Text(kk="Қайтару түбіртегі", ru="Квитанция о возврате", en="Cancellation"),
    "payee": Text(kk="Алушы", ru="Получатель", en="Payee"),
    "bin": Text(kk="БСН", ru="БИН", en="BIN"),
    "iban": Text(kk="ЖСК", ru="ИИК", en="IBAN"),
    "bank": Text(kk="Банк", ru="Банк", en="Bank"),
    "bic": Text(kk="БСК", ru="БИК", en="BIC"),
    "code": Text(kk="ТМК", ru="КНП", en="Purpose code"),
    "purpose": Text(kk="Төлем мақсаты", ru="Назначение платежа", en="Purpose"),
    "until": Text(kk="Төлеу мерзімі", ru="Оплатить до", en="Pay until"),
    "date": Text(kk="Күні", ru="Дата", en="Date"),
    "order": Text(kk="Тапсырыс", ru="Заказ", en="Order"),
    "cancels": Text(kk="Қай түбіртекке", ru="К квитанции", en="For receipt"),
    "item": Text(kk="Қызмет", ru="Услуга", en="Item"),
    "price": Text(kk="Бағасы", ru="Цена", en="Price"),
    "total": Text(kk="Барлығы", ru="Итого", en="Total"),
    "keep": Text(
        kk="Төлем мақсатын өзгертпей жазыңыз: төлем сол арқылы танылады.",
        ru="Не меняйте назначение платежа: по нему платёж узнают.",
        en="Write the purpose exactly so: the payment is recognised by it.",
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperLine:
    """A row of a paper."""

    title: str
    amount_minor: int


def invoice_pdf(
    account: Account, order: Order, amount_minor: int, locale: str, zone: ZoneInfo = _ZONE
) -> bytes:
    """Return the invoice of an order; its days are those of ``zone``."""
    purpose = account.purpose(order.public_id)
    facts = [
        ("payee", account.name),
        ("bin", account.bin),
        ("iban", account.iban),
        ("bank", account.bank),
        ("bic", account.bic),
        ("code", account.purpose_code),
        ("purpose", purpose),
        ("until", _day(order.expires_at, zone)),
    ]
    lines = [PaperLine(title=line.title, amount_minor=line.price_minor) for line in order.lines]
    return _print(
        f"{_T['invoice'].of(locale)} {grouped(order.public_id)}",
        facts,
        lines,
        amount_minor,
        order.currency,
        locale,
        order.placed_at.astimezone(zone).date(),
        qr=qr_svg(qr_payload(account, order.public_id, amount_minor)),
        note=_T["keep"].of(locale),
    )


def receipt_pdf(
    account: Account,
    receipt: Receipt,
    lines: Sequence[PaperLine],
    locale: str,
    zone: ZoneInfo = _ZONE,
) -> bytes:
    """Return a receipt or its cancellation."""
    facts = [
        ("payee", account.name),
        ("bin", account.bin),
        ("order", grouped(receipt.order)),
        ("date", _day(receipt.at, zone)),
    ]
    if receipt.cancels:
        facts.append(("cancels", receipt.cancels))
    sign = -1 if receipt.kind is ReceiptKind.CANCELLATION else 1
    return _print(
        f"{_T[receipt.kind.value].of(locale)} {receipt.number}",
        facts,
        lines,
        sign * receipt.amount_minor,
        receipt.currency,
        locale,
        receipt.at.astimezone(zone).date(),
    )


def _day(moment: datetime, zone: ZoneInfo) -> str:
    return f"{moment.astimezone(zone):%d.%m.%Y}"


def _print(
    title: str,
    facts: Sequence[tuple[str, str]],
    lines: Sequence[PaperLine],
    total_minor: int,
    currency: str,
    locale: str,
    made: date,
    *,
    qr: str = "",
    note: str = "",
) -> bytes:
    data = {
        "title": title,
        "lang": locale,
        "facts": [[_T[key].of(locale), value] for key, value in facts],
        "head": [_T["item"].of(locale), _T["price"].of(locale)],
        "lines": [[line.title, shown(line.amount_minor, currency)] for line in lines],
        "total": [_T["total"].of(locale), shown(total_minor, currency)],
        "qr": qr,
        "note": note,
    }
    source = resources.files(__package__).joinpath("paper.typ").read_bytes()
    return typst.compile(
        source,
        ignore_system_fonts=True,
        sys_inputs={"data": json.dumps(data, ensure_ascii=False)},
        # The same paper is the same bytes: its date is its own, not that of its printing.
        timestamp=datetime.combine(made, time(), UTC),
    )
