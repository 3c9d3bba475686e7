"""Read statements that are tables: the files that banks here give for spreadsheets."""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Final

from kundelik_payments.providers.invoice.statement.line import (
    StatementError,
    StatementLine,
    minor_of,
)

__all__ = ["read_table"]

_HEADS: Final[Mapping[str, tuple[str, ...]]] = {
    "booked": (
        *("дата операции", "дата проводки", "дата документа", "дата", "күні", "операция күні"),
        *("date", "booking date", "value date"),
    ),
    "credit": ("кредит", "приход", "поступление", "кіріс", "несие", "credit", "сумма по кредиту"),
    "debit": ("дебет", "расход", "списание", "шығыс", "debit", "сумма по дебету"),
    "amount": ("сумма", "сумма операции", "сома", "amount"),
    "currency": ("валюта", "currency"),
    "purpose": (
        *("назначение платежа", "назначение", "детали платежа", "описание", "төлем мақсаты"),
        *("мақсаты", "purpose", "details", "description"),
    ),
    "bank_reference": (
        *("номер документа", "№ документа", "№ док", "референс", "номер операции"),
        *("құжат нөмірі", "document number", "reference"),
    ),
    "payer": (
        *("отправитель", "плательщик", "корреспондент", "контрагент", "наименование"),
        *("бенефициар / отправитель", "жіберуші", "payer", "counterparty"),
    ),
}
_DATES: Final = ("%d.%m.%Y", "%Y-%m-%d", "%d/%m/%Y", "%d.%m.%y")
_SEARCHED: Final = 40


def read_table(content: bytes, currency: str) -> list[StatementLine]:
    """Return the lines of a table; ``currency`` is that of the account, if no column says it.

    Raises:
        StatementError: no row looks like the head of a statement, or a row cannot be read.
    """
    rows = _rows(_decoded(content))
    for number, row in enumerate(rows[:_SEARCHED]):
        places = _places(row)
        if {"booked", "purpose"} <= places.keys() and {"credit", "amount"} & places.keys():
            return [*_lines(rows[number + 1 :], places, currency, number + 2)]
    raise StatementError("no row names the date, the purpose and the amount")


def _decoded(content: bytes) -> str:
    for encoding in ("utf-8-sig", "kz1048"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise StatementError("neither UTF-8 nor KZ-1048")


def _rows(text: str) -> list[list[str]]:
    def width(separator: str) -> int:
        return max((line.count(separator) for line in text.splitlines()[:_SEARCHED]), default=0)

    separator = max(";\t,", key=width)
    try:
        return [*csv.reader(io.StringIO(text), delimiter=separator, strict=True)]
    except csv.Error as error:
        raise StatementError(f"not a table: {error}") from error


def _places(row: Sequence[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for place, cell in enumerate(row):
        name = " ".join(cell.casefold().replace("\n", " ").split()).rstrip(":")
        # Banks put the currency behind the word: "Кредит (KZT)", "Сумма, тенге".
        stem = name.split("(", maxsplit=1)[0].split(",", maxsplit=1)[0].strip()
        for key, names in _HEADS.items():
            if key not in found and stem in names:
                found[key] = place
                break
    return found


def _lines(
    rows: Sequence[Sequence[str]], places: Mapping[str, int], currency: str, first: int
) -> Iterator[StatementLine]:
    for number, row in enumerate(rows, first):
        cells = {
            key: row[place].strip() if place < len(row) else "" for key, place in places.items()
        }
        booked = _day(cells["booked"])
        if booked is None:
            # Sums and opening balances stand in rows without a date.
            continue
        try:
            minor = _amount(cells)
        except StatementError as error:
            raise StatementError(f"row {number}: {error}") from error
        if minor:
            yield StatementLine(
                booked=booked,
                amount_minor=minor,
                currency=(cells.get("currency") or currency).upper(),
                purpose=cells["purpose"],
                bank_reference=cells.get("bank_reference", ""),
                payer=cells.get("payer", ""),
            )


def _amount(cells: Mapping[str, str]) -> int:
    if "credit" in cells:
        return minor_of(cells["credit"]) - abs(minor_of(cells.get("debit", "")))
    return minor_of(cells["amount"])


def _day(text: str) -> date | None:
    for form in _DATES:
        for part in (text, text.split(" ", maxsplit=1)[0]):
            try:
                return datetime.strptime(part, form).date()  # noqa: DTZ007 - a day has no zone
            except ValueError:
                continue
    return None
