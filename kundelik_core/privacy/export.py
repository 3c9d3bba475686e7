"""Read everything that is held about a person, for the copy that they may take along."""

from collections.abc import AsyncIterator, Iterable
from datetime import date, datetime, time
from decimal import Decimal
from uuid import UUID

from kundelik_core.kernel.db import Tenant, directory
from kundelik_core.kernel.i18n import current_locale
from kundelik_core.kernel.wire import Record as Row
from kundelik_core.privacy.model import Record, Section
from kundelik_core.privacy.sections import ACCOUNT, SECTIONS

__all__ = ["account_export", "person_export"]


async def person_export(tx: Tenant, person_id: UUID) -> AsyncIterator[Record]:
    """Yield what the open school holds about one of its people, section by section."""
    for section in SECTIONS:
        args: list[object] = [tx.school_id, person_id]
        if "$3" in section.sql:
            args.append(current_locale())
        for record in _records(section, await tx.fetch(section.sql, *args)):
            yield record


async def account_export(account_id: UUID) -> AsyncIterator[Record]:
    """Yield what the directory holds about an account; secrets and their hashes are no data."""
    for section in ACCOUNT:
        rows = await directory().fetch(section.sql, account_id)
        for record in _records(section, rows):
            yield record


def _records(section: Section, rows: Iterable[Row]) -> Iterable[Record]:
    names = [name for name, _title in section.columns]
    for row in rows:
        yield Record(section.key, {name: _plain(row[name]) for name in names})


def _plain(value: object) -> object:
    """Return a value as JSON has it; exact numbers as text, so that nothing is rounded."""
    if isinstance(value, datetime):
        return value.isoformat(timespec="seconds")
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, Decimal):
        text = format(value, "f")
        return text.rstrip("0").rstrip(".") if "." in text else text
    if isinstance(value, UUID):
        return str(value)
    return value
