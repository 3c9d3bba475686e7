"""Runs a file of grading examples, the base of `kundelik scheme check FILE`.

The file names works by kind ("fo", "sor", ...), weights by position and a scale; see
`check_vectors`. A key that is not understood is reported, never silently passed over.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import msgspec

from kundelik_core.gradebook.schemes.catalogue import default
from kundelik_core.gradebook.schemes.check import differences, number, period_marks, round_misses
from kundelik_core.gradebook.schemes.engine import Work, compute_period
from kundelik_core.gradebook.schemes.loader import load
from kundelik_core.gradebook.schemes.model import (
    GradingScheme,
    Miss,
    ScaleStep,
    SchemeError,
    Vectors,
)
from kundelik_core.gradebook.schemes.year import compute_final, compute_year

Row = Mapping[str, Any]
_SECTIONS = ("period", "round", "year", "final")
_NOTES = ("id", "src", "note", "origin", "grade", "period")
_MOST_BYTES = 5_000_000
_UNREADABLE = (
    AttributeError,
    TypeError,
    ValueError,
    LookupError,
    ArithmeticError,
    msgspec.MsgspecError,
)


class Report(msgspec.Struct, frozen=True):
    """What a check found: how many examples were run and every one that does not hold."""

    path: str
    checked: int
    misses: tuple[Miss, ...] = ()
    ignored: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Tell whether something was checked and everything held."""
        return self.checked > 0 and not self.misses


def check_file(path: Path, base: GradingScheme | None = None) -> Report:
    """Check a file of either sort: a scheme with its own vectors, or vectors alone."""
    data = _read(path)
    if isinstance(data, Miss):
        return Report(str(path), 0, (data,))
    if "kinds" in data or "terms" in data:
        return _scheme_file(path)
    return _vectors_report(path, data, base)


def run_vector_file(path: Path, base: GradingScheme | None = None) -> Report:
    """Run a file of vectors against a scheme, the product's default one if none is given."""
    data = _read(path)
    if isinstance(data, Miss):
        return Report(str(path), 0, (data,))
    return _vectors_report(path, data, base)


def check_vectors(data: Row, base: GradingScheme | None = None) -> list[Miss]:
    """Run decoded vectors and list those that do not hold."""
    try:
        scheme = _scaled(base if base is not None else default(), data.get("scale"))
    except _UNREADABLE as error:
        return [Miss("scale", f"cannot be read: {error}")]
    misses: list[Miss] = []
    for section in _SECTIONS:
        for at, row in enumerate(data.get(section, ())):
            name = row.get("id", at) if isinstance(row, Mapping) else at
            where = f"{section} {name}"
            try:
                misses += _RUN[section](scheme, row, where)
            except _UNREADABLE as error:
                misses.append(Miss(where, f"cannot be read: {error}"))
    return misses


def _read(path: Path) -> Row | Miss:
    try:
        if path.stat().st_size > _MOST_BYTES:
            return Miss(path.name, "is too large for a file of vectors")
        data = json.loads(path.read_bytes(), parse_float=Decimal)
    except (OSError, ValueError, RecursionError) as error:
        return Miss(path.name, f"cannot be read: {error}")
    if not isinstance(data, dict):
        return Miss(path.name, "is not a JSON object")
    return data


def _scheme_file(path: Path) -> Report:
    try:
        scheme = load(path.read_bytes())
    except SchemeError as error:
        return Report(str(path), len(error.misses), error.misses)
    vectors = msgspec.structs.asdict(scheme.vectors)
    count = sum(len(rows) for rows in vectors.values())
    return Report(str(path), max(count, 1))


def _vectors_report(path: Path, data: Row, base: GradingScheme | None) -> Report:
    for section in _SECTIONS:
        if not isinstance(data.get(section, []), list):
            return Report(str(path), 0, (Miss(path.name, f"{section} is not a list"),))
    checked = sum(len(data.get(section, ())) for section in _SECTIONS)
    if not checked:
        return Report(str(path), 0, (Miss(path.name, "has no examples"),))
    return Report(str(path), checked, tuple(check_vectors(data, base)), tuple(_ignored(data, base)))


def _ignored(data: Row, base: GradingScheme | None) -> Iterator[str]:
    """Name the keys that nothing here looks at."""
    scheme = base if base is not None else default()
    kinds = {kind.code for kind in scheme.kinds}
    known = {
        "period": {*kinds, "w", "raw", "percent", "mark", "status", "aggregate", "missing",
                   "scale", "closing", *_NOTES},
        "final": {"q", "exam", "mark", "year_rounded_first", "year_unrounded", *_NOTES},
    }  # fmt: skip
    yield from (key for key in data if key not in (*_SECTIONS, "scale", "note"))
    for section, names in known.items():
        for row in data.get(section, ()):
            if isinstance(row, Mapping):
                name = row.get("id", "?")
                yield from (f"{section} {name}: {key}" for key in row if key not in names)


