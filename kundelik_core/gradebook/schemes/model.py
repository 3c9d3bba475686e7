"""What a grading scheme is: the rules of assessment as versioned, checked data.

A scheme is read from JSON, never written in code: when the rules change, a new version of
the data is shipped and old years keep printing as they were. The structures here are strict:
an unknown key or a wrong type is an error that names its place.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Literal

import msgspec

PeriodKind = Literal["quarter", "half_year", "trimester", "semester", "year"]
Input = Literal["points", "mark", "pass_fail", "verbal", "none"]
Aggregate = Literal["ratio_of_sums", "mean_of_ratios", "mean", "weighted_mean", "last"]
OnMissing = Literal["redistribute", "zero", "block", "pending"]
Override = Literal["computed_only", "teacher_may_override_with_reason", "teacher_sets"]


class Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Base of every piece of a scheme: immutable, and strict about unknown keys."""


class Text(Part, frozen=True):
    """A title in the three languages of the product."""

    kk: str
    ru: str
    en: str

    def get(self, locale: str) -> str:
        """Give the title in a language, English when the language is not one of ours."""
        short = locale[:2]
        return self.kk if short == "kk" else self.ru if short == "ru" else self.en


class LegalBasis(Part, frozen=True):
    """Where the rules come from, so that a reader can argue with them."""

    act: str
    edition: str = ""
    paragraphs: str = ""
    note: str = ""


class Hours(Part, frozen=True):
    """A closed range of weekly hours."""

    min: Decimal = Decimal(0)
    max: Decimal = Decimal(99)


class Applies(Part, frozen=True):
    """One rule of selection; what is left empty fits everything."""

    grades: tuple[int, ...] = ()
    subject_codes: tuple[str, ...] = ()
    component: Literal["invariant", "variative", "class_hour"] | None = None
    hours_per_week: Hours | None = None
    school_kinds: tuple[str, ...] = ()
    year_from: int | None = None
    year_to: int | None = None
    priority: int = 0


class MaxRange(Part, frozen=True):
    """Bounds within which a teacher sets the maximum of a work."""

    min: Decimal
    max: Decimal


class MaxSpec(Part, frozen=True):
    """How the maximum of a work comes about: fixed, set per work, or given per grade."""

    fixed: Decimal | None = None
    per_work: MaxRange | None = None
    per_grade: Mapping[int, Decimal] | None = None


class Limits(Part, frozen=True):
    """How often and when works of a kind may be planned."""

    per_period: int | None = None
    per_class_day: int | None = None
    not_last_day: bool = False
    not_same_day_as: tuple[str, ...] = ()


class KindSpec(Part, frozen=True):
    """A kind of work: what may be typed into its cells and how it is planned.

    `per_lesson` marks the kind that every lesson's own column has; `period_mark` the kind
    whose cell holds the mark of the whole period as the teacher set it.
    """

    code: str
    label: Text
    input: Input
    max: MaxSpec = MaxSpec()
    lowest: Decimal = Decimal(0)
    step: Decimal = Decimal(1)
    limits: Limits = Limits()
    required: bool = False
    per_lesson: bool = False
    period_mark: bool = False

    def max_for(self, grade: int | None = None) -> Decimal | None:
        """Give the maximum that is known without asking the teacher, if there is one."""
        if self.input == "pass_fail":
            return Decimal(1)
        if self.max.per_grade is not None:
            return None if grade is None else self.max.per_grade.get(grade)
        return self.max.fixed


class Term(Part, frozen=True):
    """One weighted block of the formula.

    `on_missing` says what happens when nothing of the block was held; `on_unwritten` when a
    required work was held and the pupil has no points for it. `weight_by_count` gives the
    weight by the number of works of the kinds in `count_of` (its own kinds by default).
    """

    code: str
    label: Text
    kinds: tuple[str, ...]
    aggregate: Aggregate
    weight: Decimal = Decimal(1)
    weight_by_count: Mapping[int, Decimal] | None = None
    count_of: tuple[str, ...] = ()
    kind_weights: Mapping[str, Decimal] = {}
    on_missing: OnMissing = "redistribute"
    on_unwritten: OnMissing = "pending"


