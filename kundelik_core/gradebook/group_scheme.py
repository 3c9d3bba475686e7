"""Choose the grading scheme of a new teaching group."""

from decimal import Decimal

from kundelik_core.gradebook.schemes.catalogue import builtin, choose, default, newest
from kundelik_core.kernel.errors import Problem
from kundelik_core.kernel.i18n import N_
from kundelik_core.schools import curriculum
from kundelik_core.schools.roster.apply_model import Scheme, SchemeFor

__all__ = ["fixed_scheme", "scheme_chooser"]


def scheme_chooser(year: int, locale: str = "kk") -> SchemeFor:
    """Give what chooses schemes by grade and subject, with the hours of the national curriculum."""

    def chosen(grade: int, subject: str) -> Scheme:
        hours, component = Decimal(2), "invariant"
        if 1 <= grade <= 11:
            for line in curriculum.plan(grade, locale):
                if line.subject.code == subject:
                    hours, component = line.hours, line.subject.component
        key = choose(
            grade=grade, subject_code=subject, hours_per_week=hours, component=component, year=year
        )
        scheme = builtin()[key] if key else default()
        return Scheme(scheme.code, scheme.version, scheme.period_kind)

    return chosen


def fixed_scheme(code: str) -> SchemeFor:
    """Give the newest version of one scheme, whatever the grade and subject.

    Raises:
        Problem: there is no such scheme.
    """
    try:
        scheme = newest(code)
    except KeyError:
        raise Problem(
            "unknown-scheme",
            N_("There is no grading scheme %(code)s."),
            status=422,
            params={"code": code},
        ) from None
    found = Scheme(scheme.code, scheme.version, scheme.period_kind)
    return lambda _grade, _subject: found
