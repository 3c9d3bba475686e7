import asyncio
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest
from kundelik_payments.domain.balance import owed
from kundelik_payments.domain.codes import grouped, new_code
from kundelik_payments.domain.model import Order, OrderLine, Sale
from kundelik_payments.domain.refused import Refused
from kundelik_payments.memory import MemoryStore
from kundelik_payments.providers.invoice.account import Account, qr_payload
from kundelik_payments.providers.invoice.matching import Verdict
from kundelik_payments.providers.invoice.paper import PaperLine, invoice_pdf, receipt_pdf
from kundelik_payments.providers.invoice.provider import InvoiceProvider
from kundelik_payments.providers.invoice.statement.line import (
    StatementError,
    StatementLine,
    minor_of,
)
from kundelik_payments.providers.invoice.statement.reading import read_statement
from kundelik_payments.providers.registry import Providers
from kundelik_payments.providers.spi import Instructions
from kundelik_payments.service import checkout
from kundelik_payments.service.cashier import Cashier
from kundelik_payments.service.facts import take
from kundelik_payments.service.importing import Confirmed, confirm_line, proposals

NOW = datetime(2026, 11, 24, 7, tzinfo=UTC)
ACCOUNT = Account(
    name="ТОО «Күнделік»",
    bin="000000000000",
    iban="KZ00000A0000000000",
    bank="АО «Банк»",
    bic="AAAAKZKA",
)


class Standing:
    def now(self) -> datetime:
        return NOW


class Desk:
    """A cashier who takes transfers, and one loop for all of a test."""

    def __init__(self) -> None:
        self.store = MemoryStore()
        self.provider = InvoiceProvider(ACCOUNT)
        self.cashier = Cashier(
            store=self.store,
            providers=Providers([self.provider]),
            clock=Standing(),
        )
        self.count = 0

    async def invoiced(self, minor: int = 99_000) -> Sale:
        self.count += 1
        order = Order(
            id=UUID(int=self.count),
            public_id=new_code(),
            school_id=7,
            payer=UUID(int=99),
            currency="KZT",
            placed_at=NOW,
            expires_at=NOW + timedelta(days=1),
            lines=(
                OrderLine(
                    number=1,
                    sku="a.b",
                    title="Рейтинг",
                    price_minor=minor,
                    feature="a.b",
                    price_id=UUID(int=9),
                ),
            ),
        )
        await self.cashier.place(order)
        way = checkout.Way(return_url="", cancel_url="", locale="kk")
        action = await checkout.start(self.cashier, order.id, "invoice", way)
        assert isinstance(action, Instructions)
        assert action.fields["reference"] == grouped(order.public_id)
        return await self.cashier.get(order.id)

    def asked(self) -> list[str]:
        return [type(one).__name__ for one in self.store.wishes]

    async def confirm(self, line: StatementLine, order: str) -> None:
        await confirm_line(self.cashier, Confirmed(line=line, order=order, by="accountant"))


def line(purpose: str, minor: int = 99_000, reference: str = "1", **other: str) -> StatementLine:
    return StatementLine(
        booked=date(2026, 11, 24),
        amount_minor=minor,
        currency=other.get("currency", "KZT"),
        purpose=purpose,
        bank_reference=reference,
    )


@pytest.fixture
def run() -> Iterator[Callable[..., None]]:
    with asyncio.Runner() as runner:
        yield runner.run


@pytest.mark.parametrize(
    ("text", "minor"),
    [
        ("1 500,00", 150_000),
        ("1\u00a0500.5", 150_050),
        ("1,500.00", 150_000),
        ("1.500,00", 150_000),
        ("-990", -99_000),
        ("990.00", 99_000),
        ("0,01", 1),
        ("", 0),
    ],
)
def test_amounts_as_banks_write_them(text: str, minor: int) -> None:
    assert minor_of(text) == minor


@pytest.mark.parametrize("text", ["1,500", "1.500.000", "x", "1,5,0", "0.001", "NaN", "1e999999"])
def test_what_is_no_amount_for_certain_is_refused(text: str) -> None:
    with pytest.raises(StatementError):
        minor_of(text)


TABLES = {
    "semicolons": (
        "Выписка по счёту KZ00;;;;\r\nДата операции;Номер документа;Дебет (KZT);Кредит (KZT);"
        "Отправитель;Назначение платежа\r\n24.11.2026;17;;990,00;Серікқызы А.;Оплата CODE\r\n"
        "24.11.2026;18;1 000,00;;Банк;Комиссия\r\nИтого;;1 000,00;990,00;;\r\n"
    ).encode("kz1048"),
    "kazakh": (
        "Күні\tҚұжат нөмірі\tСома\tВалюта\tТөлем мақсаты\n"
        "24.11.2026 10:15:00\t17\t990.00\tKZT\tCODE\n"
        "24.11.2026\t18\t-1000.00\tKZT\tКомиссия\n"
    ).encode("utf-8-sig"),
    "commas": (
        b'Date,Reference,Amount,Currency,Details\n2026-11-24,17,"990.00",KZT,"pay, CODE"\n'
        b'2026-11-24,18,"-1,000.00",KZT,fee\n'
    ),
}


