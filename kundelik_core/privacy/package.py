"""Pack a copy of somebody's records: JSON for machines, tables for people and spreadsheets."""

import csv
import io
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import msgspec

from kundelik_core.kernel.i18n import N_, _
from kundelik_core.privacy.model import Added, Entry, Record, Section
from kundelik_core.privacy.words import WORDS

__all__ = ["FORMAT", "Part", "Sheet", "added_sheets", "as_csv", "as_json", "as_zip", "sheets"]

FORMAT: Final = "kundelik-person/1"
# A cell that begins so is a formula to a spreadsheet; a mark may be a lone "+" or "-".
_FORMULA: Final = ("=", "@", "\t", "\r")


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """What one place holds: a school, or the directory of accounts."""

    place: str
    folder: str
    records: list[Record]
    added: list[Added] = []

    @property
    def silent(self) -> list[str]:
        """Return the titles of modules that could not be asked."""
        return [one.title for one in self.added if not one.whole]


class Sheet(msgspec.Struct, frozen=True):
    """A section as people read it."""

    key: str
    title: str
    columns: list[str]
    rows: list[list[str]]


def sheets(
    records: Iterable[Record], sections: Sequence[Section], roles: Mapping[str, str]
) -> list[Sheet]:
    """Return the sections that hold anything, in the language of this request."""
    by_key: dict[str, list[Record]] = {}
    for record in records:
        by_key.setdefault(record.section, []).append(record)
    return [
        Sheet(
            section.key,
            _(section.title),
            [_(title) for _name, title in section.columns],
            [
                [_shown(section.key, name, one.values[name], roles) for name, _title in columns]
                for one in by_key[section.key]
            ],
        )
        for section in sections
        if section.key in by_key and (columns := section.columns)
    ]


def added_sheets(added: Iterable[Added]) -> list[Sheet]:
    """Return what modules keep, a sheet for each kind of thing."""
    found = []
    for one in added:
        by_title: dict[str, list[Entry]] = {}
        for entry in one.entries:
            by_title.setdefault(entry.title, []).append(entry)
        for number, (title, entries) in enumerate(by_title.items(), 1):
            names = list(dict.fromkeys(name for entry in entries for name in entry.values))
            rows = [[_told(name, entry.values.get(name)) for name in names] for entry in entries]
            found.append(Sheet(f"{one.module}-{number}", f"{one.title}: {title}", names, rows))
    return found


def _told(name: str, value: object) -> str:
    if isinstance(value, list | dict):
        return msgspec.json.encode(value).decode()
    return _shown("", name, value, {})


def _shown(section: str, name: str, value: object, roles: Mapping[str, str]) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return _(N_("yes")) if value else _(N_("no"))
    text = str(value)
    words = roles if name == "role" else WORDS.get((section, name), {})
    if text in words:
        return _(words[text])
    if name == "at" or name.endswith("_at"):
        return text[:16].replace("T", " ")
    return text


def as_csv(sheet: Sheet) -> bytes:
    """Return a sheet as spreadsheets read it: with a byte order mark, and nothing that runs."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow([_harmless(name) for name in sheet.columns])
    writer.writerows([_harmless(cell) for cell in row] for row in sheet.rows)
    return out.getvalue().encode("utf-8-sig")


def _harmless(cell: str) -> str:
    risky = cell.startswith(_FORMULA) or (cell[:1] in {"+", "-"} and not _is_plain(cell[1:]))
    return f"'{cell}" if risky else cell


def _is_plain(rest: str) -> bool:
    return all(char.isdigit() or char in ".,+- " for char in rest)


def as_json(parts: Sequence[Part], at: datetime) -> bytes:
    """Return everything with its exact values, as another program reads it."""
    places = []
    for part in parts:
        held: dict[str, list[Mapping[str, Any]]] = {}
        for record in part.records:
            held.setdefault(record.section, []).append(record.values)
        places.append(
            {
                "place": part.place,
                "held": held,
                "modules": [
                    {"module": one.module, "title": one.title, "records": one.entries}
                    for one in part.added
                ],
                "not_asked": [
                    {"module": one.module, "title": one.title}
                    for one in part.added
                    if not one.whole
                ],
            }
        )
    document = {"format": FORMAT, "made_at": at.isoformat(timespec="seconds"), "places": places}
    return msgspec.json.format(msgspec.json.encode(document), indent=1)


def as_zip(files: Mapping[str, bytes], at: datetime) -> bytes:
    """Return the files in one archive."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, body in files.items():
            archive.writestr(zipfile.ZipInfo(name, at.timetuple()[:6]), body, zipfile.ZIP_DEFLATED)
    return out.getvalue()
