"""Read single cells: dates, yes and no, names, phones, roles, classes. Pure functions."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from decimal import Decimal, InvalidOperation
from typing import Literal, NamedTuple

from .model import Sex

DateOrder = Literal["dmy", "mdy"]
MAX_NAME = 100
_OVERRIDES = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff"

_ISO = re.compile(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?:[T ]\d.*)?", re.ASCII)
_LOCAL = re.compile(r"(\d{1,2})\s*([./\-])\s*(\d{1,2})\s*[./\-]\s*(\d{4}|\d{2})"
                    r"(?:\s*(?:ж|г)\.?)?(?: \d.*)?", re.ASCII | re.IGNORECASE)  # fmt: skip
_YES = frozenset({"true", "1", "yes", "y", "t", "да", "иә", "+"})
_NO = frozenset({"false", "0", "no", "n", "f", "нет", "жоқ", "-"})
_MALE = frozenset({"m", "male", "boy", "м", "муж", "мужской", "мальчик", "ұл", "ұл бала", "ер",
                   "еркек", "ер бала", "ерк", "у", "юноша"})  # fmt: skip
_FEMALE = frozenset({"f", "female", "girl", "ж", "жен", "женский", "девочка", "қыз", "қыз бала",
                     "әйел", "қ", "девушка", "кыз", "айел"})  # fmt: skip
_LANGUAGES = {
    "": ("",),
    "kk": ("қазақ", "қазақша", "казахский", "казак", "каз", "қаз", "kazakh", "kk", "kz"),
    "ru": ("орыс", "орысша", "русский", "рус", "орс", "russian", "ru"),
    "ug": ("ұйғыр", "ұйғырша", "уйгурский", "уйг", "uyghur", "ug"),
    "uz": ("өзбек", "өзбекше", "узбекский", "узб", "uzbek", "uz"),
    "tg": ("тәжік", "тәжікше", "таджикский", "тадж", "tajik", "tg"),
    "en": ("ағылшын", "ағылшынша", "английский", "англ", "english", "en"),
}

ROLES = {
    "student": "pupil", "learner": "pupil", "pupil": "pupil",
    "teacher": "teacher", "faculty": "teacher", "professor": "teacher", "adjunct": "teacher",
    "instructor": "teacher", "lecturer": "teacher",
    "parent": "parent", "guardian": "parent", "relative": "parent", "mother": "parent",
    "father": "parent", "grandparent": "parent",
    "principal": "director", "administrator": "admin", "siteadministrator": "admin",
    "counselor": "psychologist", "schoolcounselor": "psychologist",
    "schoolpsychologist": "psychologist",
}  # fmt: skip


class ReadDate(NamedTuple):
    """A date, and whether day and month could have been the other way round."""

    day: dt.date
    doubtful: bool


def day_order(text: str) -> DateOrder | None:
    """What one slashed date proves about the order of day and month, if anything."""
    match = _LOCAL.fullmatch(text)
    if match is None or match[2] == ".":
        return None
    first, second = int(match[1]), int(match[3])
    if first > 12 >= second:
        return "dmy"
    if second > 12 >= first:
        return "mdy"
    return None


def parse_date(text: str, order: DateOrder = "dmy") -> ReadDate | None:
    """Read 2026-09-01, 2026-09-01T00:00:00Z, 01.09.2026, 1/05/2023 or 01.09.26."""
    try:
        if match := _ISO.fullmatch(text):
            return ReadDate(dt.date(int(match[1]), int(match[2]), int(match[3])), False)
        match = _LOCAL.fullmatch(text)
        if match is None:
            return None
        first, second = int(match[1]), int(match[3])
        year = int(match[4])
        if year < 100:
            year += 2000 if year < 50 else 1900
        if match[2] == ".":
            return ReadDate(dt.date(year, second, first), False)
        proven = day_order(text)
        day, month = (first, second) if (proven or order) == "dmy" else (second, first)
        return ReadDate(dt.date(year, month, day), proven is None and first != second)
    except ValueError:
        return None


def parse_bool(text: str, default: bool) -> bool | None:
    """Read TRUE/true/1/yes; ``default`` for an empty cell, None for anything else."""
    bare = text.strip().casefold()
    if not bare:
        return default
    return True if bare in _YES else False if bare in _NO else None


def parse_sex(text: str) -> Sex | None:
    """Read male/м/ұл and female/ж/қыз; "" for an empty cell or one that says "other"."""
    bare = text.strip().casefold().rstrip(".")
    if not bare or bare in {"other", "unspecified", "unknown"}:
        return ""
    return "male" if bare in _MALE else "female" if bare in _FEMALE else None


def parse_language(text: str) -> str | None:
    """The language in which a class is taught; "" for an empty cell, None for any other word."""
    bare = re.split(r"[\s,.]", text.strip().casefold())[0]
    return next((code for code, words in _LANGUAGES.items() if bare in words), None)


def parse_role(text: str) -> str | None:
    """One of our role codes, or None: nobody gets powers over a district out of a file."""
    return ROLES.get(re.sub(r"[^a-z]", "", text.casefold()))


def parse_decimal(text: str) -> Decimal | None:
    """An exact number with a point or a comma; never NaN, never infinite."""
    try:
        number = Decimal(text.strip().replace(",", "."))
    except InvalidOperation:
        return None
    return number if number.is_finite() and -20 < number.adjusted() < 20 else None


def parse_list(text: str) -> list[str]:
    """Read a quoted list such as "09,10,11"; quotes inside and spaces around do not count."""
    parts = (part.strip().strip("\"'").strip() for part in re.split(r"[,;]", text))
    return [part for part in parts if part]


def clean_name(text: str) -> str | None:
    """A name in one form, with single spaces; None when it holds what no name holds.

    A dash or dots are what people type for "none", and give "".

    Control characters and bidirectional overrides would let one pupil's name rewrite how
    a neighbour's line looks, so they are refused and not silently cut.
    """
    name = " ".join(unicodedata.normalize("NFC", text).split())
    if not name.strip("-–—. "):
        return ""
    if len(name) > MAX_NAME or not any(sign.isalpha() for sign in name):
        return None
    for sign in name:
        kind = unicodedata.category(sign)
        if kind in {"Cc", "Cs", "Cn", "Co"} or sign in _OVERRIDES:
            return None
    return name


def clean_text(text: str, limit: int = 1000) -> str:
    """A free text without what the database or a page cannot hold."""
    kept = "".join(
        sign for sign in text if sign in "\n\t" or unicodedata.category(sign) not in {"Cc", "Cs"}
    )
    return kept[:limit]


def split_name(text: str) -> tuple[str, str, str]:
    """Family, given and middle name out of one cell, in this country's order."""
    if "," in text:
        family, _, rest = text.partition(",")
        given, _, middle = rest.strip().partition(" ")
        return family.strip(), given, middle.strip()
    parts = text.split()
    return (
        parts[0] if parts else "",
        parts[1] if len(parts) > 1 else "",
        " ".join(parts[2:]),
    )


def parse_phone(text: str) -> str | None:
    """+77011234567 from any way of writing it; "" for empty, None when it is no number."""
    if not text.strip():
        return ""
    if re.search(r"[^\d\s()+\-–.]", text):
        return None
    digits = re.sub(r"\D", "", text)
    if not digits.isascii():
        return None
    if not 7 <= len(digits) <= 15:
        return None
    if text.strip().startswith("+"):
        return f"+{digits}"
    if len(digits) == 11 and digits[0] in "78":
        return f"+7{digits[1:]}"
    # A number of another country keeps its digits: a country code would be a guess.
    return f"+7{digits}" if len(digits) == 10 and digits[0] == "7" else digits
