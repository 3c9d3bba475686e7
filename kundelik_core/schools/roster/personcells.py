"""Read what every list says of a person: names, sex, IIN, contacts; for pupils and for staff."""

from __future__ import annotations

import re
from typing import Final

from kundelik_core.kernel.i18n import N_
from kundelik_core.schools.iin import FAULTS, read_iin

from .columns import Line, Sheet
from .model import User
from .values import clean_name, parse_phone, parse_sex, split_name

__all__ = ["read_contacts", "read_names", "take_iin", "take_sex"]

_EMAIL: Final = re.compile(r"[^\s@,;<>\"]+@[^\s@,;<>\"]+\.[^\s@,;<>\".]+")
_LONGEST_EMAIL: Final = 254


def read_names(line: Line, sheet: Sheet) -> tuple[str, str, str] | None:
    """Surname, given name and patronymic, out of one column or of three; None is reported."""
    whole = "full" if sheet.has("full") else ""
    if not whole and not sheet.has("family"):
        whole = "given"
    columns = [whole] if whole else ["family", "given", "middle"]
    cleaned = [clean_name(line.get(column)) for column in columns]
    first = cleaned[0]
    if None in cleaned or not any(cleaned):
        empty = not any(line.get(column) for column in columns)
        line.report.error(
            line.where(columns[0]),
            "name_missing" if empty else "name_unusable",
            N_("This row names nobody.")
            if empty
            else N_("This name is too long or holds signs that a name cannot hold."),
            value=line.get(columns[0]),
        )
        return None
    if whole:
        return _split(line, sheet, whole, first or "")
    lacking = next((c for c, name in zip(columns[:2], cleaned, strict=False) if not name), "")
    if lacking:
        line.report.warning(
            line.where(lacking),
            "name_short",
            N_("A surname or a first name is missing here. Check the row."),
            value=cleaned[0] or cleaned[1] or cleaned[2] or "",
        )
    return cleaned[0] or "", cleaned[1] or "", cleaned[2] or ""


def _split(line: Line, sheet: Sheet, column: str, name: str) -> tuple[str, str, str]:
    family, given, middle = split_name(name)
    if not given:
        line.report.warning(
            line.where(column),
            "name_short",
            N_("Only one name is given here; it was taken as the surname."),
            value=family,
        )
    if not middle and sheet.has("middle"):
        middle = clean_name(line.get("middle")) or ""
    return family, given, middle


def take_sex(line: Line, user: User) -> None:
    """Take the sex when it is understood."""
    sex = parse_sex(line.get("sex"))
    if sex is None:
        line.report.warning(
            line.where("sex"),
            "sex_unclear",
            N_("%(value)s was not understood as a sex and was left empty."),
            value=line.get("sex"),
            params={"value": line.get("sex")},
        )
    user.sex = sex or ""


def take_iin(line: Line, user: User) -> None:
    """Take an IIN and what it tells; it never keeps anybody out."""
    text = line.get("iin").replace(" ", "")
    if not text:
        return
    if text.isascii() and text.isdigit() and len(text) in {10, 11}:
        # A spreadsheet drops the zeros in front of a number.
        text = text.zfill(12)
    found = read_iin(text)
    where = line.where("iin")
    if found.fault:
        line.report.warning(where, f"iin_{found.fault}", FAULTS[found.fault])
    elif found.birth_date and user.birth_date and found.birth_date != user.birth_date:
        line.report.warning(
            where, "iin_birth_date", N_("The IIN and the birth date of this row do not agree.")
        )
    elif found.sex and user.sex and found.sex != user.sex:
        line.report.warning(where, "iin_sex", N_("The IIN and the sex of this row do not agree."))
    else:
        user.birth_date = user.birth_date or found.birth_date
        user.sex = user.sex or found.sex
    if found.fault != "shape":
        user.iin = text


def read_contacts(line: Line, user: User) -> None:
    """Take e-mail and phone when somebody can be reached by them; tell when not."""
    address = line.get("email")
    if address and _EMAIL.fullmatch(address) and len(address) <= _LONGEST_EMAIL:
        user.email = address
    elif address.strip("-–— "):
        _left_out(line, "email", address)
    number = parse_phone(line.get("phone"))
    if number is None:
        _left_out(line, "phone", line.get("phone"))
    user.phone = number or ""


def _left_out(line: Line, column: str, value: str) -> None:
    line.report.warning(
        line.where(column),
        "contact_left_out",
        N_("%(value)s is not an address or a number that can be reached; it was left out."),
        value=value,
        params={"value": value},
    )
