"""Read what a OneRoster manifest.csv promises about the files of its bundle."""

from __future__ import annotations

from kundelik_core.kernel.i18n import N_

from .columns import Line, open_sheet
from .files import Source
from .model import Mode

FILES = ("orgs", "academicSessions", "courses", "classes", "users", "roles", "demographics",
         "enrollments", "relationships", "lineItems", "categories", "results")  # fmt: skip
_MODES: dict[str, Mode] = {"bulk": "bulk", "delta": "delta", "absent": "absent"}


def read_manifest(source: Source) -> tuple[str, dict[str, Mode]]:
    """The version ("" when unknown) and how complete each file says it is."""
    table = source.table("manifest.csv")
    if table is None:
        return "", {}
    version, modes = "", dict[str, Mode]()
    sheet = open_sheet(table, ("propertyName", "value"))
    if sheet is None or not sheet.require(("propertyName", "value")):
        return "", {}
    for line in sheet.lines():
        name, value = line.get("propertyName"), line.get("value").casefold()
        if name == "oneroster.version":
            version = _version(line, value)
        elif name.startswith("file."):
            modes[name.removeprefix("file.")] = _mode(source, line, name, value)
    return version, modes


def _version(line: Line, value: str) -> str:
    if value in {"1.1", "1.2"}:
        return value
    line.report.warning(
        line.where("value"),
        "version_unknown",
        N_("OneRoster %(version)s is not known; the bundle is read by the columns it has."),
        params={"version": value or "?"},
    )
    return ""


def _mode(source: Source, line: Line, name: str, value: str) -> Mode:
    file = name.removeprefix("file.")
    present = source.table(f"{file}.csv") is not None
    mode = _MODES.get(value)
    if mode is None:
        line.report.warning(
            line.where("value"),
            "manifest_unclear",
            N_("The manifest does not say whether %(file)s is bulk or delta; "
               "it was read as bulk if it is there."),
            value=value,
            params={"file": f"{file}.csv"},
        )  # fmt: skip
        return "bulk" if present else "absent"
    if mode != "absent" and not present and file in FILES:
        line.report.error(
            line.where("value"),
            "file_missing",
            N_("The manifest announces %(file)s, which is not in the bundle."),
            params={"file": f"{file}.csv"},
        )
        return "absent"
    if mode == "absent" and present:
        line.report.warning(
            line.where("value"),
            "file_unannounced",
            N_("The manifest calls %(file)s absent, yet it is in the bundle and was read."),
            params={"file": f"{file}.csv"},
        )
        return "bulk"
    return mode
