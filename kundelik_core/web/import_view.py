"""Lay an import out for its page: numbers, remarks, files to take away."""

from collections import defaultdict
from collections.abc import Mapping
from typing import Final
from urllib.parse import quote

from litestar import Response

from kundelik_core.kernel.i18n import N_, _, ngettext
from kundelik_core.schools.roster import RowError
from kundelik_core.schools.roster.apply import Applied

__all__ = [
    "FORMATS",
    "LABELS",
    "ROWS_SHOWN",
    "attachment",
    "counted",
    "done_lines",
    "hidden",
    "remark",
]

ROWS_SHOWN: Final = 100
LABELS: Final = {
    "pupils": N_("Pupils"),
    "staff": N_("Staff"),
    "parents": N_("Parents"),
    "classes": N_("Classes"),
    "groups": N_("Teaching groups"),
    "places": N_("Places in classes and groups"),
    "guardians": N_("Ties of parents and children"),
}
FORMATS: Final = (
    ("OneRoster 1.1, 1.2", N_("A ZIP of CSV files with manifest.csv")),
    ("Microsoft School Data Sync", N_("A ZIP of CSV files: Student.csv, Section.csv and others")),
    (N_("Staff list"),
     N_("XLSX or CSV with headings such as Surname, Name, Position, Homeroom, Phone")),
    (N_("Class list"),
     N_("XLSX or CSV with headings such as Surname, Name, Class, Birth date, in Kazakh, Russian "
        "or English")),
    (N_("Timetable"),
     N_("XLSX or CSV with the headings Class, Weekday, Lesson, Subject, Teacher; Part, Room and "
        "Week if you wish. Several classes in one cell are taught together.")),
)  # fmt: skip


def hidden(errors: int) -> str:
    """How many remarks are not shown."""
    more = errors - ROWS_SHOWN
    return ngettext("and %(n)s more", "and %(n)s more", more) % {"n": more} if more > 0 else ""


def counted(
    summary: Mapping[str, Mapping[str, int]], labels: Mapping[str, str]
) -> list[dict[str, str]]:
    """The lines of the summary, by their labels; what the file says nothing about is left out."""
    told = {label: numbers for label, numbers in summary.items() if any(numbers.values())}
    return [
        {"label": _(labels[label]), **{k: str(v) for k, v in numbers.items()}}
        for label, numbers in (told or summary).items()
    ]


def done_lines(done: Applied) -> list[dict[str, str]]:
    """What was written, without the lines in which nothing changed."""
    lines = []
    for label, count in done.plan.counts.items():
        new, changed = N_("%(what)s: new"), N_("%(what)s: changed")
        for number, text in ((count.new, new), (count.changed, changed)):
            if number:
                lines.append((_(text) % {"what": _(LABELS[label])}, number))
    if done.accounts:
        lines.append((_("Accounts that wait for their one-time code"), done.accounts))
    left_out = sum(error.severity == "error" for error in done.plan.errors)
    if left_out:
        lines.append((_("Rows left out"), left_out))
    shown = [{"label": label, "value": str(number)} for label, number in lines]
    return shown or [{"label": _("Nothing had to be changed"), "value": "0"}]


def remark(error: RowError) -> dict[str, object]:
    """One remark in the reader's language."""
    return {
        "file": error.file,
        "line": str(error.line) if error.line else "",
        "column": error.column,
        "value": error.value,
        "text": _(error.message) % defaultdict(str, error.params),
        "bad": error.severity == "error",
    }


def attachment(
    content: bytes, name: str, ascii_name: str, ending: str, kind: str
) -> Response[bytes]:
    """A file to take away, its name in the reader's language and in plain letters."""
    told = f"attachment; filename=\"{ascii_name}.{ending}\"; filename*=UTF-8''"
    told += quote(f"{name}.{ending}", safe="")
    headers = {"Content-Disposition": told, "Cache-Control": "private, no-store"}
    return Response(content, media_type=kind, headers=headers)
