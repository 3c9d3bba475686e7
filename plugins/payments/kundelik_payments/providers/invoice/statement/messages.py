"""Read statements that are messages between banks: MT940 and CAMT.053."""

from collections.abc import Iterator
from datetime import date
from typing import Final
from xml.etree.ElementTree import Element, ParseError

import mt940
from defusedxml import DefusedXmlException
from defusedxml import ElementTree as SafeTree

from kundelik_payments.providers.invoice.statement.line import (
    StatementError,
    StatementLine,
    minor_of,
)

__all__ = ["read_camt", "read_mt940"]

_NO_REFERENCE: Final = frozenset({"NONREF", "NOTPROVIDED", ""})


def read_mt940(content: bytes) -> list[StatementLine]:
    """Return the lines of an MT940 file.

    Raises:
        StatementError: it cannot be read.
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("kz1048", errors="replace")
    try:
        statements = mt940.parse_statements(text)
        lines = [_mt940_line(one.data) for part in statements for one in part]
    except (RuntimeError, ValueError, KeyError, AttributeError, TypeError) as error:
        # The library raises what its patterns happen to meet in a broken file.
        raise StatementError(f"not MT940: {error}") from error
    if len(lines) != sum(row.startswith(":61:") for row in text.splitlines()):
        raise StatementError("not MT940: a line of it cannot be read")
    return lines


def _mt940_line(data: dict[str, object]) -> StatementLine:
    amount, booked = data["amount"], data.get("entry_date") or data["date"]
    if not isinstance(amount, mt940.models.Amount) or not isinstance(booked, date):
        raise StatementError("a line without an amount or a date")
    details = " ".join(str(data.get("transaction_details") or "").split())
    purpose = " ".join(str(data.get("purpose") or "").split())
    reference = str(data.get("bank_reference") or data.get("customer_reference") or "")
    return StatementLine(
        booked=date(booked.year, booked.month, booked.day),
        amount_minor=minor_of(str(amount.amount)),
        currency=str(amount.currency),
        purpose=purpose or details,
        bank_reference="" if reference in _NO_REFERENCE else reference,
        payer=str(data.get("applicant_name") or ""),
    )


def read_camt(content: bytes) -> list[StatementLine]:
    """Return the booked lines of a CAMT.053 file, of whichever version.

    Raises:
        StatementError: it cannot be read, or tries to make the reader fetch or swell.
    """
    try:
        root = SafeTree.fromstring(content, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError) as error:
        raise StatementError(f"not CAMT.053: {type(error).__name__}") from error
    for node in root.iter():
        node.tag = str(node.tag).rpartition("}")[2]
    if root.find("BkToCstmrStmt") is None:
        raise StatementError("not CAMT.053: no statement in it")
    return [line for entry in root.iter("Ntry") for line in _entry(entry)]


def _entry(entry: Element) -> Iterator[StatementLine]:
    status = entry.findtext("Sts/Cd") or entry.findtext("Sts") or "BOOK"
    booked = entry.findtext("BookgDt/Dt") or (entry.findtext("BookgDt/DtTm") or "")[:10]
    if status.strip() != "BOOK" or not booked:
        return
    details = entry.findall("NtryDtls/TxDtls")
    for detail in details or [entry]:
        amount = detail.find("Amt")
        if amount is None:
            amount = detail.find("AmtDtls/TxAmt/Amt")
        if amount is None and len(details) < 2:
            amount = entry.find("Amt")
        if amount is None:
            raise StatementError("an entry of several transactions does not say each one's amount")
        way = detail.findtext("CdtDbtInd") or entry.findtext("CdtDbtInd") or ""
        yield StatementLine(
            booked=_day(booked),
            amount_minor=minor_of(amount.text or "") * (-1 if way.strip() == "DBIT" else 1),
            currency=amount.get("Ccy", ""),
            purpose=" ".join(
                [node.text or "" for node in detail.findall("RmtInf/Ustrd")]
                or [entry.findtext("AddtlNtryInf") or ""]
            ).strip(),
            bank_reference=_reference(detail, entry),
            payer=(detail.findtext("RltdPties/Dbtr/Nm") or detail.findtext("RltdPties/Dbtr/Pty/Nm"))
            or "",
        )


def _reference(detail: Element, entry: Element) -> str:
    found = (
        detail.findtext("Refs/AcctSvcrRef"),
        detail.findtext("Refs/TxId"),
        entry.findtext("AcctSvcrRef"),
        detail.findtext("Refs/EndToEndId"),
    )
    return next((one.strip() for one in found if one and one.strip() not in _NO_REFERENCE), "")


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text.strip()[:10])
    except ValueError as error:
        raise StatementError(f"no date: {text!r}") from error
