"""Turns works into a period's percentage and mark, exactly, by the scheme's own rules.

No number here is ever a float, and rounding happens once, where the scheme says so. Sums run
over whole numbers with one common denominator, because a journal page asks thirty times.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import msgspec

from kundelik_core.gradebook.schemes.exact import Exact, round_ratio
from kundelik_core.gradebook.schemes.model import GradingScheme, KindSpec
from kundelik_core.gradebook.schemes.plan import Bucket, Plan, TermPlan, plan_of

NOT_ASSESSED = "not_assessed"
TEMPORARILY_NOT_ASSESSED = "temporarily_not_assessed"
EXEMPT = "exempt"
UNMARKED = "none"


class Work(msgspec.Struct, frozen=True):
    """What one pupil has for one work; `max` is the maximum that holds for this pupil."""

    kind: str
    points: Exact | None
    max: Exact
    missed_unexcused: bool = False
    excused: bool = False
    exempt: bool = False


class TermResult(msgspec.Struct, frozen=True):
    """The share of one term in a period's value, kept in whole numbers until it is asked for.

    `points` and `max` are the plain sums behind the ratio, for the explanation.
    """

    code: str
    numerator: int
    denominator: int
    weight_numerator: int
    weight_denominator: int
    factor: int
    count: int
    points: Exact
    max: Exact

    @property
    def ratio(self) -> Fraction:
        """Give the exact ratio 0..1 (measure percent) or the exact mean (measure points)."""
        return Fraction(self.numerator, self.denominator)

    @property
    def weight(self) -> Fraction:
        """Give the weight really used, after redistribution, as percent of the whole."""
        return Fraction(100 * self.weight_numerator, self.weight_denominator)

    @property
    def contribution(self) -> Fraction:
        """Give what the term adds to the period's value."""
        return Fraction(
            self.factor * self.weight_numerator * self.numerator,
            self.weight_denominator * self.denominator,
        )


class PeriodResult(msgspec.Struct, frozen=True):
    """Where a pupil stands in a period.

    `status` is empty for an ordinary result. `terms` follows the scheme's terms and has None
    for one without works. `hint` is the computed mark wherever the teacher sets the real one.
    `rounded` is a whole number unless the scheme keeps digits; `percent` is the same for
    schemes that measure percent.
    """

    raw: Fraction | None = None
    rounded: Exact | None = None
    percent: int | None = None
    mark: str | None = None
    status: str = ""
    provisional: bool = False
    hint: str | None = None
    set_by_teacher: bool = False
    terms: tuple[TermResult | None, ...] = ()


def compute_period(
    scheme: GradingScheme,
    works: Sequence[Work],
    *,
    closing: bool = False,
    exempt: bool = False,
) -> PeriodResult:
    """Compute a pupil's period.

    While the period is open, what is missing is left out and the result is provisional;
    `closing` applies what the scheme says of missing works. `exempt` is for a pupil who does
    not take the subject's assessment at all.
    """
    if exempt:
        return PeriodResult(status=EXEMPT)
    plan = plan_of(scheme)
    if not plan.terms:
        return PeriodResult(status=UNMARKED)
    buckets, set_mark = _sort_works(plan, works)
    values, state = _values(plan, buckets, closing=closing)
    if state == "provisional" or not state:
        result = _weigh(plan, values, buckets, provisional=bool(state))
    else:
        result = PeriodResult(status="" if state == "open" else state)
    if set_mark is not None:
        return _teachers(plan, result, set_mark)
    if scheme.override == "teacher_sets" and result.mark is not None:
        return msgspec.structs.replace(result, mark=None, status="", hint=result.mark)
    return result


def _sort_works(plan: Plan, works: Sequence[Work]) -> tuple[list[Bucket], Work | None]:
    """Put every work into its term's bucket and find the mark that the teacher set."""
    buckets = [Bucket() for _ in plan.terms]
    set_mark: Work | None = None
    for work in works:
        if work.exempt:
            continue
        index = plan.term_of.get(work.kind)
        points = work.points
        if index is None:
            if work.kind == plan.period_mark and points is not None:
                set_mark = work
            continue
        bucket = buckets[index]
        bucket.kinds.append(work.kind)
        if points is None:
            if not (work.missed_unexcused and work.kind in plan.zeroed):
                if work.kind in plan.required:
                    bucket.unwritten.append((0, work.max, work.kind))
                continue
            points = 0
        bucket.written.append((points, work.max, work.kind))
    return buckets, set_mark


