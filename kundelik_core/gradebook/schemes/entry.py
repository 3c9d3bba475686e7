"""Reads what a teacher types into a cell and shows it again, in any of the three languages.

A cell may hold points, a pass or fail, an absence, or an absence together with one of them.
Letters of another alphabet that merely look right are refused with a hint and never guessed:
a wrong absence must not slip in unnoticed.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from decimal import Decimal

import msgspec

from kundelik_core.gradebook.schemes.engine import Work
from kundelik_core.gradebook.schemes.exact import Exact, exact, localised, plain
from kundelik_core.gradebook.schemes.model import KindSpec
from kundelik_core.kernel.errors import Problem
from kundelik_core.kernel.i18n import N_

ABSENT_UNEXCUSED = "absent_unexcused"
ABSENT_EXCUSED = "absent_excused"
ABSENT_ILL = "absent_ill"
LATE = "late"
PASS = "pass"  # noqa: S105 - the mark, not a secret
FAIL = "fail"

_LETTERS: Mapping[str, Mapping[str, str]] = {
    "kk": {ABSENT_UNEXCUSED: "ж", ABSENT_EXCUSED: "д", ABSENT_ILL: "а", LATE: "к"},
    "ru": {ABSENT_UNEXCUSED: "н", ABSENT_EXCUSED: "п", ABSENT_ILL: "б", LATE: "о"},
    "en": {ABSENT_UNEXCUSED: "u", ABSENT_EXCUSED: "e", ABSENT_ILL: "i", LATE: "l"},
}
_PASS_FAIL: Mapping[str, Mapping[str, str]] = {
    "kk": {PASS: "с", FAIL: "се"},
    "ru": {PASS: "з", FAIL: "нз"},
    "en": {PASS: "p", FAIL: "f"},
}
_ABSENCES = {letter: code for row in _LETTERS.values() for code, letter in row.items()}
_PASSES = frozenset({"+", "с", "сынақ", "з", "зач", "зачет", "зачёт", "p", "pass"})
_FAILS = frozenset(
    {
        "-", "−", "–", "сж", "се", "с/е", "сынақ емес", "сынақ жоқ",
        "нз", "незач", "незачет", "незачёт", "f", "fail",
    }
)  # fmt: skip
_CODES = {**dict.fromkeys(_PASSES, PASS), **dict.fromkeys(_FAILS, FAIL)}
# What was typed -> the letter that was most likely meant; never applied, only suggested.
_LOOK_ALIKES: Mapping[str, str] = {
    "a": "а", "o": "о", "k": "к", "b": "б", "h": "н", "c": "с", "е": "e", "і": "i", "р": "p",
}  # fmt: skip
_NUMBER = r"[0-9]{1,6}(?:[.,][0-9]{1,3})?"
_POINTS = re.compile(_NUMBER)
_OF_MAX = re.compile(rf"({_NUMBER}) ?/ ?({_NUMBER})")
_SIGNS = frozenset("+-−–")
_LONGEST = 40


class EntryError(Problem):
    """Why a cell was refused: a stable code, an English template and its parameters."""

    def __init__(self, code: str, message: str, **params: object) -> None:
        super().__init__(code, message, status=422, params=params, field="value")


class Cell(msgspec.Struct, frozen=True):
    """A cell's content: points or a pass/fail code, and an absence; empty when all are None."""

    points: Decimal | None = None
    code: str | None = None
    absence: str | None = None

    @property
    def is_empty(self) -> bool:
        """Tell whether there is nothing in the cell."""
        return self.points is None and self.code is None and self.absence is None


EMPTY = Cell()


def parse_cell(text: str, kind: KindSpec, max: Decimal | None = None) -> Cell:  # noqa: A002
    """Read a cell as typed; raises EntryError with what to do instead."""
    typed = " ".join(unicodedata.normalize("NFC", text).lower().split())
    if not typed:
        return EMPTY
    if len(typed) > _LONGEST:
        raise EntryError("too_long", N_("That is too long for a cell."))
    if typed in _ABSENCES:
        return Cell(absence=_ABSENCES[typed])
    top = max if max is not None else kind.max_for()
    value, letter, glued = _split(typed)
    if glued and letter in ("о", "o") and top is not None and _POINTS.fullmatch(value + "0"):
        _refuse_zero(value, top)
    if letter and letter not in _ABSENCES:
        raise _unknown(letter, kind)
    return _valued(value, _ABSENCES[letter] if letter else None, kind, top)


def _split(typed: str) -> tuple[str, str, bool]:
    """Part what was typed into a value, a letter and whether they stood together."""
    if _is_value(typed):
        return typed, "", False
    for rest, letter in ((typed[:-1], typed[-1]), (typed[1:], typed[0])):
        value = rest.strip(" /")
        glued = value == rest
        if not letter.isalpha() or not _is_value(value):
            continue
        if not glued or value in _SIGNS or not value[-1].isalpha():
            return value, letter, glued
    return typed, "", False


