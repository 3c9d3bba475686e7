"""Decide who is away when: illness comes in spells, other absences by the day or the lesson."""

import datetime as dt
import random
from collections import defaultdict
from collections.abc import Iterable, Sequence

from kundelik_core.schools.generate.model import SchoolClass

# Chance per school day that a child falls ill, that it is away for a good reason, or for none.
_FALLS_ILL = 0.0105
_EXCUSED = 0.011
_UNEXCUSED = 0.0025
_LATE = 0.006
_SKIPS = 0.003

Absences = dict[dt.date, dict[int, str]]


def absences(
    rng: random.Random, classes: Iterable[SchoolClass], days: Sequence[dt.date]
) -> Absences:
    """Who is away on each school day, and how."""
    away: Absences = defaultdict(dict)
    for school_class in classes:
        for pupil in school_class.pupils:
            # Some children are ill often, most seldom.
            frailty = rng.choice((0.4, 0.7, 0.8, 1.0, 1.2, 1.9))
            well_from = 0
            for index, day in enumerate(days):
                if index < well_from:
                    continue
                luck = rng.random()
                # January and February are the months of influenza.
                season = 1.5 if day.month in (1, 2, 11, 12) else 1.0
                if luck < _FALLS_ILL * frailty * season:
                    well_from = index + rng.choice((1, 2, 3, 3, 4, 5, 5, 6, 8))
                    for ill in days[index:well_from]:
                        away[ill][pupil] = "absent_ill"
                elif luck > 1 - _EXCUSED:
                    away[day][pupil] = "absent_excused"
                elif luck > 1 - _EXCUSED - _UNEXCUSED * (school_class.grade >= 5):
                    away[day][pupil] = "absent_unexcused"
    return away


def of_lesson(rng: random.Random, grade: int, number: int) -> str:
    """How a child who is in school today misses one lesson, or comes late to it; mostly not."""
    luck = rng.random()
    if number == 1 and luck < _LATE:
        return "late"
    if grade >= 7 and luck > 1 - _SKIPS:
        return "absent_unexcused"
    return ""
