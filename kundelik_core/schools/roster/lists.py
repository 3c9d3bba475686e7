"""Read plain lists of pupils and of staff, also several of both in one workbook."""

from __future__ import annotations

from kundelik_core.kernel.i18n import N_

from .classlist import find_list_header, read_class_table
from .files import Source
from .model import Roster
from .stafflist import StaffList, find_staff_header

__all__ = ["looks_like_lists", "read_lists"]


def looks_like_lists(source: Source) -> bool:
    """Whether one of the first rows of a sheet or file is a heading we know."""
    return any(
        find_staff_header(table, source.name) or find_list_header(table)
        for table in source.tables.values()
    )


def read_lists(source: Source, *, default_class: str = "") -> Roster:
    """Read every sheet or file that holds a list; the others are named as left out."""
    roster = Roster(format="class-list", format_title=N_("Class list"))
    staff, pupils = StaffList(roster, source.report), False
    for table in source.tables.values():
        of_staff = find_staff_header(table, source.name)
        if of_staff is not None:
            staff.read(table, of_staff)
            continue
        found = find_list_header(table)
        if found is None:
            source.report.once(
                table.at(),
                "sheet_left_out",
                N_(
                    "No headings such as Surname, Name or Class were found here; "
                    "this sheet was left out."
                ),
            )
            continue
        pupils = True
        read_class_table(roster, table, found, default_class)
    if not pupils:
        roster.format, roster.format_title = "staff-list", N_("Staff list")
    staff.finish()
    return roster
