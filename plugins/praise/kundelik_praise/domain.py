"""Decide what is pure about notes: who may write, what may be written, how long it stays."""

import calendar
import csv
import io
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import Any, Final
from uuid import UUID

from kundelik_core.sdk import Actor, Text

__all__ = [
    "ARCHIVE_DAYS",
    "HEAD",
    "KINDS",
    "LEADERS",
    "LONGEST",
    "RECENT_DAYS",
    "TITLES",
    "as_csv",
    "class_name",
    "faults_of",
    "leads",
    "looks_after",
    "months_before",
    "recent",
    "school_year",
    "unnoticed",
]

LONGEST: Final = 500
RECENT_DAYS: Final = 30
ARCHIVE_DAYS: Final = 90
KINDS: Final = ("praise", "remark")
LEADERS: Final = frozenset({"deputy", "director"})
CARERS: Final = LEADERS | {"psychologist"}

TITLES: Final[Mapping[str, Text]] = {
    "praise": Text(kk="Мақтау", ru="Похвала", en="Praise"),
    "remark": Text(kk="Ескерту", ru="Замечание", en="Remark"),
}

HEAD: Final = (
    Text(kk="Күні", ru="Дата", en="Day"),
    Text(kk="Оқушы", ru="Ученик", en="Pupil"),
    Text(kk="Түрі", ru="Вид", en="Kind"),
    Text(kk="Мәтіні", ru="Текст", en="Text"),
    Text(kk="Пән", ru="Предмет", en="Subject"),
    Text(kk="Мұғалім", ru="Учитель", en="Teacher"),
)
"""What stands over the columns of a saved list."""


def leads(actor: Actor) -> bool:
    """Say whether somebody may write to every pupil of the school."""
    return not LEADERS.isdisjoint(actor.roles)


def looks_after(actor: Actor) -> bool:
    """Say whether somebody may read the notes to every pupil of the school."""
    return not CARERS.isdisjoint(actor.roles)


def faults_of(
    kind: str, body: str, *, remarks: bool, written_today: int, most_a_day: int
) -> dict[str, str]:
    """Return what keeps a note from being taken: a code by field, nothing when all is well."""
    faults = {}
    if kind not in KINDS or (kind == "remark" and not remarks):
        faults["kind"] = "kind"
    if not body:
        faults["body"] = "empty"
    elif len(body) > LONGEST:
        faults["body"] = "long"
    elif "\x00" in body:
        faults["body"] = "signs"
    if not faults and written_today >= most_a_day:
        faults["form"] = "many"
    return faults


def months_before(day: date, months: int) -> date:
    """Return the same day so many months earlier, or the last of that month."""
    year, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def school_year(day: date) -> int:
    """Return the school year of a day: 2026 from August 2026 to July 2027."""
    return day.year if day.month >= 8 else day.year - 1


def class_name(grade: int | None, letter: str | None) -> str:
    """Return what a class is called."""
    if grade is None:
        return ""
    return f"{grade} «{letter}»" if letter else str(grade)


def as_csv(head: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    """Return a table that spreadsheets of all makers open as text."""
    out = io.StringIO()
    writer = csv.writer(out, delimiter=";", lineterminator="\r\n")
    writer.writerow(head)
    for row in rows:
        # A cell that begins so would be run as a formula.
        writer.writerow([f"'{cell}" if cell[:1] in "=+-@\t\r" and cell else cell for cell in row])
    return out.getvalue().encode("utf-8-sig")


def recent(rows: Iterable[Mapping[str, Any]], today: date) -> dict[UUID, dict[str, int]]:
    """Return how many notes of each kind every pupil got within the last month."""
    first = today - timedelta(days=RECENT_DAYS)
    found: dict[UUID, dict[str, int]] = {}
    for row in rows:
        if row["day"] > first:
            counts = found.setdefault(row["student_id"], dict.fromkeys(KINDS, 0))
            counts[row["kind"]] += 1
    return found


def unnoticed(students: Collection[UUID], counts: Mapping[UUID, Mapping[str, int]]) -> int:
    """Return how many of these got no praise lately."""
    return sum(1 for one in students if not counts.get(one, {}).get("praise"))
