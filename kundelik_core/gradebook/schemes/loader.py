"""Accepts a scheme only when it makes sense and its own examples hold."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from kundelik_core.gradebook.schemes.check import own_misses
from kundelik_core.gradebook.schemes.model import (
    GradingScheme,
    KindSpec,
    MaxSpec,
    Miss,
    SchemeError,
    Term,
    decode,
)

_CODE = re.compile(r"[a-z][a-z0-9-]{1,39}")
_RATIO_ONLY = ("ratio_of_sums", "mean_of_ratios")


def load(data: bytes) -> GradingScheme:
    """Read a scheme and run its own vectors; SchemeError lists every miss."""
    scheme = decode(data)
    wrong = tuple(_problems(scheme))
    if wrong:
        raise SchemeError("scheme", wrong)
    misses = tuple(own_misses(scheme))
    if misses:
        raise SchemeError("vectors", misses)
    return scheme


def _problems(scheme: GradingScheme) -> Iterator[Miss]:
    if not _CODE.fullmatch(scheme.code):
        yield Miss("$.code", "small latin letters, digits and hyphens")
    if scheme.version < 1:
        yield Miss("$.version", "counts from 1")
    if scheme.valid_to is not None and scheme.valid_to < scheme.valid_from:
        yield Miss("$.valid_to", "ends before it begins")
    yield from _kinds(scheme)
    for at, term in enumerate(scheme.terms):
        yield from _term(scheme, term, f"$.terms[{at}]")
    if scheme.terms:
        yield from _scale(scheme)
        yield from _statuses(scheme)
        if not scheme.vectors.period:
            yield Miss("$.vectors.period", "a scheme that computes carries at least one example")
    yield from _rules(scheme)


def _kinds(scheme: GradingScheme) -> Iterator[Miss]:
    known = [kind.code for kind in scheme.kinds]
    for code in (code for code, times in Counter(known).items() if times > 1):
        yield Miss("$.kinds", f"the kind {code!r} is there twice")
    for at, kind in enumerate(scheme.kinds):
        yield from _kind(kind, f"$.kinds[{at}]")
        for other in kind.limits.not_same_day_as:
            if other not in known:
                yield Miss(f"$.kinds[{at}].limits.not_same_day_as", f"no kind {other!r}")
    for name in ("per_lesson", "period_mark"):
        if sum(bool(getattr(kind, name)) for kind in scheme.kinds) > 1:
            yield Miss("$.kinds", f"only one kind may be {name}")
    for code in scheme.attendance_effect.kinds:
        if code not in known:
            yield Miss("$.attendance_effect.kinds", f"no kind {code!r}")
    used = Counter(kind for term in scheme.terms for kind in term.kinds)
    for code, times in used.items():
        if code not in known:
            yield Miss("$.terms", f"no kind {code!r}")
        elif scheme.kind(code).period_mark:
            yield Miss("$.terms", f"{code!r} holds the period's mark and cannot be in a term")
        if times > 1:
            yield Miss("$.terms", f"the kind {code!r} is in two terms")


def _kind(kind: KindSpec, where: str) -> Iterator[Miss]:
    given = [kind.max.fixed, kind.max.per_work, kind.max.per_grade]
    count = sum(one is not None for one in given)
    if kind.input in ("points", "mark") and count != 1:
        yield Miss(f"{where}.max", "give exactly one of fixed, per_work, per_grade")
    if kind.input not in ("points", "mark") and kind.max != MaxSpec():
        yield Miss(f"{where}.max", f"a kind with input {kind.input!r} has no maximum")
    if kind.step <= 0:
        yield Miss(f"{where}.step", "must be above zero")
    tops = [kind.max.fixed] if kind.max.fixed is not None else []
    tops += [kind.max.per_work.min] if kind.max.per_work is not None else []
    tops += list((kind.max.per_grade or {}).values())
    if any(top <= 0 or top < kind.lowest for top in tops):
        yield Miss(f"{where}.max", "must be above zero and not below the lowest points")
    if kind.max.per_work is not None and kind.max.per_work.max < kind.max.per_work.min:
        yield Miss(f"{where}.max.per_work", "ends before it begins")


def _term(scheme: GradingScheme, term: Term, where: str) -> Iterator[Miss]:
    if not term.kinds:
        yield Miss(f"{where}.kinds", "names no kind")
    if term.weight < 0 or any(weight < 0 for weight in (term.weight_by_count or {}).values()):
        yield Miss(f"{where}.weight", "is below zero")
    if term.weight_by_count is not None and not term.weight_by_count:
        yield Miss(f"{where}.weight_by_count", "names no count")
    if scheme.measure == "points" and term.aggregate in _RATIO_ONLY:
        yield Miss(f"{where}.aggregate", f"{term.aggregate} needs the measure 'percent'")
    if scheme.measure == "percent" and term.aggregate == "mean":
        yield Miss(f"{where}.aggregate", "mean needs the measure 'points'; or mean_of_ratios")
    if term.aggregate == "weighted_mean":
        for kind in term.kinds:
            if term.kind_weights.get(kind, 0) <= 0:
                yield Miss(f"{where}.kind_weights", f"no weight above zero for {kind!r}")


def _scale(scheme: GradingScheme) -> Iterator[Miss]:
    if not any(term.weight > 0 or term.weight_by_count for term in scheme.terms):
        yield Miss("$.terms", "no term has any weight")
    if scheme.mark_from == "value":
        return
    if not scheme.scale or min(step.min for step in scheme.scale) > 0:
        yield Miss("$.scale", "has no mark for the lowest results")
    for name in ("min", "mark"):
        values = [getattr(step, name) for step in scheme.scale]
        if len(set(values)) != len(values):
            yield Miss("$.scale", f"has the same {name} twice")
    if scheme.passing and scheme.step(scheme.passing) is None:
        yield Miss("$.passing", f"{scheme.passing!r} is not on the scale")
    for step in scheme.scale:
        if step.value is None and not step.mark.isdigit():
            yield Miss("$.scale", f"the mark {step.mark!r} needs a value for means")


def _statuses(scheme: GradingScheme) -> Iterator[Miss]:
    wanted = {"not_assessed", "exempt"}
    wanted |= {step.status for step in scheme.scale if step.status}
    rules = {rule for term in scheme.terms for rule in (term.on_missing, term.on_unwritten)}
    if "pending" in rules:
        wanted.add("temporarily_not_assessed")
    for code in sorted(wanted - {status.code for status in scheme.statuses}):
        yield Miss("$.statuses", f"lacks {code!r}, which the scheme can give")


def _rules(scheme: GradingScheme) -> Iterator[Miss]:
    has_mark_kind = any(kind.period_mark for kind in scheme.kinds)
    if scheme.override == "teacher_sets" and scheme.terms and not has_mark_kind:
        yield Miss("$.kinds", "the teacher sets the mark, but no kind is period_mark")
    if scheme.override == "computed_only" and has_mark_kind:
        yield Miss("$.override", "computed_only, yet a kind is period_mark")
    if any(weight <= 0 for weight in scheme.year.weights.values()):
        yield Miss("$.year.weights", "must be above zero")
    if scheme.final is not None:
        shares = scheme.final.weights
        if shares.year < 0 or shares.exam < 0 or shares.year + shares.exam <= 0:
            yield Miss("$.final.weights", "must be above zero together")
    if not 0 <= scheme.rounding.digits <= 3 or not 0 <= scheme.display_digits <= 3:
        yield Miss("$.rounding", "keeps 0 to 3 digits")