def _is_value(text: str) -> bool:
    return bool(text in _CODES or _POINTS.fullmatch(text) or _OF_MAX.fullmatch(text))


def _refuse_zero(value: str, top: Decimal) -> None:
    """Refuse a glued "1" and "late" where 10 is possible: it may be a ten typed with a letter."""
    if _decimal(value + "0") <= top:
        raise EntryError(
            "ambiguous_zero",
            N_("Is it %(number)s, or %(value)s and late? Type %(number)s or “%(value)s о”."),
            number=f"{value}0",
            value=value,
        )


def _valued(value: str, absence: str | None, kind: KindSpec, top: Decimal | None) -> Cell:
    """Check a value against the kind of work."""
    if kind.input in ("none", "verbal"):
        raise EntryError("no_marks", N_("This column takes no marks, only absences and comments."))
    if value in _CODES:
        if kind.input != "pass_fail":
            raise _unknown(value, kind)
        return Cell(code=_CODES[value], absence=absence)
    if kind.input == "pass_fail" or not _is_value(value):
        raise _unknown(value, kind)
    if match := _OF_MAX.fullmatch(value):
        if kind.input == "mark":
            raise EntryError("two_marks", N_("One mark in a cell. Add a column for the second."))
        if top is None or _decimal(match[2]) != top:
            raise EntryError("other_max", N_("This work is out of %(max)s."), max=_plain(top))
        value = match[1]
    return Cell(points=_in_range(_decimal(value), kind, top), absence=absence)


def _in_range(points: Decimal, kind: KindSpec, top: Decimal | None) -> Decimal:
    """Refuse points beyond the work's bounds or between its steps."""
    if points < kind.lowest or (top is not None and points > top):
        raise EntryError(
            "out_of_range",
            N_("From %(min)s to %(max)s."),
            min=_plain(kind.lowest),
            max=_plain(top) if top is not None else "…",
        )
    if points % kind.step:
        if kind.step == 1:
            raise EntryError("whole_only", N_("Whole points only."))
        raise EntryError("step", N_("In steps of %(step)s."), step=_plain(kind.step))
    return points


def _unknown(piece: str, kind: KindSpec) -> EntryError:
    """Say what may be typed, or which letter was probably meant."""
    meant = _LOOK_ALIKES.get(piece)
    if meant is not None and (meant in _ABSENCES or kind.input == "pass_fail"):
        return EntryError(
            "look_alike",
            N_("“%(typed)s” is a letter of the other keyboard. Switch it and type “%(meant)s”."),
            typed=piece,
            meant=meant,
        )
    if kind.input == "pass_fail":
        return EntryError("not_pass_fail", N_("Type + for a pass, - for a fail, or an absence."))
    return EntryError(
        "not_a_mark", N_("Type points or an absence: “%(typed)s” is neither."), typed=piece
    )


def show_cell(cell: Cell, locale: str) -> str:
    """Show a cell in a language; what is shown can be typed back in any language."""
    tongue = locale[:2] if locale[:2] in _LETTERS else "en"
    pieces = []
    if cell.points is not None:
        pieces.append(localised(plain(cell.points), tongue))
    elif cell.code is not None:
        pieces.append(_PASS_FAIL[tongue][cell.code])
    if cell.absence is not None:
        pieces.append(_LETTERS[tongue][cell.absence])
    return " ".join(pieces)


def absence_letters(locale: str) -> Mapping[str, str]:
    """Give the letters of absences in a language, by canonical code."""
    return _LETTERS.get(locale[:2], _LETTERS["en"])


def work_of(kind: KindSpec, cell: Cell, max: Decimal | None, *, exempt: bool = False) -> Work:  # noqa: A002
    """Turn a cell into what the engine counts.

    An absence next to points changes nothing: the work was written.
    """
    points: Exact | None = None
    top: Exact = exact(max if max is not None else kind.max_for() or Decimal(1))
    if cell.points is not None:
        points = exact(cell.points)
    elif cell.code is not None:
        points, top = (1 if cell.code == PASS else 0), 1
    return Work(
        kind=kind.code,
        points=points,
        max=top,
        missed_unexcused=points is None and cell.absence == ABSENT_UNEXCUSED,
        excused=points is None and cell.absence in (ABSENT_EXCUSED, ABSENT_ILL),
        exempt=exempt,
    )


def _decimal(text: str) -> Decimal:
    """Read a number so that "8", "08" and "8,0" are one and the same value, digit for digit."""
    return Decimal(plain(Decimal(text.replace(",", "."))))


def _plain(value: Decimal | None) -> str:
    return "…" if value is None else plain(value)
