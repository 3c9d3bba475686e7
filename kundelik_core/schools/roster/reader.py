"""Recognise what a school sent and read it: the one entry for every roster file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from kundelik_core.kernel.i18n import N_

from .columns import plain
from .files import DEFAULT_LIMIT, FileRefusedError, Source, Table, open_source
from .lists import looks_like_lists, read_lists
from .model import Roster
from .oneroster import read_oneroster
from .sds import read_sds_v1, read_sds_v2

_ONEROSTER = {"users.csv", "classes.csv", "enrollments.csv", "orgs.csv", "roles.csv",
              "demographics.csv", "courses.csv", "academicsessions.csv", "results.csv",
              "lineitems.csv"}  # fmt: skip
_SDS_V1 = {"student.csv", "teacher.csv", "section.csv", "school.csv", "studentenrollment.csv",
           "teacherroster.csv"}  # fmt: skip


def read_roster(
    source: Source | Path | str | bytes,
    *,
    name: str = "",
    default_class: str = "",
    limit: int = DEFAULT_LIMIT,
) -> Roster:
    """Read a bundle, a folder or lists; raises only FileRefusedError.

    ``default_class`` serves a class list that does not name its class ("5 «А»").
    """
    if isinstance(source, Source):
        return _read(source, default_class)
    with open_source(source, name=name, limit=limit) as opened:
        return _read(opened, default_class)


def _read(source: Source, default_class: str) -> Roster:
    reader = _recognise(source)
    roster = reader(source) if reader else None
    if roster is None:
        if not looks_like_lists(source):
            raise FileRefusedError(
                "format_unknown",
                N_("%(file)s is no OneRoster bundle, no School Data Sync set and no list of pupils "
                   "or staff with headings such as Surname, Name, Class or Position. Files seen: "
                   "%(seen)s."),
                params={
                    "file": source.name,
                    "seen": ", ".join(table.name for table in source.tables.values()),
                },
            )  # fmt: skip
        roster = read_lists(source, default_class=default_class)
    roster.errors = source.report.finish()
    return roster


def _recognise(source: Source) -> Callable[[Source], Roster] | None:
    names = set(source.tables)
    if "manifest.csv" in names:
        return read_oneroster
    if names & _SDS_V1 and not names & _ONEROSTER:
        first = _headings(source.tables[min(names & _SDS_V1)])
        if "sisid" in first or "sectionsisid" in first:
            return lambda opened: read_sds_v1(opened, uk=False)
        if first & {"id", "dfenumber", "sectionid"}:
            return lambda opened: read_sds_v1(opened, uk=True)
    known = names & _ONEROSTER
    if known:
        headings = {name: _headings(source.tables[name]) for name in known}
        given = set().union(*headings.values())
        if not given & {"sourcedid", "usersourcedid", "classsourcedid"}:
            return None
        full = given & {"datelastmodified", "schoolsourcedid", "status"}
        return read_oneroster if full else read_sds_v2
    return None


def _headings(table: Table) -> set[str]:
    for record in table.records():
        if any(cell.strip() for cell in record.cells):
            return {plain(cell) for cell in record.cells}
    return set()
