"""Find out what kind of file a statement is, and read it."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Final

from kundelik_payments.providers.invoice.statement.line import StatementError, StatementLine
from kundelik_payments.providers.invoice.statement.messages import read_camt, read_mt940
from kundelik_payments.providers.invoice.statement.tables import read_table

__all__ = ["MOST_BYTES", "MOST_LINES", "read_statement"]

MOST_BYTES: Final = 5_000_000
MOST_LINES: Final = 20_000


def read_statement(content: bytes, currency: str) -> list[StatementLine]:
    """Return the lines of a statement: CAMT.053, MT940, or a table.

    Raises:
        StatementError: it is none of them, or too large.
    """
    if len(content) > MOST_BYTES:
        raise StatementError("the file is too large")
    start = content[:2000].lstrip(b"\xef\xbb\xbf \r\n\t")
    if start.startswith(b"<"):
        lines = read_camt(content)
    elif b":20:" in start and b":25:" in start:
        lines = read_mt940(content)
    else:
        lines = read_table(content, currency)
    if len(lines) > MOST_LINES:
        raise StatementError("the file has too many lines")
    return [*_told_apart(lines)]


def _told_apart(lines: Iterable[StatementLine]) -> Iterator[StatementLine]:
    """Number lines that are alike in all, so that two equal payments stay two."""
    seen: Counter[str] = Counter()
    for line in lines:
        yield replace(line, repeat=seen[line.key])
        seen[line.key] += 1
