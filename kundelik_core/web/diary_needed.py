"""Say what a coming work has to bring for each mark: the question families would ask a calculator.

The engine that makes marks answers it, with all that stands in the journal; where the two do not
agree about how things stand now, nothing is said.
"""

from decimal import Decimal
from fractions import Fraction
from typing import Any, Final

from kundelik_core.gradebook.cells import EMPTY, Column
from kundelik_core.gradebook.diary.model import ComingWork, DiaryGroup, SubjectMark, SubjectYear
from kundelik_core.gradebook.journal.model import Period
from kundelik_core.gradebook.results import Kept, counted_work, kind_of, level_of, scheme_of
from kundelik_core.gradebook.schemes.engine import Work, compute_period
from kundelik_core.gradebook.schemes.entry import Cell
from kundelik_core.gradebook.schemes.exact import Exact
from kundelik_core.gradebook.schemes.model import GradingScheme
from kundelik_core.gradebook.schemes.needed import needed
from kundelik_core.kernel.i18n import _, current_locale
from kundelik_core.kernel.ids import new_id
from kundelik_core.web.journal_titles import number, short_day

__all__ = ["needed_context"]

Context = dict[str, Any]
_HUNDRED: Final = Decimal(100)


def needed_context(
    found: SubjectYear, group: DiaryGroup, period: Period, kept: Kept | None
) -> Context | None:
    """Return what the next work of an open period has to bring; None where there is no answer."""
    scheme = scheme_of(group.scheme_code, group.scheme_version)
    grade = found.school_class.grade if found.school_class else 0
    if period.state != "open" or not scheme.scale or (kept and kept.given):
        return None
    planned = [work for work in found.coming if period.holds(work.date)]
    works = _works(scheme, grade, [m for m in found.marks if period.holds(m.date)], planned)
    if not _agrees(scheme, works, kept):
        return None
    target = _target(scheme, planned, works)
    if target is None:
        return None
    kind, most, title = target
    rows = _rows(scheme, needed(scheme, works, kind, most), most, exact=title != "")
    if not rows:
        return None
    spec = kind_of(scheme, kind)
    assert spec is not None
    label = spec.label.get(current_locale())
    return {"title": f"{label}, {title}" if title else label, "rows": rows}


def _works(
    scheme: GradingScheme, grade: int, marks: list[SubjectMark], planned: list[ComingWork]
) -> list[Work]:
    kinds = {kind.code: kind for kind in scheme.kinds}
    cells = [
        (
            mark.kind,
            mark.date,
            mark.max,
            Cell(
                points=None if mark.points is None else Decimal(mark.points),
                code=mark.code,
                absence=mark.absence,
            ),
        )
        for mark in marks
    ]
    cells += [
        (work.kind, work.date, work.max, Cell(absence=work.absence) if work.absence else EMPTY)
        for work in planned
    ]
    found = []
    for kind, day, most, cell in cells:
        top = None if most is None else Decimal(most)
        column = Column(id=new_id(), lesson=None, kind=kind, date=day, max=top)
        work = counted_work(kinds, grade, column, cell)
        if work is not None:
            found.append(work)
    return found


def _agrees(scheme: GradingScheme, works: list[Work], kept: Kept | None) -> bool:
    """Tell whether these works give the very result that the journal keeps."""
    now = compute_period(scheme, works)
    return (now.percent, now.mark) == ((kept.percent, kept.mark) if kept else (None, None))


def _target(
    scheme: GradingScheme, planned: list[ComingWork], works: list[Work]
) -> tuple[str, Decimal, str] | None:
    """Choose the work that is asked about: kind, maximum, day; a planned one before any other."""
    counted = {kind for term in scheme.terms for kind in term.kinds}
    asked = [
        kind for kind in scheme.kinds
        if kind.required and kind.code in counted and kind.input == "points"
    ]  # fmt: skip
    # The kinds stand in the order of a period: the last one decides.
    for kind in reversed(asked):
        for work in planned:
            if work.kind == kind.code and work.max and work.absence is None:
                return kind.code, Decimal(work.max), short_day(work.date)
        if not any(work.kind == kind.code for work in works):
            return kind.code, _HUNDRED, ""
    return None


def _rows(
    scheme: GradingScheme, found: dict[str, Exact | None], most: Decimal, *, exact: bool
) -> list[Context]:
    rows: list[Context] = []
    marks = list(found)
    # How little is enough for a mark that is no pass, nobody asks.
    for mark in marks[: marks.index(scheme.passing) + 1 if scheme.passing in marks else None]:
        points = found[mark]
        rows.append({"mark": mark, "level": level_of(scheme, mark), "text": _text(points, most)})
        if points is not None and not exact:
            share = {"percent": _plain(points)}
            rows[-1]["text"] = _("from %(percent)s %%") % share if points else _("in any case")
        if points == 0:
            break  # every lower mark is as certain
    if rows and all(found[row["mark"]] is None for row in rows):
        return []
    return rows


def _text(points: Exact | None, most: Decimal) -> str:
    if points is None:
        return _("out of reach")
    if not points:
        return _("in any case")
    told = {"points": _plain(points), "max": number(format(most.normalize(), "f"))}
    return _("from %(points)s of %(max)s") % told


def _plain(points: Exact) -> str:
    if isinstance(points, Fraction):
        return number(format(Decimal(points.numerator) / points.denominator, "f"))
    return str(points)
