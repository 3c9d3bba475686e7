"""Prepares a scheme for computing: whole-number weights, ready lookups, chosen sums.

A scheme is read once and used for millions of marks, so everything that depends on the scheme
alone is worked out here and kept.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction
from math import lcm

from kundelik_core.gradebook.schemes.exact import Exact, exact
from kundelik_core.gradebook.schemes.model import GradingScheme, Rounding, Term

Entry = tuple[Exact, Exact, str]
Aggregator = Callable[[list[Entry]], tuple[int, int]]


@dataclass(slots=True)
class Bucket:
    """The works of one term: written ones, required ones without points, and all kinds met."""

    written: list[Entry] = field(default_factory=list)
    unwritten: list[Entry] = field(default_factory=list)
    kinds: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class TermPlan:
    """A term with its weight as a whole number and its way of summing."""

    code: str
    aggregate: Aggregator
    weight: int
    by_count: tuple[tuple[int, int], ...] | None
    count_of: tuple[str, ...]
    on_missing: str
    on_unwritten: str


@dataclass(frozen=True, slots=True)
class Plan:
    """A scheme made ready for `compute_period`."""

    terms: tuple[TermPlan, ...]
    term_of: dict[str, int]
    zeroed: frozenset[str]
    required: frozenset[str]
    factor: int
    rounding: Rounding
    steps: tuple[tuple[int, int, str, str], ...]
    by_value: bool
    period_mark: str | None
    mark_is_pass_fail: bool

    def read(self, top: int, bottom: int, rounded: Exact) -> tuple[str | None, str]:
        """Give the mark and status for an exact value top/bottom and its rounded form."""
        if self.by_value:
            return str(rounded), ""
        if self.rounding.stage == "period_percent":
            top, bottom = rounded.numerator, rounded.denominator
        for numerator, denominator, mark, status in self.steps:
            if top * denominator >= numerator * bottom:
                return mark, status
        return None, ""

    def named(self, mark: str) -> tuple[str, str]:
        """Give a mark that was set by name together with its status."""
        return mark, next((status for _, _, name, status in self.steps if name == mark), "")


_PLANS: dict[int, tuple[GradingScheme, Plan]] = {}
_MOST_PLANS = 256


def plan_of(scheme: GradingScheme) -> Plan:
    """Give a scheme's plan, made at the first call.

    The cache goes by identity and holds the scheme, so that an id is never met twice.
    """
    known = _PLANS.get(id(scheme))
    if known is None:
        if len(_PLANS) >= _MOST_PLANS:
            _PLANS.clear()
        known = _PLANS[id(scheme)] = (scheme, _prepare(scheme))
    return known[1]


def _prepare(scheme: GradingScheme) -> Plan:
    period_mark = next((kind for kind in scheme.kinds if kind.period_mark), None)
    effect = scheme.attendance_effect
    common = lcm(*(weight.denominator for weight in _weights(scheme)), 1)
    steps = sorted(scheme.scale, key=lambda step: step.min, reverse=True)
    return Plan(
        terms=tuple(_term(scheme, term, common) for term in scheme.terms),
        term_of={kind: at for at, term in enumerate(scheme.terms) for kind in term.kinds},
        zeroed=frozenset(effect.kinds if effect.unexcused == "zero" else ()),
        required=frozenset(kind.code for kind in scheme.kinds if kind.required),
        factor=100 if scheme.measure == "percent" else 1,
        rounding=scheme.rounding,
        steps=tuple(
            (exact(step.min).numerator, exact(step.min).denominator, step.mark, step.status)
            for step in steps
        ),
        by_value=scheme.mark_from == "value",
        period_mark=period_mark.code if period_mark else None,
        mark_is_pass_fail=period_mark is not None and period_mark.input == "pass_fail",
    )


def _weights(scheme: GradingScheme) -> list[Fraction]:
    """List every weight that may be used, to find their common denominator."""
    found = []
    for term in scheme.terms:
        found += [term.weight, *(term.weight_by_count or {}).values()]
    return [Fraction(weight) for weight in found]


def _term(scheme: GradingScheme, term: Term, common: int) -> TermPlan:
    by_count = None
    if term.weight_by_count is not None:
        pairs = sorted(term.weight_by_count.items())
        by_count = tuple((count, int(Fraction(weight) * common)) for count, weight in pairs)
    return TermPlan(
        code=term.code,
        aggregate=_aggregator(term, as_ratio=scheme.measure == "percent"),
        weight=int(Fraction(term.weight) * common),
        by_count=by_count,
        count_of=term.count_of or term.kinds,
        on_missing=term.on_missing,
        on_unwritten=term.on_unwritten,
    )


def _aggregator(term: Term, *, as_ratio: bool) -> Aggregator:
    """Choose the sum of a term, as a ratio of the maximum or as plain points."""
    if term.aggregate == "ratio_of_sums":
        return _ratio_of_sums
    if term.aggregate == "last":
        return lambda entries: _mean(entries[-1:], as_ratio=as_ratio)
    if term.aggregate == "weighted_mean":
        weights = {kind: exact(weight) for kind, weight in term.kind_weights.items()}
        return lambda entries: _weighted(entries, weights, as_ratio=as_ratio)
    return lambda entries: _mean(entries, as_ratio=as_ratio)


def _ratio_of_sums(entries: list[Entry]) -> tuple[int, int]:
    points: Exact = 0
    most: Exact = 0
    for got, limit, _ in entries:
        points += got
        most += limit
    return points.numerator * most.denominator, points.denominator * most.numerator


def _mean(entries: list[Entry], *, as_ratio: bool) -> tuple[int, int]:
    """Average, with one sum per maximum so that denominators stay small."""
    sums: dict[Exact, Exact] = {}
    for got, limit, _ in entries:
        by = limit if as_ratio else 1
        sums[by] = sums.get(by, 0) + got
    top, bottom = _over_one(sums)
    return top, bottom * len(entries)


def _weighted(
    entries: list[Entry], weights: dict[str, Exact], *, as_ratio: bool
) -> tuple[int, int]:
    sums: dict[Exact, Exact] = {}
    whole: Exact = 0
    for got, limit, kind in entries:
        by = limit if as_ratio else 1
        weight = weights.get(kind, 1)
        sums[by] = sums.get(by, 0) + got * weight
        whole += weight
    top, bottom = _over_one(sums)
    return top * whole.denominator, bottom * whole.numerator


def _over_one(sums: dict[Exact, Exact]) -> tuple[int, int]:
    """Add sums over different maxima into one ratio of whole numbers."""
    top, bottom = 0, 1
    for by, total in sums.items():
        numerator = total.numerator * by.denominator
        denominator = total.denominator * by.numerator
        top = top * denominator + numerator * bottom
        bottom *= denominator
    return top, bottom
