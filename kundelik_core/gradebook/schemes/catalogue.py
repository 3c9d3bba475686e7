"""The schemes that come with the product, and the choice among them for a class and subject."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from functools import cache
from importlib.resources import files
from types import MappingProxyType

from kundelik_core.gradebook.schemes.loader import load
from kundelik_core.gradebook.schemes.model import Applies, GradingScheme, Miss, SchemeError

Key = tuple[str, int]
DEFAULT_CODE = "kz-cba-2022"


@cache
def builtin() -> Mapping[Key, GradingScheme]:
    """Load every shipped scheme, each checked by its own vectors; keyed by code and version."""
    found: dict[Key, GradingScheme] = {}
    folder = files(__package__) / "data"
    for file in sorted(folder.iterdir(), key=lambda one: one.name):
        if not file.name.endswith(".json"):
            continue
        try:
            scheme = load(file.read_bytes())
        except SchemeError as error:
            raise SchemeError(f"{file.name}: {error.code}", error.misses) from None
        if scheme.key in found:
            raise SchemeError(file.name, (Miss("$.code", "is there twice in this version"),))
        found[scheme.key] = scheme
    return MappingProxyType(found)


def default() -> GradingScheme:
    """Give the newest version of the product's default scheme."""
    return newest(DEFAULT_CODE)


def newest(code: str) -> GradingScheme:
    """Give the newest version of a shipped scheme; KeyError when there is none."""
    versions = [scheme for scheme in builtin().values() if scheme.code == code]
    if not versions:
        raise KeyError(code)
    return max(versions, key=lambda scheme: scheme.version)


def choose(
    *,
    grade: int,
    subject_code: str,
    hours_per_week: Decimal,
    component: str = "invariant",
    school_kind: str = "",
    year: int,
    schemes: Iterable[GradingScheme] | None = None,
) -> Key | None:
    """Choose the scheme of a class and subject in a school year; None when none applies.

    The highest priority wins, then the most specific rule, then the newest version.
    """
    wanted = (grade, subject_code, hours_per_week, component, school_kind, year)
    best: tuple[tuple[int, int, int, str], Key] | None = None
    for scheme in builtin().values() if schemes is None else schemes:
        if not scheme.active or year < scheme.valid_from:
            continue
        if scheme.valid_to is not None and year > scheme.valid_to:
            continue
        for rule in scheme.applies:
            if _fits(rule, wanted):
                rank = (rule.priority, _specificity(rule), scheme.version, scheme.code)
                if best is None or rank > best[0]:
                    best = (rank, scheme.key)
    return None if best is None else best[1]


def _fits(rule: Applies, wanted: tuple[int, str, Decimal, str, str, int]) -> bool:
    grade, subject_code, hours, component, school_kind, year = wanted
    return all(
        (
            not rule.grades or grade in rule.grades,
            not rule.subject_codes or subject_code in rule.subject_codes,
            rule.component is None or component == rule.component,
            rule.hours_per_week is None
            or rule.hours_per_week.min <= hours <= rule.hours_per_week.max,
            not rule.school_kinds or school_kind in rule.school_kinds,
            rule.year_from is None or year >= rule.year_from,
            rule.year_to is None or year <= rule.year_to,
        )
    )


def _specificity(rule: Applies) -> int:
    """Count what a rule says, subjects before all."""
    return (
        8 * bool(rule.subject_codes)
        + 4 * bool(rule.school_kinds)
        + 2 * (rule.component is not None)
        + (rule.hours_per_week is not None)
    )