class Rounding(Part, frozen=True):
    """The one place where an exact value becomes a rounded one.

    Stage `period_percent`: the scale is read at the rounded value. Stage `display`: the scale
    is read at the exact value and rounding only serves the eye.
    """

    mode: Literal["half_up", "down"] = "half_up"
    digits: int = 0
    stage: Literal["period_percent", "display"] = "period_percent"


class ScaleStep(Part, frozen=True):
    """From `min` upwards the mark is `mark`; `value` is its worth in a mean of marks."""

    min: Decimal
    mark: str
    label: Text | None = None
    status: str = ""
    value: Decimal | None = None


class Status(Part, frozen=True):
    """A result that is not a mark, and what it does to the year."""

    code: str
    label: Text
    short: Text
    year_effect: Literal["count", "skip", "block"] = "skip"


class AttendanceEffect(Part, frozen=True):
    """What a missed work without a valid reason is worth, and for which kinds."""

    unexcused: Literal["none", "zero"] = "none"
    kinds: tuple[str, ...] = ()


class YearRule(Part, frozen=True, rename={"source": "from"}):
    """How the year's mark follows from those of the periods."""

    source: Literal["marks", "percents", "none"] = "marks"
    weights: Mapping[str, Decimal] = {}
    rounding: Rounding = Rounding()
    min_periods: int = 1


class FinalWeights(Part, frozen=True):
    """Shares of the year and of the exam in the final mark."""

    year: Decimal
    exam: Decimal


class FinalRule(Part, frozen=True):
    """How an exam changes the year's mark, and where exams are held."""

    weights: FinalWeights
    year_rounded_first: bool
    grades: tuple[int, ...] = ()
    subject_codes: tuple[str, ...] = ()
    rounding: Rounding = Rounding()


class Remedial(Part, frozen=True):
    """What follows a failed year: extra work up to `max_failed` subjects, else a repeat."""

    max_failed: int
    formula: Literal["mean_year_extra"] = "mean_year_extra"
    rounding: Rounding = Rounding()


class Lock(Part, frozen=True):
    """When a closed period stops accepting changes and who may open it again."""

    days_after_period: int = 3
    unlock_roles: tuple[str, ...] = ("director",)


class Print(Part, frozen=True):
    """How marks and absences look on paper."""

    symbols: Mapping[str, Text] = {}
    columns: tuple[str, ...] = ()
    attendance_map: Mapping[str, str] = {}


class PeriodVector(Part, frozen=True):
    """An example of a period: works as "sor 12/15" or "soch -/25 unexcused", and its result."""

    id: str
    works: tuple[str, ...]
    closing: bool = True
    raw: str | None = None
    percent: int | None = None
    mark: str | None = None
    hint: str | None = None
    status: str = ""
    provisional: bool = False


class RoundVector(Part, frozen=True):
    """An exact value and the rounded value and mark it must give."""

    exact: str
    rounded: int
    mark: str


class YearVector(Part, frozen=True):
    """Marks (or percents) of the periods and the year's mark."""

    id: str
    periods: tuple[str, ...]
    mark: str | None
    codes: tuple[str, ...] = ()
    status: str = ""


class FinalVector(Part, frozen=True):
    """Marks of the periods, an exam and the final mark."""

    id: str
    periods: tuple[str, ...]
    exam: str
    mark: str
    year_rounded_first: bool | None = None


class NeededVector(Part, frozen=True):
    """Points that a coming work must bring for each mark; null where out of reach."""

    id: str
    works: tuple[str, ...]
    kind: str
    max: Decimal
    needed: Mapping[str, str | None]