def _scaled(scheme: GradingScheme, scale: Any) -> GradingScheme:  # noqa: ANN401 - JSON
    """Give the scheme another scale, written as [[from, mark], ...]."""
    if scale is None:
        return scheme
    steps = tuple(ScaleStep(min=Decimal(str(least)), mark=str(mark)) for least, mark in scale)
    return msgspec.structs.replace(scheme, scale=steps, vectors=Vectors())


def _altered(scheme: GradingScheme, row: Row) -> GradingScheme:
    """Give the scheme an example's weights, aggregate and rule for what is missing."""
    weights = row.get("w", [term.weight for term in scheme.terms])
    changes: dict[str, Any] = {}
    if "missing" in row:
        changes["on_missing"] = row["missing"]
    terms = []
    for term, weight in zip(scheme.terms, weights, strict=True):
        changed = dict(changes)
        if "aggregate" in row:
            changed["aggregate"] = row["aggregate"]
        if not weight:
            changed["on_missing"] = "redistribute"
        terms.append(msgspec.structs.replace(term, weight=Decimal(str(weight)), **changed))
    altered = msgspec.structs.replace(scheme, terms=tuple(terms), vectors=Vectors())
    # A wrong word in the file ("agregate": "mean_of_ratio") must be an error, not a default.
    checked = msgspec.json.decode(msgspec.json.encode(altered), type=GradingScheme)
    return _scaled(checked, row.get("scale"))


def _period(scheme: GradingScheme, row: Row, where: str) -> Iterator[Miss]:
    altered = _altered(scheme, row)
    works = [work for term in altered.terms for kind in term.kinds
             for work in _works(altered, kind, row.get(kind))]  # fmt: skip
    got = compute_period(altered, works, closing=bool(row.get("closing", True)))
    expected: list[tuple[str, object, object]] = []
    if "raw" in row:
        raw = None if row["raw"] is None else Fraction(str(row["raw"]))
        expected.append(("raw", raw, got.raw))
    if "percent" in row:
        expected.append(("percent", row["percent"], got.percent))
    if "mark" in row:
        expected.append(("mark", _mark(row["mark"]), got.mark))
    if "status" in row:
        expected.append(("status", row["status"], got.status))
    if not expected:
        yield Miss(where, "expects nothing")
    yield from differences(where, expected)


def _works(scheme: GradingScheme, kind: str, entry: Any) -> Iterator[Work]:  # noqa: ANN401
    """Read a kind's works: [7, 8] where the maximum is fixed, else [[12, 15], ...] or [18, 25]."""
    if not entry:
        return
    top = scheme.kind(kind).max_for()
    if not isinstance(entry[0], Sequence):
        pairs = [entry] if top is None else [[points, top] for points in entry]
    else:
        pairs = entry
    for points, limit in pairs:
        got = None if points is None else number(str(points))
        yield Work(kind, got, number(str(limit)))


def _round(scheme: GradingScheme, row: Sequence[Any], where: str) -> Iterator[Miss]:
    exact, rounded, mark = row
    return round_misses(scheme, where, str(exact), int(rounded), str(mark))


def _year(scheme: GradingScheme, row: Sequence[Any], where: str) -> Iterator[Miss]:
    marks, mark = row
    got = compute_year(scheme, period_marks(scheme, [str(one) for one in marks]))
    return differences(where, (("mark", _mark(mark), got.mark),))


def _final(scheme: GradingScheme, row: Row, where: str) -> Iterator[Miss]:
    periods = period_marks(scheme, [str(mark) for mark in row["q"]])
    asked = {"mark": None, "year_rounded_first": True, "year_unrounded": False}
    present = [key for key in asked if key in row]
    if not present:
        yield Miss(where, "expects nothing")
    for key in present:
        got = compute_final(scheme, periods, str(row["exam"]), year_rounded_first=asked[key])
        yield from differences(where, ((key, _mark(row[key]), got.mark),))


def _mark(value: object) -> str | None:
    return None if value is None else str(value)


_RUN: Mapping[str, Callable[[GradingScheme, Any, str], Iterator[Miss]]] = {
    "period": _period,
    "round": _round,
    "year": _year,
    "final": _final,
}