def _values(
    plan: Plan, buckets: list[Bucket], *, closing: bool
) -> tuple[list[tuple[int, int] | None], str]:
    """Give each term's value and the state that missing works put the period into."""
    values: list[tuple[int, int] | None] = []
    state = ""
    for term, bucket in zip(plan.terms, buckets, strict=True):
        rule = term.on_unwritten if bucket.unwritten else ""
        if not rule and not bucket.written:
            rule = term.on_missing
        if rule and rule != "redistribute":
            if not closing:
                state = "open" if rule == "block" or state == "open" else "provisional"
            elif rule == "zero":
                bucket.written += bucket.unwritten or [(0, 1, "")]
            elif state != NOT_ASSESSED:
                state = NOT_ASSESSED if rule == "block" else TEMPORARILY_NOT_ASSESSED
        values.append(term.aggregate(bucket.written) if bucket.written else None)
    if not any(bucket.written for bucket in buckets):
        return values, NOT_ASSESSED if closing else "open"
    return values, state


def _weigh(
    plan: Plan,
    values: list[tuple[int, int] | None],
    buckets: list[Bucket],
    *,
    provisional: bool,
) -> PeriodResult:
    """Add the terms up over one denominator, round once and read the scale."""
    weights = [_weight(term, buckets) for term in plan.terms]
    whole = 0
    top, bottom = 0, 1
    for value, weight in zip(values, weights, strict=True):
        if value is not None:
            whole += weight
            top = top * value[1] + weight * value[0] * bottom
            bottom *= value[1]
    if not whole:
        return PeriodResult(provisional=provisional)
    top, bottom = top * plan.factor, bottom * whole
    rounded = round_ratio(top, bottom, plan.rounding)
    mark, status = plan.read(top, bottom, rounded)
    return PeriodResult(
        raw=Fraction(top, bottom),
        rounded=rounded,
        percent=rounded if plan.factor != 1 and isinstance(rounded, int) else None,
        mark=mark,
        status=status,
        provisional=provisional,
        terms=tuple(
            None if value is None else _term(plan, term, value, (weight, whole), bucket)
            for term, value, weight, bucket in zip(
                plan.terms, values, weights, buckets, strict=True
            )
        ),
    )


def _weight(term: TermPlan, buckets: list[Bucket]) -> int:
    """Give a term's weight, by the number of works where the scheme asks for that."""
    if term.by_count is None:
        return term.weight
    count = sum(bucket.kinds.count(kind) for bucket in buckets for kind in term.count_of)
    best = term.by_count[0][1]
    for least, weight in term.by_count:
        if count >= least:
            best = weight
    return best


def _term(
    plan: Plan, term: TermPlan, value: tuple[int, int], share: tuple[int, int], bucket: Bucket
) -> TermResult:
    """Keep what the explanation needs of a term."""
    points: Exact = 0
    most: Exact = 0
    for got, limit, _ in bucket.written:
        points += got
        most += limit
    return TermResult(
        term.code, value[0], value[1], share[0], share[1], plan.factor, len(bucket.written),
        points, most,
    )  # fmt: skip


def _teachers(plan: Plan, computed: PeriodResult, work: Work) -> PeriodResult:
    """Let the mark that the teacher set stand, with the computed one as a hint."""
    points = work.points if work.points is not None else 0
    if plan.mark_is_pass_fail:
        share = Fraction(points * plan.factor) / work.max
        top, bottom = share.numerator, share.denominator
        mark, status = plan.read(top, bottom, round_ratio(top, bottom, plan.rounding))
    else:
        mark, status = plan.named(str(points))
    return msgspec.structs.replace(
        computed,
        mark=mark,
        status=status,
        hint=computed.mark,
        provisional=False,
        set_by_teacher=True,
    )


def mark_kind(scheme: GradingScheme) -> KindSpec | None:
    """Give the kind whose cell holds the teacher's own mark for a period, if there is one."""
    return next((kind for kind in scheme.kinds if kind.period_mark), None)