@pytest.mark.parametrize("kind", TABLES)
def test_tables(kind: str) -> None:
    came, went = read_statement(TABLES[kind], "KZT")
    assert (came.booked, came.amount_minor, came.currency) == (date(2026, 11, 24), 99_000, "KZT")
    assert "CODE" in came.purpose
    assert came.bank_reference == "17"
    assert went.amount_minor == -100_000


MT940 = b"""{1:F01AAAAKZKAAXXX0000000000}{2:I940AAAAKZKAXXXXN}{4:
:20:STMT1
:25:KZ00000A0000000000
:28C:1/1
:60F:C261123KZT1000,00
:61:2611241124C990,00NTRFNONREF//17
:86:Kundelik CODE
:61:2611241124D1000,00NCHG18//18
:86:Fee
:62F:C261124KZT990,00
-}
"""


def test_mt940() -> None:
    came, went = read_statement(MT940, "KZT")
    assert (came.booked, came.amount_minor, came.currency) == (date(2026, 11, 24), 99_000, "KZT")
    assert "CODE" in came.purpose
    assert (came.bank_reference, went.amount_minor) == ("17", -100_000)


CAMT = """<?xml version="1.0" encoding="UTF-8"?>
<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.VERSION"><BkToCstmrStmt><Stmt>
<Ntry><Amt Ccy="KZT">990.00</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts>STATUS</Sts>
<BookgDt><Dt>2026-11-24</Dt></BookgDt><NtryDtls><TxDtls><Refs><AcctSvcrRef>17</AcctSvcrRef></Refs>
<RmtInf><Ustrd>Kundelik</Ustrd><Ustrd>CODE</Ustrd></RmtInf></TxDtls></NtryDtls></Ntry>
<Ntry><Amt Ccy="KZT">1000.00</Amt><CdtDbtInd>DBIT</CdtDbtInd><Sts>STATUS</Sts>
<BookgDt><DtTm>2026-11-24T10:00:00</DtTm></BookgDt><AddtlNtryInf>Fee</AddtlNtryInf></Ntry>
<Ntry><Amt Ccy="KZT">1.00</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts>PENDING</Sts></Ntry>
</Stmt></BkToCstmrStmt></Document>"""


@pytest.mark.parametrize(
    ("version", "booked", "pending"),
    [("02", "BOOK", "PDNG"), ("08", "<Cd>BOOK</Cd>", "<Cd>PDNG</Cd>")],
)
def test_camt(version: str, booked: str, pending: str) -> None:
    text = CAMT.replace("VERSION", version).replace("STATUS", booked).replace("PENDING", pending)
    came, went = read_statement(text.encode(), "KZT")
    assert (came.booked, came.amount_minor, came.currency) == (date(2026, 11, 24), 99_000, "KZT")
    assert (came.purpose, came.bank_reference) == ("Kundelik CODE", "17")
    assert went.amount_minor == -100_000


def test_camt_does_not_say_amounts_of_a_batch() -> None:
    two = "<TxDtls></TxDtls><TxDtls></TxDtls>"
    text = CAMT.replace("STATUS", "BOOK").replace("<NtryDtls>", f"<NtryDtls>{two}", 1)
    with pytest.raises(StatementError, match="each one's amount"):
        read_statement(text.encode(), "KZT")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x00\xff\xfe",
        b"<html></html>",
        b"<Document>",
        b'<!DOCTYPE a [<!ENTITY x "y">]><Document>&x;</Document>',
        b'<!DOCTYPE a SYSTEM "file:///etc/passwd"><Document/>',
        b":20:A\n:25:B\n:61:nonsense\n",
        "Дата;Сумма;Назначение платежа\n24.11.2026;1,5,0;x\n".encode(),
        b'Date,Amount,Details\n"unclosed',
    ],
    ids=range(9),
)
def test_files_that_are_no_statement_are_refused(content: bytes) -> None:
    with pytest.raises(StatementError):
        read_statement(content, "KZT")


def test_two_equal_lines_stay_two_and_a_second_import_finds_both_known() -> None:
    head = b"Date,Amount,Details\n"
    row = b"2026-11-24,990.00,CODE\n"
    first, again = (read_statement(head + row + row, "KZT") for _ in range(2))
    assert len({one.key for one in first}) == 2
    assert [one.key for one in first] == [one.key for one in again]