class RemedialVector(Part, frozen=True):
    """A failed year's mark, the mark of the extra work and the mark that follows."""

    id: str
    year: str
    extra: str
    mark: str


class Vectors(Part, frozen=True):
    """Examples that a scheme carries; it is refused when one of them does not hold."""

    period: tuple[PeriodVector, ...] = ()
    round: tuple[RoundVector, ...] = ()
    year: tuple[YearVector, ...] = ()
    final: tuple[FinalVector, ...] = ()
    needed: tuple[NeededVector, ...] = ()
    remedial: tuple[RemedialVector, ...] = ()


class GradingScheme(Part, frozen=True):
    """The rules by which a class is assessed in a subject, under one code and version.

    `measure` tells what the terms add up to: a percentage, or points of the scale itself (a
    mean of marks). With `mark_from` = "value" the rounded value is the mark.
    """

    code: str
    version: int
    title: Text
    legal_basis: LegalBasis
    valid_from: int
    period_kind: PeriodKind
    kinds: tuple[KindSpec, ...]
    terms: tuple[Term, ...]
    applies: tuple[Applies, ...]
    vectors: Vectors
    valid_to: int | None = None
    measure: Literal["percent", "points"] = "percent"
    mark_from: Literal["scale", "value"] = "scale"
    rounding: Rounding = Rounding()
    display_digits: int = 1
    scale: tuple[ScaleStep, ...] = ()
    passing: str = ""
    statuses: tuple[Status, ...] = ()
    attendance_effect: AttendanceEffect = AttendanceEffect()
    override: Override = "computed_only"
    year: YearRule = YearRule()
    final: FinalRule | None = None
    remedial: Remedial | None = None
    lock: Lock = Lock()
    print: Print = Print()
    rating_metric: Literal["percent", "mean_mark", "none"] = "none"
    active: bool = True

    @property
    def key(self) -> tuple[str, int]:
        """Give the pair that a mark refers to its scheme by."""
        return self.code, self.version

    @property
    def marks_nothing(self) -> bool:
        """Tell whether the scheme gives no marks at all (only words)."""
        return not self.terms

    @property
    def lesson_kind(self) -> KindSpec | None:
        """Give the kind that a lesson's own column has."""
        return next((kind for kind in self.kinds if kind.per_lesson), None)

    def kind(self, code: str) -> KindSpec:
        """Find a kind by its code; KeyError when the scheme has no such kind."""
        for kind in self.kinds:
            if kind.code == code:
                return kind
        raise KeyError(code)

    def status(self, code: str) -> Status | None:
        """Find a status by its code."""
        return next((status for status in self.statuses if status.code == code), None)

    def step(self, mark: str) -> ScaleStep | None:
        """Find the step of the scale that gives a mark."""
        for step in self.scale:
            if step.mark == mark:
                return step
        return None


class Miss(msgspec.Struct, frozen=True):
    """One thing that is not as it should be: where, what was expected and what was found."""

    where: str
    what: str
    expected: str = ""
    got: str = ""

    def sentence(self) -> str:
        """Say it in one line."""
        if not (self.expected or self.got):
            return f"{self.where}: {self.what}"
        return f"{self.where}: {self.what}: expected {self.expected}, got {self.got}"


class SchemeError(Exception):
    """A scheme is refused; `misses` lists every reason."""

    def __init__(self, code: str, misses: tuple[Miss, ...]) -> None:
        super().__init__(f"{code}: " + "; ".join(miss.sentence() for miss in misses))
        self.code = code
        self.misses = misses


def decode(data: bytes) -> GradingScheme:
    """Read a scheme's structure strictly; its meaning is checked by `loader.load`."""
    try:
        return msgspec.json.decode(data, type=GradingScheme)
    except msgspec.MsgspecError as error:
        text = str(error)
        what, _, where = text.partition(" - at `")
        raise SchemeError("scheme", (Miss(where.rstrip("`") or "$", what),)) from None