def test_a_transfer_is_proposed_confirmed_by_a_person_and_taken_once(
    run: Callable[..., None],
) -> None:
    async def story() -> None:
        desk = Desk()
        sale = await desk.invoiced()
        transfer = line(f"оплата {grouped(sale.order.public_id).lower()} за рейтинг")
        (proposal,) = await proposals(desk.cashier, [transfer])
        assert (proposal.verdict, proposal.order) == (Verdict.EXACT, sale.order.public_id)
        assert (await desk.cashier.get(sale.order.id)).order.state == "pending"
        await asyncio.gather(*(desk.confirm(transfer, proposal.order) for _ in range(3)))
        after = await desk.cashier.get(sale.order.id)
        assert (after.order.state, desk.asked(), owed(after)) == ("paid", ["Bought"], 0)
        (again,) = await proposals(desk.cashier, [transfer])
        assert again.verdict is Verdict.USED
        other = await desk.invoiced()
        with pytest.raises(Refused):
            await desk.confirm(transfer, other.order.public_id)

    run(story())


def test_where_there_is_doubt_nothing_is_sure(run: Callable[..., None]) -> None:
    async def story() -> None:
        desk = Desk()
        one, two = await desk.invoiced(), await desk.invoiced()
        first, second = one.order.public_id, two.order.public_id
        wrong = first[:-1] + ("2" if first[-1] != "2" else "3")
        lines = [
            line(f"{first}", 50_000, "a"),
            line(f"{first}", 99_000, "b", currency="USD"),
            line(f"{first} {second}", 99_000, "c"),
            line(f"{grouped(wrong)}", 99_000, "d"),
            line("за рейтинг", 99_000, "e"),
            line(f"возврат {first}", -99_000, "f"),
            line(f"{new_code()}", 99_000, "g"),
            line(f"{second}", 99_000, "h"),
            line(f"{second}", 99_000, "i"),
        ]
        found = [proposal.verdict.value for proposal in await proposals(desk.cashier, lines)]
        assert found == [
            *("amount_differs", "currency_differs", "several", "mistyped", "unknown"),
            *("outgoing", "unknown", "exact", "paid_already"),
        ]

    run(story())


def test_two_parts_pay_an_order_and_a_third_is_owed(run: Callable[..., None]) -> None:
    async def story() -> None:
        desk = Desk()
        sale = await desk.invoiced(99_000)
        code = sale.order.public_id
        await desk.confirm(line(code, 40_000, "a"), code)
        assert (await desk.cashier.get(sale.order.id)).order.state == "pending"
        await desk.confirm(line(code, 59_000, "b"), code)
        assert (await desk.cashier.get(sale.order.id)).order.state == "paid"
        await desk.confirm(line(code, 99_000, "c"), code)
        after = await desk.cashier.get(sale.order.id)
        assert (owed(after), len(after.payments)) == (99_000, 3)
        assert desk.asked() == ["Bought"]

    run(story())


def test_a_refund_is_done_when_the_statement_shows_it(run: Callable[..., None]) -> None:
    async def story() -> None:
        desk = Desk()
        sale = await desk.invoiced()
        code = sale.order.public_id
        await desk.confirm(line(code), code)
        refund = await checkout.ask_refund(desk.cashier, sale.order.id, 1, {1: 99_000})
        after = await checkout.send_refund(desk.cashier, sale.order.id, refund.number)
        assert after.refunds[0].state == "transit"
        assert desk.asked() == ["Bought", "Refunded"]
        fact = desk.provider.sent_back(
            line("возврат", -99_000), sale.order.reference, refund.number
        )
        await take(desk.cashier, "invoice", [fact, fact])
        assert (await desk.cashier.get(sale.order.id)).refunds[0].state == "done"
        assert desk.asked() == ["Bought", "Refunded", "Returned"]

    run(story())


@pytest.mark.parametrize("locale", ["kk", "ru", "en"])
def test_papers_are_printed_in_each_language(run: Callable[..., None], locale: str) -> None:
    async def story() -> None:
        desk = Desk()
        sale = await desk.invoiced()
        order = sale.order
        first, again = (invoice_pdf(ACCOUNT, order, 99_000, locale) for _ in range(2))
        assert first == again
        assert first.startswith(b"%PDF-")
        assert b"/FontFile" in first or b"/FontFile3" in first
        await desk.confirm(line(order.public_id), order.public_id)
        (receipt,) = (await desk.cashier.get(order.id)).receipts
        rows = [PaperLine(title="#panic() $x$ Әліппе", amount_minor=99_000)]
        assert receipt_pdf(ACCOUNT, receipt, rows, locale).startswith(b"%PDF-")

    run(story())


def test_the_code_says_what_to_pay_and_nobodys_name() -> None:
    payload = qr_payload(ACCOUNT, "ACEKMTX234", 99_000)
    assert payload.startswith("ST00012|Name=ТОО «Күнделік»|PersonalAcc=KZ00000A0000000000|")
    assert "|Sum=99000|Purpose=Kundelik ACEKM-TX234|" in payload
